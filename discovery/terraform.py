"""A Terraform state: which resources it holds, and under which addresses. Nothing else of it is read.

A state holds passwords in plain text, so only the attributes that name a resource are looked at. The format is version
4, which Terraform writes since 0.12: `resources[]`, each with `mode`, `type`, `name` and `instances[].attributes`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotlight.domain.errors import InputRefused

VERSION = 4
_NAMES: Mapping[str, str] = {
    "aws_db_instance": "identifier",
    "aws_dynamodb_table": "name",
    "aws_elasticache_replication_group": "replication_group_id",
    "aws_ecs_service": "name",
    "aws_autoscaling_group": "name",
    "aws_lb": "name",
    "aws_alb": "name",
    "aws_lb_target_group": "name",
    "aws_alb_target_group": "name",
    "aws_ssm_parameter": "name",
    "aws_secretsmanager_secret": "name",
    "aws_s3_bucket": "bucket",
    "aws_elasticache_subnet_group": "name",
    "aws_db_subnet_group": "name",
    "aws_db_parameter_group": "name",
}
"""The types that a plan has a use for, with the attribute that holds the name (the AWS provider's documentation)."""


@dataclass(frozen=True)
class State:
    """What states hold: for each ARN, or each name where the state knows no ARN, the type and name in Terraform."""

    called: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, arn: str, name: str) -> str:
        """What a resource is called in Terraform; nothing where no state holds it."""
        return self.called.get(arn) or self.called.get(f"name {name}", "")


def read_state(path: Path) -> State:
    """Read a state file; raises `InputRefused` for anything else."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputRefused(
            f"The Terraform state {path} cannot be read ({error.strerror}); name another file."
        ) from error
    except ValueError as error:
        raise InputRefused(f"{path} is no JSON; name what `terraform state pull` prints.") from error
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise InputRefused(
            f"{path} is no Terraform state of version {VERSION}; name what `terraform state pull` prints."
        )
    return State(dict(_called(state)))


def _called(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for resource in state.get("resources", ()):
        attribute = _NAMES.get(str(resource.get("type")))
        if resource.get("mode") != "managed" or attribute is None:
            continue
        called = f"{resource['type']}.{resource.get('name', '')}"
        for instance in resource.get("instances", ()):
            attributes = instance.get("attributes") or {}
            arn, name = attributes.get("arn"), attributes.get(attribute)
            if arn:
                yield str(arn), called
            elif name:
                yield f"name {name}", called
