"""What can be typed behind /failover, and what a verified body is read as."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotlight.domain.errors import InputRefused
from pilotlight.domain.slack_command import READS, STARTS, WORDS, understand
from pilotlight.domain.slack_request import Asked, Command, Listening, Press, Voice, read
from pilotlight.domain.word import WordKind

BOTH = ["fileflow", "megaticket"]
ANSWER = "https://hooks.slack.com/commands/T1/2/x"
FORM = {
    "team_id": "T0123456789", "channel_id": "C0123456789", "user_id": "U0ANNA0001", "text": "status",
    "response_url": ANSWER, "token": "t", "trigger_id": "1.2.a",
}  # fmt: skip
BUTTON = "0123456789abcdef" * 2


def a_press(**differences: Any) -> bytes:
    payload = {
        "type": "block_actions", "user": {"id": "U0ANNA0001", "team_id": "T0123456789"}, "team": {"id": "T0123456789"},
        "channel": {"id": "C0123456789"}, "response_url": ANSWER, "actions": [{"type": "button", "value": BUTTON}],
    }  # fmt: skip
    return urlencode({"payload": json.dumps({**payload, **differences})}).encode()


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("status", Asked("", "status")),
        ("status fileflow", Asked("fileflow", "status")),
        ("history megaticket", Asked("megaticket", "history")),
        ("drill fileflow", Asked("fileflow", "drill", accept="isolated")),
        ("drill fileflow full", Asked("fileflow", "drill", accept="full")),
        ("request fileflow because Seoul is dark", Asked("fileflow", "request", reason="Seoul is dark")),
        ("ack fileflow the image is there", Asked("fileflow", "acknowledge", reason="the image is there")),
        ("APPROVE fileflow", Asked("fileflow", "approve")),
        ("approve fileflow run=e7 step=agree", Asked("fileflow", "approve", "e7", "agree")),
        ("retry fileflow step=promote put right", Asked("fileflow", "retry", "", "promote", "put right")),
        ("skip fileflow step=promote", Asked("fileflow", "skip", "", "promote")),
        ("override fileflow run=e7 accept=20min replayed", Asked("fileflow", "override", "e7", "20 min", "replayed")),
        ("override fileflow run=e7 accept=unknown why", Asked("fileflow", "override", "e7", "unknown", "why")),
        ("change fileflow to=planned a move", Asked("fileflow", "change", "", "planned", "a move")),
        ("hold fileflow a &lt;b&gt; &amp;lt;", Asked("fileflow", "hold", reason="a <b> &lt;")),
        ("abort  fileflow \n it   was a deploy", Asked("fileflow", "abort", reason="it was a deploy")),
    ],
)
def test_what_is_typed_means_one_thing(typed: str, asked: Asked) -> None:
    assert understand(typed, BOTH) == asked


@pytest.mark.parametrize(
    ("typed", "because"),
    [
        ("", "You can say"),
        ("help", "You can say"),
        ("failover fileflow", "You can say"),
        ("approve", "Say which application is meant: `/failover approve APP`, of fileflow, megaticket."),
        ("history", "Say which application is meant"),
        ("status triflow", "'triflow' is none of the applications spoken of here"),
        ("status fileflow now", "'now' is none of the applications"),
        ("abort fileflow " + "x" * 1001, "and 1000 are the most"),
        ("approve fileflow step=a to=planned", "A word accepts one thing"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_can_be_said(typed: str, because: str) -> None:
    with pytest.raises(InputRefused) as refused:
        understand(typed, BOTH)

    assert because in refused.value.sentence


def test_the_only_application_of_a_channel_needs_no_name() -> None:
    assert understand("abort it was a deploy", ["fileflow"]) == Asked("fileflow", "abort", reason="it was a deploy")


@pytest.mark.parametrize("spoken_of", [["fileflow", "fileflow-drill"], ["fileflow-drill", "fileflow"]])
def test_without_a_name_the_application_is_meant_and_not_its_drill(spoken_of: list[str]) -> None:
    assert understand("abort it was a deploy", spoken_of).application == "fileflow"
    assert understand("abort fileflow-drill enough", spoken_of).application == "fileflow-drill"


def test_every_word_can_be_said() -> None:
    assert {kind.value for kind in WordKind} - {"start"} <= set(WORDS)
    assert not set(WORDS) & {*READS, *STARTS}


@given(st.text(max_size=200))
def test_no_text_breaks_the_grammar(text: str) -> None:
    try:
        asked = understand(text, BOTH)
    except InputRefused:
        return
    assert asked.application in ("", *BOTH)
    assert asked.application or asked.do == "status"


def test_a_command_is_read_with_who_and_where() -> None:
    assert read(urlencode(FORM).encode()) == Command(
        Voice("T0123456789", "C0123456789", "U0ANNA0001", ANSWER), "status"
    )


def test_a_press_is_its_opaque_id_and_a_chosen_line_is_its_own() -> None:
    chosen = [{"type": "static_select", "selected_option": {"value": BUTTON[::-1]}}]

    pressed, picked = read(a_press()), read(a_press(actions=chosen))

    assert isinstance(pressed, Press)
    assert isinstance(picked, Press)
    assert (pressed.button, picked.button) == (BUTTON, BUTTON[::-1])
    assert pressed.voice == Voice("T0123456789", "C0123456789", "U0ANNA0001", ANSWER)


@pytest.mark.parametrize(
    "differences",
    [
        {"type": "view_submission"},
        {"user": {"id": "U0ANNA0001", "team_id": "T9999999999"}},
        {"user": "U0ANNA0001"},
        {"user": {}},
        {"team": None},
        {"channel": {"id": "general"}},
        {"actions": []},
        {"actions": [{"value": BUTTON}, {"value": BUTTON}]},
        {"actions": [{"value": "AAAAKgAAAAIAAAAAAAAAAS-a-task-token"}]},
        {"actions": [{"value": 7}]},
        {"actions": "all"},
    ],
)
def test_a_press_of_another_shape_is_refused(differences: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        read(a_press(**differences))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"payload",
        b"payload=%7B",
        b"payload=[]",
        b"text=status",
        urlencode({**FORM, "user_id": "U0ANNA0001/*"}).encode(),
        urlencode({**FORM, "team_id": "slack:T0123456789"}).encode(),
        urlencode(FORM).encode() + b"&user_id=U0BORIS001",
        b"&".join(b"a=b" for _ in range(100)),
    ],
)
def test_a_body_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(InputRefused):
        read(body)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/commands/x",
        "https://hooks.slack.com.evil.example/commands/x",
        "https://evil.example/hooks.slack.com/commands/x",
        "https://hooks.slack.com@evil.example/commands/x",
        "https://hooks.slack.com/commands/../x?y=z",
        "https://hooks.slack.com/x",
    ],
)
def test_an_answer_goes_to_slack_and_nowhere_else(url: str) -> None:
    said = read(urlencode({**FORM, "response_url": url}).encode())

    assert said.voice.response_url == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"application": "fileflow"}', "7"])
def test_a_parameter_that_says_nothing_is_no_application(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of json, or our own
        Listening.from_json(text)


def test_a_parameter_is_read_back() -> None:
    listening = Listening("fileflow", "T0123456789", "C0123456789")

    assert Listening.from_json(listening.to_json()) == listening
