"""What Route 53 looks at because of a latch: the public object, and the health checks over it and over the metric."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3

from deployment.resources import CalculatedHealthCheck, MetricHealthCheck, PublicObject
from stacks.naming import logical_id
from stacks.policies import deny_without_tls, document
from stacks.wiring import WiringMistake


def render_public_object(stack: cdk.Stack, described: PublicObject) -> s3.CfnBucket:
    """A bucket that outlives its stack, and a policy that lets the public read the one object.

    Access lists stay blocked, and so does all else: a policy is the only way in, and it names the object. It is
    encrypted under S3's own key, because nobody may read without credentials what another key encrypts.
    """
    bucket = s3.CfnBucket(
        stack,
        logical_id(described.name, "Bucket"),
        bucket_name=described.name,
        bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[
                s3.CfnBucket.ServerSideEncryptionRuleProperty(
                    server_side_encryption_by_default=s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
                        sse_algorithm="AES256"
                    )
                )
            ]
        ),
        ownership_controls=s3.CfnBucket.OwnershipControlsProperty(
            rules=[s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")]
        ),
        public_access_block_configuration=s3.CfnBucket.PublicAccessBlockConfigurationProperty(
            block_public_acls=True, ignore_public_acls=True, block_public_policy=False, restrict_public_buckets=False
        ),
    )
    bucket.override_logical_id(logical_id(described.name, "Bucket"))
    bucket.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    _let_public_read(stack, described, bucket)
    return bucket


def _let_public_read(stack: cdk.Stack, described: PublicObject, bucket: s3.CfnBucket) -> None:
    arn = f"arn:aws:s3:::{described.name}"
    # Everybody, and no principal of the account in particular: the checkers have no credentials.
    read = {
        "Sid": "EverybodyReadsTheLatch",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [f"{arn}/{described.key}"],
    }
    refused = {**deny_without_tls(["s3:*"], arn), "Resource": [arn, f"{arn}/*"]}
    policy = s3.CfnBucketPolicy(
        stack,
        logical_id(described.name, "BucketPolicy"),
        # By its name, and not by reference: cdk-nag finds the bucket in the ARNs of the policy by it.
        bucket=described.name,
        policy_document=document([read, refused]),
    )
    policy.add_resource_dependency(bucket)
    # Without its policy the object is dark, and the latch would hang on its metric alone.
    policy.apply_removal_policy(cdk.RemovalPolicy.RETAIN)


def render_metric_health_check(stack: cdk.Stack, check: MetricHealthCheck) -> route53.CfnHealthCheck:
    """A health check of an alarm's data; while there is none, it stays what it was."""
    return _retained(
        stack,
        check.name,
        route53.CfnHealthCheck.HealthCheckConfigProperty(
            type="CLOUDWATCH_METRIC",
            alarm_identifier=route53.CfnHealthCheck.AlarmIdentifierProperty(name=check.alarm, region=check.region),
            insufficient_data_health_status="LastKnownStatus",
        ),
        after=stack.node.try_find_child(logical_id(check.alarm, "Alarm")),
    )


def render_calculated_health_check(stack: cdk.Stack, check: CalculatedHealthCheck) -> route53.CfnHealthCheck:
    """A health check that needs all of its children, and the output that says its id."""
    children = [_child(stack, check, name) for name in check.children]
    rendered = _retained(
        stack,
        check.name,
        route53.CfnHealthCheck.HealthCheckConfigProperty(
            type="CALCULATED",
            child_health_checks=[child.attr_health_check_id for child in children],
            health_threshold=len(children),
        ),
    )
    cdk.CfnOutput(
        stack, logical_id(check.name, "HealthCheckId"), value=rendered.attr_health_check_id, description=check.purpose
    )
    return rendered


def _retained(
    stack: cdk.Stack,
    name: str,
    configuration: route53.CfnHealthCheck.HealthCheckConfigProperty,
    after: object = None,
) -> route53.CfnHealthCheck:
    rendered = route53.CfnHealthCheck(
        stack,
        logical_id(name, "HealthCheck"),
        health_check_config=configuration,
        health_check_tags=[route53.CfnHealthCheck.HealthCheckTagProperty(key="Name", value=name)],
    )
    rendered.override_logical_id(logical_id(name, "HealthCheck"))
    rendered.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    if isinstance(after, cdk.CfnResource):
        rendered.add_resource_dependency(after)
    return rendered


def _child(stack: cdk.Stack, check: CalculatedHealthCheck, name: str) -> route53.CfnHealthCheck:
    child = stack.node.try_find_child(logical_id(name, "HealthCheck"))
    if not isinstance(child, route53.CfnHealthCheck):
        raise WiringMistake(
            f"The health check {check.name} is calculated from {name}, which is not in its stack; describe it there."
        )
    return child
