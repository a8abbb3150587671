"""`./pilotlight runbook`: what its page must hold, in which order, and that it is kept of the plan that is deployed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from cli import deploying
from cli.by_hand.html import html_of
from cli.by_hand.order import page_of
from cli.by_hand.view import Block, Page, Section
from cli.handing import kept_anew, kept_at, runbook
from pilotlight.domain.handwork import Command
from pilotlight.domain.kind import Severity
from pilotlight.domain.plan import Plan
from pilotlight.domain.policy import FencePolicy
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.tombstone import Tombstone, TombstoneState
from pilotlight.steps import kind_and_params, writers_of
from planfile import load, load_any
from tests.cli.test_rehearse import FILEFLOW, ROOT, pilotlight
from tests.handlers.old_primary import TOKYO, Seoul, an_old_primary
from tests.pasting import fits, paste

PLANS = sorted((ROOT / "plans").glob("*.yaml"))
QUICK = ("fileflow", "triflow-take-copy")
"""One plan of each kind; the others are read in the full set."""
every_plan = pytest.mark.parametrize(
    "path", [pytest.param(p, marks=() if p.stem in QUICK else pytest.mark.full, id=p.stem) for p in PLANS]
)


@cache
def seen(path: Path) -> tuple[Plan | Runbook, Page]:
    plan = load_any(path)
    return plan, page_of(plan)


def blocks(sections: tuple[Section, ...]) -> Iterator[Block]:
    for section in sections:
        for task in section.tasks:
            yield from task.blocks


def commands(page: Page, *, aside: bool = False) -> list[Command]:
    """All that is pasted on the way forward; what takes things back too, where that is asked for."""
    return [command for block in blocks(page.sections) if aside or not block.aside for command in block.commands]


def section(page: Page, name: str) -> Section:
    return next(each for each in page.sections if each.name == name)


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


@every_plan
def test_it_holds_every_step_and_every_line_is_one_that_a_shell_and_aws_take(path: Path) -> None:
    plan, page = seen(path)
    text = text_of(html_of(page))

    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        assert its_kind.title(params) in text
    for command in commands(page, aside=True):
        assert command.line in text
        for call in paste(command.line).calls:
            fits(call)


@every_plan
def test_a_variable_is_set_before_it_is_used(path: Path) -> None:
    known: set[str] = set()
    for command in commands(seen(path)[1]):
        pasted = paste(command.line)
        assert pasted.uses <= known | pasted.sets, command.line
        known |= pasted.sets


@every_plan
def test_no_line_speaks_to_another_region_than_the_plans(path: Path) -> None:
    plan, page = seen(path)
    witness = plan.regions.witness if isinstance(plan, Plan) else None
    own = {plan.place.primary, plan.place.standby, witness}

    for command in commands(page, aside=True):
        assert {call.region for call in paste(command.line).calls} <= own


@pytest.mark.parametrize("name", ["fileflow", "triflow-multi-az"])
def test_it_is_one_file_that_fetches_nothing_and_is_always_the_same(name: str) -> None:
    path = ROOT / "plans" / f"{name}.yaml"
    html = html_of(page_of(load_any(path)))

    assert html == html_of(page_of(load_any(path)))
    assert "default-src 'none'" in html
    assert not re.search(r"<(link|img|iframe|object)|\ssrc=|url\(|@import", html)
    assert {link[0] for link in re.findall(r'href="([^"]+)"', html)} == {"#"}
    assert f'data-digest="{load_any(path).digest()}"' in html
    ticks = re.findall(r' id="([^"]+)"', html)
    assert len(ticks) == len(set(ticks))


def test_the_gates_stand_in_the_order_of_a_run() -> None:
    page = page_of(load(ROOT / FILEFLOW))

    assert [each.name for each in page.sections] == [
        "ready", "controller", "needed", "prepare", "gate", "fence", "move", "serve", "after", "afterwards",
    ]  # fmt: skip
    moving = [command.line for block in blocks((section(page, "move"),)) for command in block.commands]
    order = [
        next(number for number, line in enumerate(moving) if part in line)
        for part in (r"\"intended\"", "promote-read-replica", r"\"committed\"")
    ]
    assert order == sorted(order)
    assert section(page, "serve").tasks[-1].title == "Latch traffic to the standby"
    assert "15 min" in section(page, "gate").stop_if
    assert all(task.stop_if for name in ("fence", "move", "serve") for task in section(page, name).tasks)


def test_what_was_held_still_is_let_go_as_it_was_deployed() -> None:
    afterwards = section(page_of(load(ROOT / FILEFLOW)), "afterwards")

    lines = [command.line for command in afterwards.tasks[-1].blocks[0].commands]

    assert [line.split()[2] for line in lines] == [
        "delete-function-concurrency", "delete-function-concurrency", "put-function-concurrency",
    ]  # fmt: skip
    assert lines[2].endswith("--function-name pilotlight-fileflow-detect --reserved-concurrent-executions 5")


def test_a_plan_that_requires_a_closed_primary_says_so() -> None:
    plan = load(ROOT / FILEFLOW)
    strict = plan.model_copy(update={"fence": plan.fence.model_copy(update={"policy": FencePolicy.REQUIRE})})

    said = " ".join(section(page_of(strict), "fence").says)

    assert "if it does not answer, the writer stays where it is" in said


def test_a_runbook_has_neither_fence_nor_tombstone() -> None:
    page = page_of(load_any(ROOT / "plans" / "triflow-multi-az.yaml"))

    assert [each.name for each in page.sections] == ["ready", "controller", "needed", "gate", "serve", "afterwards"]
    assert "tombstone" not in html_of(page)


def test_what_a_plan_says_is_text_and_nothing_else() -> None:
    plan = load_any(ROOT / "plans" / "triflow-multi-az.yaml")
    evil = plan.model_copy(update={"description": "<script>alert(1)</script> & \"'"})

    html = html_of(page_of(evil))

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;&#x27;" in html


@pytest.fixture
def seoul() -> Iterator[Seoul]:
    with an_old_primary() as made:
        yield made


def noted_by_hand(plan: Plan | Runbook, state: TombstoneState) -> dict[str, object]:
    """The item that a person's line writes in Tokyo, with what the lines before it keep in variables."""
    kept = {"$PROMOTE_EPOCH_1": "1", "$PROMOTE_VERSION_1": "1", "$PROMOTE_NOTED_1": "2026-11-21T01:00:00+00:00"}
    for command in commands(page_of(plan), aside=True):
        for call in paste(command.line).calls:
            if (call.operation, call.region) == ("PutItem", TOKYO) and state.value in command.line:
                written = json.dumps(call.parameters)
                for variable, value in kept.items():
                    written = written.replace(variable, value)
                found: dict[str, object] = json.loads(written)
                return found
    raise AssertionError(f"no line writes {state}")


