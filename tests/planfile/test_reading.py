"""A file becomes a plan, or all its faults at once: each with a place, a sentence and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

import planfile
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Arming
from tests.planfile.builders import KINDS, PEOPLE, SOUND, changed, faults_of, points_at, read, spot_of, the_fault_of


def test_a_sound_plan_is_read() -> None:
    plan = read(SOUND)

    assert plan.application == "shop"
    assert plan.regions.standby == "eu-central-1"
    assert list(plan.steps()) == ["create-cache", "promote", "scale", "check"]


@pytest.mark.parametrize("arming", list(Arming))
def test_every_arming_is_a_word_of_the_schema(arming: Arming) -> None:
    witness = ("standby: eu-central-1", "standby: eu-central-1\n  witness: eu-north-1")
    plan = read(changed(("application: shop", f"application: shop\n{PEOPLE}\narming: {arming.value}"), witness))

    assert plan.arming is arming


def test_the_fence_policy_is_a_word_of_the_schema() -> None:
    plan = read(changed(("application: shop", "application: shop\nfence: {policy: tombstone_then_quarantine}")))

    assert plan.fence.policy == "tombstone_then_quarantine"


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SOUND.replace("\n", "\r\n").encode())

    assert planfile.load(path, KINDS) == read(SOUND)


def test_all_faults_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = changed(
        ("standby: eu-central-1", "stanby: eu-central-1"),
        ("rpo: 15 min\n  resources", "rpo: 15 minutes\n  resources"),
        ("must_last: 5 min", "must_last: 1 min"),
        ("kind: create,", "kind: creat,"),
        ("tasks: 4", "tasks: 0"),
    )

    faults = faults_of(text)

    assert [fault.sentence.split(",")[0].split(";")[0] for fault in faults] == [
        "'stanby' is not a field of 'regions'",
        "'15 minutes' is not a span of time",
        "A darkness of 1 min would start a failover",
        "There is no step kind 'creat'",
        "'tasks' is the number 0",
    ]


def test_a_mistyped_field_is_not_reported_as_missing_too() -> None:
    text = changed(("standby: eu-central-1", "stanby: eu-central-1"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "stanby")
    assert fault.sentence == "'stanby' is not a field of 'regions'; there are primary, standby, witness."
    assert fault.suggestion == "did you mean 'standby'?"


def test_a_fault_is_rendered_with_its_line_a_caret_and_the_suggestion() -> None:
    text = changed(("standby: eu-central-1", "stanby: eu-central-1"))

    assert the_fault_of(text).rendered() == "\n".join(
        [
            "shop.yaml:5:3: 'stanby' is not a field of 'regions'; there are primary, standby, witness.",
            "    5 |   stanby: eu-central-1",
            "      |   ^^^^^^",
            "      = did you mean 'standby'?",
        ]
    )


def test_a_refusal_is_one_sentence_and_holds_the_rest() -> None:
    text = changed(("must_last: 5 min", "must_last: 1 min"), ("tasks: 4", "tasks: 0"))

    with pytest.raises(PlanRefused) as refused:
        read(text)

    assert isinstance(refused.value, planfile.PlanFileRefused)
    assert refused.value.sentence.startswith("shop.yaml:18:14: A darkness of 1 min")
    assert refused.value.sentence.endswith("(and 1 more)")
    assert refused.value.rendered.count("shop.yaml:") == 2


SENTENCES = [
    # (written in the sound plan, written instead, where the fault stands, its sentence, its suggestion)
    (
        '"123456789012"',
        "123456789012",
        "123456789012",
        "'account' is read as the number 123456789012, where text is expected; put it in quotes.",
        "",
    ),
    (
        '"123456789012"',
        '"12345"',
        '"12345"',
        r"'account' is '12345', which is not written like '123456789012'; it has to match ^\d{12}$.",
        "",
    ),
    (
        "application: shop",
        "application: Shop",
        "Shop",
        "'application' is 'Shop', which is not written like 'fileflow'; it has to match "
        "^[a-z][a-z0-9-]{0,30}[a-z0-9]$.",
        "",
    ),
    (
        "application: shop",
        "application: shop\narming: automatik",
        "automatik",
        "'arming' is 'automatik', which is none of observe, manual, staged or automatic.",
        "did you mean 'automatic'?",
    ),
    (
        "must_last: 5 min",
        "must_last: 15m",
        "15m",
        "'15m' is not a span of time; write a number and a unit, as in '90 s', '15 min', '2 h' or '7 d'.",
        "did you mean '15 min'?",
    ),
    (
        "must_last: 5 min",
        "must_last: 300",
        "300",
        "300 is not a span of time; write a number and a unit, as in '90 s', '15 min', '2 h' or '7 d'.",
        "",
    ),
    ("must_last: 5 min", "must_last:", "must_last", "'must_last' has no value; write one, or leave the line out.", ""),
    ("rto: 2 h", "rto:", "rto:\n", "'rto' has no value; write one.", ""),
    (
        "decision:\n  must_last: 5 min",
        "decision: soon",
        "soon",
        "'decision' is 'soon', where a mapping of fields is expected.",
        "",
    ),
    (
        "decision:\n  must_last: 5 min",
        "decision: [1]",
        "[1]",
        "'decision' is a list, where a mapping of fields is expected.",
        "",
    ),
    (
        "decision:\n  must_last: 5 min",
        "network: {private: 3}",
        "3}",
        "'private' is the number 3, where true or false is expected.",
        "",
    ),
    (
        "decision:\n  must_last: 5 min",
        "network: {standby: {subnets: {a: b}}}",
        "{a: b}",
        "'subnets' is a mapping, where a list is expected.",
        "",
    ),
    (
        "connect_to: shop-1",
        "expect_status: ok\n    connect_to: shop-1",
        "ok\n",
        "'expect_status' is 'ok', where a whole number is expected.",
        "",
    ),
    (
        "connect_to: shop-1",
        "expect_body: yes\n    connect_to: shop-1",
        "yes",
        "'expect_body' is read as true, where text is expected; put it in quotes.",
        "",
    ),
    (
        "  health_check:\n",
        "  health_check:\n    failures: 11\n",
        "11",
        "'failures' is the number 11, and at most 10 is allowed.",
        "",
    ),
    (
        "  health_check:\n",
        "  health_check:\n    failures: 0\n",
        "0\n    host",
        "'failures' is the number 0, and at least 1 is needed.",
        "",
    ),
    (
        "rto: 2 h",
        "rto: 2 h\n  expected_rto: [15 min]",
        "[15 min]",
        "'expected_rto' has too few values; add the rest.",
        "",
    ),
    (
        "cache:\n      - await: create-cache",
        "cache: []",
        "cache: []",
        "'cache' has 0 entries and needs at least 1.",
        "",
    ),
    (
        "- await: create-cache",
        "- create-cache",
        "create-cache\n",
        "An entry of a lane is a mapping that begins with `step:`, `start:` or `await:`, and this is not one.",
        "",
    ),
    (
        "- await: create-cache",
        "- awaits: create-cache",
        "awaits",
        "This entry has none of step, start or await; begin it with one of them.",
        "did you mean 'await'?",
    ),
    (
        "{step: promote, kind",
        "{step: promote, start: promote, kind",
        "{step: promote, start",
        "This entry has both 'step' and 'start'; make two entries of it.",
        "",
    ),
    (
        "    database:\n",
        "    Database:\n",
        "Database:\n",
        "The name 'Database' is not written like 'fileflow'; it has to match ^[a-z][a-z0-9-]{0,30}[a-z0-9]$.",
        "",
    ),
    (
        "  serve:",
        "  served:",
        "served",
        "'served' is not a field of 'stages'; there are prepare, fence, move, serve, after.",
        "did you mean 'serve'?",
    ),
    (
        "kind: promote, params",
        "knd: promote, params",
        "knd",
        "'knd' is not a field of entry 1 of 'database'; there are step, kind, params, skippable.",
        "did you mean 'kind'?",
    ),
    (
        "kind: promote, params",
        "kind: promot, params",
        "promot,",
        "There is no step kind 'promot'; there are check, create, promote, scale.",
        "did you mean 'promote'?",
    ),
    ("tasks: 4", "tasks: 0", "0\n          takes", "'tasks' is the number 0, and at least 1 is needed.", ""),
    (
        "tasks: 4",
        "task: 4",
        "task:",
        "'task' is not a field of the params of scale; there are resource, tasks, takes.",
        "did you mean 'tasks'?",
    ),
    (
        "params: {resource: replica}",
        "params: {}",
        "params: {}",
        "'resource' (what is worked on) is missing from the params of promote; add it.",
        "",
    ),
    (
        ", params: {resource: replica}",
        "",
        "promote}\n    cache",
        "'resource' (what is worked on) is missing from the params of promote; add it.",
        "",
    ),
    (
        "takes: {step: promote, output: endpoint}",
        "takes: promote",
        "promote\n      - step: check",
        "'takes' is 'promote', where a mapping of fields is expected.",
        "",
    ),
    (
        "takes: {step: promote, output: endpoint}",
        "takes: {step: promote}",
        "takes",
        "'output' is missing from 'takes'; add it.",
        "",
    ),
    (
        "connect_to: shop-2",
        "expect: ok\n          connect_to: shop-2",
        "ok\n",
        "'expect' is 'ok', where a whole number or a list is expected.",
        "",
    ),
    (
        "tasks: 4",
        "tasks: 101",
        "params:\n          resource: service",
        "tasks that take something are 100 at most; lower tasks, or leave takes out.",
        "",
    ),
    (
        "must_last: 5 min",
        "must_last: [5 min]",
        "[5 min]",
        "['5 min'] is not a span of time; write a number and a unit, as in '90 s', '15 min', '2 h' or '7 d'.",
        "",
    ),
]


@pytest.mark.parametrize(("old", "new", "where", "sentence", "suggestion"), SENTENCES)
def test_a_fault_against_the_schema_is_a_sentence_at_its_place(
    old: str, new: str, where: str, sentence: str, suggestion: str
) -> None:
    text = changed((old, new))

    found = [fault for fault in faults_of(text) if (fault.line, fault.column) == spot_of(text, where)]

    assert [(fault.sentence, fault.suggestion) for fault in found] == [(sentence, suggestion)]


def test_a_missing_part_points_at_what_should_hold_it() -> None:
    text = changed(("  primary: eu-west-1\n", ""))

    fault = the_fault_of(text)

    assert points_at(fault, text, "regions")
    assert fault.sentence == "'primary' is missing from 'regions'; add it."


def test_a_missing_top_field_points_at_the_beginning() -> None:
    text = changed(('account: "123456789012"\n', ""))

    fault = the_fault_of(text)

    assert (fault.line, fault.column) == (1, 1)
    assert fault.sentence == "'account' is missing from the plan; add it."


def test_an_unknown_field_that_resembles_none_lists_what_there_is() -> None:
    text = changed(("application: shop", "application: shop\nxyzzy: 1"))

    fault = the_fault_of(text)

    assert fault.sentence.startswith(
        "'xyzzy' is not a field of the plan; there are application, kind, description, account,"
    )
    assert fault.suggestion == ""


def test_no_sentence_speaks_of_pydantic() -> None:
    jargon = (
        "Input should",
        "valid string",
        "valid dictionary",
        "Extra inputs",
        "Field required",
        "Value error",
    )

    said = [fault.sentence for old, new, *_ in SENTENCES for fault in faults_of(changed((old, new)))]

    assert not [sentence for sentence in said if any(words in sentence for words in jargon)]


def test_a_missing_file_names_one_that_resembles_it(tmp_path: Path) -> None:
    (tmp_path / "fileflow.yaml").write_text(SOUND)

    with pytest.raises(planfile.PlanFileRefused) as refused:
        planfile.load(tmp_path / "fileflw.yaml")

    (fault,) = refused.value.faults
    assert (fault.line, fault.sentence) == (None, "There is no such file; name a plan that exists.")
    assert fault.suggestion == "did you mean 'fileflow.yaml'?"


def test_a_directory_is_refused_with_the_plans_in_it(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SOUND)

    with pytest.raises(planfile.PlanFileRefused, match=r"This is a directory; name a plan in it \(.*shop\.yaml\)"):
        planfile.load(tmp_path)


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SOUND)

    with pytest.raises(planfile.PlanFileRefused, match="The file cannot be read"):
        planfile.load(tmp_path / "shop.yaml" / "plan.yaml")


def test_text_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(SOUND.replace("Database", "Datenb\xe4nke").encode("latin-1"))

    with pytest.raises(planfile.PlanFileRefused, match=r"Line 10 is not UTF-8 \(byte 0xe4\); save the file as UTF-8\."):
        planfile.load(path)


def test_a_file_too_large_for_a_plan_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("# " + "x" * 300_000)

    with pytest.raises(planfile.PlanFileRefused, match="larger than 256 KiB"):
        planfile.load(path)
