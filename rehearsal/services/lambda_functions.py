"""Lambda: the real handlers, behind cold starts, timeouts, roles and asynchronous retries.

A cold start takes 0.4 to 3 seconds, a call to a warm instance some ten milliseconds (facts: Lambda durations). An
instance that served a call is kept warm; every instance builds its handler anew from the function's environment.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from deployment.resources import Function
from pilotlight.domain.ports import WebAnswer, WebRequest
from pilotlight.domain.step import Standing
from pilotlight.handlers.runtime import Handler, Outside
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.service import Service, Spread, operation
from rehearsal.services.event_source_mappings import DISABLED, ENABLED, EventSourceMapping, EventSourceMappings
from rehearsal.services.function_urls import event_of
from rehearsal.services.own_functions import OwnFunction, OwnFunctions
from rehearsal.virtual_time import TaskWasCancelled
from rehearsal.wire import Call, ServiceError
from rehearsal.world import CURRENT_FUNCTION, CURRENT_REGION, CURRENT_RUN, CURRENT_STEP, CURRENT_VPC

if TYPE_CHECKING:
    from rehearsal.world import CURRENT_FUNCTION, World

COLD_START = Spread(0.4, 0.9, 3.0)
WARM_CALL = Spread(0.008, 0.02, 0.12)
ASYNCHRONOUS_DELIVERY = Spread(0.05, 0.15, 0.6)


class FunctionFailed(Exception):
    """What a function's caller sees when it raised or timed out: the error's name and Lambda's JSON about it."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


@dataclass
class Deployed:
    """A function as it was deployed, with the instances that are warm."""

    function: Function
    region: str
    role: Role
    environment: Mapping[str, str]
    warm: list[Handler] = field(default_factory=list)
    cold_starts: int = 0
    calls: int = 0
    busy: int = 0


