"""What a plan needs as commands of the AWS command line: a script that stops where a value of the owner is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cli.prerequisites import commands_of_aurora, commands_of_functions
from cli.prerequisites.needs import (
    GRACE_SECONDS,
    VARIABLES,
    Writers,
    base_of,
    comment_of,
    label_of,
    needs_of,
    own,
    variables_in,
    with_variables,
    written_by,
)
from cli.prerequisites.shell import Asked, asked, command
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Standing


def commands(plan: Plan) -> str:
    """The whole script."""
    parts = []
    for need in needs_of(plan):
        written = written_by(WRITERS, need, plan)
        parts.append("\n".join([*comment_of(need, is_note=written is None), *([written] if written else [])]))
    body = "\n\n".join(parts)
    # Bash takes an apostrophe there for the beginning of a quotation.
    said = {name: VARIABLES[base_of(name)].replace("'", "\u2019") for name in variables_in(body)}
    questions = "\n".join(f': "${{{name.upper()}:?{text}}}"' for name, text in said.items())
    head = f"#!/usr/bin/env bash\n# What {plan.application} must hold in {plan.regions.standby} before an incident."
    whole = "\n\n".join(part for part in (head, "set -euo pipefail", questions, body) if part) + "\n"
    return with_variables(whole, lambda name: f"${{{name.upper()}}}")


def _replica(need: Standing) -> str:
    facts = need.facts
    made = {
        "db-instance-identifier": facts["identifier"],
        "source-db-instance-identifier": facts["source_arn"],
        "source-region": facts["source_region"],
        "db-instance-class": asked("{{replica_instance_class}}"),
        "kms-key-id": asked("{{replica_kms_key_arn}}"),
        "deletion-protection": True,
    }
    kept = {
        "db-instance-identifier": facts["identifier"],
        "backup-retention-period": facts["retention_days"],
        "apply-immediately": True,
    }
    there = command(need, "rds", "wait db-instance-available", {"db-instance-identifier": facts["identifier"]})
    return "\n".join([
        command(need, "rds", "create-db-instance-read-replica", made),
        there,
        command(need, "rds", "modify-db-instance", kept),
    ])  # fmt: skip


def _backups(need: Standing) -> str:
    options = {
        "source-db-instance-arn": need.facts["source_arn"],
        "source-region": need.facts["source_region"],
        "kms-key-id": asked("{{backups_kms_key_arn}}"),
        "backup-retention-period": 7,
    }
    return command(need, "rds", "start-db-instance-automated-backups-replication", options)


def _database_subnets(need: Standing) -> str:
    options = {
        "db-subnet-group-name": need.facts["name"],
        "db-subnet-group-description": need.why,
        "subnet-ids": Asked("""$(tr ',' ' ' <<<"{{standby_subnet_ids}}")"""),
    }
    return command(need, "rds", "create-db-subnet-group", options)


def _subnet_group(need: Standing) -> str:
    options = {
        "cache-subnet-group-name": need.facts["name"],
        "cache-subnet-group-description": need.why,
        "subnet-ids": Asked("""$(tr ',' ' ' <<<"{{standby_subnet_ids}}")"""),
    }
    return command(need, "elasticache", "create-cache-subnet-group", options)


def _parameter_group(need: Standing) -> str:
    options = {
        "cache-parameter-group-name": need.facts["name"],
        "cache-parameter-group-family": need.facts["family"],
        "description": need.why,
    }
    return command(need, "elasticache", "create-cache-parameter-group", options)


def _secret(need: Standing) -> str:
    options = {"name": need.facts["name"], "secret-string": f"file://{label_of(need)}.txt"}
    return command(need, "secretsmanager", "create-secret", options)


def _service(need: Standing) -> str:
    # The shorthand takes a list with commas; JSON in the shell would have to quote each subnet.
    network = "awsvpcConfiguration={subnets=[{{standby_subnet_ids}}],securityGroups=[{{task_security_group_id}}]}"
    balancer = "targetGroupArn={{target_group_arn}},containerName={{container_name}},containerPort={{container_port}}"
    options = {
        "cluster": need.facts["cluster"],
        "service-name": need.facts["service"],
        "task-definition": asked("{{task_definition_arn}}"),
        "launch-type": "FARGATE",
        "desired-count": 0,
        "network-configuration": asked(network),
        "load-balancers": asked(balancer),
    }
    return command(need, "ecs", "create-service", options)


def _group(need: Standing) -> str:
    # `$Latest` is a word of Auto Scaling, and no variable of the shell.
    template = f"LaunchTemplateId={own(need, 'launch_template_id')},Version=\\$Latest"
    options = {
        "auto-scaling-group-name": need.facts["group"],
        "min-size": 0,
        "max-size": need.facts["maximum"],
        "desired-capacity": 0,
        "vpc-zone-identifier": asked("{{standby_subnet_ids}}"),
        "target-group-arns": Asked(f"""$(tr ',' ' ' <<<"{own(need, "target_group_arns")}")"""),
        "health-check-type": "ELB",
        "health-check-grace-period": GRACE_SECONDS,
        "launch-template": Asked(f'"{template}"'),
    }
    return command(need, "autoscaling", "create-auto-scaling-group", options)


def _bounds(need: Standing) -> str:
    options = {
        "service-namespace": "ecs",
        "resource-id": f"service/{need.facts['cluster']}/{need.facts['service']}",
        "scalable-dimension": "ecs:service:DesiredCount",
        "min-capacity": 0,
        "max-capacity": 0,
    }
    return command(need, "application-autoscaling", "register-scalable-target", options)


def _parameter(need: Standing) -> str:
    key = {"key-id": need.facts["key"]} if need.facts.get("key") else {}
    options = {"name": need.facts["name"], "type": need.facts["type"], "value": "not written yet", **key}
    return command(need, "ssm", "put-parameter", options)


def _way_in(need: Standing) -> str:
    port, pairs = need.facts["port"], "[{GroupId={{task_security_group_id}}}]"
    allowed = f"IpProtocol=tcp,FromPort={port},ToPort={port},UserIdGroupPairs={pairs}"
    options = {"group-id": need.facts["id"], "ip-permissions": asked(allowed)}
    return command(need, "ec2", "authorize-security-group-ingress", options)


def _record(need: Standing) -> str:
    def one(role: str, check: Mapping[str, str]) -> dict[str, Any]:
        side = "primary" if role == "PRIMARY" else "standby"
        alias = {
            "DNSName": f"{{{{{side}_balancer_dns_name}}}}",
            "HostedZoneId": f"{{{{{side}_balancer_zone_id}}}}",
            "EvaluateTargetHealth": False,
        }
        named = {"Name": need.facts["name"], "Type": "A", "SetIdentifier": side, "Failover": role}
        return {"Action": "CREATE", "ResourceRecordSet": {**named, **check, "AliasTarget": alias}}

    changes = [one("PRIMARY", {"HealthCheckId": need.facts["check"]}), one("SECONDARY", {})]
    options = {"hosted-zone-id": asked(need.facts["zone"]), "change-batch": asked(json.dumps({"Changes": changes}))}
    return command(need, "route53", "change-resource-record-sets", options)


def _access_entry(need: Standing) -> str:
    options = {
        "cluster-name": need.facts["cluster"],
        "principal-arn": asked("{{step_role_arn}}"),
        "kubernetes-groups": need.facts["name"],
    }
    return command(need, "eks", "create-access-entry", options)


def _role(need: Standing) -> str:
    facts, api = need.facts, "rbac.authorization.k8s.io"
    named = {"metadata": {"name": facts["name"], "namespace": facts["namespace"]}}
    rules = [
        {
            "apiGroups": [rule["group"]],
            "resources": [rule["resource"]],
            **({"resourceNames": rule["names"]} if rule["names"] else {}),
            "verbs": rule["verbs"],
        }
        for rule in facts["rules"]
    ]
    ref = {"apiGroup": api, "kind": "Role", "name": facts["name"]}
    subject = {"apiGroup": api, "kind": "Group", "name": facts["group"]}
    role = {"apiVersion": f"{api}/v1", "kind": "Role", **named, "rules": rules}
    binding = {"apiVersion": f"{api}/v1", "kind": "RoleBinding", **named, "roleRef": ref, "subjects": [subject]}
    both = json.dumps({"apiVersion": "v1", "kind": "List", "items": [role, binding]}, indent=2)
    return f"kubectl apply -f - <<'END'\n{both}\nEND"


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
    **commands_of_aurora.WRITERS,
    **commands_of_functions.WRITERS,
}
