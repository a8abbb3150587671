"""Swap the configuration of the standby: write the SSM parameters that the application reads when its tasks start.

The parameters are there already, owned by whoever built the standby; only their values change. One that is
missing stops the step: a name that is wrong, or a standby that is not finished, must not be papered over with a
parameter that nobody reads, and that the next deployment of the infrastructure trips over. What holds the new
value already is not written again, so a swap that was cut short is finished by the next try. Done means: every
value is read back.

What runs in the standby reads other values from then on: the swap is disruptive, and it is undone by writing
the previous values back, unless someone else has written since.

Times: aws-facts section 11, 1 s to 60 s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import ClassVar

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal, Remains, StandIn
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    OutputOf,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.ssm.by_hand import swapping
from pilotlight.estate.ssm.parameters import (
    APPLICATION_TAG,
    OPERATIONS,
    RUN_TAG,
    VERSIONS_KEPT,
    Held,
    Kept,
    created,
    pinned_version,
    put_back,
    read,
    read_tags,
    swap,
)
from pilotlight.estate.ssm.settings import AWS_KEY, Settings

_LONGEST_TITLE = 60
"""The names of states are cut from titles, and a state's name has 80 characters at most."""
_READS = ("ssm:GetParameter", "ssm:GetParameterHistory", "ssm:ListTagsForResource")
_WRITES = ("ssm:PutParameter", "ssm:AddTagsToResource", "ssm:RemoveTagsFromResource")


class SwapConfigurationParams(Settings):
    """Which parameters get which values: text, or what an earlier step gave.

    ```yaml
    step: swap-configuration
    kind: swap_configuration
    params:
      parameters:
        /shared/rds/dr/endpoint: {step: promote, output: endpoint}
        /fileflow/dr/redis/address: {step: create-cache, output: address}
        /fileflow/dr/region: ap-northeast-1
        /fileflow/dr/redis/url:
          value: {step: create-cache, output: endpoint}
          type: SecureString
          key: alias/aws/ssm
    ```
    """


