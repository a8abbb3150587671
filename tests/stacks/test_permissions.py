"""What roles may do: nothing that is not described, no `*` that is not signed, no service without its source."""

from __future__ import annotations

import json

import pytest

from deployment import names as own
from deployment.observing import observing_regions
from deployment.permissions import roles_of
from deployment.resources import Function, StateMachine
from pilotlight import requirements
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.read_only import is_read
from pilotlight.domain.step import Access, Statement
from pilotlight.estate.databases.asking import function_name
from pilotlight.estate.traffic.latch import Latch
from pilotlight.steps import kind
from stacks.naming import logical_id
from stacks.policies import described
from stacks.wildcards import UnsignedWildcard, is_wildcard, signature, wildcards_of
from tests.conventions.test_kinds import PLACE, examples
from tests.private_fileflow import private_fileflow
from tests.stacks.described import deployments, names, plans, synthesized
from tests.stacks.policies_of import Permission, permissions, statements_about_services, statements_held

EVERY_DEPLOYMENT = pytest.mark.parametrize("deployment", names(deployments()))
EVERY_PLAN = pytest.mark.parametrize("plan", plans(), ids=lambda plan: plan.application)

OUR_OWN = (
    ("dynamodb", f"table/{own.LEDGER_TABLE}"),
    ("dynamodb", f"table/{own.CONTROL_TABLE}"),
    ("sns", own.ALERTS_TOPIC),
    ("sqs", own.LOST_EVENTS_QUEUE),
    ("events", f"event-bus/{own.BUS}"),
)
"""What Pilotlight may always write to: its own records, alerts, lost events and bus."""

WIRING_WRITES = ("logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments")
"""What every function writes about itself."""

INTERFACES = (
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "AssignPrivateIpAddresses",
    "UnassignPrivateIpAddresses",
)
"""With what Lambda puts a function into its subnets; the function's code is denied all of it (`stacks.wiring`)."""

CONTROLLERS_WILDCARDS = ("own log", "traces", "log delivery", "a changed sight")
"""The entries of the signed list that write, and are about the controller and not about an application."""


def is_our_own(plan: Plan, permission: Permission) -> bool:
    """Whether a write stays within the controller: its resources, its functions, its logs and traces."""
    for service, resource in OUR_OWN:
        if permission.resource == plan.place.arn(service, resource):
            return True
    for region in observing_regions(plan):
        if permission.resource == plan.place.arn("dynamodb", f"table/{own.SIGNALS_TABLE}", region=region):
            return True
        if permission.resource == plan.place.arn("dynamodb", f"table/{own.TOMBSTONES_TABLE}", region=region):
            return True
    guard = logical_id(own.guard_function(plan.application), "FunctionRole")
    copy = plan.place.arn("ssm", f"parameter{own.guard_copy(plan.application)}", region=plan.regions.primary)
    if (permission.role, permission.action, permission.resource) == (guard, "ssm:PutParameter", copy):
        return True
    functions = plan.place.arn("lambda", f"function:pilotlight-{plan.application}-")
    if permission.action == "lambda:InvokeFunction" and permission.resource.startswith(functions):
        return True
    latch = Latch(plan.place)
    if permission.role == logical_id(own.latch_function(plan.application), "FunctionRole"):
        shown = ("s3:PutObject", f"arn:aws:s3:::{latch.bucket}/{latch.key}"), ("cloudwatch:PutMetricData", "*")
        return (permission.action, permission.resource) in shown or permission.action in WIRING_WRITES
    queues = (
        f":pilotlight-{plan.application}-lost-signals",
        f":{own.LOST_LOOKS_QUEUE}",
        f":{own.lost_beats_queue(plan.regions.standby)}",
        f":{own.guard_function(plan.application)}-lost",
    )
    if permission.action == "sqs:SendMessage" and permission.resource.endswith(queues):
        return True
    return (
        is_wildcard(permission.resource)
        and signature(permission.action, permission.resource).name in CONTROLLERS_WILDCARDS
    )


