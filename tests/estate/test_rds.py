"""What is read out of RDS's answers, and what is not read into them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from pilotlight.domain.place import Place
from pilotlight.domain.ports import WebAnswer, WebRequest
from pilotlight.domain.step import StepContext
from pilotlight.estate.rds.instance import RdsInstance, look
from pilotlight.estate.rds.promotion import APPLICATION_TAG, MARK_TAG, is_marked

LEAST = {"DBInstanceIdentifier": "fileflow"}


class Answering:
    """An AWS that always answers the same, and a web that nobody asks."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        return self.answer

    def ask(self, request: WebRequest) -> WebAnswer:
        raise AssertionError("Nothing here asks the web.")

    def ask_all(self, requests: Sequence[WebRequest]) -> list[WebAnswer]:
        return [self.ask(request) for request in requests]


def context(answer: dict[str, Any]) -> StepContext:
    now, ways_out = datetime(2026, 11, 21, 1, 0, tzinfo=UTC), Answering(answer)
    place = Place("fileflow", "123456789012", "ap-northeast-2", "ap-northeast-1")
    return StepContext(place, "fileflow-e1", "promote", 1, now, now, ways_out, ways_out)


def test_an_instance_of_which_rds_says_little_is_neither_serving_nor_broken() -> None:
    instance = RdsInstance.read(LEAST)

    assert (instance.status, instance.broken, instance.source, instance.address) == ("unknown", False, None, None)


def test_an_instance_without_a_resource_id_counts_as_unmarked() -> None:
    tags = [{"Key": APPLICATION_TAG, "Value": "fileflow"}, {"Key": MARK_TAG, "Value": ""}]

    assert not is_marked(RdsInstance.read({**LEAST, "TagList": tags}))


def test_a_replica_of_a_cluster_is_a_replica() -> None:
    instance = RdsInstance.read({**LEAST, "ReadReplicaSourceDBClusterIdentifier": "shared"})

    assert instance.source == "shared"


@pytest.mark.parametrize(("normal", "status"), [(False, "replicating"), (True, "stopped")])
def test_replication_runs_only_if_rds_says_so_twice(normal: bool, status: str) -> None:
    info = {"StatusType": "read replication", "Normal": normal, "Status": status}

    replication = RdsInstance.read({**LEAST, "StatusInfos": [info]}).replication

    assert replication is not None
    assert not replication.running


def test_empty_lists_are_no_pending_changes() -> None:
    pending = {"ProcessorFeatures": [], "PendingCloudwatchLogsExports": {}, "MultiAZ": False}

    assert RdsInstance.read({**LEAST, "PendingModifiedValues": pending}).pending == {"MultiAZ": False}


@pytest.mark.parametrize("answer", [{}, {"DBInstances": []}, {"DBInstances": [LEAST]}])
def test_an_answer_about_nothing_or_something_else_is_no_instance(answer: dict[str, Any]) -> None:
    assert look(context(answer), "fileflow-replica") is None
