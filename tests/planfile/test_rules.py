"""A plan that contradicts itself is refused at the place that does."""

from __future__ import annotations

import pytest

from tests.planfile.builders import PEOPLE, changed, faults_of, points_at, the_fault_of

PUBLIC = "connect_to: shop-1.eu-west-1.elb.amazonaws.com"


def test_the_standby_is_not_the_primary() -> None:
    text = changed(
        ("standby: eu-central-1", "standby: eu-west-1"), ("shop-2.eu-central-1.elb", "shop-2.eu-north-1.elb")
    )

    fault = faults_of(text)[0]

    assert points_at(fault, text, "eu-west-1\nobjectives")
    assert fault.sentence == (
        "The standby is eu-west-1, which is the primary and goes dark with it; name another region."
    )


@pytest.mark.parametrize(("witness", "role"), [("eu-west-1", "primary"), ("eu-central-1", "standby")])
def test_the_witness_is_neither_of_the_two(witness: str, role: str) -> None:
    text = changed(("standby: eu-central-1", f"standby: eu-central-1\n  witness:   {witness}"))

    fault = the_fault_of(text)

    assert (fault.line, fault.column) == (6, 14)
    assert f"The witness is {witness}, which is the {role}" in fault.sentence


def test_a_third_region_may_be_the_witness() -> None:
    text = changed(("standby: eu-central-1", "standby: eu-central-1\n  witness: eu-north-1"))

    assert faults_of(text) == ()


def test_a_resource_may_not_take_longer_or_lose_more_than_the_application() -> None:
    text = changed(("rto: 30 min, rpo: 15 min", "rto: 3 h, rpo: 16 min"))

    slower, lossier = faults_of(text)

    assert points_at(slower, text, "3 h")
    assert slower.sentence == (
        "Database may take 3 h, and the application only 2 h; lower this one, or raise objectives.rto."
    )
    assert points_at(lossier, text, "16 min")
    assert lossier.sentence == (
        "Database may lose 16 min, and the application only 15 min; lower this one, or raise objectives.rpo."
    )


