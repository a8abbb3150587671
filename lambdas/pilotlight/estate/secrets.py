"""Values that stand in the standby's Secrets Manager, whole secrets or members of one.

A value is read when it is needed, compared or sent on, and kept nowhere; no sentence quotes one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pilotlight.domain.errors import NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Failed, Operation, Standing, Statement, StepContext

SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$", examples=["portforge/dr/cognito-client"])]

FURNISHED = "a-secret-of-the-standby-0123456789"
"""What a secret holds where no owner has put anything: in a rehearsal."""

_AGAIN = {"InternalServiceError": "asked again", "ResourceNotFoundException": "said as a missing secret"}

OPERATIONS = (
    Operation(
        "secretsmanager",
        "GetSecretValue",
        Access.READ,
        _AGAIN,
        ("DecryptionFailure", "InvalidParameterException", "InvalidRequestException"),
    ),
    Operation("secretsmanager", "DescribeSecret", Access.READ, _AGAIN, ("InvalidParameterException",)),
)


class SecretValue(BaseModel):
    """Where a value is: a secret of the standby, whole or one member of the JSON object in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret: SecretName
    key: str | None = Field(None, min_length=1, description="The member of the JSON object; none takes it whole.")
    kms_key: str | None = Field(
        None,
        pattern=r"^(arn:aws:kms:[a-z0-9-]+:\d{12}:key/)?(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$",
        description="The customer's key of the secret: an id or ARN in the standby.",
    )

    @property
    def ref(self) -> str:
        """Where it is: the secret's name, and behind a `#` the member."""
        return f"{self.secret}#{self.key}" if self.key else self.secret


def statements(sources: Iterable[SecretValue], place: Place) -> tuple[Statement, ...]:
    """The permission to see whether these secrets are there, to open them, and to use their keys for that."""
    wanted = tuple(sources)
    # Secrets Manager ends the ARN of a secret with six characters of its own.
    names = dict.fromkeys(place.arn("secretsmanager", f"secret:{source.secret}-??????") for source in wanted)
    keys = dict.fromkeys(source.kms_key for source in wanted if source.kms_key)
    key_arns = tuple(key if key.startswith("arn:") else place.arn("kms", f"key/{key}") for key in keys)
    via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{place.standby}.amazonaws.com"}}
    if not wanted:
        return ()
    return (
        Statement(Access.READ, ("secretsmanager:DescribeSecret",), tuple(names)),
        Statement(Access.READ, ("secretsmanager:GetSecretValue",), tuple(names)),
        *((Statement(Access.READ, ("kms:Decrypt",), key_arns, via),) if key_arns else ()),
    )


def standing(sources: Iterable[SecretValue], place: Place) -> tuple[Standing, ...]:
    """The secrets, with every member that is asked for."""
    members: dict[str, dict[str, str]] = {}
    for source in sources:
        members.setdefault(source.secret, {})[source.key or ""] = FURNISHED
    why = "The run reads it; its value is put in by hand, and stands in no code."
    return tuple(
        Standing("secretsmanager", "secret", place.standby, {"name": name, "value": _text(found)}, why)
        for name, found in members.items()
    )


def read_secrets(context: StepContext, wanted: Mapping[str, SecretValue]) -> dict[str, str] | Failed:
    """The values by the names that they are to have; fails where one is not there, without quoting any."""
    whole: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, source in wanted.items():
        if source.secret not in whole:
            text = _open(context, source.secret)
            if text is None:
                return _missing(name, f"secret {source.secret} is missing in {context.place.standby}")
            whole[source.secret] = text
        value = _member(whole[source.secret], source.key)
        if not value:
            return _missing(name, f"secret {source.secret} has no text under {source.key or 'it'}")
        found[name] = value
    return found


def is_there(context: StepContext, secret: str) -> bool:
    """Whether there is such a secret that is not on its way to be deleted; its value is not read."""
    try:
        found = context.aws.call("secretsmanager", "DescribeSecret", context.place.standby, SecretId=secret)
    except NotFound:
        return False
    return not found.get("DeletedDate")


def _open(context: StepContext, secret: str) -> str | None:
    try:
        found = context.aws.call("secretsmanager", "GetSecretValue", context.place.standby, SecretId=secret)
    except NotFound:
        return None
    return str(found.get("SecretString", ""))


def _member(text: str, key: str | None) -> str:
    if key is None:
        return text
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        return ""
    return value if isinstance(value, str) else ""


def _text(members: Mapping[str, str]) -> str:
    return members[""] if "" in members else json.dumps(dict(members))


def _missing(name: str, why: str) -> Failed:
    fix = "Put it into the standby's Secrets Manager, or correct the plan, then retry the step."
    return Failed(f"{name} cannot be written, because {why}.", fix)
