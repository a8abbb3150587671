"""AWS Health: it hastens a look, stands in the ledger beside the incident, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from pilotlight.domain.health_event import HealthEvent, backup_of, health_regions
from pilotlight.domain.records import Record, RecordKind
from pilotlight.handlers.health import services_of
from pilotlight.report.view import view
from tests.builders import PRIMARY, a_plan, a_sample_event
from tests.handlers.conftest import TICK, Desk, a_desk
from tests.handlers.test_open import furnish

ARN = a_sample_event("health-public")["detail"]["eventArn"]
SAID = (
    "Operational issue of EC2 in ap-northeast-2 since 01:01 UTC, AWS says to everybody. We are investigating increased "
    "error rates in the AP-NORTHEAST-2 Region."
)


def listening(**differences: Any) -> Any:
    plan = a_plan(**differences)
    return plan.model_copy(update={"signals": plan.signals.model_copy(update={"aws_health": True})})


@contextmanager
def desk_with(arming: str = "automatic") -> Iterator[Desk]:
    with a_desk(listening(arming=arming)) as desk:
        furnish(desk)
        yield desk


def an_event(name: str = "health-public", **differences: Any) -> dict[str, Any]:
    event = deepcopy(a_sample_event(name))
    event["detail"] |= differences
    return event


def written(desk: Desk) -> list[Record]:
    return desk.records(RecordKind.AWS_HEALTH)


class TestItDecidesNothing:
    def test_a_well_primary_stays_where_it_is(self) -> None:
        with desk_with() as desk:
            answer = desk.detect(an_event())

            assert answer["verdict"] == "ignore"
            assert desk.executions() == []
            (record,) = written(desk)
            assert record.entry.sentence == SAID
            assert record.entry.details["incident"] == ""

    def test_it_is_no_vantage_point_where_one_is_missing(self) -> None:
        with desk_with() as desk:
            desk.darken(minutes=4)
            desk.world.darken("us-east-1")
            before = desk.detect(TICK)["verdict"]

            after = desk.detect(an_event())["verdict"]

            assert (before, after) == ("hold", "hold")
            assert desk.executions() == []

    def test_it_makes_the_look_earlier_that_starts_a_run(self) -> None:
        with desk_with() as desk:
            desk.darken()

            assert desk.detect(an_event())["verdict"] == "start"
            assert desk.executions() == ["fileflow-e1"]


class TestItExplains:
    def test_what_was_said_before_stands_with_the_incident_that_comes(self) -> None:
        with desk_with("manual") as desk:
            desk.detect(an_event())
            desk.darken()

            desk.detect(TICK)
            desk.detect(TICK)

            alone, beside = written(desk)
            assert alone.entry.details["incident"] == ""
            seen = view(desk.records(), beside.entry.details["incident"])
            assert [each.sentence for each in seen.aws_says] == [SAID]

    def test_the_same_from_two_regions_is_told_once(self) -> None:
        with desk_with("manual") as desk:
            desk.darken()
            desk.detect(an_event())

            answer = desk.detect({**an_event(), "region": PRIMARY, "id": "another"})

            assert answer["sentence"] == "AWS Health said the same before, or in another region."
            assert len(written(desk)) == 1

    def test_news_of_the_same_event_are_told_and_so_is_its_end(self) -> None:
        with desk_with("manual") as desk:
            desk.darken()
            desk.detect(an_event())

            closed = an_event(statusCode="closed", endTime="Sat, 21 Nov 2026 01:40:00 GMT")
            assert desk.detect(closed)["verdict"] == "ignore"
            desk.detect(TICK)

            first, last = written(desk)
            assert last.entry.sentence.startswith(
                "Operational issue of EC2 in ap-northeast-2 since 01:01 UTC, over since 01:40 UTC, AWS says to "
            )
            seen = view(desk.records(), first.entry.details["incident"])
            assert [each.over for each in seen.aws_says] == [True]

    def test_what_was_said_a_day_ago_explains_nothing_today(self) -> None:
        with desk_with("manual") as desk:
            desk.detect(an_event())
            desk.world.time.sleep(timedelta(hours=25).total_seconds())
            desk.darken()

            desk.detect(TICK)

            assert len(written(desk)) == 1


class TestWhatIsLeftOut:
    @pytest.mark.parametrize(
        ("differences", "because"),
        [
            ({"eventTypeCategory": "scheduledChange"}, "is of category scheduledChange and no issue"),
            ({"eventRegion": "eu-west-1"}, "is about eu-west-1, where fileflow is not"),
            ({"service": "SAGEMAKER"}, "fileflow does not use SAGEMAKER, which AWS Health speaks of"),
        ],
    )
    def test_each_no_has_its_reason(self, differences: dict[str, Any], because: str) -> None:
        with desk_with() as desk:
            answer = desk.detect(an_event(**differences))

            assert answer["verdict"] == "ignore"
            assert because in answer["sentence"]
            assert written(desk) == []

    def test_an_event_of_another_account_is_none_of_ours(self) -> None:
        with desk_with() as desk:
            assert (
                "comes from account 210987654321" in desk.detect({**an_event(), "account": "210987654321"})["sentence"]
            )

    def test_what_is_no_event_of_health_is_refused_in_a_sentence(self) -> None:
        with desk_with() as desk:
            answer = desk.detect({"detail-type": "AWS Health Event", "account": "1", "source": "aws.health"})

            assert answer["sentence"] == "The event is not one of AWS Health: detail: Field required."


def test_an_event_about_the_account_names_it() -> None:
    said = HealthEvent.parse(a_sample_event("health-account"))

    assert said.sentence.startswith(
        "Instance availability issue of RDS in ap-northeast-2 since 01:01 UTC, over since 01:31 UTC, AWS says about "
        "this account. One of your"
    )


def test_the_services_are_those_of_the_steps_and_what_is_under_them() -> None:
    assert {"RDS", "EC2", "MULTIPLE_SERVICES"} <= services_of(a_plan())
    assert "ELASTICACHE" not in services_of(a_plan())


def test_events_are_fetched_where_aws_delivers_them() -> None:
    assert health_regions(a_plan()) == ()
    assert health_regions(listening()) == (PRIMARY, "us-west-2")
    assert backup_of("us-west-2") == "us-east-1"
    in_oregon = listening(regions={"primary": "us-east-1", "standby": "us-west-2"})
    assert health_regions(in_oregon) == ("us-east-1",)
