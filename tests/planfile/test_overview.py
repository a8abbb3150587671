"""What a plan will do and how long it will take, as numbers, text and a graph."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pilotlight.domain.plan import Arming, Clock, HealthCheck
from pilotlight.domain.policy import Gates
from pilotlight.domain.stages import StageName
from planfile import load, parse
from planfile.drawing import Tone, json_of, lines_of, mermaid_of
from planfile.overview import Overview, Role, Span, detection_budget, overview
from planfile.reading import InstalledKinds
from tests.planfile.builders import KINDS, PEOPLE, SOUND, changed, read
from tests.private_fileflow import FILEFLOW


def seconds(*counts: float) -> Span:
    return Span(*(timedelta(seconds=count) for count in counts))


def minutes(*counts: float) -> Span:
    return seconds(*(60 * count for count in counts))


def seen(*changes: tuple[str, str]) -> Overview:
    return overview(read(changed(*changes)), KINDS)


def text_of(view: Overview) -> str:
    return "\n".join("".join(piece.text for piece in line).rstrip() for line in lines_of(view))


@pytest.mark.parametrize(
    ("interval", "failures", "flip"),
    [(30, 3, seconds(90, 100, 150)), (10, 3, seconds(30, 40, 60)), (10, 1, seconds(10, 20, 40))],
)
def test_detection_is_the_flip_of_the_health_check_and_the_way_of_its_alarm(
    interval: int, failures: int, flip: Span
) -> None:
    check = HealthCheck(host="shop", interval=timedelta(seconds=interval), failures=failures)

    assert detection_budget(check) == flip + seconds(60, 110, 240)


def test_the_expected_recovery_is_counted_from_three_clocks() -> None:
    view = seen()
    assert view.detection

    # shortest: cache 5, scale 1, check 1; typical: cache 8, scale 2, check 1; longest: promote 30, scale 5, check 2
    assert view.expected[Clock.DECIDED] == minutes(7, 11, 37)
    assert view.expected[Clock.DETECTED] == minutes(5, 5, 5) + minutes(7, 11, 37)
    assert view.expected[Clock.ONSET] == view.detection + view.expected[Clock.DETECTED]


def test_the_critical_path_is_that_of_a_typical_run() -> None:
    view = seen()

    assert view.critical == ("create-cache", "scale", "check")
    marked = {
        entry.step for lanes in view.stages.values() for lane in lanes.values() for entry in lane if entry.critical
    }
    assert marked == {"create-cache", "scale", "check"}


@pytest.mark.parametrize(
    ("since", "expected", "met"),
    [
        ("decided", minutes(2, 6, 30), True),
        ("detected", minutes(7, 11, 35), True),
        ("onset", minutes(7, 11, 35) + seconds(150, 210, 390), True),
        ("verified", None, None),
    ],
)
def test_a_resource_is_held_against_its_own_clock(since: str, expected: Span | None, met: bool | None) -> None:
    view = seen(("rpo: 15 min, step: promote", f"rpo: 15 min, since: {since}, step: promote"))

    (resource,) = view.resources
    assert (resource.expected, resource.met) == (expected, met)


def test_an_objective_that_a_typical_run_misses_is_said() -> None:
    view = seen(("rto: 30 min, rpo", "rto: 5 min, rpo"))

    (resource,) = view.resources
    missed = [piece for line in lines_of(view) for piece in line if piece.tone is Tone.MISSED]
    assert resource.met is False
    assert [piece.text.strip() for piece in missed] == ["6 min 00 s"]
    assert "since decided: missed" in text_of(view)


def test_an_await_shows_the_step_that_was_started() -> None:
    ((started,),) = seen().stages[StageName.PREPARE].values()
    awaited = seen().stages[StageName.MOVE]["cache"][0]

    assert (started.role, awaited.role) == (Role.START, Role.AWAIT)
    assert started.title == awaited.title == "Create cache"


def test_the_text_reads_like_the_plan() -> None:
    assert (
        text_of(seen())
        == """\
shop: failover plan, eu-west-1 to eu-central-1, armed 'observe'

when     eu-west-1 has been dark for 5 min, looked at each 15 s from
         eu-central-1
who      nobody is moved: armed 'observe', the controller only says what it
         would do

prepare  at once; harms nothing
  cache
  * start create-cache      Create cache
                            create, harmless, 8 min (5 min to 15 min)

gate     data loss up to 15 min; more, or an unknown loss, blocks the run;
         nobody has to approve; no veto window
failed   a step that fails ends the run; nobody is asked

move     once the gate is passed
  database
    promote                 Promote replica
                            promote, irreversible, 6 min (2 min to 30 min)
  cache
  * await create-cache      Create cache

serve    8 min 00 s after the decision, once all of move is done
  application
  * scale                   Scale service
                            scale, disruptive, 2 min (1 min to 5 min)
                            needs the endpoint of promote
  * check                   Check https://shop.example.com/health
                            check, harmless, 1 min (1 min to 2 min)

* critical path: create-cache, then scale, then check

expected recovery                 shortest       typical       longest
  since onset                  14 min 30 s   19 min 30 s   48 min 30 s
  since detected               12 min 00 s   16 min 00 s   42 min 00 s
  since decided                 7 min 00 s   11 min 00 s   37 min 00 s
  of which detection            2 min 30 s    3 min 30 s    6 min 30 s

