"""Copying an Auto Scaling group for a drill: whole lives of a copy on the embedded AWS, and what it is refused for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape
from pydantic import ValidationError

from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import CannotUndo, Failed, NotYet, Receipt, Severity
from pilotlight.estate.autoscaling.copy_operations import REFUSALS
from pilotlight.estate.autoscaling.copy_specification import KEPT
from pilotlight.steps.copy_auto_scaling_group import KIND
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.autoscaling_groups import AutoScalingGroup
from rehearsal.services.ec2 import EVERYWHERE
from rehearsal.services.ec2_launching import LaunchTemplate
from rehearsal.services.iam import Iam
from tests.builders import ISOLATION
from tests.conventions.test_kinds import examples
from tests.steps.conftest import PLACE
from tests.steps.drilled import CopyInADrill, before_a_drill, params_of

TOKYO = PLACE.standby
NAME, ORIGINAL, BEHIND = "megaticket-drill-app", "MegaTicket-DR-App-ASG", "MegaTicket-DR-App-TG"
DRILL = replace(PLACE, application="megaticket-drill")
EXAMPLE: dict[str, Any] = examples(KIND)[0]["params"]
PROFILE, ROLE = EXAMPLE["instance_profile"], EXAMPLE["instance_role"]
WALL, FRONT = "sg-0d1e2f3a4b5c60730", "sg-0d1e2f3a4b5c60732"
OF_RUN = {"pilotlight:application": "megaticket-drill", "pilotlight:run": "fileflow-e1"}
OF_EARLIER = OF_RUN | {"pilotlight:run": "fileflow-e0"}
USER_DATA = "#!/bin/bash\nexport DR_RECOVERY_MODE=true\n"
METADATA = {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
OTHER = {
    "MetadataOptions": {**METADATA, "State": "applied"},
    "SecurityGroupIds": ["sg-0d1e2f3a4b5c60001"],
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "DeleteOnTermination": False}}],
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Backup", "Value": "daily"}]}],
    "DisableApiTermination": True,
    "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
}


INVALID = "You must use a valid fully-formed launch template."
GONE = "The security group 'sg-0d1e2f3a4b5c60730' does not exist"


params = partial(params_of, KIND)


class Drill(CopyInADrill):
    """The standby of MegaTicket as it stands before a drill."""

    kind = KIND

    @property
    def groups(self) -> dict[str, AutoScalingGroup]:
        return {group.name: group for group in self.bench.aws.service(AutoScaling).groups}

    @property
    def templates(self) -> dict[str, LaunchTemplate]:
        return {template.name: template for template in self.ec2.templates}

    def change_template(self, **changes: Any) -> None:
        """The original's launch template gets a newer version."""
        template = self.templates[f"{ORIGINAL}-lt"]
        latest = template.versions[-1]
        template.versions.append(replace(latest, number=latest.number + 1, **changes))

    def readiness(self) -> dict[str, str]:
        found = self.bench.inside(lambda: KIND.readiness(params(), self.context()))
        return {finding.code: finding.sentence for finding in found if finding.severity is not Severity.FINE}


@pytest.fixture
def drill() -> Iterator[Drill]:
    with before_a_drill(KIND, DRILL) as bench:
        made = Drill(bench)
        made.ec2.images[-1].devices = {"/dev/xvda": True, "/dev/sdf": False}
        made.change_template(user_data=USER_DATA, profile="megaticket-instance", other=OTHER)
        yield made


def test_a_copy_runs_behind_a_load_balancer_of_its_own(drill: Drill) -> None:
    state = drill.live()

    assert state.status is StepStatus.SETTLED, state.reason
    host = next(b.dns_name for b in drill.balancing.load_balancers if b.name == NAME)
    assert state.outputs == {"in_service": "2", "host": host}
    assert state.reason == f"Group {NAME} has 2 instances in service, healthy in {NAME}, behind {host}."
    assert drill.balancing.healthy_behind(host) == 2
    original, copy = drill.groups[ORIGINAL], drill.groups[NAME]
    assert (original.desired, original.instances, drill.target_group(BEHIND).targets) == (0, [], [])
    assert (copy.minimum, copy.maximum, copy.desired) == (2, 2, 2)
    assert [subnet.id for subnet in copy.subnets] == EXAMPLE["subnets"]
    assert {key: value for key, (value, _) in copy.tags.items()} == OF_RUN


