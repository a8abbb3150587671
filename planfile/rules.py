"""What a plan must be beyond its schema: that it does not contradict itself.

Each rule is one function: it looks at a draft and yields a complaint for each place that breaks it. A rule
is not asked while a field that it reads has a fault of its own. The rules about steps stand in
`planfile.step_rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pilotlight.domain.durations import say_duration
from pilotlight.domain.plan import Arming
from planfile.draft import AnyDraft, Draft
from planfile.faults import Complaint, Where

LONGEST_SELF_RECOVERY = timedelta(seconds=180)
"""The longest that the primary region takes to heal itself: a Multi-AZ failover of the database, or the
replacement of tasks. Who moves sooner moves an application that was about to come back."""

CHECKER_INTERVALS = (timedelta(seconds=10), timedelta(seconds=30))
"""The two intervals of a Route 53 health checker (RequestInterval of CreateHealthCheck)."""

SHORTEST_SILENCE = timedelta(seconds=120)
"""Two beats of the heartbeat, which comes each minute."""

Check = Callable[[Any], Iterator[Complaint]]
"""It takes the draft of the kind of plan that it is a rule of: `Draft`, `RunbookDraft`, or `AnyDraft` for both."""


@dataclass(frozen=True)
class Rule:
    """A check, and the top-level fields of the plan that it reads."""

    check: Check
    reads: frozenset[str]


def reading(*fields: str) -> Callable[[Check], Rule]:
    """Make a rule of a check that reads these fields."""
    return lambda check: Rule(check, frozenset(fields))


def complaints_of(rules: tuple[Rule, ...], draft: AnyDraft) -> Iterator[Complaint]:
    """What the rules find, as far as what they read is sound."""
    for rule in rules:
        if not rule.reads & draft.unread:
            yield from rule.check(draft)


@reading("regions")
def standby_is_another_region(draft: Draft) -> Iterator[Complaint]:
    """What fails with the primary cannot take over from it."""
    regions = draft.plan.regions
    if regions.standby == regions.primary:
        sentence = f"The standby is {regions.standby}, which is the primary and goes dark with it; name another region."
        yield Complaint(("regions", "standby"), sentence)


@reading("regions")
def witness_is_a_third_region(draft: Draft) -> Iterator[Complaint]:
    """A witness that stands where another observer stands adds nothing to what that one sees."""
    regions = draft.plan.regions
    for role in ("primary", "standby"):
        if regions.witness is not None and regions.witness == getattr(regions, role):
            sentence = (
                f"The witness is {regions.witness}, which is the {role} and sees nothing that it does not "
                "see; name a third region."
            )
            yield Complaint(("regions", "witness"), sentence)
            return


@reading("objectives")
def resource_objectives_fit_the_overall_ones(draft: Draft) -> Iterator[Complaint]:
    """The application is not back before each of its resources is."""
    overall = draft.plan.objectives
    for index, resource in enumerate(overall.resources):
        where: Where = ("objectives", "resources", index)
        if resource.rto > overall.rto:
            said = (
                f"{resource.resource} may take {say_duration(resource.rto)}, and the application only "
                f"{say_duration(overall.rto)}"
            )
            yield Complaint((*where, "rto"), f"{said}; lower this one, or raise objectives.rto.")
        if resource.rpo is not None and resource.rpo > overall.rpo:
            said = (
                f"{resource.resource} may lose {say_duration(resource.rpo)}, and the application only "
                f"{say_duration(overall.rpo)}"
            )
            yield Complaint((*where, "rpo"), f"{said}; lower this one, or raise objectives.rpo.")


@reading("objectives")
def expected_recovery_is_a_span_within_the_objective(draft: Draft) -> Iterator[Complaint]:
    """Nobody promises what they do not expect to keep."""
    objectives = draft.plan.objectives
    if objectives.expected_rto is None:
        return
    shortest, longest = objectives.expected_rto
    where: Where = ("objectives", "expected_rto")
    if shortest > longest:
        sentence = (
            f"The expected recovery goes from {say_duration(shortest)} to {say_duration(longest)}; write "
            "the shorter time first."
        )
        yield Complaint(where, sentence)
    elif longest > objectives.rto:
        sentence = (
            f"A recovery of {say_duration(longest)} is expected, and the objective is "
            f"{say_duration(objectives.rto)}; promise no less than is expected."
        )
        yield Complaint((*where, 1), sentence)


@reading("objectives", "gates")
def accepted_data_loss_is_within_the_objective(draft: Draft) -> Iterator[Complaint]:
    """The gate would otherwise let pass what the objective forbids."""
    accepted, objective = draft.plan.gates.max_data_loss, draft.plan.objectives.rpo
    if accepted is not None and accepted > objective:
        said = (
            f"The gate would accept a loss of {say_duration(accepted)}, and the objective is {say_duration(objective)}"
        )
        yield Complaint(("gates", "max_data_loss"), f"{said}; lower it, or leave it out to use the objective.")


@reading("signals")
def checker_interval_exists(draft: Draft) -> Iterator[Complaint]:
    """Route 53 refuses any other interval when the health check is created."""
    check = draft.plan.signals.health_check
    if check and check.interval not in CHECKER_INTERVALS:
        sentence = (
            "A Route 53 health checker looks every 10 s or every 30 s, and never every "
            f"{say_duration(check.interval)}; choose one of the two."
        )
        yield Complaint(("signals", "health_check", "interval"), sentence)


@reading("signals")
def health_check_asks_the_primary_itself(draft: Draft) -> Iterator[Complaint]:
    """A health check of a name that moves turns green once the standby answers: the primary may be dark."""
    check, probe = draft.plan.signals.health_check, draft.plan.signals.probe
    if probe.connect_to and check and check.host == host_in(probe.url):
        sentence = (
            f"The health check asks {check.host}, a public name that leads to the standby after the "
            "failover; "
            f"name the primary's own load balancer."
        )
        yield Complaint(("signals", "health_check", "host"), sentence)


@reading("signals", "regions")
def probe_asks_the_primary_itself(draft: Draft) -> Iterator[Complaint]:
    """The probe does not go through DNS, and not to the standby's load balancer."""
    probe, regions = draft.plan.signals.probe, draft.plan.regions
    problem = indirect(
        probe.url, probe.connect_to, wrong_region=regions.standby, name_this="the primary's own load balancer"
    )
    if problem:
        written = "connect_to" if probe.connect_to and host_in(probe.url) else "url"
        yield Complaint(("signals", "probe", written), f"The probe {problem}")


