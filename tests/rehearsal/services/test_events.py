"""PutEvents: what is taken, what is refused one by one, and that what is delivered runs under its own role."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AccessDenied, InvalidRequest
from pilotlight.domain.step import Access, Statement
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.events import Events
from tests.rehearsal.services.rds_client import TOKYO


def an_entry(**differences: Any) -> dict[str, Any]:
    entry = {"Source": "pilotlight", "DetailType": "Something", "Detail": '{"a": 1}', "EventBusName": "pilotlight"}
    return {**entry, **differences}


def put(aws: EmbeddedAws, *entries: dict[str, Any]) -> dict[str, Any]:
    return Sdk(aws.clients, TOKYO).call("events", "PutEvents", TOKYO, Entries=list(entries))


@pytest.fixture
def arrived(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any], Any]]:
    """What came onto a bus: its region, its name, the event, and the role that was at work."""
    seen: list[tuple[str, str, dict[str, Any], Any]] = []

    def note(region: str, bus: str, event: dict[str, Any]) -> None:
        seen.append((region, bus, event, CURRENT_ROLE.get()))

    monkeypatch.setattr(aws.service(Events), "put", note)
    return seen


def test_an_event_arrives_as_eventbridge_writes_it(aws: EmbeddedAws, arrived: list[Any]) -> None:
    answer = put(aws, an_entry())

    (region, bus, event, _) = arrived[0]
    assert answer["FailedEntryCount"] == 0
    assert answer["Entries"][0]["EventId"] == event["id"]
    assert (region, bus) == (TOKYO, "pilotlight")
    assert (event["source"], event["detail-type"], event["detail"]) == ("pilotlight", "Something", {"a": 1})
    assert (event["account"], event["region"]) == ("123456789012", TOKYO)


@pytest.mark.parametrize(
    ("differences", "code"),
    [
        ({"Source": "aws.cloudwatch"}, "NotAuthorizedForSourceException"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": ""}, "InvalidArgument"),
    ],
)
def test_an_entry_is_refused_for_itself(
    aws: EmbeddedAws, arrived: list[Any], differences: dict[str, Any], code: str
) -> None:
    answer = put(aws, an_entry(**differences), an_entry())

    assert (answer["FailedEntryCount"], len(arrived)) == (1, 1)
    assert answer["Entries"][0]["ErrorCode"] == code


def test_more_than_ten_are_refused_together(aws: EmbeddedAws) -> None:
    with pytest.raises(InvalidRequest, match="ValidationException"):
        put(aws, *[an_entry() for _ in range(11)])


def test_a_role_puts_events_on_the_bus_that_it_names_and_lends_itself_to_nobody(
    aws: EmbeddedAws, arrived: list[Any]
) -> None:
    bus = f"arn:aws:events:{TOKYO}:123456789012:event-bus/pilotlight"
    role = CURRENT_ROLE.set(Role("probe", (Statement(Access.WRITE, ("events:PutEvents",), (bus,)),)))
    try:
        put(aws, an_entry(Detail=json.dumps({})))
        with pytest.raises(AccessDenied):
            put(aws, an_entry(EventBusName="another"))
    finally:
        CURRENT_ROLE.reset(role)

    assert [role for *_, role in arrived] == [None]
