"""Add-ons of the standby's cluster: active, on their way, degraded, or missing."""

from __future__ import annotations

import pytest

from pilotlight.domain.requirement import Severity
from pilotlight.requirements.cluster_add_on import KIND, AddOnParams
from rehearsal.services.eks import AddOn, Eks
from tests.requirements.looking import furnish, look
from tests.steps.conftest import PLACE, Bench

PARAMS = AddOnParams(cluster="portforge-dr-cluster", add_on="amazon-cloudwatch-observability")
SAID = "Add-on amazon-cloudwatch-observability of portforge-dr-cluster"


@pytest.fixture
def add_on(bench: Bench) -> AddOn:
    furnish(bench, KIND, PARAMS)
    return bench.aws.service(Eks).add_ons[0]


def test_an_active_add_on_is_fine(bench: Bench, add_on: AddOn) -> None:
    (finding,) = look(bench, KIND, PARAMS)

    assert (finding.severity, finding.sentence) == (Severity.FINE, f"{SAID} is ACTIVE in {PLACE.standby}.")


def test_one_that_was_never_installed_is_an_error_that_says_how(bench: Bench) -> None:
    (finding,) = look(bench, KIND, PARAMS)

    assert finding.severity is Severity.ERROR
    assert finding.sentence.startswith(f"{SAID} is not there in {PLACE.standby}")
    assert "aws eks create-addon --cluster-name portforge-dr-cluster" in finding.fix


def test_that_of_the_primarys_cluster_does_not_count(bench: Bench, add_on: AddOn) -> None:
    add_on.cluster.region = PLACE.primary

    (finding,) = look(bench, KIND, PARAMS)

    assert finding.severity is Severity.ERROR


def test_a_degraded_one_is_told_in_the_words_of_eks(bench: Bench, add_on: AddOn) -> None:
    add_on.status, add_on.issues = "DEGRADED", {"InsufficientNumberOfReplicas": "There are no nodes."}

    (finding,) = look(bench, KIND, PARAMS)

    assert finding.severity is Severity.ERROR
    assert "is DEGRADED in" in finding.sentence
    assert "EKS names 'InsufficientNumberOfReplicas: There are no nodes.'" in finding.sentence


@pytest.mark.parametrize(
    ("status", "severity"),
    [
        ("CREATING", Severity.WARNING),
        ("UPDATING", Severity.WARNING),
        ("CREATE_FAILED", Severity.ERROR),
        ("UPDATE_FAILED", Severity.ERROR),
        ("DELETING", Severity.ERROR),
    ],
)
def test_only_what_is_on_its_way_is_waited_for(bench: Bench, add_on: AddOn, status: str, severity: Severity) -> None:
    add_on.status = status

    (finding,) = look(bench, KIND, PARAMS)

    assert finding.severity is severity
