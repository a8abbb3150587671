"""Close the old primary at its database: no new session gets in, and those that are open are cut.

The ingress rules that let sessions in are taken away, from all the security groups that the plan names. Open sessions
outlive that, because security groups track connections, so the instance is rebooted once and its restart is read back
from RDS's events. Every group of the instance that opens its port has to be named, or the step fails and says so.

Bounded by it: new sessions, from the moment the rules are read gone; open ones, once RDS wrote of the restart (mostly
within two minutes; longer where the engine has much to recover). Not bounded: what gets to the database past its
groups (RDS itself, and replication to a replica abroad, which RDS keeps connected), and others that share a named group
are closed too. Everyone whose sessions end has to reconnect, and cannot.

Undo gives the same rules back, with their descriptions. Their ids and own tags are new, and a reboot stays done.

Sources: aws-facts section 3.3; `pilotlight.estate.ec2.security_groups`, `pilotlight.estate.rds.sessions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    NotYet,
    Operation,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    Timing,
    Undone,
)
from pilotlight.estate import fencing
from pilotlight.estate.ec2 import security_groups
from pilotlight.estate.ec2.by_hand import closing
from pilotlight.estate.ec2.security_groups import MOST_KEPT, IngressRule, read_kept, read_rules
from pilotlight.estate.rds import sessions
from pilotlight.estate.rds.instance import InstanceIdentifier, RdsInstance, look

GroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")]


class FenceSecurityGroupParams(Params):
    """Which database of the primary is closed, by which of its security groups.

    ```yaml
    step: close-database
    kind: fence_security_group
    params:
      instance: ryuqqq-shared-rds
      security_groups: [sg-0123456789abcdef0]
    ```
    """

    instance: InstanceIdentifier
    security_groups: tuple[GroupId, ...] = Field(
        min_length=1, max_length=5, description="Each group of the instance with a rule that opens its port."
    )


@dataclass(frozen=True)
class Database:
    """The instance with the rules of its groups that open its port, and of the groups that the plan names."""

    instance: RdsInstance
    open_rules: list[IngressRule]


class FenceSecurityGroup(fencing.Fence[FenceSecurityGroupParams]):
    """The step kind `fence_security_group`."""

    name: ClassVar[str] = "fence_security_group"
    params = FenceSecurityGroupParams
    # A reboot takes 30 s to 2 min (aws-facts section 11), and shows late; a dark primary takes seconds.
    timing: ClassVar[Timing] = Timing(
        shortest=fencing.POLL,
        typical=timedelta(seconds=90),
        longest=timedelta(minutes=4),
        poll=fencing.POLL,
        give_up=timedelta(minutes=6),
    )
    operations: ClassVar[tuple[Operation, ...]] = (*security_groups.OPERATIONS, *sessions.OPERATIONS)

    def title(self, params: FenceSecurityGroupParams) -> str:
        """A verb and the database."""
        return f"Close {params.instance}"

    def subject(self, params: FenceSecurityGroupParams) -> str:
        """The database."""
        return f"Database {params.instance}"

    def closes(self, params: FenceSecurityGroupParams, place: Place) -> tuple[str, ...]:
        """The database, whoever writes to it."""
        return (place.arn("rds", f"db:{params.instance}", region=place.primary),)

    def statements(self, params: FenceSecurityGroupParams, place: Place) -> tuple[Statement, ...]:
        """The named groups and the instance, in the primary; of tags, only those of a fence."""
        groups = tuple(place.arn("ec2", f"security-group/{g}", region=place.primary) for g in params.security_groups)
        instance = place.arn("rds", f"db:{params.instance}", region=place.primary)
        ours = {"ForAllValues:StringLike": {"aws:TagKeys": [f"{fencing.MARK_TAG}*"]}}
        rules = ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress")
        tagging = ("rds:AddTagsToResource", "rds:RemoveTagsFromResource")
        described = ("ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "rds:DescribeEvents")
        return (
            Statement(Access.WRITE, rules, groups),
            Statement(Access.WRITE, ("ec2:CreateTags", "ec2:DeleteTags"), groups, ours),
            Statement(Access.WRITE, ("rds:RebootDBInstance",), (instance,)),
            Statement(Access.WRITE, tagging, (instance,), ours),
            Statement(Access.READ, ("rds:DescribeDBInstances",), (instance,)),
            Statement(Access.READ, described, ("*",)),
        )

    def standing(self, params: FenceSecurityGroupParams, place: Place) -> tuple[Standing, ...]:
        """The groups with a rule that opens the port, and the database behind them."""
        facts = {"identifier": params.instance, "security_groups": params.security_groups}
        return (
            Standing("ec2", "security groups of a database", place.primary, facts, "They alone open its port."),
            Standing("rds", "database in security groups", place.primary, facts, "It is closed before all else moves."),
        )

    def readiness(self, params: FenceSecurityGroupParams, context: StepContext) -> tuple[Finding, ...]:
        """The instance is there, the named groups are its groups, no other one opens its port, and one of them does."""
        database = _closable(params, context)
        if isinstance(database, Finding):
            return (database,)
        if not database.open_rules:
            sentence = f"{self.subject(params)} lets no session in by the named groups, so there is nothing to close."
            fix = "Name the groups that open its port, unless it is fenced at present."
            return (Finding.warning("nothing-to-close", sentence, fix),)
        if read_kept(context, params.security_groups) or fencing.MARK_TAG in database.instance.tags:
            return (fencing.mark_left(self.subject(params)),)
        fine = f"{self.subject(params)} can be closed by {_say_rules(database.open_rules)}."
        return (Finding(Severity.FINE, "database-can-be-closed", fine),)

    def close(self, params: FenceSecurityGroupParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Keep the rules, take them away, read them gone, then reboot once."""
        database = _closable(params, context)
        if isinstance(database, Finding):
            return fencing.failed(database)
        taken, subject = database.open_rules, self.subject(params)
        if taken:
            # Marked first, so that a turn which dies after the rules are gone still has the sessions cut.
            sessions.mark_due(context, database.instance)
            known = {(rule.group, rule.content) for rule in read_kept(context, params.security_groups)}
            security_groups.keep(context, [rule for rule in taken if (rule.group, rule.content) not in known])
            security_groups.revoke(context, taken)
            database = _closable(params, context)
            if isinstance(database, Finding):
                return fencing.failed(database)
            if database.open_rules:
                return NotYet(f"{subject} shows {_say_rules(database.open_rules)} still.")
        kept = {"rules": [[r.group, r.content, r.description] for r in read_kept(context, params.security_groups)]}
        if sessions.are_cut(context, database.instance):
            sessions.mark_done(context, database.instance)
            said = f"{subject} lets no session in, and none is left from before."
            return fencing.receipt(said, acted=bool(taken), before=kept)
        asked = sessions.cut(context, database.instance)
        if isinstance(asked, NotYet):
            return asked
        return fencing.receipt(asked.sentence, acted=True, before=kept)

    def read_closed(
        self, params: FenceSecurityGroupParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """No rule opens the port, and RDS wrote of a restart since the rules were gone."""
        database = _closable(params, context)
        if isinstance(database, Finding):
            return fencing.failed(database)
        if database.open_rules:
            return Pending(f"{self.subject(params)} shows {_say_rules(database.open_rules)} still, or again.")
        if not sessions.are_cut(context, database.instance):
            status = database.instance.status
            return Pending(
                f"{self.subject(params)} lets no new session in and is {status}; RDS wrote of no restart yet."
            )
        return Settled(f"{self.subject(params)} lets no session in, and its restart ended the others.", fencing.CLOSED)

    def reopen(self, params: FenceSecurityGroupParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Give back the rules that are missing, and forget that there was a fence."""
        in_receipt = (receipt.data.get("before") or {}).get("rules", ())
        kept = read_kept(context, params.security_groups) or [IngressRule.from_content(*rule) for rule in in_receipt]
        if not kept:
            return Undone(f"{self.subject(params)} was not closed by this application, so nothing was opened.")
        security_groups.give_back(context, _absent(kept, params, context))
        absent = _absent(kept, params, context)
        if absent:
            return CannotUndo(f"{self.subject(params)} does not show {_say_rules(absent)} again; add them by hand.")
        security_groups.forget(context, params.security_groups)
        instance = look(context, params.instance, region=context.place.primary)
        if instance is not None:
            sessions.forget(context, instance)
        return Undone(f"{self.subject(params)} lets sessions in by {_say_rules(kept)} as before; it was rebooted.")

    def by_hand(self, params: FenceSecurityGroupParams, place: Place) -> Handwork:
        return closing(params.instance, params.security_groups, place)


def _closable(params: FenceSecurityGroupParams, context: StepContext) -> Database | Finding:
    """The database as it stands, or why its groups do not close it."""
    region, subject = context.place.primary, f"Database {params.instance}"
    instance = look(context, params.instance, region=region)
    if instance is None:
        return fencing.missing(subject, region)
    if not instance.on_its_own or instance.port is None:
        sentence = f"{subject} ({instance.engine}) cannot be closed alone: it is in a cluster or has no endpoint."
        return Finding.impossible("not-alone", sentence, "Close the primary by another fence, and correct the plan.")
    strangers = sorted(set(params.security_groups) - set(instance.security_groups))
    if strangers:
        sentence = f"{subject} is not in {', '.join(strangers)}, so closing that would not close it."
        return Finding.impossible("not-its-group", sentence, "Name the groups of the instance in the plan and deploy.")
    opening = [rule for rule in read_rules(context, instance.security_groups) if rule.opens(instance.port)]
    unnamed = sorted({rule.group for rule in opening} - set(params.security_groups))
    if unnamed:
        sentence = f"{subject} would stay open by {', '.join(unnamed)}, which the plan does not name."
        return Finding.impossible("open-elsewhere", sentence, "Name these groups in the plan too, and deploy.")
    for group in params.security_groups:
        if sum(rule.group == group for rule in opening) > MOST_KEPT:
            sentence = f"{subject} has more than {MOST_KEPT} rules in {group}, too many to keep for an undo."
            return Finding.impossible("too-many-rules", sentence, "Join them into a prefix list or a range.")
    return Database(instance, opening)


def _absent(rules: list[IngressRule], params: FenceSecurityGroupParams, context: StepContext) -> list[IngressRule]:
    there = {(rule.group, rule.content) for rule in read_rules(context, params.security_groups)}
    return [rule for rule in rules if (rule.group, rule.content) not in there]


def _say_rules(rules: list[IngressRule]) -> str:
    groups = sorted({rule.group for rule in rules})
    return f"{len(rules)} {'rule' if len(rules) == 1 else 'rules'} of {', '.join(groups)}"


KIND = FenceSecurityGroup()