def writes_on_the_application(plan: Plan, arming: Arming) -> set[Permission]:
    """What any deployed role may change outside of the controller."""
    synthesis = synthesized(f"{plan.application}-{arming.value}")
    held = {p for template in synthesis.templates.values() for p in permissions(template)}
    # What remembers how far tables are behind writes metrics of one namespace, at every level (`test_tables`).
    remembered = Permission(
        logical_id(own.latency_function(plan.application), "FunctionRole"), "cloudwatch:PutMetricData", "*"
    )
    asks_databases = logical_id(function_name(plan.place), "FunctionRole")
    stands = {p for p in held if p.role == asks_databases and p.action.removeprefix("ec2:") in INTERFACES}
    written = {p for p in held if not is_read(p.action.split(":")[1]) and not is_our_own(plan, p)}
    return written - {remembered} - stands


@EVERY_PLAN
def test_observe_is_a_fact_of_iam(plan):
    assert writes_on_the_application(plan, Arming.OBSERVE) == set()


@EVERY_PLAN
def test_manual_holds_the_writes_of_the_steps_and_no_other(plan):
    """Each kind of step in its own function; those that fence in the guard's as well. Who signs up in the primary is
    copied, where the plan asks for it, to the one pool of the standby."""
    expected = set()
    guard = logical_id(own.guard_function(plan.application), "FunctionRole")
    for step in plan.steps().values():
        its_kind = kind(step.kind)
        roles = [logical_id(own.step_function(plan.application, step.kind), "FunctionRole")]
        roles += [guard] if its_kind.fences else []
        for statement in its_kind.statements(its_kind.params.model_validate(step.params), plan.place):
            if statement.access is not Access.READ:
                pairs = [(a, r) for a in statement.actions for r in statement.resources]
                expected |= {Permission(role, *pair) for role in roles for pair in pairs}
        if step.params.get("copy_users_by"):
            copier = logical_id(own.sync_user_function(plan.application), "FunctionRole")
            pool = plan.place.arn("cognito-idp", f"userpool/{step.params['pool']}")
            copying = ("cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword")
            expected |= {Permission(copier, action, pool) for action in copying}

    assert writes_on_the_application(plan, Arming.MANUAL) == {p for p in expected if not is_our_own(plan, p)}
    assert expected, "a plan that writes nothing proves nothing"


@EVERY_PLAN
@pytest.mark.parametrize("arming", Arming)
def test_only_what_acts_by_itself_may_start_the_machine(plan, arming):
    synthesis = synthesized(f"{plan.application}-{arming.value}")

    starters = {
        (p.role, p.resource)
        for template in synthesis.templates.values()
        for p in permissions(template)
        if p.action.lower() in ("states:startexecution", "states:startsyncexecution", "states:redriveexecution")
    }

    detector = logical_id(own.detect_function(plan.application), "FunctionRole")
    acts_by_itself = arming in (Arming.STAGED, Arming.AUTOMATIC)
    assert starters == ({(detector, own.machine_arn(plan.place))} if acts_by_itself else set())


@EVERY_DEPLOYMENT
def test_a_role_holds_the_statements_of_its_description(deployment):
    synthesis = synthesized(deployment)

    for stack in synthesis.deployment.stacks:
        template = synthesis.templates[stack.name]
        for resource in stack.resources:
            if isinstance(resource, Function | StateMachine):
                role = logical_id(resource.name, f"{type(resource).__name__.removeprefix('State')}Role")
                assert statements_held(template, role, "described") == json.loads(
                    json.dumps(described(resource.statements))
                )


def test_the_wiring_of_a_function_adds_its_log_its_traces_and_its_lost_events():
    """The step function of the samples is called by no rule; the notifier is fed by a stream."""
    synthesis = synthesized("samples")
    foundation, application = (synthesis.templates[name] for name in ("sample-foundation", "sample-application"))

    plain = wiring(application, "SampleStepFunctionRole")
    called = wiring(application, "SampleDetectFunctionRole")
    fed = wiring(foundation, "SampleNotifyFunctionRole")

    assert plain == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    assert called - plain == {"sqs:SendMessage"}
    assert fed - called == {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    }


