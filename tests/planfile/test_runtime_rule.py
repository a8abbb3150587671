"""A plan names no step whose calls the SDK of Lambda's runtime does not know yet."""

from __future__ import annotations

from pilotlight.steps import kind, kind_names
from tests.planfile.builders import KINDS, changed, points_at, the_fault_of

WAITING = {name: kind(name) for name in kind_names() if kind(name).waits_for_the_runtime}
STEP = "{step: replica, kind: activate_user_pool_replica, params: {pool: eu-central-1_AbCdEfGhI}}"


def test_a_kind_that_waits_for_the_runtime_is_refused_by_name() -> None:
    text = changed(("  serve:\n", f"  serve:\n    users:\n      - {STEP}\n"))

    fault = the_fault_of(text, {**KINDS, **WAITING})

    assert points_at(fault, text, "activate_user_pool_replica")
    assert fault.sentence == (
        "'replica' (activate_user_pool_replica) calls what the SDK of Lambda's runtime does not know yet; leave it out "
        "until it does, and do by hand what it would."
    )
