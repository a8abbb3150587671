"""Whoever speaks to an application: their own AWS credentials, with which each word is signed, and its function.

The name of the application is typed before anything that changes production, unless a script says that it is meant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.credentials import ReadOnlyCredentials

from deployment import names
from pilotlight.aws import functions
from pilotlight.aws.sdk import Clients, Sdk
from pilotlight.aws.signing import sign
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.ports import Aws
from pilotlight.domain.word import WordKind, binding

Ask = Callable[[str], str]


@dataclass(frozen=True)
class Speaker:
    """Somebody who is logged in, and the region of the application that is spoken to."""

    plan: AnyPlan
    credentials: ReadOnlyCredentials
    aws: Aws

    def say(self, kind: str, run: str = "", reason: str = "", accept: str = "") -> dict[str, Any]:
        """Say a word, and give the application's answer. Raises an `AwsError` where it could not be asked."""
        region = self.plan.place.standby
        bound = binding(self.plan.name, WordKind(kind), run, reason, accept)
        event = {"do": kind, "run_id": run, "reason": reason, "accept": accept}
        proof = sign(self.credentials, region, bound)
        return functions.ask(self.aws, region, names.word_function(self.plan.name), {**event, "proof": proof})


def speaker_for(plan: AnyPlan, session: boto3.session.Session | None, aws: Aws | None) -> Speaker | None:
    """Whoever is logged in; None, once that is reported, where nobody is."""
    session = session or boto3.session.Session()
    credentials = session.get_credentials()
    if credentials is None:
        print(
            "pilotlight: no AWS credentials were found, and a word is signed with them; log in first.", file=sys.stderr
        )
        return None
    aws = aws or Sdk(Clients(session), plan.place.standby)
    return Speaker(plan, credentials.get_frozen_credentials(), aws)


def is_meant(plan: AnyPlan, what: str, ask: Ask) -> bool:
    """Whether a person who is about to do something types the application's name; a pipe without a word does not."""
    try:
        return ask(f"{what}, type {plan.name}: ").strip() == plan.name
    except EOFError:
        return False
