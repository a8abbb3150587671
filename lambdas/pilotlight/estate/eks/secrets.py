"""Values of a Secret of a cluster, as the standby's Secrets Manager has them; and what a swap asks of AWS.

A value is read when it is needed, compared and sent on, and kept nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Access, Failed, Operation, StepContext

SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$", examples=["portforge/dr/cognito-client"])]

_EKS_AGAIN = {"ServerException": "asked again", "ServiceUnavailableException": "asked again"}
_SECRET_AGAIN = {"InternalServiceError": "asked again", "ResourceNotFoundException": "said as a missing secret"}

OPERATIONS = (
    Operation(
        "eks",
        "DescribeCluster",
        Access.READ,
        {**_EKS_AGAIN, "ResourceNotFoundException": "said as a missing cluster"},
        ("ClientException",),
    ),
    Operation(
        "secretsmanager",
        "GetSecretValue",
        Access.READ,
        _SECRET_AGAIN,
        ("DecryptionFailure", "InvalidParameterException", "InvalidRequestException"),
    ),
    Operation("secretsmanager", "DescribeSecret", Access.READ, _SECRET_AGAIN, ("InvalidParameterException",)),
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


def _missing(name: str, why: str) -> Failed:
    fix = "Put it into the standby's Secrets Manager, or correct the plan, then retry the step."
    return Failed(f"{name} cannot be written, because {why}.", fix)
