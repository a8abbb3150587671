"""Who may read and write the notes on the writers of a plan: each plan those on its own writers, and no other.

The guard closes what a note names. So under `observe`, which moves nothing, no role may write one; and the keys in the
conditions keep one application from writing a note on the database of another.
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


def reading_tombstones(plan: AnyPlan) -> tuple[Statement, ...]:
    """Read the notes on the plan's writers, in the standby and in the witness; nothing where it moves none."""
    return _statements(plan, Access.READ, "dynamodb:GetItem")


def writing_tombstones(plan: AnyPlan) -> tuple[Statement, ...]:
    """Write the same; nothing under `observe`."""
    return () if plan.arming is Arming.OBSERVE else _statements(plan, Access.WRITE, "dynamodb:PutItem")


def _statements(plan: AnyPlan, access: Access, action: str) -> tuple[Statement, ...]:
    writers = writers_of(plan)
    if not writers:
        return ()
    assert isinstance(plan, Plan), f"{plan.name} moves a writer, which only a failover plan does."
    regions = filter(None, (plan.regions.standby, plan.regions.witness))
    tables = tuple(table_arn(region, plan.account, names.TOMBSTONES_TABLE) for region in regions)
    own: Mapping[str, Any] = {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [partition_of(writer.old) for writer in writers]}
    }
    return (Statement(access, (action,), tables, own),)