class SwapConfiguration(StepKind[SwapConfigurationParams]):
    """Writes values, keeps the previous ones, and reads back."""

    name = "swap_configuration"
    params = SwapConfigurationParams
    harm = Harm.DISRUPTIVE
    marks = True
    timing = Timing(
        shortest=timedelta(seconds=1),
        typical=timedelta(seconds=5),
        longest=timedelta(seconds=60),
        poll=timedelta(seconds=1),
        give_up=timedelta(minutes=5),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: SwapConfigurationParams) -> str:
        title = f"Swap {_named(params.parameters)}"
        return title if len(title) <= _LONGEST_TITLE else f"Swap {len(params.parameters)} configuration values"

    def needs(self, params: SwapConfigurationParams) -> tuple[OutputOf, ...]:
        return params.outputs_used()

    def statements(self, params: SwapConfigurationParams, place: Place) -> tuple[Statement, ...]:
        arns = tuple(place.arn("ssm", f"parameter{name}") for name in params.parameters)
        writes = (*_WRITES, "ssm:DeleteParameter") if params.create_missing else _WRITES
        keys = {s.key: None for s in params.settings().values() if s.key and s.key != AWS_KEY}
        key_arns = tuple(k if k.startswith("arn:") else place.arn("kms", f"key/{k}") for k in keys)
        via = {"StringEquals": {"kms:ViaService": f"ssm.{place.standby}.amazonaws.com"}}
        of_keys = (
            Statement(Access.READ, ("kms:Decrypt",), key_arns, via),
            Statement(Access.WRITE, ("kms:Encrypt",), key_arns, via),
        )
        return (
            Statement(Access.READ, _READS, arns),
            Statement(Access.WRITE, writes, arns),
            *(of_keys if key_arns else ()),
        )

    def standing(self, params: SwapConfigurationParams, place: Place) -> tuple[Standing, ...]:
        if params.create_missing:
            return ()
        settings = params.settings().items()
        why = "Its value is written by the run; one that nobody made would be one that nobody reads."
        return tuple(
            Standing("ssm", "parameter", place.standby, {"name": name, "type": s.type.value, "key": s.key}, why)
            for name, s in settings
        )

    def readiness(self, params: SwapConfigurationParams, context: StepContext) -> tuple[Finding, ...]:
        held = {name: read(context, name) for name in params.parameters}
        room = (_room(context, name, seen) for name, seen in held.items() if seen is not None)
        return (*_usable(params, held, context), *room)

    def preflight(self, params: SwapConfigurationParams, context: StepContext) -> tuple[Finding, ...]:
        return _usable(params, {name: read(context, name) for name in params.parameters}, context)

    def execute(self, params: SwapConfigurationParams, context: StepContext) -> Receipt | NotYet | Failed:
        values = params.new_values(context.outputs)
        if isinstance(values, Failed):
            return values
        held = {new.name: read(context, new.name) for new in values}
        # Nothing is written before everything can be: half a configuration is worse than none.
        for found in _usable(params, held, context):
            if found.severity is Severity.IMPOSSIBLE:
                return Failed(found.sentence, found.fix)
        swapped: dict[str, Kept] = {}
        for new in values:
            kept = swap(context, new, held[new.name])
            if isinstance(kept, NotYet | Failed):
                return kept
            swapped[new.name] = kept
        written = [name for name, kept in swapped.items() if kept.replaces is not None]
        sentence = f"Wrote {_named(written)}." if written else "Every parameter holds its new value already."
        data = {name: kept.as_data() for name, kept in swapped.items()}
        return Receipt(sentence, acted=bool(written), data={"parameters": data})

    def verify(
        self, params: SwapConfigurationParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        values = params.new_values(context.outputs)
        if isinstance(values, Failed):
            return values
        for new in values:
            name, held = new.name, read(context, new.name)
            written = receipt.data["parameters"][name]["version"]
            if held is not None and held.version < written:
                return Pending(f"Parameter {name} still shows version {held.version}, not {written}.")
            if held is None or held.value != new.value:
                what = "is gone" if held is None else f"was written over in version {held.version}"
                fix = "Find out who does that and stop it, then retry the step."
                return Failed(f"Parameter {name} {what}, and not by this run.", fix)
        return Settled(f"New values are read back from {_named(params.parameters)}.")

    def undo(self, params: SwapConfigurationParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        settings = {name: (setting.type, setting.key) for name, setting in params.settings().items()}
        recorded = receipt.data.get("parameters")
        all_kept = (
            {name: Kept(**data) for name, data in recorded.items()}
            if recorded is not None
            else created(context, params.parameters)
        )
        ours = {name: kept for name, kept in all_kept.items() if kept.replaces is not None}
        tried = [put_back(context, name, settings[name], kept) for name, kept in ours.items()]
        stays = "; ".join(reason for reason in tried if reason)
        if stays:
            return CannotUndo(f"{stays[0].upper()}{stays[1:]}; look at the values there.")
        if not ours:
            return Undone("Nothing is taken back, because this run wrote no parameter.")
        return Undone(f"As before this run: {_named(ours)}.")

    def stand_in(self, params: SwapConfigurationParams, isolation: Isolation) -> StandIn | Refusal:
        drilled = params.for_drill(isolation.application)
        return drilled if isinstance(drilled, Refusal) else StandIn(self.name, drilled)

    def not_apart(self, params: SwapConfigurationParams, isolation: Isolation) -> str:
        if params.create_missing:
            return ""
        return "A drill makes parameters of its own, which are seen to be gone afterwards; add `create_missing: true`."

    def remains(self, params: SwapConfigurationParams, context: StepContext) -> Remains | None:
        for name in params.parameters if params.create_missing else ():
            if read(context, name) is not None:
                made_by = read_tags(context, name)
                drilled = made_by.get(APPLICATION_TAG) == context.place.application
                run = made_by.get(RUN_TAG, "") if drilled else ""
                return Remains.of(f"Parameter {name}", "there", run)
        return None

    def by_hand(self, params: SwapConfigurationParams, place: Place) -> Handwork:
        values = {
            name: setting.value if isinstance(setting.value, str) else setting.value.by_hand
            for name, setting in params.settings().items()
        }
        return swapping(params.settings(), values, place.standby)


def _usable(
    params: SwapConfigurationParams, held: Mapping[str, Held | None], context: StepContext
) -> tuple[Finding, ...]:
    """Whether each parameter is there and of its type, which SSM does not change."""
    findings: list[Finding] = []
    for name, setting in params.settings().items():
        cannot, seen = f"Parameter {name} cannot be written, because it is", held[name]
        severity, sentence, fix = Severity.FINE, f"Parameter {name} is there.", ""
        if seen is None and params.create_missing:
            sentence = f"Parameter {name} is not there and will be created."
        elif seen is None:
            severity, sentence = Severity.IMPOSSIBLE, f"{cannot} missing in {context.place.standby}."
            fix = "Create it with the rest of the standby, or correct its name in the plan; then retry."
        elif seen.type != setting.type:
            severity, sentence = Severity.IMPOSSIBLE, f"{cannot} a {seen.type} and not a {setting.type}."
            fix = "Say its type in the plan, with the key of a SecureString; then retry."
        findings.append(Finding(severity, "parameter-usable", sentence, fix))
    return tuple(findings)


def _room(context: StepContext, name: str, held: Held) -> Finding:
    """SSM keeps 100 versions; the oldest must go for the next one, and a label holds it."""
    pinned = pinned_version(context, name) if held.version >= VERSIONS_KEPT else None
    if pinned is None:
        return Finding(Severity.FINE, "parameter-versions", f"Parameter {name} has room for a new version.")
    sentence = f"Parameter {name} cannot be written, because its oldest version {pinned} carries a label."
    fix = "Move the label to a newer version (aws ssm label-parameter-version)."
    return Finding(Severity.IMPOSSIBLE, "parameter-versions", sentence, fix)


def _named(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


KIND = SwapConfiguration()
