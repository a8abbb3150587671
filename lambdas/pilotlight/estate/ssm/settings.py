"""Which SSM parameters get which values, as a plan says it: text, or what an earlier step gave.

Limits: 4 KB of a standard parameter, 15 levels and 1011 characters of a name (botocore's model of PutParameter). A
longer value needs the Advanced tier, which is for the owner of the parameter to choose, since it costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    Failed,
    OutputOf,
    Params,
)
from pilotlight.estate.ssm.parameters import NewValue, ParameterType

STANDARD_LIMIT_BYTES = 4096
AWS_KEY = "alias/aws/ssm"
_DEEPEST = 15
_LONGEST = 1011

ParameterName = Annotated[
    str,
    Field(pattern=r"^(/[A-Za-z0-9_.-]+)+$", max_length=_LONGEST, examples=["/shared/rds/dr/endpoint"]),
]
Text = Annotated[str, Field(min_length=1)]


def _which(given: Any) -> str:
    if isinstance(given, OutputOf | Setting):
        return "output" if isinstance(given, OutputOf) else "setting"
    if isinstance(given, dict):
        return "setting" if "value" in given else "output"
    return "text"


Value = Annotated[Annotated[Text, Tag("text")] | Annotated[OutputOf, Tag("output")], Discriminator(_which)]


class Setting(BaseModel):
    """A value with its type and key, for a parameter that is not a plain String."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Value
    type: ParameterType = ParameterType.STRING
    key: str | None = Field(
        None,
        pattern=r"^(alias/aws/ssm|(arn:aws:kms:[a-z0-9-]+:\d{12}:key/)?(mrk-[0-9a-f]{32}|[0-9a-f-]{36}))$",
        description=f"The key of a SecureString: an id or ARN in the standby, or {AWS_KEY}.",
    )

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        secure = self.type is ParameterType.SECURE
        if secure and self.key is None:
            raise ValueError(f"a SecureString names its key, because SSM would take {AWS_KEY}; add `key`")
        if secure and isinstance(self.value, str):
            raise ValueError("a SecureString takes its value from a step, because a plan is no place for secrets")
        if self.key is not None and not secure:
            raise ValueError("only a SecureString has a key; leave `key` out, or say `type: SecureString`")
        return self


Given = Annotated[
    Annotated[Text, Tag("text")] | Annotated[OutputOf, Tag("output")] | Annotated[Setting, Tag("setting")],
    Discriminator(_which),
]


class Settings(Params):
    """Parameters of the standby with the values that they are to hold."""

    parameters: dict[ParameterName, Given] = Field(min_length=1)
    create_missing: bool = Field(False, description="Create what is missing; only a drill has a reason to.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name, setting in self.settings().items():
            if name.count("/") > _DEEPEST:
                raise ValueError(f"{name} has more than the {_DEEPEST} levels that SSM allows")
            if isinstance(setting.value, str) and _is_too_long(setting.value):
                raise ValueError(f"the value of {name} has more than the {STANDARD_LIMIT_BYTES} bytes that fit")
        return self

    def settings(self) -> dict[str, Setting]:
        """Every parameter with its whole setting."""
        return {
            name: given if isinstance(given, Setting) else Setting(value=given)
            for name, given in self.parameters.items()
        }

    def outputs_used(self) -> tuple[OutputOf, ...]:
        """The outputs of earlier steps that are written."""
        return tuple(s.value for s in self.settings().values() if isinstance(s.value, OutputOf))

    def new_values(self, outputs: Mapping[str, Mapping[str, str]]) -> tuple[NewValue, ...] | Failed:
        """What each parameter is to hold; fails when a step gave nothing, or too much."""
        found: list[NewValue] = []
        for name, setting in self.settings().items():
            value = setting.value
            if isinstance(value, OutputOf):
                source = f"step {value.step} gave no {value.output}"
                value = outputs.get(value.step, {}).get(value.output, "")
                if not value:
                    return Failed(f"Parameter {name} cannot be written, because {source}.", "Correct the plan.")
            if _is_too_long(value):
                return Failed(
                    f"Parameter {name} cannot be written, because its value has more than the "
                    f"{STANDARD_LIMIT_BYTES} bytes of a standard parameter.",
                    "Split the value, or have the application read it from elsewhere.",
                )
            found.append(NewValue(name, value, setting.type, setting.key))
        return tuple(found)

    def for_drill(self, application: str) -> Self | Refusal:
        """The same values under names of the drill's own, which it creates and undo deletes."""
        names = {name: drilled_name(application, name) for name in self.parameters}
        for name, drilled in names.items():
            if drilled.count("/") > _DEEPEST or len(drilled) > _LONGEST:
                return Refusal(
                    f"Parameter {name} has no stand-in for drills, because {drilled} is deeper or longer than "
                    "SSM allows; leave this step out of the drill."
                )
        renamed = {names[name]: given for name, given in self.parameters.items()}
        return self.model_copy(update={"parameters": renamed, "create_missing": True})


def drilled_name(application: str, name: str) -> str:
    """What a drill of the application has in place of a parameter of that name."""
    return f"/pilotlight/drill/{application}{name}"


def _is_too_long(value: str) -> bool:
    return len(value.encode()) > STANDARD_LIMIT_BYTES
