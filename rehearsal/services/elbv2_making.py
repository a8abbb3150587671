"""The part of the embedded ELB that makes and deletes: target groups, load balancers and their listeners.

The traps are: a new load balancer is `provisioning` for minutes, and no target of it grows healthy before it is active;
one that is deleted shows no more at once, but its target group stays in use for some seconds and its network interfaces
stay in the subnets for minutes; a deletion of what is not there is no error. Answers and errors: botocore's model of
ELBv2. That a load balancer takes two to four minutes is what deployments show; the other times are estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from rehearsal.access import also_needs
from rehearsal.service import Spread, operation
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_interfaces import Interface
from rehearsal.services.elbv2_answers import say_load_balancer, say_target_group
from rehearsal.services.elbv2_listeners import Listeners
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

if TYPE_CHECKING:
    from rehearsal.services.elbv2 import LoadBalancer, TargetGroup

PROVISIONING = Spread(90.0, 150.0, 240.0)
LETTING_GO = Spread(1.0, 5.0, 30.0)
"""From the deletion of a load balancer until its target group is no longer in use."""
LINGERING = Spread(60.0, 180.0, 600.0)
"""From the deletion of a load balancer until its network interfaces are gone."""
_ZONES = 2
_COMPARED = ("Scheme", "Subnets", "SecurityGroups")


class Making(Listeners):
    """Target groups, load balancers and listeners, as calls make them."""

    world: World
    random: Random
    target_groups: list[TargetGroup]
    on_made: list[Callable[[LoadBalancer], None]]
    add_target_group: Callable[..., TargetGroup]

    @operation("CreateTargetGroup")
    def create_target_group(self, call: Call) -> Mapping[str, Any]:
        """A group of addresses or instances; one of the same name and settings is given back."""
        asked = {key: value for key, value in call.parameters.items() if key not in ("Name", "Tags")}
        name = str(call.parameters["Name"])
        there = next((g for g in self.target_groups if (g.region, g.name) == (call.region, name)), None)
        if there is not None:
            if there.settings != asked:
                said = f"A target group with the same name '{name}' exists, but with different settings"
                raise ServiceError("DuplicateTargetGroupName", said)
            return {"TargetGroups": [say_target_group(there)]}
        if asked.get("TargetType") not in ("ip", "instance") or asked.get("Protocol") not in ("HTTP", "HTTPS"):
            raise NotModelled(call)
        if not asked.get("VpcId"):
            raise ServiceError("ValidationError", "A VPC ID must be specified")
        of_type = {"port": int(asked["Port"]), "target_type": asked["TargetType"]}
        made: TargetGroup = self.add_target_group(call.region, name, **of_type)
        made.checks = replace(
            made.checks,
            interval_seconds=float(asked.get("HealthCheckIntervalSeconds", 30)),
            healthy_threshold=int(asked.get("HealthyThresholdCount", 5)),
            unhealthy_threshold=int(asked.get("UnhealthyThresholdCount", 2)),
            path=str(asked.get("HealthCheckPath", "/")),
        )
        made.settings, made.tags = asked, self._tags_of(call, made.arn)
        return {"TargetGroups": [say_target_group(made)]}

    @operation("CreateLoadBalancer")
    def create_load_balancer(self, call: Call) -> Mapping[str, Any]:
        """An application load balancer, active some minutes from now; one of the same settings is given back."""
        asked, name = call.parameters, str(call.parameters["Name"])
        if asked.get("Type", "application") != "application":
            raise NotModelled(call)
        there = next((b for b in self.load_balancers if (b.region, b.name) == (call.region, name)), None)
        if there is not None:
            settings = (there.scheme, list(there.subnets), list(there.security_groups))
            if settings != tuple(asked.get(key) for key in _COMPARED):
                said = f"A load balancer with the same name '{name}' exists, but with different settings"
                raise ServiceError("DuplicateLoadBalancerName", said)
            return {"LoadBalancers": [say_load_balancer(there)]}
        self._must_have_room(call)
        made = self.add_load_balancer(call.region, name)
        made.state, made.scheme = "provisioning", str(asked.get("Scheme", "internet-facing"))
        made.subnets, made.security_groups = tuple(asked["Subnets"]), tuple(asked.get("SecurityGroups", ()))
        made.tags = self._tags_of(call, made.arn)
        ec2, described = self.world.model(Ec2), f"ELB {made.arn.partition(':loadbalancer/')[2]}"
        ec2.interfaces += [Interface(call.region, subnet, described) for subnet in made.subnets]
        seconds = PROVISIONING.draw(self.random)
        self.world.begin_effect(made.arn, seconds)
        self._after(seconds, made, made.activate)
        for hear in self.on_made:
            hear(made)
        return {"LoadBalancers": [say_load_balancer(made)]}

    @operation("CreateListener")
    def create_listener(self, call: Call) -> Mapping[str, Any]:
        """A listener that forwards to one target group, which its load balancer uses from now on."""
        asked, port = call.parameters, int(call.parameters["Port"])
        balancer = self._balancer(call)
        if balancer is None:
            raise ServiceError("LoadBalancerNotFound", f"Load balancer '{asked['LoadBalancerArn']}' not found")
        if any(each.balancer is balancer and each.port == port for each in self.listeners):
            raise ServiceError("DuplicateListener", "A listener already exists on this port for this load balancer")
        actions = asked["DefaultActions"]
        if [action["Type"] for action in actions] != ["forward"] or "TargetGroupArn" not in actions[0]:
            raise NotModelled(call)
        group = next((g for g in self.target_groups if g.arn == actions[0]["TargetGroupArn"]), None)
        if group is None:
            raise ServiceError("TargetGroupNotFound", f"Target groups '{actions[0]['TargetGroupArn']}' not found")
        if group.load_balancer not in (None, balancer):
            said = f"The following target groups cannot be associated with more than one load balancer: {group.arn}"
            raise ServiceError("TargetGroupAssociationLimit", said)
        certificates = [str(each["CertificateArn"]) for each in asked.get("Certificates", ())]
        if asked["Protocol"] == "HTTPS" and not certificates:
            raise ServiceError("ValidationError", "A certificate must be specified for HTTPS listeners")
        made = self.add_listener(balancer, port)
        made.protocol, made.certificates = str(asked["Protocol"]), certificates
        made.rules[0].action = dict(actions[0])
        group.load_balancer = balancer
        return {"Listeners": [{"ListenerArn": made.arn, "LoadBalancerArn": balancer.arn, "Port": port}]}

    @operation("DeleteLoadBalancer")
    def delete_load_balancer(self, call: Call) -> Mapping[str, Any]:
        """Delete a load balancer with its listeners; one that is not there is as good."""
        balancer = self._balancer(call)
        if balancer is None:
            return {}
        self.load_balancers.remove(balancer)
        self.listeners[:] = [each for each in self.listeners if each.balancer is not balancer]
        for group in [g for g in self.target_groups if g.load_balancer is balancer]:
            self._after(LETTING_GO.draw(self.random), balancer, group.leave_balancer)
        ec2, described = self.world.model(Ec2), f"ELB {balancer.arn.partition(':loadbalancer/')[2]}"
        mine = [each for each in ec2.interfaces if (each.region, each.description) == (call.region, described)]
        self._after(LINGERING.draw(self.random), balancer, lambda: ec2.forget_interfaces(mine))
        return {}

    @operation("DeleteTargetGroup")
    def delete_target_group(self, call: Call) -> Mapping[str, Any]:
        """Delete a target group that no load balancer uses; one that is not there is as good."""
        arn = str(call.parameters["TargetGroupArn"])
        group = next((g for g in self.target_groups if (g.region, g.arn) == (call.region, arn)), None)
        if group is not None and group.load_balancer is not None:
            raise ServiceError("ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule")
        if group is not None:
            self.target_groups.remove(group)
        return {}

    @operation("DescribeTags")
    def describe_tags(self, call: Call) -> Mapping[str, Any]:
        """The tags of load balancers, target groups and rules; listeners have none here."""
        said = []
        for arn in map(str, call.parameters["ResourceArns"]):
            tags = [{"Key": key, "Value": value} for key, value in self._tags_at(call, arn).items()]
            said.append({"ResourceArn": arn, "Tags": tags})
        return {"TagDescriptions": said}

    def _tags_at(self, call: Call, arn: str) -> dict[str, str]:
        kind = arn.split(":")[5].split("/", maxsplit=1)[0]
        named: dict[str, tuple[str, list[Any]]] = {
            "loadbalancer": ("LoadBalancerNotFound", self.load_balancers),
            "targetgroup": ("TargetGroupNotFound", self.target_groups),
        }
        if kind not in named:
            return self._rule(call, arn)[1].tags
        code, things = named[kind]
        found = next((each for each in things if (each.region, each.arn) == (call.region, arn)), None)
        if found is None:
            raise ServiceError(code, f"'{arn}' not found")
        tags: dict[str, str] = found.tags
        return tags

    def _must_have_room(self, call: Call) -> None:
        ec2, asked = self.world.model(Ec2), call.parameters
        zones = {s.id: s.zone for s in ec2.subnets if s.region == call.region}
        missing = [each for each in asked.get("Subnets", ()) if each not in zones]
        if missing:
            raise ServiceError("SubnetNotFound", f"The subnet ID '{missing[0]}' does not exist")
        if len({zones[each] for each in asked.get("Subnets", ())}) < _ZONES:
            said = "At least two subnets in two different Availability Zones must be specified"
            raise ServiceError("ValidationError", said)
        unknown = [each for each in asked.get("SecurityGroups", ()) if not ec2.has_group(call.region, each)]
        if unknown:
            raise ServiceError("InvalidSecurityGroup", f"Security group '{unknown[0]}' does not exist")

    def _balancer(self, call: Call) -> LoadBalancer | None:
        arn = call.parameters["LoadBalancerArn"]
        return next((b for b in self.load_balancers if (b.region, b.arn) == (call.region, arn)), None)

    def _tags_of(self, call: Call, arn: str) -> dict[str, str]:
        tags = {tag["Key"]: tag.get("Value", "") for tag in call.parameters.get("Tags", ())}
        if tags:
            also_needs("elasticloadbalancing:AddTags", arn)
        return tags

    def _after(self, seconds: float, balancer: LoadBalancer, work: Callable[[], None]) -> None:
        self.world.time.spawn(work, name=f"load balancer {balancer.name}", delay_seconds=seconds)
