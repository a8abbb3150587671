"""Lambda functions: role, log group, function, published version, the alias `live`, and how events reach it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets

from deployment.names import ALIAS
from deployment.resources import Function, Stack, StreamSource
from pilotlight.domain.canonical import canonical
from stacks.layers import ARCHITECTURE, CHECKOUT, PYTHON, dependency_layer, plan_layer
from stacks.naming import arn, function_log_group, logical_id, rule_arn
from stacks.policies import DENIED, DESCRIBED, WIRING, denied, described, inline, managed, shared_out, trust
from stacks.wiring import asynchronous, called_function, rules_calling, wiring_statements

LOG_RETENTION_DAYS = 90
"""As long as Step Functions keeps the history of an execution; the ledger has no end."""


class FunctionCode:
    """The one Lambda asset and the layers, made once for a stack that holds functions."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._plans: dict[str, lambda_.CfnLayerVersion] = {}
        self.asset = assets.Asset(
            stack, "CodeAsset", path=str(CHECKOUT / "lambdas"), exclude=["**/__pycache__", "**/*.pyc"]
        )
        self.dependencies = dependency_layer(stack)

    def layers(self, function: Function) -> list[lambda_.CfnLayerVersion]:
        """The dependencies, and the plan if the function follows one."""
        if function.plan is None:
            return [self.dependencies]
        if function.plan not in self._plans:
            self._plans[function.plan] = plan_layer(self._stack, function.plan)
        return [self.dependencies, self._plans[function.plan]]


def render_function(stack: cdk.Stack, code: FunctionCode, description: Stack, function: Function) -> lambda_.CfnAlias:
    """Everything of one function; gives the alias that others call."""
    log_group, role = _log_group(stack, function), _role(stack, description, function)
    plain = {
        "description": function.description,
        "runtime": f"python{PYTHON}",
        "architectures": [ARCHITECTURE],
        "handler": f"{function.handler}.handler",
        "timeout": int(function.timeout.total_seconds()),
        "memory_size": function.memory_megabytes,
        "tracing_config": {"mode": "Active"},
        "environment": {"variables": dict(function.environment)},
    }
    rendered = lambda_.CfnFunction(
        stack,
        logical_id(function.name, "Function"),
        function_name=function.name,
        code=lambda_.CfnFunction.CodeProperty(s3_bucket=code.asset.s3_bucket_name, s3_key=code.asset.s3_object_key),
        layers=[layer.ref for layer in code.layers(function)],
        role=role.attr_arn,
        reserved_concurrent_executions=function.reserved_concurrency,
        vpc_config=_in_vpc(function),
        **plain,
    )
    rendered.add_resource_dependency(log_group)
    stands_in = {"vpc": function.foothold.model_dump()} if function.foothold else {}
    frozen = {
        **plain,
        **stands_in,
        "code": code.asset.asset_hash,
        "layers": [layer.description for layer in code.layers(function)],
    }
    alias = _publish(stack, function, rendered, frozen)
    _take_events(stack, description, function, alias)
    if function.trigger_of:
        _let_pool_call(stack, description, function, alias)
    if function.public:
        _let_everybody_call(stack, description, function, alias)
    return alias


def _in_vpc(function: Function) -> lambda_.CfnFunction.VpcConfigProperty | None:
    """Where it stands in a VPC; none for one that stands in none."""
    foothold = function.foothold
    if foothold is None:
        return None
    return lambda_.CfnFunction.VpcConfigProperty(
        subnet_ids=list(foothold.subnets), security_group_ids=list(foothold.security_groups)
    )


def _log_group(stack: cdk.Stack, function: Function) -> logs.CfnLogGroup:
    """Made before the function writes, because the one that Lambda makes never ends."""
    return logs.CfnLogGroup(
        stack,
        logical_id(function.name, "FunctionLog"),
        log_group_name=function_log_group(function.name),
        retention_in_days=LOG_RETENTION_DAYS,
    )


def _role(stack: cdk.Stack, description: Stack, function: Function) -> iam.CfnRole:
    wiring, taken_away = wiring_statements(description, function), denied(function.denied)
    within, beyond = shared_out({WIRING: wiring, DENIED: taken_away, DESCRIBED: described(function.statements)})
    return iam.CfnRole(
        stack,
        logical_id(function.name, "FunctionRole"),
        description=f"What the function {function.name} may do.",
        assume_role_policy_document=trust(description, "lambda.amazonaws.com"),
        policies=[policy for name, statements in within.items() for policy in inline(name, statements)],
        managed_policy_arns=managed(stack, function.name, beyond) or None,
    )