def test_a_copy_is_launched_as_the_newest_version_but_for_what_a_drill_changes(drill: Drill) -> None:
    drill.live()

    original, copy = drill.templates[f"{ORIGINAL}-lt"].versions[-1], drill.templates[NAME]
    (version,) = copy.versions
    assert drill.groups[NAME].template == (copy.id, NAME, "1")
    assert (version.image, version.instance_type, version.user_data) == (original.image, "t2.small", USER_DATA)
    assert version.profile == PROFILE
    tags = [{"Key": key, "Value": value} for key, value in OF_RUN.items()]
    assert version.other == {
        "MetadataOptions": METADATA,
        "SecurityGroupIds": [WALL],
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "DeleteOnTermination": True}},
            {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}},
        ],
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
        "CapacityReservationSpecification": {"CapacityReservationPreference": "none"},
    }
    assert copy.tags == OF_RUN


def test_its_target_group_and_listener_are_as_the_originals(drill: Drill) -> None:
    drill.live()

    original, copy = drill.target_group(BEHIND), drill.target_group(NAME)
    assert (copy.port, copy.target_type, copy.checks.path) == (original.port, "instance", original.checks.path)
    (listener,) = drill.balancing.listeners_of(TOKYO, NAME)
    assert (listener.port, listener.protocol, listener.balancer.scheme) == (443, "HTTPS", "internal")
    assert listener.balancer.security_groups == (FRONT,)


def test_public_addresses_are_given_by_an_interface_within_the_walls(drill: Drill) -> None:
    theirs = [{"DeviceIndex": 0, "Groups": ["sg-0d1e2f3a4b5c60001"], "AssociatePublicIpAddress": True}]
    drill.change_template(other={"NetworkInterfaces": theirs})

    state = drill.live()

    assert state.status is StepStatus.SETTLED, state.reason
    (interface,) = drill.templates[NAME].versions[0].other["NetworkInterfaces"]
    assert (interface["Groups"], interface["AssociatePublicIpAddress"]) == ([WALL], True)


def test_whatever_a_launch_template_can_say_is_kept_or_replaced() -> None:
    """What EC2 learns to say of an instance one day is looked at by a person before a drill copies it."""
    said = botocore.session.get_session().get_service_model("ec2").shape_for("RequestLaunchTemplateData")
    replaced = {
        "BlockDeviceMappings", "CapacityReservationSpecification", "IamInstanceProfile", "NetworkInterfaces",
        "SecurityGroupIds", "SecurityGroups", "TagSpecifications", "DisableApiTermination", "DisableApiStop",
        "Operator", "SecondaryInterfaces",
    }  # fmt: skip

    assert isinstance(said, StructureShape)
    assert {*said.members} == {*KEPT} | replaced


def test_a_whole_life_stays_within_its_permissions(drill: Drill) -> None:
    role = CURRENT_ROLE.set(Role("step", KIND.statements(params(), DRILL)))

    found = drill.readiness()
    state = drill.live()
    drill.clear_away()

    CURRENT_ROLE.reset(role)
    assert (found, state.status) == ({}, StepStatus.SETTLED), state.reason
    assert "AccessDenied" not in {line.error for line in drill.bench.world.trace}


@pytest.mark.parametrize(
    ("lacking", "on"),
    [("iam:PassRole", ROLE), ("ec2:RunInstances", "launch-template/"), ("ec2:CreateTags", "instance/")],
)
def test_auto_scaling_refuses_who_may_not_launch(drill: Drill, lacking: str, on: str) -> None:
    allowed = tuple(s for s in KIND.statements(params(), DRILL) if lacking not in s.actions)
    role = CURRENT_ROLE.set(Role("step", (*allowed, *_for_templates(lacking))))

    state = drill.live()

    CURRENT_ROLE.reset(role)
    assert state.status is StepStatus.FAILED
    assert f"is not authorized to perform: {lacking} on resource: " in state.reason
    assert on in state.reason
    assert NAME not in drill.groups


def _for_templates(lacking: str) -> tuple[Any, ...]:
    """What of a taken permission is for making and deleting the template itself."""
    kept = [s for s in KIND.statements(params(), DRILL) if lacking in s.actions and s.actions[0] != lacking]
    of_template = [s for s in KIND.statements(params(), DRILL) if s.actions == ("ec2:CreateTags",)][:1]
    without = [replace(s, actions=tuple(a for a in s.actions if a != lacking)) for s in kept]
    return (*without, *(of_template if lacking == "ec2:CreateTags" else ()))


