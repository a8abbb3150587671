"""Which image the standby's group launches, and whether it is a copy of what the primary's group launches now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pilotlight.domain.requirement import Finding, Severity
from pilotlight.requirements.image_copied import KIND, ImageCopiedParams
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2_images import Image
from rehearsal.services.ec2_launching import LaunchTemplate
from tests.requirements.looking import furnish, look
from tests.steps.conftest import PLACE, Bench

THEIRS, OURS = "MegaTicket-Web-ASG", "MegaTicket-DR-Web-ASG"
PARAMS = ImageCopiedParams(primary=THEIRS, standby=OURS)


class Groups:
    """Two groups; the standby's launches a copy of what the primary's launches."""

    def __init__(self, bench: Bench) -> None:
        furnish(bench, KIND, PARAMS)
        self.bench, self.ec2, self.scaling = bench, bench.aws.service(Ec2), bench.aws.service(AutoScaling)

    def template(self, region: str, name: str) -> LaunchTemplate:
        group = self.scaling.find(region, name)
        assert group is not None
        return self.ec2.template_of(group.template[0])

    @property
    def golden(self) -> Image:
        return self.image(self.template(PLACE.primary, THEIRS).versions[-1].image)

    @property
    def copy(self) -> Image:
        return self.image(self.template(PLACE.standby, OURS).versions[-1].image)

    def image(self, identity: str) -> Image:
        return next(image for image in self.ec2.images if image.id == identity)

    def launch(self, template: LaunchTemplate, image: Image) -> None:
        """A new version of the template names the image."""
        last = template.versions[-1]
        template.versions.append(replace(last, number=last.number + 1, image=image.id))

    def renew(self) -> Image:
        """The primary has moved on to a new golden image."""
        image = self.ec2.add_image(PLACE.primary, "MegaTicket-Web-GoldenAMI-2")
        self.launch(self.template(PLACE.primary, THEIRS), image)
        return image

    def look(self, tag: str | None = None) -> Finding:
        (finding,) = look(self.bench, KIND, PARAMS.model_copy(update={"tag": tag}))
        return finding


@pytest.fixture
def groups(bench: Bench) -> Groups:
    return Groups(bench)


def test_a_copy_of_the_image_that_the_primary_launches_is_fine(groups: Groups) -> None:
    finding = groups.look()

    assert (finding.severity, finding.code) == (Severity.FINE, "image-copied")
    assert f"it is the copy of {groups.golden.id}" in finding.sentence


def test_a_primary_that_moved_on_leaves_the_copy_old(groups: Groups) -> None:
    old, new = groups.golden, groups.renew()

    finding = groups.look()

    assert (finding.severity, finding.code) == (Severity.ERROR, "image-old")
    assert f"it is a copy of {old.id}, and {THEIRS} launches {new.id} (MegaTicket-Web-GoldenAMI-2) by now" in (
        finding.sentence
    )
    assert (
        f"aws ec2 copy-image --region ap-northeast-1 --source-region ap-northeast-2 --source-image-id {new.id}"
        in finding.fix
    )


def test_a_copy_that_no_version_names_is_said_with_its_id(groups: Groups) -> None:
    copy = groups.ec2.add_image(PLACE.standby, "MegaTicket-Web-GoldenAMI-DR", copied_from=groups.renew())

    finding = groups.look()

    assert (finding.severity, finding.code) == (Severity.ERROR, "copy-unused")
    assert finding.fix == f"Name {copy.id} in a new version of the launch template."


def test_of_several_copies_the_newest_is_named(groups: Groups) -> None:
    golden = groups.renew()
    groups.ec2.add_image(PLACE.standby, copied_from=golden)
    groups.bench.world.time.sleep(60)
    newest = groups.ec2.add_image(PLACE.standby, copied_from=golden)
    groups.bench.world.time.sleep(60)
    groups.ec2.add_image(PLACE.standby, copied_from=golden).state = "failed"

    assert groups.look().fix.startswith(f"Name {newest.id} in")


def test_once_the_latest_version_names_the_copy_it_is_fine(groups: Groups) -> None:
    copy = groups.ec2.add_image(PLACE.standby, copied_from=groups.renew())
    groups.launch(groups.template(PLACE.standby, OURS), copy)

    assert groups.look().severity is Severity.FINE


def test_a_copy_that_is_under_way_is_waited_for(groups: Groups) -> None:
    groups.copy.state = "pending"

    finding = groups.look()

    assert (finding.severity, finding.code) == (Severity.ERROR, "image-unavailable")
    assert "is pending still" in finding.sentence


def test_an_image_that_is_not_in_the_standby_is_said_with_the_command_that_copies_it(groups: Groups) -> None:
    """The likeliest slip: the id of the primary's image in the standby's launch template."""
    groups.launch(groups.template(PLACE.standby, OURS), groups.golden)

    finding = groups.look()

    assert (finding.severity, finding.code) == (Severity.ERROR, "image-missing")
    assert f"--source-image-id {groups.golden.id}" in finding.fix


def test_without_a_source_it_is_not_known_and_a_tag_can_tell(groups: Groups) -> None:
    groups.copy.source = None

    assert (groups.look().severity, groups.look().code) == (Severity.WARNING, "origin-unknown")
    assert groups.look("GoldenAMI").code == "origin-unknown"

    groups.golden.tags["GoldenAMI"] = groups.copy.tags["GoldenAMI"] = "2026-11"
    assert groups.look("GoldenAMI").severity is Severity.FINE

    groups.copy.tags["GoldenAMI"] = "2026-10"
    finding = groups.look("GoldenAMI")
    assert (finding.severity, finding.code) == (Severity.ERROR, "image-old")
    assert "its tag GoldenAMI is 2026-10" in finding.sentence


def test_an_image_that_is_named_by_a_parameter_is_not_known(groups: Groups) -> None:
    template = groups.template(PLACE.standby, OURS)
    template.versions[-1] = replace(template.versions[-1], image="resolve:ssm:/golden/web")

    finding = groups.look()

    assert (finding.severity, finding.code) == (Severity.WARNING, "image-unknown")


def test_a_group_that_is_not_there_is_named_with_its_region(groups: Groups) -> None:
    groups.scaling.groups.clear()

    finding = groups.look()

    assert (finding.severity, finding.sentence) == (
        Severity.ERROR,
        f"There is no Auto Scaling group {THEIRS} in ap-northeast-2.",
    )
