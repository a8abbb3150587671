"""notify: fed by the ledger's stream, it tells people what is written there; beside the run, never in it.

Two events: a batch of the ledger's DynamoDB stream (new images), and the tick of each minute, which tries the outbox
again when nothing new is written. Trouble with Slack or SNS is kept for the next invocation and is no
failure; trouble of its own, or with the tables, makes the batch come back from the first record that was not told
(Lambda, "Reporting batch item failures" for DynamoDB streams).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pilotlight.aws.ledger import record_of_stream_image
from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.errors import Changed
from pilotlight.domain.records import Record, RecordKind
from pilotlight.handlers.announcing import Announcer
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry, measure
from pilotlight.handlers.telling import Teller
from pilotlight.report.view import incident_of

_ANNOUNCES = (VerdictKind.START, VerdictKind.BLOCK)


@dataclass
class _Touched:
    """One incident of a batch: its newest record, and where in the stream it begins."""

    first_item: str
    newest: int = 0
    announces: bool = False


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """Make the function."""
    runtime = Runtime(environ, outside, "notify")
    teller, announcer = Teller(runtime), Announcer(runtime)

    def notify(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if "Records" not in event:
            broken = _hear(runtime, teller)
            _count(runtime, broken + _catch_up(runtime, teller, frozenset()))
            return {"batchItemFailures": []}
        read = _read(runtime, event["Records"])
        touched = _touched(read)
        failures, broken = _announce(runtime, announcer, read)
        for (application, incident), batch in touched.items():
            if not batch.announces and not teller.is_known(application, incident):
                continue
            try:
                teller.tell(application, incident, batch.newest)
            except Changed as taken:
                runtime.logger.info(taken.sentence, application=application)
                failures.append(batch.first_item)
            except Exception:  # whatever it is, the other incidents are told, and this one comes back
                runtime.logger.exception("An incident could not be told.", application=application, incident=incident)
                failures.append(batch.first_item)
                broken += 1
        broken += _catch_up(runtime, teller, frozenset(incident for _, incident in touched))
        _count(runtime, broken)
        return {"batchItemFailures": [{"itemIdentifier": min(failures, key=int)}] if failures else []}

    return notify


def _announce(runtime: Runtime, announcer: Announcer, read: list[tuple[str, Record]]) -> tuple[list[str], int]:
    """Tell the news that belong to no incident; gives the items that could not be told, and how many of them broke."""
    failures: list[str] = []
    broken = 0
    for item, record in read:
        if record.entry.kind is not RecordKind.READINESS:
            continue
        try:
            announcer.announce(record)
        except Changed as taken:
            runtime.logger.info(taken.sentence, application=record.entry.application)
            failures.append(item)
        except Exception:  # whatever it is, the incidents are told, and this one comes back
            runtime.logger.exception("News of readiness could not be told.", application=record.entry.application)
            failures.append(item)
            broken += 1
    return failures, broken


def _read(runtime: Runtime, items: list[dict[str, Any]]) -> list[tuple[str, Record]]:
    """The new records of a batch, each with its place in the stream."""
    found: list[tuple[str, Record]] = []
    for item in items:
        image = item["dynamodb"].get("NewImage")
        if image is None:
            continue
        try:
            record = record_of_stream_image(image)
        except (KeyError, ValueError):
            # It would come back for a day and hold up everything behind it, and reading it never helps.
            runtime.logger.exception(
                "A record of the ledger cannot be read, so nobody is told of it.", item=item["eventID"]
            )
            continue
        found.append((item["dynamodb"]["SequenceNumber"], record))
    return found


def _touched(read: list[tuple[str, Record]]) -> dict[tuple[str, str], _Touched]:
    found: dict[tuple[str, str], _Touched] = {}
    for item, record in read:
        if incident := incident_of(record):
            held = found.setdefault((record.entry.application, incident), _Touched(item))
            held.newest = max(held.newest, record.sequence)
            held.announces = held.announces or _announces(record)
    return found


def _announces(record: Record) -> bool:
    """Whether people hear of an incident through this record, if they did not before."""
    match record.entry.kind:
        case RecordKind.SIGNAL:
            return False
        case RecordKind.VERDICT:
            return record.entry.details["verdict"] in _ANNOUNCES
        case _:
            return True


def _hear(runtime: Runtime, teller: Teller) -> int:
    """Hear of the pagers, and look again a minute later where that breaks; gives how often it broke."""
    try:
        teller.hear()
    except Exception:  # whatever it is, people are still told what waits for them
        runtime.logger.exception("Who took incidents up at the pager could not be heard.")
        return 1
    return 0


def _catch_up(runtime: Runtime, teller: Teller, done: frozenset[str]) -> int:
    """Try what waits in the outbox; what breaks stays there and holds nothing else up. Gives how many broke."""
    broken = 0
    # An incident that two sinks have not told is told once.
    for waiting in {each.incident: each for each in teller.waiting() if each.incident not in done}.values():
        try:
            teller.tell(waiting.application, waiting.incident, waiting.first)
        except Changed:
            runtime.logger.info(
                "Another invocation is telling it.", application=waiting.application, incident=waiting.incident
            )
        except Exception:  # whatever it is, it stays in the outbox, and what waits behind it is told
            runtime.logger.exception(
                "What waits in the outbox could not be told.",
                application=waiting.application,
                incident=waiting.incident,
            )
            broken += 1
    return broken


def _count(runtime: Runtime, broken: int) -> None:
    """What broke is none of Lambda's own `Errors`, because the invocation went on, so it has a metric of its own."""
    if broken:
        measure(runtime.outside.log, "NotTold", broken, MetricUnit.Count, function="notify")


handler = entry(build)
