"""What creating a replication group and creating a serverless cache share: asking for it, missing it, taking it back.

A cache of a run is known by its description, which shows when tags do not, and by the receipt. One that was asked for a
moment ago may not show yet. A creation that ElastiCache refuses fails with a reason and a way out, where the refusal is
one that a person can mend; any other error goes to the step handler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from pilotlight.domain.errors import AlreadyExists, AwsError, InvalidState, NotFound
from pilotlight.domain.standing_in import Remains
from pilotlight.domain.step import CannotUndo, Failed, NotYet, Pending, Receipt, StepContext, Undone
from pilotlight.estate.elasticache.group import DELETING
from pilotlight.estate.elasticache.specification import made_by
from pilotlight.estate.refusals import Refusals, say_refused

_SHOWN_WITHIN = timedelta(minutes=2)


class Made(Protocol):
    """What both kinds of cache show."""

    @property
    def status(self) -> str: ...

    @property
    def description(self) -> str: ...


C = TypeVar("C", bound=Made)


def ask_for(
    named: str, operation: str, order: Mapping[str, Any], refusals: Refusals, context: StepContext
) -> NotYet | Failed | None:
    """Have ElastiCache create it; says why it does not, or not by this call."""
    try:
        context.aws.call("elasticache", operation, context.place.standby, **order)
    except AlreadyExists:
        return NotYet(f"{named} appeared when it was to be created, so it is looked at again.")
    except AwsError as refused:
        return say_refused(f"{named} cannot be created in {context.place.standby}", refused, refusals)
    return None


def asked_for(said: str, context: StepContext) -> Receipt:
    """The receipt of a creation."""
    return Receipt(said, acted=True, data={"made_by": context.run_id, "asked": context.now.isoformat()})


def found_there(said: str, made_by: str) -> Receipt:
    """The receipt of a cache that was there already."""
    return Receipt(said, acted=False, data={"made_by": made_by})


def still_there(named: str, cache: C | None, receipt: Receipt, context: StepContext) -> C | Pending | Failed:
    """The cache that the receipt tells of; or why it is not there, or not yet."""
    if cache is None and receipt.acted and context.now - _asked_at(receipt) < _SHOWN_WITHIN:
        return Pending(f"{named} does not show yet.")
    if cache is None or cache.status == DELETING:
        gone = "is gone" if cache is None else "is being deleted"
        return Failed(f"{named} {gone}, and not by this run.", "Retry the step to create it anew.")
    return cache


def take_back(
    named: str,
    receipt: Receipt,
    context: StepContext,
    *,
    look: Callable[[], Made | None],
    delete: Callable[[], object],
    later: str,
) -> Undone | CannotUndo:
    """Delete the cache if this run made it; `later` says what a person does about one that is busy now."""
    if receipt.data.get("made_by", context.run_id) != context.run_id:
        return Undone(f"{named} stays, because this run found it and did not make it.")
    cache = look()
    if cache is None or cache.status == DELETING:
        return Undone(f"{named} is gone already.")
    if not cache.description.endswith(f" run {context.run_id}"):
        return CannotUndo(f"{named} stays, because this run did not make it; find out whose it is.")
    try:
        delete()
    except NotFound:
        return Undone(f"{named} is gone already.")
    except InvalidState:
        return CannotUndo(f"{named} stays, because it is {cache.status}; {later}.")
    return Undone(f"{named} is being deleted, without a snapshot, because this run had made it.")


def left(named: str, cache: Made | None, context: StepContext) -> Remains | None:
    """What stands under the name of a drill's cache, and which drill made it."""
    if cache is None:
        return None
    return Remains.of(named, cache.status, made_by(cache.description, context.place.application))


def _asked_at(receipt: Receipt) -> datetime:
    return datetime.fromisoformat(receipt.data["asked"])
