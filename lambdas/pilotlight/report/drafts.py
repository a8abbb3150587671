"""Drafts for people: a case with AWS Support, and what customers are told, both made of the same view as the report.

Nothing of it is sent by anyone but a person. What only a person knows stands in square brackets. A customer reads no
name of a resource, a region or a tool; AWS Support reads all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.paging import PagerAction
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome, Review
from pilotlight.domain.severity import IncidentSeverity
from pilotlight.domain.stages import StageName
from pilotlight.report.foreign import LONGEST_NAME, tame
from pilotlight.report.incident import (
    IncidentState,
    IncidentView,
)
from pilotlight.report.outlook import expected_back
from pilotlight.report.standing import asked_of_pager, graded
from pilotlight.report.step_view import Call
from pilotlight.report.text import record_line

SUPPORT_SEVERITIES = {
    IncidentSeverity.P1: "Production system down (urgent), or Business-critical system down (critical)",
    IncidentSeverity.P2: "Production system impaired (high)",
    IncidentSeverity.P3: "System impaired (normal)",
    IncidentSeverity.P4: "General guidance (low)",
}
"""What AWS Support calls it, with the codes of CreateCase (AWS Support User Guide, "Choosing a severity")."""

_SERVICES = {"elbv2": "Elastic Load Balancing", "autoscaling": "EC2 Auto Scaling"}
_MORE = "We will tell you more here [within 30 minutes]."
_CAUSE = "[What caused it, and what you will do about it.]"
_LONGEST_LINE = 240
_FIRST_RECORDS, _LAST_RECORDS = 8, 16
_MOST_CALLS = 24
_MOST_RESOURCES = 20
_BETWEEN = (
    RecordKind.STEP_STARTED, RecordKind.STEP_WAITING, RecordKind.STAGE_REVIEWED, RecordKind.REMINDER,
    RecordKind.PREFLIGHT,
)  # fmt: skip


class Notice(StrEnum):
    """Which notice to customers is due."""

    BEGIN = "begin"
    UPDATE = "update"
    END = "end"


def support_case(view: IncidentView) -> str:
    """A case to be opened with AWS Support: how bad, what, where, when, which resources, and what was done."""
    how, regions = graded(view), [region for region in (view.primary, view.standby) if region]
    # What is served again is not down any more, however bad it was.
    now = IncidentSeverity.P3 if notice_due(view) is Notice.END else how.severity
    parts = [
        f"Subject: {tame(f'{view.outlook.headline} ({how.words})', _LONGEST_LINE)}",
        f"Severity: {SUPPORT_SEVERITIES[now]}",
        f"Service: {_services(view)}",
        f"Region: {' and '.join(dict.fromkeys(regions)) or '[region]'}",
        f"Account: {_account(view)}",
        "",
        "What happened",
        *([tame(view.run.reason)] if view.run and view.run.reason else []),
        tame(view.outlook.happening),
        f"Since {_at(view.clocks.onset)}. It is {how.words}, because {how.because}.",
        *[f"AWS Health: {tame(each.sentence, _LONGEST_LINE)}" for each in view.aws_says],
        *_listed("Timeline (UTC)", _timeline(view)),
        *_listed("Resources", _resources(view)),
        *_listed("What was done", [_call(call) for call in view.calls[-_MOST_CALLS:]] or ["Nothing yet."]),
        "",
        "What we ask",
        *_asked(view),
        "",
        f"[Your name, and how to reach you now.] Incident {tame(view.incident, LONGEST_NAME)}.",
    ]
    return "\n".join(parts)


def notice_due(view: IncidentView) -> Notice:
    """Which notice fits how the incident stands."""
    over = asked_of_pager(view) is PagerAction.RESOLVE and view.outcome is not Outcome.ABORTED_CLEAN
    if over or _served_since(view):
        return Notice.END
    before = (IncidentState.QUIET, IncidentState.ASKED, IncidentState.STARTING, IncidentState.LOOKING)
    return Notice.BEGIN if view.standing in before else Notice.UPDATE


def customer_notice(view: IncidentView) -> str:
    """What customers may be told now: that it began, how it goes on, or that it is over."""
    match notice_due(view):
        case Notice.BEGIN:
            return _begin(view)
        case Notice.UPDATE:
            return _update(view)
        case Notice.END:
            return _end(view)


def drafts(view: IncidentView) -> list[tuple[str, str]]:
    """Both drafts, each with its title."""
    notice = f"Notice to customers ({notice_due(view).value})"
    return [("Case with AWS Support", support_case(view)), (notice, customer_notice(view))]


def _begin(view: IncidentView) -> str:
    name, promise = _name(view), _promise(view)
    if view.is_runbook or (view.run and view.run.planned):
        return (
            f"Maintenance: we are about to work on {name}, and it may not be available for some minutes. {promise} "
            f"{_MORE}"
        )
    return (
        f"Investigating: since {_at(view.clocks.onset)} {name} is not available, or not for everyone. We are looking "
        f"into it, and are ready to restore it from another data center. {_MORE}"
    )


def _update(view: IncidentView) -> str:
    beginning = f"Update, {_at(view.last_update)}: {_name(view)}"
    if view.standing is IncidentState.CLOSED:
        return f"{beginning} is still not available, or not for everyone. Our engineers are working on it. {_MORE}"
    where = "We are working on it" if view.is_runbook else "We are restoring it from another data center"
    return (
        f"{beginning} is still not available, or not for everyone. {where}: {_progress(view)}. {_promise(view)} {_MORE}"
    )


def _end(view: IncidentView) -> str:
    began, served = view.clocks.onset, _served_since(view)
    if served is None:
        between = f"Between {_at(began)} and {_at(view.last_update)} it may not have been."
        return f"Resolved: {_name(view)} is available. {between} {_CAUSE}"
    lasted = f" It was not, or not for everyone, for {say_elapsed((served - began).total_seconds())}." if began else ""
    return f"Resolved: {_name(view)} is available again since {_at(served)}.{lasted} {_loss(view)} {_CAUSE}"


def _served_since(view: IncidentView) -> datetime | None:
    """Since when users are served again, as they are while the run does what comes after; None where they are not."""
    if view.clocks.verified:
        return view.clocks.verified
    reviewed = [r.time for r in view.reviews if (r.stage, r.review) == (StageName.SERVE, Review.GO_ON)]
    goes_on = view.standing is IncidentState.ACTING or view.outcome is Outcome.RECOVERED
    return reviewed[-1] if reviewed and goes_on else None


def _loss(view: IncidentView) -> str:
    if view.is_runbook or view.rpo_seconds == 0:
        return "No data was lost."
    if view.rpo_seconds is None or view.loss_window is None:
        return "[Whether anything was lost is not known yet: say so, or what is known.]"
    return f"What you saved {view.loss_window} may be missing; please check it and enter it again where it is."


def _name(view: IncidentView) -> str:
    return f"[{tame(view.application, LONGEST_NAME)}]"


def _progress(view: IncidentView) -> str:
    done = sum(1 for step in view.steps if step.status.over)
    return f"{done} of {len(view.steps)} steps are done" if view.steps else "it is about to begin"


def _promise(view: IncidentView) -> str:
    """When it is expected back; what is written to be said is complete without it."""
    back = expected_back(view)
    return f"We expect it back between {_at(back[0])} and {_at(back[1])}." if back else "[When you expect it back.]"


def _services(view: IncidentView) -> str:
    said = [each.service for each in view.aws_says]
    failed = [call.service for step in view.failed_steps for call in step.calls]
    names = dict.fromkeys([*said, *(_SERVICES.get(service, service.upper()) for service in failed)])
    return ", ".join(names) or "several: nothing in the region answers [or the one that you found]"


def _account(view: IncidentView) -> str:
    arn = view.run.execution_arn.split(":") if view.run else []
    return arn[4] if len(arn) > 4 else "[account]"


def _timeline(view: IncidentView) -> list[str]:
    """The turns of the incident, without what each step waited for."""
    onset = [f"{view.clocks.onset:%H:%M:%S} It began."] if view.clocks.onset else []
    turns = [record for record in view.told if record.entry.kind not in _BETWEEN]
    lines = [tame(f"{record.entry.time:%H:%M:%S} {record_line(record)}", _LONGEST_LINE) for record in turns]
    left_out = len(lines) - _FIRST_RECORDS - _LAST_RECORDS
    if left_out > 1:
        lines = [*lines[:_FIRST_RECORDS], f"({left_out} more, as the report has them)", *lines[-_LAST_RECORDS:]]
    return [*onset, *lines]


def _resources(view: IncidentView) -> list[str]:
    arns = dict.fromkeys(arn for step in view.steps for arn in step.resources)
    named = [tame(arn, _LONGEST_LINE) for arn in arns][:_MOST_RESOURCES]
    execution = [view.run.execution_arn] if view.run and view.run.execution_arn else []
    return [*named, *execution] or ["[The resources that do not answer.]"]


def _call(call: Call) -> str:
    answer = call.error or ("accepted" if call.answered else "no answer is recorded")
    return tame(f"{call.intended:%H:%M:%S} {call.name} in {call.region}: {answer}", _LONGEST_LINE)


def _asked(view: IncidentView) -> list[str]:
    failed = [
        f"- Why did this fail, and what makes it work? {tame(step.title, LONGEST_NAME)}: "
        f"{tame(step.reason, _LONGEST_LINE)}"
        for step in view.failed_steps
    ]
    where = view.primary or view.standby or "the region"
    return [*failed, f"- What is wrong in {where}, and when do you expect it to be mended?"]


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    return ["", title, *(f"- {line}" for line in lines)]


def _at(moment: datetime | None) -> str:
    return f"{moment:%H:%M} UTC" if moment else "[time]"