def test_a_function_in_a_vpc_lets_lambda_put_it_into_its_own_subnets_and_its_code_do_nothing():
    """Given a private plan, then the role of the function in the standby's VPC holds nothing but what Lambda needs."""
    synthesis = synthesized("private-automatic")
    (stack,) = synthesis.deployment.applications
    home = f"arn:aws:ec2:{stack.region}:{stack.account}"
    role = logical_id(own.inside_function("private"), "FunctionRole")

    (policy,) = synthesis.templates[stack.name]["Resources"][role]["Properties"]["Policies"]

    held = {s["Sid"]: s for s in policy["PolicyDocument"]["Statement"]}
    assert policy["PolicyName"] == "wiring"
    assert set(held) == {
        "OwnLog", "Traces", "NetworkInterface", "OwnNetworkInterfaces", "NetworkInterfaces", "NotByCode",
    }  # fmt: skip
    assert held["NetworkInterface"]["Resource"] == [
        f"{home}:subnet/subnet-0bbbbbbbbbbbbbbb1",
        f"{home}:subnet/subnet-0bbbbbbbbbbbbbbb2",
        f"{home}:security-group/sg-0bbbbbbbbbbbbbbb1",
        f"{home}:network-interface/*",
    ]
    assert held["OwnNetworkInterfaces"]["Resource"] == [f"{home}:network-interface/*"]
    allowed = {action for sid in held if "NetworkInterface" in sid for action in held[sid]["Action"]}
    denied = held["NotByCode"]
    function = f"arn:aws:lambda:{stack.region}:{stack.account}:function:{own.inside_function('private')}"
    assert (denied["Effect"], set(denied["Action"])) == ("Deny", allowed)
    assert denied["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": function}}


def test_only_those_who_look_may_have_a_function_in_a_vpc_ask():
    """Given a private plan, then the function in each VPC is called by the probe of its region, the detector, the
    opener and the step that checks the standby; the one inside the primary by its voice alone. The one probe of a
    region may call those of all applications there, and no other function."""
    plan = private_fileflow(asked_from_witness=True)
    asked = {f":{own.inside_function(name)}:{own.ALIAS}" for name in ("fileflow", "*")}
    callers: dict[str, set[str]] = {}
    for role in roles_of(plan.model_copy(update={"arming": Arming.AUTOMATIC})):
        for action, resource, _ in role.permissions():
            if action == "lambda:InvokeFunction" and resource[resource.index(":function:") + 9 :] in asked:
                callers.setdefault(resource.split(":")[3], set()).add(role.name)

    regions = plan.regions
    assert callers == {
        regions.primary: {own.voice_function("fileflow")},
        regions.witness: {own.PROBE_FUNCTION},
        regions.standby: {
            own.PROBE_FUNCTION,
            own.detect_function("fileflow"),
            own.open_function("fileflow"),
            own.step_function("fileflow", "check_http"),
        },
    }


def wiring(template, role):
    return {action for statement in statements_held(template, role, "wiring") for action in statement["Action"]}


@EVERY_DEPLOYMENT
def test_every_wildcard_is_signed_and_no_action_is_one(deployment):
    for template in synthesized(deployment).templates.values():
        for permission in permissions(template):
            assert not is_wildcard(permission.action)
            if is_wildcard(permission.resource):
                assert signature(permission.action, permission.resource).reason


@EVERY_PLAN
@pytest.mark.parametrize("arming", Arming)
def test_no_role_may_update_or_delete_a_record_of_the_ledger(plan, arming):
    synthesis = synthesized(f"{plan.application}-{arming.value}")
    ledger = plan.place.arn("dynamodb", f"table/{own.LEDGER_TABLE}")

    held = {p.action for t in synthesis.templates.values() for p in permissions(t) if p.resource == ledger}

    assert held == {"dynamodb:PutItem", "dynamodb:Query"}


