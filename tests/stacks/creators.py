"""How each CloudFormation type of our templates comes into being through boto3."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from tests.stacks.function_creators import FUNCTION_CREATORS
from tests.stacks.properties import Created, Properties, Region, with_small_initials

Creator = Callable[[Region, Properties], Created]


def role(region: Region, properties: Properties) -> Created:
    """AWS::IAM::Role, with a name made up where the template gives none."""
    iam = region.client("iam")
    name = properties.take_if_there("RoleName").get("RoleName")
    policies = properties.take("Policies")
    made = iam.create_role(
        RoleName=name or f"role-{len(iam.list_roles()['Roles'])}",
        AssumeRolePolicyDocument=json.dumps(properties.take("AssumeRolePolicyDocument")),
        **properties.take_if_there("Description"),
    )["Role"]
    for arn in properties.take_if_there("ManagedPolicyArns").get("ManagedPolicyArns", ()):
        iam.attach_role_policy(RoleName=made["RoleName"], PolicyArn=arn)
    for policy in policies:
        iam.put_role_policy(
            RoleName=made["RoleName"],
            PolicyName=policy["PolicyName"],
            PolicyDocument=json.dumps(policy["PolicyDocument"]),
        )
    return Created(made["RoleName"], {"Arn": made["Arn"]})


def managed_policy(region: Region, properties: Properties) -> Created:
    """AWS::IAM::ManagedPolicy, with a name made up, because the template gives none."""
    iam = region.client("iam")
    made = iam.create_policy(
        PolicyName=f"policy-{len(iam.list_policies(Scope='Local')['Policies'])}",
        Path=properties.take("Path"),
        Description=properties.take("Description"),
        PolicyDocument=json.dumps(properties.take("PolicyDocument")),
    )["Policy"]
    return Created(made["Arn"])


def log_group(region: Region, properties: Properties) -> Created:
    """AWS::Logs::LogGroup."""
    logs = region.client("logs")
    name = properties.take("LogGroupName")
    logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName=name, retentionInDays=properties.take("RetentionInDays"))
    return Created(name)


def table(region: Region, properties: Properties) -> Created:
    """AWS::DynamoDB::Table."""
    dynamodb = region.client("dynamodb")
    encryption = properties.take("SSESpecification")
    stream = properties.take_if_there("StreamSpecification").get("StreamSpecification")
    recovery = properties.take("PointInTimeRecoverySpecification")
    made = dynamodb.create_table(
        SSESpecification={"Enabled": encryption["SSEEnabled"]},
        **properties.take_if_there(
            "TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "DeletionProtectionEnabled"
        ),
        **({"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}),
    )["TableDescription"]
    dynamodb.update_continuous_backups(TableName=made["TableName"], PointInTimeRecoverySpecification=recovery)
    return Created(made["TableName"], {"Arn": made["TableArn"], "StreamArn": made.get("LatestStreamArn", "")})


def queue(region: Region, properties: Properties) -> Created:
    """AWS::SQS::Queue."""
    attributes = properties.take_if_there("MessageRetentionPeriod", "SqsManagedSseEnabled")
    as_text = {name: json.dumps(value) for name, value in attributes.items()}
    return Created(
        region.client("sqs").create_queue(QueueName=properties.take("QueueName"), Attributes=as_text)["QueueUrl"]
    )


def queue_policy(region: Region, properties: Properties) -> Created:
    """AWS::SQS::QueuePolicy."""
    policy = json.dumps(properties.take("PolicyDocument"))
    for url in properties.take("Queues"):
        region.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Created("policy")


def key(region: Region, properties: Properties) -> Created:
    """AWS::KMS::Key."""
    kms = region.client("kms")
    made = kms.create_key(Policy=json.dumps(properties.take("KeyPolicy")), **properties.take_if_there("Description"))[
        "KeyMetadata"
    ]
    if properties.take("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return Created(made["KeyId"], {"Arn": made["Arn"]})


def topic(region: Region, properties: Properties) -> Created:
    """AWS::SNS::Topic."""
    attributes = properties.take_if_there("KmsMasterKeyId")
    return Created(
        region.client("sns").create_topic(Name=properties.take("TopicName"), Attributes=attributes)["TopicArn"]
    )


def topic_policy(region: Region, properties: Properties) -> Created:
    """AWS::SNS::TopicPolicy."""
    policy = json.dumps(properties.take("PolicyDocument"))
    for arn in properties.take("Topics"):
        region.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Created("policy")


def bus(region: Region, properties: Properties) -> Created:
    """AWS::Events::EventBus."""
    name = properties.take("Name")
    return Created(name, {"Arn": region.client("events").create_event_bus(Name=name)["EventBusArn"]})


def rule(region: Region, properties: Properties) -> Created:
    """AWS::Events::Rule, with its targets."""
    events = region.client("events")
    targets = properties.take("Targets")
    pattern = properties.take_if_there("EventPattern").get("EventPattern")
    plain = properties.take_if_there("Name", "Description", "EventBusName", "ScheduleExpression", "State")
    made = events.put_rule(**plain, **({"EventPattern": json.dumps(pattern)} if pattern else {}))
    bus_name = plain.get("EventBusName", "default")
    failed = events.put_targets(Rule=plain["Name"], EventBusName=bus_name, Targets=targets)["FailedEntryCount"]
    assert failed == 0, f"EventBridge refused targets of {plain['Name']}"
    return Created(plain["Name"], {"Arn": made["RuleArn"]})


def machine(region: Region, properties: Properties) -> Created:
    """AWS::StepFunctions::StateMachine."""
    made = region.client("stepfunctions").create_state_machine(
        name=properties.take("StateMachineName"),
        definition=properties.take("DefinitionString"),
        roleArn=properties.take("RoleArn"),
        type=properties.take("StateMachineType"),
        loggingConfiguration=with_small_initials(properties.take("LoggingConfiguration")),
        tracingConfiguration=with_small_initials(properties.take("TracingConfiguration")),
    )
    return Created(made["stateMachineArn"], {"Arn": made["stateMachineArn"]})


def alarm(region: Region, properties: Properties) -> Created:
    """AWS::CloudWatch::Alarm."""
    name = properties.take("AlarmName")
    plain = properties.take_if_there(
        *("AlarmDescription", "Namespace", "MetricName", "Dimensions", "Statistic", "Threshold", "ComparisonOperator"),
        *("TreatMissingData", "Period", "EvaluationPeriods", "DatapointsToAlarm", "AlarmActions"),
    )
    region.client("cloudwatch").put_metric_alarm(AlarmName=name, **plain)
    return Created(name)


def parameter(region: Region, properties: Properties) -> Created:
    """AWS::SSM::Parameter."""
    name = properties.take("Name")
    region.client("ssm").put_parameter(Name=name, **properties.take_if_there("Description", "Type", "Value"))
    return Created(name)


def health_check(region: Region, properties: Properties) -> Created:
    """AWS::Route53::HealthCheck. moto forgets which alarm a check watches, so tags say it for whoever reads it back."""
    route53 = region.client("route53")
    configuration = properties.take("HealthCheckConfig")
    tags = properties.take("HealthCheckTags")
    reference = "-".join(tag["Value"] for tag in tags)
    if watched := configuration.get("AlarmIdentifier"):
        forgotten = {**watched, "InsufficientData": configuration["InsufficientDataHealthStatus"]}
        tags = [*tags, *({"Key": f"moto:{key}", "Value": value} for key, value in forgotten.items())]
    made = route53.create_health_check(CallerReference=reference, HealthCheckConfig=configuration)["HealthCheck"]
    route53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=made["Id"], AddTags=tags)
    return Created(made["Id"], {"HealthCheckId": made["Id"]})


def schedule(region: Region, properties: Properties) -> Created:
    """AWS::Scheduler::Schedule."""
    name = properties.take("Name")
    region.client("scheduler").create_schedule(
        Name=name,
        Description=properties.take("Description"),
        ScheduleExpression=properties.take("ScheduleExpression"),
        ScheduleExpressionTimezone=properties.take("ScheduleExpressionTimezone"),
        FlexibleTimeWindow=properties.take("FlexibleTimeWindow"),
        Target=properties.take("Target"),
    )
    return Created(name)


def bucket(region: Region, properties: Properties) -> Created:
    """AWS::S3::Bucket."""
    s3 = region.client("s3")
    name = properties.take("BucketName")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region.name})
    (rule,) = properties.take("BucketEncryption")["ServerSideEncryptionConfiguration"]
    by_default = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [by_default]})
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=properties.take("OwnershipControls"))
    block = properties.take("PublicAccessBlockConfiguration")
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    return Created(name, {"Arn": f"arn:aws:s3:::{name}"})


def bucket_policy(region: Region, properties: Properties) -> Created:
    """AWS::S3::BucketPolicy."""
    policy = json.dumps(properties.take("PolicyDocument"))
    region.client("s3").put_bucket_policy(Bucket=properties.take("Bucket"), Policy=policy)
    return Created("policy")


CREATORS: Mapping[str, Creator] = {
    **FUNCTION_CREATORS,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::DynamoDB::Table": table,
    "AWS::Events::EventBus": bus,
    "AWS::Events::Rule": rule,
    "AWS::IAM::ManagedPolicy": managed_policy,
    "AWS::IAM::Role": role,
    "AWS::KMS::Key": key,
    "AWS::Logs::LogGroup": log_group,
    "AWS::Route53::HealthCheck": health_check,
    "AWS::S3::Bucket": bucket,
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::SNS::Topic": topic,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SQS::Queue": queue,
    "AWS::SQS::QueuePolicy": queue_policy,
    "AWS::SSM::Parameter": parameter,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::StepFunctions::StateMachine": machine,
}