class LambdaFunctions(EventSourceMappings, OwnFunctions, Service):
    """The functions of the account, by region and name, and what feeds the application's."""

    name = "lambda"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.deployed: dict[tuple[str, str], Deployed] = {}
        self.outside: Callable[[], Outside] | None = None
        self.mappings: list[EventSourceMapping] = []
        self.own_functions: dict[tuple[str, str, str], OwnFunction] = {}
        self.after_failure: list[Callable[[str, Any, FunctionFailed], None]] = []

    def furnish(self, standing: Standing) -> None:
        """An event source mapping, on or off; or a function of the application's own."""
        facts = standing.facts
        match standing.what:
            case "mapping":
                self.add_mapping(standing.region, str(facts["uuid"]), ENABLED if facts["on"] else DISABLED)
            case "function":
                self.add_giving(standing.region, str(facts["name"]), str(facts["qualifier"]), tuple(facts["gives"]))
            case _:
                super().furnish(standing)

    def deploy(self, function: Function, region: str, environment: Mapping[str, str]) -> None:
        """Deploy a function, in place of an older one."""
        role = Role(f"{function.name}-role", function.statements, function.denied)
        self.deployed[region, function.name] = Deployed(function, region, role, environment)

    def run(self, region: str, name: str, payload: Any) -> Any:
        """Call a function and wait for its answer; raises `FunctionFailed`."""
        deployed = self._find(region, name)
        task = self.world.time.spawn(lambda: self._serve(deployed, payload), name=f"lambda {name}")
        limit = deployed.function.timeout.total_seconds()
        if not task.wait(limit):
            task.cancel()
            raise FunctionFailed(
                "Sandbox.Timedout", json.dumps({"errorMessage": f"Task timed out after {limit:.2f} seconds"})
            )
        answer = task.result()
        if isinstance(answer, FunctionFailed):
            raise answer
        return answer

    def send(
        self,
        region: str,
        name: str,
        payload: Any,
        *,
        retries: int = 2,
        gone: Callable[[FunctionFailed], None] | None = None,
    ) -> None:
        """Call a function asynchronously; after the last failed try `gone` is told."""

        def deliver() -> None:
            self.world.time.sleep(ASYNCHRONOUS_DELIVERY.draw(self.random))
            for attempt in range(retries + 1):
                try:
                    self.run(region, name, payload)
                    return
                except FunctionFailed as failure:
                    if attempt == retries and gone:
                        gone(failure)
                    if attempt < retries:
                        self.world.time.sleep(60.0 * (attempt + 1))

        self.world.time.spawn(deliver, name=f"event for {name}")

    @operation("Invoke")
    def invoke(self, call: Call) -> Mapping[str, Any]:
        """Invoke, as `Event` or as `RequestResponse`."""
        name = str(call.parameters["FunctionName"]).rsplit("function:", 1)[-1].split(":")[0]
        body = call.parameters.get("Payload") or b"{}"
        payload = json.loads(body)
        own = self.own_function(call.region, name, str(call.parameters.get("Qualifier", "")))
        if own:
            return self.invoke_own(own, payload)
        self._find(call.region, name)
        if call.parameters.get("InvocationType") == "Event":
            self.send(call.region, name, payload)
            return {"StatusCode": 202}
        try:
            return {"StatusCode": 200, "Payload": json.dumps(self.run(call.region, name, payload)).encode()}
        except FunctionFailed as failure:
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": failure.cause.encode()}

    @operation("GetFunctionConfiguration")
    def get_function_configuration(self, call: Call) -> Mapping[str, Any]:
        """The role and the limits of a function."""
        name = str(call.parameters["FunctionName"])
        own = self.own_function(call.region, name, str(call.parameters.get("Qualifier", "")))
        if own:
            return own.configuration(self.world.account)
        deployed = self._find(call.region, name)
        return {
            "FunctionName": name,
            "Role": f"arn:aws:iam::{self.world.account}:role/{call.region}/{deployed.role.name}",
            "Timeout": int(deployed.function.timeout.total_seconds()),
            "State": "Active",
        }

    def ask_over_url(self, region: str, name: str, request: WebRequest) -> WebAnswer:
        """Call a public function as its URL does; a function that failed is a bad gateway."""
        try:
            answer = self.run(region, name, event_of(request, self.world.time.now()))
        except FunctionFailed:
            return WebAnswer(502, "Internal Server Error")
        return WebAnswer(answer["statusCode"], answer.get("body", ""), headers=answer.get("headers", {}))

    def _find(self, region: str, name: str) -> Deployed:
        deployed = self.deployed.get((region, name))
        if deployed is None:
            raise ServiceError("ResourceNotFoundException", f"Function not found: {name}", 404)
        return deployed

    def _serve(self, deployed: Deployed, payload: Any) -> Any:
        # An error is handed back as a value: nobody may be waiting any more, and a function's error stops no world.
        deployed.calls += 1
        CURRENT_ROLE.set(deployed.role)
        CURRENT_FUNCTION.set(deployed.function.name)
        CURRENT_REGION.set(deployed.region)
        CURRENT_VPC.set(deployed.region if deployed.function.foothold else "")
        CURRENT_STEP.set(payload.get("step", "") if isinstance(payload, dict) else "")
        CURRENT_RUN.set(payload.get("run_id", "") if isinstance(payload, dict) else "")
        try:
            handler = self._instance(deployed)
            self.world.time.sleep(WARM_CALL.draw(self.random))
            answer = json.loads(json.dumps(handler(json.loads(json.dumps(payload)), None)))
        except (AssertionError, TaskWasCancelled):
            raise
        except Exception as error:
            return self._failed(deployed, payload, error)
        deployed.warm.append(handler)
        return answer

    def _instance(self, deployed: Deployed) -> Handler:
        if deployed.warm:
            return deployed.warm.pop()
        deployed.cold_starts += 1
        self.world.time.sleep(COLD_START.draw(self.random))
        assert self.outside is not None
        built: Handler = import_module(deployed.function.handler).build(deployed.environment, self.outside())
        return built

    def _failed(self, deployed: Deployed, payload: Any, error: Exception) -> FunctionFailed:
        cause = {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
        failure = FunctionFailed(type(error).__name__, json.dumps(cause))
        for listener in self.after_failure:
            listener(deployed.function.name, payload, failure)
        return failure
