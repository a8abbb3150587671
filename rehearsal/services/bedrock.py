"""Bedrock: which foundation models a region offers, and whether the account may use them. No model is asked here.

Answers and errors: botocore's model of Bedrock. That an id which is no model of the region is answered with
ResourceNotFoundException, and not with ValidationException, is not tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pilotlight.domain.step import Standing
from rehearsal.service import Service, operation
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

AVAILABLE, ACTIVE, LEGACY = "AVAILABLE", "ACTIVE", "LEGACY"
ON_DEMAND, AUTHORIZED = "ON_DEMAND", "AUTHORIZED"


@dataclass(eq=False)
class Model:
    """One foundation model of a region; a scene changes what the account may do with it."""

    region: str
    id: str
    agreement: str = AVAILABLE
    complaint: str = ""
    authorization: str = AUTHORIZED
    entitlement: str = AVAILABLE
    availability: str = AVAILABLE
    inference: tuple[str, ...] = (ON_DEMAND,)
    ends: datetime | None = None
    """When it ends, for one that is LEGACY."""


class Bedrock(Service):
    """The models of all regions."""

    name = "bedrock"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.models_there: list[Model] = []

    def furnish(self, standing: Standing) -> None:
        """A model that the account may use."""
        if standing.what != "model":
            super().furnish(standing)
        self.add(standing.region, str(standing.facts["name"]))

    def add(self, region: str, identity: str) -> Model:
        """Set the scene: a model that the account may use."""
        self.models_there.append(Model(region, identity))
        return self.models_there[-1]

    @operation("ListFoundationModels")
    def list_models(self, call: Call) -> Mapping[str, Any]:
        """All of the region, those that the account may not use too."""
        if call.parameters:
            raise NotModelled(call)
        return {"modelSummaries": [_say(model) for model in self.models_there if model.region == call.region]}

    @operation("GetFoundationModelAvailability")
    def get_availability(self, call: Call) -> Mapping[str, Any]:
        """Whether the account may use one of the region."""
        asked = call.parameters["modelId"]
        found = next((m for m in self.models_there if (m.region, m.id) == (call.region, asked)), None)
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"The model {asked} is not found.", 404)
        why = {"errorMessage": found.complaint} if found.complaint else {}
        return {
            "modelId": found.id,
            "agreementAvailability": {"status": found.agreement, **why},
            "authorizationStatus": found.authorization,
            "entitlementAvailability": found.entitlement,
            "regionAvailability": found.availability,
        }


def _say(model: Model) -> dict[str, Any]:
    life: dict[str, Any] = {"status": LEGACY, "endOfLifeTime": model.ends} if model.ends else {"status": ACTIVE}
    return {
        "modelArn": f"arn:aws:bedrock:{model.region}::foundation-model/{model.id}",
        "modelId": model.id,
        "modelName": model.id,
        "providerName": model.id.split(".", maxsplit=1)[0],
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "inferenceTypesSupported": list(model.inference),
        "modelLifecycle": life,
    }
