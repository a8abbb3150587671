"""The standby has a key of KMS of its own, usable, and used like the primary's.

A key stands in one region, so what the primary's encrypted is read in the standby under another key, or under a replica
of a multi-Region key. A key that is to be deleted still answers and encrypts nothing any more. Rotation and the policy
are set for each key alone (a replica shares the rotation), and so are easily forgotten in the standby.

Sources: see `pilotlight.estate.kms.keys`; botocore's model of KMS, ReplicateKey.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from pilotlight.domain.errors import AwsError, NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.requirement import (
    Finding,
    Operation,
    Params,
    RequirementKind,
    Severity,
    Standing,
    Statement,
    StepContext,
)
from pilotlight.estate.kms import keys
from pilotlight.estate.kms.keys import ENABLED, Key

KeyName = Annotated[
    str,
    Field(pattern=r"^(alias/[A-Za-z0-9/_-]+|(arn:aws:kms:[a-z0-9-]+:\d{12}:key/)?(mrk-[0-9a-f]{32}|[0-9a-f-]{36}))$"),
]


class KeyParams(Params):
    """The key of the standby, and the one of the primary that it stands in for.

    ```yaml
    requirement: database-key
    kind: key_in_standby
    params:
      key: alias/fileflow-dr-rds
      primary: alias/fileflow-rds
      only_in_primary: [arn:aws:iam::123456789012:role/fileflow-prod-task]
    ```
    """

    key: KeyName = Field(description="The standby's key: an alias, an id or an ARN.")
    primary: KeyName = Field(description="The primary's, named in the same ways.")
    replica: bool = Field(False, description="Whether it has to read what the primary's key encrypted.")
    only_in_primary: tuple[str, ...] = Field(
        (), description="Principals that the primary's policy names, and the standby's leaves out on purpose."
    )


class KeyInStandby(RequirementKind[KeyParams]):
    """Reads both keys."""

    name = "key_in_standby"
    params = KeyParams
    operations: ClassVar[tuple[Operation, ...]] = (keys.DESCRIBE, keys.ROTATION, keys.POLICY)

    def title(self, params: KeyParams) -> str:
        """Which key has to be there."""
        return f"Key {params.key} beside the primary's {params.primary}"

    def statements(self, params: KeyParams, place: Place) -> tuple[Statement, ...]:
        """Read the two keys."""
        return (
            keys.statement(params.key, place, place.standby),
            keys.statement(params.primary, place, place.primary),
        )

    def standing(self, params: KeyParams, place: Place) -> tuple[Standing, ...]:
        """Two keys that rotate; a replica where it has to be one."""
        why = "What the standby keeps is encrypted with it, and the primary's key is out of reach with its region."
        facts = {"name": params.key, "primary": params.primary, "replica": params.replica, "of": place.primary}
        return (Standing("kms", "key", place.standby, facts, why),)

    def readiness(self, params: KeyParams, context: StepContext) -> tuple[Finding, ...]:
        """The key itself, and then how it differs from the primary's."""
        region, said = context.place.standby, f"Key {params.key} of {context.place.standby}"
        try:
            key = keys.describe(context.aws, params.key, region)
        except NotFound:
            return (
                Finding.error("key", f"There is no key {params.key} in {region}.", "Create it, or correct the plan."),
            )
        if key.state != ENABLED:
            fix = "Cancel its deletion." if "Deletion" in key.state else "Enable it, or name another one."
            return (Finding.error("key", f"{said} is {key.state} and not {ENABLED}, so it encrypts nothing.", fix),)
        usable = Finding(Severity.FINE, "key", f"{said} is enabled.")
        return (usable, *_beside_primary(params, key, context))


def _beside_primary(params: KeyParams, key: Key, context: StepContext) -> Iterator[Finding]:
    """Whether both keys are of a kind; what cannot be read is not taken as the same."""
    primary = context.place.primary
    try:
        other = keys.describe(context.aws, params.primary, primary)
    except NotFound:
        said = f"There is no key {params.primary} in {primary} to compare key {params.key} with."
        yield Finding.error("primary-key", said, "Correct the plan.")
        return
    except AwsError as error:
        yield Finding.warning("primary-key", f"Key {params.primary} was not read: {error.sentence}.", "Look again.")
        return
    if other.purpose != key.purpose:
        said = f"Key {params.key} is made for {' with '.join(key.purpose)}, the primary's for {other.purpose[0]}"
        yield Finding.error("purpose", f"{said} with {other.purpose[1]}.", "Create one of the same usage and spec.")
    related = other.id == key.id
    if params.replica and not related:
        said = f"Key {params.key} is no replica of {params.primary}, so it reads nothing that this one encrypted."
        yield Finding.error("replica", said, "Create the primary's as a multi-Region key and replicate it.")
    if not related:
        yield _rotation(params, key, other, context)
    yield _policy(params, key, other, context)


def _rotation(params: KeyParams, key: Key, other: Key, context: StepContext) -> Finding:
    place = context.place
    try:
        here, there = keys.rotates(context.aws, key, place.standby), keys.rotates(context.aws, other, place.primary)
    except AwsError as error:
        return Finding.warning(
            "rotation", f"Whether {params.key} rotates was not read: {error.sentence}.", "Look again."
        )
    if there and not here:
        said = f"Key {params.key} does not rotate, and the primary's does."
        return Finding.warning("rotation", said, "Enable its rotation (enable-key-rotation).")
    return Finding(Severity.FINE, "rotation", f"Key {params.key} rotates, or the primary's does not either.")


def _policy(params: KeyParams, key: Key, other: Key, context: StepContext) -> Finding:
    """Whom the primary's policy allows what the standby's does not; a service is named there by its own region."""
    place = context.place
    try:
        here, there = (
            keys.principals(context.aws, each, region)
            for each, region in ((key, place.standby), (other, place.primary))
        )
    except AwsError as error:
        said = f"Whom the policies of {params.key} and {params.primary} name was not read: {error.sentence}."
        return Finding.warning("policy", said, "Allow kms:GetKeyPolicy, and look again.")
    wanted = {name.replace(place.primary, place.standby): name for name in there - {*params.only_in_primary}}
    missing = sorted(name for name in wanted if name not in here)
    if missing:
        said = f"The policy of key {params.key} does not name {', '.join(missing)}, as the primary's does."
        return Finding.warning("policy", said, "Allow them the key, or list them under only_in_primary.")
    return Finding(Severity.FINE, "policy", f"The policy of key {params.key} names whom the primary's names.")


KIND = KeyInStandby()
