"""What stands behind `./pilotlight init`: writes the plan of an application from what stands in its two regions.

It only reads, under the caller's own credentials; `--rehearsal` looks at an embedded AWS furnished from a plan instead.
The plan goes into `plans/APP.yaml` or to stdout, what is said of it to stderr. Exit codes: 0 written; 1 nothing of the
application was found; 2 nothing could be looked at, or the options are wrong; 3 a file stands there already.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from cli.caller import CallerAws
from cli.exit_codes import MISCONFIGURED, NOT_AS_EXPECTED, OK, REFUSED
from cli.planning import load_failover_or_report
from cli.printing import Progress, progress
from discovery import Found, State, discover, draft, read_state
from discovery.belonging import Application
from discovery.reading import Reading
from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import Aws

STDOUT = "-"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line; `also` are further names that belong to the application."""

    application: str
    primary: str
    standby: str
    also: tuple[str, ...] = ()
    states: tuple[Path, ...] = ()
    output: str = ""
    force: bool = False
    rehearsal: Path | None = None

    @property
    def file(self) -> Path | None:
        """Where the plan goes; None is stdout."""
        if self.output == STDOUT:
            return None
        return Path(self.output or f"plans/{self.application}.yaml")


def initialise(wanted: Wanted, aws: Aws | None = None) -> int:
    """Look, and write the plan."""
    refusal = _why_not(wanted)
    if refusal:
        print(f"pilotlight: {refusal}", file=sys.stderr)
        return MISCONFIGURED
    if wanted.file and wanted.file.exists() and not wanted.force:
        print(
            f"pilotlight: {wanted.file} is there already, and what people wrote into it would be lost; name another "
            "file with --output, or overwrite it with --force.",
            file=sys.stderr,
        )
        return REFUSED
    state = State({arn: name for path in wanted.states for arn, name in read_state(path).called.items()})
    with progress() as say:
        found = _look(wanted, state, aws, say)
    return MISCONFIGURED if found is None else _write(wanted, found)


def _why_not(wanted: Wanted) -> str:
    if not _NAME.fullmatch(wanted.application):
        return (
            f"'{wanted.application}' cannot be the name of an application in a plan; write 2 to 32 lower-case letters, "
            "digits and hyphens, and name what is called otherwise with --also."
        )
    for region in (wanted.primary, wanted.standby):
        if not _REGION.fullmatch(region):
            return f"'{region}' is no region; write one like ap-northeast-2."
    if wanted.primary == wanted.standby:
        return f"The standby is {wanted.standby}, which is the primary and goes dark with it; name another region."
    return ""


def _look(wanted: Wanted, state: State, aws: Aws | None, say: Progress) -> Found | None:
    if wanted.rehearsal is None:
        return _look_at(wanted, state, aws or CallerAws(), say)
    plan = load_failover_or_report(wanted.rehearsal)
    return None if plan is None else look_in_rehearsal(wanted, plan, state, say)


def look_in_rehearsal(wanted: Wanted, plan: Plan, state: State, say: Progress = lambda title: None) -> Found | None:
    """Look at the world of a plan before Pilotlight is deployed in it."""
    from rehearsal.primary import furnish_primary
    from rehearsal.readiness import look_at
    from rehearsal.scene import close_scene, open_scene

    scene = open_scene(plan, 1, stacks=())
    try:
        furnish_primary(scene)
        return look_at(scene, lambda ways: _look_at(wanted, state, ways.aws, say))
    finally:
        close_scene(scene)


def _look_at(wanted: Wanted, state: State, aws: Aws, say: Progress) -> Found | None:
    try:
        account = str(aws.call("sts", "GetCallerIdentity", wanted.standby)["Account"])
    except AwsError as error:
        sentence = f"Nothing was looked at, because AWS does not know who asks: {error.sentence}. Log in first."
        print(f"pilotlight: {sentence}", file=sys.stderr)
        return None
    application = Application(wanted.application, wanted.also, state)
    return discover(Reading(aws, say), application, account, wanted.primary, wanted.standby)


def _write(wanted: Wanted, found: Found) -> int:
    for gap in found.gaps:
        print(f"pilotlight: could not be read: {gap}", file=sys.stderr)
    if not found.resources:
        print(
            f"pilotlight: nothing in {found.primary} or {found.standby} of account {found.account} belongs to "
            f"{found.application}, by name or by tag; say what does with --also or --terraform-state.",
            file=sys.stderr,
        )
        return NOT_AS_EXPECTED
    text = draft(found)
    if wanted.file is None:
        sys.stdout.write(text)
        return OK
    wanted.file.parent.mkdir(parents=True, exist_ok=True)
    wanted.file.write_text(text, encoding="utf-8")
    count = text.count("TODO: ")
    print(
        f"{wanted.file} is written from {len(found.resources)} resources of {found.application}, with {count} "
        f"{'question' if count == 1 else 'questions'} for you: look for TODO. Then: ./pilotlight validate {wanted.file}"
    )
    return OK
