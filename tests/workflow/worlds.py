"""Worlds in which something has gone wrong, each played once: what every observer reports, and what the detector says.

FileFlow's plan is deployed whole, armed `automatic`. The observers are asked seven minutes after the trouble began, or
as soon as a run was started; those of a trouble that passes shortly before it does as well.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from urllib.parse import urlsplit

from deployment import names
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Arming
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.records import RecordKind
from pilotlight.handlers.looking import see
from pilotlight.handlers.runtime import Runtime
from planfile import load
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.step_functions import StepFunctions
from rehearsal.world import CURRENT_REGION
from tests.workflow.played import FILEFLOW

LASTS = timedelta(minutes=7)
SHORTLY = timedelta(seconds=5)
PRIMARY, STANDBY, WITNESS = "ap-northeast-2", "ap-northeast-1", "ap-southeast-1"
OBSERVERS = (
    "Alarm pilotlight-fileflow-primary-health",
    "The probe in the standby",
    "The probe in the witness",
    f"The look from the standby at AWS in {PRIMARY}",
    f"The look from the witness at AWS in {PRIMARY}",
    f"The heartbeat of {PRIMARY}",
)

Reports = tuple[str, ...]
"""The sight of each of `OBSERVERS`; empty where nobody can read them."""

SLOW = WebAnswer(None, "", "no whole answer came in time", silence=Silence.TIMED_OUT)
FAULTY = WebAnswer(500, '{"status":"DOWN"}')
NO_TARGET = WebAnswer(503, "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>")
EXPIRED = WebAnswer(None, "", "its certificate was not accepted: certificate has expired", silence=Silence.CERTIFICATE)


@dataclass(frozen=True)
class Told:
    """What came of a world: the reports while the trouble lasted and at the end, and the detector's verdicts.

    A verdict that is the same as the one before it is told once; `sentences` are those of all of them.
    """

    during: Reports
    at_the_end: Reports
    verdicts: tuple[str, ...]
    sentences: tuple[str, ...]
    looks: int
    executions: tuple[str, ...]


@dataclass(frozen=True)
class Trouble:
    """How a world is made so; `passes_after` is None for one that stays."""

    begin: Callable[[Scene], None]
    passes_after: timedelta | None = None
    end: Callable[[Scene], None] | None = None


def _dark(*regions: str) -> Trouble:
    def begin(scene: Scene) -> None:
        for region in regions:
            scene.world.darken(region)

    return Trouble(begin)


def _hosts(scene: Scene) -> set[str]:
    signals = scene.plan.signals
    return {signals.probe.connect_to or urlsplit(signals.probe.url).hostname or "", signals.health_check.host}


def _well(scene: Scene, request: WebRequest) -> WebAnswer:
    probe = scene.plan.signals.probe
    return WebAnswer(probe.expect_status, probe.expect_body or "")


def _answer(scene: Scene, answers: Callable[[WebRequest], WebAnswer]) -> None:
    for host in _hosts(scene):
        scene.account.internet.put_in_region(host, PRIMARY, answers)


def _application(answer: WebAnswer, passes_after: timedelta | None = None) -> Trouble:
    """The primary's region is well, and its load balancer gives this answer, or none."""

    def begin(scene: Scene) -> None:
        def answers(request: WebRequest) -> WebAnswer:
            if answer.silence is Silence.TIMED_OUT:
                scene.world.time.sleep(request.timeout_seconds)
            return answer

        _answer(scene, answers)

    return Trouble(begin, passes_after, lambda scene: _answer(scene, lambda request: _well(scene, request)))


def _expire_certificate(scene: Scene) -> None:
    """Route 53's checkers "don't validate SSL/TLS certificates" (Route 53 Developer Guide); the probes do."""
    public = urlsplit(scene.plan.signals.probe.url).hostname

    def answers(request: WebRequest) -> WebAnswer:
        return EXPIRED if urlsplit(request.url).hostname == public else _well(scene, request)

    _answer(scene, answers)


