"""`./pilotlight prerequisites`: one description in three formats, each of which its own tool would read."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import botocore.session
import pytest

from cli.options import PrerequisitesForm
from cli.prerequisites import cdk, commands, terraform
from cli.prerequisites.needs import needs_of
from cli.requiring import prerequisites, written
from pilotlight.domain.plan import Plan
from planfile import load
from tests.builders import STANDBY, a_plan
from tests.cli.test_rehearse import FILEFLOW, ROOT, pilotlight
from tests.conventions.test_kinds import ALL as KINDS
from tests.conventions.test_kinds import PLACE, examples
from tests.private_fileflow import private_fileflow

FORMATS = pytest.mark.parametrize("wanted", PrerequisitesForm)
CACHE = {
    "start": "create-cache",
    "kind": "create_cache",
    "params": {
        "replication_group": "shop-cache",
        "node_type": "cache.r6g.large",
        "engine": "redis",
        "engine_version": "7.1",
        "nodes": 2,
        "subnet_group": "shop-cache",
        "parameter_group": "shop-redis",
        "security_groups": ["sg-0d1e2f3a4b5c60718"],
    },
}
URL_PARAMETER = {
    "value": {"step": "create-cache", "output": "endpoint"},
    "type": "SecureString",
    "key": "alias/aws/ssm",
}
SETTINGS = {
    "step": "swap",
    "kind": "swap_configuration",
    "params": {"parameters": {"/shop/url": URL_PARAMETER}},
}
WEB, APP = (
    {
        "step": f"scale-{name}",
        "kind": "scale_auto_scaling_group",
        "params": {"group": f"shop-dr-{name}", "minimum": 2, "maximum": 3, "desired": 2},
    }
    for name in ("web", "app")
)
STOP = {"step": "stop-web", "kind": "fence_auto_scaling_group", "params": {"group": "shop-web"}}
FULL = a_plan(
    stages={
        "prepare": {"cache": [CACHE]},
        "fence": {"web": [STOP]},
        "move": {"cache": [{"await": "create-cache"}]},
        "serve": {"application": [SETTINGS, WEB, APP]},
    }
)
"""What FileFlow's plan does not ask for: a parameter group of its own, a secret parameter, two scaling groups."""

TRIFLOW = load(ROOT / "plans" / "triflow.yaml")
"""A region without a replica: backups, snapshots, groups, and a task that is run once."""

PRIVATE = private_fileflow(asked_from_witness=True)
PORTFORGE = load(ROOT / "plans" / "portforge.yaml")
ORDERS = load(ROOT / "tests" / "workflow" / "orders.yaml")
"""An Aurora global database, a function that is called, and what starts others by itself."""
QUEUES = {
    "step": "switch-on",
    "kind": "switch_event_sources",
    "params": {"rules": ["shop-nightly"], "schedules": [{"name": "shop-mail", "group": "shop", "role": "shop-mail"}]},
}
RULES = a_plan(stages={"serve": {"application": [QUEUES]}})

PLANS = {
    "fileflow": load(ROOT / FILEFLOW),
    "another": FULL,
    "private": PRIVATE,
    "triflow": TRIFLOW,
    "portforge": PORTFORGE,
    "orders": ORDERS,
    "rules": RULES,
}
EVERY_PLAN = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


@FORMATS
@pytest.mark.parametrize(
    "named",
    [
        "ryuqqq-shared-rds-replica",
        "fileflow-dr-service",
        "fileflow-dr-cache",
        "sg-0123456789abcdef0",
        "/shared/rds/dr/endpoint",
        "pilotlight/slack-bot-token",
        "fileflow.ryuqqq.com",
        "fileflow-prod-alb-123456.ap-northeast-2.elb.amazonaws.com",
    ],
)
def test_every_format_names_everything(wanted: PrerequisitesForm, named: str) -> None:
    assert named in written(PLANS["fileflow"], wanted)


