"""The plain text, as a mail or a ticket has it."""

from __future__ import annotations

from pilotlight.domain.records import RecordKind
from pilotlight.report.headline import headline
from pilotlight.report.text import summary, text
from pilotlight.report.view import view
from tests.report import stories


def test_the_summary_of_a_recovery() -> None:
    assert summary(view(stories.recovered().records)) == (
        "fileflow is served again after 14 min 51 s, from ap-northeast-1\n"
        "\n"
        "fileflow is served from ap-northeast-1.\n"
        "fileflow stays in ap-northeast-1 until people bring it back; nothing goes back by itself.\n"
        "\n"
        "Needed from whoever is on call: 3 things are left to do.\n"
        "  - Convert ryuqqq-shared-rds-replica to Multi-AZ when the region has capacity again.\n"
        "  - Keep ryuqqq-shared-rds in ap-northeast-2 closed to writes when the region comes back.\n"
        "  - Rebuild a replica before fileflow is brought back.\n"
        "\n"
        "Clocks   onset 01:02:20   detected +01:44   decided +05:00   executed +14:49   verified +14:51\n"
        "RTO      14 min 51 s of 2 h: kept\n"
        "RPO      2 s of 15 min: kept\n"
        "Writer   ryuqqq-shared-rds-replica.tokyo: role read from the API only; no step looked into the\n"
        "         database itself.\n"
    )


def test_while_a_run_is_at_work_the_summary_says_when_it_is_expected_to_be_done() -> None:
    said = summary(view(stories.moving().records))

    assert "It is expected back between 01:17 UTC and 01:22 UTC.\n\nNothing is needed from anyone.\n" in said
    assert "RTO      8 min 40 s so far of 2 h\n" in said
    assert "executed —" in said


def test_what_is_needed_has_its_deadline_and_what_to_paste() -> None:
    said = summary(view(stories.blocked_by_arming().records))

    assert "By 02:42 UTC, to keep the objective of 2 h." in " ".join(said.split())
    assert '\n    {"confirm":"fileflow","reason":"why it is needed"}\n' in said
    assert "RPO      not known yet; 15 min may be lost\n" in said


def test_it_says_between_which_moments_writes_may_be_lost() -> None:
    story = stories.dark().reviewed(305, "prepare").gate(306, lag_seconds=80.0, window=(-80.0, 0.0))

    said = summary(view(story.records))

    assert "RPO      1 min 20 s of 15 min\nLoss     writes between 01:01:00 and 01:02:20 UTC may be lost\n" in said


def test_it_says_of_each_table_which_writes_may_conflict() -> None:
    said = " ".join(summary(view(stories.taken_over().records)).split())

    for sentence in stories.CONFLICTS:
        assert f"Conflict {sentence}" in said


def test_a_loss_that_was_accepted_unknown_stays_unknown() -> None:
    assert "RPO      not known; 15 min may be lost\n" in summary(view(stories.overridden().records))


def test_the_whole_text_lists_each_step_and_each_event_in_order() -> None:
    said = text(view(stories.failed().records))

    assert "  failed                        58 s  Scale fileflow-dr-service to 4\n" in said
    assert "        What to do: Copy image fileflow:1.42 to ap-northeast-1.\n" in said
    assert "  not reached                         Ask /actuator/health of fileflow-dr-alb\n" in said
    assert said.index("run opened") < said.index("run confirmed") < said.index("run closed")
    assert "31 records, and their chain is whole." in said


def test_no_line_is_wider_than_a_mail_is() -> None:
    for scene in (stories.recovered, stories.failed, stories.not_needed, stories.blocked_by_arming, stories.taken_over):
        assert max(map(len, text(view(scene().records)).splitlines())) <= 100


def test_a_name_cannot_forge_a_line() -> None:
    story = stories.moving().failed(530, "promote", "It is gone.\nRTO      1 s of 2 h: kept", "Nothing.")

    assert "\nRTO      1 s" not in text(view(story.records))


def test_a_planned_run_is_not_said_to_be_dark() -> None:
    story = stories.Story().opened(163, mode="planned")

    assert (
        headline(view(story.records))
        == "fileflow is about to move to ap-northeast-1: looking before a planned failover"
    )


def test_a_step_that_asks_a_person_says_what_to_type_and_by_when() -> None:
    story = stories.prepared().started(308, "promote")
    until = stories.moment(2108)
    story.write(
        RecordKind.STEP_WAITING, 309, "A person is asked.", "promote", asks_until=until.isoformat(), stage="serve"
    )

    said = summary(view(story.records))

    assert f"By {until:%H:%M} UTC, when the step fails without you." in " ".join(said.split())
    assert f"./pilotlight approve plans/fileflow.yaml {story.run_id} --step promote" in said
