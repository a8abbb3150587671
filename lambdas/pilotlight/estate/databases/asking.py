"""How a database is asked from outside its network: through a function that stands in it, with the login in the call.

The function calls no AWS API, so its network needs no endpoint. Who calls it reads the secret, and hands it over in the
body of one call, over TLS: the body is withheld from the ledger, stands in no state of the machine, and Lambda keeps it
in no log. The function keeps it no longer than that call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pilotlight.domain.errors import InvalidRequest
from pilotlight.domain.place import Place
from pilotlight.domain.ports import Withheld
from pilotlight.domain.step import Failed, Pending, StepContext
from pilotlight.estate.databases.looking import Seen
from pilotlight.estate.own_functions import BUSY

ALIAS = "live"
_TIMED_OUT = "Sandbox.Timedout"


def function_name(place: Place) -> str:
    """The function in the standby's network that asks databases for a plan."""
    return f"pilotlight-{place.plan or place.application}-database"


def function_arn(place: Place) -> str:
    """It, behind the alias that is called."""
    return place.arn("lambda", f"function:{function_name(place)}:{ALIAS}")


def ask(context: StepContext, event: Mapping[str, Any]) -> Seen | Pending | Failed:
    """Have it asked; pending where the function is not ready, or was not answered in time."""
    name, where = function_name(context.place), context.place.standby
    body = Withheld(json.dumps(dict(event)).encode())
    try:
        answered = context.aws.call("lambda", "Invoke", where, FunctionName=name, Qualifier=ALIAS, Payload=body)
    except InvalidRequest as refused:
        if refused.code not in BUSY:
            raise
        return Pending(f"Function {name} is being prepared ({refused.code}), and is called again.")
    told: dict[str, Any] = json.loads(answered["Payload"].read())
    if not answered.get("FunctionError"):
        return Seen.from_item(told)
    kind, why = str(told.get("errorType", "Unknown")), str(told.get("errorMessage", "Lambda does not say why"))
    if kind == _TIMED_OUT:
        return Pending(f"Function {name} had no answer of the database in time, and asks again.")
    return Failed(f"Function {name} broke off: {kind}: {why}", "Read the function's log, then retry the step.")
