"""A drill from the command line: started under a proven name, followed in its own ledger, and aborted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli import starting, telling
from cli.saying import Wanted as Word
from cli.saying import say
from planfile import load
from rehearsal.scene import close_scene, open_scene
from rehearsal.sts import Caller, put_sts
from tests.drills import written
from tests.people import ANNA, BORIS


def session(who: Caller) -> boto3.session.Session:
    return boto3.session.Session(who.access_key, who.secret_key, region_name="us-east-1")


@pytest.mark.full
def test_a_drill_is_followed_and_aborted_as_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fileflow.yaml"
    path.write_text(written() + 'people: {approvers: ["arn:aws:sts::123456789012:assumed-role/Operators/*"]}\n')
    scene = open_scene(load(path), 1)
    try:
        time, standby = scene.world.time, scene.plan.regions.standby
        aws = scene.account.sdk(standby)
        put_sts(scene.account.internet, scene.world, standby, [ANNA, BORIS])
        ways = starting.Ways(session(ANNA), aws, sleep=time.sleep, now=time.now)

        def inside(work: Callable[[], Any]) -> Any:
            task = time.spawn(work, name="the command line")
            time.run(until=lambda: task.done, limit_seconds=7200)
            return task.result()

        enough = Word("abort", path, reason="It has shown enough.", yes=True, drill=True)
        time.spawn(lambda: say(enough, session(BORIS), aws), name="boris", delay_seconds=60)
        wanted = starting.Wanted(path, "the quarterly one", run="drill-7")
        code = inside(lambda: starting.drill(wanted, full=False, ways=ways))
        told = capsys.readouterr().out
        looked = inside(
            lambda: telling.status(telling.Wanted(path, drill=True), telling.Ways(aws, time.sleep, time.now))
        )

        assert code == 1
        assert f"Run drill-7 of fileflow-drill was started by {ANNA.arn} (proven)." in told
        assert "run closed: Run drill-7 was aborted by" in told
        assert looked == 0
        assert "Run drill-7, started by" in capsys.readouterr().out
    finally:
        close_scene(scene)
