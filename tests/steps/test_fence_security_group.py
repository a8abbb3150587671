"""The step kind `fence_security_group`: no session gets to the old primary's database, and none is left."""

from __future__ import annotations

import dataclasses

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import CannotUndo, NotYet, Receipt, Severity, Undone
from pilotlight.steps.fence_security_group import KIND, FenceSecurityGroupParams
from rehearsal.services.ec2 import Ec2, Rule, SecurityGroup
from rehearsal.services.rds import Rds
from rehearsal.services.rds_instance import Instance, Status
from tests.steps.conftest import Bench
from tests.steps.fences import SEOUL, OldPrimary

DATABASE, GROUP, OTHER = "ryuqqq-shared-rds", "sg-0123456789abcdef0", "sg-0fedcba9876543210"
REVOKE, AUTHORIZE = "ec2:RevokeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupIngress"
NETWORK = ("CidrIpv4", "10.0.0.0/16")


@pytest.fixture
def primary(bench: Bench) -> OldPrimary:
    old = OldPrimary(bench, KIND, FenceSecurityGroupParams(instance=DATABASE, security_groups=(GROUP,)))
    old.furnish()
    return old


def group(primary: OldPrimary, identifier: str = GROUP) -> SecurityGroup:
    return primary.bench.aws.service(Ec2).group(SEOUL, identifier)


def database(primary: OldPrimary) -> Instance:
    return primary.bench.aws.service(Rds).instance(SEOUL, DATABASE)


def rule(name: str, *source: str, protocol: str = "tcp", ports: tuple[int, int] = (3306, 3306), said: str = "") -> Rule:
    kind, value = source or NETWORK
    return Rule(f"sgr-{name:0>17}", protocol, *ports, (kind, value), said)


def contents(primary: OldPrimary, identifier: str = GROUP) -> set[tuple[object, ...]]:
    return {(*r.content, r.description) for r in group(primary, identifier).rules}


def other_group(primary: OldPrimary, *rules: Rule) -> None:
    """The instance is in a second group, which the plan does not name."""
    primary.bench.aws.service(Ec2).add_group(SEOUL, OTHER, *rules)
    database(primary).security_groups = (GROUP, OTHER)


# Closing


def test_rules_go_first_and_then_every_session(primary: OldPrimary) -> None:
    state = primary.live()

    assert state.outputs == {"closed": "yes"}
    assert state.reason == "Database ryuqqq-shared-rds lets no session in, and its restart ended the others."
    assert group(primary).rules == []
    assert len(database(primary).restarts) == 1
    writes = primary.bench.writes()
    assert writes.index("ec2:CreateTags") < writes.index(REVOKE) < writes.index("rds:RebootDBInstance")


def test_only_what_opens_the_port_is_taken_away(primary: OldPrimary) -> None:
    elsewhere = [rule("a", ports=(22, 22)), rule("b", protocol="udp"), rule("c", protocol="icmp", ports=(-1, -1))]
    opening = [rule("d", protocol="-1", ports=(-1, -1)), rule("e", ports=(3000, 4000))]
    group(primary).rules += [*elsewhere, *opening]

    primary.live()

    assert group(primary).rules == elsewhere


def test_a_status_that_stays_available_is_no_proof(primary: OldPrimary) -> None:
    state = primary.live()

    waiting = [s.reason for s in primary.bench.states if "RDS wrote of no restart yet" in s.reason]
    assert any("is available" in reason for reason in waiting)
    assert any("is rebooting" in reason for reason in waiting)
    assert state.finished is not None
    assert state.finished >= database(primary).restarts[0]


def test_a_restart_from_before_is_no_proof(primary: OldPrimary) -> None:
    database(primary).restarts.append(primary.bench.world.time.now())

    primary.live()

    assert len(database(primary).restarts) == 2


def test_closed_already_it_reads_and_changes_nothing(primary: OldPrimary) -> None:
    primary.guarded(minutes=2)
    calls = len(primary.bench.world.trace)

    again = primary.execute()

    assert isinstance(again, Receipt)
    assert not again.acted
    assert set(primary.calls_since(calls)) == {
        "DescribeDBInstances",
        "DescribeSecurityGroupRules",
        "DescribeSecurityGroups",
    }


