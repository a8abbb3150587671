"""A secret stands in the standby as a replica of the primary's, with the same current version.

A replica holds the very value of the primary's secret, so a field such as `host` that names the primary's database
names it in the standby too: a field that must not do so is read in the standby, and its value is told to nobody.
Without `fields` no secret is opened.

Sources: botocore's model of Secrets Manager (ReplicationStatus InSync, Failed, InProgress, Pending, Detached;
PrimaryRegion on a replica; the version staged AWSCURRENT is the one that GetSecretValue answers with).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from pilotlight.domain.errors import AwsError, NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.requirement import (
    Access,
    Finding,
    Operation,
    Params,
    RequirementKind,
    Severity,
    Standing,
    Statement,
    StepContext,
)

_IN_SYNC, _ON_ITS_WAY = "InSync", ("InProgress", "Pending")
_TROUBLES = ("InvalidParameterException", "InternalServiceError")


class SecretParams(Params):
    """The secret, and what of it must not name the primary.

    ```yaml
    requirement: database-secret
    kind: secret_replicated
    params:
      secret: fileflow/database
      fields: [host]
    ```
    """

    secret: str = Field(description="Its name, the same in both regions.")
    fields: tuple[str, ...] = Field(
        (), description="Fields of its JSON that must not name the primary region, `host` for example."
    )
    key: str | None = Field(
        None, description="The ARN of the standby's KMS key that encrypts it, if it is not aws/secretsmanager."
    )


class SecretReplicated(RequirementKind[SecretParams]):
    """Describes the secret in both regions."""

    name = "secret_replicated"
    params = SecretParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "secretsmanager",
            "DescribeSecret",
            Access.READ,
            {"ResourceNotFoundException": "says in which region it is missing"},
            _TROUBLES,
        ),
        Operation(
            "secretsmanager",
            "GetSecretValue",
            Access.READ,
            {"ResourceNotFoundException": "says that it holds no value"},
            (*_TROUBLES, "InvalidRequestException", "DecryptionFailure"),
        ),
    )

    def title(self, params: SecretParams) -> str:
        """What has to be replicated."""
        return f"Replica of secret {params.secret}"

    def statements(self, params: SecretParams, place: Place) -> tuple[Statement, ...]:
        """Describe both; open the replica only where fields of it are looked at."""
        # Secrets Manager ends the ARN of a secret with a hyphen and six characters of its own.
        here, there = (
            place.arn("secretsmanager", f"secret:{params.secret}-??????", region=region)
            for region in (place.standby, place.primary)
        )
        described = Statement(Access.READ, ("secretsmanager:DescribeSecret",), (here, there))
        if not params.fields:
            return (described,)
        opened = Statement(Access.READ, ("secretsmanager:GetSecretValue",), (here,))
        decrypted = (Statement(Access.READ, ("kms:Decrypt",), (params.key,)),) if params.key else ()
        return (described, opened, *decrypted)

    def standing(self, params: SecretParams, place: Place) -> tuple[Standing, ...]:
        """The secret in the primary, replicated into the standby."""
        why = "The application in the standby reads it, and a rotation in the primary has to reach it."
        host = f"database.{place.standby}.rds.amazonaws.com"
        value = json.dumps(dict.fromkeys(params.fields, host)) if params.fields else "a-secret-of-the-application"
        facts = {"name": params.secret, "replica_in": place.standby, "value": value}
        return (Standing("secretsmanager", "replicated secret", place.primary, facts, why),)

    def readiness(self, params: SecretParams, context: StepContext) -> tuple[Finding, ...]:
        """The replica, beside its primary, and what it holds."""
        name, standby, primary = params.secret, context.place.standby, context.place.primary
        try:
            replica = context.aws.call("secretsmanager", "DescribeSecret", standby, SecretId=name)
        except NotFound:
            return (_error(f"There is no secret {name} in {standby}.", f"Replicate it from {primary} to {standby}."),)
        if replica.get("DeletedDate"):
            said = f"Secret {name} in {standby} is deleted, and can be read by nobody."
            return (_error(said, f"Restore it, and replicate it from {primary}."),)
        found: list[Finding] = []
        if replica.get("PrimaryRegion") == primary:
            found += _beside_primary(name, replica, context)
        else:
            said = f"Secret {name} in {standby} is no replica of the one in {primary}, so no rotation reaches it."
            found.append(_error(said, f"Replicate the one in {primary} to {standby} in its place."))
        if params.fields:
            found += _fields(params, context)
        return tuple(found)


def _beside_primary(name: str, replica: Mapping[str, Any], context: StepContext) -> Iterator[Finding]:
    """How the primary describes the replication, and whether both hold the same version."""
    standby, primary = context.place.standby, context.place.primary
    try:
        source = context.aws.call("secretsmanager", "DescribeSecret", primary, SecretId=name)
    except NotFound:
        yield _error(f"There is no secret {name} in {primary}.", "Correct secret in the plan.")
        return
    except AwsError as error:
        said = f"Secret {name} in {standby} was not compared with the one in {primary}: {error.sentence}."
        yield Finding(Severity.WARNING, "secret-unread", said, "Look again when it answers.")
        return
    listed: list[Mapping[str, str]] = source.get("ReplicationStatus", [])
    status: Mapping[str, str] = next((each for each in listed if each.get("Region") == standby), {})
    state, message = status.get("Status", "not there"), status.get("StatusMessage", "")
    if state != _IN_SYNC:
        why = f"{state} ({message})" if message else state
        severity = Severity.WARNING if state in _ON_ITS_WAY else Severity.ERROR
        said = f"The replication of secret {name} from {primary} to {standby} is {why}."
        yield Finding(severity, "secret-replica", said, "Read its status in Secrets Manager, and replicate it again.")
    elif _current(source) != _current(replica):
        said = f"Secret {name} in {standby} holds another current version than in {primary}."
        yield _error(said, "Replicate it again: tasks of the standby would start with an old value.")
    else:
        yield Finding(Severity.FINE, "secret-replica", f"Secret {name} in {standby} is in sync with {primary}.")


def _current(described: Mapping[str, Any]) -> str | None:
    stages: Mapping[str, list[str]] = described.get("VersionIdsToStages", {})
    return next((version for version, staged in stages.items() if "AWSCURRENT" in staged), None)


def _fields(params: SecretParams, context: StepContext) -> Iterator[Finding]:
    """Whether the named fields lead away from the primary; a value is never said."""
    name, primary, standby = params.secret, context.place.primary, context.place.standby
    try:
        answer = context.aws.call("secretsmanager", "GetSecretValue", standby, SecretId=name)
    except NotFound:
        yield _error(f"Secret {name} in {standby} holds no value.", "Replicate it again.")
        return
    except AwsError as error:
        said = f"The fields of secret {name} could not be read in {standby}: {error.sentence}."
        yield Finding(Severity.WARNING, "secret-unread", said, "Allow secretsmanager:GetSecretValue and its key.")
        return
    for wanted in params.fields:
        value = _field(answer.get("SecretString", ""), wanted)
        if value is None:
            yield _error(f"Secret {name} has no field {wanted}.", "Correct fields in the plan, or the secret.")
        elif primary in value:
            said = f"Field {wanted} of secret {name} names {primary}, in {standby} too: a replica holds the same value."
            fix = f"Take {wanted} out of the secret, or give the standby a secret or parameter of its own for it."
            yield Finding(Severity.ERROR, "secret-field", said, fix)
        else:
            said = f"Field {wanted} of secret {name} does not name {primary}."
            yield Finding(Severity.FINE, "secret-field", said)


def _field(text: str, name: str) -> str | None:
    try:
        value = json.loads(text).get(name)
    except (ValueError, AttributeError):
        return None
    return None if value is None else str(value)


def _error(said: str, fix: str) -> Finding:
    return Finding(Severity.ERROR, "secret-replica", said, fix)


KIND = SecretReplicated()
