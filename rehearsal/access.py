"""Whether a role may make a call: the part of IAM that decides what a deployed function can do.

Only identity policies of one account are modelled: a call is allowed if some statement names its action and its
resource, and none that denies does. Conditions are not evaluated (a statement with conditions allows what it names);
docs/model-gaps.md says so.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pilotlight.domain.iam_actions import action_of, prefix_of
from pilotlight.domain.step import Statement
from pilotlight.estate.service_roles import SERVICE_ROLES
from rehearsal.wire import Call, ServiceError

# STS API Reference, GetCallerIdentity: no permission is required, and none can be taken away.
_FREE = ("sts:GetCallerIdentity",)


def _named(call: Call, account: str, resource: str) -> str:
    return f"arn:aws:{prefix_of(call.service)}:{call.region}:{account}:{resource}"


def _last(value: Any) -> str:
    """The name at the end of an ARN, a path or a URL, or the name itself; of a list, that of its first member."""
    text = str(value[0]) if isinstance(value, list) else str(value)
    return text.replace(":", "/").rsplit("/", 1)[-1]


# What a call is about, by the parameter that says it: `{}` is the parameter's last name, `{cluster}` the cluster of
# ECS or EKS, `{bus}` EventBridge's, `{group}` Scheduler's. A parameter that holds an ARN is the resource. The first
# that a call has counts. After the Service Authorization Reference; a call with none of them is authorised on `*`.
_RESOURCES: tuple[tuple[str, str, str], ...] = (
    ("dynamodb", "TableName", "table/{}"),
    ("dynamodb", "ResourceArn", ""),
    ("dynamodb", "GlobalTableName", "global-table/{}"),
    ("ssm", "Name", "parameter{}"),
    ("ssm", "ResourceId", "parameter{}"),
    ("secretsmanager", "SecretId", "secret:{}-AbCdEf"),
    ("iam", "InstanceProfileName", "instance-profile/{}"),
    ("iam", "RoleName", "role/aws-service-role/{principal}/{}"),
    ("sns", "TopicArn", ""),
    ("sqs", "QueueUrl", "{}"),
    ("lambda", "FunctionName", "function:{}"),
    ("stepfunctions", "executionArn", ""),
    ("stepfunctions", "stateMachineArn", ""),
    ("lambda", "UUID", "event-source-mapping:{}"),
    ("lambda", "Resource", ""),
    ("events", "ResourceARN", ""),
    ("events", "Name", "rule/{bus}{}"),
    ("scheduler", "Name", "schedule/{group}/{}"),
    ("ec2", "GroupId", "security-group/{}"),
    ("ec2", "SubnetId", "subnet/{}"),
    ("ec2", "RouteTableId", "route-table/{}"),
    ("ec2", "Domain", "elastic-ip/*"),
    ("ec2", "Resources", "security-group/{}"),
    ("rds", "ResourceName", ""),
    ("rds", "GlobalClusterIdentifier", "global-cluster:{}"),
    ("rds", "DBClusterIdentifier", "cluster:{}"),
    ("rds", "DBInstanceIdentifier", "db:{}"),
    ("rds", "TargetDBInstanceIdentifier", "db:{}"),
    ("elasticache", "ReplicationGroupId", "replicationgroup:{}"),
    ("elasticache", "CacheClusterId", "cluster:{}"),
    ("elasticache", "CacheSubnetGroupName", "subnetgroup:{}"),
    ("elasticache", "CacheParameterGroupName", "parametergroup:{}"),
    ("elasticache", "SnapshotName", "snapshot:{}"),
    ("elasticache", "ServerlessCacheName", "serverlesscache:{}"),
    ("elasticache", "ResourceName", ""),
    ("ssm", "Path", "parameter{}"),
    ("events", "Entries", "event-bus/{}"),
    ("ecs", "services", "service/{cluster}/{}"),
    ("ecs", "service", "service/{cluster}/{}"),
    ("ecs", "resourceArn", ""),
    ("ecs", "tasks", "task/{cluster}/{}"),
    ("ecs", "task", "task/{cluster}/{}"),
    ("ecs", "clusters", "cluster/{}"),
    ("ecs", "taskDefinition", "*"),
    ("application-autoscaling", "ResourceId", "scalable-target/*"),
    ("autoscaling", "AutoScalingGroupName", "autoScalingGroup:*:autoScalingGroupName/{}"),
    ("autoscaling", "Tags", "autoScalingGroup:*:autoScalingGroupName/{}"),
    ("service-quotas", "QuotaCode", "ec2/{}"),
    ("elbv2", "TargetGroupArn", ""),
    ("elbv2", "LoadBalancerArn", ""),
    ("elbv2", "ListenerArn", ""),
    ("elbv2", "RuleArn", ""),
    ("cloudwatch", "AlarmNames", "alarm:*"),
    ("s3", "Bucket", "{}"),
    ("acm", "CertificateArn", ""),
    ("ecr", "repositoryName", "repository/{}"),
    ("cognito-idp", "UserPoolId", "userpool/{}"),
    ("eks", "nodegroupName", "nodegroup/{cluster}/{}/*"),
    ("eks", "addonName", "addon/{cluster}/{}/*"),
    ("eks", "name", "cluster/{}"),
    ("cloudfront", "Id", "distribution/{}"),
    ("kms", "KeyId", "key/{}"),
    ("logs", "logGroupName", "log-group:{}:*"),
    ("logs", "logGroupNamePrefix", "log-group:*"),
    ("firehose", "DeliveryStreamName", "deliverystream/{}"),
)


# What a creation is about, whose parameters other calls of its service have too; ELB ends an ARN with an id of its own.
_CREATED: tuple[tuple[str, str, str], ...] = (
    ("CreateService", "serviceName", "service/{cluster}/{}"),
    ("RegisterTaskDefinition", "family", "task-definition/{}:1"),
    ("DeleteTaskDefinitions", "taskDefinitions", ""),
    ("CreateLoadBalancer", "Name", "loadbalancer/app/{}/0123456789abcdef"),
    ("CreateTargetGroup", "Name", "targetgroup/{}/0123456789abcdef"),
    ("CreateLaunchTemplate", "LaunchTemplateName", "launch-template/lt-0123456789abcdef0"),
    ("DeleteLaunchTemplate", "LaunchTemplateId", "launch-template/{}"),
)


def resource_of(call: Call, account: str) -> str:
    """The ARN that a call is about, or `*` where it names none."""
    if call.operation == "TransactWriteItems":
        return _named(call, account, f"table/{call.parameters['TransactItems'][0]['Put']['TableName']}")
    if call.operation == "RunTask":
        # Authorised on a revision; a family alone stands for its newest one.
        definition = str(call.parameters["taskDefinition"]).rsplit("/", 1)[-1]
        return _named(call, account, f"task-definition/{definition if ':' in definition else f'{definition}:1'}")
    for created, parameter, shape in _CREATED:
        if call.operation == created:
            return _arn(call, account, call.parameters[parameter], shape)
    for service, parameter, shape in _RESOURCES:
        value = call.parameters.get(parameter)
        if call.service == service and value:
            return _arn(call, account, value, shape)
    return "*"


def _arn(call: Call, account: str, value: Any, shape: str) -> str:
    if not shape:
        return str(value[0] if isinstance(value, list) else value)
    if call.service == "autoscaling" and isinstance(value, list):
        value = value[0]["ResourceId"]
    if call.service == "s3":
        return _s3_arn(call)
    if call.service == "lambda" and "UUID" not in call.parameters:
        name = str(value).split(":function:")[-1]
        qualifier = call.parameters.get("Qualifier")
        return _named(call, account, f"function:{name}:{qualifier}" if qualifier else f"function:{name}")
    if call.service in ("secretsmanager", "ecr", "logs"):
        return _named(call, account, shape.replace("{}", str(value)))
    if call.service == "ssm":
        # All of a name with slashes is the name; `name:3` asks for a version of it.
        return _named(call, account, shape.replace("{}", "/" + str(value).lstrip("/").split(":")[0]))
    if call.operation == "PutEvents":
        return _named(call, account, shape.replace("{}", _last(value[0].get("EventBusName", "default"))))
    if call.service == "iam":
        principals = {name: principal for principal, name in SERVICE_ROLES.values()}
        shape = shape.replace("{principal}", principals.get(str(value), "unknown"))
    of_no_region = {"GlobalTableName", "GlobalClusterIdentifier"} & call.parameters.keys()
    if call.service in ("iam", "cloudfront") or of_no_region:
        return f"arn:aws:{call.service}::{account}:{shape.replace('{}', _last(value))}"  # these belong to no region
    bus = str(call.parameters.get("EventBusName", "default"))
    shape = shape.replace("{bus}", "" if bus == "default" else f"{bus}/")
    shape, given = shape.replace("{group}", str(call.parameters.get("GroupName", "default"))), call.parameters
    cluster = _last(given.get("cluster") or given.get("clusterName") or given.get("name") or "default")
    return _named(call, account, shape.replace("{cluster}", cluster).replace("{}", _last(value)))


def _s3_arn(call: Call) -> str:
    """A bucket, or an object in it; of several objects the first."""
    several = call.parameters.get("Delete", {}).get("Objects", [{}])
    key = call.parameters.get("Key") or several[0].get("Key", "")
    return f"arn:aws:s3:::{call.parameters['Bucket']}" + (f"/{key}" if key else "")


@dataclass(frozen=True)
class Role:
    """What a function may do."""

    name: str
    statements: tuple[Statement, ...]
    denied: tuple[Statement, ...] = ()

    def allows(self, action: str, resource: str) -> bool:
        """Whether some statement names the action and the resource, and none denies it."""
        return _named_by(self.statements, action, resource) and not _named_by(self.denied, action, resource)

    def must_allow(self, call: Call, resource: str) -> None:
        """Raise the `AccessDenied` that AWS would answer, unless some statement allows the call."""
        action = action_of(call.service, call.operation)
        if action in _FREE:
            return
        if self.allows(action, resource):
            return
        raise ServiceError(
            "AccessDenied", f"{self.name} is not authorized to perform: {action} on resource: {resource}", 403
        )


def _named_by(statements: tuple[Statement, ...], action: str, resource: str) -> bool:
    return any(
        any(fnmatchcase(action.lower(), a.lower()) for a in statement.actions)
        and any(fnmatchcase(resource, r) for r in statement.resources)
        for statement in statements
    )


CURRENT_ROLE: ContextVar[Role | None] = ContextVar("current_role", default=None)
"""The role of the function that is running; None is the account's owner, setting the scene."""


def also_needs(action: str, resource: str) -> None:
    """Raise the `AccessDenied` of a call that AWS authorises on more than its own action, such as a role it passes."""
    role = CURRENT_ROLE.get()
    if role is not None and not role.allows(action, resource):
        raise ServiceError(
            "AccessDenied", f"{role.name} is not authorized to perform: {action} on resource: {resource}", 403
        )
