"""Deleted objects that come back: those of the span under the prefix, no more than the plan allows, nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import Failed, Receipt, Severity, Undone
from pilotlight.steps.restore_object_versions import KIND, RestoreObjectVersionsParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.s3 import S3
from tests.steps.conftest import PLACE, Bench

TOKYO, BUCKET, PREFIX = PLACE.standby, "triflow-ai-prod", "tenants/uuid-123/"
REMOVE = "s3:DeleteObjects"


def params(**differences: Any) -> RestoreObjectVersionsParams:
    whole = {"bucket": BUCKET, "prefix": PREFIX, "deleted_within": "6 h", "at_most": 200}
    return RestoreObjectVersionsParams.model_validate({**whole, **differences})


PARAMS = params()


@pytest.fixture
def s3(bench: Bench) -> S3:
    model = bench.aws.service(S3)
    model.add_versioned(TOKYO, BUCKET)
    return model


def lose(bench: Bench, s3: S3, key: str, *, hours_ago: float) -> None:
    """An object is written the day before, and deleted so long ago."""
    now = bench.world.time.now()
    s3.write(BUCKET, key, now - timedelta(days=1))
    s3.delete(BUCKET, key, now - timedelta(hours=hours_ago))


def is_there(s3: S3, key: str) -> bool:
    return not s3.kept[BUCKET].objects[key][-1].marker


def execute(bench: Bench) -> Receipt | Failed:
    return bench.inside(lambda: KIND.execute(PARAMS, bench.context()))


class TestBringingBack:
    def test_only_what_was_deleted_in_the_span_under_the_prefix_comes_back(self, bench: Bench, s3: S3) -> None:
        lose(bench, s3, f"{PREFIX}a", hours_ago=1)
        lose(bench, s3, f"{PREFIX}b", hours_ago=5)
        lose(bench, s3, f"{PREFIX}old", hours_ago=7)
        lose(bench, s3, "tenants/uuid-456/a", hours_ago=1)

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert end.reason == f"2 objects under {PREFIX} of {BUCKET} were brought back."
        assert end.outputs == {"restored": "2"}
        assert [key for key in s3.kept[BUCKET].objects if is_there(s3, key)] == [f"{PREFIX}a", f"{PREFIX}b"]
        assert bench.writes() == [REMOVE]

    def test_an_object_that_lives_keeps_all_its_versions(self, bench: Bench, s3: S3) -> None:
        lose(bench, s3, f"{PREFIX}a", hours_ago=3)
        s3.write(BUCKET, f"{PREFIX}a", bench.world.time.now() - timedelta(hours=2))

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert len(s3.kept[BUCKET].objects[f"{PREFIX}a"]) == 3
        assert bench.writes() == []

    def test_more_than_a_page_and_a_call_hold_is_brought_back_whole(self, bench: Bench, s3: S3) -> None:
        for number in range(1200):
            s3.write(BUCKET, f"{PREFIX}{number:04}", bench.world.time.now() - timedelta(days=1))
        for number in range(900, 1120):
            s3.delete(BUCKET, f"{PREFIX}{number:04}", bench.world.time.now() - timedelta(hours=1))

        end = bench.live(KIND, params(at_most=250))

        assert end.outputs == {"restored": "220"}
        assert all(is_there(s3, key) for key in s3.kept[BUCKET].objects)
        assert bench.writes() == [REMOVE] * 3

    def test_an_object_without_a_version_left_is_counted_and_not_waited_for(self, bench: Bench, s3: S3) -> None:
        lose(bench, s3, f"{PREFIX}a", hours_ago=1)
        s3.delete(BUCKET, f"{PREFIX}expired", bench.world.time.now() - timedelta(hours=1))

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert end.reason == f"1 object under {PREFIX} of {BUCKET} were brought back; of 1 object no version is left."

    def test_its_permissions_suffice(self, bench: Bench, s3: S3) -> None:
        lose(bench, s3, f"{PREFIX}a", hours_ago=1)
        token = CURRENT_ROLE.set(Role("restore", KIND.statements(PARAMS, PLACE)))

        end = bench.live(KIND, PARAMS)

        CURRENT_ROLE.reset(token)
        assert end.status is StepStatus.SETTLED


class TestRefusing:
    def test_more_than_the_plan_allows_brings_nothing_back(self, bench: Bench, s3: S3) -> None:
        for key in "abc":
            lose(bench, s3, PREFIX + key, hours_ago=1)

        end = bench.live(KIND, params(at_most=2))

        assert end.status is StepStatus.FAILED
        assert end.reason == (
            f"3 objects under {PREFIX} of {BUCKET} were deleted within 6 h, and the plan allows 2; none was brought "
            "back."
        )
        assert bench.writes() == []

    @pytest.mark.parametrize("prefix", ["", "*", "tenants/*"])
    def test_a_prefix_is_never_all(self, prefix: str) -> None:
        with pytest.raises(ValueError, match="prefix"):
            params(prefix=prefix)

    @pytest.mark.parametrize(("field", "value", "code"), [("versioning", "", "versioning"), ("mfa", True, "mfa")])
    def test_a_bucket_that_cannot_give_back_is_known_ahead(
        self, bench: Bench, s3: S3, field: str, value: object, code: str
    ) -> None:
        setattr(s3.kept[BUCKET], field, value)

        (finding,) = bench.inside(lambda: KIND.preflight(PARAMS, bench.context()))

        assert (finding.severity, finding.code) == (Severity.IMPOSSIBLE, code)

    def test_a_bucket_that_is_not_there_fails_the_step(self, bench: Bench) -> None:
        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.FAILED
        assert "NoSuchBucket" in end.reason


def test_a_long_prefix_leaves_its_end_in_the_title() -> None:
    title = KIND.title(params(prefix="tenants/" + "x" * 80 + "/workflows/"))

    assert title.endswith("/workflows/")
    assert len(title) <= 63


class TestActingTwice:
    def test_a_second_turn_finds_nothing_left(self, bench: Bench, s3: S3) -> None:
        lose(bench, s3, f"{PREFIX}a", hours_ago=1)
        execute(bench)

        again = execute(bench)

        assert isinstance(again, Receipt)
        assert not again.acted
        assert bench.writes() == [REMOVE]

    def test_an_object_that_s3_does_not_take_now_is_tried_again(self, bench: Bench, s3: S3) -> None:
        lose(bench, s3, f"{PREFIX}a", hours_ago=1)
        lose(bench, s3, f"{PREFIX}b", hours_ago=1)
        s3.kept[BUCKET].refuses.add(f"{PREFIX}b")
        bench.world.time.spawn(s3.kept[BUCKET].refuses.clear, name="S3 is well", delay_seconds=12)

        end = bench.live(KIND, PARAMS)

        assert end.status is StepStatus.SETTLED
        assert is_there(s3, f"{PREFIX}b")

    def test_what_is_deleted_after_the_start_is_nobodys_accident(self, bench: Bench, s3: S3) -> None:
        lose(bench, s3, f"{PREFIX}a", hours_ago=1)
        began = bench.world.time.now()
        bench.world.time.sleep(60)
        s3.write(BUCKET, f"{PREFIX}later")
        s3.delete(BUCKET, f"{PREFIX}later")
        bench.world.time.sleep(60)

        done = bench.inside(lambda: KIND.execute(PARAMS, bench.context(started=began)))

        assert isinstance(done, Receipt)
        assert list(done.data["restored"]) == [f"{PREFIX}a"]


class TestTheWayBack:
    def test_what_nobody_wrote_since_is_deleted_again(self, bench: Bench, s3: S3) -> None:
        lose(bench, s3, f"{PREFIX}a", hours_ago=1)
        lose(bench, s3, f"{PREFIX}b", hours_ago=1)
        receipt = bench.live(KIND, PARAMS).receipt
        assert receipt
        s3.write(BUCKET, f"{PREFIX}b")

        undone = bench.inside(lambda: KIND.undo(PARAMS, receipt, bench.context()))

        assert undone == Undone(
            "1 of the objects that were brought back are deleted again; 1 were written or deleted since, and stay as "
            "they are."
        )
        assert (is_there(s3, f"{PREFIX}a"), is_there(s3, f"{PREFIX}b")) == (False, True)

    def test_undoing_twice_adds_no_second_marker(self, bench: Bench, s3: S3) -> None:
        lose(bench, s3, f"{PREFIX}a", hours_ago=1)
        receipt = bench.live(KIND, PARAMS).receipt
        assert receipt

        for _ in range(2):
            bench.inside(lambda: KIND.undo(PARAMS, receipt, bench.context()))

        assert [version.marker for version in s3.kept[BUCKET].objects[f"{PREFIX}a"]] == [False, True]