def test_sessions_are_cut_once_however_often_the_guard_looks(primary: OldPrimary) -> None:
    primary.guarded(minutes=5)

    assert primary.bench.writes().count("rds:RebootDBInstance") == 1
    assert database(primary).tags["pilotlight:fence"] == "fileflow cut=done"


def test_what_was_opened_again_is_closed_and_cut_again(primary: OldPrimary) -> None:
    primary.guarded(minutes=2)
    group(primary).rules.append(rule("f", said="put back by a pipeline"))

    primary.guarded(minutes=2)

    assert group(primary).rules == []
    assert len(database(primary).restarts) == 2


def test_a_lost_answer_to_the_reboot_asks_for_no_second_one(primary: OldPrimary) -> None:
    primary.bench.lose_answers("RebootDBInstance")

    state = primary.live()

    assert state.outputs == {"closed": "yes"}
    assert primary.bench.writes().count("rds:RebootDBInstance") == 1


@pytest.mark.parametrize("operation", ["CreateTags", "RevokeSecurityGroupIngress", "AddTagsToResource"])
def test_a_lost_answer_is_looked_at(primary: OldPrimary, operation: str) -> None:
    before = contents(primary)
    primary.bench.lose_answers(operation)

    state = primary.live()
    primary.undo()

    assert state.outputs == {"closed": "yes"}
    assert len(database(primary).restarts) == 1
    assert contents(primary) == before


def test_a_crash_after_the_rules_are_gone_still_cuts_the_sessions(primary: OldPrimary) -> None:
    primary.refuse("rds", "RebootDBInstance", "KMSKeyNotAccessibleFault")
    failed = primary.live()
    primary.bench.world.time.sleep(120)

    retried = primary.live()

    assert failed.status is StepStatus.FAILED
    assert retried.outputs == {"closed": "yes"}
    assert len(database(primary).restarts) == 1


def test_a_database_that_cannot_reboot_yet_is_closed_to_new_sessions_meanwhile(primary: OldPrimary) -> None:
    primary.bench.aws.service(Rds).begin_backup(SEOUL, DATABASE, 120)

    waiting = primary.execute()
    state = primary.live()

    assert isinstance(waiting, NotYet)
    assert "lets no new session in; it is backing-up, so it cannot be rebooted yet" in waiting.reason
    assert state.outputs == {"closed": "yes"}


def test_a_reboot_that_is_refused_after_the_look_is_tried_again(primary: OldPrimary) -> None:
    primary.refuse("rds", "RebootDBInstance", "InvalidDBInstanceState")

    assert primary.live().outputs == {"closed": "yes"}


def test_a_stopped_database_has_no_sessions_to_cut(primary: OldPrimary) -> None:
    database(primary).status = "stopped"

    assert primary.live().outputs == {"closed": "yes"}
    assert database(primary).restarts == []


def test_another_group_that_opens_the_port_fails_the_step(primary: OldPrimary) -> None:
    other_group(primary, rule("g"))

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert f"would stay open by {OTHER}, which the plan does not name" in state.reason
    assert primary.bench.writes() == []


def test_another_group_that_opens_other_ports_is_no_trouble(primary: OldPrimary) -> None:
    other_group(primary, rule("h", ports=(443, 443)))

    assert primary.live().outputs == {"closed": "yes"}


def test_a_group_that_is_not_the_databases_fails_the_step(primary: OldPrimary) -> None:
    database(primary).security_groups = (OTHER,)

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert f"is not in {GROUP}" in state.reason


def test_a_member_of_a_cluster_fails_the_step(primary: OldPrimary) -> None:
    database(primary).cluster = "fileflow-aurora"

    assert "cannot be closed alone" in primary.live().reason


def test_a_database_that_is_not_there_fails_the_step(primary: OldPrimary) -> None:
    primary.bench.aws.service(Rds).remove(SEOUL, DATABASE)

    assert "because ap-northeast-2 has none of that name" in primary.live().reason


def test_more_rules_than_can_be_kept_fail_the_step(primary: OldPrimary) -> None:
    group(primary).rules = [rule(str(n), "CidrIpv4", f"10.0.{n}.0/24") for n in range(21)]

    assert "more than 20 rules" in primary.live().reason
    assert primary.bench.writes() == []


