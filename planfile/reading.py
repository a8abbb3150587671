"""From a plan file to a plan: read the YAML, check it against the schema, the step kinds and the rules.

Fails with `PlanFileRefused`, which holds every fault of the file at once. What cannot be read at all (a
missing file, a directory, text that is not UTF-8 or not YAML) is one fault and ends the reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from pilotlight import steps
from pilotlight.domain.plan import Plan
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.step import StepKind
from planfile.document import read_document
from planfile.draft import Kinds, RunbookDraft, read_draft
from planfile.drill_rules import drill_rules
from planfile.faults import Fault, PlanFileRefused, did_you_mean, is_under
from planfile.fence_rules import FENCE_RULES
from planfile.gate_rules import GATE_RULES
from planfile.limits import LIMITS, SHARED_LIMITS
from planfile.notification_rules import NOTIFICATION_RULES, RUNBOOK_NOTIFICATION_RULES
from planfile.people_rules import PEOPLE_RULES
from planfile.private_rules import PRIVATE_RULES
from planfile.requirement_rules import REQUIREMENT_RULES
from planfile.resource_rules import RESOURCE_RULES, RESOURCE_RULES_OF_ANY
from planfile.rules import PLAN_RULES, complaints_of
from planfile.runbook_rules import RUNBOOK_RULES
from planfile.skip_rules import SKIP_RULES
from planfile.slack_rules import SLACK_RULES
from planfile.step_rules import SHARED_STEP_RULES, STEP_RULES
from planfile.table_rules import TABLE_RULES
from planfile.traffic_rules import TRAFFIC_RULES

RULES_OF_ANY = (
    *PEOPLE_RULES,
    *SLACK_RULES,
    *SHARED_LIMITS,
    *SHARED_STEP_RULES,
    *SKIP_RULES,
    *REQUIREMENT_RULES,
    *RESOURCE_RULES_OF_ANY,
)
RULES_OF_A_FAILOVER = (
    *RULES_OF_ANY,
    *PLAN_RULES,
    *LIMITS,
    *STEP_RULES,
    *RESOURCE_RULES,
    *FENCE_RULES,
    *GATE_RULES,
    *TABLE_RULES,
    *TRAFFIC_RULES,
    *PRIVATE_RULES,
    *NOTIFICATION_RULES,
)
RULES_OF_A_RUNBOOK = RULES_OF_ANY + RUNBOOK_RULES + RUNBOOK_NOTIFICATION_RULES

LARGEST_FILE_BYTES = 256 * 1024
"""Far above any plan; a snapshot of one has to fit into an item of the control table."""


def load(path: Path, kinds: Kinds | None = None) -> Plan:
    """Read the failover plan in a file; raises `PlanFileRefused`, also for a run-book."""
    return _failover(load_any(path, kinds), str(path))


def load_any(path: Path, kinds: Kinds | None = None) -> Plan | Runbook:
    """Read the plan in a file, of whichever kind it is; raises `PlanFileRefused`."""
    return parse_any(_text_of(path), str(path), kinds)


def parse(text: str, name: str, kinds: Kinds | None = None) -> Plan:
    """Read the failover plan in a text; `name` stands for the file in what is said. Raises `PlanFileRefused`."""
    return _failover(parse_any(text, name, kinds), name)


def parse_any(text: str, name: str, kinds: Kinds | None = None) -> Plan | Runbook:
    """Read the plan in a text, of whichever kind it is. Raises `PlanFileRefused`."""
    document = read_document(text, name)
    known = InstalledKinds() if kinds is None else kinds
    draft, complaints = read_draft(document.value, known)
    rules = RULES_OF_A_RUNBOOK if isinstance(draft, RunbookDraft) else (*RULES_OF_A_FAILOVER, *drill_rules(known))
    complaints += complaints_of(rules, draft)
    faults = document.faults + [
        document.fault(each) for each in complaints if not is_under(each.where, document.refused)
    ]
    if faults:
        raise PlanFileRefused(faults)
    return draft.plan


def _failover(plan: Plan | Runbook, name: str) -> Plan:
    if isinstance(plan, Runbook):
        sentence = (
            f"{plan.name} is a run-book, which starts by hand, watches nothing and moves to no other region; name a "
            "failover plan."
        )
        raise PlanFileRefused([Fault(name, sentence)])
    return plan


class InstalledKinds(Mapping[str, StepKind[Any]]):
    """The step kinds of this installation; each is imported when a plan first asks for it."""

    def __getitem__(self, name: str) -> StepKind[Any]:
        if name not in steps.kind_names():
            raise KeyError(name)
        return steps.kind(name)

    def __iter__(self) -> Iterator[str]:
        return iter(steps.kind_names())

    def __len__(self) -> int:
        return len(steps.kind_names())


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError:
        _refuse(path, "There is no such file; name a plan that exists.", _neighbour(path))
    except IsADirectoryError:
        plans = ", ".join(str(found) for found in sorted(path.glob("*.yaml"))) or "a file"
        _refuse(path, f"This is a directory; name a plan in it ({plans}).")
    except OSError as error:
        _refuse(path, f"The file cannot be read ({error.strerror}); correct that, or name another plan.")
    if len(content) > LARGEST_FILE_BYTES:
        _refuse(
            path,
            f"The file is larger than {LARGEST_FILE_BYTES // 1024} KiB, and no plan is; name another file.",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _refuse(path, f"Line {line} is not UTF-8 (byte 0x{content[error.start]:02x}); save the file as UTF-8.")


def _neighbour(path: Path) -> str:
    siblings = sorted(found.name for found in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
    return did_you_mean(path.name, siblings)


def _refuse(path: Path, sentence: str, suggestion: str = "") -> NoReturn:
    raise PlanFileRefused([Fault(str(path), sentence, suggestion)])
