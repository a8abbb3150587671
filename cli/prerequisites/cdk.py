"""What a plan needs as a CDK stack in Python: constructs of the first level, and constants for what the owner knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.prerequisites import cdk_of_aurora, cdk_of_functions
from cli.prerequisites.constructs import call, construct_of
from cli.prerequisites.needs import (
    GRACE_SECONDS,
    LISTS,
    NUMBERS,
    OBJECTS,
    VARIABLES,
    Writers,
    base_of,
    comment_of,
    needs_of,
    own,
    unquoted,
    variables_in,
    with_variables,
    written_by,
)
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Standing

INDENT = " " * 8


def cdk(plan: Plan) -> str:
    """The whole text, ready for a file of its own."""
    parts = []
    for need in needs_of(plan):
        written = written_by(WRITERS, need, plan)
        lines = comment_of(need, is_note=written is None) + (written or "").splitlines()
        parts.append("\n".join(INDENT + line if line else "" for line in lines))
    body = "\n\n".join(parts)
    name = "".join(word.capitalize() for word in plan.application.split("-"))
    modules = [m for m in _MODULES if f"{m}.Cfn" in body]
    head = [
        f'"""What {plan.application} must hold in {plan.regions.standby} before an incident."""',
        "\n".join(["import aws_cdk as cdk", *map(_import, modules), "from constructs import Construct"]),
        "\n".join(_constant(each) for each in variables_in(body)),
        f'class {name}Standby(cdk.Stack):\n    """Deploy it into {plan.regions.standby}."""\n\n'
        "    def __init__(self, scope: Construct, construct_id: str) -> None:\n"
        f"        env = cdk.Environment(account={plan.account!r}, region={plan.regions.standby!r})\n"
        "        super().__init__(scope, construct_id, env=env)",
    ]  # fmt: skip
    return with_variables(unquoted("\n\n".join([*(each for each in head if each), body]) + "\n"), str.upper)


_MODULES = (
    "applicationautoscaling",
    "autoscaling",
    "ec2",
    "ecs",
    "eks",
    "elasticache",
    "events",
    "lambda_",
    "rds",
    "route53",
    "scheduler",
    "secretsmanager",
    "ssm",
)


def _import(module: str) -> str:
    return f"from aws_cdk import aws_{module.rstrip('_')} as {module}"


def _constant(name: str) -> str:
    base = base_of(name)
    value = "[]" if base in LISTS else "0" if base in NUMBERS else "{}" if base in OBJECTS else '""'
    return f"{name.upper()} = {value}  # {VARIABLES[base]}"


def _replica(need: Standing) -> str:
    facts = need.facts
    return construct_of(
        "rds.CfnDBInstance",
        need,
        {
            "db_instance_identifier": facts["identifier"],
            "source_db_instance_identifier": facts["source_arn"],
            "source_region": facts["source_region"],
            "db_instance_class": "{{replica_instance_class}}",
            "kms_key_id": "{{replica_kms_key_arn}}",
            "backup_retention_period": facts["retention_days"],
            "deletion_protection": True,
        },
    )


def _backups(need: Standing) -> str:
    # CloudFormation replicates backups by the source's own template, which stands in the primary region.
    asked = "automatic_backup_replication_region and automatic_backup_replication_kms_key_id"
    return f"# Set {asked} of {need.facts['source']}, in its own stack."


def _database_subnets(need: Standing) -> str:
    properties = {
        "db_subnet_group_name": need.facts["name"],
        "db_subnet_group_description": need.why,
        "subnet_ids": "{{standby_subnet_ids}}",
    }
    return construct_of("rds.CfnDBSubnetGroup", need, properties)


def _subnet_group(need: Standing) -> str:
    properties = {
        "cache_subnet_group_name": need.facts["name"],
        "description": need.why,
        "subnet_ids": "{{standby_subnet_ids}}",
    }
    return construct_of("elasticache.CfnSubnetGroup", need, properties)


def _parameter_group(need: Standing) -> str:
    # CloudFormation makes the name of a parameter group itself: put it into the plan once it is known.
    properties = {"cache_parameter_group_family": need.facts["family"], "description": need.why}
    return construct_of("elasticache.CfnParameterGroup", need, properties)


def _secret(need: Standing) -> str:
    return construct_of("secretsmanager.CfnSecret", need, {"name": need.facts["name"]})


def _service(need: Standing) -> str:
    network = {"subnets": "{{standby_subnet_ids}}", "security_groups": ["{{task_security_group_id}}"]}
    vpc = call("ecs.CfnService.AwsVpcConfigurationProperty", network)
    target = {
        "target_group_arn": "{{target_group_arn}}",
        "container_name": "{{container_name}}",
        "container_port": "{{container_port}}",
    }
    return construct_of(
        "ecs.CfnService",
        need,
        {
            "service_name": need.facts["service"],
            "cluster": need.facts["cluster"],
            "task_definition": "{{task_definition_arn}}",
            "launch_type": "FARGATE",
            "desired_count": 0,
            "network_configuration": call("ecs.CfnService.NetworkConfigurationProperty", {"awsvpc_configuration": vpc}),
            "load_balancers": [call("ecs.CfnService.LoadBalancerProperty", target)],
        },
    )


def _group(need: Standing) -> str:
    # No desired capacity: CloudFormation would set it again with the next change of the group.
    template = {"launch_template_id": own(need, "launch_template_id"), "version": "$Latest"}
    return construct_of(
        "autoscaling.CfnAutoScalingGroup",
        need,
        {
            "auto_scaling_group_name": need.facts["group"],
            "min_size": "0",
            "max_size": str(need.facts["maximum"]),
            "vpc_zone_identifier": "{{standby_subnet_ids}}",
            "target_group_arns": own(need, "target_group_arns"),
            "health_check_type": "ELB",
            "health_check_grace_period": GRACE_SECONDS,
            "launch_template": call("autoscaling.CfnAutoScalingGroup.LaunchTemplateSpecificationProperty", template),
        },
    )


def _bounds(need: Standing) -> str:
    properties = {
        "service_namespace": "ecs",
        "resource_id": f"service/{need.facts['cluster']}/{need.facts['service']}",
        "scalable_dimension": "ecs:service:DesiredCount",
        "min_capacity": 0,
        "max_capacity": 0,
    }
    return construct_of("applicationautoscaling.CfnScalableTarget", need, properties)


def _parameter(need: Standing) -> str:
    if need.facts["type"] == "SecureString":
        return "# CloudFormation makes no SecureString: create this one as `--format cli` says."
    properties = {"name": need.facts["name"], "type": need.facts["type"], "value": "not written yet"}
    return construct_of("ssm.CfnParameter", need, properties)


def _way_in(need: Standing) -> str:
    properties = {
        "group_id": need.facts["id"],
        "source_security_group_id": "{{task_security_group_id}}",
        "ip_protocol": "tcp",
        "from_port": need.facts["port"],
        "to_port": need.facts["port"],
    }
    return construct_of("ec2.CfnSecurityGroupIngress", need, properties)


def _record(need: Standing) -> str:
    def one(role: str, check: Mapping[str, Any]) -> str:
        side = "primary" if role == "PRIMARY" else "standby"
        alias = {
            "dns_name": f"{{{{{side}_balancer_dns_name}}}}",
            "hosted_zone_id": f"{{{{{side}_balancer_zone_id}}}}",
            "evaluate_target_health": False,
        }
        properties = {
            "hosted_zone_id": need.facts["zone"],
            "name": need.facts["name"],
            "type": "A",
            "set_identifier": side,
            "failover": role,
            **check,
            "alias_target": call("route53.CfnRecordSet.AliasTargetProperty", alias),
        }
        return construct_of("route53.CfnRecordSet", need, properties, suffix=f"_{side}")

    return "\n".join([one("PRIMARY", {"health_check_id": need.facts["check"]}), one("SECONDARY", {})])


def _access_entry(need: Standing) -> str:
    properties = {
        "cluster_name": need.facts["cluster"],
        "principal_arn": "{{step_role_arn}}",
        "kubernetes_groups": [need.facts["name"]],
    }
    return construct_of("eks.CfnAccessEntry", need, properties)


def _role(need: Standing) -> str:
    return "# CloudFormation makes no objects of Kubernetes: create this Role as `--format cli` says."


WRITERS: Writers = {
    ("rds", "replica"): _replica,
    ("rds", "automated backups"): _backups,
    ("rds", "subnet group"): _database_subnets,
    ("elasticache", "subnet_group"): _subnet_group,
    ("elasticache", "parameter_group"): _parameter_group,
    ("secretsmanager", "auth_token"): _secret,
    ("secretsmanager", "slack_token"): _secret,
    ("ecs", "service"): _service,
    ("autoscaling", "group"): _group,
    ("application-autoscaling", "bounds"): _bounds,
    ("ssm", "parameter"): _parameter,
    ("ec2", "security_group"): _way_in,
    ("route53", "record"): _record,
    ("eks", "access_entry"): _access_entry,
    ("eks", "role"): _role,
    **cdk_of_aurora.WRITERS,
    **cdk_of_functions.WRITERS,
}
