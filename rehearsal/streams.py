"""DynamoDB streams: what is written to a table, fed to a function in batches, in order, some hundred ms later.

What fails of a batch is tried again, and after its last try goes to the queue of what was lost.
"""

from __future__ import annotations

import json
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard

from deployment.resources import StreamSource
from pilotlight.aws.sdk import Sdk
from rehearsal.access import CURRENT_ROLE
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.service import Spread
from rehearsal.services.lambda_functions import FunctionFailed, LambdaFunctions
from rehearsal.wire import Call
from rehearsal.world import CURRENT_STEP

POLLED_AFTER = Spread(0.1, 0.3, 1.0)
FIRST_SEQUENCE_NUMBER = 1100000000017454423009
"""Where moto begins to count the records of a shard."""
_WRITES = ("PutItem", "UpdateItem", "DeleteItem")


class StreamFeed:
    """The poller of one stream source: asleep until its table is written, then it delivers all that is new."""

    def __init__(self, aws: EmbeddedAws, region: str, source: StreamSource) -> None:
        self._aws = aws
        self._region = region
        self._source = source
        self._sdk = Sdk(aws.clients, region)
        self._random = aws.world.random_for(f"stream {source.table}")
        self._polling = False
        self._read = 0
        aws.after_call.append(self._notice)

    def _notice(self, call: Call) -> None:
        ours = call.service == "dynamodb" and call.region == self._region and call.operation in _WRITES
        if ours and call.parameters.get("TableName") == self._source.table and not self._polling:
            self._polling = True
            self._aws.world.time.spawn(
                self._poll,
                name=f"stream of {self._source.table}",
                delay_seconds=POLLED_AFTER.draw(self._random),
            )

    def _poll(self) -> None:
        # The poller is the service's own: it does not work under the role of whoever wrote the table.
        CURRENT_ROLE.set(None)
        CURRENT_STEP.set("")
        while batch := self._shard().get(FIRST_SEQUENCE_NUMBER + self._read, self._source.batch):
            self._read += len(batch)
            self._deliver(batch)
        self._polling = False

    def _shard(self) -> StreamShard:
        # moto keeps the stream with its table; its own API for streams is not reached through `before-send`.
        backend = dynamodb_backends[self._aws.world.account][self._region]
        shard = backend.tables[self._source.table].stream_shard
        assert shard is not None, f"Table {self._source.table} has no stream."
        return shard

    def _deliver(self, records: list[dict[str, Any]]) -> None:
        event = {"Records": json.loads(json.dumps(records, default=str))}
        for _ in range(self._source.retries + 1):
            try:
                answer = self._aws.service(LambdaFunctions).run(self._region, self._source.function, event)
            except FunctionFailed:
                answer = {"batchItemFailures": [{"itemIdentifier": _number(event["Records"][0])}]}
            failed = [str(item["itemIdentifier"]) for item in answer.get("batchItemFailures", ())]
            if not failed:
                return
            # All from the first failed record on is delivered again, as ReportBatchItemFailures has it.
            event = {"Records": [r for r in event["Records"] if int(_number(r)) >= min(map(int, failed))]}
            self._aws.world.time.sleep(1.0)
        self._sdk.call("sqs", "SendMessage", self._region, QueueUrl=self._queue_url(), MessageBody=json.dumps(event))

    def _queue_url(self) -> str:
        _, _, _, region, account, name = self._source.queue_arn.split(":")
        return f"https://sqs.{region}.amazonaws.com/{account}/{name}"


def _number(record: dict[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def feed_from_stream(aws: EmbeddedAws, region: str, source: StreamSource) -> None:
    """Start to feed a function from a table's stream."""
    StreamFeed(aws, region, source)
