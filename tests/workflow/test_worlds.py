"""The table of worlds: what each observer reports in each, and what follows. One test for each row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.workflow.worlds import TROUBLES, TROUBLES_OF_PRIVATE, Reports, told_of

pytestmark = pytest.mark.full

PAGE = Path(__file__).parents[2] / "docs" / "failure-semantics.md"
COLUMNS = (
    "world",
    "Route 53 alarm",
    "probe, standby",
    "probe, witness",
    "region, from standby",
    "region, from witness",
    "heartbeat",
    "verdict",
)
COLUMNS_OF_PRIVATE = (
    "world",
    "probe, standby",
    "probe inside",
    "region, from standby",
    "region, from witness",
    "heartbeat",
    "voice",
    "verdict",
)
TICKS = 7


@dataclass(frozen=True)
class Row:
    """What is expected of one world. `passed` are the reports once it is over, empty where it lasts.

    `because` is in the sentence of a verdict: the reason is the right one, and not only the word.
    """

    world: str
    reports: str
    verdict: str
    because: str = ""
    passed: str = ""

    def cells(self) -> list[str]:
        """As the page shows it."""
        if not self.reports:
            return [self.world, *["not read"] * 6, self.verdict]
        during, passed = self.reports.split(), self.passed.split() or self.reports.split()
        seen = [one if one == other else f"{one}, then {other}" for one, other in zip(during, passed, strict=True)]
        return [self.world, *seen, self.verdict]


START, IGNORE, NOBODY = "START", "IGNORE", "nobody decides"
ALIVE = "HOLD: region is alive"
IN_THE_END = f"{ALIVE}, then IGNORE"
ALL_WELL = "well well well well well well"
NOT_THE_REGION = "nothing shows that ap-northeast-2 is"

ROWS = (
    Row("primary dark", "dark dark dark dark dark dark", START, "The primary of fileflow is dark"),
    Row("us-east-1 dark", "unknown well well well well well", IGNORE),
    Row(
        "primary and us-east-1 dark", "unknown dark dark dark dark dark", START,
        "The probe in the witness gets no answer",
    ),
    Row(
        "path between primary and standby cut", "well dark well dark well dark",
        "HOLD: observers disagree", "do not agree that the primary is dark",
    ),
    Row("standby dark", "", NOBODY),
    Row("witness dark", "well well unknown well unknown well", IGNORE),
    Row("application broken everywhere", "dark dark dark well well well", ALIVE, NOT_THE_REGION),
    Row("bad deploy", "dark dark dark well well well", ALIVE, NOT_THE_REGION),
    Row("expired certificate", "well unknown unknown well well well", IGNORE),
    Row("Multi-AZ failover under way", "well dark dark well well well", IN_THE_END, NOT_THE_REGION, ALL_WELL),
    Row("all tasks being replaced", "well dark dark well well well", IN_THE_END, NOT_THE_REGION, ALL_WELL),
)  # fmt: skip


DISAGREE = "HOLD: observers disagree"
TOO_FEW = "HOLD: too few see it"

ROWS_OF_PRIVATE = (
    Row(
        "primary dark", "dark unknown dark dark dark dark", START,
        "The voice of the probe inside the primary has been silent",
    ),
    Row("peering cut", "dark well well well well well", DISAGREE, "The probe inside the primary gets a good answer"),
    Row("peering cut, voice lost", "dark unknown well well well dark", TOO_FEW, "seen dark from ap-northeast-1 only"),
    Row(
        "path between primary and standby cut", "dark unknown dark well dark dark", TOO_FEW,
        "seen dark from ap-northeast-1 only",
    ),
    Row("standby dark", "", NOBODY),
    Row("witness dark", "well well well unknown well well", IGNORE),
    Row(
        "primary and witness dark", "dark unknown dark unknown dark dark", TOO_FEW,
        "seen dark from ap-northeast-1 only",
    ),
    Row("application broken everywhere", "dark dark well well well well", ALIVE, NOT_THE_REGION),
    Row("bad deploy", "dark dark well well well well", ALIVE, NOT_THE_REGION),
    Row("all tasks being replaced", "dark dark well well well well", IN_THE_END, NOT_THE_REGION, ALL_WELL),
)  # fmt: skip


def test_every_world_has_its_row() -> None:
    assert [row.world for row in ROWS] == list(TROUBLES)
    assert [row.world for row in ROWS_OF_PRIVATE] == list(TROUBLES_OF_PRIVATE)


QUICK = ("primary dark", "path between primary and standby cut", "bad deploy", "peering cut")
PLAYED = [
    pytest.param(
        row,
        private,
        id=f"private: {row.world}" if private else row.world,
        marks=() if row.world in QUICK else pytest.mark.full,
    )
    for rows, private in ((ROWS, False), (ROWS_OF_PRIVATE, True))
    for row in rows
]


@pytest.mark.parametrize(("row", "private"), PLAYED)
def test_what_is_seen_and_what_follows(row: Row, private: bool) -> None:
    """Given FileFlow armed automatic, when this befalls its world, then every observer reports what the row says, and
    the detector concludes what it says, for that reason. The same where only its VPCs reach it, asked from the
    standby's and from inside the primary."""
    told = told_of(row.world, private=private)

    assert told.during == as_reports(row.reports)
    assert told.at_the_end == as_reports(row.passed or row.reports)
    match row.verdict.split(":")[0] if row.verdict != IN_THE_END else IN_THE_END:
        case "START":
            assert told.verdicts == ("hold", "start")
            assert told.executions == ("fileflow-e1",)
        case "HOLD":
            assert set(told.verdicts) == {"hold"}
        case "IGNORE":
            assert told.verdicts == (), "a tick that sees nothing new writes nothing"
        case "nobody decides":
            assert told.looks == 0, "the detector stands in the standby"
            assert told.verdicts == ()
        case verdict:
            assert verdict == IN_THE_END
            assert set(told.verdicts) == {"hold", "ignore"}
            assert told.verdicts[-1] == "ignore"
    assert row.verdict == START or told.executions == ()
    assert row.verdict in (START, NOBODY) or told.looks >= TICKS
    assert not row.because or any(row.because in sentence for sentence in told.sentences)


def test_the_page_shows_these_rows_and_no_others() -> None:
    """Given docs/failure-semantics.md, then its table of worlds is the one that is tested here."""
    assert shown_under("What is seen, and what follows") == as_table(COLUMNS, ROWS)
    assert shown_under("What is seen of a private application") == as_table(COLUMNS_OF_PRIVATE, ROWS_OF_PRIVATE)


def shown_under(title: str) -> list[str]:
    section = PAGE.read_text().split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return [line for line in section.splitlines() if line.startswith("|")]


def as_reports(words: str) -> Reports:
    return tuple(words.split())


def as_table(columns: tuple[str, ...], rows: tuple[Row, ...]) -> list[str]:
    lines = [list(columns), ["---"] * len(columns), *(row.cells() for row in rows)]
    return ["|" + "|".join(cells) + "|" if cells[0] == "---" else f"| {' | '.join(cells)} |" for cells in lines]
