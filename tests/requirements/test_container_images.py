"""Images: the same digest under the same tag in both regions, and a rule that keeps it so."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.domain.requirement import Severity
from pilotlight.requirements.container_images import KIND, ContainerImagesParams
from rehearsal.services.ecr import Ecr
from tests.requirements.looking import furnish, look, worst
from tests.steps.conftest import PLACE, Bench

SEVEN = (
    "auth-service",
    "team-service",
    "project-service",
    "ai-service",
    "support-service",
    "infra-bot",
    "slack-monitoring-bot",
)


def params(**changes: Any) -> ContainerImagesParams:
    return ContainerImagesParams.model_validate({"repositories": SEVEN} | changes)


@pytest.fixture
def ecr(bench: Bench) -> Ecr:
    furnish(bench, KIND, params())
    return bench.aws.service(Ecr)


def test_seven_repositories_that_are_alike_are_fine(bench: Bench, ecr: Ecr) -> None:
    found = look(bench, KIND, params())

    assert len(found) == 8
    assert worst(found).severity is Severity.FINE


def test_what_stood_before_the_rule_is_missing(bench: Bench, ecr: Ecr) -> None:
    # Replication is not retroactive: there is a rule, and no repository.
    ecr.repositories = [r for r in ecr.repositories if (r.region, r.name) != (PLACE.standby, "infra-bot")]

    finding = worst(look(bench, KIND, params()))

    assert finding.severity is Severity.ERROR
    assert finding.sentence.startswith("Image infra-bot:latest of ap-northeast-2 is missing in ap-northeast-1, sha256:")
    assert "pull it" in finding.fix.lower()


def test_a_tag_that_moved_in_the_primary_alone_is_said_with_both_digests(bench: Bench, ecr: Ecr) -> None:
    pushed = ecr.push(PLACE.primary, "ai-service", "latest", "the second")

    finding = worst(look(bench, KIND, params()))

    assert "The tag latest of ai-service names sha256:" in finding.sentence
    assert f"{pushed.digest[:19]} in ap-northeast-2" in finding.sentence


def test_an_image_that_arrived_without_its_tag_is_not_enough(bench: Bench, ecr: Ecr) -> None:
    (repository,) = [r for r in ecr.repositories if (r.region, r.name) == (PLACE.standby, "ai-service")]
    repository.images[0].tags.clear()

    assert "names nothing in ap-northeast-1" in worst(look(bench, KIND, params())).sentence


def test_an_archived_image_cannot_be_pulled(bench: Bench, ecr: Ecr) -> None:
    (repository,) = [r for r in ecr.repositories if (r.region, r.name) == (PLACE.standby, "ai-service")]
    repository.images[0].status = "ARCHIVED"

    assert "is ARCHIVED, and cannot be pulled" in worst(look(bench, KIND, params())).sentence


def test_a_tag_that_is_not_even_in_the_primary_is_a_wrong_plan(bench: Bench, ecr: Ecr) -> None:
    finding = worst(look(bench, KIND, params(tag="prod")))

    assert finding.sentence == "There is no image auth-service:prod in ap-northeast-2."


def test_repositories_that_no_rule_names_are_told(bench: Bench, ecr: Ecr) -> None:
    ecr.rules.clear()
    ecr.replicate(PLACE.primary, PLACE.standby, "auth-", "team-", "project-", "ai-", "support-")

    finding = worst(look(bench, KIND, params()))

    assert finding.code == "image-replication"
    assert "replicates infra-bot, slack-monitoring-bot to ap-northeast-1" in finding.sentence


def test_a_rule_to_another_region_is_none(bench: Bench, ecr: Ecr) -> None:
    ecr.rules.clear()
    ecr.replicate(PLACE.primary, "eu-west-1")

    assert worst(look(bench, KIND, params())).code == "image-replication"


def test_a_primary_that_does_not_answer_is_a_warning(bench: Bench, ecr: Ecr) -> None:
    bench.world.darken(PLACE.primary)

    found = look(bench, KIND, params())

    assert {finding.severity for finding in found} == {Severity.WARNING}
    assert "was not compared" in found[0].sentence


def test_an_image_that_is_missing_is_an_error_though_the_primary_does_not_answer(bench: Bench, ecr: Ecr) -> None:
    ecr.repositories = [r for r in ecr.repositories if (r.region, r.name) != (PLACE.standby, "infra-bot")]
    bench.world.darken(PLACE.primary)

    assert worst(look(bench, KIND, params())).severity is Severity.ERROR