@pytest.mark.parametrize(
    ("span", "where", "words"),
    [
        ("[20 min, 15 min]", "[20 min", "The expected recovery goes from 20 min to 15 min"),
        ("[20 min, 3 h]", "3 h", "A recovery of 3 h is expected, and the objective is 2 h"),
    ],
)
def test_the_expected_recovery_is_a_span_within_the_objective(span: str, where: str, words: str) -> None:
    text = changed(("rto: 2 h", f"rto: 2 h\n  expected_rto: {span}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, where)
    assert fault.sentence.startswith(words)


def test_the_gate_does_not_accept_more_loss_than_the_objective() -> None:
    text = changed(("decision:", "gates: {max_data_loss: 20 min}\ndecision:"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "20 min")
    assert fault.sentence == (
        "The gate would accept a loss of 20 min, and the objective is 15 min; "
        "lower it, or leave it out to use the objective."
    )


@pytest.mark.parametrize("interval", ["10 s", "30 s"])
def test_a_checker_looks_every_10_or_30_seconds(interval: str) -> None:
    assert faults_of(changed(("  health_check:\n", f"  health_check:\n    interval: {interval}\n"))) == ()


def test_another_interval_of_a_checker_is_refused() -> None:
    text = changed(("  health_check:\n", "  health_check:\n    interval: 20 s\n"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "20 s")
    assert "every 10 s or every 30 s, and never every 20 s" in fault.sentence


def test_a_health_check_of_the_public_name_is_refused() -> None:
    text = changed(("host: shop-1.eu-west-1.elb.amazonaws.com", "host: shop.example.com"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "shop.example.com\n  probe")
    assert "a public name that leads to the standby after the failover" in fault.sentence


@pytest.mark.parametrize(
    ("probe", "where", "words"),
    [
        ("", "https://shop.example.com/health\ndecision", "The probe asks shop.example.com through DNS"),
        ("connect_to: shop.example.com", "shop.example.com\ndecision", "The probe asks shop.example.com through DNS"),
        (
            "connect_to: a-1.eu-central-1.elb.amazonaws.com",
            "a-1.eu",
            "The probe asks a-1.eu-central-1.elb.amazonaws.com, which is in eu-central-1",
        ),
        (
            "connect_to: a-1.elb.eu-central-1.amazonaws.com",
            "a-1.elb",
            "The probe asks a-1.elb.eu-central-1.amazonaws.com, which is in eu-central-1",
        ),
    ],
)
def test_the_probe_asks_the_primary_itself(probe: str, where: str, words: str) -> None:
    text = changed((f"health\n    {PUBLIC}\n", f"health\n    {probe}\n" if probe else "health\n"))

    fault = the_fault_of(text)

    assert points_at(fault, text, where)
    assert fault.sentence.startswith(words)


def test_a_probe_asks_a_host() -> None:
    text = changed((f"https://shop.example.com/health\n    {PUBLIC}", f"https:///health\n    {PUBLIC}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "https:///health")
    assert fault.sentence.startswith("The probe asks 'https:///health', which names no host")


def test_a_probe_may_name_the_load_balancer_in_its_url() -> None:
    text = changed(
        (
            f"url: https://shop.example.com/health\n    {PUBLIC}",
            "url: http://shop-3.eu-west-1.elb.amazonaws.com/health",
        )
    )

    assert faults_of(text) == ()


def test_a_darkness_shorter_than_self_recovery_starts_nothing() -> None:
    text = changed(("must_last: 5 min", "must_last: 179 s"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "179 s")
    assert fault.sentence == (
        "A darkness of 179 s would start a failover, and the primary may heal itself within 3 min "
        "(Multi-AZ failover, replacement of tasks); wait at least that long."
    )


def test_a_darkness_of_three_minutes_is_enough() -> None:
    assert faults_of(changed(("must_last: 5 min", "must_last: 180 s"))) == ()


@pytest.mark.parametrize("give_up", ["4 min", "5 min"])
def test_looking_is_not_given_up_before_the_darkness_can_last(give_up: str) -> None:
    text = changed(("must_last: 5 min", f"must_last: 5 min\n  give_up_looking:   {give_up}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, f"{give_up}\nstages" if give_up == "5 min" else give_up)
    assert f"Looking is given up after {give_up}, before a darkness can have lasted 5 min" in fault.sentence


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("must_last: 5 min", "must_last: 5 min\n  look_every: 0 s", "look_every"),
        ("must_last: 5 min", "must_last: 5 min\n  max_event_age: 0 s", "max_event_age"),
        ("  probe:\n", "  probe:\n    timeout: 0 s\n", "timeout"),
    ],
)
def test_nothing_is_done_in_no_time(old: str, new: str, name: str) -> None:
    text = changed((old, new))

    fault = the_fault_of(text)

    assert points_at(fault, text, "0 s\n" + ("stages" if "must" in old else "    url"))
    assert fault.sentence == f"'{name}' is 0 s, and nothing can be done in no time; make it longer."


WITNESS = ("standby: eu-central-1", "standby: eu-central-1\n  witness: eu-north-1")
WRITERS = "decision:", "arming: {}\nother_writers:\n  - {{name: billing{}}}\ndecision:"


def test_automatic_is_refused_while_a_writer_has_no_plan() -> None:
    text = changed((WRITERS[0], WRITERS[1].format("automatic", "")), WITNESS)

    fault = the_fault_of(text)

    assert points_at(fault, text, "{name: billing}")
    assert fault.sentence == (
        "billing writes to what this plan moves and has no plan of its own, so nothing may start by itself; "
        "name its plan, or arm 'staged'."
    )


@pytest.mark.parametrize(("arming", "plan"), [("automatic", ", plan: billing"), ("staged", ""), ("observe", "")])
def test_a_writer_with_a_plan_or_a_plan_that_asks_is_accepted(arming: str, plan: str) -> None:
    people = ("application: shop", f"application: shop\n{PEOPLE}")

    assert faults_of(changed((WRITERS[0], WRITERS[1].format(arming, plan)), WITNESS, people)) == ()


def test_automatic_is_refused_without_a_witness() -> None:
    text = changed(("decision:", "arming: automatic\ndecision:"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "automatic")
    assert fault.sentence == (
        "Armed 'automatic' without a witness, a broken path between the two regions would look like a dark primary; "
        "name a third region in regions.witness, or arm 'staged'."
    )


def test_one_lost_beat_is_no_silence_of_the_heartbeat() -> None:
    text = changed(("  probe:\n", "  heartbeat: {silent_after: 119 s}\n  probe:\n"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "119 s")
    assert fault.sentence == (
        "The heartbeat comes each minute, so a silence of 119 s may be one that was lost; wait at least 2 min."
    )


def test_a_rule_is_not_asked_about_a_field_that_is_wrong_itself() -> None:
    text = changed(("standby: eu-central-1", "standby: Frankfurt"), ("must_last: 5 min", "must_last: 1 min"))

    sentences = [fault.sentence for fault in faults_of(text)]

    assert len(sentences) == 2
    assert "'standby' is 'Frankfurt'" in sentences[0]
    assert "A darkness of 1 min" in sentences[1]
