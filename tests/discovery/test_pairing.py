"""Which resource takes over from which, and the reason that is given."""

from __future__ import annotations

import pytest

from discovery.pairing import Pair, pairs, without_marks
from discovery.resource import Kind, Resource
from discovery.terraform import State

SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"


def service(region: str, name: str, **tags: str) -> Resource:
    return Resource(Kind.SERVICE, region, name, f"arn:aws:ecs:{region}:123456789012:service/c/{name}", tags=tags)


def database(region: str, name: str, source: str = "") -> Resource:
    arn = f"arn:aws:rds:{region}:123456789012:db:{name}"
    return Resource(Kind.DATABASE, region, name, arn, {"source": source})


def told(found: list[Pair]) -> list[tuple[str, str, str]]:
    return [(p.primary.name if p.primary else "", p.standby.name if p.standby else "", p.because) for p in found]


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("fileflow-prod-alb", "fileflow-alb"),
        ("fileflow-dr-alb", "fileflow-alb"),
        ("MegaTicket-DR-Web-ASG", "megaticket-web-asg"),
        ("shop-ap-northeast-2-api", "shop-api"),
        ("shop-apne1-api", "shop-api"),
        ("shop_tokyo_api", "shop-api"),
        ("redis-7", "redis-7"),
        ("use2fa-api", "use2fa-api"),
    ],
)
def test_a_name_is_compared_without_what_says_where_it_stands(name: str, rest: str) -> None:
    assert without_marks(name) == rest


def test_a_replica_takes_over_from_its_source_whatever_they_are_called() -> None:
    orders, users = database(SEOUL, "orders"), database(SEOUL, "users")
    replica = database(TOKYO, "users-copy-of-orders", source=orders.arn)

    found = pairs([users, orders], [replica], State())

    assert told(found) == [
        ("orders", "users-copy-of-orders", "RDS says that users-copy-of-orders replicates orders"),
        ("users", "", ""),
    ]


def test_terraform_names_go_before_names() -> None:
    api, worker = service(SEOUL, "shop-api"), service(SEOUL, "shop-worker")
    one, other = service(TOKYO, "shop-dr-api"), service(TOKYO, "x")
    state = State({api.arn: "aws_ecs_service.api", other.arn: "aws_ecs_service.api"})

    found = pairs([api, worker], [one, other], state)

    assert told(found)[0] == ("shop-api", "x", "both are aws_ecs_service.api in Terraform")


def test_a_likeness_that_fits_two_pairs_nobody() -> None:
    found = pairs(
        [service(SEOUL, "shop-order-api"), service(SEOUL, "shop-cart")],
        [service(TOKYO, "shop-orders-api"), service(TOKYO, "shop-order-apis"), service(TOKYO, "z")],
        State(),
    )

    assert all(pair.primary is None or pair.standby is None for pair in found)


def test_a_tag_pairs_what_no_name_does_and_the_last_two_pair_by_themselves() -> None:
    found = pairs(
        [service(SEOUL, "alpha", role="web"), service(SEOUL, "gamma")],
        [service(TOKYO, "beta", role="web"), service(TOKYO, "omicron")],
        State(),
    )

    assert told(found) == [
        ("alpha", "beta", "both bear the tag role=web"),
        ("gamma", "omicron", "each region has only one ECS service left"),
    ]
