"""Steps are unique, awaited, harmless where they must be, and find the outputs that they need."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.domain.place import Place, Writer
from pilotlight.domain.step import Harm
from planfile.draft import Kinds
from tests.planfile.builders import (
    KINDS,
    SOUND,
    FakeKind,
    a_kind,
    changed,
    described,
    faults_of,
    points_at,
    the_fault_of,
)

PEOPLE = "people: {approvers: ['arn:aws:sts::123456789012:assumed-role/Operators/*']}"
TAKES = "takes: {step: promote, output: endpoint}"


def test_two_steps_do_not_share_a_name() -> None:
    text = changed(("- step: check", "- step: promote"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "promote\n        kind: check")
    assert fault.sentence == "There is a step 'promote' in stage move already; give this one another name."


def test_two_steps_do_not_do_the_same() -> None:
    text = changed(
        (
            "- await: create-cache",
            "- await: create-cache\n      - {step: again, kind: promote, params: {resource: replica}}",
        )
    )

    fault = the_fault_of(text)

    assert points_at(fault, text, "again")
    assert fault.sentence == "'again' does what 'promote' does (Promote replica); remove one of the two."


def test_a_title_has_room_in_the_name_of_a_state() -> None:
    text = changed(("resource: replica", f"resource: {'r' * 56}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "promote, kind")
    assert "has 64 characters, and a state's name has room for 63" in fault.sentence


def test_what_is_started_is_awaited() -> None:
    text = changed(("    cache:\n      - await: create-cache\n", ""))

    fault = the_fault_of(text)

    assert points_at(fault, text, "create-cache")
    assert fault.sentence == (
        "'create-cache' is started and never awaited, so nobody would see it fail; "
        "add `await: create-cache` to a later stage."
    )


def test_what_is_started_is_awaited_once() -> None:
    text = changed(("      - step: check\n", "      - await:  create-cache\n      - step: check\n"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "create-cache\n      - step: check")
    assert fault.sentence == "'create-cache' is awaited in stage move already; await it once."


def test_an_await_names_a_step_that_was_started() -> None:
    text = changed(("- await: create-cache", "- await: create-cash"))

    unawaited, unknown = faults_of(text)

    assert "never awaited" in unawaited.sentence
    assert points_at(unknown, text, "create-cash")
    assert unknown.sentence == "No step 'create-cash' is started; there are create-cache."
    assert unknown.suggestion == "did you mean 'create-cache'?"


def test_a_step_that_runs_where_it_stands_is_not_awaited() -> None:
    text = changed(("      - step: check\n", "      - await: promote\n      - step: check\n"))

    fault = the_fault_of(text)

    assert "'promote' runs, and is waited for, where it stands" in fault.sentence


def test_an_await_in_a_lane_beside_its_start_comes_too_soon() -> None:
    text = changed(
        ("    cache:\n      - await: create-cache\n", ""),
        (
            "  prepare:\n",
            "  prepare:\n    other:\n      - await:  create-cache\n",
        ),
    )

    fault = the_fault_of(text)

    assert fault.line == 22
    assert "'create-cache' may not be started yet when it is awaited here" in fault.sentence


def test_an_await_may_stand_below_its_start_in_the_same_lane() -> None:
    text = changed(
        ("    cache:\n      - await: create-cache\n", ""),
        ("params: {resource: cache}}\n", "params: {resource: cache}}\n      - await: create-cache\n"),
    )

    assert faults_of(text) == ()


@pytest.mark.parametrize("role", ["step", "start"])
@pytest.mark.parametrize("harm", [Harm.DISRUPTIVE, Harm.IRREVERSIBLE])
def test_prepare_is_harmless(harm: Harm, role: str) -> None:
    text = changed(("{start: create-cache, kind: create,", f"{{{role}: create-cache, kind: create,"))
    kinds = {**KINDS, "create": a_kind("create", harm=harm)}

    fault = next(each for each in faults_of(text, kinds) if "prepare" in each.sentence)

    assert points_at(fault, text, "create, params")
    assert fault.sentence == (
        f"'create-cache' is {harm.value} (create), and prepare comes before the gate; put it into a later stage."
    )


WITH_FENCE = {**KINDS, "close": a_kind("close", outputs=("closed",), fences=True)}
FENCE = "  fence:\n    old:\n      - {step: close-it, kind: close, params: {resource: listener}}\n"


def test_a_fence_stands_in_its_stage() -> None:
    assert faults_of(changed(("  move:\n", f"{FENCE}  move:\n")), WITH_FENCE) == ()


def test_a_fence_stands_nowhere_else() -> None:
    text = changed(
        (
            "      - await: create-cache\n",
            "      - await: create-cache\n      - {step: shut, kind: close, params: {resource: l}}\n",
        )
    )

    fault = the_fault_of(text, WITH_FENCE)

    assert points_at(fault, text, "close, params")
    assert fault.sentence == "'shut' (close) closes the old primary, which the stage fence is for; put it there."


def test_the_stage_fence_holds_nothing_else() -> None:
    text = changed(("  move:\n", f"{FENCE}  move:\n".replace("kind: close", "kind:  create")))

    fault = the_fault_of(text, WITH_FENCE)

    assert points_at(fault, text, "create, params: {resource: listener}")
    assert fault.sentence == (
        "'close-it' (create) closes nothing, and the stage fence holds fences only; put it into another stage."
    )


def test_a_fence_that_is_required_has_to_be_named() -> None:
    text = changed(("stages:\n", "fence: {policy: require}\nstages:\n"))

    fault = the_fault_of(text, WITH_FENCE)

    assert points_at(fault, text, "require")
    assert "no step of stage fence closes it" in fault.sentence
    assert faults_of(text.replace("  move:\n", f"{FENCE}  move:\n"), WITH_FENCE) == ()


class ClosesIt(FakeKind):
    """A fence that closes the writer itself."""

    def closes(self, params: Any, place: Place) -> tuple[str, ...]:
        return (params.resource,)


class MovesIt(FakeKind):
    """What moves that writer."""

    def writers(self, params: Any, place: Place) -> tuple[Writer, ...]:
        return (Writer("arn:old:db:shared", "arn:new:db:shared"),)


SHARING: Kinds = {
    **WITH_FENCE,
    "promote": described(MovesIt, "promote", harm=Harm.IRREVERSIBLE, outputs=("address", "endpoint")),
    "close_database": described(ClosesIt, "close_database", outputs=("closed",), fences=True),
}


@pytest.mark.parametrize("shared", ["shared_group: pool\n", "other_writers: [{name: Billing, plan: billing}]\n"])
def test_what_is_shared_is_closed_for_all_before_it_is_moved_unasked(shared: str) -> None:
    text = shared + changed(
        ("  standby: eu-central-1\n", "  standby: eu-central-1\n  witness: eu-west-2\narming: automatic\n"),
        ("  move:\n", f"{FENCE}  move:\n"),
    )

    fault = the_fault_of(text, SHARING)

    assert points_at(fault, text, "automatic")
    assert "no step of stage fence closes the database itself" in fault.sentence
    assert faults_of(text.replace("arming: automatic", "arming: manual"), SHARING) == ()
    by_all = "kind: close_database, params: {resource: 'arn:old:db:shared'}"
    closing = text.replace("kind: close, params: {resource: listener}", by_all)
    assert faults_of(closing, SHARING) == ()


def test_a_failover_moves_something() -> None:
    before = SOUND[: SOUND.index("  move:\n")].replace("start: create-cache", "step: create-cache")
    text = before.replace(", step: promote", "")

    fault = the_fault_of(text)

    assert points_at(fault, text, "stages")
    assert fault.sentence == "A failover has a step in stage move or serve, and this plan has none; add one."


def test_an_output_comes_from_a_step_that_exists() -> None:
    text = changed((TAKES, "takes: {step: promot, output: endpoint}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "promot,")
    assert fault.sentence == ("No step 'promot' gives an output; there are check, create-cache, promote, scale.")
    assert fault.suggestion == "did you mean 'promote'?"


def test_an_output_is_one_that_the_kind_gives() -> None:
    text = changed((TAKES, "takes: {step: promote, output: endpont}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "endpont")
    assert fault.sentence == "'promote' (promote) gives no output 'endpont'; it gives address or endpoint."
    assert fault.suggestion == "did you mean 'endpoint'?"


def test_a_kind_without_outputs_says_so() -> None:
    text = changed((TAKES, "takes: {step: promote, output: endpoint}"))
    kinds = {**KINDS, "promote": a_kind("promote", harm=Harm.IRREVERSIBLE)}

    fault = the_fault_of(text, kinds)

    assert fault.sentence == "'promote' (promote) gives no output 'endpoint'; it gives none."


@pytest.mark.parametrize(
    ("takes", "giver"),
    [
        ("takes: {step: scale, output: endpoint}", "scale"),  # itself
        ("takes: {step: check, output: endpoint}", "check"),  # below it in its lane
    ],
)
def test_an_output_is_there_before_it_is_needed(takes: str, giver: str) -> None:
    text = changed((TAKES, takes))

    fault = the_fault_of(text)

    assert points_at(fault, text, f"{giver}, output")
    assert fault.sentence == (
        f"'{giver}' may not be done when 'scale' asks for its endpoint; "
        "put it into an earlier stage, or earlier in this lane."
    )


def test_an_output_of_a_lane_beside_is_not_there_yet() -> None:
    text = changed(
        (
            "- await: create-cache",
            "- await: create-cache\n      - step: early\n        kind: scale\n        params: "
            "{resource: a, takes: {step:  promote, output: address}}",
        )
    )

    fault = the_fault_of(text)

    assert "'promote' may not be done when 'early' asks for its address" in fault.sentence


def test_an_output_of_a_started_step_is_there_once_it_was_awaited() -> None:
    in_time = changed((TAKES, "takes: {step: create-cache, output: endpoint}"))
    too_soon = changed(
        ("params: {resource: replica}", "params: {resource: replica, takes: {step:  create-cache, output: endpoint}}")
    )

    assert faults_of(in_time) == ()
    assert "'create-cache' may not be done when 'promote' asks" in the_fault_of(too_soon).sentence


def test_an_objective_names_a_step_that_exists() -> None:
    text = changed(("step: promote}", "step: promoted}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "promoted")
    assert fault.sentence == ("No step 'promoted' recovers Database; there are check, create-cache, promote, scale.")
    assert fault.suggestion == "did you mean 'promote'?"


@pytest.mark.parametrize(
    ("new", "source", "words"),
    [
        ("", "          url: https://shop.example.com/health", "'check' asks shop.example.com through DNS"),
        (
            "          connect_to: shop-9.eu-west-1.elb.amazonaws.com\n",
            "          connect_to: shop-9.eu-west-1.elb.amazonaws.com",
            "'check' asks shop-9.eu-west-1.elb.amazonaws.com, which is in eu-west-1",
        ),
    ],
)
def test_a_check_asks_the_standby_itself(new: str, source: str, words: str) -> None:
    text = changed(("          connect_to: shop-2.eu-central-1.elb.amazonaws.com\n", new))

    fault = the_fault_of(text)

    assert fault.sentence.startswith(words)
    assert (fault.source, fault.column) == (source, source.index(": ") + 3)


def test_the_longest_name_of_a_function_is_64_characters() -> None:
    application, long_kind = "a" * 32, "c" * 21
    kinds = {**KINDS, long_kind: a_kind(long_kind)}
    text = changed(("application: shop", f"application: {application}"), ("kind: scale", f"kind: {long_kind}"))

    fault = the_fault_of(text, kinds)

    assert points_at(fault, text, application)
    assert f"pilotlight-{application}-{long_kind} would have a name of 65 characters" in fault.sentence


def test_the_longest_application_name_leaves_room_for_the_machine() -> None:
    text = changed(("application: shop", f"application: {'a' * 33}"))

    assert "'application' is" in the_fault_of(text).sentence
    assert len("a" * 32 + "-failover") <= 80


class Mover(FakeKind):
    """A kind that moves a writer."""

    def writers(self, params: Any, place: Place) -> tuple[Writer, ...]:
        return (Writer(place.arn("rds", "db:old", region=place.primary), place.arn("rds", "db:new")),)


SHUT = "{step: shut, kind: close, params: {resource: listener}}"
WRITING: Kinds = {
    **KINDS,
    "promote": described(Mover, "promote", harm=Harm.IRREVERSIBLE, outputs=("endpoint",)),
    "close": a_kind("close", fences=True),
}


@pytest.mark.parametrize("arming", ["staged", "automatic"])
def test_what_acts_by_itself_closes_the_old_primary_before_it_moves_the_writer(arming: str) -> None:
    text = changed(("application: shop", f"application: shop\narming: {arming}"))

    fault = next(each for each in faults_of(text, WRITING) if "moves a writer" in each.sentence)

    assert points_at(fault, text, arming)
    assert fault.sentence == (
        f"'promote' moves a writer, and a plan that is armed '{arming}' closes the old primary first; give it a stage "
        "fence, or arm 'manual'."
    )


@pytest.mark.parametrize("arming", ["observe", "manual"])
def test_a_person_may_start_without_a_fence(arming: str) -> None:
    assert faults_of(changed(("application: shop", f"application: shop\narming: {arming}")), WRITING) == ()


def test_a_stage_fence_is_all_that_was_missing() -> None:
    text = changed(
        ("application: shop", f"application: shop\narming: staged\n{PEOPLE}"),
        (
            "  move:\n",
            "  fence:\n    traffic:\n      - {step: shut, kind: close, params: {resource: listener}}\n  move:\n",
        ),
    )

    assert faults_of(text, WRITING) == ()


def test_a_plan_that_moves_no_writer_needs_no_fence() -> None:
    assert faults_of(changed(("application: shop", f"application: shop\narming: staged\n{PEOPLE}"))) == ()
