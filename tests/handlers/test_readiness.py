"""The scheduled look: what it keeps, what it writes down once, and what a run says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import planfile
from deployment import names
from pilotlight.aws.control import Control
from pilotlight.aws.leases import Leases
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.kind import Finding, Severity
from pilotlight.domain.plan import OtherWriter, Requirement
from pilotlight.domain.records import Record, RecordKind
from pilotlight.domain.step import Access
from pilotlight.readiness.kept import SORT, Kept, partition
from pilotlight.readiness.look import Found
from rehearsal.readiness import look_at
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.route53 import Route53
from rehearsal.services.step_functions import StepFunctions

TOKYO = "ap-northeast-1"
NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
FILEFLOW = Path(__file__).parents[2] / "plans" / "fileflow.yaml"


@dataclass
class Office:
    """A plan's world, in which the function of readiness is called when the test says so."""

    scene: Scene

    def look(self) -> str:
        functions = self.scene.account.aws.service(LambdaFunctions)
        name = names.readiness_function(self.scene.plan.application)
        sentence = look_at(self.scene, lambda ways: functions.run(TOKYO, name, {})["sentence"])
        self.scene.world.time.run(limit_seconds=30)
        return str(sentence)

    def kept(self) -> Kept:
        note = look_at(self.scene, lambda ways: self.control.note(partition("fileflow"), SORT))
        assert note
        return Kept.from_item(note)

    def told(self, kind: RecordKind = RecordKind.READINESS) -> list[Record]:
        ledger = Ledger(self._table(names.LEDGER_TABLE), pause=lambda lost: None)
        records = look_at(self.scene, lambda ways: ledger.records("fileflow"))
        return [record for record in records if record.entry.kind is kind]

    def break_records(self, *, broken: bool) -> None:
        """Let the PRIMARY record look at no health check any more, or at the latch again."""
        records = self.scene.account.aws.service(Route53).records
        for record in [each for each in records.sets if each.failover == "PRIMARY"]:
            records.put(replace(record, check=None if broken else "pilotlight-fileflow-latch"))

    @property
    def control(self) -> Control:
        return Control(self._table(names.CONTROL_TABLE))

    @property
    def leases(self) -> Leases:
        return Leases(self._table(names.CONTROL_TABLE))

    def _table(self, name: str) -> DynamoTable:
        return DynamoTable(self.scene.account.sdk(TOKYO), TOKYO, name)


@pytest.fixture
def office() -> Iterator[Office]:
    certificate = Requirement(
        requirement="certificate", kind="certificate_issued", params={"names": ["fileflow.ryuqqq.com"]}
    )
    covered = (OtherWriter(name="Billing", plan="billing"),)
    changes = {"other_writers": covered, "requirements": (certificate,)}
    scene = open_scene(planfile.load(FILEFLOW).model_copy(update=changes), 1)
    yield Office(scene)
    close_scene(scene)


def test_a_world_in_order_is_kept_with_its_time_and_nobody_is_told(office: Office) -> None:
    assert office.look() == "Readiness was looked at 0 s ago: 1 warning."

    kept = office.kept()
    assert [each.finding.code for each in kept.found] == ["cache-capacity"]
    assert kept.count[Severity.FINE] > 20
    assert timedelta(0) <= office.scene.world.time.now() - kept.looked < timedelta(minutes=1)
    assert office.told() == []


def test_a_new_error_is_told_once_and_again_when_it_comes_back(office: Office) -> None:
    office.look()
    office.break_records(broken=True)
    office.look()
    office.look()

    (first,) = office.told()
    assert "latch-traffic: The PRIMARY record fileflow.ryuqqq.com" in first.entry.sentence
    assert [message.text for message in office.scene.slack.living()] == ["fileflow is not ready: 1 new finding"]

    office.break_records(broken=False)
    office.look()
    office.break_records(broken=True)
    office.look()

    assert len(office.told()) == 2


def test_it_comes_by_itself_within_the_hour(office: Office) -> None:
    office.scene.world.time.run(limit_seconds=3600)

    assert [each.finding.code for each in office.kept().found if each.finding.severity is Severity.WARNING]


def test_while_a_run_is_at_work_it_does_not_look(office: Office) -> None:
    seen = look_at(office.scene, lambda ways: office.leases.seen(["fileflow"]))
    look_at(office.scene, lambda ways: office.leases.grant(seen, "fileflow-e1", "arn", ways.now))

    assert office.look() == "Nothing was looked at, because run fileflow-e1 is at work."


def test_its_role_changes_nothing_but_its_own_records(office: Office) -> None:
    functions = office.scene.account.aws.service(LambdaFunctions)
    role = functions.deployed[TOKYO, names.readiness_function("fileflow")].role
    before = len(office.scene.world.trace)

    office.look()

    writes = {resource for s in role.statements if s.access is not Access.READ for resource in s.resources}
    assert all(":table/pilotlight-" in resource for resource in writes)
    own = [line for line in office.scene.world.trace[before:] if line.by == names.readiness_function("fileflow")]
    assert {(line.service, line.operation) for line in own if line.mutating} == {("dynamodb", "PutItem")}
    assert [line for line in own if "AccessDenied" in line.error] == []


def test_who_starts_by_hand_is_told_how_old_the_last_look_is(office: Office) -> None:
    unlooked = explained(office, "first")
    office.look()
    office.scene.world.time.run(limit_seconds=600)
    looked = explained(office, "second")

    assert "Its readiness was not looked at yet." in unlooked
    assert "Readiness was looked at 10 min" in looked
    assert "ago: 1 warning." in looked


def explained(office: Office, name: str) -> str:
    """What a start with an empty input is answered."""
    machines, place = office.scene.account.aws.service(StepFunctions), office.scene.plan.place
    execution = look_at(office.scene, lambda ways: machines.start(names.machine_arn(place), name, "{}"))
    office.scene.world.time.run(limit_seconds=60)
    return str(execution.output)


class TestKept:
    @staticmethod
    def kept(*findings: tuple[str, Severity, str]) -> Kept:
        found = [Found(about, Finding(severity, "code", sentence)) for about, severity, sentence in findings]
        return Kept.of(found, NOW)

    def test_it_is_read_back_as_it_was_kept(self) -> None:
        kept = self.kept(("promote", Severity.ERROR, "It is not there."), ("scale", Severity.FINE, "It is there."))

        assert Kept.from_item({**kept.to_item(), "version": 3}) == kept
        assert [each.about for each in kept.found] == ["promote"]

    def test_other_figures_in_a_sentence_are_no_news(self) -> None:
        before = self.kept(("uploads", Severity.ERROR, "It is 20 min behind."))
        after = self.kept(("uploads", Severity.ERROR, "It is 25 min behind."), ("secret", Severity.ERROR, "Gone."))

        assert [each.about for each in after.news(before)] == ["secret"]
        assert len(after.news(None)) == 2

    def test_a_warning_is_no_news(self) -> None:
        assert self.kept(("cache", Severity.WARNING, "No capacity is promised.")).news(None) == ()

    def test_its_sentence_says_its_age_and_what_it_came_to(self) -> None:
        kept = self.kept(("a", Severity.ERROR, ""), ("b", Severity.WARNING, ""), ("c", Severity.FINE, ""))

        assert kept.sentence(NOW + timedelta(minutes=40)) == (
            "Readiness was looked at 40 min 00 s ago: 1 error, 1 warning."
        )
        assert self.kept(("c", Severity.FINE, "")).sentence(NOW).endswith("all was fine.")
