"""What a plan needs as Terraform: resources of the provider hashicorp/aws, variables for what only the owner knows."""

from __future__ import annotations

import json

from cli.prerequisites import terraform_of_aurora, terraform_of_functions
from cli.prerequisites.hcl import OF_PRIMARY, Pairs, block, ignoring, resource
from cli.prerequisites.needs import (
    GRACE_SECONDS,
    LISTS,
    NUMBERS,
    VARIABLES,
    Writers,
    base_of,
    comment_of,
    label_of,
    needs_of,
    own,
    unquoted,
    variables_in,
    with_variables,
    written_by,
)
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Standing


def terraform(plan: Plan) -> str:
    """The whole text, ready for a file of its own."""
    parts = []
    for need in needs_of(plan):
        written = written_by(WRITERS, need, plan)
        parts.append("\n".join([*comment_of(need, is_note=written is None), *([written] if written else [])]))
    body = "\n\n".join(parts)
    heads = [
        f"# What {plan.application} must hold in {plan.regions.standby} before an incident.",
        block("terraform", [], block("required_providers", [("aws", {"source": "hashicorp/aws"})])),
        block('provider "aws"', [("alias", "standby"), ("region", plan.regions.standby)]),
        *([_of_primary(plan)] if OF_PRIMARY in body else []),
        *(_variable(name) for name in variables_in(body)),
    ]
    return with_variables(unquoted("\n\n".join([*heads, body]) + "\n"), lambda name: f"var.{name}")


def _of_primary(plan: Plan) -> str:
    return block('provider "aws"', [("alias", "primary"), ("region", plan.regions.primary)])


def _variable(name: str) -> str:
    base = base_of(name)
    shape = "list(string)" if base in LISTS else "number" if base in NUMBERS else "string"
    return f'variable "{name}" {{\n  type        = {shape}\n  description = {json.dumps(VARIABLES[base])}\n}}'


def _replica(need: Standing) -> str:
    facts = need.facts
    return resource(
        "aws_db_instance",
        need,
        [
            ("identifier", facts["identifier"]),
            ("replicate_source_db", facts["source_arn"]),
            ("instance_class", "{{replica_instance_class}}"),
            ("kms_key_id", "{{replica_kms_key_arn}}"),
            ("backup_retention_period", facts["retention_days"]),
            ("deletion_protection", True),
            ("copy_tags_to_snapshot", True),
        ],
        ignoring("replicate_source_db", "multi_az", "backup_window"),
    )


def _backups(need: Standing) -> str:
    return resource(
        "aws_db_instance_automated_backups_replication",
        need,
        [
            ("source_db_instance_arn", need.facts["source_arn"]),
            ("kms_key_id", "{{backups_kms_key_arn}}"),
            ("retention_period", 7),
        ],
    )


def _database_subnets(need: Standing) -> str:
    pairs = [("name", need.facts["name"]), ("subnet_ids", "{{standby_subnet_ids}}")]
    return resource("aws_db_subnet_group", need, pairs)


def _subnet_group(need: Standing) -> str:
    pairs = [("name", need.facts["name"]), ("subnet_ids", "{{standby_subnet_ids}}")]
    return resource("aws_elasticache_subnet_group", need, pairs)


def _parameter_group(need: Standing) -> str:
    pairs = [("name", need.facts["name"]), ("family", need.facts["family"])]
    return resource("aws_elasticache_parameter_group", need, pairs)


def _secret(need: Standing) -> str:
    return resource("aws_secretsmanager_secret", need, [("name", need.facts["name"])])


def _service(need: Standing) -> str:
    facts = need.facts
    return resource(
        "aws_ecs_service",
        need,
        [
            ("name", facts["service"]),
            ("cluster", facts["cluster"]),
            ("task_definition", "{{task_definition_arn}}"),
            ("launch_type", "FARGATE"),
            ("desired_count", 0),
        ],
        block(
            "network_configuration",
            [("subnets", "{{standby_subnet_ids}}"), ("security_groups", ["{{task_security_group_id}}"])],
        ),
        block(
            "load_balancer",
            [
                ("target_group_arn", "{{target_group_arn}}"),
                ("container_name", "{{container_name}}"),
                ("container_port", "{{container_port}}"),
            ],
        ),
        ignoring("desired_count"),
    )


