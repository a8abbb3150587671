"""A resource is acted on by one step, and every ARN is of the application's account; each mistake has its place."""

from __future__ import annotations

import re

import pytest

from planfile import parse
from planfile.faults import Fault, PlanFileRefused
from planfile.reading import parse_any
from tests.planfile.builders import changed, points_at, spot_of, the_fault_of
from tests.private_fileflow import FILEFLOW

_WHOLE = FILEFLOW.read_text()
TEXT = _WHOLE[: _WHOLE.index("# A drill does")] + _WHOLE[_WHOLE.index("stages:", _WHOLE.index("usd_at_most")) :]
"""Without its drill, which would ask for a stand-in of each further step."""
OF_ANOTHER = "210987654321"


def the_fault_in(text: str) -> Fault:
    """The one thing that is wrong with a text whose steps are of real kinds."""
    with pytest.raises(PlanFileRefused) as refusal:
        parse(text, "fileflow.yaml")
    (fault,) = refusal.value.faults
    return fault


def with_more(stage: str, entry: str) -> str:
    """FileFlow's plan with a lane more in a stage."""
    text, count = re.subn(rf"(?m)^  {stage}:\n", f"  {stage}:\n    more:\n      - {entry}\n", TEXT)
    assert count == 1
    return text


def test_two_steps_do_not_scale_one_service() -> None:
    text = with_more(
        "after",
        "{step: scale-more, kind: scale_ecs_service, params: {cluster: fileflow-dr-cluster, "
        "service: fileflow-dr-service, tasks: 8}}",
    )

    fault = the_fault_in(text)

    assert points_at(fault, text, "scale-more")
    assert fault.sentence == (
        "'scale-more' acts on fileflow-dr-cluster/fileflow-dr-service, and 'scale-service' in stage serve "
        "already does; make one step of the two."
    )


def test_two_steps_do_not_swap_one_parameter() -> None:
    text = with_more(
        "after",
        "{step: swap-again, kind: swap_configuration, params: {parameters: {/shared/rds/dr/endpoint: localhost}}}",
    )

    fault = the_fault_in(text)

    assert points_at(fault, text, "swap-again")
    assert "acts on shared/rds/dr/endpoint, and 'swap-endpoints' in stage serve already" in fault.sentence


def test_another_service_of_the_cluster_is_scaled_beside_it() -> None:
    text = with_more(
        "move",
        "{step: scale-worker, kind: scale_ecs_service, params: {cluster: fileflow-dr-cluster, service: worker, "
        "tasks: 1}}",
    )

    assert "scale-worker" in parse(text, "fileflow.yaml").steps()


def test_one_instance_is_not_both_promoted_and_restored() -> None:
    text = with_more(
        "prepare",
        "{step: restore, kind: restore_database, params: {instance: ryuqqq-shared-rds-replica, source: "
        "ryuqqq-shared-rds, automated_backups: {no_older_than: 30 min}, instance_class: db.t4g.medium, subnet_group: "
        "dr, security_groups: [sg-0d1e2f3a4b5c60718], parameter_group: dr16, backup_retention: 7 d}}",
    )

    fault = the_fault_in(text)

    assert points_at(fault, text, "promote\n        kind: promote_replica")
    assert fault.sentence == (
        "'promote' promotes ryuqqq-shared-rds-replica, and 'restore' in stage prepare restores it; keep the one that "
        "fits the instance."
    )


KEY = f"arn:aws:kms:ap-northeast-1:{OF_ANOTHER}:key/12345678-1234-1234-1234-123456789012"
TARGETS = f"arn:aws:elasticloadbalancing:ap-northeast-1:{OF_ANOTHER}:targetgroup/web/0123456789abcdef"


@pytest.mark.parametrize(
    ("old", "new", "arn"),
    [
        ("at_rest_encryption: true", f"kms_key: {KEY}", KEY),
        ("          tasks: 4\n", f"          tasks: 4\n          target_group: {TARGETS}\n", TARGETS),
    ],
)
def test_an_arn_of_another_account_is_refused_where_it_stands(old: str, new: str, arn: str) -> None:
    assert TEXT.count(old) == 1
    text = TEXT.replace(old, new)

    fault = the_fault_in(text)

    assert points_at(fault, text, arn)
    assert fault.sentence == (
        f"'{arn}' is of the account {OF_ANOTHER}, and the application's is 123456789012; name a resource of that "
        "account, for the controller reaches into no other."
    )


