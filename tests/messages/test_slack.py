"""The living message and its thread: what they say, and that Slack will take them whatever is in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from pilotlight.domain.plan import PlanKind
from pilotlight.domain.records import RecordKind
from pilotlight.messages.slack import Message, console_link, living_message, thread_reply
from pilotlight.messages.slack_buttons import offers
from pilotlight.report.outlook import run_of
from pilotlight.report.view import view
from rehearsal.slack_blocks import fault_in, lines_of, plain
from tests.report import stories
from tests.report.stories import ARN, Story

SCENES = [
    stories.dark, stories.prepared, stories.moving, stories.served, stories.recovered, stories.failed,
    stories.not_needed, stories.blocked_by_arming, stories.asking, stories.approved, stories.taken_over,
    stories.waiting_at_a_failure,
]  # fmt: skip
EVIL = [
    "<!channel>",
    "<@U012AB3CD>",
    "<!subteam^S1|all>",
    "<https://evil.example|click>",
    "a & b < c > d",
    "`code` *bold*",
    "\u202egnp",
]


def message(story: Story) -> Message:
    return living_message(view(story.records))


def lines(story: Story) -> list[str]:
    return lines_of(message(story).blocks)


def texts(blocks: list[dict[str, Any]]) -> list[str]:
    """Every text object's text."""
    found: list[str] = []
    for block in blocks:
        objects = block.get("fields") or block.get("elements") or [block["text"]] if block["type"] != "divider" else []
        found += [held["text"] for held in objects]
    return found


def assert_accepted(sent: Message) -> None:
    """What slack_sdk's models check: types, and the limits that Slack publishes."""
    assert len(sent.blocks) <= 50
    for parsed in Block.parse_all(sent.blocks):
        parsed.validate_json()
    assert fault_in(sent.blocks) == ""
    assert 0 < len(sent.text) <= 3000


@pytest.mark.parametrize("scene", SCENES)
def test_slack_takes_every_message_and_every_reply(scene) -> None:
    records = scene().records
    for number in range(1, len(records) + 1):
        seen = view(records[:number])

        assert_accepted(living_message(seen))
        if seen.told:
            assert_accepted(thread_reply(seen, seen.told))


def test_the_message_of_a_run_at_work_answers_what_a_stranger_asks() -> None:
    said = lines(stories.moving())

    assert said[0] == "*⏳ fileflow is failing over to ap-northeast-1: stage move, 2 of 4*"
    assert said[1].startswith("*Now.* At work: Create fileflow-dr-redis; Promote ryuqqq-shared-rds-replica.")
    assert said[2].startswith("*Next.* When stage move is done, stage serve begins:")
    assert said[3] == "Expected back between *01:17* and *01:22*."
    assert said[4] == "*Severity.* P1: the region is dark, and nobody planned it."
    assert said[5] == "*Needed from you:* nothing."
    assert "⏳ *Promote ryuqqq-shared-rds-replica*  at work since 01:07" in said
    assert "\u2003\u2003↳ Replica ryuqqq-shared-rds-replica is rebooting, so its promotion is not done yet." in said
    assert "⚪ *Scale fileflow-dr-service to 4*  waiting" in said
    assert "*Clocks*  onset 01:02:20  ·  detected +01:44  ·  decided +05:00  ·  executed —  ·  verified —" in said
    assert any(line.startswith("*RTO*  8 min 40 s so far of 2 h, promised by 03:02") for line in said)
    assert said[-1].startswith("Last update 01:11:00  ·  run fileflow-2026-11-21T0104Z  ·  started by event")


def test_a_person_who_must_decide_sees_how_and_until_when() -> None:
    said = lines(stories.blocked_by_arming())

    assert said[4] == (
        "*Needed from whoever is on call:* Decide whether fileflow is to fail over. To start it, give the "
        "state machine fileflow-failover in ap-northeast-1 this input. *By 02:42*, to keep the objective of 2 h."
    )
    assert said[5] == '{"confirm":"fileflow","reason":"why it is needed"}'


def test_a_run_that_waits_at_its_gate_shows_until_when_and_what_to_say() -> None:
    shown = "\n".join(lines(stories.asking()))

    assert "waits for an approval" in shown
    assert "waits for a person to approve it. The replica was 2 s behind" in shown
    assert "Unless it is approved, the run is blocked." in shown
    assert "./pilotlight approve plans/fileflow.yaml fileflow-2026-11-21T0104Z --reason 'why'" in shown
    assert "waits for an approval" not in "\n".join(lines(stories.approved()))


def test_a_run_that_waits_at_a_failed_step_says_what_to_put_right_and_how_to_answer() -> None:
    seen = view(stories.waiting_at_a_failure().records)
    shown = "\n".join(lines_of(living_message(seen, offers(seen)).blocks))

    (now,) = [line for line in shown.splitlines() if line.startswith("*Now.*")]
    assert now == "*Now.* Step scale failed. A person may have it retried, or abort the run."
    assert "Copy image fileflow:1.42 to ap-northeast-1. To end the run instead: ./pilotlight abort" in shown
    assert "Press a button, or paste this where Pilotlight is checked out:" in shown
    assert "Paste this where Pilotlight is checked out:" in "\n".join(lines(stories.waiting_at_a_failure()))


def test_a_drill_that_is_held_names_the_plan_file_that_there_is() -> None:
    held = replace(view(stories.asking("release").records), kind=PlanKind.DRILL.value, application="fileflow-drill")

    assert run_of(held) == "plans/fileflow.yaml fileflow-2026-11-21T0104Z --drill"


