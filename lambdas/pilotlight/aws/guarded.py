"""The AWS port of a run: no mutating call without a held lease, an intent written before it and an outcome after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pilotlight.aws.leases import Leases
from pilotlight.aws.ledger import Ledger
from pilotlight.domain.errors import AwsError, StaleActor
from pilotlight.domain.ports import Aws, Withheld
from pilotlight.domain.read_only import is_read
from pilotlight.domain.records import Entry, RecordKind
from pilotlight.domain.run import Run

_SECRET = ("AuthToken", "MasterUserPassword", "SecretString", "Password", "SecretBinary", "SecretPatch")


class GuardedAws:
    """The AWS of one step of one run.

    A mutating call is refused with `StaleActor` when one of the run's leases is no longer held in its epoch: that of
    the application always, those of the writers where the step `touches_writers`. They are read just before the call;
    a pause of the function between the two is the residual window that docs/failure-semantics.md names.
    """

    def __init__(
        self,
        aws: Aws,
        ledger: Ledger,
        leases: Leases,
        run: Run,
        step: str,
        clock: Callable[[], datetime],
        *,
        touches_writers: bool,
    ) -> None:
        self._aws = aws
        self._ledger = ledger
        self._leases = leases
        own = {run.application: run.epoch}
        self._epochs = run.epochs if touches_writers else own
        self._run = run
        self._step = step
        self._clock = clock

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        """Call AWS; a mutating call is guarded and recorded."""
        if is_read(operation):
            return self._aws.call(service, operation, region, **parameters)
        self._prove_lease(service, operation)
        what = f"{service} {operation} in {region}"
        details = {
            "service": service,
            "operation": operation,
            "region": region,
            "parameters": without_secrets(parameters),
        }
        self._write(RecordKind.INTENT, f"{self._step} is about to call {what}.", details)
        self._prove_lease_again(service, operation, details)
        try:
            answer = self._aws.call(service, operation, region, **parameters)
        except AwsError as error:
            self._write(RecordKind.OUTCOME, error.sentence, {**details, "error": error.code})
            raise
        self._write(RecordKind.OUTCOME, f"{what} was accepted.", details)
        return answer

    def _prove_lease_again(self, service: str, operation: str, details: dict[str, Any]) -> None:
        # Writing the intent may have taken a while under contention.
        try:
            self._prove_lease(service, operation)
        except StaleActor as stale:
            self._write(RecordKind.OUTCOME, stale.sentence, {**details, "error": "StaleActor"})
            raise

    def _prove_lease(self, service: str, operation: str) -> None:
        lost = self._leases.lost_by(self._run.run_id, self._epochs)
        if lost:
            raise StaleActor(
                f"Run {self._run.run_id} lost the lease of {lost.subject} (epoch {lost.epoch}, held by "
                f"{lost.holder or 'nobody'}), so it does not call {service} {operation}."
            )

    def _write(self, kind: RecordKind, sentence: str, details: dict[str, Any]) -> None:
        run = self._run
        facts = {"incident": run.incident, **details}
        self._ledger.append(Entry(run.application, kind, self._clock(), sentence, run.run_id, self._step, facts))


def without_secrets(value: Any) -> Any:
    """The parameters of a call as they may be written down: without secrets and the values of secure parameters."""
    if isinstance(value, Withheld):
        return "(withheld)"
    if isinstance(value, dict):
        secure = value.get("Type") == "SecureString"
        return {
            name: "(withheld)" if name in _SECRET or (secure and name == "Value") else without_secrets(inner)
            for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [without_secrets(inner) for inner in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
