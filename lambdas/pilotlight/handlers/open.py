"""Opens a run, holds its gate, reviews its stages: the function that says whether a run goes on.

Opening twice is joining: every call starts from what is recorded, so the machine asks again until the answer is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilotlight.domain.errors import InputRefused
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.handlers.answer import Answer
from pilotlight.handlers.asked_for import hold
from pilotlight.handlers.gate import hold_gate
from pilotlight.handlers.opening import open_run
from pilotlight.handlers.review import review
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry
from pilotlight.handlers.warming import WARM, warm_steps


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "open")
    prefix = runtime.variable("PILOTLIGHT_STEP_FUNCTION_PREFIX")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        match event.get("do"):
            case "open":
                return open_run(runtime, event, prefix).to_answer()
            case "gate":
                run = runtime.control.run(str(event["run_id"]))
                plan = run.plan
                held = hold(runtime, run, plan) if isinstance(plan, InOneRegion) else hold_gate(runtime, run)
                return held.to_answer()
            case "review":
                return review(runtime, str(event["run_id"]), str(event["stage"])).to_answer()
            case "warm":
                warm_steps(runtime, runtime.plan, prefix)
                return Answer(WARM, "This function and those of the steps are awake.").to_answer()
            case other:
                raise InputRefused(f"The open function was asked to do {other!r}; it knows open, gate and review.")

    return handle


handler = entry(build)
