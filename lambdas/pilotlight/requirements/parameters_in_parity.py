"""What the application reads from SSM stands in the standby too, under the standby's own path.

Parameters stay in their region. A name that the primary has and the standby lacks keeps a task from starting; a value
that was copied with the name may still lead to the primary. So names and types are compared, and values only where the
plan says that they are the same; a plain value of the standby that names the primary's region is an error. A
SecureString is never opened.

Sources: botocore's model of SSM (GetParametersByPath is authorised on the path that is asked for, answers with up to
ten parameters at a time, and with fewer and a token whenever it likes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

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

Path = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.-]+)+$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")]
_SECURE = "SecureString"

Found = Mapping[str, Mapping[str, Any]]
"""Parameters by their names below a path."""


class ParametersParams(Params):
    """The paths, and what the application reads below them.

    ```yaml
    requirement: parameters-of-the-database
    kind: parameters_in_parity
    params:
      primary: /shared/rds/prod
      standby: /shared/rds/dr
      names: [endpoint, security-group-id]
      only_in_primary: [identifier]
    ```
    """

    primary: Path = Field(description="The path in the primary.")
    standby: Path = Field(description="The path in the standby; it may be the same.")
    names: tuple[Name, ...] = Field(
        min_length=1, description="What the application reads, by the names below the path."
    )
    same: tuple[Name, ...] = Field((), description="Those whose values have to be the same in both regions.")
    only_in_primary: tuple[Name, ...] = Field((), description="Those that the standby lacks on purpose.")
    may_name_primary: tuple[Name, ...] = Field((), description="Those whose values name the primary on purpose.")


class ParametersInParity(RequirementKind[ParametersParams]):
    """Lists both paths."""

    name = "parameters_in_parity"
    params = ParametersParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "ssm",
            "GetParametersByPath",
            Access.READ,
            {},
            (
                "InternalServerError",
                "InvalidFilterKey",
                "InvalidFilterOption",
                "InvalidFilterValue",
                "InvalidKeyId",
                "InvalidNextToken",
            ),
        ),
    )

    def title(self, params: ParametersParams) -> str:
        """What has to be there."""
        return f"Parameters under {params.standby}, as under {params.primary} in the primary"

    def statements(self, params: ParametersParams, place: Place) -> tuple[Statement, ...]:
        """Read below the two paths."""
        paths = ((params.standby, place.standby), (params.primary, place.primary))
        below = tuple(place.arn("ssm", f"parameter{path}", region=region) for path, region in paths)
        return (Statement(Access.READ, ("ssm:GetParametersByPath",), below),)

    def standing(self, params: ParametersParams, place: Place) -> tuple[Standing, ...]:
        """Each of the names, under both paths."""
        why = "The application reads it when it starts, and does not start without it."
        paths = ((params.standby, place.standby), (params.primary, place.primary))
        return tuple(
            Standing("ssm", "parameter of the application", region, _facts(params, path, name, region), why)
            for path, region in paths
            for name in params.names
            if region == place.primary or name not in params.only_in_primary
        )

    def prerequisites(self, params: ParametersParams, place: Place) -> tuple[Standing, ...]:
        """Those of the standby; the primary has its own."""
        return tuple(each for each in self.standing(params, place) if each.region == place.standby)

    def readiness(self, params: ParametersParams, context: StepContext) -> tuple[Finding, ...]:
        """What is missing, of another type or value, or leads back to the primary."""
        place = context.place
        there = _below(context, params.primary, place.primary)
        here = _below(context, params.standby, place.standby)
        wanted = sorted({*params.names, *there} - {*params.only_in_primary})
        findings = (
            *_missing(params, [name for name in wanted if name not in here], there, place),
            *_differing(params, here, there, place),
            *_leading_back(params, here, place),
        )
        same = f"The {len(wanted)} parameters of {params.primary} stand under {params.standby} in {place.standby}."
        return findings or (Finding(Severity.FINE, "parameters", same),)


def _facts(params: ParametersParams, path: str, name: str, region: str) -> Mapping[str, str]:
    value = "the-same-in-both" if name in params.same else f"{name}-of-{region}"
    return {"name": f"{path}/{name}", "type": "String", "value": value}


def _below(context: StepContext, path: str, region: str) -> Found:
    found: dict[str, Mapping[str, Any]] = {}
    more: dict[str, str] = {}
    while True:
        answer = context.aws.call("ssm", "GetParametersByPath", region, Path=path, Recursive=True, **more)
        found |= {str(each["Name"]).removeprefix(f"{path}/"): each for each in answer.get("Parameters", ())}
        if not answer.get("NextToken"):
            return found
        more = {"NextToken": answer["NextToken"]}


def _missing(params: ParametersParams, missing: list[str], there: Found, place: Place) -> Iterator[Finding]:
    for name in missing:
        has = f", where {place.primary} has {params.primary}/{name}" if name in there else ""
        said = f"There is no parameter {params.standby}/{name} in {place.standby}{has}."
        fix = "Create it with the standby's own value, or list it under only_in_primary."
        yield Finding(Severity.ERROR, "missing", said, fix)


def _differing(params: ParametersParams, here: Found, there: Found, place: Place) -> Iterator[Finding]:
    for name in sorted({*here} & {*there}):
        full, types = f"{params.standby}/{name}", (here[name].get("Type"), there[name].get("Type"))
        if types[0] != types[1]:
            said = f"Parameter {full} is a {types[0]} in {place.standby} and a {types[1]} in {place.primary}."
            yield Finding(Severity.WARNING, "type", said, "Create it again, of the same type.")
        elif name in params.same and _SECURE in types:
            said = f"Whether {full} is the same in both regions is not looked at, because it is a {_SECURE}."
            yield Finding(Severity.WARNING, "value", said, "Compare it by hand, or take it out of `same`.")
        elif name in params.same and here[name].get("Value") != there[name].get("Value"):
            said = f"Parameter {full} holds another value in {place.standby} than in {place.primary}."
            yield Finding(Severity.ERROR, "value", said, "Write the primary's value there, or take it out of `same`.")


def _leading_back(params: ParametersParams, here: Found, place: Place) -> Iterator[Finding]:
    for name, found in sorted(here.items()):
        leads = found.get("Type") != _SECURE and place.primary in str(found.get("Value", ""))
        if leads and name not in params.may_name_primary:
            said = f"Parameter {params.standby}/{name} in {place.standby} names {place.primary}, which may be gone."
            fix = "Write what stands in the standby there, or list it under may_name_primary."
            yield Finding(Severity.ERROR, "names-primary", said, fix)


KIND = ParametersInParity()
