"""The copy of a service that a drill runs: what is asked of ECS and of load balancing, and what of it is not copied.

All of the task definition is kept but the task's role, its family, the prefix of its log streams, and what the plan
overrides: variables, and parameters that the drill has its own of. A variable that is overridden takes the place of a
secret of that name, since a container may not have both. Other secrets stay what they are: they are read, not written.

The copied service is in no service discovery, no service mesh and no autoscaler, because production finds itself by the
first two, and the third would change its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from pilotlight.domain.place import Place
from pilotlight.domain.step import Failed, OutputOf, Params, StepContext
from pilotlight.estate.ec2.egress import Destination
from pilotlight.estate.elbv2.copied_balancer import CopiedBalancer, CopyName, SecurityGroup, Subnet
from pilotlight.estate.marking import marks
from pilotlight.estate.ssm.settings import ParameterName, drilled_name

EcsName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
RoleArn = Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+$")]

_SHOWN_ONLY = (
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt",
    "deregisteredAt", "registeredBy", "deleteRequestedAt",
)  # fmt: skip
"""What ECS shows of a task definition and takes from nobody; all else can be registered again."""
_AS_THE_ORIGINAL = ("launchType", "capacityProviderStrategy", "platformVersion", "healthCheckGracePeriodSeconds")


@dataclass(frozen=True)
class Made:
    """What a copied service is made of: its target group and its task definition, by ARN."""

    group: str
    definition: str


class CopySpecification(Params):
    """A copy of a service, walled in, as it is to be."""

    cluster: EcsName
    service: EcsName = Field(description="The original: it is read, and never changed.")
    copy_as: CopyName = Field(
        description="The name of the copied service, task definition, target group and load balancer."
    )
    tasks: int = Field(ge=1)
    task_role: RoleArn = Field(description="The drill's own; the original's is refused.")
    execution_role: RoleArn = Field(description="The original's: ECS starts the tasks by it, and they never hold it.")
    security_groups: tuple[SecurityGroup, ...] = Field(
        min_length=1, max_length=5, description="Of the tasks; they let nothing out but `egress`."
    )
    egress: tuple[Destination, ...] = Field(description="The allow-list; an empty one is nothing but themselves.")
    subnets: tuple[Subnet, ...] = Field(
        min_length=2, max_length=16, description="Of tasks and load balancer; of two zones at least."
    )
    target_group: str | None = Field(
        None, min_length=1, description="Which of the original's is copied, by name or ARN, where it has several."
    )
    load_balancer: CopiedBalancer
    environment: Mapping[str, str | OutputOf] = Field(
        {}, description="Variables of every container: text, or what an earlier step gave."
    )
    parameters: tuple[ParameterName, ...] = Field(
        (), description="Parameters, or paths of them, that the drill writes its own of: those are read instead."
    )

    @model_validator(mode="after")
    def _is_another_one(self) -> Self:
        if self.copy_as == self.service:
            raise ValueError(f"copy_as is {self.service} itself; give the copy a name of its own")
        if self.task_role == self.execution_role:
            raise ValueError("task_role is the execution role, which reads the application's secrets; name another")
        return self

    def outputs_used(self) -> tuple[OutputOf, ...]:
        """The outputs of earlier steps that variables hold."""
        return tuple(value for value in self.environment.values() if isinstance(value, OutputOf))

    def variables(self, outputs: Mapping[str, Mapping[str, str]]) -> dict[str, str] | Failed:
        """The variables with their values; fails where a step gave nothing."""
        found: dict[str, str] = {}
        for name, value in self.environment.items():
            text = value if isinstance(value, str) else outputs.get(value.step, {}).get(value.output)
            if text is None:
                assert isinstance(value, OutputOf)
                said = f"Service {self.service} cannot be copied, because step {value.step} gave no {value.output}"
                return Failed(f"{said} for variable {name}.", "Correct the plan.")
            found[name] = text
        return found

    def definition(self, original: Mapping[str, Any], variables: Mapping[str, str], context: StepContext) -> Any:
        """What is registered: the original's task definition with what a drill changes of it."""
        kept = {name: value for name, value in original.items() if name not in _SHOWN_ONLY}
        containers = [self._container(each, variables, context.place) for each in original["containerDefinitions"]]
        return kept | {
            "family": self.copy_as,
            "taskRoleArn": self.task_role,
            "containerDefinitions": containers,
            "tags": [{"key": key, "value": value} for key, value in marks(context).items()],
        }

    def order(
        self, original: Mapping[str, Any], container: Mapping[str, Any], made: Made, context: StepContext
    ) -> dict[str, Any]:
        """What is asked of ECS for the service, like the original as DescribeServices shows it.

        Parameters: `container` names the container and port that stand behind the target group that is copied.
        """
        shown = original.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        network = {
            "subnets": list(self.subnets),
            "securityGroups": list(self.security_groups),
            "assignPublicIp": shown.get("assignPublicIp", "DISABLED"),
        }
        return {
            "cluster": self.cluster,
            "serviceName": self.copy_as,
            "taskDefinition": made.definition,
            "desiredCount": self.tasks,
            "networkConfiguration": {"awsvpcConfiguration": network},
            "loadBalancers": [{**container, "targetGroupArn": made.group}],
            "tags": [{"key": key, "value": value} for key, value in marks(context).items()],
            **{name: original[name] for name in _AS_THE_ORIGINAL if original.get(name)},
        }

    def _container(self, original: Mapping[str, Any], variables: Mapping[str, str], place: Place) -> dict[str, Any]:
        environment = {each["name"]: each["value"] for each in original.get("environment", ())} | dict(variables)
        secrets = [
            {**each, "valueFrom": self._source(each["valueFrom"], place)}
            for each in original.get("secrets", ())
            if each["name"] not in variables
        ]
        copied = dict(original) | {
            "environment": [{"name": name, "value": value} for name, value in environment.items()],
            "secrets": secrets,
        }
        log = original.get("logConfiguration", {})
        if log.get("logDriver") == "awslogs":
            options = {**log.get("options", {}), "awslogs-stream-prefix": self.copy_as}
            copied["logConfiguration"] = {**log, "options": options}
        return copied

    def _source(self, value: str, place: Place) -> str:
        """Where a variable is read from: a parameter that the drill has its own of is the drill's, all else stays.

        A parameter is named by its ARN, or by its name alone where it stands in the region of the tasks.
        """
        before, arn, name = value.partition(":parameter/") if value.startswith("arn:aws:ssm:") else ("", "", value)
        name = f"/{name.removeprefix('/')}"
        if value.startswith("arn:") and not arn:
            return value
        if not any(name == path or name.startswith(f"{path}/") for path in self.parameters):
            return value
        drilled = drilled_name(place.application, name)
        return f"{before}:parameter{drilled}" if arn else drilled
