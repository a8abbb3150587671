"""Who may read and write the notes on writers: each role those on the writers that it handles, and no other.

The guard closes what a note names. So under `observe`, which moves nothing, no role may write one; and the keys in the
conditions keep one application from writing a note on the database of another, and the function of one kind of step
from writing one on what another kind moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployment import names
from deployment.foundation import table_arn
from pilotlight.domain.plan import AnyPlan, Arming, Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.domain.tombstone import partition_of
from pilotlight.steps import writers_of


def reading_tombstones(plan: AnyPlan, kind_name: str | None = None) -> tuple[Statement, ...]:
    """Read the notes on the plan's writers, in the standby and in the witness; nothing where it moves none.

    Parameters: `kind_name` narrows it to the writers that steps of this kind move.
    """
    return _statements(plan, kind_name, Access.READ, "dynamodb:GetItem")


def writing_tombstones(plan: AnyPlan, kind_name: str | None = None) -> tuple[Statement, ...]:
    """Write the same; nothing under `observe`."""
    return () if plan.arming is Arming.OBSERVE else _statements(plan, kind_name, Access.WRITE, "dynamodb:PutItem")


def _statements(plan: AnyPlan, kind_name: str | None, access: Access, action: str) -> tuple[Statement, ...]:
    writers = writers_of(plan, kind_name)
    if not writers:
        return ()
    assert isinstance(plan, Plan), f"{plan.name} moves a writer, which only a failover plan does."
    regions = filter(None, (plan.regions.standby, plan.regions.witness))
    tables = tuple(table_arn(region, plan.account, names.TOMBSTONES_TABLE) for region in regions)
    own: Mapping[str, Any] = {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [partition_of(writer.old) for writer in writers]}
    }
    return (Statement(access, (action,), tables, own),)
