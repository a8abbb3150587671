"""Quotas: what is applied or by default, what is used, and what a recovery adds."""

from __future__ import annotations

import pytest

from pilotlight.domain.requirement import Severity
from pilotlight.requirements.quota_has_room import KIND, QuotaParams
from rehearsal.services.service_quotas import Quota, ServiceQuotas
from tests.requirements.looking import furnish, look, worst
from tests.steps.conftest import Bench

PARAMS = QuotaParams(service="fargate", quota="L-3032A538", adds=8)


@pytest.fixture
def quota(bench: Bench) -> Quota:
    """A quota of 16, five minutes after its world began."""
    furnish(bench, KIND, PARAMS)
    bench.inside(lambda: bench.world.time.sleep(300))
    return bench.aws.service(ServiceQuotas).quotas[0]


def test_room_for_what_is_added_is_fine(bench: Bench, quota: Quota) -> None:
    (finding,) = look(bench, KIND, PARAMS)

    assert finding.severity is Severity.FINE
    assert finding.sentence == ("Quota L-3032A538 in ap-northeast-1 is 16, 0 are used, and a recovery adds 8.")


def test_what_is_used_counts(bench: Bench, quota: Quota) -> None:
    quota.used = 9.0
    bench.inside(lambda: bench.world.time.sleep(300))

    finding = worst(look(bench, KIND, PARAMS))

    assert finding.severity is Severity.ERROR
    assert "is 16, 9 are used, and a recovery adds 8" in finding.sentence


def test_a_quota_that_was_never_raised_has_its_default(bench: Bench, quota: Quota) -> None:
    quota.applied, quota.value = False, 4.0

    assert "is 4, 0 are used" in worst(look(bench, KIND, PARAMS)).sentence


def test_an_unknown_use_is_never_none(bench: Bench, quota: Quota) -> None:
    quota.used = None

    finding = worst(look(bench, KIND, PARAMS))

    assert finding.severity is Severity.WARNING
    assert "nobody says" in finding.sentence


def test_a_quota_that_is_not_there_is_an_error(bench: Bench) -> None:
    finding = worst(look(bench, KIND, PARAMS))

    assert finding.sentence == "Service Quotas knows no quota L-3032A538 of fargate in ap-northeast-1."
