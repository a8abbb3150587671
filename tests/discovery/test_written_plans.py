"""The plans that discovery writes of four systems: each is sound, and differs from ours only where it says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import planfile
from discovery import draft
from pilotlight.domain.plan import Plan
from pilotlight.steps import kind_and_params
from tests.discovery.worlds import found_in, portforge
from tests.ticketing import megaticket

ROOT = Path(__file__).parents[2]
MISSING = "nothing"


def load(path: str) -> Plan:
    return planfile.load(ROOT / path)


# What only people know of any application.
PEOPLES = {
    "description": "a sentence about the application",
    "objectives.expected_rto": "what is expected of a run",
    "objectives.resources": "what was promised of each resource, of those that no step touches too",
    "requirements": "ours asks for no certificate; the draft proposes to look at the standby's",
    "notifications.slack.channel": "whose channel it is",
    "notifications.slack.token_secret": "ours tells nobody",
    "notifications.slack": "ours tells nobody",
    "arming": "ours is armed for its tests",
    "gates.max_data_loss": "ours leaves it to the objective, which is as long",
    "create_cache.security_groups": "whom the network of the standby lets in",
    "restore_database.security_groups": "whom the network of the standby lets in",
    "after: convert_to_multi_az": "ours stays in one zone, where the primary has two",
}
# Each system's own.
OWN: dict[str, dict[str, str]] = {
    "fileflow": {
        "check_http.expect_json.status": "what a healthy answer says",
        "signals.probe.expect_body": "what a healthy answer says",
    },
    "triflow": {
        "serve: run_task": "that its schema is brought up to date by a task of its own",
        "notifications.updates": "how often its people want to hear",
        "notifications.escalation": "who is called when nobody takes it up",
        "convert_to_multi_az.restored": "ours restores the instance itself",
    },
    "megaticket": {
        # The tests' plan names hosts that are no load balancers, and no records; the world has load balancers.
        "check_http.connect_to": "a load balancer",
        "check_http.url": "the path, which only the hosts' health checks tell",
        "signals.health_check.host": "a load balancer",
        "signals.health_check.id": "a health check of the tests",
        "signals.health_check.path": "the path, which only the hosts' health checks tell",
        "signals.probe.connect_to": "a load balancer",
        "signals.probe.url": "the public name",
        "scale_ecs_service.target_group": "ours names the only one that there is",
    },
    "portforge": {"fence: fence_listener": "ours closes the database alone, which is enough"},
}
SYSTEMS: dict[str, tuple[Callable[[], Plan], tuple[str, ...]]] = {
    "fileflow": (lambda: load("plans/fileflow.yaml"), ("ryuqqq-shared-rds",)),
    "triflow": (lambda: load("plans/triflow.yaml"), ()),
    "megaticket": (megaticket, ("KDT-Msp4-PLDR",)),
    "portforge": (portforge, ()),
}
each_system = pytest.mark.parametrize("system", SYSTEMS)


@each_system
def test_what_it_writes_is_sound_and_differs_only_where_a_person_decides(system: str) -> None:
    make, also = SYSTEMS[system]
    ours = make()

    text = draft(found_in(ours, *also))

    theirs = planfile.parse(text, f"{system}.yaml")
    differing = set(differences(ours, theirs))
    assert differing <= PEOPLES.keys() | OWN[system].keys()
    assert differing >= OWN[system].keys()


def test_every_difference_that_is_listed_is_one() -> None:
    seen: set[str] = set()
    for make, also in SYSTEMS.values():
        ours = make()
        seen |= differences(ours, planfile.parse(draft(found_in(ours, *also)), "drafted.yaml")).keys()

    assert PEOPLES.keys() <= seen


def differences(ours: Plan, theirs: Plan) -> dict[str, tuple[Any, Any]]:
    """Where two plans differ, with what each says; of a step that only one of them has its parameters are not told."""
    one, other = dict(flat(ours)), dict(flat(theirs))
    in_one = {key.rpartition(": ")[2] for key in one.keys() ^ other.keys() if ": " in key}
    return {
        key: (one.get(key, MISSING), other.get(key, MISSING))
        for key in sorted(one.keys() | other.keys())
        if one.get(key, MISSING) != other.get(key, MISSING) and key.partition(".")[0] not in in_one
    }


def flat(plan: Plan) -> Iterator[tuple[str, Any]]:
    """The fields of a plan by their places, and its steps by kind, with the parameters of those that both may have.

    What a step is called is a matter of taste; what a plan leaves out has the value that its kind gives it.
    """
    document = plan.model_dump(mode="json", by_alias=True)
    document.pop("stages")
    yield from leaves("", document)
    for step in plan.steps().values():
        kind, params = kind_and_params(step)
        yield f"{step.started_in.value}: {kind.name}", "there"
        yield from leaves(f"{kind.name}.", params.model_dump(mode="json"))


def leaves(before: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and set(item) != {"step", "output"}:
            yield from leaves(f"{before}{key}.", item)
        else:
            yield f"{before}{key}", "a step's output" if isinstance(item, Mapping) else item
