"""Takes the pictures that the README and the pages of `docs/` show: what a terminal and Slack show of played runs.

`PYTHONPATH=.:lambdas python -m tests.rehearsal.take_pictures` draws them all anew.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from pilotlight.domain.plan import Plan
from planfile import load
from rehearsal.drilling import DRILL_SCENARIOS, play_drill
from rehearsal.live import moments_of
from rehearsal.picture import Picture
from rehearsal.play import AnyPlayed, play
from rehearsal.scenarios import scenario
from rehearsal.scenarios.slack import hearing
from rehearsal.slack import SlackMessage
from rehearsal.so_far import SoFar
from tests.messages.picture import drawn
from tests.workflow.played import FILEFLOW, played

DOCS = Path(__file__).parents[2] / "docs"
OUTAGE_AT = timedelta(minutes=15, seconds=20)
DRILL_AT = timedelta(minutes=36)


def _terminal() -> str:
    """FileFlow's outage as a terminal shows it a quarter of an hour in, fetching nothing."""
    seen = played("outage")
    so_far = SoFar(seen.onset)
    for moment in moments_of(seen):
        if moment.at - seen.onset > OUTAGE_AT:
            break
        so_far.take(moment.at - seen.onset, moment.what)
    so_far.now = OUTAGE_AT
    console = Console(file=io.StringIO(), record=True, width=124, height=38, force_terminal=True)
    console.print(Picture("fileflow: outage, seed 1").draw(so_far, console.size))
    svg = console.export_svg(title="./pilotlight rehearse plans/fileflow.yaml")
    # The picture stands alone: fonts that would be fetched give way to the reader's own.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def _asking() -> str:
    """FileFlow's run when its service could not start, as it waits for a person."""
    plan = _with_people(load(FILEFLOW))
    seen = play(plan, scenario("image-missing"), 1)
    return _slack(next(m for m in _living(seen) if "Retry" in str(m.blocks)))


def _drill() -> str:
    """A drill of FileFlow while its copy is started."""
    seen = play_drill(_with_people(load(FILEFLOW)), DRILL_SCENARIOS["drill"], 1)
    return _slack([m for m in _living(seen) if m.changed - seen.onset < DRILL_AT][-1])


def _with_people(plan: Plan) -> Plan:
    """The plan as one that hears its people in Slack, and asks for no approval."""
    (heard,) = hearing(plan)
    return heard.model_copy(update={"gates": plan.gates})


def _living(seen: AnyPlayed) -> list[SlackMessage]:
    return [message for message in seen.scene.slack.history if not message.thread_ts]


def _slack(message: SlackMessage) -> str:
    return drawn([dict(block) for block in message.blocks], message.text)


PICTURES: dict[str, Callable[[], str]] = {
    "rehearsal.svg": _terminal,
    "slack-asking.svg": _asking,
    "slack-drill.svg": _drill,
}


if __name__ == "__main__":
    for name, take in PICTURES.items():
        (DOCS / name).write_text(take())
