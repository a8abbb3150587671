"""`activate_user_pool_replica`: a pool that Cognito replicates serves in the standby, and users notice little."""

from __future__ import annotations

import pytest

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import LeftOut
from pilotlight.domain.step import (
    CannotUndo,
    Severity,
    Undone,
)
from pilotlight.steps.activate_user_pool_replica import KIND, ActivateUserPoolReplicaParams
from rehearsal.services.cognito_idp import CognitoIdp, Pool
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench

POOL = "ap-northeast-2_ZyXwVuTsR"
PARAMS = ActivateUserPoolReplicaParams(pool=POOL)
UPDATE = "cognito-idp:UpdateUserPoolReplica"


def stand(bench: Bench, *, status: str = "INACTIVE") -> tuple[Pool, Pool]:
    return bench.aws.service(CognitoIdp).add_replicated_pool(POOL, PLACE.primary, PLACE.standby, status=status)


def undo(bench: Bench, state: StepState) -> Undone | CannotUndo:
    receipt = state.receipt
    assert receipt is not None
    done = bench.inside(lambda: KIND.undo(PARAMS, receipt, bench.context()))
    bench.inside(lambda: bench.world.time.sleep(120))
    return done


def findings(bench: Bench) -> list[tuple[Severity, str]]:
    found = bench.inside(lambda: KIND.readiness(PARAMS, bench.context()))
    return [(f.severity, f.code) for f in found]


class TestActivating:
    def test_a_replica_that_rests_is_woken_and_read_back(self, bench: Bench) -> None:
        _, tokyo = stand(bench)

        ended = bench.live(KIND, PARAMS)

        assert ended.status is StepStatus.SETTLED
        assert tokyo.replicas[PLACE.standby] == "ACTIVE"
        assert ended.outputs == {"region": PLACE.standby, "pool_id": POOL}
        assert "tokens and passwords stay good" in ended.reason
        assert "nobody can sign up, reset a password or change a profile" in ended.reason

    def test_it_is_asked_of_the_standby_though_the_primary_is_dark(self, bench: Bench) -> None:
        stand(bench)
        bench.world.darken(PLACE.primary)

        assert bench.live(KIND, PARAMS).status is StepStatus.SETTLED
        assert {line.region for line in bench.world.trace} == {PLACE.standby}

    def test_one_that_serves_already_is_not_touched(self, bench: Bench) -> None:
        stand(bench, status="ACTIVE")

        assert bench.live(KIND, PARAMS).status is StepStatus.SETTLED
        assert bench.writes() == []

    def test_one_that_is_still_being_created_is_waited_for(self, bench: Bench) -> None:
        _, tokyo = stand(bench, status="CREATING")

        def finish() -> None:
            tokyo.replicas[PLACE.standby] = "INACTIVE"

        bench.world.time.spawn(finish, name="created", delay_seconds=60.0)
        ended = bench.live(KIND, PARAMS)

        assert ended.status is StepStatus.SETTLED
        assert any("cannot be activated yet: it is CREATING" in s.reason for s in bench.states)

    def test_a_lost_answer_is_read_before_it_is_repeated(self, bench: Bench) -> None:
        stand(bench)
        bench.lose_answers("UpdateUserPoolReplica")

        assert bench.live(KIND, PARAMS).status is StepStatus.SETTLED

    @pytest.mark.parametrize("status", ["DELETING", ""])
    def test_one_that_goes_or_was_never_made_stops_it(self, bench: Bench, status: str) -> None:
        _, tokyo = stand(bench, status=status)
        if not status:
            del tokyo.replicas[PLACE.standby]

        ended = bench.live(KIND, PARAMS)

        assert ended.status is StepStatus.FAILED
        assert (status or f"User pool {POOL} has no replica in ap-northeast-1.") in ended.reason


class TestUndo:
    def test_what_this_run_woke_rests_again(self, bench: Bench) -> None:
        _, tokyo = stand(bench)

        assert isinstance(undo(bench, bench.live(KIND, PARAMS)), Undone)
        assert tokyo.replicas[PLACE.standby] == "INACTIVE"

    def test_what_served_before_goes_on(self, bench: Bench) -> None:
        _, tokyo = stand(bench, status="ACTIVE")

        assert "stays so" in undo(bench, bench.live(KIND, PARAMS)).sentence
        assert tokyo.replicas[PLACE.standby] == "ACTIVE"


class TestReadiness:
    def test_a_replica_that_serves_is_fine_and_one_that_rests_is_better_woken(self, bench: Bench) -> None:
        _, tokyo = stand(bench, status="ACTIVE")
        before = findings(bench)
        tokyo.replicas[PLACE.standby] = "INACTIVE"

        assert before == [(Severity.FINE, "replica")]
        assert findings(bench) == [(Severity.WARNING, "replica")]

    def test_triggers_and_the_issuer_are_compared(self, bench: Bench) -> None:
        seoul, _ = stand(bench, status="ACTIVE")
        seoul.says["LambdaConfig"] = {"PostConfirmation": "arn:aws:lambda:ap-northeast-2:123456789012:function:greet"}
        seoul.says["IssuerConfiguration"] = {"Type": "ORIGINAL"}

        assert findings(bench)[1:] == [(Severity.ERROR, "replica-triggers"), (Severity.ERROR, "replica-issuer")]

    def test_a_missing_replica_is_impossible(self, bench: Bench) -> None:
        assert findings(bench) == [(Severity.IMPOSSIBLE, "replica")]

    def test_a_dark_primary_is_not_taken_for_an_equal_one(self, bench: Bench) -> None:
        stand(bench, status="ACTIVE")
        bench.world.darken(PLACE.primary)

        assert findings(bench)[1:] == [(Severity.WARNING, "replica-parity")]

    def test_a_drill_is_refused(self) -> None:
        assert isinstance(KIND.stand_in(PARAMS, ISOLATION), LeftOut)