def test_a_profile_that_holds_another_role_passes_nobody(drill: Drill) -> None:
    drill.bench.aws.service(Iam).profiles[PROFILE] = ("arn:aws:iam::123456789012:role/megaticket-instance",)
    role = CURRENT_ROLE.set(Role("step", KIND.statements(params(), DRILL)))

    found, state = drill.readiness(), drill.live()

    CURRENT_ROLE.reset(role)
    assert found == {
        "profile-unfit": f"Instance profile {PROFILE} holds arn:aws:iam::123456789012:role/megaticket-instance, "
        f"and not {ROLE}."
    }
    assert state.status is StepStatus.FAILED
    assert "iam:PassRole on resource: arn:aws:iam::123456789012:role/megaticket-instance" in state.reason


def test_walls_that_are_gone_are_not_waited_for(drill: Drill) -> None:
    drill.refuse_once("autoscaling", "CreateAutoScalingGroup", "ValidationError", f"{INVALID} {GONE}")

    state = drill.live()

    assert state.status is StepStatus.FAILED
    assert state.reason.endswith(f"because AWS refuses it: {INVALID} {GONE}")


def test_a_missing_profile_is_found_and_refused(drill: Drill) -> None:
    del drill.bench.aws.service(Iam).profiles[PROFILE]

    found, state = drill.readiness(), drill.live()

    assert found == {"profile-missing": f"Instance profile {PROFILE} of the copy is not there."}
    assert state.status is StepStatus.FAILED
    assert state.reason == (
        f"Copy {NAME} cannot be made in {TOKYO}, because AWS refuses it: You must use a valid fully-formed launch "
        f"template. Value ({PROFILE}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile "
        "name"
    )


def test_a_copy_is_deleted_in_turns_until_nothing_of_it_stands(drill: Drill) -> None:
    drill.live()

    first = drill.remains()
    said = drill.clear_away()

    assert first is not None
    assert (first.run_id, f"Auto Scaling group {NAME} (2 InService)" in first.sentence) == ("fileflow-e1", True)
    assert said[0] == (
        f"Of copy {NAME}, group {NAME} is deleted with its instances, load balancer {NAME} is deleted, "
        f"launch template {NAME} is deleted."
    )
    assert any("waits for the load balancer's network interfaces to go" in each for each in said)
    assert (list(drill.groups), list(drill.templates)) == ([ORIGINAL], [f"{ORIGINAL}-lt"])
    assert drill.ec2.interfaces == []
    assert drill.ec2.limits_of(TOKYO).running == 0
    assert [b.name for b in drill.balancing.load_balancers] == [f"{ORIGINAL}-alb"]
    assert [g.name for g in drill.balancing.target_groups] == [BEHIND]


def test_the_next_drill_takes_the_same_names(drill: Drill) -> None:
    drill.live()
    drill.clear_away()

    assert drill.live().status is StepStatus.SETTLED


def test_a_name_that_is_still_being_deleted_is_waited_for(drill: Drill) -> None:
    drill.live()
    drill.undo()

    said = f"Group {NAME} of before is still being deleted, so its name is not free yet."
    assert drill.execute() == NotYet(said)


@pytest.mark.parametrize(
    "operation",
    ["CreateTargetGroup", "CreateLoadBalancer", "CreateListener", "CreateLaunchTemplate", "CreateAutoScalingGroup"],
)
def test_a_lost_answer_is_looked_for_and_nothing_is_made_twice(drill: Drill, operation: str) -> None:
    drill.bench.lose_answers(operation)

    state = drill.live()

    assert state.status is StepStatus.SETTLED, state.reason
    made = [write.split(":")[1] for write in drill.bench.writes()]
    assert sorted(made) == sorted(set(made))


def test_a_turn_that_dies_half_way_leaves_what_a_drill_finds_and_undoes(drill: Drill) -> None:
    drill.bench.lose_answers("CreateLaunchTemplate")
    with pytest.raises(Exception, match="CreateLaunchTemplate"):
        drill.execute()

    found = drill.remains()
    drill.clear_away()

    assert found is not None
    assert found.run_id == "fileflow-e1"
    assert list(drill.templates) == [f"{ORIGINAL}-lt"]
    assert [b.name for b in drill.balancing.load_balancers] == [f"{ORIGINAL}-alb"]


@pytest.mark.parametrize("operation", ["DeleteAutoScalingGroup", "DeleteLaunchTemplate"])
def test_a_deletion_whose_answer_is_lost_is_done_all_the_same(drill: Drill, operation: str) -> None:
    drill.live()
    drill.bench.lose_answers(operation)
    with pytest.raises(Exception, match=operation):
        drill.undo()

    drill.clear_away()

    assert (list(drill.groups), list(drill.templates)) == ([ORIGINAL], [f"{ORIGINAL}-lt"])


