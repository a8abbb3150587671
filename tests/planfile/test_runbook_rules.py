"""A run-book that asks for what one region cannot give, or promises what it cannot keep, is refused where it does."""

from __future__ import annotations

import pytest

from pilotlight.domain.runbook import Runbook
from planfile import PlanFileRefused
from planfile.faults import Fault
from planfile.reading import parse, parse_any
from tests.planfile.builders import points_at

SOUND = """\
application: triflow
kind: runbook
runbook: mend
account: "123456789012"
region: ap-northeast-2
arming: manual
objectives:
  rto: 10 min
  steps:
    stop: 3 min
stages:
  serve:
    application:
      - step: stop
        kind: stop_ecs_task
        params: {cluster: a-cluster, service: a-service}
"""
PROMOTE = "kind: promote_replica\n        params: {replica: the-replica, source: the-source}"
STOP = "kind: stop_ecs_task\n        params: {cluster: a-cluster, service: a-service}"


def the_fault_of(text: str) -> Fault:
    with pytest.raises(PlanFileRefused) as refused:
        parse_any(text, "runbook.yaml")
    (fault,) = refused.value.faults
    return fault


def test_a_sound_one_is_a_run_book() -> None:
    plan = parse_any(SOUND, "runbook.yaml")

    assert isinstance(plan, Runbook)
    assert plan.name == "triflow-mend"


def test_who_asks_for_a_failover_plan_is_told_what_it_is() -> None:
    with pytest.raises(PlanFileRefused) as refused:
        parse(SOUND, "runbook.yaml")

    assert refused.value.faults[0].sentence == (
        "triflow-mend is a run-book, which starts by hand, watches nothing and moves to no other region; name a "
        "failover plan."
    )


@pytest.mark.parametrize(
    ("before", "after", "where", "said"),
    [
        ("arming: manual", "arming: automatic", "automatic", "A run-book starts by hand alone and cannot be armed"),
        ("  serve:", "  move:", "move", "A run-book works in one region and has no stage move"),
        (STOP, PROMOTE, "promote_replica", "'stop' (promote_replica) belongs to a move between two regions"),
        ("stop: 3 min", "halt: 3 min", "3 min", "No step 'halt' is in this run-book; there are stop."),
        ("stop: 3 min", "stop: 12 min", "12 min", "'stop' may take 12 min, and the whole run-book 10 min"),
        ("stop: 3 min", "stop: 0 s", "0 s", "'stop' may take 0 s, and nothing can be done in no time"),
        (
            "kind: runbook",
            "kind: runbok",
            "runbok",
            "There is no kind 'runbok' of plan; there are failover",
        ),
    ],
)
def test_each_fault_is_said_where_it_stands(before: str, after: str, where: str, said: str) -> None:
    text = SOUND.replace(before, after)

    with pytest.raises(PlanFileRefused) as refused:
        parse_any(text, "runbook.yaml")
    fault = next(each for each in refused.value.faults if each.sentence.startswith(said))

    assert points_at(fault, text, where)


def test_one_that_only_prepares_mends_nothing() -> None:
    text = SOUND.replace("  serve:", "  after:")

    assert the_fault_of(text).sentence == "A run-book has a step in stage serve, and this one has none; add one."


@pytest.mark.parametrize("field", ["signals: {}", "traffic: {}", "fence: {}", "regions: {}"])
def test_it_has_nothing_of_what_only_a_failover_needs(field: str) -> None:
    fault = the_fault_of(f"{SOUND}{field}\n")

    assert fault.sentence.startswith(f"'{field.split(':', maxsplit=1)[0]}' is not a field of the plan")


def test_a_disruptive_step_does_not_prepare() -> None:
    text = SOUND.replace("  serve:\n", "  prepare:\n").replace("  steps:\n    stop: 3 min\n", "")

    with pytest.raises(PlanFileRefused) as refused:
        parse_any(text, "runbook.yaml")

    assert any("prepare comes before the gate" in fault.sentence for fault in refused.value.faults)


def test_a_test_of_a_run_book_begins_at_a_moment_that_there_is() -> None:
    test_of = "test_of:\n  runbook: other\n  schedule: {cron: '0 3 ? * SUN#1 *', zone: Asia/Seoul}\n"
    sound = SOUND.replace("arming: manual\n", f"arming: manual\n{test_of}")

    assert parse_any(sound, "runbook.yaml").name == "triflow-mend"
    assert the_fault_of(sound.replace("Asia/Seoul", "Asia/Soul")).sentence == (
        "There is no time zone 'Asia/Soul'; name one as in Asia/Seoul."
    )
