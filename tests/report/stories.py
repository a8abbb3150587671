"""A ledger as the handlers write it, one readable line for each record.

`Story` appends records with the moment given in seconds after onset; `recovered`, `blocked_by_arming` and the others
are whole incidents that several suites tell from different sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pilotlight.domain.records import Entry, Record, RecordKind

ONSET = datetime(2026, 11, 21, 1, 2, 20, tzinfo=UTC)
REGIONS = {"primary": "ap-northeast-2", "standby": "ap-northeast-1"}
OBJECTIVES = {"rto_seconds": 7200.0, "rpo_seconds": 900.0, "expected_rto_seconds": [900.0, 1200.0]}
NOTIFY = {"channel": "C0123456789", "token_secret": "pilotlight/slack"}
ARN = "arn:aws:states:ap-northeast-1:123456789012:execution:fileflow-failover:fileflow-2026-11-21T0104Z"

STEPS: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("start-cache", "create_cache", "Create fileflow-dr-redis", "move", "prepare", "harmless"),
    ("promote", "promote_replica", "Promote ryuqqq-shared-rds-replica", "move", "move", "irreversible"),
    ("configure", "swap_configuration", "Write the endpoints of fileflow-dr", "serve", "serve", "disruptive"),
    ("scale", "scale_ecs_service", "Scale fileflow-dr-service to 4", "serve", "serve", "disruptive"),
    ("check", "check_http", "Ask /actuator/health of fileflow-dr-alb", "serve", "serve", "harmless"),
    (
        "multi-az",
        "convert_to_multi_az",
        "Convert ryuqqq-shared-rds-replica to Multi-AZ",
        "after",
        "after",
        "disruptive",
    ),
)


def moment(seconds: float) -> datetime:
    """The moment that many seconds after onset."""
    return ONSET + timedelta(seconds=seconds)


class Story:
    """Writes the chain of one application, record after record."""

    def __init__(self, application: str = "fileflow", incident: str = "", *, after: Sequence[Record] = ()) -> None:
        self.application = application
        self.incident = incident or f"{application}-2026-11-21T01:04Z"
        self.run_id = f"{application}-2026-11-21T0104Z"
        self.records: list[Record] = list(after)
        self._stages = {name: stage for name, _, _, stage, _, _ in STEPS}
        self._started: dict[str, float] = {}
        self._turns: dict[str, int] = {}

    def write(self, kind: RecordKind, at: float, sentence: str, step: str = "", **details: Any) -> Story:
        """Append any record."""
        in_run = kind not in (RecordKind.SIGNAL, RecordKind.VERDICT)
        entry = Entry(
            self.application, kind, moment(at), sentence, self.run_id if in_run else "", step,
            {"incident": self.incident, **details},
        )  # fmt: skip
        self.records.append(Record.after(self.records[-1] if self.records else None, entry))
        return self

    def signal(self, at: float, observer: str = "health check", sight: str = "dark", sentence: str = "") -> Story:
        """An observer reports."""
        region = {"health check": "us-east-1", "probe": "ap-northeast-1"}.get(observer, "ap-northeast-2")
        vantage = {"region": region, "path": "the internet"}
        sentence = sentence or f"The {observer} sees the primary of {self.application} {sight}."
        return self.write(
            RecordKind.SIGNAL, at, sentence, observer=observer, vantage=vantage, sight=sight, since=ONSET.isoformat()
        )

    def verdict(self, at: float, verdict: str, sentence: str = "", **more: Any) -> Story:
        """The decision concludes."""
        sentence = sentence or f"The primary of {self.application} is dark: the health check and the probe agree."
        details = {"verdict": verdict, "dark_since": ONSET.isoformat(), "regions": REGIONS, "notify": NOTIFY, **more}
        return self.write(RecordKind.VERDICT, at, sentence, **details)

    def opened(self, at: float, **changed: Any) -> Story:
        """The run opens."""
        steps = [
            {"name": name, "kind": kind, "title": title, "stage": stage, "started_in": started_in, "harm": harm}
            for name, kind, title, stage, started_in, harm in STEPS
        ]
        reason = f"The primary of {self.application} is dark: the health check and the probe agree."
        details: dict[str, Any] = {
            "origin": "event", "requested_by": "pilotlight detect", "proven": True, "reason": reason, "epoch": 7,
            "plan_digest": "9f2c41d07be8a1635c0e4f7790ab12cd34ef56a7b8c90d1e2f30415263748596", "regions": REGIONS,
            "arming": "automatic", "objectives": OBJECTIVES, "execution_arn": ARN, "steps": steps,
            "clocks": {"onset": ONSET.isoformat(), "detected": moment(104).isoformat()},
            "stages": ["prepare", "move", "serve", "after"], "notify": NOTIFY,
        }  # fmt: skip
        return self.write(
            RecordKind.RUN_OPENED, at, f"Run {self.run_id} of {self.application} was opened.", **{**details, **changed}
        )

    def confirmed(self, at: float) -> Story:
        """The darkness lasted."""
        sentence = f"The primary of {self.application} has been dark for 5 min 00 s: all observers agree."
        return self.write(RecordKind.RUN_CONFIRMED, at, sentence, decided=moment(at).isoformat(), looks=12)

    def preflight(self, at: float, *findings: Mapping[str, str]) -> Story:
        """The short look at the standby."""
        worst = "nothing stands in the way" if not findings else f"{len(findings)} findings"
        return self.write(
            RecordKind.PREFLIGHT, at, f"Preflight of {self.application}: {worst}.", findings=list(findings)
        )

    def gate(self, at: float, lag_seconds: float | None = 2.0, window: tuple[float, float] | None = None) -> Story:
        """The data-loss gate lets the run pass; `window` is when the writes that may be lost began and ended."""
        loss = "The replica was 2 s behind at the last good look before onset, so up to 2 s of writes are lost."
        return self.write(
            RecordKind.GATE_PASSED, at, f"The gate of {self.application} is passed: {loss}",
            lag_seconds=lag_seconds, data_loss_sentence=loss,
            loss_window=[moment(end).isoformat() for end in window] if window else None,
        )  # fmt: skip

    def started(self, at: float, step: str, sentence: str = "") -> Story:
        """A step takes its first turn."""
        self._started[step], self._turns[step] = at, 1
        return self._step(RecordKind.STEP_STARTED, at, step, sentence or f"Step {step} has begun.")

    def waiting(self, at: float, step: str, sentence: str) -> Story:
        """A step waits for something new."""
        self._turns[step] += 4
        return self._step(RecordKind.STEP_WAITING, at, step, sentence)

    def settled(self, at: float, step: str, sentence: str, **outputs: str) -> Story:
        """A step read its effect back."""
        self._turns[step] += 3
        return self._step(RecordKind.STEP_SETTLED, at, step, sentence, finished=moment(at).isoformat(), outputs=outputs)

    def failed(self, at: float, step: str, sentence: str, fix: str) -> Story:
        """A step gave up."""
        self._turns[step] += 1
        return self._step(RecordKind.STEP_FAILED, at, step, sentence, finished=moment(at).isoformat(), fix=fix)

    def _step(self, kind: RecordKind, at: float, step: str, sentence: str, **details: Any) -> Story:
        started = moment(self._started[step]).isoformat()
        stage, attempts = self._stages.get(step, "serve"), self._turns[step]
        return self.write(kind, at, sentence, step, stage=stage, attempts=attempts, started=started, **details)

    def called(
        self, at: float, step: str, service: str, operation: str, error: str = "", /, **parameters: Any
    ) -> Story:
        """A step makes a mutating call, and it is answered 0.4 s later."""
        what = {"service": service, "operation": operation, "region": REGIONS["standby"], "parameters": parameters}
        name = f"{service} {operation} in {REGIONS['standby']}"
        self.write(RecordKind.INTENT, at, f"{step} is about to call {name}.", step, **what)
        if error:
            return self.write(
                RecordKind.OUTCOME, at + 0.4, f"{name} answered {error}: not now", step, **what, error=error
            )
        return self.write(RecordKind.OUTCOME, at + 0.4, f"{name} was accepted.", step, **what)

    def reviewed(self, at: float, stage: str, review: str = "go_on", sentence: str = "") -> Story:
        """A stage is looked back at."""
        return self.write(
            RecordKind.STAGE_REVIEWED, at, sentence or f"Stage {stage} is done.", stage=stage, review=review
        )

    def closed(self, at: float, outcome: str = "RECOVERED", sentence: str = "", **changed: Any) -> Story:
        """The run ends."""
        sentence = sentence or f"{self.application} is served from {REGIONS['standby']}."
        details: dict[str, Any] = {
            "outcome": outcome, "clocks": {}, "rto_seconds": None, "rpo_seconds": None, "rpo_sentence": "",
            "objectives_met": None, "follow_ups": [], "to_do": [],
        }  # fmt: skip
        return self.write(RecordKind.RUN_CLOSED, at, sentence, **{**details, **changed})


def dark() -> Story:
    """Seoul goes dark, the signals agree, the run opens."""
    story = Story().signal(104).verdict(104.4, "hold", "Only one observer of fileflow reported.")
    story.signal(161, "probe").verdict(161.3, "start").opened(163)
    return story.preflight(165).confirmed(300)


def prepared() -> Story:
    """The cache is being made, and the gate is passed."""
    story = dark().started(302, "start-cache", "Replication group fileflow-dr-redis is asked for.")
    story.called(
        302.2,
        "start-cache",
        "elasticache",
        "CreateReplicationGroup",
        ReplicationGroupId="fileflow-dr-redis",
        NumCacheClusters=2,
    )
    story.waiting(304, "start-cache", "Replication group fileflow-dr-redis is creating.")
    return story.reviewed(305, "prepare").gate(306.5)


def asking(what: str = "approval") -> Story:
    """The run waits at its gate for people, for half an hour; `what` is what it waits for."""
    story = dark().reviewed(305, "prepare")
    loss = "The replica was 2 s behind at the last good look before onset, so up to 2 s of writes are lost."
    return story.write(
        RecordKind.GATE_WAITING, 306, f"Run {story.run_id} waits for a person to approve it.", waits_for=what,
        until=moment(2106).isoformat(), then="Unless it is approved, the run is blocked.", lag_seconds=2.0,
        data_loss_sentence=loss, loss_window=[moment(-2).isoformat(), moment(0).isoformat()],
    )  # fmt: skip


def approved() -> Story:
    """Somebody approved it, and it goes on."""
    story = asking()
    sentence = f"Run {story.run_id} is approved by arn:aws:iam::123456789012:user/anna (proven), who gave no reason."
    return story.write(RecordKind.WORD, 400, sentence, mark="1", word={}).gate(405)


def waiting_at_a_failure() -> Story:
    """The image is missing, and a person is asked what to do; the jobs were done without before."""
    story = moving().settled(702, "promote", "ryuqqq-shared-rds-replica is a writer of its own.").reviewed(703, "move")
    story.started(704, "configure").failed(705, "configure", "Parameter /fileflow/db is not there.", "Create it.")
    story.write(RecordKind.STEP_SKIPPED, 760, "The run goes on without it, says anna.", "configure", stage="serve")
    story.started(803, "scale").failed(
        861, "scale", "Image fileflow:1.42 is not in ap-northeast-1.", "Copy image fileflow:1.42 to ap-northeast-1."
    )
    details = {"until": moment(2662).isoformat(), "then": "Unless somebody answers, the run ends at 01:46:42 UTC."}
    return story.write(
        RecordKind.STAGE_WAITING, 862, "Step scale failed. A person may have it retried, or abort the run.",
        stage="serve", steps=["scale"], skippable=[], **details,
    )  # fmt: skip


def cleaned() -> Story:
    """A drill, of which nothing is left."""
    story = Story("fileflow-drill").opened(0, plan_kind="drill", machine="fileflow-drill").confirmed(2)
    story.started(3, "promote").settled(600, "promote", "Copy drill-ryuqqq-shared-rds is whole.")
    return story.write(RecordKind.DRILL_CLEANED, 900, "Nothing of drill fileflow-drill-7 is left.")


def reminded() -> Story:
    """Nobody has taken it up for a quarter of an hour, so somebody else is called."""
    sentence = "L2 is called, the DevOps lead, because nobody has taken this up for 15 min 00 s."
    return prepared().write(RecordKind.REMINDER, 1060, sentence, level="L2")


def taken_up() -> Story:
    """AWS says what is wrong with the region, and somebody takes it up at the pager."""
    said = "Operational issue of EC2 in ap-northeast-2 since 01:01 UTC, AWS says to everybody."
    story = prepared().write(
        RecordKind.AWS_HEALTH, 400, said, event="AWS_EC2_OPERATIONAL_ISSUE_1", service="EC2", region="ap-northeast-2"
    )
    sentence = "Anna Kim has taken this up at PagerDuty, so nobody further is called."
    return story.write(
        RecordKind.TAKEN_UP, 460, sentence, by="Anna Kim", where="PagerDuty", when=moment(450).isoformat()
    )


def overridden() -> Story:
    """Nobody knows what would be lost, and a person accepted that."""
    story = dark().reviewed(305, "prepare")
    story.write(RecordKind.OVERRIDDEN, 306, "The data-loss gate is overridden by U024BE7LH (proven).", override={})
    return story.gate(306.5, lag_seconds=None)


def given_back() -> Story:
    """The move was not accepted: the note on the writer is withdrawn, and what was closed is opened again."""
    story = prepared()
    lost = "Nothing is lost: replica ryuqqq-shared-rds-replica holds all that ryuqqq-shared-rds wrote."
    ends = [moment(306).isoformat()] * 2
    details = {"lag_seconds": 0.0, "data_loss_sentence": lost, "loss_window": ends}
    story.write(RecordKind.DRAINED, 306.8, lost, step="promote", **details)
    story.write(RecordKind.TOMBSTONE, 307, "Epoch 7 of ryuqqq-shared-rds: its writing moves, withdrawn.", epoch=7)
    sentence = "Load balancer fileflow-prod-alb answers again."
    story.write(RecordKind.STEP_UNDONE, 340, sentence, step="promote", undone=True)
    return story


def moving() -> Story:
    """The replica is being promoted while the cache is made."""
    story = prepared().started(308, "promote", "Replica ryuqqq-shared-rds-replica is about to be promoted.")
    story.called(
        308.4,
        "promote",
        "rds",
        "PromoteReadReplica",
        "ThrottlingException",
        DBInstanceIdentifier="ryuqqq-shared-rds-replica",
    )
    story.called(
        318.4,
        "promote",
        "rds",
        "PromoteReadReplica",
        DBInstanceIdentifier="ryuqqq-shared-rds-replica",
        BackupRetentionPeriod=7,
    )
    story.waiting(319, "promote", "Replica ryuqqq-shared-rds-replica is modifying, so its promotion is not done yet.")
    return story.waiting(
        520, "promote", "Replica ryuqqq-shared-rds-replica is rebooting, so its promotion is not done yet."
    )


def served() -> Story:
    """The writer is in Tokyo and the application answers."""
    story = moving().settled(
        702, "promote", "ryuqqq-shared-rds-replica is a writer of its own.", address="ryuqqq-shared-rds-replica.tokyo"
    )
    story.settled(
        798,
        "start-cache",
        "Replication group fileflow-dr-redis is available with 2 nodes.",
        address="fileflow-dr-redis.tokyo",
    )
    story.reviewed(799, "move").started(800, "configure").called(
        800.3, "configure", "ssm", "PutParameter", Name="/fileflow/rds/endpoint"
    )
    story.called(800.9, "configure", "ssm", "PutParameter", Name="/fileflow/redis/endpoint")
    story.settled(802, "configure", "2 parameters of fileflow-dr hold the standby's endpoints.")
    story.started(803, "scale").called(
        803.2, "scale", "application-autoscaling", "RegisterScalableTarget", MinCapacity=4
    )
    story.called(
        803.9,
        "scale",
        "ecs",
        "UpdateService",
        cluster="fileflow-dr-cluster",
        service="fileflow-dr-service",
        desiredCount=4,
    )
    story.waiting(805, "scale", "0 of 4 tasks of fileflow-dr-service run.")
    story.waiting(
        858, "scale", "4 of 4 tasks of fileflow-dr-service run, and 1 of 4 is healthy behind its target group."
    )
    story.settled(889, "scale", "4 of 4 tasks of fileflow-dr-service run and are healthy behind their target group.")
    story.started(890, "check").settled(891, "check", "fileflow-dr-alb answered 200 with the text that was expected.")
    return (
        story.reviewed(892, "serve")
        .started(893, "multi-az")
        .called(
            893.3, "multi-az", "rds", "ModifyDBInstance", DBInstanceIdentifier="ryuqqq-shared-rds-replica", MultiAZ=True
        )
    )


CLOCKS = {
    "onset": ONSET.isoformat(), "detected": moment(104).isoformat(), "decided": moment(300).isoformat(),
    "executed": moment(889).isoformat(), "verified": moment(891).isoformat(),
}  # fmt: skip


CONFLICTS = (
    "Table team_chats_ddb: what ap-northeast-2 wrote from 2026-11-21 01:01:00 UTC until its guard closes it, because "
    "no read shows it closed yet, may reach ap-northeast-1 late; of an item that both wrote, the last writer wins.",
    "Table chat_rooms_ddb: ap-northeast-1 knows all that ap-northeast-2 wrote before it was read closed.",
)


def taken_over() -> Story:
    """Two global tables changed hands after the promotion, and the run goes on."""
    story = moving().started(530, "promote", "Take over team_chats_ddb and 1 more.")
    return story.settled(531, "promote", "Each of the tables is written to in Tokyo.", conflicts="\n".join(CONFLICTS))


def recovered() -> Story:
    """The whole incident, with one thing left to follow up."""
    story = served().failed(
        1795, "multi-az", "ryuqqq-shared-rds-replica was not converted: InsufficientDBInstanceCapacity.",
        "Convert it when the region has capacity again.",
    )  # fmt: skip
    story.reviewed(1796, "after", "go_on", "Left to be followed up after the recovery: Step multi-az failed.")
    return story.closed(
        1798, clocks=CLOCKS, rto_seconds=891.0, rpo_seconds=2.0, objectives_met=True,
        rpo_sentence="Up to 2 s of writes are lost: the replica was 2 s behind at onset.",
        follow_ups=["Convert ryuqqq-shared-rds-replica to Multi-AZ when the region has capacity again."],
        to_do=["Keep ryuqqq-shared-rds in ap-northeast-2 closed to writes when the region comes back.",
               "Rebuild a replica before fileflow is brought back."],
    )  # fmt: skip


def failed() -> Story:
    """The image is missing, so the tasks never start."""
    story = moving().settled(702, "promote", "ryuqqq-shared-rds-replica is a writer of its own.")
    story.settled(798, "start-cache", "Replication group fileflow-dr-redis is available with 2 nodes.").reviewed(
        799, "move"
    )
    story.started(800, "configure").settled(
        802, "configure", "2 parameters of fileflow-dr hold the standby's endpoints."
    )
    story.started(803, "scale").called(803.9, "scale", "ecs", "UpdateService", desiredCount=4)
    story.failed(
        861, "scale", "Service fileflow-dr-service cannot start, because fileflow:1.42 is not in ap-northeast-1.",
        "Copy image fileflow:1.42 to ap-northeast-1.",
    )  # fmt: skip
    story.reviewed(
        862, "serve", "stop", "Stage serve stops the run: Step scale failed: image fileflow:1.42 is not there."
    )
    return story.closed(
        863,
        "FAILED",
        "Step scale failed: image fileflow:1.42 is not in the registry of ap-northeast-1.",
        clocks={**CLOCKS, "executed": None, "verified": None},
    )


def not_needed() -> Story:
    """A blip: 43 s later the primary is well."""
    story = Story().signal(104).signal(105, "probe").verdict(105.3, "start").opened(107).preflight(109)
    story.signal(147, "probe", "well")
    return story.closed(148, "NOT_NEEDED", "The primary of fileflow is well again: the probe sees it.")


def blocked_by_arming(arming: str = "manual") -> Story:
    """The decision would start a failover, and a person has to."""
    story = Story().signal(104).signal(105, "probe")
    return story.verdict(
        106, "block", f"fileflow is armed '{arming}', so a person must start fileflow-failover; it would be right.",
        arming=arming, regions=REGIONS, objectives=OBJECTIVES,
    )  # fmt: skip
