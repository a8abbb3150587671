"""What several commands take, and the forms in which they print; imports nothing else, so that `--help` is quick."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Form(StrEnum):
    """How an answer is shown."""

    TEXT = "text"
    JSON = "json"


class PlanForm(StrEnum):
    """How a plan is shown."""

    TEXT = "text"
    MERMAID = "mermaid"
    JSON = "json"


class PrerequisitesForm(StrEnum):
    """How prerequisites are written."""

    TERRAFORM = "terraform"
    CDK = "cdk"
    CLI = "cli"


PlanFile = Annotated[Path, typer.Argument(help="The plan file.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the ledger and in Slack.")]
Output = Annotated[Form, typer.Option("--output", help="Text, or one JSON document on standard output.")]