def host_in(url: str) -> str:
    """The host that a URL names; empty where it names none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def indirect(url: str, connect_to: str | None, *, wrong_region: str, name_this: str) -> str | None:
    """Why a question does not reach the region it is meant for; None where it does.

    AWS's own names of load balancers hold the region: `<name>.<region>.elb.amazonaws.com`, or, for network
    load balancers, `<name>.elb.<region>.amazonaws.com` (User Guides of Elastic Load Balancing, "DNS name").
    """
    public = host_in(url)
    if not public:
        return f"asks '{url}', which names no host; write it like 'https://shop.example.com/health'."
    asked = connect_to or public
    if asked.endswith(".amazonaws.com"):
        if f".{wrong_region}." in asked:
            return f"asks {asked}, which is in {wrong_region}; put {name_this} there."
        return None
    if connect_to is None or connect_to == public:
        return f"asks {public} through DNS, and so whichever region that leads to; name {name_this} in connect_to."
    return None


@reading("decision")
def darkness_outlasts_self_recovery(draft: Draft) -> Iterator[Complaint]:
    """A primary that heals itself within minutes is not worth a promotion."""
    must_last = draft.plan.decision.must_last
    if must_last < LONGEST_SELF_RECOVERY:
        sentence = (
            f"A darkness of {say_duration(must_last)} would start a failover, and the primary may heal "
            "itself within "
            f"{say_duration(LONGEST_SELF_RECOVERY)} (Multi-AZ failover, replacement of tasks); wait at "
            "least that long."
        )
        yield Complaint(("decision", "must_last"), sentence)


@reading("decision")
def looking_ends_after_the_darkness_had_time_to_last(draft: Draft) -> Iterator[Complaint]:
    """Otherwise every start would end blocked."""
    decision = draft.plan.decision
    if decision.give_up_looking <= decision.must_last:
        said = (
            f"Looking is given up after {say_duration(decision.give_up_looking)}, before a darkness can "
            f"have lasted {say_duration(decision.must_last)}"
        )
        yield Complaint(("decision", "give_up_looking"), f"{said}; make it longer than must_last.")


@reading("decision", "signals", "objectives", "gates")
def spans_are_positive(draft: Draft) -> Iterator[Complaint]:
    """A span of no time would look without end, or accept nothing."""
    plan = draft.plan
    spans: dict[Where, timedelta] = {
        ("objectives", "rto"): plan.objectives.rto,
        ("decision", "look_every"): plan.decision.look_every,
        ("decision", "max_event_age"): plan.decision.max_event_age,
        ("signals", "probe", "timeout"): plan.signals.probe.timeout,
        ("gates", "approval_within"): plan.gates.approval_within,
    }
    for where, span in spans.items():
        if not span:
            yield Complaint(
                where,
                f"'{where[-1]}' is {say_duration(span)}, and nothing can be done in no time; make it longer.",
            )


@reading("arming", "other_writers")
def nobody_is_moved_unasked(draft: Draft) -> Iterator[Complaint]:
    """Whoever writes to the same database is moved too, and has to know how."""
    if draft.plan.arming is not Arming.AUTOMATIC:
        return
    for index, writer in enumerate(draft.plan.other_writers):
        if writer.plan is None:
            sentence = (
                f"{writer.name} writes to what this plan moves and has no plan of its own, so nothing may "
                "start by itself; name its plan, or arm 'staged'."
            )
            yield Complaint(("other_writers", index), sentence)


@reading("arming", "regions")
def nobody_starts_without_a_witness(draft: Draft) -> Iterator[Complaint]:
    """Two regions that no longer reach each other look alike from either side; a third one tells which is dark."""
    plan = draft.plan
    if plan.arming is Arming.AUTOMATIC and plan.regions.witness is None:
        sentence = (
            "Armed 'automatic' without a witness, a broken path between the two regions would look like a dark "
            "primary; name a third region in regions.witness, or arm 'staged'."
        )
        yield Complaint(("arming",), sentence)


@reading("signals")
def one_lost_beat_is_no_silence(draft: Draft) -> Iterator[Complaint]:
    """The heartbeat comes each minute, and may come late or be lost once."""
    silent_after = draft.plan.signals.heartbeat.silent_after
    if silent_after < SHORTEST_SILENCE:
        sentence = (
            f"The heartbeat comes each minute, so a silence of {say_duration(silent_after)} may be one that was lost; "
            f"wait at least {say_duration(SHORTEST_SILENCE)}."
        )
        yield Complaint(("signals", "heartbeat", "silent_after"), sentence)


PLAN_RULES = (
    standby_is_another_region,
    witness_is_a_third_region,
    resource_objectives_fit_the_overall_ones,
    expected_recovery_is_a_span_within_the_objective,
    accepted_data_loss_is_within_the_objective,
    checker_interval_exists,
    health_check_asks_the_primary_itself,
    probe_asks_the_primary_itself,
    darkness_outlasts_self_recovery,
    looking_ends_after_the_darkness_had_time_to_last,
    spans_are_positive,
    nobody_is_moved_unasked,
    nobody_starts_without_a_witness,
    one_lost_beat_is_no_silence,
)