def test_nothing_is_made_where_the_walls_are_open(drill: Drill) -> None:
    drill.ec2.group(TOKYO, WALL).egress = [EVERYWHERE]

    found, state = drill.readiness(), drill.live()

    leak = f"{WALL} lets out everything to 0.0.0.0/0"
    said = f"Copy {NAME} is not walled in, because {leak}, which the plan does not allow."
    assert found == {"not-isolated": said}
    assert (state.status, state.reason) == (StepStatus.FAILED, said)
    assert drill.bench.writes() == []


def test_walls_that_are_opened_while_the_instances_start_end_the_step(drill: Drill) -> None:
    def open_up() -> None:
        drill.ec2.group(TOKYO, WALL).egress = [EVERYWHERE]

    drill.bench.world.time.spawn(open_up, name="somebody", delay_seconds=60)

    state = drill.live()

    assert state.status is StepStatus.FAILED
    assert "is not walled in" in state.reason


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"profile": PROFILE}, f"the original has the profile {PROFILE} too, which may write to production"),
        ({"image": "resolve:ssm:/images/app"}, "its launch template takes its image from resolve:ssm:/images/app"),
        ({"image": ""}, "its launch template has no image"),
        ({"image": "ami-0123456789abcdef0"}, f"its image ami-0123456789abcdef0 is not in {TOKYO}"),
        ({"other": {"SecurityGroupIds": [WALL]}}, f"its instances stand in {WALL} themselves"),
        ({"other": {"NetworkInterfaces": [{"Groups": [WALL]}]}}, f"its instances stand in {WALL} themselves"),
        (
            {"other": {"NetworkInterfaces": [{"NetworkInterfaceId": "eni-0123456789abcdef0"}]}},
            "its instances take the network interface eni-0123456789abcdef0, of which there is one",
        ),
    ],
)
def test_what_cannot_be_copied_safely_is_refused(drill: Drill, changes: dict[str, Any], because: str) -> None:
    drill.change_template(**changes)

    found, failed = drill.readiness(), drill.execute()

    assert isinstance(failed, Failed)
    assert failed.reason.startswith(f"Group {ORIGINAL} cannot be copied for the drill, because {because}")
    assert found == {"original-unfit": failed.reason}
    assert drill.bench.writes() == []


def test_a_group_that_is_not_there_is_refused(drill: Drill) -> None:
    failed = drill.execute(group="MegaTicket-DR-Other-ASG")

    assert isinstance(failed, Failed)
    assert "it is not there in the standby" in failed.reason


def test_one_of_several_target_groups_has_to_be_named(drill: Drill) -> None:
    other = drill.balancing.add_target_group(TOKYO, "MegaTicket-DR-Api-TG", target_type="instance")
    drill.groups[ORIGINAL].groups += (other,)

    failed = drill.execute(target_group=None)

    assert isinstance(failed, Failed)
    assert "it stands behind 2 target groups" in failed.reason
    assert isinstance(drill.execute(), Receipt)


def test_targets_that_are_addresses_are_refused(drill: Drill) -> None:
    drill.target_group(BEHIND).target_type = "ip"

    failed = drill.execute()

    assert isinstance(failed, Failed)
    assert "its target group takes HTTP for targets of type ip" in failed.reason


@pytest.mark.parametrize("tags", [{}, {"pilotlight:application": "orders-drill"}])
def test_what_somebody_else_made_is_neither_taken_nor_deleted(drill: Drill, tags: dict[str, str]) -> None:
    theirs = drill.ec2.add_template(TOKYO, NAME, drill.ec2.images[-1])
    theirs.tags = tags

    failed, remains, undone = drill.execute(), drill.remains(), drill.undo()

    assert isinstance(failed, Failed)
    assert f"there is launch template {NAME} of that name" in failed.reason
    assert remains is not None
    assert remains.run_id == ""
    assert isinstance(undone, CannotUndo)
    assert theirs in drill.ec2.templates


def test_a_group_of_somebody_else_keeps_its_launch_template(drill: Drill) -> None:
    mine = drill.ec2.add_template(TOKYO, NAME, drill.ec2.images[-1])
    mine.tags = dict(OF_RUN)
    drill.bench.aws.service(AutoScaling).add_group(TOKYO, NAME, mine, drill.groups[ORIGINAL].subnets)

    undone = drill.undo()

    assert isinstance(undone, CannotUndo)
    assert f"Auto Scaling group {NAME} (without instances) bears no tag pilotlight:application" in undone.sentence
    assert mine in drill.ec2.templates


