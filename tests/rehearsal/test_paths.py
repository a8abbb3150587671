"""A path between two regions that is cut: who is behind it times out, and who stands elsewhere notices nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pilotlight.domain.errors import AwsError, Unavailable
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from rehearsal.apply import Account
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.internet import Internet
from rehearsal.world import CURRENT_REGION, World
from tests.rehearsal.services.rds_client import SEOUL, TOKYO, world_of

SINGAPORE = "ap-southeast-1"
ASKED = WebRequest("GET", "https://seoul.example.com/", timeout_seconds=2.0)


@pytest.fixture
def account() -> Iterator[Account]:
    with EmbeddedAws(world_of(1)) as aws:
        made = Account(aws, Internet(aws.world))
        made.internet.put_in_region("seoul.example.com", SEOUL, lambda request: WebAnswer(200, "UP"))
        yield made


def standing_in(region: str, world: World, work: Callable[[], Any]) -> Any:
    """What a function in a region gets."""

    def inside() -> Any:
        CURRENT_REGION.set(region)
        return work()

    task = world.time.spawn(inside, name=f"a function in {region}")
    world.time.run(until=lambda: task.done)
    return task.result()


def who_answers(account: Account, region: str) -> AwsError | str:
    def ask() -> AwsError | str:
        try:
            return str(account.sdk(region).call("sts", "GetCallerIdentity", SEOUL)["Account"])
        except AwsError as error:
            return error

    answer: AwsError | str = standing_in(region, account.aws.world, ask)
    return answer


def test_a_cut_is_between_two_regions_and_in_both_directions(account: Account) -> None:
    world = account.aws.world
    world.cut(TOKYO, SEOUL)

    assert isinstance(who_answers(account, TOKYO), Unavailable)
    assert who_answers(account, SINGAPORE) == "123456789012"
    assert who_answers(account, SEOUL) == "123456789012"
    assert standing_in(TOKYO, world, lambda: account.internet.ask(ASKED)).silence is Silence.TIMED_OUT
    assert standing_in(SINGAPORE, world, lambda: account.internet.ask(ASKED)).status == 200


def test_who_is_no_function_looks_from_elsewhere(account: Account) -> None:
    account.aws.world.cut(TOKYO, SEOUL)

    assert account.internet.ask(ASKED).status == 200


def test_a_path_that_was_mended_is_whole(account: Account) -> None:
    account.aws.world.cut(TOKYO, SEOUL)
    account.aws.world.mend(SEOUL, TOKYO)

    assert who_answers(account, TOKYO) == "123456789012"


def test_the_api_of_a_dark_region_answers_nobody(account: Account) -> None:
    account.aws.world.darken(SEOUL)

    answer = who_answers(account, SINGAPORE)

    assert isinstance(answer, Unavailable)
    assert answer.code == "ConnectTimeoutError"


def test_many_questions_are_asked_side_by_side_and_answered_in_order(account: Account) -> None:
    """Given fifty hosts of a dark region and one that is nowhere, then all of them take as long as one."""
    world = account.aws.world
    world.darken(SEOUL)
    began = world.time.now()
    nowhere = WebRequest("GET", "https://nowhere.example.com/", timeout_seconds=2.0)

    answers = standing_in(TOKYO, world, lambda: account.internet.ask_all([*[ASKED] * 50, nowhere]))

    assert [answer.silence for answer in answers] == [Silence.TIMED_OUT] * 50 + [Silence.NO_SUCH_NAME]
    assert (world.time.now() - began).total_seconds() < 3.0
