"""Functions, their roles and what feeds them, read back into the words of `deployment`."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from string import ascii_letters
from typing import Any

from deployment.names import ALIAS
from deployment.resources import Function, StreamSource
from pilotlight.domain.network import Foothold
from pilotlight.domain.step import Access, Statement
from stacks.policies import DENIED, DESCRIBED
from tests.stacks.properties import Region

PLAN_IN_LAYER = "pilotlight/plan.json"


def pages(client: Any, operation: str, items: str) -> Iterator[Mapping[str, Any]]:
    """Everything that a listing operation gives, page by page."""
    for page in client.get_paginator(operation).paginate():
        yield from page[items]


def functions(region: Region) -> Iterator[Function]:
    """The functions as their alias serves them: what is published, not what is being edited."""
    client = region.client("lambda")
    for listed in pages(client, "list_functions", "Functions"):
        name = listed["FunctionName"]
        served = client.get_function_configuration(FunctionName=name, Qualifier=ALIAS)
        assert served["Version"] != "$LATEST", f"The alias of {name} points at what was never published."
        assert served["TracingConfig"]["Mode"] == "Active", f"{name} is not traced"
        assert (served["Runtime"], served["Architectures"]) == ("python3.14", ["arm64"]), f"{name} runs elsewhere"
        reserved = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        module, _, callable_name = served["Handler"].rpartition(".")
        assert callable_name == "handler", f"{name} is called at {served['Handler']}"
        yield Function(
            name=name,
            description=served["Description"],
            handler=module,
            statements=statements_of_role(region, served["Role"]),
            denied=statements_of_role(region, served["Role"], DENIED),
            environment=served.get("Environment", {}).get("Variables", {}),
            timeout=timedelta(seconds=served["Timeout"]),
            memory_megabytes=served["MemorySize"],
            reserved_concurrency=reserved,
            plan=_plan(region, [layer["Arn"] for layer in served["Layers"]]),
            foothold=_foothold(served.get("VpcConfig") or {}),
            trigger_of=_pool_that_calls(client, name),
            public=_has_url(client, name),
        )


def _foothold(attached: Mapping[str, Any]) -> Foothold | None:
    """Where a function stands in a VPC."""
    if not attached.get("SubnetIds"):
        return None
    return Foothold(subnets=tuple(attached["SubnetIds"]), security_groups=tuple(attached["SecurityGroupIds"]))


def _pool_that_calls(client: Any, name: str) -> str | None:
    """The user pool that the policy of the alias lets in."""
    try:
        policy = json.loads(client.get_policy(FunctionName=name, Qualifier=ALIAS)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return None
    for statement in policy["Statement"]:
        if statement["Principal"] == {"Service": "cognito-idp.amazonaws.com"}:
            return str(statement["Condition"]["ArnLike"]["AWS:SourceArn"])
    return None


def _has_url(client: Any, name: str) -> bool:
    """Whether anybody may call the function over a URL of its alias."""
    try:
        url = client.get_function_url_config(FunctionName=name, Qualifier=ALIAS)
    except client.exceptions.ResourceNotFoundException:
        return False
    assert (url["AuthType"], url["InvokeMode"]) == ("NONE", "BUFFERED"), f"{name} is called in another way"
    return True


def _plan(region: Region, layers: list[str]) -> str | None:
    """The plan in the layers of a function, found by the hash of the packed layer among what was uploaded."""
    for arn in layers:
        layer_arn, _, number = arn.rpartition(":")
        version = region.client("lambda").get_layer_version(LayerName=layer_arn, VersionNumber=int(number))
        with zipfile.ZipFile(io.BytesIO(_uploaded(region)[version["Content"]["CodeSha256"]])) as layer:
            if PLAN_IN_LAYER in layer.namelist():
                return layer.read(PLAN_IN_LAYER).decode()
    return None


@cache
def _uploaded(region: Region) -> dict[str, bytes]:
    s3 = region.client("s3")
    uploaded = [
        s3.get_object(Bucket=bucket["Name"], Key=item["Key"])["Body"].read()
        for bucket in s3.list_buckets()["Buckets"]
        for item in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
    ]
    return {b64encode(hashlib.sha256(content).digest()).decode(): content for content in uploaded}


def statements_of_role(region: Region, role_arn: str, policy: str = DESCRIBED) -> tuple[Statement, ...]:
    """What `deployment` gave to a role, or denied it; what its wiring needs stands in a policy of its own."""
    iam, name = region.client("iam"), role_arn.rsplit("/", 1)[1]
    found: list[Mapping[str, Any]] = []
    if policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        found += iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]
    attached = iam.list_attached_role_policies(RoleName=name, PathPrefix=f"/pilotlight/{policy}/")
    for each in attached["AttachedPolicies"]:
        version = iam.get_policy_version(PolicyArn=each["PolicyArn"], VersionId="v1")["PolicyVersion"]
        found += version["Document"]["Statement"]
    found.sort(key=lambda statement: int(statement["Sid"].lstrip(ascii_letters)))
    return tuple(_statement(statement, "Deny" if policy == DENIED else "Allow") for statement in found)


def _statement(statement: Mapping[str, Any], effect: str) -> Statement:
    assert statement["Effect"] == effect, f"{statement['Sid']} is of another effect"
    word = statement["Sid"].rstrip("0123456789")
    access = next(access for access in Access if access.value.replace("-", "") == word.lower())
    return Statement(access, tuple(statement["Action"]), tuple(statement["Resource"]), statement.get("Condition", {}))


def stream_sources(region: Region) -> Iterator[StreamSource]:
    """The streams that feed functions, from their oldest record on."""
    for mapping in pages(region.client("lambda"), "list_event_source_mappings", "EventSourceMappings"):
        assert mapping["StartingPosition"] == "TRIM_HORIZON", f"{mapping['UUID']} passes records over"
        yield StreamSource(
            table=mapping["EventSourceArn"].split("/")[1],
            function=mapping["FunctionArn"].split(":function:")[1].split(":")[0],
            queue_arn=mapping["DestinationConfig"]["OnFailure"]["Destination"],
            batch=mapping["BatchSize"],
            maximum_age=timedelta(seconds=mapping["MaximumRecordAgeInSeconds"]),
            retries=mapping["MaximumRetryAttempts"],
        )
