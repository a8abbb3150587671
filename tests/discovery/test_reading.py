"""Reading page by page: nothing is missed at a page's end, what fails is said, and nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import Session

from discovery import aurora, clusters, data, events, identity, serving, settings
from discovery.reading import Listing, Reading
from pilotlight.domain.errors import NotFound, Refused, Unavailable

TOKYO = "ap-northeast-1"
NAMES = Listing("ssm", "DescribeParameters", "Parameters", "NextToken", "NextToken")
LISTINGS = {
    listing.operation: listing
    for module in (aurora, clusters, data, events, identity, serving, settings)
    for listing in vars(module).values()
    if isinstance(listing, Listing)
}


class Pages:
    """A listing of two pages; `fails_at` is the page at which the port raises."""

    def __init__(self, fails_at: int = 0, error: type[Exception] | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.fails_at, self.error = fails_at, error

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        self.asked.append(parameters)
        if len(self.asked) == self.fails_at:
            error: Any = self.error
            raise error(service, operation, region, "Code", "no")
        return {"Parameters": ["a", "b"], "NextToken": "2"} if "NextToken" not in parameters else {"Parameters": ["c"]}


def test_it_goes_on_until_there_is_no_further_page() -> None:
    port = Pages()

    assert list(Reading(port).every(NAMES, TOKYO, MaxResults=2)) == ["a", "b", "c"]
    assert port.asked == [{"MaxResults": 2}, {"MaxResults": 2, "NextToken": "2"}]


def test_what_was_read_before_a_failure_counts_and_the_failure_is_said_once() -> None:
    reading = Reading(Pages(2, Unavailable))

    assert list(reading.every(NAMES, TOKYO)) == ["a", "b"]
    assert reading.gaps == ["ssm DescribeParameters in ap-northeast-1 answered Code: no; run it again."]


def test_what_is_not_there_is_no_gap() -> None:
    reading = Reading(Pages(1, NotFound))

    assert list(reading.every(NAMES, TOKYO)) == []
    assert reading.gaps == []


def test_it_cannot_change_anything() -> None:
    with pytest.raises(Refused):
        Reading(Pages()).ask("rds", "DeleteDBInstance", TOKYO)


@pytest.mark.parametrize("operation", sorted(LISTINGS))
def test_a_listing_is_spelled_and_goes_on_as_botocore_says(operation: str) -> None:
    listing = LISTINGS[operation]
    session = Session()
    answer: Any = session.get_service_model(listing.service).operation_model(operation).output_shape
    assert listing.member in answer.members
    try:
        pages = session.get_paginator_model(listing.service).get_paginator(operation)
    except ValueError:
        assert listing.told in answer.members
    else:
        assert (pages["input_token"], pages["output_token"]) == (listing.after, listing.told)
