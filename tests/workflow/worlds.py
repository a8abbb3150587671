"""Worlds in which something has gone wrong, each played once: what every observer reports, and what the detector says.

FileFlow's plan is deployed whole, armed `automatic`, as it is and as if it were private. The observers are asked seven
minutes after the trouble began, or as soon as a run was started; those of a trouble that passes shortly before it does
as well.
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
from pilotlight.domain.decision import History, decide
from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Arming
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.records import RecordKind
from pilotlight.domain.watching import PROBE_INSIDE, VOICE
from pilotlight.handlers.looking import see
from pilotlight.handlers.runtime import Runtime
from planfile import load
from rehearsal.access import Role
from rehearsal.scene import Scene, close_scene, let_primary_answer, open_scene
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.step_functions import StepFunctions
from rehearsal.world import CURRENT_REGION
from tests.private_fileflow import private_fileflow
from tests.workflow.played import FILEFLOW

LASTS = timedelta(minutes=7)
SHORTLY = timedelta(seconds=5)
PRIMARY, STANDBY, WITNESS = "ap-northeast-2", "ap-northeast-1", "ap-southeast-1"
AT_ITS_REGION = (
    f"The look from the standby at AWS in {PRIMARY}",
    f"The look from the witness at AWS in {PRIMARY}",
    f"The heartbeat of {PRIMARY}",
)
OBSERVERS = (
    "Alarm pilotlight-fileflow-primary-health",
    "The probe in the standby",
    "The probe in the witness",
    *AT_ITS_REGION,
)
OBSERVERS_OF_PRIVATE = ("The probe in the standby", PROBE_INSIDE, *AT_ITS_REGION, VOICE)

Reports = tuple[str, ...]
"""The sight of each observer; empty where nobody can read them."""

SLOW = WebAnswer(None, "", "no whole answer came in time", silence=Silence.TIMED_OUT)
FAULTY = WebAnswer(500, '{"status":"DOWN"}')
NO_TARGET = WebAnswer(503, "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>")
EXPIRED = WebAnswer(None, "", "its certificate was not accepted: certificate has expired", silence=Silence.CERTIFICATE)


@dataclass(frozen=True)
class Told:
    """What came of a world: the reports while the trouble lasted and at the end, and the detector's verdicts.

    A verdict that is the same as the one before it is told once. `sentences` are those of all of them, and of what the
    detector concludes from the reports.
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


def _application(answer: WebAnswer, passes_after: timedelta | None = None) -> Trouble:
    """The primary's region is well, and its load balancer gives this answer, or none."""

    def begin(scene: Scene) -> None:
        def answers(request: WebRequest) -> WebAnswer:
            if answer.silence is Silence.TIMED_OUT:
                scene.world.time.sleep(request.timeout_seconds)
            return answer

        let_primary_answer(scene, answers)

    return Trouble(begin, passes_after, lambda scene: let_primary_answer(scene, None))


def _expire_certificate(scene: Scene) -> None:
    """Route 53's checkers "don't validate SSL/TLS certificates" (Route 53 Developer Guide); the probes do."""
    public = urlsplit(scene.plan.signals.probe.url).hostname

    def answers(request: WebRequest) -> WebAnswer | None:
        return EXPIRED if urlsplit(request.url).hostname == public else None

    let_primary_answer(scene, answers)


def _cut_peering_and_voice(scene: Scene) -> None:
    scene.world.cut_peering(PRIMARY, STANDBY)
    voice = scene.account.aws.service(LambdaFunctions).deployed[PRIMARY, names.voice_function("fileflow")]
    voice.role = Role("a role that may write nothing", ())


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

TROUBLES_OF_PRIVATE: dict[str, Trouble] = {
    "primary dark": TROUBLES["primary dark"],
    "peering cut": Trouble(lambda scene: scene.world.cut_peering(PRIMARY, STANDBY)),
    "peering cut, voice lost": Trouble(_cut_peering_and_voice),
    "path between primary and standby cut": TROUBLES["path between primary and standby cut"],
    "standby dark": TROUBLES["standby dark"],
    "witness dark": TROUBLES["witness dark"],
    "primary and witness dark": _dark(PRIMARY, WITNESS),
    "application broken everywhere": TROUBLES["application broken everywhere"],
    "bad deploy": TROUBLES["bad deploy"],
    "all tasks being replaced": TROUBLES["all tasks being replaced"],
}


@cache
def told_of(name: str, *, private: bool = False) -> Told:
    """Play the world of that name, once for all tests."""
    trouble = (TROUBLES_OF_PRIVATE if private else TROUBLES)[name]
    random.seed(1)
    plan = private_fileflow() if private else load(FILEFLOW)
    scene = open_scene(plan.model_copy(update={"arming": Arming.AUTOMATIC}), 1)
    try:
        detector = scene.account.aws.service(LambdaFunctions).deployed[STANDBY, names.detect_function("fileflow")]
        began, looked = scene.world.time.elapsed_seconds(), detector.calls
        trouble.begin(scene)
        during, concluded = Reports(), list[str]()
        if trouble.passes_after and trouble.end:
            scene.world.time.run(limit_seconds=(trouble.passes_after - SHORTLY).total_seconds())
            during, sentence = _reports(scene)
            concluded.append(sentence)
            _run_until(scene, began + trouble.passes_after.total_seconds())
            trouble.end(scene)
        _run_until(scene, began + LASTS.total_seconds(), a_run_started=lambda: bool(_executions(scene)))
        scene.world.time.run(limit_seconds=SHORTLY.total_seconds())
        at_the_end, sentence = _reports(scene)
        said = _verdicts(scene)
        return Told(
            during or at_the_end,
            at_the_end,
            tuple(kind for i, (kind, _) in enumerate(said) if not i or said[i - 1][0] != kind),
            (*(sentence for _, sentence in said), *concluded, sentence),
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


def _reports(scene: Scene) -> tuple[Reports, str]:
    """What the detector would read at this moment, from the standby, and what it would conclude."""
    environ = {
        "AWS_REGION": STANDBY,
        "PILOTLIGHT_CONTROL_TABLE": names.CONTROL_TABLE,
        "PILOTLIGHT_SIGNALS_TABLE": names.SIGNALS_TABLE,
        "PILOTLIGHT_INSIDE_FUNCTION": names.inside_function("fileflow"),
    }
    observers = OBSERVERS_OF_PRIVATE if scene.plan.network.private else OBSERVERS
    runtime = Runtime(environ, scene.account.outside(), "test")

    def look() -> tuple[Reports, str]:
        CURRENT_REGION.set(STANDBY)
        try:
            signals = see(runtime, scene.plan, runtime.now())
        except AwsError:
            return (), ""
        seen = {signal.observer: signal.sight.value for signal in signals}
        concluded = decide(scene.plan, signals, History(), runtime.now())
        return tuple(seen[observer] for observer in observers), concluded.sentence

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
