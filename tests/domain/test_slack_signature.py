"""Whether a request is Slack's: our reading of its signature agrees with slack_sdk's, and nothing altered passes."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.signature import Clock, SignatureVerifier

from pilotlight.domain.errors import InputRefused, Misconfigured
from pilotlight.domain.slack_signature import WINDOW, secret_in, signature_of, verified

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2026, 11, 21, 1, 10, tzinfo=UTC)
TIMESTAMP = str(int(NOW.timestamp()))
BODY = b"team_id=T0123456789&user_id=U0ANNA0001&command=%2Ffailover&text=approve+fileflow"


class FrozenClock(Clock):
    """The moment of the tests, for slack_sdk."""

    def now(self) -> float:
        return NOW.timestamp()


THEIRS = SignatureVerifier(SECRET, FrozenClock())


def event(body: bytes = BODY, *, encoded: bool = True, headers: dict[str, str] | None = None) -> dict[str, Any]:
    headers = headers or {}
    signed = {
        "x-slack-request-timestamp": TIMESTAMP,
        "x-slack-signature": signature_of(SECRET, headers.get("x-slack-request-timestamp", TIMESTAMP), BODY),
    }
    text = b64encode(body).decode() if encoded else body.decode()
    return {"headers": {**signed, **headers}, "body": text, "isBase64Encoded": encoded}


def is_taken(asked: dict[str, Any]) -> bool:
    try:
        verified(asked, SECRET, NOW)
    except InputRefused:
        return False
    return True


@settings(max_examples=300)
@given(
    body=st.text(max_size=300).map(str.encode),
    altered=st.text(max_size=300).map(str.encode),
    seconds=st.integers(-400, 400),
    keep=st.booleans(),
)
def test_slack_sdk_judges_every_request_as_we_do(body: bytes, altered: bytes, seconds: int, keep: bool) -> None:
    timestamp = str(int(NOW.timestamp()) + seconds)
    arrived = body if keep else altered
    headers = {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature_of(SECRET, timestamp, body),
    }
    asked = {"headers": headers, "body": b64encode(arrived).decode(), "isBase64Encoded": True}

    assert headers["X-Slack-Signature"] == THEIRS.generate_signature(timestamp=timestamp, body=body)
    assert is_taken(asked) == THEIRS.is_valid_request(arrived, headers)


@pytest.mark.parametrize("encoded", [True, False])
def test_a_body_is_verified_as_it_arrived_encoded_or_not(encoded: bool) -> None:
    signed = verified(event(encoded=encoded), SECRET, NOW)

    assert signed.body == BODY
    assert signed.mark == verified(event(encoded=not encoded), SECRET, NOW).mark


def test_each_signature_has_a_mark_of_its_own() -> None:
    later = str(int(TIMESTAMP) + 1)
    other = event(headers={"x-slack-request-timestamp": later})

    assert verified(event(), SECRET, NOW).mark != verified(other, SECRET, NOW).mark


@settings(max_examples=400)
@given(place=st.integers(0, len(BODY) - 1), flip=st.integers(1, 255))
def test_every_byte_of_the_body_counts(place: int, flip: int) -> None:
    altered = bytes([*BODY[:place], BODY[place] ^ flip, *BODY[place + 1 :]])

    assert not is_taken(event(altered))


def test_every_bit_of_every_byte_counts() -> None:
    flipped = [bytes([*BODY[:n], BODY[n] ^ (1 << bit), *BODY[n + 1 :]]) for n in range(len(BODY)) for bit in range(8)]
    headers = event()["headers"]
    altered = [
        {**headers, name: value[:n] + chr(ord(value[n]) ^ (1 << bit)) + value[n + 1 :]}
        for name, value in headers.items()
        for n in range(len(value))
        for bit in range(7)
    ]

    assert [body for body in flipped if is_taken(event(body))] == []
    assert [each for each in altered if is_taken({**event(), "headers": each})] == []
    assert is_taken(event())


@pytest.mark.parametrize("cut", range(0, len(BODY), 7))
def test_a_truncated_body_is_refused(cut: int) -> None:
    assert not is_taken(event(BODY[:cut]))


@pytest.mark.parametrize(
    "altered",
    [
        {"body": BODY.decode()},
        {"isBase64Encoded": False},
        {"isBase64Encoded": "true"},
        {"body": b64encode(b64encode(BODY)).decode()},
        {"body": b64encode(BODY).decode() + "\n"},
        {"body": "team_id=%54&..."},
        {"body": None},
        {"body": "\ud800"},
        {"body": "\ud800", "isBase64Encoded": False},
        {"headers": None},
        {"headers": {}},
    ],
)
def test_a_body_that_was_encoded_anew_or_is_none_is_refused(altered: dict[str, Any]) -> None:
    assert not is_taken({**event(), **altered})


@pytest.mark.parametrize(
    "headers",
    [
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0="},
        {"x-slack-signature": signature_of(SECRET, TIMESTAMP, BODY).replace("v0", "v1")},
        {"x-slack-signature": signature_of(SECRET, TIMESTAMP, BODY).upper()},
        {"x-slack-signature": signature_of("another1another1", TIMESTAMP, BODY)},
        {"X-Slack-Signature": signature_of(SECRET, TIMESTAMP, BODY)},
        {"x-slack-request-timestamp": f"{TIMESTAMP} "},
        {"x-slack-request-timestamp": f"+{TIMESTAMP}"},
        {"x-slack-request-timestamp": f"{TIMESTAMP}.0"},
        {"x-slack-request-timestamp": "٠١٢٣٤٥٦٧٨٩"},
        {"x-slack-request-timestamp": ""},
        {"X-Slack-Request-Timestamp": TIMESTAMP},
    ],
)
def test_headers_that_are_missing_doubled_or_of_another_shape_are_refused(headers: dict[str, str]) -> None:
    asked = event()

    assert not is_taken({**asked, "headers": {**asked["headers"], **headers}})


@pytest.mark.parametrize(("off", "taken"), [(0, True), (1, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_request_is_good_for_five_minutes_in_either_direction(off: int, taken: bool, sign: int) -> None:
    moment = NOW + sign * (WINDOW + timedelta(seconds=off))
    timestamp = str(int(moment.timestamp()))

    assert is_taken(event(headers={"x-slack-request-timestamp": timestamp})) is taken


@pytest.mark.parametrize("text", ["", " ", "short", "xoxb-1-a-token", '{"signing_secret": "8f742231"}', "ü" * 32])
def test_a_secret_that_is_none_is_never_taken_for_one(text: str) -> None:
    with pytest.raises(Misconfigured, match="holds no signing secret"):
        secret_in(text)


def test_a_secret_is_taken_as_it_was_pasted() -> None:
    assert secret_in(f" {SECRET}\n") == SECRET
