"""How the CloudFormation types of Lambda come into being through boto3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from tests.stacks.properties import Created, Properties, Region


def layer(region: Region, properties: Properties) -> Created:
    """AWS::Lambda::LayerVersion."""
    made = region.client("lambda").publish_layer_version(
        **properties.take_if_there(
            "LayerName", "Description", "Content", "CompatibleRuntimes", "CompatibleArchitectures"
        )
    )
    return Created(made["LayerVersionArn"], {"LayerVersionArn": made["LayerVersionArn"]})


def function(region: Region, properties: Properties) -> Created:
    """AWS::Lambda::Function."""
    client = region.client("lambda")
    reserved = properties.take_if_there("ReservedConcurrentExecutions").get("ReservedConcurrentExecutions")
    made = client.create_function(
        **properties.take_if_there("FunctionName", "Description", "Runtime", "Architectures", "Handler", "Code"),
        **properties.take_if_there("Layers", "Role", "Environment", "Timeout", "MemorySize", "TracingConfig"),
        **properties.take_if_there("VpcConfig"),
    )
    if reserved is not None:
        client.put_function_concurrency(FunctionName=made["FunctionName"], ReservedConcurrentExecutions=reserved)
    return Created(made["FunctionName"], {"Arn": made["FunctionArn"]})


def version(region: Region, properties: Properties) -> Created:
    """AWS::Lambda::Version."""
    made = region.client("lambda").publish_version(FunctionName=properties.take("FunctionName"))
    return Created(f"{made['FunctionArn']}", {"Version": made["Version"]})


def alias(region: Region, properties: Properties) -> Created:
    """AWS::Lambda::Alias."""
    made = region.client("lambda").create_alias(**properties.take_if_there("FunctionName", "Name", "FunctionVersion"))
    return Created(made["AliasArn"], {"AliasArn": made["AliasArn"]})


def event_invoke_config(region: Region, properties: Properties) -> Created:
    """AWS::Lambda::EventInvokeConfig."""
    plain = properties.take_if_there(
        "FunctionName", "Qualifier", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig"
    )
    region.client("lambda").put_function_event_invoke_config(**plain)
    return Created(f"{plain['FunctionName']}:{plain['Qualifier']}")


def permission(region: Region, properties: Properties) -> Created:
    """AWS::Lambda::Permission: one statement in the policy of an alias, of which the API takes name and alias apart."""
    arn, _, qualifier = properties.take("FunctionName").rpartition(":")
    plain = properties.take_if_there("Action", "Principal", "SourceAccount", "SourceArn")
    over_url = properties.take_if_there("FunctionUrlAuthType", "InvokedViaFunctionUrl")
    if over_url:
        # moto keeps no such statement apart by its conditions, so the URL's own configuration is what is read back.
        assert plain["Principal"] == "*", f"{arn} lets in somebody in particular over its URL"
        return Created(f"{plain['Action']} over the URL")
    name = hashlib.sha256(plain["SourceArn"].encode()).hexdigest()[:16]
    region.client("lambda").add_permission(FunctionName=arn, Qualifier=qualifier, StatementId=name, **plain)
    return Created(name)


def url(region: Region, properties: Properties) -> Created:
    """AWS::Lambda::Url."""
    name = properties.take("TargetFunctionArn").rsplit(":", 1)[1]
    plain = properties.take_if_there("Qualifier", "AuthType", "InvokeMode")
    made = region.client("lambda").create_function_url_config(FunctionName=name, **plain)
    return Created(made["FunctionUrl"], {"FunctionUrl": made["FunctionUrl"]})


def event_source_mapping(region: Region, properties: Properties) -> Created:
    """AWS::Lambda::EventSourceMapping."""
    made = region.client("lambda").create_event_source_mapping(
        **properties.take_if_there("EventSourceArn", "FunctionName", "StartingPosition", "BatchSize"),
        **properties.take_if_there("BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts"),
        **properties.take_if_there("DestinationConfig", "FunctionResponseTypes", "FilterCriteria"),
    )
    return Created(made["UUID"])


FUNCTION_CREATORS: Mapping[str, Callable[[Region, Properties], Created]] = {
    "AWS::Lambda::Alias": alias,
    "AWS::Lambda::EventInvokeConfig": event_invoke_config,
    "AWS::Lambda::EventSourceMapping": event_source_mapping,
    "AWS::Lambda::Function": function,
    "AWS::Lambda::LayerVersion": layer,
    "AWS::Lambda::Permission": permission,
    "AWS::Lambda::Url": url,
    "AWS::Lambda::Version": version,
}
