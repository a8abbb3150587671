"""Keys of KMS: what a key is, whether it can be used, whether it rotates, and whom its policy names.

A multi-Region key and its replicas share the key id, the material and the rotation; the policy, the aliases and the
state are each one's own. An alias is no resource of a policy: a call is authorised on the key that it stands for.

Sources: botocore's model of KMS (KeyState; ReplicateKey on what related keys share; GetKeyRotationStatus answers for
keys of symmetric encryption alone); KMS Developer Guide, "Controlling access to aliases" (kms:ResourceAliases).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pilotlight.domain.errors import AwsError
from pilotlight.domain.kind import Access, Operation, Statement
from pilotlight.domain.place import Place
from pilotlight.domain.ports import Aws

ENABLED = "Enabled"
_ABSENT = {"NotFoundException": "says that the key is not there"}
_TROUBLES = ("InvalidArnException", "DependencyTimeoutException", "KMSInternalException")
_UNREAD = ("KMSInvalidStateException", *_TROUBLES)

DESCRIBE = Operation("kms", "DescribeKey", Access.READ, _ABSENT, _TROUBLES)
ROTATION = Operation(
    "kms",
    "GetKeyRotationStatus",
    Access.READ,
    {**_ABSENT, "UnsupportedOperationException": "means that such a key never rotates by itself"},
    _UNREAD,
)
POLICY = Operation("kms", "GetKeyPolicy", Access.READ, _ABSENT, _UNREAD)


@dataclass(frozen=True)
class Key:
    """A key of one region."""

    arn: str
    id: str
    state: str
    usage: str
    spec: str

    @property
    def purpose(self) -> tuple[str, str]:
        """What it is made for, which another one has to be made for too."""
        return self.usage, self.spec


def statement(key: str, place: Place, region: str) -> Statement:
    """The permission to read a key that a plan names by its ARN, its id or an alias."""
    actions = tuple(f"kms:{operation.name}" for operation in (DESCRIBE, ROTATION, POLICY))
    if key.startswith("alias/"):
        every = place.arn("kms", "key/*", region=region)
        return Statement(Access.READ, actions, (every,), {"ForAnyValue:StringEquals": {"kms:ResourceAliases": key}})
    arn = key if key.startswith("arn:") else place.arn("kms", f"key/{key}", region=region)
    return Statement(Access.READ, actions, (arn,))


def describe(aws: Aws, key: str, region: str) -> Key:
    """The key that an ARN, an id or an alias stands for; raises `NotFound`."""
    found = aws.call("kms", "DescribeKey", region, KeyId=key)["KeyMetadata"]
    said = (found.get("KeyState"), found.get("KeyUsage"), found.get("KeySpec"))
    return Key(found["Arn"], found["KeyId"], *(str(each) for each in said))


def rotates(aws: Aws, key: Key, region: str) -> bool:
    """Whether it rotates by itself."""
    try:
        return bool(aws.call("kms", "GetKeyRotationStatus", region, KeyId=key.arn).get("KeyRotationEnabled"))
    except AwsError as error:
        if error.code == "UnsupportedOperationException":
            return False
        raise


def principals(aws: Aws, key: Key, region: str) -> frozenset[str]:
    """Whom its policy allows something: ARNs, account ids, services, or `*`."""
    text = aws.call("kms", "GetKeyPolicy", region, KeyId=key.arn, PolicyName="default")["Policy"]
    statements = json.loads(text).get("Statement", ())
    listed = statements if isinstance(statements, list) else [statements]
    return frozenset(name for each in listed if each.get("Effect") == "Allow" for name in _named(each))


def trouble_of_key(aws: Aws, key: str, region: str) -> str:
    """Why a key cannot encrypt in the region, in a few words; empty where it can. Raises `NotFound`."""
    if f":{region}:" not in key:
        return f"is none of {region}"
    state = describe(aws, key, region).state
    return "" if state == ENABLED else f"is {state} and not {ENABLED}"


def _named(statement: Mapping[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal", ())
    values = principal.values() if isinstance(principal, dict) else [principal]
    for value in values:
        yield from [value] if isinstance(value, str) else value
