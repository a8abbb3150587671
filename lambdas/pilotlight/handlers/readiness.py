"""readiness: each hour it looks at all that must be true before an incident, keeps what it found, and writes down news.

It changes nothing of the application: its role reads. While a run holds the application's lease it does not look,
because what a run is about to change is not as it is before an incident. A new error is written into the ledger once,
from where people are told; one that went away and came back is new again.

Trouble with the tables is raised, so that the alarm on the function's errors is heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilotlight.domain.records import Entry, RecordKind
from pilotlight.handlers.journal import outline_of
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry
from pilotlight.readiness.kept import SORT, Kept, item_of, partition, said
from pilotlight.readiness.look import looks, take, worst_first


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function of one application, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "readiness")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"sentence": look(runtime)}

    return handle


handler = entry(build)


def look(runtime: Runtime) -> str:
    """Look, keep what was found, and write down what is newly wrong; the sentence says what came of it."""
    plan, began = runtime.failover, runtime.now()
    holder = runtime.leases.of(plan.application).holder
    if holder:
        return f"Nothing was looked at, because run {holder} is at work."
    every = looks(plan, began, runtime.aws, runtime.outside.web)
    found = worst_first([each for one in every for each in take(one)])
    now = runtime.now()
    note = runtime.control.note(partition(plan.application), SORT)
    kept = Kept.of(found, now)
    news = kept.news(Kept.from_item(note) if note else None)
    if news:
        # Written before the look is kept: a crash in between says it twice, and never not at all.
        details = {"findings": [item_of(each) for each in news], **outline_of(plan)}
        runtime.ledger.append(Entry(plan.application, RecordKind.READINESS, now, said(news), details=details))
    runtime.control.keep_note(partition(plan.application), SORT, kept.to_item(), note)
    sentence = kept.sentence(now)
    runtime.logger.info(sentence, extra={"news": len(news)})
    return sentence