@EVERY_PLAN
def test_a_heartbeat_may_write_its_own_pulse_alone_and_a_probe_what_it_saw(plan):
    synthesis = synthesized(f"{plan.application}-{Arming.OBSERVE.value}")
    primary, standby = plan.regions.primary, plan.regions.standby

    held = {}
    for stack in synthesis.deployment.observers:
        for name in synthesis.resources(stack, "AWS::IAM::Role"):
            for statement in statements_held(synthesis.templates[stack.name], name):
                if "dynamodb:PutItem" in statement["Action"]:
                    held[stack.region, name] = statement["Condition"]

    beats = logical_id(own.heartbeat_function(standby), "FunctionRole")
    probe = logical_id(own.PROBE_FUNCTION, "FunctionRole")
    own_items = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["probe#*"]}}
    assert held == {
        (primary, beats): {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [f"pulse#{primary}"]}},
        **{(region, probe): own_items for region in observing_regions(plan)},
    }


def test_a_write_on_everything_is_not_signed_for_a_step():
    with pytest.raises(UnsignedWildcard, match=r"would hold rds:PromoteReadReplica on \*, .* not on the signed list"):
        signature("rds:PromoteReadReplica", "*")


def test_a_read_of_data_is_signed_by_its_exact_action():
    signature("rds:DescribeDBInstances", "*")

    with pytest.raises(UnsignedWildcard):
        signature("secretsmanager:GetSecretValue", "*")
    with pytest.raises(UnsignedWildcard):
        signature("ssm:GetParameter", "arn:aws:ssm:ap-northeast-1:123456789012:parameter/*")


def test_a_statement_of_a_described_role_says_its_class():
    statements = described((Statement(Access.PASS_ROLE, ("iam:PassRole",), ("arn:aws:iam::123456789012:role/task",)),))

    assert statements[0]["Sid"] == "PassRole0"


@EVERY_DEPLOYMENT
def test_no_service_is_let_in_without_its_source(deployment):
    """Lambda names no source when it assumes an execution role, so the account alone can be asked for."""
    for template in synthesized(deployment).templates.values():
        for statement in statements_about_services(template):
            condition = statement["Condition"]
            assert condition["StringEquals"]["aws:SourceAccount"] == "123456789012"
            if statement["Principal"]["Service"] != "lambda.amazonaws.com":
                assert "aws:SourceArn" in condition["ArnLike"]
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Permission":
                said = set(resource["Properties"])
                # Slack's door is called by nobody in particular, over its URL alone: its door is the signature.
                over_its_url = bool({"FunctionUrlAuthType", "InvokedViaFunctionUrl"} & said)
                assert over_its_url or {"SourceAccount", "SourceArn"} <= said
                assert not over_its_url or resource["Properties"]["FunctionName"].endswith(("slack:live",))


@EVERY_DEPLOYMENT
def test_nobody_reaches_a_queue_or_a_topic_without_tls(deployment):
    for template in synthesized(deployment).templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
                (denied,) = [s for s in resource["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
                assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
                assert denied["Principal"] == {"AWS": "*"}


@EVERY_DEPLOYMENT
def test_every_rule_may_put_what_it_loses_into_its_queue(deployment):
    synthesis = synthesized(deployment)
    let_in = {}
    for template in synthesis.templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::SQS::QueuePolicy":
                for statement in statements_about_services(resource):
                    let_in[statement["Resource"]] = statement["Condition"]["ArnLike"]["aws:SourceArn"]

    rules = [
        (stack, rule)
        for stack in synthesis.deployment.stacks
        for rule in synthesis.resources(stack, "AWS::Events::Rule").values()
    ]
    assert rules
    for stack, rule in rules:
        said = rule["Properties"]
        bus = f"{said['EventBusName']}/" if "EventBusName" in said else ""
        arn = f"arn:aws:events:{stack.region}:{stack.account}:rule/{bus}{said['Name']}"
        (target,) = said["Targets"]
        assert arn.startswith(let_in[target["DeadLetterConfig"]["Arn"]].removesuffix("*"))


@pytest.mark.parametrize("name", requirements.kind_names())
def test_every_wildcard_of_a_requirement_is_signed(name: str) -> None:
    required = requirements.kind(name)
    for entry in examples(required):
        statements = required.statements(required.params.model_validate(entry["params"]), PLACE)

        for _, entry_of_list in wildcards_of(described(statements)):
            assert entry_of_list.reason
