"""The plans that discovery writes: each is sound, and differs from ours exactly where people decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import planfile
from discovery import draft
from pilotlight import requirements
from pilotlight.domain.plan import Plan
from pilotlight.steps import kind_and_params
from tests.discovery.worlds import found_in
from tests.ticketing import megaticket

ROOT = Path(__file__).parents[2]
MISSING = "nothing"
OF_ALL = {
    "description": "a sentence about the application",
    "notifications.slack.channel": "whose channel it is",
    "objectives.resources": "what was promised of each resource, of those that no step touches too",
}
"""What a person must decide of any application; below it what they must of each."""
FRONTS = "whether the standby's load balancer has to listen as the primary's does; the draft proposes it"
LETS_IN = "whom the network of the standby lets in"
FIELDS = "which of its fields must not name the primary; values of secrets are not read"
HEALTHY = "what a healthy answer says"
PROMISED = "what the business was promised"
CALLED = "what its people call the severities"
DRILLED = "how it is drilled, and what stands in for what"
SYSTEMS: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "fileflow": (
        "plans/fileflow.yaml",
        ("ryuqqq-shared-rds",),
        {
            **OF_ALL,
            "drill": DRILLED,
            "objectives.expected_rto": "what is expected of a run",
            "check_http https://fileflow.ryuqqq.com/actuator/health.expect_json.status": HEALTHY,
            "signals.probe.expect_body": HEALTHY,
            "create_cache.security_groups": LETS_IN,
            "secret_replicated fileflow-prod-db-credentials.fields": FIELDS,
            "requires: listener_parity fileflow-dr-alb": FRONTS,
            "requires: bucket_replicated ryuqqq-prod-logs": "whether the archive of all services' logs is its own",
            "requires: logs_streamed ryuqqq-dr-logs": "which logs have to be read in an incident",
            "requires: key_in_standby alias/ryuqqq-dr-rds": "which keys of others it depends on",
            "requires: key_in_standby alias/ryuqqq-dr-s3": "which keys of others it depends on",
            "requires: parameters_in_parity /shared/kms": "which parameters of others it depends on",
            "requires: parameters_in_parity /shared/network": "which parameters of others it depends on",
            "requires: parameters_in_parity /shared/rds/dr": "which parameters of others it depends on",
            "requires: peering_active pcx-0123456789abcdef0": "whether what joins the regions matters",
            "requires: quota_has_room L-3032A538": "how far it may have to grow",
            "requires: subnets_have_room": "how far it may have to grow",
        },
    ),
    "portforge": (
        "plans/portforge.yaml",
        ("team_chats_ddb", "chat_rooms_ddb"),
        {
            **OF_ALL,
            "drill": DRILLED,
            "objectives.rto": PROMISED,
            "after: convert_to_multi_az": "whether Tokyo gets a second zone, as the primary has one",
            "requires: listener_parity portforge-dr-alb": FRONTS,
            "requires: container_images": "which images its pods need; repositories bear no name of the application",
            "secret_replicated portforge/ai-service/rds.fields": FIELDS,
            "swap_config_map auth-config.secret": "which Secret of the cluster goes with it; nobody looks into Secrets",
            "swap_user_pool.copy_users_by": "whether those who sign up are copied to the other pool, and by what",
        },
    ),
    "megaticket": (
        "plans/megaticket.yaml",
        ("KDT-Msp4-PLDR",),
        {
            **OF_ALL,
            "drill": DRILLED,
            "objectives.expected_rto": "what is expected of a run",
            "objectives.rto": PROMISED,
            "objectives.rpo": PROMISED,
            "gates.max_data_loss": "how much may be lost without asking anybody",
            "scale_auto_scaling_group MegaTicket-DR-App-ASG.maximum": "how far Tokyo may grow; the draft says as Seoul",
            "scale_auto_scaling_group MegaTicket-DR-Web-ASG.maximum": "how far Tokyo may grow; the draft says as Seoul",
            "scale_auto_scaling_group MegaTicket-DR-App-ASG.user_data_marker": "how an instance knows where it is",
            "scale_auto_scaling_group MegaTicket-DR-Web-ASG.user_data_marker": "how an instance knows where it is",
            "serve: check_http https://pilotlight-test.click/": "whether pages are asked for beside the API",
            "requires: listener_parity MegaTicket-DR-App-ASG-alb": FRONTS,
            "requires: listener_parity MegaTicket-DR-Web-ASG-alb": FRONTS,
            "requires: model_access": "which models it asks",
        },
    ),
    "triflow": (
        "plans/triflow.yaml",
        (),
        {
            **OF_ALL,
            "drill": DRILLED,
            "notifications.severities.names.P1": CALLED,
            "notifications.severities.names.P2": CALLED,
            "notifications.severities.names.P3": CALLED,
            "notifications.severities.names.P4": CALLED,
            "notifications.drafts": "whether drafts for AWS and for customers stand in the thread",
            "signals.aws_health": "whether AWS Health is heard",
            "serve: check_database": "what the database itself is asked, and as whom",
            "notifications.updates": "how often its people want to hear",
            "notifications.escalation": "who is called when nobody takes it up",
            "create_cache.security_groups": LETS_IN,
            "restore_database.security_groups": LETS_IN,
            "serve: run_task": "that its schema is looked at and brought up to date by tasks of their own",
            "requires: listener_parity triflow-dr-alb": FRONTS,
            "requires: object_is_fresh triflow-ai-dr-state": "that whoever rebuilds Seoul needs its Terraform state",
        },
    ),
    # An Aurora global database, functions and what starts them.
    "orders": (
        "tests/workflow/orders.yaml",
        (),
        {
            "objectives.resources": OF_ALL["objectives.resources"],
            "objectives.rto": PROMISED,
            "objectives.rpo": PROMISED,
            "gates.max_data_loss": "how much may be lost without asking anybody",
            "notifications.slack": "whether anybody is told in Slack",
            "serve: invoke_function": "which function has to be called, and when",
            "prepare: scale_cache": "how small the standby's cache stands, and how large it has to be",
            "swap_configuration.parameters./orders/dr/redis/endpoint": "which parameter the application reads it from",
            "requires: listener_parity orders-dr-alb": FRONTS,
            "requires: certificate_issued orders-dr-alb": "whether a certificate is asked for; the draft proposes it",
        },
    ),
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_it_writes_is_sound_and_differs_exactly_where_a_person_must_decide(system: str) -> None:
    path, also, decided = SYSTEMS[system]
    ours = planfile.load(ROOT / path)

    theirs = planfile.parse(draft(found_in(ours, *also)), f"{system}.yaml")

    assert differences(ours, theirs).keys() == decided.keys()


def test_a_service_that_writes_to_tables_is_stopped_because_nothing_closes_a_table() -> None:
    theirs = planfile.parse(draft(found_in(megaticket(), "KDT-Msp4-PLDR")), "drafted.yaml")

    fenced = {step.kind for step in theirs.steps().values() if step.started_in == "fence"}
    assert fenced == {"fence_listener", "fence_ecs_service"}
    assert next(step.lane for step in theirs.steps().values() if step.kind == "take_over_tables") == "tables"


def differences(ours: Plan, theirs: Plan) -> dict[str, tuple[Any, Any]]:
    """Where two plans differ, with what each says: of what only one of them has, its own place alone."""
    one, other = dict(flat(ours)), dict(flat(theirs))
    found = {
        key: (one.get(key, MISSING), other.get(key, MISSING))
        for key in sorted(one.keys() | other.keys())
        if one.get(key, MISSING) != other.get(key, MISSING)
    }
    alone = {key.partition(": ")[2] or key for key in found if MISSING in found[key] or None in found[key]}
    return {key: said for key, said in found.items() if not any(key.startswith(f"{each}.") for each in alone)}


def flat(plan: Plan) -> Iterator[tuple[str, Any]]:
    """The fields of a plan by their places; its steps and requirements by what they are about, with their parameters.

    What a step or a requirement is called is a matter of taste; what a plan leaves out has the value that its kind
    gives it.
    """
    document = plan.model_dump(mode="json", by_alias=True)
    document.pop("stages")
    document.pop("requirements")
    yield from leaves("", document)
    steps = [(step.started_in.value, *kind_and_params(step)) for step in plan.steps().values()]
    required = [("requires", *requirements.kind_and_params(each)) for each in plan.requirements]
    for where, kind, params in (*steps, *required):
        named = about(kind.name, params)
        yield f"{where}: {named}", "there"
        yield from leaves(f"{named}.", params.model_dump(mode="json"))


def about(kind: str, params: Any) -> str:
    """A kind, with the name of what it is about where a plan may well have several of the kind."""
    names = ("url", "group", "config_map", "bucket", "secret", "key", "load_balancer", "standby", "connection", "quota")
    name = next((str(getattr(params, each)) for each in names if hasattr(params, each)), "")
    return f"{kind} {name}".strip()


def leaves(before: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and set(item) != {"step", "output"}:
            yield f"{before}{key}", "there"
            yield from leaves(f"{before}{key}.", item)
        elif isinstance(item, Mapping):
            yield f"{before}{key}", "a step's output"
        else:
            # Tables change hands in no order.
            yield f"{before}{key}", sorted(item) if key == "tables" else item