objectives                             RTO       typical           RPO
  shop                                 2 h   19 min 30 s        15 min  since onset
  Database                          30 min    6 min 00 s        15 min  since decided"""
    )


def test_a_long_description_is_folded() -> None:
    view = seen(("application: shop", f"application: shop\ndescription: {'word ' * 40}"))

    assert max(len(line) for line in text_of(view).splitlines()) <= 90


def test_the_gate_says_what_it_waits_for() -> None:
    gates = Gates(max_data_loss=timedelta(minutes=1), approval=True, veto_window=timedelta(minutes=2))

    text = text_of(overview(read(SOUND).model_copy(update={"gates": gates}), KINDS))

    folded = " ".join(text.split())
    assert "gate data loss up to 1 min; more, or an unknown loss, blocks the run; a person must approve;" in folded
    assert "people may stop it for 2 min" in folded
    assert "move 2 min 00 s after the decision, once the gate is passed" in folded


@pytest.mark.parametrize(
    ("arming", "words"),
    [
        (Arming.MANUAL, "who a person starts the run: armed 'manual', the controller only says when it would"),
        (Arming.STAGED, "the controller starts with prepare by itself; a person approves the rest"),
        (Arming.AUTOMATIC, "who armed 'automatic', the controller starts by itself"),
    ],
)
def test_it_says_who_starts(arming: Arming, words: str) -> None:
    text = text_of(overview(read(SOUND).model_copy(update={"arming": arming}), KINDS))

    assert words in " ".join(text.split())


def test_it_says_how_the_old_primary_is_closed_and_what_follows_upon_what() -> None:
    """Given FileFlow's plan, then what becomes of the old primary stands above the steps that close it."""
    text = text_of(overview(load(FILEFLOW), InstalledKinds()))

    folded = " ".join(text.split())
    assert (
        "fence once the gate is passed; closes the old primary a primary that answers is drained for up to 3" in folded
    )
    assert "a primary that does not answer is noted as moved first, and closed when it returns traffic" in folded
    assert "move 1 min 30 s after the decision, once all of fence is done database" in folded
    assert "needs the endpoint of promote and the endpoint of create-redis" in folded
    assert "after 10 min 35 s after the decision, once all of serve is done; users are served, so a" in folded


def test_a_step_that_waits_for_a_person_is_marked() -> None:
    asks = "      - {step: agree, kind: ask_a_person, params: {about: that the vendor knows}}\n"
    head = "  serve:\n    application:\n"
    text = FILEFLOW.read_text().replace(head, head + asks).replace("stages:\n", f"{PEOPLE}\nstages:\n", 1)

    shown = text_of(overview(parse(text, "plan.yaml"), InstalledKinds()))

    assert "agree                   Confirm that the vendor knows\n" in shown
    assert "waits for a person's word" in shown


def test_a_gate_that_accepts_no_loss_says_so() -> None:
    assert "data loss up to 0 s" in text_of(seen(("decision:", "gates: {max_data_loss: 0 s}\ndecision:")))


def test_the_graph_has_every_entry_and_marks_the_critical_path() -> None:
    graph = mermaid_of(seen())

    assert graph.startswith("flowchart TD\n")
    assert 'move_database_0["Promote replica<br/>6 min"]:::irreversible' in graph
    assert "prepare_cache_0 -.-> move_cache_0" in graph
    assert "class serve_application_1 critical" in graph
    assert "class move_database_0 critical" not in graph
    assert [line.strip() for line in graph.splitlines() if " --> " in line and "_" not in line] == [
        "prepare --> gate",
        "gate --> move",
        "move --> serve",
    ]


def test_a_quote_in_a_title_does_not_break_the_graph() -> None:
    graph = mermaid_of(seen(("resource: replica", "resource: 'the \"big\" one'")))

    assert 'move_database_0["Promote the #quot;big#quot; one<br/>6 min"]' in graph


def test_the_json_holds_the_same_in_seconds() -> None:
    view = seen()

    told = json_of(view)

    assert told["application"] == "shop"
    assert told["digest"] == read(SOUND).digest()
    assert told["critical_path"] == ["create-cache", "scale", "check"]
    assert told["expected_rto"]["decided"] == {
        "shortest_seconds": 420.0,
        "typical_seconds": 660.0,
        "longest_seconds": 2220.0,
    }
    assert [stage["stage"] for stage in told["stages"]] == ["prepare", "move", "serve"]
    (promote,) = told["stages"][1]["lanes"][0]["entries"]
    assert (promote["step"], promote["harm"], promote["critical"]) == ("promote", "irreversible", False)
    assert told["objectives"][1] == {
        "resource": "Database",
        "since": "decided",
        "step": "promote",
        "rto_seconds": 1800.0,
        "rpo_seconds": 900.0,
        "expected": {"shortest_seconds": 120.0, "typical_seconds": 360.0, "longest_seconds": 1800.0},
        "met": True,
    }


def test_people_read_how_long_a_failed_step_is_asked_about_and_which_may_be_skipped() -> None:
    named = ("application: shop", f"application: shop\n{PEOPLE}\ngates: {{failed_step_waits: 20 min}}")
    view = seen(
        named, ("- step: check\n        kind: check", "- step: check\n        skippable: true\n        kind: check")
    )

    text = " ".join(text_of(view).split())

    assert (
        "failed a step that fails is asked about for 20 min in its stage, where nothing stands closed for it:" in text
    )
    assert text.count("may be skipped if it fails") == 1
    assert text.index("Check https://shop.example.com/health") < text.index("may be skipped if it fails")
