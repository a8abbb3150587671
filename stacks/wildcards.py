"""The signed list: every `*` and `?` that a role may hold, with its reason. What is not on it cannot be synthesized.

A step kind may describe and list without signing, because that shows configuration and changes nothing. All else is
signed by its exact actions: every write, and every read that hands out data. docs/security.md shows the same list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stacks.drill_wildcards import OF_DRILLS
from stacks.signed import ANY_RESOURCE, SignedWildcard

SIGNED_WILDCARDS = (
    SignedWildcard(
        "own log",
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/FUNCTION:*",
        "A function names its log streams itself; the group is its own.",
    ),
    SignedWildcard(
        "traces",
        ("xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
        "*",
        "X-Ray gives these actions no resource to name.",
    ),
    SignedWildcard(
        "log delivery",
        (
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:GetLogDelivery",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ),
        "*",
        "Step Functions logs through a log delivery, and CloudWatch Logs gives these actions no resource to name.",
    ),
    SignedWildcard(
        "stream of a table",
        ("dynamodb:GetRecords", "dynamodb:GetShardIterator"),
        "arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE/stream/*",
        "The label of a stream is the moment it was made; the table is named.",
    ),
    SignedWildcard(
        "metrics",
        ("cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics"),
        "*",
        "CloudWatch gives these reads no resource to name; metrics are numbers and hold no data of the application.",
    ),
    SignedWildcard(
        "metrics of an application",
        ("cloudwatch:PutMetricData",),
        "*",
        "CloudWatch gives this write no resource to name; a condition narrows it to the namespace of the application.",
    ),
    SignedWildcard(
        "quotas",
        ("servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota"),
        "*",
        "Service Quotas gives these reads no resource to name; a quota is a number of the account.",
    ),
    SignedWildcard(
        "access to a model",
        ("bedrock:GetFoundationModelAvailability",),
        "*",
        "Bedrock documents no resource for this read; it says whether the account may use a model, and asks none.",
    ),
    SignedWildcard(
        "tokens",
        ("secretsmanager:GetSecretValue",),
        "arn:aws:secretsmanager:REGION:ACCOUNT:secret:pilotlight/*",
        "One notifier serves every plan of a region; each names its token's secret, and all stand under pilotlight/.",
    ),
    SignedWildcard(
        "a secret by its name",
        ("secretsmanager:GetSecretValue",),
        "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-??????",
        "Secrets Manager appends six characters of its own to the name in the ARN.",
    ),
    SignedWildcard(
        "a changed sight",
        ("events:PutEvents",),
        "arn:aws:events:*:ACCOUNT:event-bus/pilotlight",
        "One probe looks for every standby; the bus is the controller's own in each of them.",
    ),
    SignedWildcard(
        "functions that ask inside",
        ("lambda:InvokeFunction",),
        "arn:aws:lambda:REGION:ACCOUNT:function:pilotlight-*-inside:live",
        "One probe looks for every private application of a region; such a function asks what its own plan names.",
    ),
    SignedWildcard(
        "functions that take words",
        ("lambda:InvokeFunction",),
        "arn:aws:lambda:REGION:ACCOUNT:function:pilotlight-*-word:live",
        "One function hears Slack for every application of a region; whom such a function believes stands in its plan.",
    ),
    SignedWildcard(
        "members of a cache",
        ("elasticache:AddTagsToResource", "elasticache:CreateReplicationGroup"),
        "arn:aws:elasticache:REGION:ACCOUNT:cluster:GROUP-*",
        "ElastiCache names the members of a new group itself: the group's own name and a number.",
    ),
    SignedWildcard(
        "endpoint of a serverless cache",
        ("ec2:CreateTags", "ec2:CreateVpcEndpoint"),
        "arn:aws:ec2:REGION:ACCOUNT:vpc-endpoint/*",
        "EC2 makes the id of the endpoint; conditions ask for ElastiCache's own service, and for its creation.",
    ),
    SignedWildcard(
        "bounds of a service",
        ("application-autoscaling:DeregisterScalableTarget", "application-autoscaling:RegisterScalableTarget"),
        "arn:aws:application-autoscaling:REGION:ACCOUNT:scalable-target/*",
        "The id in the ARN is made at registration; a condition narrows it to the task counts of ECS services.",
    ),
    SignedWildcard(
        "a group by its name",
        (
            "autoscaling:CreateAutoScalingGroup",
            "autoscaling:CreateOrUpdateTags",
            "autoscaling:DeleteAutoScalingGroup",
            "autoscaling:DeleteTags",
            "autoscaling:ResumeProcesses",
            "autoscaling:SuspendProcesses",
            "autoscaling:UpdateAutoScalingGroup",
        ),
        "arn:aws:autoscaling:REGION:ACCOUNT:autoScalingGroup:*:autoScalingGroupName/GROUP",
        "Auto Scaling makes the id in the ARN; the group is named, and no two of a region have one name.",
    ),
    SignedWildcard(
        "revisions of a task",
        ("ecs:RunTask",),
        "arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:*",
        "ECS numbers each revision of a task definition anew; the family is named, and a condition names the cluster.",
    ),
    SignedWildcard(
        "replicated backups",
        ("rds:RestoreDBInstanceToPointInTime",),
        "arn:aws:rds:REGION:ACCOUNT:auto-backup:*",
        "RDS makes the id of replicated backups; what is restored from them can only become the one named instance.",
    ),
    SignedWildcard(
        "default option group",
        ("rds:RestoreDBInstanceFromDBSnapshot", "rds:RestoreDBInstanceToPointInTime"),
        "arn:aws:rds:REGION:ACCOUNT:og:default:*",
        "RDS names the default option group after engine and version, which a plan does not know.",
    ),
    SignedWildcard(
        "a series of snapshots",
        ("elasticache:CreateReplicationGroup", "rds:RestoreDBInstanceFromDBSnapshot"),
        "arn:aws:SERVICE:REGION:ACCOUNT:snapshot:SERIES*",
        "Each copy of a series has a name of its own; how they begin is named, and they are read only.",
    ),
    SignedWildcard(
        "a node group by its name",
        ("eks:UpdateNodegroupConfig",),
        "arn:aws:eks:REGION:ACCOUNT:nodegroup/CLUSTER/GROUP/*",
        "EKS ends the ARN of a node group with an id of its own; cluster and group are named.",
    ),
    SignedWildcard(
        "rules of a load balancer",
        ("elasticloadbalancing:AddTags", "elasticloadbalancing:CreateRule", "elasticloadbalancing:DeleteRule"),
        "arn:aws:elasticloadbalancing:REGION:ACCOUNT:KIND/app/BALANCER/*",
        "Load balancing makes the ids in these ARNs; the balancer is named, and conditions ask for the tag of a fence.",
    ),
    SignedWildcard(
        "network interfaces of a function",
        (
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:UnassignPrivateIpAddresses",
        ),
        "arn:aws:ec2:REGION:ACCOUNT:network-interface/*",
        "Lambda makes the ids of the interfaces of a function in a VPC; the subnets are named, the code is denied it.",
    ),
    SignedWildcard(
        "what EC2 makes for a run",
        (
            "ec2:AllocateAddress",
            "ec2:CreateLaunchTemplate",
            "ec2:CreateNatGateway",
            "ec2:CreateTags",
            "ec2:DeleteLaunchTemplate",
            "ec2:RunInstances",
        ),
        "arn:aws:ec2:REGION:ACCOUNT:KIND/*",
        "EC2 makes the ids; conditions narrow it to what is being made with a run's tag, carries one, or is launched "
        "by a launch template that does.",
    ),
    SignedWildcard(
        "tasks of a cluster",
        ("ecs:StopTask",),
        "arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/*",
        "ECS makes the ids of tasks; the cluster is named.",
    ),
    SignedWildcard(
        "objects under a prefix",
        ("s3:DeleteObject", "s3:DeleteObjectVersion"),
        "arn:aws:s3:::BUCKET/PREFIX*",
        "Which objects were deleted is known in the run; the bucket and the prefix are named.",
    ),
    SignedWildcard(
        "a key by its alias",
        ("kms:GetKeyPolicy", "kms:GetKeyRotationStatus"),
        "arn:aws:kms:REGION:ACCOUNT:key/*",
        "An alias is no resource of a policy: a condition on kms:ResourceAliases narrows it to the key of that alias.",
    ),
    SignedWildcard(
        "descriptions",
        ("*:Describe*", "*:List*"),
        ANY_RESOURCE,
        "Describing and listing shows configuration and changes nothing; many such actions have no resource to name.",
    ),
    *OF_DRILLS,
)


class UnsignedWildcard(Exception):
    """A role asks for a `*` that nobody signed; the text says which, and where to sign."""


def wildcards_of(statements: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, SignedWildcard]]:
    """Every resource with a `*` or `?` in it, with who signs for each of its actions; refuses what nobody signs."""
    for statement in statements:
        if statement["Effect"] == "Deny":
            continue
        for resource in statement["Resource"]:
            for action in statement["Action"] if is_wildcard(resource) else ():
                yield resource, signature(action, resource)


def is_wildcard(resource: str) -> bool:
    """Whether IAM may match more than one resource with it."""
    return "*" in resource or "?" in resource


def signature(action: str, resource: str) -> SignedWildcard:
    """The entry that signs for an action on a resource that is a wildcard."""
    for entry in SIGNED_WILDCARDS:
        if entry.covers(action, resource):
            return entry
    raise UnsignedWildcard(
        f"A role would hold {action} on {resource}, which is more than one resource and not on the signed list; "
        "name the resource exactly, or sign for it in stacks/wildcards.py with the reason."
    )
