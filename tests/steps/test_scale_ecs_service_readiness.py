"""The step kind `scale_ecs_service`, looked at before an incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pilotlight.domain.errors import AwsError
from pilotlight.domain.step import (
    Severity,
)
from pilotlight.steps.scale_ecs_service import KIND
from rehearsal.services.ecs import Ecs
from rehearsal.wire import Call
from tests.steps.conftest import Bench
from tests.steps.containers import IMAGE, SECRET, TOKYO, Standby, params, stand


@pytest.fixture
def standby(bench: Bench) -> Standby:
    return stand(bench)


# Before an incident


def findings(standby: Standby, **differences: Any) -> dict[str, tuple[Severity, str]]:
    found = standby.bench.inside(lambda: KIND.readiness(params(**differences), standby.bench.context()))
    assert all(f.fix for f in found if f.severity is not Severity.FINE)
    return {f.code: (f.severity, f.sentence) for f in found}


def test_a_standby_in_order_is_found_ready(standby: Standby) -> None:
    assert findings(standby) == {
        "service-ready": (Severity.FINE, "Service fileflow-dr-service can go from 0 to 4 tasks.")
    }


def test_the_preflight_is_one_look(standby: Standby) -> None:
    before = len(standby.bench.world.trace)

    found = standby.bench.inside(lambda: KIND.preflight(params(), standby.bench.context()))

    assert [(f.severity, f.sentence) for f in found] == [(Severity.FINE, "Service fileflow-dr-service can be scaled.")]
    assert [line.operation for line in standby.bench.world.trace[before:]] == ["DescribeServices"]


def use(standby: Standby, image: str = IMAGE, **secrets: str) -> None:
    standby.service.definition = standby.ecs.add_task_definition(TOKYO, "fileflow", image, secrets=secrets)


SEOUL_IMAGE = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/fileflow:prod"


def image_in_seoul(standby: Standby) -> None:
    use(standby, SEOUL_IMAGE)


def secret_in_seoul(standby: Standby) -> None:
    use(standby, DB_PASSWORD="arn:aws:ssm:ap-northeast-2:123456789012:parameter/db", API_KEY=SECRET)


def definition_is_gone(standby: Standby) -> None:
    standby.ecs.definitions.clear()


def cluster_is_inactive(standby: Standby) -> None:
    standby.ecs.clusters[0].status = "INACTIVE"


def group_is_unused(standby: Standby) -> None:
    standby.group.load_balancer = None


def group_is_gone(standby: Standby) -> None:
    standby.balancing.target_groups.clear()


def no_grace(standby: Standby) -> None:
    standby.service.grace_seconds = 0


def no_groups(standby: Standby) -> None:
    standby.service.groups = ()


def narrow_bounds(standby: Standby) -> None:
    standby.autoscaling.add_target(standby.service, 4, 2)


def low_minimum(standby: Standby) -> None:
    standby.autoscaling.add_target(standby.service, 1, 8)


def suspended(standby: Standby) -> None:
    standby.autoscaling.add_target(standby.service, 4, 8, ScheduledScalingSuspended=True)


@pytest.mark.parametrize(
    ("trouble", "code", "severity", "sentence"),
    [
        (image_in_seoul, "image-in-primary", Severity.WARNING, f"takes its image {SEOUL_IMAGE} from ap-northeast-2"),
        (secret_in_seoul, "secret-in-primary", Severity.WARNING, "reads DB_PASSWORD from ap-northeast-2, which"),
        (definition_is_gone, "definition-missing", Severity.IMPOSSIBLE, "because its task definition is gone."),
        (cluster_is_inactive, "cluster-inactive", Severity.IMPOSSIBLE, "cluster fileflow-dr-cluster is INACTIVE."),
        (group_is_unused, "target-group-unused", Severity.IMPOSSIBLE, "no load balancer uses fileflow-dr-tg."),
        (group_is_gone, "target-group-missing", Severity.IMPOSSIBLE, "because a target group of it is gone."),
        (no_grace, "no-grace-period", Severity.WARNING, "has no grace period, so tasks slow to start are stopped"),
        (no_groups, "no-target-group", Severity.WARNING, "stands behind no target group"),
        (narrow_bounds, "autoscaling-maximum", Severity.WARNING, "allows 2 tasks, so the step will allow 4."),
        (low_minimum, "autoscaling-minimum", Severity.WARNING, "may go down to 1 task, below the 4 of the plan."),
        (suspended, "autoscaling-suspended", Severity.WARNING, "has ScheduledScalingSuspended, and the step leaves it"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_would_go_wrong_is_found_before_it_is_needed(
    standby: Standby, trouble: Callable[[Standby], None], code: str, severity: Severity, sentence: str
) -> None:
    trouble(standby)

    found = findings(standby)

    assert list(found) == [code]
    assert found[code][0] is severity
    assert sentence in found[code][1]


def test_a_first_registration_is_better_made_before(standby: Standby) -> None:
    found = findings(standby, autoscaling={"minimum": 4, "maximum": 8})

    assert found == {
        "autoscaling-unregistered": (
            Severity.WARNING,
            "Service fileflow-dr-service is not registered with the autoscaler yet, which may need a role.",
        )
    }


def test_bounds_that_the_plan_raises_are_no_finding(standby: Standby) -> None:
    standby.autoscaling.add_target(standby.service, 0, 0)

    assert list(findings(standby, autoscaling={"minimum": 4, "maximum": 8})) == ["service-ready"]


def describe_otherwise(standby: Standby, change: Callable[[dict[str, Any]], None]) -> None:
    """Let DescribeTaskDefinition answer with what the model has no word for."""
    answered = standby.ecs.describe_task_definition

    def describe(_: Ecs, call: Call) -> dict[str, Any]:
        answer: dict[str, Any] = dict(answered(call))
        change(answer["taskDefinition"])
        return answer

    standby.ecs._operations["DescribeTaskDefinition"] = describe


def test_a_task_definition_that_was_deregistered_is_found(standby: Standby) -> None:
    describe_otherwise(standby, lambda definition: definition.update(status="INACTIVE"))

    assert findings(standby) == {
        "definition-inactive": (
            Severity.WARNING,
            "Service fileflow-dr-service uses a task definition that is INACTIVE.",
        )
    }


def test_environment_that_names_the_primary_is_found(standby: Standby) -> None:
    hosts = [{"name": f"HOST_{n}", "value": "db.ap-northeast-2.rds.amazonaws.com"} for n in range(6)]
    describe_otherwise(standby, lambda d: d["containerDefinitions"][0].update(environment=hosts))

    assert findings(standby) == {
        "environment-names-primary": (
            Severity.WARNING,
            "Service fileflow-dr-service is told of ap-northeast-2 by HOST_0, HOST_1, HOST_2, HOST_3 and 2 more "
            "in its environment.",
        )
    }


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        (o.service, o.name, code)
        for o in KIND.operations
        if o.name in ("DescribeClusters", "DescribeTaskDefinition", "DescribeTargetGroups")
        for code in o.fatal
    ],
)
def test_a_readiness_check_that_is_refused_is_no_finding_but_an_error(
    standby: Standby, service: str, operation: str, code: str
) -> None:
    standby.refuse(service, operation, code)

    with pytest.raises(AwsError) as refused:
        standby.bench.inside(lambda: KIND.readiness(params(), standby.bench.context()))

    assert refused.value.code == code
