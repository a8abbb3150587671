"""Launch templates as calls make and delete them; `ec2_launching` has what is launched from them.

The traps are: EC2 takes a template that no instance could be launched from; a name is of one template of a region; and
a deletion asks nobody whether a group still uses it. Answers: botocore's model of EC2. Codes: the EC2 API reference.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from random import Random
from typing import Any

from rehearsal.access import also_needs
from rehearsal.service import operation
from rehearsal.services.ec2_launching import LaunchTemplate, TemplateVersion
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

_KNOWN = ("ImageId", "InstanceType", "KeyName", "IamInstanceProfile", "UserData")


class Templates:
    """The part of EC2 that makes launch templates."""

    world: World
    random: Random
    templates: list[LaunchTemplate]

    @operation("DescribeLaunchTemplates")
    def describe_templates(self, call: Call) -> Mapping[str, Any]:
        """The named ones; one unknown name refuses the whole call."""
        names = call.parameters.get("LaunchTemplateNames")
        if not names or set(call.parameters) != {"LaunchTemplateNames"}:
            raise NotModelled(call)
        return {"LaunchTemplates": [self._say(self._by_name(call, name)) for name in names]}

    @operation("CreateLaunchTemplate")
    def create_template(self, call: Call) -> Mapping[str, Any]:
        """A template with one version, whatever that says."""
        asked, name = call.parameters, str(call.parameters["LaunchTemplateName"])
        if any((t.region, t.name) == (call.region, name) for t in self.templates):
            text = f"Launch template name already in use: {name}"
            raise ServiceError("InvalidLaunchTemplateName.AlreadyExistsException", text)
        data = asked["LaunchTemplateData"]
        if data.get("NetworkInterfaces") and data.get("SecurityGroupIds"):
            text = "Network interfaces and an instance-level security groups may not be specified on the same request"
            raise ServiceError("InvalidParameterCombination", text)
        identity = f"lt-{self.random.getrandbits(68):017x}"
        version = TemplateVersion(
            1,
            data.get("ImageId", ""),
            data.get("InstanceType", ""),
            data.get("KeyName"),
            data.get("IamInstanceProfile", {}).get("Name"),
            b64decode(data.get("UserData", "")).decode(),
            {key: value for key, value in data.items() if key not in _KNOWN},
        )
        tags = [tag for each in asked.get("TagSpecifications", ()) for tag in each["Tags"]]
        if tags:
            also_needs("ec2:CreateTags", f"arn:aws:ec2:{call.region}:{self.world.account}:launch-template/{identity}")
        made = LaunchTemplate(call.region, identity, name, [version], tags={t["Key"]: t["Value"] for t in tags})
        self.templates.append(made)
        return {"LaunchTemplate": self._say(made)}

    @operation("DeleteLaunchTemplate")
    def delete_template(self, call: Call) -> Mapping[str, Any]:
        """Delete a template with all its versions, by its id."""
        wanted = call.parameters.get("LaunchTemplateId")
        if not wanted:
            raise NotModelled(call)
        found = next((t for t in self.templates if (t.region, t.id) == (call.region, wanted)), None)
        if found is None:
            text = f"The specified launch template, with template ID {wanted}, does not exist."
            raise ServiceError("InvalidLaunchTemplateId.NotFound", text)
        self.templates.remove(found)
        return {"LaunchTemplate": self._say(found)}

    def _by_name(self, call: Call, name: str) -> LaunchTemplate:
        found = next((t for t in self.templates if (t.region, t.name) == (call.region, name)), None)
        if found is None:
            text = f"At least one of the launch templates specified in the request does not exist: {name}"
            raise ServiceError("InvalidLaunchTemplateName.NotFoundException", text)
        return found

    def _say(self, template: LaunchTemplate) -> dict[str, Any]:
        return {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "DefaultVersionNumber": template.default,
            "LatestVersionNumber": template.versions[-1].number,
            "Tags": [{"Key": key, "Value": value} for key, value in template.tags.items()],
        }
