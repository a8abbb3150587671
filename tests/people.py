"""People who say words in tests: their credentials, and what they sign."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unittest.mock import patch

from pilotlight.aws.signing import sign
from pilotlight.domain.word import WordKind, binding
from rehearsal.sts import Caller
from tests.builders import ACCOUNT, STANDBY

ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/Operators"
ANNA = Caller(f"{ROLE}/anna", "AKIAIOSFODNN7EXAMPLE", "annas-secret")
BORIS = Caller(f"{ROLE}/boris", "AKIAI44QH8DHBEXAMPLE", "boriss-secret")
MALLORY = Caller(f"arn:aws:sts::{ACCOUNT}:assumed-role/Guests/anna", "AKIAIMALLORY7EXAMPLE", "mallorys-secret")
STRANGER = Caller("arn:aws:sts::210987654321:assumed-role/Operators/anna", "AKIAISTRANGE7EXAMPLE", "strangers-secret")
EVERYBODY = (ANNA, BORIS, MALLORY, STRANGER)
PEOPLE = {"approvers": [f"{ROLE}/*"], "overriders": [ANNA.arn]}


def signed(by: Caller, bound: str, now: datetime, region: str = STANDBY) -> dict[str, str]:
    """A proof that somebody signed at a moment."""
    with patch("botocore.auth.get_current_datetime", lambda: now.replace(tzinfo=None)):
        return sign(by.credentials.get_frozen_credentials(), region, bound)


def said(do: str, by: Caller, now: datetime, run_id: str = "", reason: str = "", accept: str = "") -> dict[str, Any]:
    """The event of a word that somebody signed."""
    proof = signed(by, binding("fileflow", WordKind(do), run_id, reason, accept), now)
    return {"do": do, "run_id": run_id, "reason": reason, "accept": accept, "proof": proof}
