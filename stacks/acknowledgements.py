"""What cdk-nag finds and is meant so: each finding by its exact id, on the one resource it is about, with the reason.

The ids of wildcards come from the signed list in stacks/wildcards.py, which refuses what is not on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from stacks.policies import Json
from stacks.rendering import RenderedStack, everything_below
from stacks.wildcards import wildcards_of

QUEUE_IS_A_DEAD_LETTER_QUEUE = (
    "This queue is where EventBridge and Lambda put what they lost; it has no consumer that could lose it again."
)

CHECKERS_ARE_THE_PUBLIC = (
    "The health checkers of Route 53 read the one object of this bucket without credentials; its policy names that "
    "object, and it holds one sentence: where the application's traffic is held."
)
NOTHING_TO_LOG = "Checkers all over the world read one public sentence each few seconds; who did, says nothing."


def acknowledge(stack: RenderedStack) -> None:
    """Acknowledge what is meant in a stack."""
    for resource in everything_below(stack):
        if isinstance(resource, iam.CfnRole):
            acknowledge_wildcards(resource, [policy.policy_document for policy in resource.policies or ()])
        if isinstance(resource, iam.CfnManagedPolicy):
            acknowledge_wildcards(resource, [resource.policy_document])
        if isinstance(resource, sqs.CfnQueue):
            _say(resource, {"AwsSolutions-SQS3": QUEUE_IS_A_DEAD_LETTER_QUEUE})
        if isinstance(resource, s3.CfnBucket):
            _say(resource, {"AwsSolutions-S1": NOTHING_TO_LOG, "AwsSolutions-S2": CHECKERS_ARE_THE_PUBLIC})


def acknowledge_wildcards(holder: cdk.CfnResource, documents: Iterable[Json]) -> None:
    """Acknowledge each wildcard of a role's, or of a policy's, documents with the reasons that were signed for it."""
    reasons: dict[str, list[str]] = {}
    for document in documents:
        for resource, entry in wildcards_of(document["Statement"]):
            reasons.setdefault(resource, [])
            if entry.reason not in reasons[resource]:
                reasons[resource].append(entry.reason)
    # cdk-nag does not see a `?`.
    seen = {f"AwsSolutions-IAM5[Resource::{name}]": " ".join(signed) for name, signed in reasons.items() if "*" in name}
    _say(holder, seen)


def _say(resource: cdk.CfnResource, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings, each with its reason, in one call: jsii takes a message to Node and back for each."""
    if reasons:
        said = (cdk.Acknowledgment(id=finding, reason=reason) for finding, reason in reasons.items())
        cdk.Validations.of(resource).acknowledge(*said)
