"""The command `drafts`: a case for AWS Support and a notice for customers, from the ledger, for a person to copy.

It only reads, with the user's own AWS credentials, in the region that the application's controller lives in. Exit
codes: 0 printed, 1 AWS could not be asked or there is no incident, 2 the plan is wrong.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import boto3

from cli.exit_codes import MISCONFIGURED, NOT_AS_EXPECTED, OK
from cli.planning import load_or_report
from deployment import names
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.sdk import Clients, Sdk
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.errors import AwsError
from pilotlight.domain.ports import Aws
from pilotlight.domain.records import Record
from pilotlight.report.drafts import drafts
from pilotlight.report.view import incident_of, view
from planfile.reading import InstalledKinds

LOOK_BACK_RECORDS = 2000


@dataclass(frozen=True)
class Wanted:
    """Of which plan's incident; the newest where none is named."""

    plan: Path
    incident: str = ""


def draft(wanted: Wanted, aws: Aws | None = None) -> int:
    """Print both drafts as they stand now."""
    plan = load_or_report(wanted.plan, InstalledKinds())
    if plan is None:
        return MISCONFIGURED
    region = plan.place.standby
    try:
        aws = aws or Sdk(Clients(boto3.session.Session()), region)
        records = _read(aws, region, plan.name)
    except AwsError as error:
        print(f"pilotlight: the ledger of {plan.name} could not be read: {error.sentence}", file=sys.stderr)
        return NOT_AS_EXPECTED
    found = {name for record in records if (name := incident_of(record))}
    if not found or (wanted.incident and wanted.incident not in found):
        which = f"incident {wanted.incident} not; leave it out for the newest" if found else "no incident"
        print(f"pilotlight: the ledger of {plan.name} in {region} holds {which}.", file=sys.stderr)
        return NOT_AS_EXPECTED
    for title, text in drafts(view(records, wanted.incident)):
        print(f"--- {title} ---\n{text}\n")
    return OK


def _read(aws: Aws, region: str, name: str) -> list[Record]:
    ledger = Ledger(DynamoTable(aws, region, names.LEDGER_TABLE), pause=lambda lost: None)
    last = ledger.last(name)
    since = max(1, (last.sequence if last else 1) - LOOK_BACK_RECORDS)
    return list(ledger.records(name, since=since))