@FORMATS
def test_the_signing_secret_is_named_where_people_are_heard_in_slack(wanted: PrerequisitesForm) -> None:
    plan = PLANS["fileflow"]
    slack = plan.notifications.slack
    assert slack is not None
    heard = plan.notifications.model_copy(update={"slack": slack.model_copy(update={"team": "T0123456789"})})

    assert "pilotlight/slack-signing-secret" not in written(plan, wanted)
    assert "pilotlight/slack-signing-secret" in written(plan.model_copy(update={"notifications": heard}), wanted)


@FORMATS
def test_two_groups_have_a_launch_template_each_and_are_made_empty(wanted: PrerequisitesForm) -> None:
    text = written(FULL, wanted)

    for label in ("shop_dr_web", "shop_dr_app"):
        assert re.search(f"launch_template_id__{label}", text, re.IGNORECASE)
    assert re.search(r"min[-_]size *=? *\"?0", text)
    assert "Must stand, and is not made here: autoscaling serving group shop-web" in text.replace("\n# ", " ")


@FORMATS
@pytest.mark.parametrize(
    "named",
    ["orders-global", "orders-tokyo-1", "orders-dr-warm-search", "role/orders-dr-scheduler", "orders-invoices", "live"],
)
def test_a_global_database_functions_and_what_starts_them_are_made(wanted: PrerequisitesForm, named: str) -> None:
    assert named in _code(written(ORDERS, wanted))


@FORMATS
def test_what_starts_functions_is_made_switched_off_and_never_in_the_primary(wanted: PrerequisitesForm) -> None:
    text = written(ORDERS, wanted)

    assert "Must stand, and is not made here: scheduler schedule orders-invoices (ap-northeast-2)" in text
    assert not re.search("1a2b3c4d", _code(text))
    assert re.search(r'state(\s*=\s*"| )DISABLED', _code(text))
    assert re.search(r"enabled *= *[fF]alse|--no-enabled", _code(text))
    assert "Lambda gives the UUID: put it into the plan once it is known." in text
    assert "shop-nightly" in _code(written(RULES, wanted))


def _code(text: str) -> str:
    """A text without its comments."""
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith("#"))


@FORMATS
def test_every_thing_has_its_reason(wanted: PrerequisitesForm) -> None:
    plan = PLANS["fileflow"]
    comments = re.findall(r"^\s*# (.*)$", written(plan, wanted), re.MULTILINE)
    said = " ".join(comments)

    for need in needs_of(plan):
        assert need.why
        assert need.why in said


def test_the_formats_have_words_for_the_same_things() -> None:
    assert set(terraform.WRITERS) == set(cdk.WRITERS) == set(commands.WRITERS)


def test_a_private_application_needs_a_way_to_it_from_each_vpc_and_no_checkers() -> None:
    needs = needs_of(PLANS["private"])
    ways = [need for need in needs if need.what.startswith("primary load balancer, from the")]
    subnets = {need.region: need for need in needs if (need.service, need.what) == ("ec2", "subnets")}

    assert [need.what.rsplit(" ", 1)[1] for need in ways] == ["primary", "standby", "witness"]
    assert "its security group lets the port in from there, where sg-0bbbbbbbbbbbbbbb1 let it out" in ways[1].why
    assert "subnet-0bbbbbbbbbbbbbbb1" in subnets[STANDBY].facts["name"]
    assert "Their routes lead to ap-northeast-2 and back" in subnets[STANDBY].why
    assert "no endpoint and no NAT" in subnets[STANDBY].why
    assert not [need for need in needs if "Route 53's checkers" in need.why]


@pytest.mark.parametrize("path", KINDS)
def test_every_kind_says_why_it_needs_what_it_needs(path: str) -> None:
    its_kind = KINDS[path]

    for entry in examples(its_kind):
        for need in its_kind.prerequisites(its_kind.params.model_validate(entry["params"]), PLACE):
            assert need.why.endswith("."), need