@pytest.mark.parametrize("state", list(TombstoneState))
def test_a_tombstone_by_hand_is_read_like_one_of_a_run(state: TombstoneState) -> None:
    plan = load(ROOT / FILEFLOW)
    item: dict[str, dict[str, str]] = noted_by_hand(plan, state)["Item"]  # type: ignore[assignment]

    stone = Tombstone.from_item(json.loads(item["body"]["S"]))

    (writer,) = writers_of(plan)
    assert (stone.old, stone.new, stone.epoch, stone.state) == (writer.old, writer.new, 1, state)


def test_a_tombstone_by_hand_has_the_guard_close_the_primary_that_returns(seoul: Seoul) -> None:
    item = noted_by_hand(seoul.scene.plan, TombstoneState.COMMITTED)
    sdk = seoul.scene.account.sdk(TOKYO)
    seoul.inside(lambda: sdk.call("dynamodb", "PutItem", TOKYO, **item))

    seoul.look_until_closed()

    assert seoul.is_closed


def test_the_page_that_is_kept_is_of_the_plan_and_says_so_when_it_was_not(tmp_path: Path) -> None:
    plan = load(ROOT / FILEFLOW)
    changed = plan.model_copy(update={"description": "another"})

    first, second, third = (kept_anew(each, tmp_path) for each in (plan, plan, changed))

    assert (first.severity, second.severity, third.severity) == (Severity.WARNING, Severity.FINE, Severity.WARNING)
    assert f"was of plan {plan.digest()[:12]}" in third.sentence
    assert third.fix == "Replace every copy that people hold."
    assert changed.digest() in kept_at(changed, tmp_path).read_text()


def test_a_page_of_another_version_of_pilotlight_is_replaced(tmp_path: Path) -> None:
    plan = load(ROOT / FILEFLOW)
    path = kept_at(plan, tmp_path)
    path.write_text(f'<html data-digest="{plan.digest()}">')

    assert "was of another version of Pilotlight" in kept_anew(plan, tmp_path).sentence
    assert "Promote ryuqqq-shared-rds-replica" in path.read_text()


def test_a_page_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file, and no folder")

    finding = kept_anew(load(ROOT / FILEFLOW), taken)
    code = runbook(ROOT / FILEFLOW, taken / "page.html")

    assert (finding.severity, code) == (Severity.WARNING, 2)
    assert "was not written" in finding.sentence
    assert "Name another file with -o." in capsys.readouterr().err


def test_the_command_says_where_it_wrote(tmp_path: Path) -> None:
    done = pilotlight("runbook", FILEFLOW, "-o", str(tmp_path / "page.html"))

    assert done.returncode == 0, done.stderr
    assert "page.html is written, of plan " in done.stdout
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_what_is_deployed_has_its_page_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def succeeds(arguments: list[str]) -> int:
        asked.append(arguments)
        return 0

    monkeypatch.setattr(deploying, "cdk", succeeds)
    monkeypatch.chdir(tmp_path)

    code = deploying.deploy(["--all", "-c", "plan=plans/fileflow.yaml"])

    assert (code, asked) == (0, [["deploy", "--all", "-c", "plan=plans/fileflow.yaml"]])
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["fileflow-by-hand.html"]


def test_what_was_not_deployed_leaves_the_page_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploying, "cdk", lambda arguments: 1)
    monkeypatch.chdir(tmp_path)

    assert deploying.deploy([]) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_looked_at_before_the_note_that_moves_it() -> None:
    (task,) = section(page_of(load(ROOT / "plans/megaticket.yaml")), "move").tasks

    assert [block.heading.split()[0] for block in task.blocks] == ["Tombstone", "Check", "Tombstone", "Only", "It"]


def test_what_is_awaited_says_how_long() -> None:
    page = page_of(load(ROOT / FILEFLOW))
    started, awaited = section(page, "prepare").tasks[0], section(page, "move").tasks[-1]

    assert (started.name, awaited.name) == ("create-redis", "await-create-redis")
    assert started.says.endswith("It is awaited in stage move.")
    assert awaited.stop_if == "it is not done 1 h after it was started."
    assert [block.heading for block in awaited.blocks] == ["Check", "Keep what later steps use, in this same shell"]