TROUBLES: dict[str, Trouble] = {
    "primary dark": _dark(PRIMARY),
    "us-east-1 dark": _dark(HEALTH_CHECK_REGION),
    "primary and us-east-1 dark": _dark(PRIMARY, HEALTH_CHECK_REGION),
    "path between primary and standby cut": Trouble(lambda scene: scene.world.cut(PRIMARY, STANDBY)),
    "standby dark": _dark(STANDBY),
    "witness dark": _dark(WITNESS),
    "application broken everywhere": _application(FAULTY),
    "bad deploy": _application(NO_TARGET),
    "expired certificate": Trouble(_expire_certificate),
    "Multi-AZ failover under way": _application(SLOW, timedelta(seconds=120)),
    "all tasks being replaced": _application(NO_TARGET, timedelta(seconds=90)),
}


@cache
def told_of(name: str) -> Told:
    """Play the world of that name, once for all tests."""
    trouble = TROUBLES[name]
    random.seed(1)
    scene = open_scene(load(FILEFLOW).model_copy(update={"arming": Arming.AUTOMATIC}), 1)
    try:
        detector = scene.account.aws.service(LambdaFunctions).deployed[STANDBY, names.detect_function("fileflow")]
        began, looked = scene.world.time.elapsed_seconds(), detector.calls
        trouble.begin(scene)
        during: Reports = ()
        if trouble.passes_after and trouble.end:
            scene.world.time.run(limit_seconds=(trouble.passes_after - SHORTLY).total_seconds())
            during = _reports(scene)
            _run_until(scene, began + trouble.passes_after.total_seconds())
            trouble.end(scene)
        _run_until(scene, began + LASTS.total_seconds(), a_run_started=lambda: bool(_executions(scene)))
        scene.world.time.run(limit_seconds=SHORTLY.total_seconds())
        at_the_end = _reports(scene)
        said = _verdicts(scene)
        return Told(
            during or at_the_end,
            at_the_end,
            tuple(kind for i, (kind, _) in enumerate(said) if not i or said[i - 1][0] != kind),
            tuple(sentence for _, sentence in said),
            detector.calls - looked,
            _executions(scene),
        )
    finally:
        close_scene(scene)


def _run_until(scene: Scene, elapsed_seconds: float, a_run_started: Callable[[], bool] | None = None) -> None:
    left = elapsed_seconds - scene.world.time.elapsed_seconds()
    scene.world.time.run(until=a_run_started, limit_seconds=left)


def _executions(scene: Scene) -> tuple[str, ...]:
    return tuple(e.name for e in scene.account.aws.service(StepFunctions).executions.values())


def _reports(scene: Scene) -> Reports:
    """What the detector would read at this moment, from the standby."""
    environ = {
        "AWS_REGION": STANDBY,
        "PILOTLIGHT_CONTROL_TABLE": names.CONTROL_TABLE,
        "PILOTLIGHT_SIGNALS_TABLE": names.SIGNALS_TABLE,
    }
    runtime = Runtime(environ, scene.account.outside(), "test")

    def look() -> Reports:
        CURRENT_REGION.set(STANDBY)
        try:
            seen = {s.observer: s.sight.value for s in see(runtime, scene.plan, runtime.now())}
        except AwsError:
            return ()
        return tuple(seen[observer] for observer in OBSERVERS)

    task = scene.world.time.spawn(look, name="ask every observer")
    scene.world.time.run(until=lambda: task.done)
    return task.result()


def _verdicts(scene: Scene) -> list[tuple[str, str]]:
    """What the detector wrote down, read by the account's owner once the standby is there again."""
    scene.world.relight(STANDBY)
    ledger = Ledger(DynamoTable(scene.account.sdk(STANDBY), STANDBY, names.LEDGER_TABLE), pause=lambda lost: None)
    task = scene.world.time.spawn(lambda: ledger.records("fileflow"), name="read the ledger")
    scene.world.time.run(until=lambda: task.done)
    said = [r.entry for r in task.result() if r.entry.kind is RecordKind.VERDICT]
    return [(entry.details["verdict"], entry.sentence) for entry in said]