def test_one_instance_that_two_steps_work_on_is_asked_for_once() -> None:
    instances = [need for need in needs_of(PLANS["fileflow"]) if (need.service, need.region) == ("rds", STANDBY)]

    assert [(need.what, need.facts["identifier"]) for need in instances] == [("replica", "ryuqqq-shared-rds-replica")]


@FORMATS
def test_what_a_cluster_lets_in_is_named(wanted: PrerequisitesForm) -> None:
    text = written(PORTFORGE, wanted)

    for named in ("pilotlight-portforge", "pilotlight-portforge-auth-config", "portforge-dr-cluster"):
        assert named in text


class TestTerraform:
    @EVERY_PLAN
    def test_brackets_and_quotes_close(self, plan: Plan) -> None:
        text = terraform.terraform(plan)
        bare = re.sub(r'"(?:[^"\\]|\\.)*"|#[^\n]*', "", text)

        assert '"' not in bare
        depth: list[str] = []
        for sign in re.findall(r"[{}\[\]()]", bare):
            if sign in "{[(":
                depth.append(sign)
            else:
                assert depth.pop() + sign in ("{}", "[]", "()")
        assert depth == []

    @EVERY_PLAN
    def test_every_line_is_a_block_an_argument_or_an_end(self, plan: Plan) -> None:
        shapes = (r"(#.*)?", r'\w+( "[^"]+")* \{', r"\w+ += \S.*", r"\}")
        for line in terraform.terraform(plan).splitlines():
            assert any(re.fullmatch(shape, line.strip()) for shape in shapes), line

    @EVERY_PLAN
    def test_every_variable_and_no_other_is_declared(self, plan: Plan) -> None:
        text = terraform.terraform(plan)

        assert set(re.findall(r"var\.(\w+)", text)) == set(re.findall(r'variable "(\w+)"', text))
        assert "{{" not in text

    @EVERY_PLAN
    def test_no_two_resources_share_an_address(self, plan: Plan) -> None:
        found = re.findall(r'resource "(\w+)" "(\w+)"', terraform.terraform(plan))

        assert len(found) == len(set(found)) > 2

    def test_what_a_run_changes_is_not_changed_back(self) -> None:
        text = terraform.terraform(PLANS["fileflow"])

        assert "ignore_changes = [desired_count]" in text
        assert "ignore_changes = [min_capacity, max_capacity]" in text
        assert "ignore_changes = [replicate_source_db, multi_az, backup_window]" in text
        assert text.count("ignore_changes = [value]") == 2

    def test_the_replica_has_backups_and_is_protected(self) -> None:
        text = terraform.terraform(PLANS["fileflow"])

        assert re.search(r"backup_retention_period += 7\n", text)
        assert re.search(r"deletion_protection += true\n", text)

    def test_the_group_of_a_cluster_may_change_the_named_objects_and_nothing_else(self) -> None:
        text = terraform.terraform(PORTFORGE)

        assert re.search(r"principal_arn += var\.step_role_arn", text)
        assert re.findall(r"resource_names += (.*)", text) == [
            '["database-config"]',
            '["team-service", "project-service", "ai-service", "support-service"]',
            '["auth-config"]',
            '["auth-secret"]',
            '["auth-service"]',
        ]
        writes, pods = '["get", "patch"]', '["list"]'
        assert re.findall(r"verbs += (.*)", text) == [writes, writes, pods, writes, writes, writes, pods]


class TestCdk:
    @EVERY_PLAN
    def test_it_is_python(self, plan: Plan) -> None:
        tree = ast.parse(cdk.cdk(plan))

        assert any(isinstance(node, ast.ClassDef) for node in tree.body)

    @EVERY_PLAN
    def test_every_name_is_imported_or_set(self, plan: Plan) -> None:
        tree = ast.parse(cdk.cdk(plan))
        known = {"self", "super", "str", "scope", "construct_id", "env"}
        for node in ast.walk(tree):
            if isinstance(node, ast.alias):
                known.add(node.asname or node.name)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known.add(node.id)

        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        assert used - known == set()

    def test_a_secret_parameter_is_left_to_the_command_line(self) -> None:
        assert "CloudFormation makes no SecureString" in cdk.cdk(FULL)
        assert "--type SecureString" in commands.commands(FULL)


