"""Where things rest: tables, queues, topics and buses."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm

from deployment.resources import Bus, Parameter, Queue, Stack, Table, Topic
from stacks.naming import arn, logical_id
from stacks.policies import Json, deny_without_tls, document, from_service

OUR_RULES = "rule/pilotlight*"
"""Rules named `pilotlight...` on the default bus, and all rules of a bus named so."""


def render_table(stack: cdk.Stack, table: Table) -> dynamodb.CfnTable:
    """A table that outlives its stack: deleting the stack, or a slip in it, loses no record."""
    keys = {"partition": "HASH", "sort": "RANGE"}
    rendered = dynamodb.CfnTable(
        stack,
        logical_id(table.name, "Table"),
        table_name=table.name,
        billing_mode="PAY_PER_REQUEST",
        attribute_definitions=[
            dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=name, attribute_type="S") for name in keys
        ],
        key_schema=[
            dynamodb.CfnTable.KeySchemaProperty(attribute_name=name, key_type=kind) for name, kind in keys.items()
        ],
        point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
            point_in_time_recovery_enabled=True
        ),
        sse_specification=dynamodb.CfnTable.SSESpecificationProperty(sse_enabled=True),
        deletion_protection_enabled=True,
        stream_specification=_new_images() if table.stream else None,
    )
    rendered.override_logical_id(logical_id(table.name, "Table"))
    rendered.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    return rendered


def _new_images() -> dynamodb.CfnTable.StreamSpecificationProperty:
    return dynamodb.CfnTable.StreamSpecificationProperty(stream_view_type="NEW_IMAGE")


def render_parameter(stack: cdk.Stack, parameter: Parameter) -> ssm.CfnParameter:
    """A parameter of plain text; it goes with its stack, and what reads it takes notice at its next look."""
    return ssm.CfnParameter(
        stack,
        logical_id(parameter.name, "Parameter"),
        name=parameter.name,
        description=parameter.description,
        type="String",
        value=parameter.value,
    )


def render_queue(stack: cdk.Stack, description: Stack, queue: Queue) -> sqs.CfnQueue:
    """A queue for what was lost, with a policy that lets in EventBridge for our rules and nobody without TLS.

    Lambda writes to it under the role of its function and needs no policy here.
    """
    rendered = sqs.CfnQueue(
        stack,
        logical_id(queue.name, "Queue"),
        queue_name=queue.name,
        message_retention_period=int(queue.retention.total_seconds()),
        sqs_managed_sse_enabled=True,
    )
    queue_arn = arn(description, "sqs", queue.name)
    ours = arn(description, "events", OUR_RULES)
    statements = [
        deny_without_tls(["sqs:*"], queue_arn),
        from_service(description, "LostByRules", "events.amazonaws.com", ["sqs:SendMessage"], queue_arn, ours),
    ]
    sqs.CfnQueuePolicy(
        stack, logical_id(queue.name, "QueuePolicy"), queues=[rendered.ref], policy_document=document(statements)
    )
    return rendered


def render_topic(stack: cdk.Stack, description: Stack, topic: Topic) -> sns.CfnTopic:
    """A topic under a key of its own: CloudWatch may not use AWS's own key for SNS, so its alarms would be mute."""
    key = kms.CfnKey(
        stack,
        logical_id(topic.name, "TopicKey"),
        description=f"Encrypts what rests in the topic {topic.name}.",
        enable_key_rotation=True,
        key_policy=_key_policy(description),
    )
    rendered = sns.CfnTopic(
        stack, logical_id(topic.name, "Topic"), topic_name=topic.name, kms_master_key_id=key.attr_arn
    )
    topic_arn = arn(description, "sns", topic.name)
    alarms = arn(description, "cloudwatch", "alarm:*")
    statements = [
        deny_without_tls(["sns:Publish"], topic_arn),
        from_service(description, "Alarms", "cloudwatch.amazonaws.com", ["sns:Publish"], topic_arn, alarms),
    ]
    sns.CfnTopicPolicy(
        stack, logical_id(topic.name, "TopicPolicy"), topics=[rendered.ref], policy_document=document(statements)
    )
    return rendered


def _key_policy(description: Stack) -> Json:
    """In a key's policy `*` is the key itself. Who may publish to the topic may use the key, through SNS alone."""
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    through_sns = {
        "kms:CallerAccount": description.account,
        "kms:ViaService": f"sns.{description.region}.amazonaws.com",
    }
    alarms = arn(description, "cloudwatch", "alarm:*")
    return document(
        [
            {
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{description.account}:root"},
                "Action": ["kms:*"],
                "Resource": "*",
            },
            {
                "Sid": "Publishers",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": use,
                "Resource": "*",
                "Condition": {"StringEquals": through_sns},
            },
            from_service(description, "Alarms", "cloudwatch.amazonaws.com", use, "*", alarms),
        ]
    )


def render_bus(stack: cdk.Stack, bus: Bus) -> events.CfnEventBus:
    """A bus; rules of this account's other regions reach it under a role, so it needs no policy of its own."""
    return events.CfnEventBus(stack, logical_id(bus.name, "Bus"), name=bus.name)