def test_a_drill_at_work_promises_nothing_to_users() -> None:
    a_drill = replace(view(stories.moving().records), kind=PlanKind.DRILL.value)
    shown = "\n".join(lines_of(living_message(a_drill).blocks))

    assert "promised by" not in shown
    assert "not known yet; 15 min promised" in "\n".join(
        lines_of(living_message(replace(a_drill, rpo_seconds=None)).blocks)
    )


def test_writes_that_may_conflict_are_told_table_by_table() -> None:
    said = "\n".join(lines(stories.taken_over()))

    assert "*Writes that may conflict*" in said
    for sentence in stories.CONFLICTS:
        assert f"• {sentence}" in said
    assert "conflict" not in "\n".join(lines(stories.recovered()))


def test_what_is_left_to_do_stands_under_what_is_needed() -> None:
    said = lines(stories.recovered())

    assert said[4:6] == [
        "*Needed from whoever is on call:* 3 things are left to do.",
        "• Convert ryuqqq-shared-rds-replica to Multi-AZ when the region has capacity again.",
    ]


def test_who_has_it_and_what_aws_says_stand_under_how_bad_it_is() -> None:
    said = lines(stories.taken_up())

    assert said[4:7] == [
        "*Severity.* P1: the region is dark, and nobody planned it.",
        "*Taken up* by Anna Kim at PagerDuty at 01:10.",
        "*AWS Health.* Operational issue of EC2 in ap-northeast-2 since 01:01 UTC, AWS says to everybody.",
    ]


def test_each_state_is_a_sign_and_a_word() -> None:
    said = "\n".join(lines(stories.failed()))

    assert "✅ *Promote ryuqqq-shared-rds-replica*  settled, after errors, 6 min 34 s" in said
    assert "❌ *Scale fileflow-dr-service to 4*  failed, 58 s" in said
    assert "⚪ *Ask /actuator/health of fileflow-dr-alb*  not reached" in said


def test_the_text_for_notifications_says_how_it_stands_and_what_is_needed() -> None:
    assert message(stories.moving()).text == (
        "⏳ P1 fileflow is failing over to ap-northeast-1: stage move, 2 of 4. Nothing is needed."
    )


def test_every_reader_sees_moments_in_their_own_zone() -> None:
    assert "<!date^1795223840^{time}|01:17 UTC>" in message(stories.moving()).blocks[1]["text"]["text"]


def test_the_execution_is_linked_where_it_is_one() -> None:
    small_print = message(stories.moving()).blocks[-1]["elements"][0]["text"]

    assert f"#/v2/executions/details/{ARN}|execution>" in small_print
    assert console_link("arn:aws:states:x|<!here>") == ""


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_from_elsewhere_becomes_a_mention_a_link_or_a_new_line(evil: str) -> None:
    step = {"name": evil, "kind": "k", "title": evil, "stage": "move", "started_in": "move", "harm": "harmless"}
    story = (
        Story()
        .signal(104, sentence=evil)
        .verdict(105, "start", evil)
        .opened(107, steps=[step], requested_by=evil, reason=evil)
    )
    story.started(301, evil, evil).failed(310, evil, evil, evil).closed(320, "FAILED", evil, to_do=[evil])
    seen = view(story.records)

    for sent in (living_message(seen), thread_reply(seen, seen.told)):
        assert_accepted(sent)
        for text in [*texts(sent.blocks)[1:], sent.text]:
            commands = [
                part for part in text.split("<")[1:] if not part.startswith(("!date^", "https://ap-northeast-1."))
            ]
            assert commands == []
            assert "\u202e" not in text
    assert evil.strip("\u202e").replace("`", "'") in plain(texts(living_message(seen).blocks)[1]).replace("`", "'")


@settings(max_examples=40)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=3000))
def test_slack_takes_a_message_with_any_text_in_it(text: str) -> None:
    story = stories.moving().failed(530, "promote", text, text).closed(540, "FAILED", text, to_do=[text] * 30)

    assert_accepted(message(story))


def test_a_plan_of_very_many_steps_is_counted_and_its_troubles_are_listed() -> None:
    place = {"kind": "k", "stage": "move", "started_in": "move", "harm": "harmless"}
    steps = [{"name": f"s{number}", "title": f"Do thing {number} {'x' * 200}", **place} for number in range(300)]
    story = Story().verdict(105, "start").opened(107, steps=steps).confirmed(300)
    for number in range(290):
        story.started(301 + number, f"s{number}")
    story.failed(700, "s0", "It is gone.", "Make it.").settled(701, "s1", "It is there.")

    said = lines(story)

    assert_accepted(message(story))
    assert any("1 failed, 1 settled, 288 at work, 10 waiting" in line for line in said)
    assert any(line.startswith("❌ *Do thing 0") for line in said)
    assert sum(len(text) for text in texts(message(story).blocks)) < 13_000


def test_a_thread_reply_has_one_line_a_record_counted_from_onset() -> None:
    seen = view(stories.moving().records)

    said = lines_of(thread_reply(seen, seen.told[-2:]).blocks)

    assert said == [
        "+05:19 promote waiting: Replica ryuqqq-shared-rds-replica is modifying, so its promotion is not done yet.",
        "+08:40 promote waiting: Replica ryuqqq-shared-rds-replica is rebooting, so its promotion is not done yet.",
    ]


def test_a_reply_of_very_many_lines_keeps_the_newest_and_says_so() -> None:
    story = stories.moving()
    for number in range(200):
        story.write(
            RecordKind.STEP_WAITING, 530 + number, f"<{'&' * 300}> {number}", "promote", stage="move", attempts=number
        )
    seen = view(story.records)

    reply = thread_reply(seen, seen.told)

    assert_accepted(reply)
    assert lines_of(reply.blocks)[0] == "174 earlier lines are left out here; the ledger has them."
    assert lines_of(reply.blocks)[-1].endswith("199")