def test_what_an_earlier_drill_left_is_cleared_away_first(drill: Drill) -> None:
    drill.ec2.add_template(TOKYO, NAME, drill.ec2.images[-1]).tags = dict(OF_EARLIER)

    failed, remains = drill.execute(), drill.remains()
    drill.clear_away()

    assert isinstance(failed, Failed)
    assert "is marked as megaticket-drill's, of run fileflow-e0" in failed.reason
    assert remains is not None
    assert remains.run_id == "fileflow-e0"
    assert isinstance(drill.execute(), Receipt)


def test_a_group_that_is_given_another_template_ends_the_step(drill: Drill) -> None:
    def tamper() -> None:
        copy = drill.groups[NAME]
        copy.template = (*copy.template[:2], "$Latest")

    drill.bench.world.time.spawn(tamper, name="somebody", delay_seconds=60)

    state = drill.live()

    assert state.status is StepStatus.FAILED
    assert f"Copy {NAME} launches by version $Latest of lt-" in state.reason


def test_a_copy_that_vanishes_is_said_so(drill: Drill) -> None:
    def delete() -> None:
        drill.groups[NAME].delete(lambda: None)

    drill.bench.world.time.spawn(delete, name="somebody", delay_seconds=120)

    state = drill.live()

    assert (state.status, state.reason) == (StepStatus.FAILED, f"Copy {NAME} is gone, and not by this run.")


def test_an_application_that_never_answers_ends_the_step(drill: Drill) -> None:
    def break_down() -> None:
        drill.target_group(NAME).code = 500

    drill.bench.world.time.spawn(break_down, name="the application", delay_seconds=30)

    state = drill.live()

    assert state.status is StepStatus.FAILED
    assert "were replaced as unhealthy" in state.reason
    assert drill.groups[NAME].desired == 2


@pytest.mark.parametrize(
    ("service", "operation", "code", "message"),
    [
        ("autoscaling", "CreateAutoScalingGroup", "AlreadyExists", "AutoScalingGroup by this name already exists"),
        ("autoscaling", "CreateAutoScalingGroup", "ValidationError", "The specified launch template does not exist."),
        ("ec2", "CreateLaunchTemplate", "InvalidLaunchTemplateName.AlreadyExistsException", "already in use"),
        ("elbv2", "CreateLoadBalancer", "DuplicateLoadBalancerName", "exists, but with different settings"),
    ],
)
def test_what_is_not_free_or_not_shown_yet_is_looked_at_again(
    drill: Drill, service: str, operation: str, code: str, message: str
) -> None:
    drill.refuse_once(service, operation, code, message)

    state = drill.live()

    assert any("so it is looked at again" in each.reason for each in drill.bench.states)
    assert state.status is StepStatus.SETTLED


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("autoscaling", "CreateAutoScalingGroup", "LimitExceeded"),
        ("autoscaling", "CreateAutoScalingGroup", "ServiceLinkedRoleFailure"),
        ("elbv2", "CreateTargetGroup", "TooManyTargetGroups"),
    ],
)
def test_a_refusal_that_a_person_must_mend_is_said_in_words(
    drill: Drill, service: str, operation: str, code: str
) -> None:
    drill.refuse_once(service, operation, code, "as the test wants it")

    state = drill.live()

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Copy {NAME} cannot be made in {TOKYO}, because {REFUSALS[code][0]}."
    assert state.fix == REFUSALS[code][1]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"egress": [{"to": "0.0.0.0/0", "ports": [443]}]}, "as good as everywhere"),
        ({"copy_as": "internal-megaticket"}, "may not begin with"),
        ({"copy_as": "a-name-of-more-than-thirty-two-characters"}, "pattern"),
        ({"group": NAME}, "give the copy a name of its own"),
        ({"subnets": ["subnet-0d1e2f3a4b5c60738"]}, "at least 2"),
        ({"instances": 0}, "greater than or equal to 1"),
    ],
)
def test_a_plan_is_refused_that_walls_nothing_in(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        params(**changes)


def test_it_has_no_stand_in_of_its_own() -> None:
    refused = KIND.stand_in(params(), ISOLATION)

    assert isinstance(refused, Refusal)
    assert "name it under the drill's stand-ins" in refused.sentence
