"""What must stand before an incident: what each step kind says of its steps, and what the plan itself asks for.

What a renderer has no words for is a note: it stands already, or it is not made by code. Values that neither the plan
nor Pilotlight knows are variables, the same ones in each format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from textwrap import wrap
from urllib.parse import urlsplit

from pilotlight import requirements
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan
from pilotlight.domain.step import Standing
from pilotlight.domain.traffic import PrimaryCheck
from pilotlight.steps import kind_and_params

GLOBAL = "global"
"""Where a record stands: Route 53 has no regions."""

VARIABLES = {
    "replica_instance_class": "The class of the replica: no smaller than its source, or it falls behind.",
    "backups_kms_key_arn": "The key of the replicated backups, in the standby region, because the source is encrypted.",
    "replica_kms_key_arn": "The key of the replica, in the standby region, because the source is encrypted.",
    "standby_subnet_ids": "Subnets of the standby's VPC, in two zones at least.",
    "task_security_group_id": "The security group of the standby's tasks.",
    "task_definition_arn": "The task definition in the standby, whose image stands in the standby's registry.",
    "target_group_arn": "The target group of the standby's load balancer.",
    "container_name": "The container that the target group sends requests to.",
    "container_port": "Its port.",
    "launch_template_id": "The group's launch template in the standby: its image and its key pair stand there.",
    "target_group_arns": "The group's target groups in the standby, whose targets are instances.",
    "cluster_instance_class": "The class of its instances: no smaller than in the primary, or they are slower.",
    "cluster_engine": "The engine of the global database.",
    "cluster_engine_version": "The version of the primary's cluster, to the last digit: another one cannot take over.",
    "cluster_kms_key_arn": "The key of the cluster, in the standby region, because the source is encrypted.",
    "cluster_subnet_group": "The database subnet group of the standby.",
    "cluster_security_group_id": "The security group that lets the standby's tasks reach the cluster.",
    "event_source_arn": "The queue or the stream of the standby; a stream needs a starting position beside it.",
    "event_function": "The function of the standby that it feeds.",
    "event_pattern": "The rule's pattern, in JSON; a rule by time has a schedule expression in its place.",
    "event_target_arn": "What the rule starts in the standby, which has to let events.amazonaws.com start it.",
    "schedule_expression": "When it starts its target, as in the primary.",
    "schedule_target_arn": "What the schedule starts in the standby; its role may start it.",
    "function_role_arn": "The role of the function in the standby.",
    "function_handler": "The function's handler.",
    "function_runtime": "The function's runtime.",
    "function_package_bucket": "A bucket of the standby region that holds the function's package.",
    "function_package_key": "The package's key in it.",
    "step_role_arn": "The role of the function that swaps values in the cluster; the application's stack makes it.",
    "hosted_zone_id": "The hosted zone of the records.",
    "latch_health_check_id": "The latch's health check: an output of the application's stack.",
    "joined_health_check_id": "The health check that joins the latch with the primary's own; it is yours to make.",
    "primary_balancer_dns_name": "The name of the primary's load balancer.",
    "primary_balancer_zone_id": "The hosted zone of the primary's load balancer.",
    "standby_balancer_dns_name": "The name of the standby's load balancer.",
    "standby_balancer_zone_id": "The hosted zone of the standby's load balancer.",
}
"""What only the owner knows."""

GRACE_SECONDS = 300
"""How long a new instance of a group may take until it answers: the default of the AWS console."""
NUMBERS = frozenset({"container_port"})
OBJECTS = frozenset({"event_pattern"})
ANSWERS_WITHIN_SECONDS = 6
"""What a function of a plan may take for an answer (docs/steps.md, invoke_function)."""
LISTS = frozenset({"standby_subnet_ids", "target_group_arns"})
_OF = "__"
_MARK = re.compile(r"\{\{(\w+)\}\}")

Writers = Mapping[tuple[str, str], Callable[[Standing], str]]
"""How a format writes a need, by service and what."""


GIVEN_LATER = "# Lambda gives the UUID: put it into the plan once it is known."
"""What is said beside a mapping, in all formats."""


def written_by(writers: Writers, need: Standing, plan: Plan) -> str | None:
    """A need as a format writes it; None for what it has no words for, and what the primary has already."""
    write = writers.get((need.service, need.what))
    return write(need) if write and need.region != plan.regions.primary else None


def needs_of(plan: Plan) -> tuple[Standing, ...]:
    """Everything that a plan needs, each thing once."""
    found: dict[tuple[str, str, str, str], Standing] = {}
    for need in (*_of_steps(plan), *_of_requirements(plan), *_of_plan(plan)):
        found.setdefault((need.service, need.what, need.region, name_of(need)), need)
    replicas = {name_of(need) for need in found.values() if (need.service, need.what) == ("rds", "replica")}
    # What is promoted first and then changed is one and the same instance.
    again = [key for key, need in found.items() if key[:2] == ("rds", "instance") and name_of(need) in replicas]
    return tuple(need for key, need in found.items() if key not in again)


def _of_steps(plan: Plan) -> Iterator[Standing]:
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        yield from its_kind.prerequisites(params, plan.place)


def _of_requirements(plan: Plan) -> Iterator[Standing]:
    for requirement in plan.requirements:
        its_kind, params = requirements.kind_and_params(requirement)
        yield from its_kind.prerequisites(params, plan.place)


def _of_plan(plan: Plan) -> Iterator[Standing]:
    regions = plan.regions
    if plan.notifications.slack:
        why = "The notifier writes to Slack with it; its value is put in by hand, and stands in no code."
        yield Standing(
            "secretsmanager", "slack_token", regions.standby, {"name": plan.notifications.slack.token_secret}, why
        )
    yield from _private_ways(plan) if plan.network.private else _public_ways(plan)
    for alarm in plan.signals.alarms:
        why = "It may hasten or contradict, and completes nothing."
        yield Standing("cloudwatch", "alarm", regions.primary, {"name": alarm.name}, why)
    yield from _records(plan)


def _public_ways(plan: Plan) -> Iterator[Standing]:
    """How the primary is reached over the internet, and by whom."""
    regions, check, probe = plan.regions, plan.signals.health_check, plan.signals.probe
    host = probe.connect_to or urlsplit(probe.url).hostname or ""
    if check is None:
        return
    lookers = " and ".join(region for region in (regions.standby, regions.witness) if region)
    why = (
        f"The probes in {lookers} ask it from addresses of Lambda, and Route 53's checkers from theirs: its security "
        "group lets the port in from anywhere."
    )
    yield Standing("internet", "primary load balancer", regions.primary, {"host": host, "port": check.port}, why)
    if check.id:
        why = "It decides together with the probes; Pilotlight puts an alarm on it."
        yield Standing("route53", "health check", HEALTH_CHECK_REGION, {"id": check.id}, why)
    if check.alarm:
        why = "It is listened to in place of an alarm that Pilotlight would make; no data is no alarm."
        yield Standing("cloudwatch", "alarm", HEALTH_CHECK_REGION, {"name": check.alarm}, why)


def _private_ways(plan: Plan) -> Iterator[Standing]:
    """How a private primary is reached from each VPC where a function asks, and what it needs there."""
    primary, probe = plan.regions.primary, plan.signals.probe
    host, port = probe.connect_to or urlsplit(probe.url).hostname or "", urlsplit(probe.url).port
    asked = {"host": host, "port": port or (443 if probe.url.startswith("https:") else 80)}
    for role in ("primary", "standby", "witness"):
        region, foothold = getattr(plan.regions, role), plan.network.foothold(role)
        if region is None or foothold is None:
            continue
        groups, over = ", ".join(foothold.security_groups), "" if role == "primary" else " over peering"
        why = (
            f"A function in {region} asks it{over}: its security group lets the port in from there, where {groups} let "
            "it out."
        )
        yield Standing("internet", f"primary load balancer, from the {role}", primary, asked, why)
        way = "" if role == "primary" else f" Their routes lead to {primary} and back, by peering or transit gateway."
        why = (
            f"The function stands in them, so each has an address to spare.{way} It calls no AWS API and Lambda writes "
            "its log, so it needs no endpoint and no NAT there."
        )
        yield Standing("ec2", "subnets", region, {"name": ", ".join(foothold.subnets)}, why)


def _records(plan: Plan) -> Iterator[Standing]:
    for record in plan.traffic.records if plan.traffic else ():
        alone = record.primary_check is PrimaryCheck.LATCH
        looks = "the latch alone" if alone else "the latch joined with the primary's own health"
        why = (
            f"PRIMARY looks at {looks} and SECONDARY at nothing, and neither evaluates its target: so traffic moves "
            "when a run moves it, and does not come back by itself. It is made once and never edited in a run."
        )
        check = "{{latch_health_check_id}}" if alone else "{{joined_health_check_id}}"
        facts = {"name": record.name, "zone": record.zone or "{{hosted_zone_id}}", "check": check}
        yield Standing("route53", "record", GLOBAL, facts, why)


def name_of(need: Standing) -> str:
    """What a need is called: the fact that names it."""
    keys = ("identifier", "name", "service", "group", "id", "uuid", "host", "load_balancer")
    return next((str(need.facts[key]) for key in keys if need.facts.get(key)), need.what)


def label_of(need: Standing) -> str:
    """Its name in code: small letters, digits and underscores, beginning with a letter."""
    plain = re.sub(r"[^a-z0-9]+", "_", name_of(need).lower()).strip("_")
    return plain if plain[:1].isalpha() else f"the_{plain}"


def comment_of(need: Standing, *, is_note: bool) -> list[str]:
    """What it is for, as lines of a comment."""
    head = f"{need.service} {need.what.replace('_', ' ')} {name_of(need)} ({need.region})"
    said = f"{head}. {need.why}" if not is_note else f"Must stand, and is not made here: {head}. {need.why}"
    return [f"# {line}" for line in wrap(said, 98, break_long_words=False, break_on_hyphens=False)]


def own(need: Standing, variable: str) -> str:
    """The mark of a variable that each need of its kind has for itself: two groups have two launch templates."""
    return f"{{{{{variable}{_OF}{label_of(need)}}}}}"


def base_of(variable: str) -> str:
    """The variable as it is described, where a need has one for itself."""
    return variable.partition(_OF)[0]


def variables_in(text: str) -> tuple[str, ...]:
    """The variables that a text asks for, in the order in which they are described."""
    asked = dict.fromkeys(_MARK.findall(text))
    return tuple(name for base in VARIABLES for name in asked if base_of(name) == base)


def with_variables(text: str, write: Callable[[str], str]) -> str:
    """The text with each variable as the format writes it."""
    return _MARK.sub(lambda found: write(found.group(1)), text)


def unquoted(text: str) -> str:
    """The text without the quotes around variables, for formats in which a variable is no text."""
    return re.sub(r'"(\{\{\w+\}\})"', r"\1", text)
