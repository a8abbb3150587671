"""Takes the README picture of a run: `PYTHONPATH=lambdas python -m tests.rehearsal.take_picture docs/rehearsal.svg`."""

from __future__ import annotations

import io
import re
import sys
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from rehearsal.live import moments_of
from rehearsal.picture import Picture
from rehearsal.so_far import SoFar
from tests.workflow.played import played

SHOWN_AT = timedelta(minutes=15, seconds=20)


def take(path: Path) -> None:
    """Draw FileFlow's outage as a terminal shows it a quarter of an hour in, fetching nothing."""
    seen = played("outage")
    so_far = SoFar(seen.onset)
    for moment in moments_of(seen):
        if moment.at - seen.onset > SHOWN_AT:
            break
        so_far.take(moment.at - seen.onset, moment.what)
    so_far.now = SHOWN_AT
    console = Console(file=io.StringIO(), record=True, width=124, height=38, force_terminal=True)
    console.print(Picture("fileflow: outage, seed 1").draw(so_far, console.size))
    drawn = console.export_svg(title="./pilotlight rehearse plans/fileflow.yaml")
    # The picture stands alone: fonts that would be fetched give way to the reader's own.
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))


if __name__ == "__main__":
    take(Path(sys.argv[1]))
