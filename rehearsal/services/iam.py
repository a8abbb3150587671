"""IAM: what a deployed role may do, as its simulator says it, and what an instance profile holds. All else is moto's.

A role's decision is that of `rehearsal.access`: no conditions, boundaries or policies of an organization. The role of a
function or machine is known by region and name, which stand in the path of its ARN; a deployed one has a name of its
own that nobody chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployment.resources import BusTarget
from pilotlight.domain.step import Standing
from rehearsal.access import Role
from rehearsal.service import Service, operation
from rehearsal.services.events import Events
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.step_functions import StepFunctions
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World


class Iam(Service):
    """The simulator, and the instance profiles of a scene."""

    name = "iam"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.profiles: dict[str, tuple[str, ...]] = {}
        self.deployed: dict[str, Role] = {}

    def furnish(self, standing: Standing) -> None:
        """An instance profile that holds one role."""
        if standing.what != "instance profile":
            super().furnish(standing)
        self.profiles[standing.facts["profile"]] = (standing.facts["role"],)

    @operation("GetInstanceProfile")
    def get_instance_profile(self, call: Call) -> Mapping[str, Any]:
        """A profile of the scene with the roles that it holds."""
        name = str(call.parameters["InstanceProfileName"])
        if name not in self.profiles:
            raise ServiceError("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404)
        made = {"Path": "/", "CreateDate": self.world.time.now()}
        of_account = f"arn:aws:iam::{self.world.account}"
        roles = [
            {**made, "RoleName": arn.rsplit("/", 1)[-1], "RoleId": "AROAEXAMPLEEXAMPLE000", "Arn": arn}
            for arn in self.profiles[name]
        ]
        identity = {"InstanceProfileId": "AIPAEXAMPLEEXAMPLE000", "Arn": f"{of_account}:instance-profile/{name}"}
        return {"InstanceProfile": {**made, **identity, "InstanceProfileName": name, "Roles": roles}}

    @operation("SimulatePrincipalPolicy")
    def simulate_principal_policy(self, call: Call) -> Mapping[str, Any]:
        """One result for each action on each resource."""
        role = self._role(str(call.parameters["PolicySourceArn"]).partition(":role/")[2])
        resources = call.parameters.get("ResourceArns") or ["*"]
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": "allowed" if role.allows(action, resource) else "implicitDeny",
                }
                for action in call.parameters["ActionNames"]
                for resource in resources
            ],
            "IsTruncated": False,
        }

    def _role(self, name: str) -> Role:
        found = next((role for its_name, role in self._roles() if its_name == name), None)
        if found is None:
            raise ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        return found

    def _roles(self) -> list[tuple[str, Role]]:
        functions = self.world.model(LambdaFunctions).deployed.values()
        machines = self.world.model(StepFunctions).machines.items()
        targets = [rule.target for rule in self.world.model(Events).rules.values()]
        return [
            *((f"{each.region}/{each.role.name}", each.role) for each in functions),
            *((f"{arn.split(':')[3]}/{role.name}", role) for arn, (_, role) in machines),
            *self.deployed.items(),
            *((to.role_name, Role(to.role_name, to.statements)) for to in targets if isinstance(to, BusTarget)),
        ]
