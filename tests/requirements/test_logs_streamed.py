"""Logs on their way into the standby: subscribed, delivered in time, kept as long."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.domain.requirement import Severity
from pilotlight.requirements.logs_streamed import KIND, LogsParams
from rehearsal.services.logs import CloudWatchLogs, Firehose
from rehearsal.services.s3 import S3
from tests.requirements.looking import furnish, look, worst
from tests.steps.conftest import PLACE, Bench

PROD, DR = "/ecs/fileflow-prod/application", "/ecs/fileflow-dr/application"
STREAM = "arn:aws:firehose:ap-northeast-2:123456789012:deliverystream/fileflow-logs"


def params(**changes: Any) -> LogsParams:
    return LogsParams.model_validate(
        {"groups": {PROD: DR}, "stream": "fileflow-logs", "bucket": "fileflow-dr-logs"} | changes
    )


@pytest.fixture
def logs(bench: Bench) -> CloudWatchLogs:
    furnish(bench, KIND, params())
    return bench.aws.service(CloudWatchLogs)


def of(bench: Bench, **changes: Any) -> tuple[Severity, str, str]:
    finding = worst(look(bench, KIND, params(**changes)))
    return finding.severity, finding.code, finding.sentence


@pytest.mark.parametrize("by_way_of", [None, "fileflow-prod-logs"])
def test_logs_that_end_in_the_standby_are_fine(bench: Bench, by_way_of: str | None) -> None:
    furnish(bench, KIND, params(by_way_of=by_way_of))

    found = look(bench, KIND, params(by_way_of=by_way_of))

    assert {finding.severity for finding in found} == {Severity.FINE}
    assert [finding.code for finding in found] == [
        "retention",
        "subscription",
        "buffer",
        *(["replication"] if by_way_of else []),
    ]


def test_a_group_that_is_streamed_nowhere_is_an_error(bench: Bench, logs: CloudWatchLogs) -> None:
    logs.group(PLACE.primary, PROD).streams.clear()

    severity, code, sentence = of(bench)

    assert (severity, code) == (Severity.ERROR, "subscription")
    assert f"Log group {PROD} is streamed nowhere, so its logs are lost with ap-northeast-2." == sentence


def test_another_destination_is_not_taken_for_the_stream(bench: Bench, logs: CloudWatchLogs) -> None:
    group = logs.group(PLACE.primary, PROD)
    group.streams = {"arn:aws:kinesis:ap-northeast-2:123456789012:stream/logs": ""}

    severity, _, sentence = of(bench)

    assert severity is Severity.ERROR
    assert "stream/logs alone, which is not followed from here" in sentence


def test_a_part_of_the_logs_is_a_warning(bench: Bench, logs: CloudWatchLogs) -> None:
    logs.group(PLACE.primary, PROD).streams = {STREAM: "ERROR"}

    severity, code, sentence = of(bench)

    assert (severity, code) == (Severity.WARNING, "subscription")
    assert "only what matches 'ERROR'" in sentence


def test_a_group_whose_name_only_begins_alike_is_not_the_one(bench: Bench, logs: CloudWatchLogs) -> None:
    logs.group(PLACE.standby, DR).name = f"{DR}-of-old"

    severity, code, sentence = of(bench)

    assert (severity, code) == (Severity.ERROR, "group")
    assert f"There is no log group {DR} in ap-northeast-1, and a task" in sentence


def test_a_primary_group_that_is_not_there_is_an_error(bench: Bench, logs: CloudWatchLogs) -> None:
    logs.groups.remove(logs.group(PLACE.primary, PROD))

    assert of(bench)[:2] == (Severity.ERROR, "group")


@pytest.mark.parametrize(
    ("here", "there", "severity"),
    [
        (14, 14, Severity.FINE),
        (30, 14, Severity.FINE),
        (7, 14, Severity.WARNING),
        (None, 14, Severity.FINE),
        (30, None, Severity.WARNING),
        (None, None, Severity.FINE),
    ],
)
def test_the_standby_keeps_its_logs_as_long(
    bench: Bench, logs: CloudWatchLogs, here: int | None, there: int | None, severity: Severity
) -> None:
    logs.group(PLACE.standby, DR).days, logs.group(PLACE.primary, PROD).days = here, there

    assert of(bench)[0] is severity


def test_a_buffer_that_holds_more_than_may_be_lost_is_an_error(bench: Bench, logs: CloudWatchLogs) -> None:
    bench.aws.service(Firehose).streams[0].seconds = 900

    severity, code, sentence = of(bench)

    assert (severity, code) == (Severity.ERROR, "buffer")
    assert "holds what it has for up to 15 min, more than the 5 min that may be lost" in sentence


def test_a_stream_that_is_missing_broken_or_leads_elsewhere_is_an_error(bench: Bench, logs: CloudWatchLogs) -> None:
    streams = bench.aws.service(Firehose).streams

    streams[0].bucket = "another"
    assert of(bench)[:2] == (Severity.ERROR, "stream")
    streams[0].status = "CREATING_FAILED"
    assert "is CREATING_FAILED and not ACTIVE" in of(bench)[2]
    streams.clear()
    assert of(bench)[2] == "There is no Firehose stream fileflow-logs in ap-northeast-2."


def test_a_bucket_that_is_not_replicated_keeps_the_logs_in_the_primary(bench: Bench) -> None:
    asked = params(by_way_of="fileflow-prod-logs")
    furnish(bench, KIND, asked)
    bench.aws.service(S3).kept["fileflow-prod-logs"].rules[0]["Status"] = "Disabled"

    finding = worst(look(bench, KIND, asked))

    assert (finding.severity, finding.code) == (Severity.ERROR, "replication")
    assert "so the logs stay in ap-northeast-2" in finding.sentence
