"""The function that stands in the database's network and asks it what its plan asks, for the step that calls it.

Engine, database, question and table are the plan's own, so whoever may call it can have nothing else asked and no other
table written. The login comes with the call, and is kept no longer. It calls no AWS API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SecretStr

from pilotlight.domain.databases import Login
from pilotlight.domain.errors import InputRefused
from pilotlight.estate.databases.looking import Seen, look, write
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry
from pilotlight.steps import kind_and_params
from pilotlight.steps.check_database import CheckDatabaseParams


class _Call(BaseModel):
    """What it is called with; a call that is refused is quoted nowhere, because it holds a password."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    do: Literal["look", "write"]
    run_id: str
    step: str
    address: str
    port: int
    user: str
    password: SecretStr


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "database")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return _asked(runtime, _Call.model_validate(event)).to_item()

    return handle


handler = entry(build)


def _asked(runtime: Runtime, call: _Call) -> Seen:
    params = _of_the_plan(runtime, call.step)
    databases = runtime.outside.databases
    login = Login(params.engine, call.address, call.port, params.database, call.user, call.password.get_secret_value())
    if call.do == "look":
        return look(databases, login, params.query, params.table, call.run_id)
    if params.table is None:
        raise InputRefused(f"Step {call.step} writes nothing, because the plan names no table; deploy it again.")
    return write(databases, login, params.table, call.run_id)


def _of_the_plan(runtime: Runtime, name: str) -> CheckDatabaseParams:
    step = runtime.plan.steps().get(name)
    params = kind_and_params(step)[1] if step else None
    if not isinstance(params, CheckDatabaseParams):
        raise InputRefused(
            f"The plan of {runtime.plan.name} has no step {name} that looks at a database, so nothing is asked; put it "
            "there and deploy again."
        )
    return params