@cache
def model_of(service: str, operation: str) -> frozenset[str]:
    """The options that an operation takes, as the command line spells its parameters."""
    model = botocore.session.get_session().get_service_model(service)
    names = {botocore.xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    assert shape is not None
    return frozenset(botocore.xform_name(member, "-") for member in shape.members)


def bash(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Let bash read a script; no command of it can be found."""
    nothing = {"PATH": "/nowhere"}
    return subprocess.run(["/bin/bash", *options], input=text, text=True, capture_output=True, check=False, env=nothing)


class TestCommands:
    @EVERY_PLAN
    def test_bash_reads_it(self, plan: Plan) -> None:
        done = bash(commands.commands(plan), "-n")

        assert done.returncode == 0, done.stderr

    @EVERY_PLAN
    def test_every_command_is_an_operation_with_parameters_that_exist(self, plan: Plan) -> None:
        found = self._commands(commands.commands(plan))

        assert len(found) > 2
        for words in found:
            _, service, operation, *rest = words
            options = {re.sub("^--(no-)?", "", word) for word in rest if word.startswith("--")} - {"region"}
            if operation == "wait":
                assert (service, rest[0]) == ("rds", "db-instance-available")
                continue
            assert options <= model_of(service, operation), (service, operation)

    def test_the_role_of_a_cluster_is_an_object_of_kubernetes(self) -> None:
        text = commands.commands(PORTFORGE)
        _, of_identity = re.findall(r"kubectl apply -f - <<'END'\n(.*?)\nEND", text, re.DOTALL)

        role, binding = json.loads(of_identity)["items"]
        assert (role["kind"], binding["kind"]) == ("Role", "RoleBinding")
        assert role["metadata"]["namespace"] == "portforge"
        assert binding["subjects"][0]["name"] == "pilotlight-portforge"
        assert binding["roleRef"]["name"] == role["metadata"]["name"]

    @EVERY_PLAN
    def test_every_variable_is_asked_for_before_it_is_used(self, plan: Plan) -> None:
        text = commands.commands(plan)

        used = set(re.findall(r"\$\{(\w+)\}", text))
        assert used == set(re.findall(r'^: "\$\{(\w+):\?', text, re.MULTILINE))

    def test_it_stops_where_a_value_is_missing(self) -> None:
        text = commands.commands(PLANS["fileflow"])

        done = bash(text)

        assert done.returncode != 0
        assert "The class of the replica" in done.stderr

    @staticmethod
    def _commands(text: str) -> list[list[str]]:
        joined = text.replace("\\\n", " ")
        return [shlex.split(line) for line in joined.splitlines() if line.startswith("aws ")]


def test_the_command_prints_and_asks_for_a_format(tmp_path: Path) -> None:
    printed = pilotlight("prerequisites", FILEFLOW, "--format", "terraform")
    unasked = pilotlight("prerequisites", FILEFLOW)

    assert (printed.returncode, unasked.returncode) == (0, 2)
    assert printed.stdout == written(PLANS["fileflow"], PrerequisitesForm.TERRAFORM)


def test_a_wrong_plan_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prerequisites(tmp_path / "nowhere.yaml", PrerequisitesForm.CLI) == 2
    assert capsys.readouterr().out == ""


def test_a_need_that_no_format_has_words_for_is_a_note() -> None:
    noted = [need for need in needs_of(PLANS["fileflow"]) if (need.service, need.what) not in terraform.WRITERS]

    text = terraform.terraform(PLANS["fileflow"])
    assert text.count("# Must stand, and is not made here: ") == len(noted) > 2
