"""The old primary on the bench: a fence at work in Seoul, in a run from Tokyo or in the guard's hands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pilotlight.domain.life import StepState
from pilotlight.domain.step import CannotUndo, Failed, Finding, NotYet, Params, Receipt, StepKind, Undone
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.wire import Call, ServiceError
from tests.steps.conftest import PLACE, Bench

SEOUL = PLACE.primary


@dataclass
class OldPrimary:
    """The primary of FileFlow, and the fence that closes it; every call is made under the fence's own permissions."""

    bench: Bench
    kind: StepKind[Any]
    params: Params

    def furnish(self) -> None:
        """Put there what stood before the incident, as a rehearsal does."""
        for standing in self.kind.standing(self.params, PLACE):
            self.bench.world.models[standing.service].furnish(standing)

    def live(self) -> StepState:
        """Run the step to its end."""
        return self._as_its_role(lambda: self.bench.live(self.kind, self.params))

    def execute(self) -> Receipt | NotYet | Failed:
        """One look of the guard, which stands in Seoul and keeps nothing between two looks."""
        return self._as_its_role(
            lambda: self.bench.inside(lambda: self.kind.execute(self.params, self.bench.context()))
        )

    def undo(self, receipt: Receipt | None = None) -> Undone | CannotUndo:
        """Undo, without a receipt unless one is given."""
        known = receipt or Receipt("lost", acted=False)
        return self._as_its_role(
            lambda: self.bench.inside(lambda: self.kind.undo(self.params, known, self.bench.context()))
        )

    def readiness(self) -> dict[str, Finding]:
        """The findings by code."""
        found = self._as_its_role(
            lambda: self.bench.inside(lambda: self.kind.readiness(self.params, self.bench.context()))
        )
        return {finding.code: finding for finding in found}

    def guarded(self, minutes: int) -> None:
        """The guard looks each minute, and lives each look to its end."""
        for _ in range(minutes):
            self.live()
            self.bench.world.time.sleep(60)

    def refuse(self, service: str, operation: str, code: str, *, times: int = 1) -> None:
        """AWS answers the next calls of an operation with an error."""
        model, left = self.bench.aws.services[service], [times]
        answer = model.answer

        def refuse_or_answer(call: Call) -> Any:
            if call.operation == operation and left[0]:
                left[0] -= 1
                raise ServiceError(code, "as the test wants it")
            return answer(call)

        model.answer = refuse_or_answer  # type: ignore[method-assign]

    def calls_since(self, moment: int) -> list[str]:
        """The operations that were called since the trace was that long."""
        return [line.operation for line in self.bench.world.trace[moment:]]

    def without(self, operation: str) -> OldPrimary:
        """The same, where the role lacks a permission."""
        mine = self.kind.statements(self.params, PLACE)
        kept = tuple(replace(s, actions=tuple(a for a in s.actions if not a.endswith(f":{operation}"))) for s in mine)
        return _WithStatements(self.bench, self.kind, self.params, kept)

    @property
    def statements(self) -> Any:
        """What the fence's role may do."""
        return self.kind.statements(self.params, PLACE)

    def _as_its_role(self, work: Callable[[], Any]) -> Any:
        token = CURRENT_ROLE.set(Role("the-fence", self.statements))
        try:
            return work()
        finally:
            CURRENT_ROLE.reset(token)


@dataclass
class _WithStatements(OldPrimary):
    kept: Any = ()

    @property
    def statements(self) -> Any:
        return self.kept


def seconds(state: StepState) -> float:
    """How long a step took."""
    assert state.started is not None
    assert state.finished is not None
    return (state.finished - state.started).total_seconds()
