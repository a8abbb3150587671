"""What ECS answers about its services, tasks and task definitions, in the API's spelling.

Checked against botocore's model through a real client: the serializer drops a misspelled field without a
word.
"""

from __future__ import annotations

from typing import Any

from rehearsal.services.ecs_scheduler import EcsService
from rehearsal.services.ecs_tasks import Deployment, Task, TaskDefinition, TaskStatus

_PENDING = (TaskStatus.PROVISIONING, TaskStatus.PENDING)
_MOST_EVENTS = 100


def arn(service: EcsService, resource: str) -> str:
    """The ARN of something in the service's region and account."""
    return f"arn:aws:ecs:{service.region}:{service.definition.account}:{resource}"


def say_service(service: EcsService, *, tags: bool = False) -> dict[str, Any]:
    """One entry of DescribeServices; its tags are shown to those who ask for them."""
    behind = service.behind or tuple((service.definition.container, group.port) for group in service.groups)
    return {
        "serviceArn": arn(service, f"service/{service.cluster}/{service.name}"),
        "serviceName": service.name,
        "clusterArn": arn(service, f"cluster/{service.cluster}"),
        "status": service.status,
        "desiredCount": service.desired,
        "runningCount": service.count(TaskStatus.RUNNING),
        "pendingCount": service.count(*_PENDING),
        "launchType": "FARGATE",
        "taskDefinition": service.definition.arn,
        "loadBalancers": [
            {"targetGroupArn": group.arn, "containerName": name, "containerPort": port}
            for group, (name, port) in zip(service.groups, behind, strict=True)
        ],
        **({"networkConfiguration": dict(service.network)} if service.network else {}),
        "healthCheckGracePeriodSeconds": service.grace_seconds,
        "schedulingStrategy": service.strategy,
        "deploymentController": {"type": service.controller},
        "deployments": [_say_deployment(service, deployment) for deployment in service.deployments],
        "events": [
            {"id": f"event-{len(service.events) - place}", "createdAt": at, "message": message}
            for place, (at, message) in enumerate(service.events[:_MOST_EVENTS])
        ],
        **({"tags": [{"key": key, "value": value} for key, value in service.tags.items()]} if tags else {}),
    }


def _say_deployment(service: EcsService, deployment: Deployment) -> dict[str, Any]:
    primary = deployment is service.primary
    said = {
        "id": deployment.id,
        "status": "PRIMARY" if primary else "ACTIVE",
        "taskDefinition": service.definition.arn,
        "desiredCount": service.desired if primary else 0,
        "runningCount": service.count(TaskStatus.RUNNING, of=deployment),
        "pendingCount": service.count(*_PENDING, of=deployment),
        "createdAt": deployment.created,
    }
    if service.controller == "ECS":
        said |= {"rolloutState": deployment.state.value, "rolloutStateReason": deployment.reason}
    return said


def say_task(service: EcsService, task: Task) -> dict[str, Any]:
    """One entry of DescribeTasks; what is not so yet is left out."""
    said = {
        "taskArn": arn(service, f"task/{service.cluster}/{task.id}"),
        "clusterArn": arn(service, f"cluster/{service.cluster}"),
        "taskDefinitionArn": service.definition.arn,
        "group": f"service:{service.name}",
        "startedBy": task.deployment.id,
        "lastStatus": task.status.value,
        "desiredStatus": "STOPPED" if task.leaving else "RUNNING",
        "createdAt": task.created,
        "startedAt": task.started,
        "stoppingAt": task.stopping,
        "stoppedAt": task.stopped,
        "stopCode": task.stop_code,
        "stoppedReason": task.stopped_reason,
    }
    return {key: value for key, value in said.items() if value}


def say_definition(definition: TaskDefinition) -> dict[str, Any]:
    """What DescribeTaskDefinition answers; one that was registered by a call is as it was registered."""
    numbered = {
        "taskDefinitionArn": definition.arn,
        "family": definition.family,
        "revision": definition.revision,
        "status": definition.status,
    }
    if definition.document:
        return {**definition.document, **numbered}
    log = {"awslogs-group": f"/ecs/{definition.family}", "awslogs-stream-prefix": "ecs"}
    container = {
        "name": definition.container,
        "image": definition.image,
        "essential": True,
        "logConfiguration": {"logDriver": "awslogs", "options": {**log, "awslogs-region": definition.region}},
        "environment": [{"name": name, "value": value} for name, value in definition.environment],
        "secrets": [{"name": name, "valueFrom": value} for name, value in definition.secrets],
    }
    roles = {"taskRoleArn": definition.task_role, "executionRoleArn": definition.execution_role}
    return {
        **numbered,
        **{name: role for name, role in roles.items() if role},
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [container],
    }
