"""What stands behind `./pilotlight status`: says how applications and their runs stand, once or until the end.

Exit codes: 0 it was told, whatever it is; with `--watch`, 1 where the run did not reach its goal; 1 AWS could not be
asked; 2 a plan is wrong.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import boto3

from cli.exit_codes import MISCONFIGURED, NOT_AS_EXPECTED, OK
from cli.launching import CHECKOUT
from cli.planning import load_meant_or_report, load_or_report
from cli.printing import print_json
from cli.standing import headline_of, json_of, read, text_of
from cli.watching import Lines, Watch, follow, screen_for, went_well
from pilotlight.aws.sdk import Clients, Sdk
from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.ports import Aws
from planfile.reading import InstalledKinds

PLANS = CHECKOUT / "plans"
_NAME_COLUMN = 24


@dataclass(frozen=True)
class Wanted:
    """What is to be told: of one plan or its drill, or of all of `plans/` in a line each."""

    plan: Path | None
    watch: bool = False
    as_json: bool = False
    drill: bool = False


@dataclass(frozen=True)
class Ways:
    """Where it is read, and how time passes; the real ones unless given."""

    aws: Aws | None = None
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    plans: Path = PLANS

    def aws_of(self, plan: AnyPlan) -> Aws:
        """AWS in the plan's standby, with the caller's own credentials."""
        return self.aws or Sdk(Clients(boto3.session.Session()), plan.place.standby)


def status(wanted: Wanted, ways: Ways | None = None) -> int:
    """Say how it stands."""
    ways = ways or Ways()
    if wanted.plan is None:
        return _all(wanted, ways)
    plan = load_meant_or_report(wanted.plan, drill=wanted.drill)
    if plan is None:
        return MISCONFIGURED
    try:
        return _watch(plan, wanted, ways) if wanted.watch else _once(plan, wanted, ways)
    except AwsError as error:
        print(f"pilotlight: {error.sentence}", file=sys.stderr)
        return NOT_AS_EXPECTED


def _once(plan: AnyPlan, wanted: Wanted, ways: Ways) -> int:
    standing = read(plan, ways.aws_of(plan), ways.now())
    if wanted.as_json:
        print_json(json_of(standing))
    else:
        sys.stdout.writelines(f"{line}\n" for line in text_of(standing))
    return OK


def _watch(plan: AnyPlan, wanted: Wanted, ways: Ways) -> int:
    watch = Watch(plan, ways.aws_of(plan), sleep=ways.sleep, now=ways.now)
    with Lines(sys.stderr) if wanted.as_json else screen_for(sys.stdout, os.environ) as screen:
        standing = follow(watch, screen)
    if wanted.as_json:
        print_json(json_of(standing))
    return OK if went_well(standing) else NOT_AS_EXPECTED


def _all(wanted: Wanted, ways: Ways) -> int:
    """One line for each plan; one that cannot be asked does not hide the others."""
    told, code = [], OK
    for path in sorted(ways.plans.glob("*.yaml")):
        plan = load_or_report(path, InstalledKinds())
        if plan is None:
            code = MISCONFIGURED
            continue
        try:
            standing = read(plan, ways.aws_of(plan), ways.now())
        except AwsError as error:
            code = code or NOT_AS_EXPECTED
            print(f"pilotlight: {plan.name}: {error.sentence}", file=sys.stderr)
            continue
        told.append(json_of(standing))
        if not wanted.as_json:
            print(f"{plan.name:<{_NAME_COLUMN}}  {headline_of(standing)}")
    if wanted.as_json:
        print_json(told)
    return code
