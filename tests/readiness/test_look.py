"""What readiness looks at, and what it makes of what it cannot see."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import planfile
from pilotlight.domain.errors import AccessDenied, AwsError, InvalidRequest, NotFound, Refused, Throttled
from pilotlight.domain.kind import Finding, Severity
from pilotlight.domain.plan import OtherWriter, Plan, Requirement
from pilotlight.domain.ports import WebAnswer
from pilotlight.domain.stages import Stages
from pilotlight.readiness.look import Found, Look, looks, take, worst_first
from pilotlight.readiness.writers import of_writers
from tests.steps.conftest import CannedWeb

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
CERTIFICATE = Requirement(
    requirement="certificate", kind="certificate_issued", params={"names": ["fileflow.ryuqqq.com"]}
)


@pytest.fixture(scope="module")
def fileflow() -> Plan:
    return planfile.load(ROOT / "plans" / "fileflow.yaml")


class Answering:
    """AWS that answers everything in one way."""

    def __init__(self, answer: dict[str, Any] | type[AwsError], code: str = "Code") -> None:
        self.answer, self.code, self.calls = answer, code, list[str]()

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        self.calls.append(operation)
        if isinstance(self.answer, dict):
            return self.answer
        raise self.answer(service, operation, region, self.code, "as the test says")


def every(plan: Plan, aws: Answering) -> list[Look]:
    return list(looks(plan, NOW, aws, CannedWeb([WebAnswer(200, "")])))


def test_every_step_and_requirement_is_looked_at_and_nothing_is_asked_before(fileflow: Plan) -> None:
    aws = Answering({})
    plan = fileflow.model_copy(update={"requirements": (CERTIFICATE,)})

    found = every(plan, aws)

    assert [look.about for look in found] == ["writers", *plan.steps(), "certificate", "service-roles"]
    assert aws.calls == []


def test_a_plan_that_does_not_know_its_users_ways_is_told_so(fileflow: Plan) -> None:
    plan = fileflow.model_copy(update={"traffic": None, "stages": Stages()})

    (look,) = [look for look in every(plan, Answering({})) if look.about == "traffic"]

    (found,) = take(look)
    assert (found.finding.code, found.finding.severity) == ("paths-unknown", Severity.ERROR)


def test_a_look_that_would_change_something_is_refused(fileflow: Plan) -> None:
    only = next(look for look in every(fileflow, Answering({})) if look.about == "promote")
    context = only.find.args[1]  # type: ignore[attr-defined]  # a partial

    with pytest.raises(Refused):
        context.aws.call("rds", "PromoteReadReplica", "ap-northeast-1")


@pytest.mark.parametrize(
    ("error", "severity", "code"),
    [
        (AccessDenied, Severity.ERROR, "not-permitted"),
        (Throttled, Severity.WARNING, "not-read"),
        (InvalidRequest, Severity.ERROR, "not-read"),
    ],
)
def test_what_cannot_be_read_is_a_finding(fileflow: Plan, error: type[AwsError], severity: Severity, code: str) -> None:
    look = next(look for look in every(fileflow, Answering(error)) if look.about == "promote")

    (found,) = take(look)

    assert (found.finding.severity, found.finding.code) == (severity, code)
    assert look.title in found.finding.sentence


def test_a_missing_permission_is_named_as_iam_names_it(fileflow: Plan) -> None:
    look = next(look for look in every(fileflow, Answering(AccessDenied)) if look.about == "close-traffic")

    (found,) = take(look)

    assert found.finding.fix == ("Allow elasticloadbalancing:DescribeLoadBalancers in ap-northeast-2, and look again.")


def test_a_missing_service_role_says_how_to_make_it(fileflow: Plan) -> None:
    look = next(look for look in every(fileflow, Answering(NotFound)) if look.about == "service-roles")

    found = take(look)

    assert {each.finding.severity for each in found} == {Severity.ERROR}
    assert [each.finding.fix.rpartition(" ")[2] for each in found] == [
        "rds.amazonaws.com",
        "ecs.amazonaws.com",
        "ecs.application-autoscaling.amazonaws.com",
    ]


def test_the_worst_comes_first_and_equals_keep_their_order() -> None:
    severities = [Severity.FINE, Severity.ERROR, Severity.WARNING, Severity.IMPOSSIBLE, Severity.ERROR]
    found = [Found(str(index), Finding(severity, "code", "")) for index, severity in enumerate(severities)]

    assert [each.about for each in worst_first(found)] == ["3", "1", "4", "2", "0"]


class TestWriters:
    def test_others_without_a_plan_are_an_error(self, fileflow: Plan) -> None:
        (finding,) = of_writers(fileflow)

        assert (finding.severity, finding.code) == (Severity.ERROR, "writer-without-plan")
        assert finding.sentence.startswith("The other services on ryuqqq-shared-rds write to ryuqqq-shared-rds")

    def test_others_with_a_plan_are_fine(self, fileflow: Plan) -> None:
        plan = fileflow.model_copy(update={"other_writers": (OtherWriter(name="Billing", plan="billing"),)})

        (finding,) = of_writers(plan)

        assert finding.sentence == "Billing writes to ryuqqq-shared-rds and moves with plan billing."

    def test_a_shared_database_that_no_fence_closes_is_an_error(self, fileflow: Plan) -> None:
        traffic_alone = {"traffic": fileflow.stages.fence["traffic"]}
        stages = fileflow.stages.model_copy(update={"fence": traffic_alone})
        plan = fileflow.model_copy(update={"stages": stages, "other_writers": ()})

        (finding,) = of_writers(plan)

        assert (finding.severity, finding.code) == (Severity.ERROR, "shared-writer-open")
        (alone,) = of_writers(plan.model_copy(update={"shared_group": None}))
        assert alone.severity is Severity.FINE

    def test_a_plan_that_moves_no_writer_shares_none(self, fileflow: Plan) -> None:
        (finding,) = of_writers(fileflow.model_copy(update={"stages": Stages()}))

        assert finding.sentence == "The plan moves no writer."
