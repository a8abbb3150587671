"""When a private application's run starts: what is seen over peering, what is said inside, and what silence says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pilotlight.domain.decision import Confirmation, History, VerdictKind, confirm, decide
from pilotlight.domain.quorum import onset, with_its_silence
from pilotlight.domain.signals import BACKBONE, INSIDE, PEERING, Sight, Signal, Subject, Vantage
from pilotlight.domain.watching import PROBE_INSIDE, VOICE
from tests.builders import PRIMARY, STANDBY, WITNESS, a_plan, a_private_plan

NOW = datetime(2026, 11, 21, 1, 10, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=6)
LAST_WORD = ONSET - timedelta(seconds=40)
PLAN = a_private_plan(decision={"must_last": "5 min"})
DARK, WELL, UNKNOWN = Sight.DARK, Sight.WELL, Sight.UNKNOWN


def over_peering(sight: Sight, region: str = STANDBY, *, since: datetime = ONSET) -> Signal:
    sentence = f"The probe in {region} sees it {sight}."
    return Signal(f"The probe in {region}", Vantage(region, PEERING), sight, NOW, sentence, since, first_hand=True)


def inside(sight: Sight) -> Signal:
    since = ONSET if sight is DARK else None
    return Signal(PROBE_INSIDE, Vantage(PRIMARY, INSIDE), sight, NOW, f"Inside it is {sight}.", since, first_hand=True)


def of_region(sight: Sight, region: str = STANDBY, *, name: str = "", since: datetime = ONSET) -> Signal:
    name = name or f"The look from {region}"
    sentence = f"{name} says {sight}."
    vantage = Vantage(region, BACKBONE)
    return Signal(name, vantage, sight, NOW, sentence, since, subject=Subject.REGION, counts=False)


def voice(sight: Sight, *, since: datetime = LAST_WORD) -> Signal:
    return of_region(sight, name=VOICE, since=since)


GONE = (over_peering(DARK), inside(UNKNOWN), of_region(DARK), of_region(DARK, WITNESS), voice(DARK))
"""What is seen where the primary's region is dark."""


def without(signals: tuple[Signal, ...], *instead: Signal) -> tuple[Signal, ...]:
    """The same, with some reports in place of those of the same observers."""
    names = {signal.observer for signal in instead}
    return (*(signal for signal in signals if signal.observer not in names), *instead)


def verdict_of(*signals: Signal, arming: str = "automatic") -> tuple[VerdictKind, str]:
    plan = a_private_plan(decision={"must_last": "5 min"}, arming=arming)
    concluded = decide(plan, signals, History(), NOW)
    return concluded.kind, concluded.sentence


@pytest.mark.parametrize("arming", ["staged", "automatic"])
def test_the_silence_inside_a_region_that_is_dark_from_two_others_completes_the_quorum(arming: str) -> None:
    kind, sentence = verdict_of(*GONE, arming=arming)

    assert kind is VerdictKind.START
    assert f"{VOICE} says dark." in sentence


@pytest.mark.parametrize("arming", ["staged", "automatic"])
@pytest.mark.parametrize(
    ("instead", "world"),
    [
        (of_region(WELL, WITNESS), "the path between the two regions is cut: the witness reaches the region"),
        (of_region(UNKNOWN, WITNESS), "nobody but the standby can tell"),
        (of_region(DARK, WITNESS, since=NOW - timedelta(hours=3)), "what the witness sees began hours before"),
        (voice(WELL), "the voice is heard, and says that the probe inside cannot tell"),
        (voice(UNKNOWN), "the voice has not been silent for long enough, or was never heard"),
        (voice(DARK, since=NOW - timedelta(hours=3)), "the voice was lost hours before"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_silence_that_may_have_another_cause_is_no_vantage_point(instead: Signal, world: str, arming: str) -> None:
    """Given all that is seen of a dark primary but one report, then one region sees it dark, and that is too few."""
    kind, sentence = verdict_of(*without(GONE, instead), arming=arming)

    assert kind is VerdictKind.HOLD, world
    assert f"is seen dark from {STANDBY} only, and 2 vantage points must agree" in sentence


def test_a_cut_peering_is_no_dead_primary_because_the_probe_inside_says_well() -> None:
    cut = (over_peering(DARK), inside(WELL), of_region(WELL), of_region(WELL, WITNESS), voice(WELL))

    kind, sentence = verdict_of(*cut, arming="staged")

    assert kind is VerdictKind.HOLD
    assert "do not agree that the primary is dark" in sentence


def test_a_bad_answer_that_is_heard_from_inside_is_evidence_and_its_region_is_alive() -> None:
    broken = (over_peering(DARK), inside(DARK), of_region(WELL), of_region(WELL, WITNESS), voice(WELL))

    automatic, because = verdict_of(*broken)
    staged, _ = verdict_of(*broken, arming="staged")

    assert (automatic, staged) == (VerdictKind.HOLD, VerdictKind.START)
    assert f"nothing shows that {PRIMARY} is" in because


def test_what_a_function_in_the_witness_sees_needs_no_silence() -> None:
    """Given a voice that was lost long ago, and a witness that asks over its own peering, then two regions see it."""
    asked = without(GONE, voice(UNKNOWN))

    kind, _ = verdict_of(*asked, over_peering(DARK, WITNESS))

    assert kind is VerdictKind.START


def test_a_silence_dates_no_darkness_before_the_others_saw_it() -> None:
    """The last word was said while all was well; an onset before it would let the gate count too little as lost."""
    counted = with_its_silence(PLAN, GONE)

    (silent,) = [signal for signal in counted if signal.observer == PROBE_INSIDE]
    assert (silent.sight, silent.since) == (DARK, ONSET)
    assert onset(counted, PLAN.decision) == ONSET


def test_a_darkness_lasts_from_the_last_of_the_two() -> None:
    late = NOW - timedelta(minutes=2)

    kind, sentence = verdict_of(*without(GONE, voice(DARK, since=late)))

    assert kind is VerdictKind.HOLD
    assert "it must last 5 min and has lasted 2 min 00 s" in sentence


def test_a_word_from_inside_ends_a_run_that_has_moved_nothing() -> None:
    back = without(GONE, inside(WELL))

    seen = confirm(PLAN, back, looking_since=NOW, by_person=True, now=NOW)

    assert seen.confirmation is Confirmation.NOT_NEEDED


def test_nobody_is_silent_inside_a_public_application() -> None:
    """Given the alarm of a public application that cannot be read, then a dark region does not make it dark."""
    alarm = replace(inside(UNKNOWN), observer="Alarm primary-health", vantage=Vantage("us-east-1", "the internet"))
    signals = (over_peering(DARK), alarm, of_region(DARK), of_region(DARK, WITNESS))

    assert with_its_silence(a_plan(), signals) == signals
