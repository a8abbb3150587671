"""Access to foundation models in the standby: offered, agreed to, allowed, and asked in which way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pilotlight.domain.errors import AwsError
from pilotlight.domain.requirement import Severity
from pilotlight.requirements.model_access import KIND, ModelAccessParams
from rehearsal.services.bedrock import Bedrock, Model
from tests.requirements.looking import furnish, look, worst
from tests.steps.conftest import PLACE, Bench

HAIKU, TITAN = "anthropic.claude-3-haiku-20240307-v1:0", "amazon.titan-embed-text-v2:0"
PARAMS = ModelAccessParams(models=(HAIKU,))


@pytest.fixture
def model(bench: Bench) -> Model:
    furnish(bench, KIND, PARAMS)
    return bench.aws.service(Bedrock).models_there[0]


def test_a_model_that_the_account_may_use_is_fine(bench: Bench, model: Model) -> None:
    (finding,) = look(bench, KIND, PARAMS)

    assert finding.severity is Severity.FINE
    assert finding.sentence == f"The account may use {HAIKU} in ap-northeast-1."


def test_a_model_of_the_primary_alone_is_an_error(bench: Bench) -> None:
    bench.aws.service(Bedrock).add(PLACE.primary, HAIKU)

    (finding,) = look(bench, KIND, PARAMS)

    assert (finding.severity, finding.code) == (Severity.ERROR, "model-missing")
    assert f"Bedrock offers no model {HAIKU} in ap-northeast-1" in finding.sentence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"agreement": "NOT_AVAILABLE"}, f"The agreement on model {HAIKU} in ap-northeast-1 is NOT_AVAILABLE"),
        ({"agreement": "PENDING"}, "is PENDING, so it may not answer"),
        ({"agreement": "ERROR", "complaint": "no card"}, "is ERROR (no card), so it may not answer"),
        ({"authorization": "NOT_AUTHORIZED"}, "The account may not use model"),
        ({"entitlement": "NOT_AVAILABLE"}, "entitlement NOT_AVAILABLE"),
        ({"availability": "NOT_AVAILABLE"}, f"Model {HAIKU} is not available in ap-northeast-1"),
    ],
)
def test_what_keeps_the_account_from_it_is_an_error(
    bench: Bench, model: Model, changes: dict[str, Any], said: str
) -> None:
    for name, value in changes.items():
        setattr(model, name, value)

    finding = worst(look(bench, KIND, PARAMS))

    assert (finding.severity, finding.code) == (Severity.ERROR, "model-access")
    assert said in finding.sentence
    assert finding.fix


def test_each_model_is_looked_at_for_itself(bench: Bench, model: Model) -> None:
    found = look(bench, KIND, ModelAccessParams(models=(HAIKU, TITAN)))

    assert [finding.severity for finding in found] == [Severity.FINE, Severity.ERROR]


def test_one_that_is_asked_through_a_profile_alone_is_a_warning(bench: Bench, model: Model) -> None:
    model.inference = ("INFERENCE_PROFILE",)

    finding = worst(look(bench, KIND, PARAMS))

    assert (finding.severity, finding.code) == (Severity.WARNING, "model-on-demand")


def test_one_that_ends_is_a_warning_with_its_end(bench: Bench, model: Model) -> None:
    model.ends = datetime(2027, 3, 1, tzinfo=UTC)

    finding = worst(look(bench, KIND, PARAMS))

    assert (finding.severity, finding.code) == (Severity.WARNING, "model-legacy")
    assert finding.sentence == f"Model {HAIKU} is LEGACY in ap-northeast-1, until 2027-03-01."


def test_an_id_that_bedrock_has_nothing_to_tell_of_is_not_taken_for_good(bench: Bench, model: Model) -> None:
    """It is listed, and its availability is answered with an error all the same."""
    offered = bench.aws.service(Bedrock)
    answer = offered.answer

    def forget(call: Any) -> Any:
        if call.operation == "GetFoundationModelAvailability":
            offered.models_there.clear()
        return answer(call)

    offered.answer = forget  # type: ignore[method-assign]

    finding = worst(look(bench, KIND, PARAMS))

    assert (finding.severity, finding.code) == (Severity.ERROR, "model-access")
    assert "tells nothing of access" in finding.sentence


def test_a_region_that_does_not_answer_is_no_finding_about_models(bench: Bench, model: Model) -> None:
    bench.world.darken(PLACE.standby)

    with pytest.raises(AwsError):
        look(bench, KIND, PARAMS)