@pytest.mark.parametrize(
    ("old", "new", "again", "sentence"),
    [
        (
            "security_groups: [sg-0123456789abcdef1]",
            "security_groups: [sg-0123456789abcdef1,   sg-0123456789abcdef1]",
            "  sg-0123456789abcdef1]",
            "'sg-0123456789abcdef1' is in this list already; remove it, or name the one that was meant.",
        ),
        (
            "- resource: Logs",
            "- resource:   Cache (Redis)",
            "  Cache (Redis)",
            "'Cache (Redis)' has its objectives above already; make one entry of the two.",
        ),
    ],
)
def test_what_is_named_twice_is_refused_where_it_stands_again(old: str, new: str, again: str, sentence: str) -> None:
    text = TEXT.replace(old, new)

    fault = the_fault_in(text)

    line, column = spot_of(text, again)
    assert (fault.line, fault.column) == (line, column + 2)
    assert fault.sentence == sentence


def test_words_of_a_command_may_come_twice() -> None:
    task = "{step: tell, kind: run_task, params: {cluster: c, task_definition: t, container: c, command: [a, a], "
    rest = "subnets: [subnet-0123456789abcdef0], security_groups: [sg-0123456789abcdef0], roles: [r]}}"

    assert "tell" in parse(with_more("after", task + rest), "fileflow.yaml").steps()


def test_two_steps_do_not_scale_one_group_of_nodes() -> None:
    scale = "{{step: {0}, kind: scale_node_group, params: {{cluster: c, node_group: n, nodes: {1}, maximum: {1}}}}}"
    text = with_more("after", f"{scale.format('some', 2)}\n      - {scale.format('others', 3)}")

    fault = the_fault_in(text)

    assert points_at(fault, text, "others")
    assert fault.sentence.startswith("'others' acts on c/n, and 'some' in stage after already does;")


def test_a_run_book_names_nothing_twice_and_nothing_of_another_account() -> None:
    text = (FILEFLOW.parent / "triflow-staging-stop-task.yaml").read_text()
    given = f"environment: {{KEY: '{KEY}'}}, subnets: [subnet-0123456789abcdef0,  subnet-0123456789abcdef0]"
    text += (
        "      - {step: tell, kind: run_task, params: {cluster: c, task_definition: t, container: c, "
        f"{given}, security_groups: [sg-0123456789abcdef0], roles: [r]}}}}\n"
    )

    with pytest.raises(PlanFileRefused) as refusal:
        parse_any(text, "triflow-staging-stop-task.yaml")

    of_another, twice = sorted(refusal.value.faults, key=lambda fault: fault.column or 0)
    assert points_at(of_another, text, f"'{KEY}'")
    assert twice.sentence.startswith("'subnet-0123456789abcdef0' is in this list already")


def test_an_arn_of_the_account_is_accepted() -> None:
    text = TEXT.replace("at_rest_encryption: true", f"kms_key: {KEY.replace(OF_ANOTHER, '123456789012')}")

    assert "create-redis" in parse(text, "fileflow.yaml").steps()


def test_nothing_of_the_stage_after_is_asked_for_before_it() -> None:
    text = changed(
        ("takes: {step: promote, output: endpoint}", "takes: {step:  late, output: endpoint}"),
        ("  serve:\n", "  after:\n    lane:\n      - {step: late, kind: create, params: {resource: b}}\n  serve:\n"),
    )

    fault = the_fault_of(text)

    assert points_at(fault, text, "late, output")
    assert fault.sentence == (
        "'late' stands in stage after, which begins once the application is served, and 'scale' asks for its "
        "endpoint; put it into the stage that needs it, or an earlier one."
    )


def test_nothing_of_the_stage_after_is_awaited_before_it() -> None:
    text = changed(
        ("      - step: check\n", "      - await: late\n      - step: check\n"),
        ("  serve:\n", "  after:\n    lane:\n      - {start:  late, kind: create, params: {resource: b}}\n  serve:\n"),
    )

    fault = the_fault_of(text)

    assert points_at(fault, text, "late\n")
    assert fault.sentence == (
        "'late' stands in stage after, which begins once the application is served, and stage serve awaits it here; "
        "put it into the stage that needs it, or an earlier one."
    )
