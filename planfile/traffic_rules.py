"""What a plan must be so that its traffic follows a verified writer: the records, the latch, and what it reads first.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight.domain.place import Writer
from pilotlight.domain.stages import StageName
from pilotlight.domain.traffic import PrimaryCheck
from pilotlight.estate.traffic.latch import Latch
from pilotlight.steps.latch_traffic import LatchTrafficParams
from planfile.draft import Draft, Placed
from planfile.faults import Complaint
from planfile.rules import reading

LONGEST_BUCKET_NAME = 63
"""The limit of S3 for the name of a bucket."""


@reading("traffic", "application", "account", "regions")
def a_joined_check_has_a_page_to_lead_to(draft: Draft) -> Iterator[Complaint]:
    """Where the primary's own health moves traffic, it moves before the standby is ready."""
    traffic = draft.plan.traffic
    for index, record in enumerate(traffic.records if traffic else ()):
        if record.primary_check is PrimaryCheck.JOINED and not record.maintenance_page and _writers(draft):
            sentence = (
                f"The PRIMARY record {record.name} joins the primary's own health to the latch, so its users would "
                "reach a standby whose database is a replica still; write 'latch', or put a maintenance page behind "
                "it and say so with maintenance_page."
            )
            yield Complaint(("traffic", "records", index, "primary_check"), sentence)


@reading("traffic", "stages")
def records_and_latch_go_together(draft: Draft) -> Iterator[Complaint]:
    """A latch without records moves nobody, and records without a latch are moved by nobody."""
    latches = list(_latches(draft))
    if draft.plan.traffic is not None and not latches:
        sentence = "No step latches the traffic of these records; end the stage serve with one of kind latch_traffic."
        yield Complaint(("traffic",), sentence, at_key=True)
    for placed, _ in latches:
        if draft.plan.traffic is None:
            sentence = (
                f"'{placed.name}' latches the traffic of no record, because the plan has no section traffic; write "
                "the names that users ask into traffic.records."
            )
            yield Complaint((*placed.where, "kind"), sentence)


@reading("stages")
def traffic_moves_last(draft: Draft) -> Iterator[Complaint]:
    """Users come once all that serves them was seen to work."""
    for placed, _ in _latches(draft):
        if placed.stage is not StageName.SERVE:
            sentence = (
                f"'{placed.name}' stands in stage {placed.stage.value}; latch traffic at the end of the stage serve."
            )
            yield Complaint((*placed.where, "kind"), sentence)
            continue
        late = [
            o for o in draft.entries if o.stage is StageName.SERVE and o is not placed and not o.is_over_before(placed)
        ]
        # What serve starts and only `after` awaits is not done either when users come.
        serving = {o.name for o in draft.steps() if o.stage is StageName.SERVE}
        late += [o for o in draft.awaits() if o.stage is StageName.AFTER and o.name in serving]
        if late:
            sentence = (
                f"'{placed.name}' would send users to the standby before '{late[0].name}' is done; put it behind that "
                "step, at the end of the only lane of serve."
            )
            yield Complaint((*placed.where, "kind"), sentence)


@reading("stages", "application", "account", "regions")
def the_latch_reads_every_database_that_moves(draft: Draft) -> Iterator[Complaint]:
    """Traffic never leads to a replica."""
    moved = [w.new.split(":", 5)[5].partition(":") for w in _writers(draft) if w.new.startswith("arn:aws:rds:")]
    for placed, params in _latches(draft):
        read = {"db": params.databases, "cluster": tuple(params.clusters.values())}
        for what, _, name in dict.fromkeys(moved):
            if name not in read[what]:
                add = "add it to databases" if what == "db" else "add it to clusters, under its global database"
                sentence = (
                    f"'{placed.name}' does not look whether {name} takes the writes before it moves users there; "
                )
                yield Complaint((*placed.where, "params"), f"{sentence}{add}.")


@reading("application", "account", "regions")
def bucket_of_the_latch_can_be_named(draft: Draft) -> Iterator[Complaint]:
    """The bucket is named after application, account and region, because names of buckets are unique in the world."""
    bucket = Latch(draft.plan.place).bucket
    if len(bucket) > LONGEST_BUCKET_NAME and list(_latches(draft)):
        sentence = (
            f"The latch's bucket {bucket} would have a name of {len(bucket)} characters, and S3 allows "
            f"{LONGEST_BUCKET_NAME}; shorten the application's name."
        )
        yield Complaint(("application",), sentence)


def _latches(draft: Draft) -> Iterator[tuple[Placed, LatchTrafficParams]]:
    for placed in draft.steps():
        if isinstance(placed.params, LatchTrafficParams):
            yield placed, placed.params


def _writers(draft: Draft) -> list[Writer]:
    """The writers that the plan's steps move."""
    sound = [(placed.kind, placed.params) for placed in draft.steps() if placed.kind and placed.params]
    return [writer for kind, params in sound for writer in kind.writers(params, draft.plan.place)]


TRAFFIC_RULES = (
    a_joined_check_has_a_page_to_lead_to,
    records_and_latch_go_together,
    traffic_moves_last,
    the_latch_reads_every_database_that_moves,
    bucket_of_the_latch_can_be_named,
)