def test_as_many_rules_as_can_be_kept_fit_into_the_tags(primary: OldPrimary) -> None:
    group(primary).rules = [rule(str(n), "CidrIpv4", f"10.0.{n}.0/24", said="x" * 255) for n in range(20)]
    before = contents(primary)

    state = primary.live()
    primary.undo()

    assert state.outputs == {"closed": "yes"}
    assert contents(primary) == before


# Taking it back


def test_undo_gives_the_same_rules_back_whatever_they_open_to(primary: OldPrimary) -> None:
    group(primary).rules = [
        rule("a", *NETWORK, said="the application"),
        rule("b", "CidrIpv6", "2001:db8::/32", ports=(3306, 3310)),
        rule("c", "PrefixListId", "pl-0123456789abcdef0", said="offices"),
        rule("d", "GroupId", "sg-0aaaaaaaaaaaaaaaa", said="tasks"),
        rule("e", "GroupId", GROUP, protocol="-1", ports=(-1, -1)),
    ]
    before = contents(primary)
    primary.live()

    done = primary.undo()

    assert done == Undone(
        f"Database ryuqqq-shared-rds lets sessions in by 5 rules of {GROUP} as before; it was rebooted."
    )
    assert contents(primary) == before
    assert group(primary).tags == {}
    assert database(primary).tags == {}


def test_undo_goes_by_the_receipt_where_the_tags_are_gone(primary: OldPrimary) -> None:
    before = contents(primary)
    state = primary.live()
    group(primary).tags.clear()

    primary.undo(state.receipt)

    assert contents(primary) == before


def test_undo_adds_no_rule_that_somebody_put_back(primary: OldPrimary) -> None:
    group(primary).rules.append(rule("a", "CidrIpv4", "10.9.0.0/16"))
    before = contents(primary)
    primary.live()
    group(primary).rules.append(rule("b", "CidrIpv4", "10.9.0.0/16"))

    assert isinstance(primary.undo(), Undone)
    assert contents(primary) == before


def test_a_rule_that_appears_in_between_is_as_good(primary: OldPrimary) -> None:
    primary.live()
    primary.refuse("ec2", "AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate")

    done = primary.undo()

    assert isinstance(done, CannotUndo)
    assert "add them by hand" in done.sentence
    assert isinstance(primary.undo(), Undone)


def test_undo_of_what_another_application_closed_opens_nothing(primary: OldPrimary) -> None:
    primary.live()
    tags = group(primary).tags
    group(primary).tags = {key: value.replace("fileflow ", "portforge ") for key, value in tags.items()}

    done = primary.undo()

    assert isinstance(done, Undone)
    assert "was not closed by this application" in done.sentence
    assert group(primary).rules == []


def test_two_applications_that_share_the_database_cut_its_sessions_once(primary: OldPrimary) -> None:
    primary.guarded(minutes=1)
    database(primary).tags["pilotlight:fence"] = "portforge cut=done"

    primary.guarded(minutes=2)

    assert len(database(primary).restarts) == 1


# Readiness


def test_readiness_is_fine_where_it_can_be_closed(primary: OldPrimary) -> None:
    (found,) = primary.readiness().values()

    assert (found.severity, found.sentence) == (
        Severity.FINE,
        f"Database ryuqqq-shared-rds can be closed by 1 rule of {GROUP}.",
    )


def test_readiness_warns_where_nothing_is_open(primary: OldPrimary) -> None:
    group(primary).rules.clear()

    assert "nothing-to-close" in primary.readiness()


def test_readiness_warns_of_the_marks_of_a_fence_that_was_reopened_by_hand(primary: OldPrimary) -> None:
    rules = list(group(primary).rules)
    primary.live()
    group(primary).rules = [dataclasses.replace(r, id="sgr-00000000000000009") for r in rules]

    assert "fence-mark-left" in primary.readiness()


def test_readiness_blocks_where_a_group_would_stay_open(primary: OldPrimary) -> None:
    other_group(primary, rule("a"))

    assert primary.readiness()["open-elsewhere"].severity is Severity.IMPOSSIBLE


def test_no_group_and_a_name_in_place_of_an_id_are_refused() -> None:
    for groups in ((), ("fileflow-db",)):
        with pytest.raises(ValidationError):
            FenceSecurityGroupParams(instance=DATABASE, security_groups=groups)


def test_the_status_of_a_reboot_is_shown_late(primary: OldPrimary) -> None:
    primary.execute()

    assert database(primary).status == Status.AVAILABLE
