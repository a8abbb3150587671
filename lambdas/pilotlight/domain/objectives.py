"""Whether a run kept what its plan promises."""

from __future__ import annotations

from collections.abc import Mapping

from pilotlight.domain.drill import Drill
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.life import StepState
from pilotlight.domain.plan import Clock, Plan
from pilotlight.domain.run import Run


def objectives_met(run: Run, states: Mapping[str, StepState]) -> bool | None:
    """Whether a run that recovered kept its objectives; None where that is not known."""
    plan, rto = run.plan, run.clocks.seconds_since_onset(Clock.VERIFIED)
    if isinstance(plan, InOneRegion):
        if isinstance(plan, Drill) and not _lost_little(run, plan):
            return None if run.lag_at_onset_seconds is None else False
        return rto is not None and rto <= plan.objectives.rto.total_seconds() and _steps_in_time(plan, states)
    assert isinstance(plan, Plan)
    if rto is None or run.lag_at_onset_seconds is None:
        return None
    promised = plan.objectives
    return rto <= promised.rto.total_seconds() and run.lag_at_onset_seconds <= promised.rpo.total_seconds()


def _lost_little(run: Run, plan: Drill) -> bool:
    lag = run.lag_at_onset_seconds
    return lag is not None and lag <= plan.rpo.total_seconds()


def _steps_in_time(plan: InOneRegion, states: Mapping[str, StepState]) -> bool:
    for name, promised in plan.objectives.steps.items():
        state = states.get(name, StepState())
        if state.started is None or state.finished is None or state.finished - state.started > promised:
            return False
    return True
