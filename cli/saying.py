"""The commands by which a person says something about a run: `approve`, `hold`, `release`, `abort`, `retry`, `skip`,
`override`, `change`, `ack`.

They sign who says it with the user's own AWS credentials and hand it to the application's function in the standby
region. What the function answers is printed; it may refuse. Exit codes: 0 the word was taken, 1 AWS could not be asked,
2 the plan is wrong or there are no credentials, 3 the word was refused, or was not confirmed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from cli.exit_codes import MISCONFIGURED, NOT_AS_EXPECTED, OK, REFUSED
from cli.planning import load_meant_or_report
from cli.printing import print_json
from cli.speaking import Ask, is_meant, speaker_for
from pilotlight.domain.errors import AwsError
from pilotlight.domain.ports import Aws
from pilotlight.domain.word import WordKind

STOPS_ONLY = (WordKind.HOLD.value,)
"""What is said without typing a name first: stopping is always safe."""


@dataclass(frozen=True)
class Wanted:
    """What is to be said, about which plan's run or drill; the one at work where none is named."""

    kind: str
    plan: Path
    run: str = ""
    reason: str = ""
    accept: str = ""
    yes: bool = False
    as_json: bool = False
    drill: bool = False


def say(
    wanted: Wanted,
    session: boto3.session.Session | None = None,
    aws: Aws | None = None,
    ask: Ask = input,
) -> int:
    """Say it, and print what came of it."""
    plan = load_meant_or_report(wanted.plan, drill=wanted.drill)
    if plan is None:
        return MISCONFIGURED
    about = f"run {wanted.run}" if wanted.run else "the run at work"
    meant = wanted.yes or wanted.kind in STOPS_ONLY
    if not meant and not is_meant(plan, f"To {wanted.kind} {about} of {plan.name} in {plan.place.standby}", ask):
        print(f"pilotlight: nothing was said, because what was typed is not {plan.name}.", file=sys.stderr)
        return REFUSED
    speaker = speaker_for(plan, session, aws)
    if speaker is None:
        return MISCONFIGURED
    try:
        answer = speaker.say(wanted.kind, wanted.run, wanted.reason, wanted.accept)
    except AwsError as error:
        print(f"pilotlight: {error.sentence}", file=sys.stderr)
        return NOT_AS_EXPECTED
    return _tell(answer, wanted)


def _tell(answer: dict[str, Any], wanted: Wanted) -> int:
    taken = answer["accepted"] is True
    if wanted.as_json:
        print_json(answer)
    else:
        print(
            answer["sentence"] if taken else f"pilotlight: {answer['sentence']}",
            file=sys.stdout if taken else sys.stderr,
        )
    return OK if taken else REFUSED
