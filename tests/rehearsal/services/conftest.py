"""The embedded AWS in a world of its own, and a database with its replica in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.rds import Rds
from rehearsal.services.rds_instance import Instance
from tests.rehearsal.services.rds_client import REPLICA, SEOUL, SOURCE, TOKYO, world_of


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(world_of(1)) as embedded:
        yield embedded


@pytest.fixture
def rds(aws: EmbeddedAws) -> Rds:
    return aws.service(Rds)


@pytest.fixture
def source(rds: Rds) -> Instance:
    return rds.add_instance(SEOUL, SOURCE, multi_az=True, parameter_group="ryuqqq-mysql8", deletion_protection=True)


@pytest.fixture
def replica(rds: Rds, source: Instance) -> Instance:
    return rds.add_replica(source, TOKYO, REPLICA, retention_days=7)
