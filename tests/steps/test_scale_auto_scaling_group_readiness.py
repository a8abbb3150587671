"""The step kind `scale_auto_scaling_group`, looked at before an incident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pilotlight.domain.errors import AwsError
from pilotlight.domain.step import Severity
from pilotlight.steps.scale_auto_scaling_group import KIND
from tests.steps.conftest import Bench
from tests.steps.groups import KEY, TOKYO, WEB, Standby, params, stand

IMPOSSIBLE, WARNING = Severity.IMPOSSIBLE, Severity.WARNING


@pytest.fixture
def standby(bench: Bench) -> Standby:
    return stand(bench)


def findings(standby: Standby, **differences: Any) -> dict[str, tuple[Severity, str]]:
    found = standby.bench.inside(lambda: KIND.readiness(params(**differences), standby.bench.context()))
    assert all(f.fix for f in found if f.severity is not Severity.FINE)
    return {f.code: (f.severity, f.sentence) for f in found}


def test_a_standby_in_order_is_found_ready(standby: Standby) -> None:
    asked = {"target_groups": {WEB: 3000}, "user_data_marker": "DR_RECOVERY_MODE=true"}

    assert findings(standby, **asked) == {
        "group-ready": (Severity.FINE, "Group MegaTicket-DR-Web-ASG can go from 0 to 2 instances.")
    }


def test_the_preflight_is_one_look_in_the_standby(standby: Standby) -> None:
    before = len(standby.bench.world.trace)

    found = standby.bench.inside(lambda: KIND.preflight(params(), standby.bench.context()))

    assert [(f.severity, f.sentence) for f in found] == [(Severity.FINE, "Group MegaTicket-DR-Web-ASG can be scaled.")]
    assert [(line.operation, line.region) for line in standby.bench.world.trace[before:]] == [
        ("DescribeAutoScalingGroups", TOKYO)
    ]


def change_template(**changes: Any) -> Callable[[Standby], None]:
    def change(standby: Standby) -> None:
        standby.template.versions[0] = replace(standby.template.versions[0], **changes)

    return change


def lose_version(standby: Standby) -> None:
    standby.group.template = (*standby.group.template[:2], "7")


def lose_template(standby: Standby) -> None:
    standby.ec2.templates.clear()


def image_of_others(standby: Standby) -> None:
    standby.image.owner = "017000801446"


def image_pending(standby: Standby) -> None:
    standby.image.state = "pending"


def full_subnets(standby: Standby) -> None:
    for subnet, free in zip(standby.group.subnets, (1, 0), strict=True):
        subnet.free = free


def lose_type(*zones: str) -> Callable[[Standby], None]:
    def lose(standby: Standby) -> None:
        standby.ec2.limits_of(TOKYO).not_offered.update(("t2.small", f"{TOKYO}{zone}") for zone in zones)

    return lose


def low_quota(standby: Standby) -> None:
    standby.ec2.limits_of(TOKYO).vcpus = 1


def group_is_unused(standby: Standby) -> None:
    standby.web.load_balancer = None


def no_grace(standby: Standby) -> None:
    standby.group.grace_seconds = 0


def ec2_checks_only(standby: Standby) -> None:
    standby.group.health_check_type = "EC2"


def warm(standby: Standby) -> None:
    standby.group.resize(0, 3, 1)


@pytest.mark.parametrize(
    ("trouble", "code", "severity", "sentence"),
    [
        (lose_template, "template-missing", IMPOSSIBLE, "has no version $Latest in the standby."),
        (lose_version, "template-missing", IMPOSSIBLE, "has no version 7 in the standby."),
        (lambda s: s.ec2.images.clear(), "image-missing", IMPOSSIBLE, "is not in ap-northeast-1 (version 1 of launch"),
        (image_pending, "image-unavailable", IMPOSSIBLE, "is pending."),
        (image_of_others, "image-of-others", WARNING, "of account 017000801446, which may take it back."),
        (change_template(image="resolve:ssm:/ami"), "image-by-parameter", WARNING, "from resolve:ssm:/ami, which"),
        (lambda s: s.ec2.key_pairs.clear(), "key-pair-missing", IMPOSSIBLE, f"because key pair {KEY} is not there."),
        (change_template(profile="nobody"), "profile-missing", IMPOSSIBLE, "instance profile nobody is not there."),
        (full_subnets, "subnets-full", IMPOSSIBLE, "needs 2 addresses, and its subnets have 1."),
        (lambda s: s.ec2.subnets.pop(), "subnet-missing", IMPOSSIBLE, "because one of them is gone."),
        (lose_type("a", "c"), "type-not-offered", IMPOSSIBLE, "because none of its zones offers t2.small."),
        (lose_type("c"), "type-not-everywhere", WARNING, "has no t2.small in ap-northeast-1c, so it stands in fewer"),
        (low_quota, "quota", IMPOSSIBLE, "needs 2 vCPUs of t2.small, and the standby's quota is 1 in all."),
        (lambda s: s.suspend("AddToLoadBalancer"), "suspended", IMPOSSIBLE, "because AddToLoadBalancer is suspended."),
        (lambda s: s.suspend("HealthCheck"), "replacing-suspended", WARNING, "because HealthCheck is suspended."),
        (group_is_unused, "target-group-unused", IMPOSSIBLE, f"because no load balancer uses {WEB}."),
        (
            lambda s: s.balancing.target_groups.pop(),
            "target-group-missing",
            IMPOSSIBLE,
            "because a target group of it is gone.",
        ),
        (no_grace, "no-grace-period", WARNING, "has no grace period, so instances slow to start are ended"),
        (ec2_checks_only, "no-elb-health-check", WARNING, "does not ask its load balancer"),
        (warm, "not-idle", WARNING, "wants 1 instance already, and the step leaves what runs as it is."),
        (lambda s: s.group.resize(0, 9, 0), "larger-bounds", WARNING, "keeps its bounds of 0 and 9, of which one"),
    ],
)
def test_what_would_go_wrong_is_found_before_it_is_needed(
    standby: Standby, trouble: Callable[[Standby], None], code: str, severity: Severity, sentence: str
) -> None:
    trouble(standby)

    found = findings(standby)

    assert list(found) == [code]
    assert found[code][0] is severity
    assert sentence in found[code][1]


def test_a_suspended_launch_that_the_plan_resumes_is_a_warning(standby: Standby) -> None:
    standby.suspend("Launch")

    assert findings(standby, resume_suspended=True) == {
        "suspended": (
            WARNING,
            "Group MegaTicket-DR-Web-ASG will launch no instance because Launch is suspended, and the step will resume "
            "it.",
        )
    }


def test_user_data_without_the_marker_of_the_plan_is_found(standby: Standby) -> None:
    found = findings(standby, user_data_marker="DR_RECOVERY_MODE=yes")

    assert found["marker-missing"][0] is IMPOSSIBLE
    assert "does not hold 'DR_RECOVERY_MODE=yes' (version 1 of" in found["marker-missing"][1]


def test_another_port_than_the_plan_says_is_found(standby: Standby) -> None:
    found = findings(standby, target_groups={WEB: 3001})

    assert found["target-group-port"] == (
        IMPOSSIBLE,
        "Group MegaTicket-DR-Web-ASG would be asked by MegaTicket-DR-Web-TG at port 3000, and the plan says 3001.",
    )


def test_the_default_version_is_looked_at_where_the_group_uses_it(standby: Standby) -> None:
    broken = replace(standby.template.versions[0], number=2, image="ami-0000")
    standby.template.versions.append(broken)

    latest = findings(standby)
    standby.group.template = (*standby.group.template[:2], "$Default")
    default = findings(standby)

    assert (list(latest), list(default)) == (["image-missing"], ["group-ready"])


def test_a_profile_that_is_there_is_found_by_its_name(standby: Standby) -> None:
    standby.bench.inside(
        lambda: standby.bench.context().aws.call(
            "iam", "CreateInstanceProfile", "us-east-1", InstanceProfileName="megaticket-profile"
        )
    )
    change_template(profile="megaticket-profile")(standby)

    assert list(findings(standby)) == ["group-ready"]


def test_a_group_without_target_groups_is_a_warning(bench: Bench) -> None:
    assert list(findings(stand(bench, target_groups=()))) == ["no-target-group"]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "DescribeImages", "UnauthorizedOperation"),
        ("ec2", "DescribeSubnets", "RequestLimitExceeded"),
        ("service-quotas", "GetServiceQuota", "NoSuchResourceException"),
    ],
)
def test_a_look_that_is_refused_is_no_finding_but_an_error(
    standby: Standby, service: str, operation: str, code: str
) -> None:
    standby.refuse(service, operation, code, times=9)

    with pytest.raises(AwsError) as refused:
        findings(standby)

    assert refused.value.code == code