def _group(need: Standing) -> str:
    return resource(
        "aws_autoscaling_group",
        need,
        [
            ("name", need.facts["group"]),
            ("min_size", 0),
            ("max_size", need.facts["maximum"]),
            ("desired_capacity", 0),
            ("vpc_zone_identifier", "{{standby_subnet_ids}}"),
            ("target_group_arns", own(need, "target_group_arns")),
            ("health_check_type", "ELB"),
            ("health_check_grace_period", GRACE_SECONDS),
        ],
        block("launch_template", [("id", own(need, "launch_template_id")), ("version", "$Latest")]),
        ignoring("min_size", "max_size", "desired_capacity"),
    )


def _bounds(need: Standing) -> str:
    pairs = [
        ("service_namespace", "ecs"),
        ("resource_id", f"service/{need.facts['cluster']}/{need.facts['service']}"),
        ("scalable_dimension", "ecs:service:DesiredCount"),
        ("min_capacity", 0),
        ("max_capacity", 0),
    ]
    return resource("aws_appautoscaling_target", need, pairs, ignoring("min_capacity", "max_capacity"))


def _parameter(need: Standing) -> str:
    key = [("key_id", need.facts["key"])] if need.facts.get("key") else []
    pairs = [("name", need.facts["name"]), ("type", need.facts["type"]), *key, ("value", "not written yet")]
    return resource("aws_ssm_parameter", need, pairs, ignoring("value"))


def _way_in(need: Standing) -> str:
    pairs = [
        ("security_group_id", need.facts["id"]),
        ("referenced_security_group_id", "{{task_security_group_id}}"),
        ("ip_protocol", "tcp"),
        ("from_port", need.facts["port"]),
        ("to_port", need.facts["port"]),
    ]
    return resource("aws_vpc_security_group_ingress_rule", need, pairs)


def _record(need: Standing) -> str:
    def one(role: str, check: Pairs) -> str:
        side = "primary" if role == "PRIMARY" else "standby"
        return resource(
            "aws_route53_record",
            need,
            [("zone_id", need.facts["zone"]), ("name", need.facts["name"]), ("type", "A"),
             ("set_identifier", side), *check],
            block("failover_routing_policy", [("type", role)]),
            block(
                "alias",
                [
                    ("name", f"{{{{{side}_balancer_dns_name}}}}"),
                    ("zone_id", f"{{{{{side}_balancer_zone_id}}}}"),
                    ("evaluate_target_health", False),
                ],
            ),
            suffix=f"_{side}",
        )  # fmt: skip

    return "\n\n".join([one("PRIMARY", [("health_check_id", need.facts["check"])]), one("SECONDARY", [])])


def _access_entry(need: Standing) -> str:
    pairs = [
        ("cluster_name", need.facts["cluster"]),
        ("principal_arn", "{{step_role_arn}}"),
        ("kubernetes_groups", [need.facts["name"]]),
    ]
    return resource("aws_eks_access_entry", need, pairs)


def _role(need: Standing) -> str:
    facts, label = need.facts, label_of(need)
    metadata = block("metadata", [("name", facts["name"]), ("namespace", facts["namespace"])])
    rules = [
        block(
            "rule",
            [
                ("api_groups", [rule["group"]]),
                ("resources", [rule["resource"]]),
                *([("resource_names", rule["names"])] if rule["names"] else []),
                ("verbs", rule["verbs"]),
            ],
        )
        for rule in facts["rules"]
    ]
    api = "rbac.authorization.k8s.io"
    bound_to = block("role_ref", [("api_group", api), ("kind", "Role"), ("name", facts["name"])])
    subject = block("subject", [("kind", "Group"), ("name", facts["group"]), ("api_group", api)])
    return "\n\n".join([
        block(f'resource "kubernetes_role_v1" "{label}"', [], metadata, *rules),
        block(f'resource "kubernetes_role_binding_v1" "{label}"', [], metadata, bound_to, subject),
    ])  # fmt: skip


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
    **terraform_of_aurora.WRITERS,
    **terraform_of_functions.WRITERS,
}