def _publish(
    stack: cdk.Stack, function: Function, rendered: lambda_.CfnFunction, frozen: Mapping[str, Any]
) -> lambda_.CfnAlias:
    """Publish a version when what it freezes is new: CloudFormation does so when the logical id is."""
    digest = hashlib.sha256(canonical(frozen).encode()).hexdigest()[:10].upper()
    version = lambda_.CfnVersion(stack, logical_id(function.name, f"Version{digest}"), function_name=rendered.ref)
    # Retained, so that the alias can be put back to the version of before if a deployment turns out bad.
    version.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    return lambda_.CfnAlias(
        stack,
        logical_id(function.name, "Alias"),
        name=ALIAS,
        function_name=rendered.ref,
        function_version=version.attr_version,
    )


def _take_events(stack: cdk.Stack, description: Stack, function: Function, alias: lambda_.CfnAlias) -> None:
    called = asynchronous(description, function.name)
    if called is None:
        return
    configuration = lambda_.CfnEventInvokeConfig(
        stack,
        logical_id(function.name, "Events"),
        function_name=function.name,
        qualifier=ALIAS,
        maximum_event_age_in_seconds=int(called.maximum_age.total_seconds()),
        maximum_retry_attempts=called.retries,
        destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
            on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=called.queue_arn)
        ),
    )
    configuration.add_resource_dependency(alias)
    for rule, target in rules_calling(description):
        if called_function(target) != function.name:
            continue
        permission = lambda_.CfnPermission(
            stack,
            logical_id(rule.name, "Permission"),
            action="lambda:InvokeFunction",
            function_name=target.function_arn,
            principal="events.amazonaws.com",
            source_account=description.account,
            source_arn=rule_arn(description, rule.name, rule.bus),
        )
        permission.add_resource_dependency(alias)


def _let_pool_call(stack: cdk.Stack, description: Stack, function: Function, alias: lambda_.CfnAlias) -> None:
    permission = lambda_.CfnPermission(
        stack,
        logical_id(function.name, "TriggerPermission"),
        action="lambda:InvokeFunction",
        function_name=arn(description, "lambda", f"function:{function.name}:{ALIAS}"),
        principal="cognito-idp.amazonaws.com",
        source_account=description.account,
        source_arn=function.trigger_of,
    )
    permission.add_resource_dependency(alias)


def _let_everybody_call(stack: cdk.Stack, description: Stack, function: Function, alias: lambda_.CfnAlias) -> None:
    """A URL of the alias that asks for no credentials; the output says where it is.

    A caller over a URL needs two permissions, of which the second holds for such calls alone (AWS Lambda Developer
    Guide, "Control access to Lambda function URLs": since October 2025).
    """
    served = arn(description, "lambda", f"function:{function.name}:{ALIAS}")
    url = lambda_.CfnUrl(
        stack,
        logical_id(function.name, "Url"),
        auth_type="NONE",
        target_function_arn=arn(description, "lambda", f"function:{function.name}"),
        qualifier=ALIAS,
        invoke_mode="BUFFERED",
    )
    url.add_resource_dependency(alias)
    over_the_url = {
        "UrlPermission": {"action": "lambda:InvokeFunctionUrl", "function_url_auth_type": "NONE"},
        "UrlCallPermission": {"action": "lambda:InvokeFunction", "invoked_via_function_url": True},
    }
    for name, said in over_the_url.items():
        permission = lambda_.CfnPermission(
            stack, logical_id(function.name, name), function_name=served, principal="*", **said
        )
        permission.add_resource_dependency(alias)
    cdk.CfnOutput(
        stack,
        logical_id(function.name, "UrlOutput"),
        value=url.attr_function_url,
        description=f"Where {function.name} is called; put it into the manifest of the Slack app.",
    )


def render_stream_source(stack: cdk.Stack, description: Stack, source: StreamSource, table: cdk.CfnResource) -> None:
    """The table's stream, fed to the function's alias from its oldest record on, so that nothing is passed over."""
    mapping = lambda_.CfnEventSourceMapping(
        stack,
        logical_id(f"{source.table}-{source.function}", "Stream"),
        event_source_arn=cdk.Token.as_string(table.get_att("StreamArn")),
        function_name=arn(description, "lambda", f"function:{source.function}:{ALIAS}"),
        starting_position="TRIM_HORIZON",
        batch_size=source.batch,
        bisect_batch_on_function_error=True,
        # The function answers with the records it could not take, and only those come again.
        function_response_types=["ReportBatchItemFailures"],
        maximum_record_age_in_seconds=int(source.maximum_age.total_seconds()),
        maximum_retry_attempts=source.retries,
        destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
            on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=source.queue_arn)
        ),
    )
    alias = stack.node.try_find_child(logical_id(source.function, "Alias"))
    mapping.add_resource_dependency(alias)
