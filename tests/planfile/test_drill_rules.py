"""A drill that is not apart from production, or that nobody could pay or plan for, is refused where it is written."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from planfile import PlanFileRefused, parse
from planfile.faults import Fault
from tests.drills import COPY, FILEFLOW, GROUP, RESTORED, a_drilled_plan, written

PORTFORGE = FILEFLOW.parent / "portforge.yaml"
OWN_ROLE = "arn:aws:iam::123456789012:role/pilotlight-fileflow-drill-task"
TASK = {
    "kind": "run_task",
    "params": {
        "cluster": "fileflow-dr-cluster",
        "task_definition": "migration",
        "container": "app",
        "subnets": ["subnet-0123456789abcdef0"],
        "security_groups": [GROUP],
        "roles": ["fileflow-dr-execution"],
        "task_role": OWN_ROLE,
    },
}
ASK: dict[str, Any] = {"kind": "check_http", "params": {"url": "https://fileflow.ryuqqq.com/api/test"}}


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(PlanFileRefused) as refused:
        parse(text, "fileflow.yaml")
    return refused.value.faults


def changed(of: dict[str, Any], **params: Any) -> dict[str, Any]:
    return {"kind": of["kind"], "params": {**of["params"], **params}}


def lines_under(text: str, *path: str | int) -> tuple[int, int]:
    """The lines from a place of a text to the end of it."""
    node: Any = yaml.compose(text)
    for step in path:
        if isinstance(step, int):
            node = node.value[step]
        else:
            ((key, node),) = [(k, v) for k, v in node.value if k.value == step]
    return key.start_mark.line + 1, node.end_mark.line + 1


def the_fault_at(text: str, *path: str | int) -> str:
    """The one thing that is wrong with a text, which has to point at that place of it."""
    (fault,) = faults_of(text)
    first, last = lines_under(text, *path)
    assert fault.line is not None
    assert fault.column
    assert first <= fault.line <= last, f"{fault.at} and not {first} to {last}"
    return fault.sentence


def in_place_of_the_database(stand_in: dict[str, Any]) -> str:
    text = written(stand_ins={"promote": stand_in})
    return the_fault_at(text, "drill", "stand_ins", "promote")


def test_the_drill_that_the_others_are_changed_from_is_sound() -> None:
    assert a_drilled_plan().drill is not None


class TestStandIns:
    def test_a_step_without_one_is_refused_where_the_step_is(self) -> None:
        (fault,) = (f for f in faults_of(written(stand_ins={})) if "Declare its stand-in" in f.sentence)

        assert "Declare its stand-in as drill.stand_ins.promote." in fault.sentence
        assert "step: promote" in fault.source

    def test_one_of_no_step_would_be_forgotten(self) -> None:
        text = written(stand_ins={"promote": RESTORED, "promot": ASK})

        said = the_fault_at(text, "drill", "stand_ins", "promot")

        assert said.startswith("There is no step 'promot' to stand in for; there are create-redis, ")

    def test_of_a_kind_that_does_not_exist(self) -> None:
        said = in_place_of_the_database({"kind": "restore", "params": {}})

        assert said == "There is no step kind 'restore' to stand in for promote."

    @pytest.mark.parametrize(
        ("kind", "why"),
        [
            ("fence_security_group", "closes production"),
            ("promote_replica", "moves a writer for good"),
            ("scale_ecs_service", "starts a service that is there; a drill runs a copy (copy_ecs_service)"),
            ("latch_traffic", "sends users to the standby"),
        ],
    )
    def test_of_a_kind_that_no_drill_may_use(self, kind: str, why: str) -> None:
        said = in_place_of_the_database({"kind": kind, "params": {}})

        assert said == f"{kind} {why}, so it stands in for nothing in a drill."

    def test_with_parameters_that_its_kind_does_not_take(self) -> None:
        said = in_place_of_the_database(changed(RESTORED, back="ten minutes"))

        assert said.startswith("The stand-in of promote is refused at 'back': ")

    def test_that_does_not_give_what_another_step_needs(self) -> None:
        said = the_fault_of_all(written(stand_ins={"promote": TASK}), "needs 'endpoint' of 'promote'")

        assert "run_task does not give it; declare another stand-in" in said

    def test_that_needs_a_step_which_the_drill_goes_without(self) -> None:
        latched = {
            "kind": "check_http",
            "params": {**ASK["params"], "connect_to": {"step": "latch-traffic", "output": "a"}},
        }

        said = the_fault_of_all(written(then=[{"step": "smoke", **latched}]), "'smoke' needs 'a' of 'latch-traffic'")

        assert "the drill goes without that step, which would give it" in said


def the_fault_of_all(text: str, said: str) -> str:
    (sentence,) = (fault.sentence for fault in faults_of(text) if said in fault.sentence)
    return sentence


class TestProduction:
    def test_one_that_would_change_what_the_failover_changes(self) -> None:
        said = in_place_of_the_database(changed(RESTORED, source="x", instance="ryuqqq-shared-rds-replica"))

        assert "arn:aws:rds:ap-northeast-1:123456789012:db:ryuqqq-shared-rds-replica" in said
        assert "a drill does not touch production; name a resource that is the drill's own" in said

    def test_one_in_a_group_that_lets_more_out(self) -> None:
        said = in_place_of_the_database(changed(RESTORED, security_groups=["sg-0a11000000000000"]))

        assert said == (
            "The stand-in of promote is not apart from production: sg-0a11000000000000 is no group of "
            "drill.security_groups, which alone let nothing out to it."
        )

    def test_a_copy_that_would_be_left_behind(self) -> None:
        assert f"Copy {COPY} would be left behind; add `keep: false`." in in_place_of_the_database(
            changed(RESTORED, keep=True)
        )

    @pytest.mark.parametrize("role", [None, "arn:aws:iam::123456789012:role/fileflow-prod-task"])
    def test_a_task_under_another_role_than_the_drill_s(self, role: str | None) -> None:
        (fault,) = faults_of(written(then=[{"step": "migrate", **changed(TASK, task_role=role)}]))

        assert f"In a drill a task runs under {OWN_ROLE}" in fault.sentence
        assert "step: migrate" in fault.source

    def test_a_task_under_the_drill_s_role_is_sound(self) -> None:
        assert a_drilled_plan(then=[{"step": "migrate", **TASK}]).drill is not None

    def test_nodes_that_take_every_pod(self) -> None:
        scale = {"kind": "scale_node_group", "params": {"cluster": "a", "node_group": "b", "nodes": 1}}

        (fault,) = faults_of(written(then=[{"step": "nodes", **scale}]))

        assert "Node group b has to bear a taint that only the drill's pods tolerate" in fault.sentence

    def test_parameters_that_are_there_already(self) -> None:
        swap = {"kind": "swap_configuration", "params": {"parameters": {"/a/b": "c"}}}

        (fault,) = faults_of(written(then=[{"step": "swap", **swap}]))

        assert "add `create_missing: true`" in fault.sentence

    def test_the_namespace_of_the_application(self) -> None:
        plan = yaml.safe_load(PORTFORGE.read_text())
        plan["drill"]["stand_ins"]["swap-identity"]["params"]["namespace"] = "portforge"
        text = yaml.safe_dump(plan, sort_keys=False)

        with pytest.raises(PlanFileRefused) as refused:
            parse(text, PORTFORGE.name)

        (fault,) = refused.value.faults
        assert "would change namespace portforge of portforge-dr-cluster, which the failover changes" in fault.sentence


class TestThen:
    def test_a_name_that_is_taken(self) -> None:
        text = written(then=[{"step": "promote", **RESTORED}])

        assert "There is a step 'promote' already; give this one another name." in [
            fault.sentence for fault in faults_of(text)
        ]

    def test_what_is_done_besides_has_one_lane_to_come_behind(self) -> None:
        plan = yaml.safe_load(written(then=[{"step": "smoke", **ASK}]))
        plan["stages"]["serve"]["other"] = [{"step": "ask", "kind": "ask_a_person", "params": {"about": "that"}}]
        text = yaml.safe_dump(plan, sort_keys=False)

        said = the_fault_of_all(text, "What a drill does besides")

        assert said.endswith("comes behind the one lane of stage serve, which has several; leave it out.")


class TestTimeAndMoney:
    def test_it_costs_no_more_than_it_may(self) -> None:
        said = the_fault_at(written(time_to_live="8 h"), "drill", "time_to_live")

        assert said.startswith("In 8 h a drill costs 3.20 USD at 0.40 USD an hour, and may cost 3.00 USD; shorten")

    @pytest.mark.parametrize(
        ("cron", "zone", "why"),
        [
            ("0 10 ? * WED#1 2027", "Asia/Seoul", "write * there"),
            ("0 10 1 * WED *", "Asia/Seoul", "One of the two fields for days"),
            ("0 25 ? * WED *", "Asia/Seoul", "names no moment"),
            ("0 10 ? * WED *", "Asia/Soul", "There is no time zone 'Asia/Soul'"),
        ],
    )
    def test_its_schedule_names_a_moment(self, cron: str, zone: str, why: str) -> None:
        said = the_fault_at(written(schedule={"cron": cron, "zone": zone}), "drill", "schedule")

        assert why in said

    def test_a_cron_of_five_fields_is_none_of_scheduler_s(self) -> None:
        (fault,) = faults_of(written(schedule={"cron": "0 10 * * WED", "zone": "Asia/Seoul"}))

        assert "cron: 0 10 * * WED" in fault.source

    def test_a_blocked_time_ends_after_it_begins(self) -> None:
        backwards = {"begins": "2026-12-31T00:00:00+09:00", "ends": "2026-12-20T00:00:00+09:00", "because": "a sale"}

        said = the_fault_at(written(blocked=[backwards]), "drill", "blocked", 0)

        assert "a blocked time ends after it begins" in said
