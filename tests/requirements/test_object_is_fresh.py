"""What is copied into the standby again and again: that it is there, and how old the newest copy is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.requirement import Finding, Severity
from pilotlight.requirements.object_is_fresh import KIND, ObjectParams
from rehearsal.services.s3 import S3
from tests.requirements.looking import furnish, look
from tests.steps.conftest import PLACE, Bench

BUCKET, PREFIX = "triflow-ai-dr-state", "backups/terraform.tfstate."
DAY = timedelta(days=1)


def params(**changes: Any) -> ObjectParams:
    return ObjectParams.model_validate({"bucket": BUCKET, "prefix": PREFIX, "no_older_than": "26 h"} | changes)


@pytest.fixture
def s3(bench: Bench) -> S3:
    """An empty bucket in Tokyo."""
    s3 = bench.aws.service(S3)
    s3.add_versioned(PLACE.standby, BUCKET)
    return s3


def found(bench: Bench) -> Finding:
    (finding,) = look(bench, KIND, params())
    return finding


def test_the_copy_of_last_night_is_fine(bench: Bench, s3: S3) -> None:
    now = bench.world.time.now()
    for days in range(1, 31):
        s3.write(BUCKET, f"{PREFIX}{now - days * DAY:%Y%m%d}", now - days * DAY)

    finding = found(bench)

    assert finding.severity is Severity.FINE
    assert finding.sentence == (
        f"The newest object under {BUCKET}/{PREFIX} in ap-northeast-1, {PREFIX}20261120, is 24 h 00 min old."
    )


def test_the_newest_counts_whatever_its_key(bench: Bench, s3: S3) -> None:
    now = bench.world.time.now()
    s3.write(BUCKET, f"{PREFIX}a", now - timedelta(hours=1))
    s3.write(BUCKET, f"{PREFIX}z", now - 9 * DAY)

    assert f"{PREFIX}a, is 1 h 00 min old" in found(bench).sentence


def test_copies_that_stopped_are_an_error(bench: Bench, s3: S3) -> None:
    s3.write(BUCKET, f"{PREFIX}old", bench.world.time.now() - 2 * DAY)

    finding = found(bench)

    assert finding.severity is Severity.ERROR
    assert "is 48 h 00 min old, more than 26 h" in finding.sentence


def test_what_is_written_over_the_same_key_is_as_young_as_its_last_version(bench: Bench, s3: S3) -> None:
    now = bench.world.time.now()
    s3.write(BUCKET, f"{PREFIX}state", now - 9 * DAY)
    s3.write(BUCKET, f"{PREFIX}state", now - timedelta(minutes=5))

    assert found(bench).severity is Severity.FINE


@pytest.mark.parametrize("trouble", ["nothing", "deleted", "elsewhere", "empty"])
def test_nothing_to_come_back_from_is_an_error(bench: Bench, s3: S3, trouble: str) -> None:
    if trouble == "deleted":
        s3.write(BUCKET, f"{PREFIX}state")
        s3.delete(BUCKET, f"{PREFIX}state")
    elif trouble == "elsewhere":
        s3.write(BUCKET, "other/state")
    elif trouble == "empty":
        s3.write(BUCKET, f"{PREFIX}state", size=0)

    finding = found(bench)

    assert finding.severity is Severity.ERROR
    assert f"under {BUCKET}/{PREFIX}" in finding.sentence
    assert ("only empty objects" in finding.sentence) is (trouble == "empty")


def test_a_bucket_that_is_not_there_is_said(bench: Bench) -> None:
    assert found(bench).sentence == f"There is no bucket {BUCKET} in ap-northeast-1."


@pytest.mark.full
def test_all_pages_are_read_and_too_many_leave_the_age_unknown(bench: Bench, s3: S3) -> None:
    # Given the newest stands on the second page
    now = bench.world.time.now()
    for number in range(1001):
        s3.write(BUCKET, f"{PREFIX}{number:05}", now - (9 * DAY if number < 1000 else timedelta(hours=1)))
    assert found(bench).severity is Severity.FINE

    # When there is more than forty pages hold
    for number in range(40_001):
        s3.write(BUCKET, f"{PREFIX}{number:05}", now)

    # Then one look cannot tell
    finding = found(bench)
    assert finding.severity is Severity.ERROR
    assert "is unknown" in finding.sentence


def test_what_a_plan_takes_to_stand_is_fine(bench: Bench) -> None:
    furnish(bench, KIND, params())

    assert found(bench).severity is Severity.FINE


@pytest.mark.parametrize("changes", [{"no_older_than": "0 s"}, {"prefix": "*"}, {"prefix": ""}, {"bucket": "A"}])
def test_what_cannot_be_meant_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        params(**changes)


def test_it_may_list_that_prefix_and_read_nothing() -> None:
    (statement,) = KIND.statements(params(), PLACE)

    assert statement.actions == ("s3:ListBucket",)
    assert statement.resources == (f"arn:aws:s3:::{BUCKET}",)
    assert statement.conditions == {"StringEquals": {"s3:prefix": PREFIX}}
