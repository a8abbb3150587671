"""Databases on the bench: a replica in Tokyo with its source in Seoul, or a writer alone, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from pilotlight.domain.life import StepState
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Finding,
    NotYet,
    Params,
    Pending,
    Receipt,
    Settled,
    StepKind,
    Undone,
)
from pilotlight.steps import convert_to_multi_az, promote_replica
from pilotlight.steps.convert_to_multi_az import ConvertToMultiAzParams
from pilotlight.steps.promote_replica import PromoteReplicaParams
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.rds import Rds
from rehearsal.services.rds_instance import Instance
from rehearsal.wire import Call, ServiceError
from tests.steps.conftest import PLACE, Bench

SEOUL, TOKYO = PLACE.primary, PLACE.standby
SOURCE, REPLICA = "ryuqqq-shared-rds", "ryuqqq-shared-rds-replica"
ARN = f"arn:aws:rds:{TOKYO}:123456789012:db:{REPLICA}"
SOURCE_ARN = f"arn:aws:rds:{SEOUL}:123456789012:db:{SOURCE}"
PROMOTE = PromoteReplicaParams(replica=REPLICA, source=SOURCE)
CONVERT = ConvertToMultiAzParams(instance=REPLICA)


@dataclass
class Databases:
    """The instance in Tokyo that a step of `kind` works on."""

    bench: Bench
    monkeypatch: pytest.MonkeyPatch
    rds: Rds
    kind: StepKind[Any]
    params: Params
    instance: Instance

    def live(self, params: Params | None = None) -> StepState:
        return self.bench.live(self.kind, params or self.params)

    def execute(self) -> Receipt | NotYet | Failed:
        return self.bench.inside(lambda: self.kind.execute(self.params, self.bench.context()))

    def executed(self) -> Receipt:
        """The receipt of an `execute` that did, or found done, what it is for."""
        receipt = self.execute()
        assert isinstance(receipt, Receipt), receipt
        return receipt

    def verify(self, receipt: Receipt) -> Settled | Pending | Failed:
        return self.bench.inside(lambda: self.kind.verify(self.params, receipt, self.bench.context()))

    def undo(self, receipt: Receipt) -> Undone | CannotUndo:
        return self.bench.inside(lambda: self.kind.undo(self.params, receipt, self.bench.context()))

    def readiness(self, params: Params | None = None) -> dict[str, Finding]:
        """The findings by code."""
        found = self.bench.inside(lambda: self.kind.readiness(params or self.params, self.bench.context()))
        return {finding.code: finding for finding in found}

    def preflight(self) -> Finding:
        """The one finding of a preflight."""
        (finding,) = self.bench.inside(lambda: self.kind.preflight(self.params, self.bench.context()))
        return finding

    def stand_alone(self) -> None:
        """The replica has become a writer, by whatever hand."""
        self.instance.source = None

    def answers(self, operation: str, answer: Callable[[Call], Any]) -> None:
        """The next call of an operation is answered by `answer` instead."""
        model, left = self.rds.answer, [operation]

        def answering(call: Call) -> Any:
            if call.operation in left:
                left.remove(call.operation)
                return answer(call)
            return model(call)

        self.monkeypatch.setattr(self.rds, "answer", answering)

    def refuses(self, operation: str, code: str, message: str = "No.", status: int = 400) -> None:
        """The next call of an operation is refused."""

        def refuse(call: Call) -> Any:
            raise ServiceError(code, message, status)

        self.answers(operation, refuse)

    def after_call(self, operation: str, work: Callable[[], None]) -> None:
        """Something happens once, after the next call of an operation had its effect."""
        left = [operation]

        def listen(call: Call) -> None:
            if call.operation in left:
                left.remove(call.operation)
                work()

        self.bench.aws.after_call.append(listen)

    def calls(self, operation: str) -> list[str]:
        """The answers that an operation had, in order: an error code, or nothing."""
        return [line.error for line in self.bench.world.trace if line.operation == operation]

    def seconds(self) -> float:
        """How long the world has been going."""
        return self.bench.world.time.elapsed_seconds()

    def lag(self, seconds: float, at: datetime, replica: str = REPLICA) -> None:
        """CloudWatch holds that ReplicaLag for the minute that began at `at`."""
        dimensions = {"DBInstanceIdentifier": replica}
        self.bench.aws.service(CloudWatch).put_metric(TOKYO, "AWS/RDS", "ReplicaLag", dimensions, at, seconds)


def replica_in_tokyo(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Databases:
    """A replica in good order, to be promoted: replicating, backed up, protected, with its source's parameters."""
    rds = bench.aws.service(Rds)
    like_production = {"parameter_group": "ryuqqq-mysql8", "deletion_protection": True, "retention_days": 7}
    source = rds.add_instance(SEOUL, SOURCE, multi_az=True, **like_production)
    replica = rds.add_replica(source, TOKYO, REPLICA, **like_production)
    return Databases(bench, monkeypatch, rds, promote_replica.KIND, PROMOTE, replica)


def writer_in_tokyo(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Databases:
    """A promoted writer in one zone, to be converted."""
    rds = bench.aws.service(Rds)
    return Databases(bench, monkeypatch, rds, convert_to_multi_az.KIND, CONVERT, rds.add_instance(TOKYO, REPLICA))
