"""A drill and a planned failover from the command line: started under a proven name, and followed to their ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli import starting, telling
from cli.saying import Wanted as Word
from cli.saying import say
from planfile import load
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.sts import Caller, put_sts
from rehearsal.traffic import region_of_users
from tests.drills import FILEFLOW, written
from tests.people import ANNA, BORIS

PEOPLE = 'people: {approvers: ["arn:aws:sts::123456789012:assumed-role/Operators/*"]}\n'


def session(who: Caller) -> boto3.session.Session:
    return boto3.session.Session(who.access_key, who.secret_key, region_name="us-east-1")


@dataclass(frozen=True)
class Desk:
    """Anna at a command line in the world of a plan, in which Boris may be heard too."""

    scene: Scene
    ways: starting.Ways

    def inside(self, work: Callable[[], Any]) -> Any:
        task = self.scene.world.time.spawn(work, name="the command line")
        self.scene.world.time.run(until=lambda: task.done, limit_seconds=7200)
        return task.result()


@contextmanager
def desk(path: Path) -> Iterator[Desk]:
    scene = open_scene(load(path), 1)
    try:
        time, standby = scene.world.time, scene.plan.regions.standby
        put_sts(scene.account.internet, scene.world, standby, [ANNA, BORIS])
        yield Desk(scene, starting.Ways(session(ANNA), scene.account.sdk(standby), sleep=time.sleep, now=time.now))
    finally:
        close_scene(scene)


@pytest.mark.full
def test_a_drill_is_followed_and_aborted_as_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fileflow.yaml"
    path.write_text(written() + PEOPLE)
    with desk(path) as at:
        aws, time = at.ways.aws, at.scene.world.time
        enough = Word("abort", path, reason="It has shown enough.", yes=True, drill=True)
        time.spawn(lambda: say(enough, session(BORIS), aws), name="boris", delay_seconds=60)

        wanted = starting.Wanted(path, "the quarterly one", run="drill-7")
        code = at.inside(lambda: starting.drill(wanted, full=False, ways=at.ways))
        told = capsys.readouterr().out
        looking = telling.Ways(aws, time.sleep, time.now)
        looked = at.inside(lambda: telling.status(telling.Wanted(path, drill=True), looking))

    assert code == 1
    assert f"Run drill-7 of fileflow-drill was started by {ANNA.arn} (proven)." in told
    assert "run closed: Run drill-7 was aborted by" in told
    assert looked == 0
    assert "Run drill-7, started by" in capsys.readouterr().out


@pytest.mark.full
def test_a_planned_failover_is_started_followed_to_its_end_and_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a primary that is well, and a plan that is armed `manual`."""
    path = tmp_path / "fileflow.yaml"
    path.write_text(FILEFLOW.read_text().replace("arming: observe", "arming: manual") + f"\n{PEOPLE}")
    with desk(path) as at:
        wanted = starting.Wanted(path, "a move", run="move-7", planned=True, yes=True)
        code = at.inside(lambda: starting.failover(wanted, at.ways))
        told = capsys.readouterr().out

        assert code == 0, told
        assert f"Run move-7 of fileflow-failover was started by {ANNA.arn} (proven)." in told
        assert "run closed: fileflow is served from ap-northeast-1." in told
        assert "drained" in told
        assert region_of_users(at.scene.world, at.scene.plan, "fileflow.ryuqqq.com") == "ap-northeast-1"
