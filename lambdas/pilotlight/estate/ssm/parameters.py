"""SSM parameters as a swap sees them: what one holds, which version it replaced, and writing it.

A write says nothing but the value, so that SSM keeps the rest; only a SecureString says its key too, because SSM
would take the account's default key instead. Before a write the parameter is tagged with the run and the version
that is replaced: SSM has no conditional write, and a lost answer or a crash must not lose what to go back to.
(Versions cannot carry that: a label pins its version, and after 100 versions SSM refuses to write over it.)

No value of a SecureString leaves this module in a sentence, and no refusal is quoted, because SSM may quote the value.
Sources: botocore's model of SSM; Systems Manager User Guide, "Working with parameter versions".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pilotlight.domain.errors import AccessDenied, Ambiguous, AwsError, NotFound, Throttled, Unavailable
from pilotlight.domain.step import Access, Failed, NotYet, Operation, StepContext

APPLICATION_TAG = "pilotlight:application"
RUN_TAG = "pilotlight:run"
REPLACES_TAG = "pilotlight:replaces"
CREATED = 0
"""What a parameter replaces that was not there."""

VERSIONS_KEPT = 100

_AGAIN = {"InternalServerError": "asked again"}
_BUSY = _AGAIN | {"TooManyUpdates": "looked at again"}
_NONE = _AGAIN | {"ParameterNotFound": "said as a missing parameter"}
_UNTAGGABLE = ("InvalidResourceId", "InvalidResourceType")

OPERATIONS = (
    Operation(
        "ssm",
        "GetParameter",
        Access.READ,
        _NONE | {"ParameterVersionNotFound": "said: the old value is gone"},
        ("InvalidKeyId",),
    ),
    Operation("ssm", "GetParameterHistory", Access.READ, _NONE, ("InvalidKeyId", "InvalidNextToken")),
    Operation("ssm", "ListTagsForResource", Access.READ, _AGAIN, _UNTAGGABLE),
    Operation(
        "ssm",
        "PutParameter",
        Access.WRITE,
        {
            **_BUSY,
            "ParameterAlreadyExists": "looked at again",
            "ParameterMaxVersionLimitExceeded": "fails: the oldest version carries a label",
        },
        (
            "HierarchyLevelLimitExceededException",
            "HierarchyTypeMismatchException",
            "IncompatiblePolicyException",
            "InvalidAllowedPatternException",
            "InvalidKeyId",
            "InvalidPolicyAttributeException",
            "InvalidPolicyTypeException",
            "ParameterLimitExceeded",
            "ParameterPatternMismatchException",
            "PoliciesLimitExceededException",
            "UnsupportedParameterType",
        ),
    ),
    Operation(
        "ssm",
        "AddTagsToResource",
        Access.WRITE,
        {**_BUSY, "TooManyTagsError": "written without a mark, so that undo leaves it"},
        _UNTAGGABLE,
    ),
    Operation("ssm", "RemoveTagsFromResource", Access.WRITE, _BUSY, _UNTAGGABLE),
    Operation("ssm", "DeleteParameter", Access.WRITE, _NONE),
)


class ParameterType(StrEnum):
    """The types that are written; a StringList is not."""

    STRING = "String"
    SECURE = "SecureString"


@dataclass(frozen=True)
class Held:
    """What a parameter holds, in which version; the value does not show when this is printed."""

    value: str = field(repr=False)
    type: str
    version: int


@dataclass(frozen=True)
class NewValue:
    """What a parameter is to hold; the value does not show when this is printed."""

    name: str
    value: str = field(repr=False)
    type: ParameterType
    key: str | None


def read(context: StepContext, name: str, *, version: int | None = None) -> Held | None:
    """What the parameter holds, or held in an earlier version; None if it is not there (any more)."""
    selector = name if version is None else f"{name}:{version}"
    try:
        answer = _ask(context, "GetParameter", Name=selector, WithDecryption=True)
    except NotFound:
        return None
    found = answer["Parameter"]
    return Held(str(found["Value"]), str(found["Type"]), int(found["Version"]))


@dataclass(frozen=True)
class Kept:
    """What a swap did to a parameter, and what to go back to; `replaces` is None if it was not this run's doing.

    The previous value is kept for a String only; that of a SecureString is read from SSM's own history.
    """

    version: int
    replaces: int | None
    previous: str | None = field(default=None, repr=False)

    def as_data(self) -> dict[str, Any]:
        """As it stands in a receipt."""
        return {"version": self.version, "replaces": self.replaces, "previous": self.previous}


def swap(context: StepContext, new: NewValue, held: Held | None) -> Kept | NotYet | Failed:
    """Write the value over what is held, or create the parameter, unless the value is there already."""
    if held is not None and held.value == new.value:
        replaces = _replaced_in_this_run(context, new.name)
        return Kept(held.version, replaces, _previous(context, new, replaces))
    try:
        if held is None:
            return Kept(_create(context, new), CREATED)
        _mark(context, new.name, held.version)
        version = _put(context, new)
    except AwsError as trouble:
        return _refused(new.name, trouble)
    if version - 1 != held.version:
        # Someone wrote between the look and this write: that is what undo goes back to.
        return Kept(version, version - 1, _previous(context, new, version - 1))
    return Kept(version, held.version, held.value if new.type is ParameterType.STRING else None)


def put_back(context: StepContext, name: str, setting: tuple[ParameterType, str | None], kept: Kept) -> str:
    """Write the previous value back, or delete what was created; gives why not, if not.

    `setting` is the type and the key of the parameter. What someone wrote since stays.
    """
    held = read(context, name)
    if held is None:
        return "" if kept.replaces == CREATED else f"parameter {name} is gone"
    since = f"parameter {name} stays, because someone wrote version {held.version} since"
    if kept.replaces == CREATED:
        if held.version != kept.version:
            return since
        _ask(context, "DeleteParameter", Name=name)
        return ""
    old = kept.previous
    if old is None:
        before = read(context, name, version=kept.replaces)
        if before is None:
            return f"parameter {name} stays, because SSM has dropped its version {kept.replaces}"
        old = before.value
    if held.value != old and held.version != kept.version:
        return since
    if held.value != old:
        try:
            _put(context, NewValue(name, old, *setting))
        except AwsError as trouble:
            refused = _refused(name, trouble)
            return refused.reason.rstrip(".").replace("Parameter", "parameter", 1)
    _forget(context, name)
    return ""


def pinned_version(context: StepContext, name: str) -> int | None:
    """The oldest version of a parameter that has all the versions it may have, if a label holds it; else None."""
    versions: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        page = _ask(context, "GetParameterHistory", Name=name, WithDecryption=False, MaxResults=50, **more)
        versions += page["Parameters"]
        if not page.get("NextToken"):
            break
        more = {"NextToken": page["NextToken"]}
    oldest = min(versions, key=lambda found: int(found["Version"]))
    return int(oldest["Version"]) if len(versions) >= VERSIONS_KEPT and oldest.get("Labels") else None


def read_tags(context: StepContext, name: str) -> Mapping[str, str]:
    """The tags of a parameter that is there."""
    answer = _ask(context, "ListTagsForResource", ResourceType="Parameter", ResourceId=name)
    return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}


def created(context: StepContext, names: Iterable[str]) -> dict[str, Kept]:
    """What this run created of some parameters by their tags, where no receipt tells."""
    found: dict[str, Kept] = {}
    for name in names:
        held = read(context, name)
        if held is not None and _replaced_in_this_run(context, name) == CREATED:
            found[name] = Kept(held.version, CREATED)
    return found


def _replaced_in_this_run(context: StepContext, name: str) -> int | None:
    """The version that an earlier try of this run wrote over, by its tags; None if this run wrote nothing."""
    tags = read_tags(context, name)
    return int(tags[REPLACES_TAG]) if tags.get(RUN_TAG) == context.run_id and REPLACES_TAG in tags else None


def _previous(context: StepContext, new: NewValue, replaces: int | None) -> str | None:
    if not replaces or new.type is not ParameterType.STRING:
        return None
    before = read(context, new.name, version=replaces)
    return before.value if before else None


def _create(context: StepContext, new: NewValue) -> int:
    tags = {APPLICATION_TAG: context.place.application, RUN_TAG: context.run_id, REPLACES_TAG: str(CREATED)}
    answer = _ask(context, "PutParameter", **_order(new), Tags=_listed(tags))
    return int(answer["Version"])


def _put(context: StepContext, new: NewValue) -> int:
    return int(_ask(context, "PutParameter", **_order(new), Overwrite=True)["Version"])


def _order(new: NewValue) -> dict[str, Any]:
    order = {"Name": new.name, "Value": new.value, "Type": new.type.value}
    return order | ({"KeyId": new.key} if new.key else {})


def _mark(context: StepContext, name: str, replaces: int) -> None:
    tags = _listed({RUN_TAG: context.run_id, REPLACES_TAG: str(replaces)})
    try:
        _ask(context, "AddTagsToResource", ResourceType="Parameter", ResourceId=name, Tags=tags)
    except AwsError as trouble:
        # The application needs its value more than a later undo needs its mark.
        if trouble.code != "TooManyTagsError":
            raise


def _forget(context: StepContext, name: str) -> None:
    keys = [RUN_TAG, REPLACES_TAG]
    _ask(context, "RemoveTagsFromResource", ResourceType="Parameter", ResourceId=name, TagKeys=keys)


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _refused(name: str, trouble: AwsError) -> NotYet | Failed:
    match trouble:
        case Throttled() | Unavailable() | Ambiguous() | AccessDenied():
            raise trouble
        case AwsError(code="TooManyUpdates" | "ParameterAlreadyExists"):
            return NotYet(f"Parameter {name} is being written by someone else too, so it is looked at again.")
        case AwsError(code="ParameterMaxVersionLimitExceeded"):
            return Failed(
                f"Parameter {name} cannot be written, because its oldest version carries a label and may not go.",
                "Move the label to a newer version (label-parameter-version), then retry the step.",
            )
        case _:
            fix = "Look at the parameter, its pattern and its policies, then retry the step."
            return Failed(f"Parameter {name} cannot be written, because SSM answered {trouble.code}.", fix)


def _ask(context: StepContext, operation: str, **parameters: Any) -> dict[str, Any]:
    return context.aws.call("ssm", operation, context.place.standby, **parameters)
