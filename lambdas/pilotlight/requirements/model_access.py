"""The foundation models that the application asks stand in the standby, and the account may use them there.

Bedrock is a service of each region: a model that answers in the primary may not be offered in the standby, may be
offered through an inference profile alone, or may not be agreed to. An agreement is made by itself when a model is
first asked, which takes minutes and needs `aws-marketplace:Subscribe` of whoever asks: the first user after a failover
is the wrong moment for it. Inference profiles are not looked at; name the models that they lead to.

Sources: botocore's model of Bedrock (GetFoundationModelAvailability, ListFoundationModels); Bedrock User Guide,
"Request access to models".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from pilotlight.domain.errors import InvalidRequest, NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.requirement import (
    Access,
    Finding,
    Operation,
    Params,
    RequirementKind,
    Severity,
    Standing,
    Statement,
    StepContext,
)

ModelId = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+(:[a-z0-9-]+){0,2}$", max_length=140)]
_AVAILABLE, _AUTHORIZED = "AVAILABLE", "AUTHORIZED"
_ON_DEMAND, _LEGACY = "ON_DEMAND", "LEGACY"
_FAILURES = {
    "InternalServerException": "told as a look that failed",
    "ThrottlingException": "told as a look that failed",
}


class ModelAccessParams(Params):
    """Which models the application asks.

    ```yaml
    requirement: models-in-tokyo
    kind: model_access
    params:
      models: ["anthropic.claude-3-haiku-20240307-v1:0"]
    ```
    """

    models: tuple[ModelId, ...] = Field(min_length=1, description="The ids of foundation models, as Bedrock has them.")


class ModelAccess(RequirementKind[ModelAccessParams]):
    """Asks Bedrock of the standby."""

    name = "model_access"
    params = ModelAccessParams
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation(
            "bedrock", "ListFoundationModels", Access.READ, _FAILURES, ("AccessDeniedException", "ValidationException")
        ),
        Operation(
            "bedrock",
            "GetFoundationModelAvailability",
            Access.READ,
            {
                **_FAILURES,
                "ResourceNotFoundException": "says that the model is not there",
                "ValidationException": "says that the model is not there",
            },
            ("AccessDeniedException",),
        ),
    )

    def title(self, params: ModelAccessParams) -> str:
        """What may be asked."""
        return f"Access to {', '.join(params.models)}"

    def statements(self, params: ModelAccessParams, place: Place) -> tuple[Statement, ...]:
        """Both reads name no resource."""
        return (
            Statement(Access.READ, ("bedrock:GetFoundationModelAvailability", "bedrock:ListFoundationModels"), ("*",)),
        )

    def standing(self, params: ModelAccessParams, place: Place) -> tuple[Standing, ...]:
        """The models, agreed to."""
        why = "The application asks it there; access is a matter of each region and account, and is not given in a run."
        return tuple(Standing("bedrock", "model", place.standby, {"name": model}, why) for model in params.models)

    def readiness(self, params: ModelAccessParams, context: StepContext) -> tuple[Finding, ...]:
        """One finding for each model, and what is to be known of it."""
        answer = context.aws.call("bedrock", "ListFoundationModels", context.place.standby)
        offered = {each["modelId"]: each for each in answer.get("modelSummaries", ())}
        return tuple(finding for model in params.models for finding in _of_model(model, offered.get(model), context))


def _of_model(model: str, offered: Mapping[str, Any] | None, context: StepContext) -> Iterator[Finding]:
    where = context.place.standby
    if offered is None:
        said = f"Bedrock offers no model {model} in {where}, so what asks for it fails there."
        fix = f"Name a model in the standby's configuration that {where} offers, or ask one in another region."
        yield Finding(Severity.ERROR, "model-missing", said, fix)
        return
    refused = _refusal(model, context)
    if refused:
        yield Finding(Severity.ERROR, "model-access", *refused)
    else:
        yield Finding(Severity.FINE, "model-access", f"The account may use {model} in {where}.")
    if _ON_DEMAND not in offered.get("inferenceTypesSupported", ()):
        said = f"Model {model} does not answer on demand in {where}: it is asked through an inference profile there."
        fix = "Let the standby's configuration name the profile, and its role allow it and the models behind it."
        yield Finding(Severity.WARNING, "model-on-demand", said, fix)
    life = offered.get("modelLifecycle", {})
    if life.get("status") == _LEGACY:
        ends = f", until {life['endOfLifeTime']:%Y-%m-%d}" if life.get("endOfLifeTime") else ""
        said = f"Model {model} is LEGACY in {where}{ends}."
        yield Finding(Severity.WARNING, "model-legacy", said, "Move the application to its successor in both regions.")


def _refusal(model: str, context: StepContext) -> tuple[str, str] | None:
    """Why the account may not use it, with the way out."""
    where = context.place.standby
    try:
        answer = context.aws.call("bedrock", "GetFoundationModelAvailability", where, modelId=model)
    except (NotFound, InvalidRequest) as error:
        return f"Bedrock tells nothing of access to {model} in {where}: {error.message}", "Correct the model's id."
    if answer["regionAvailability"] != _AVAILABLE:
        return f"Model {model} is not available in {where}.", f"Name a model that {where} offers."
    agreement = answer["agreementAvailability"]
    if agreement["status"] != _AVAILABLE:
        why = f" ({agreement['errorMessage']})" if agreement.get("errorMessage") else ""
        said = f"The agreement on model {model} in {where} is {agreement['status']}{why}, so it may not answer."
        return said, "Accept it in Bedrock's model catalog, or ask the model there once, as somebody who may subscribe."
    if answer["authorizationStatus"] != _AUTHORIZED or answer["entitlementAvailability"] != _AVAILABLE:
        said = (
            f"The account may not use model {model} in {where}: {answer['authorizationStatus']}, entitlement "
            f"{answer['entitlementAvailability']}."
        )
        return said, f"Request access to it in {where}, in the console of Bedrock."
    return None


KIND = ModelAccess()
