"""`sync_user`: who signs up is copied to the standby, and gets in whatever happens there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deployment.users import users
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Arming
from pilotlight.domain.stages import RunStep
from planfile import load
from rehearsal.apply import Account
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.internet import Internet
from rehearsal.service import Spread
from rehearsal.services.cognito_idp import CognitoIdp, Pool, User
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World
from tests.handlers.conftest import MORNING
from tests.workflow.test_portforge import PLAN

SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"
MAIL = "anna@example.com"
NAME = "pilotlight-portforge-sync-user"


def signed_up(source: str = "PostConfirmation_ConfirmSignUp", **attributes: str) -> dict[str, Any]:
    """The event that Cognito sends after somebody confirmed."""
    given = {"sub": "0d1e2f3a", "email": MAIL, "email_verified": "true", "cognito:user_status": "CONFIRMED"}
    return {
        "version": "1",
        "triggerSource": source,
        "region": SEOUL,
        "userPoolId": f"{SEOUL}_ZyXwVuTsR",
        "userName": "0d1e2f3a",
        "request": {"userAttributes": {**given, **attributes}},
        "response": {},
    }


@dataclass
class SignUp:
    """The primary's trigger, and the pool that users are copied to."""

    account: Account
    tokyo: Pool

    def call(self, event: dict[str, Any]) -> dict[str, Any]:
        time = self.account.aws.world.time
        functions = self.account.aws.service(LambdaFunctions)
        task = time.spawn(lambda: functions.run(SEOUL, NAME, event), name="Cognito")
        time.run(until=lambda: task.done)
        answered: dict[str, Any] = task.result()
        return answered

    @property
    def failures(self) -> int:
        return self.account.log.getvalue().count('"UserSyncFailed":[1.0]')


def deployed(arming: Arming) -> Iterator[SignUp]:
    plan = load(PLAN).model_copy(update={"arming": arming})
    with EmbeddedAws(World(VirtualTime(MORNING), 1, plan.account)) as aws:
        account = Account(aws, Internet(aws.world))
        tokyo = aws.service(CognitoIdp).add_pool(TOKYO, f"{TOKYO}_AbCdEfGhI", "a-client")
        account.apply(users(plan))
        yield SignUp(account, tokyo)


@pytest.fixture
def sign_up() -> Iterator[SignUp]:
    yield from deployed(Arming.MANUAL)


class TestCopying:
    def test_who_signs_up_is_there_under_the_mail_address_and_may_reset_a_password(self, sign_up: SignUp) -> None:
        event = signed_up()

        assert sign_up.call(event) == event

        (user,) = sign_up.tokyo.users.items()
        assert user[0] == MAIL
        assert user[1].attributes == {"email": MAIL, "email_verified": "true"}
        assert user[1].status == "CONFIRMED"

    def test_the_password_is_one_that_nobody_knows(self, sign_up: SignUp) -> None:
        sign_up.call(signed_up())
        sign_up.call(signed_up(email="boris@example.com"))
        passwords = {user.password for user in sign_up.tokyo.users.values()}

        assert len(passwords) == 2
        for password in passwords:
            assert len(password) >= 40
            assert any(c.isupper() for c in password)
            assert any(c.islower() for c in password)
            assert any(c.isdigit() for c in password)
            assert not password.isalnum()
            assert password not in sign_up.account.log.getvalue()

    def test_who_was_there_before_is_copied_at_the_next_sign_in(self, sign_up: SignUp) -> None:
        sign_up.call(signed_up("PostAuthentication_Authentication"))

        assert list(sign_up.tokyo.users) == [MAIL]

    def test_who_is_there_already_stays_as_they_are(self, sign_up: SignUp) -> None:
        sign_up.tokyo.users[MAIL] = User({"email": MAIL}, "CONFIRMED", "their own")

        sign_up.call(signed_up())

        assert sign_up.tokyo.users[MAIL].password == "their own"
        assert sign_up.failures == 0

    def test_a_copy_that_was_cut_off_is_finished(self, sign_up: SignUp) -> None:
        sign_up.tokyo.users[MAIL] = User({"email": MAIL})

        sign_up.call(signed_up())

        assert sign_up.tokyo.users[MAIL].status == "CONFIRMED"

    @pytest.mark.parametrize(
        "event",
        [signed_up("PostConfirmation_ConfirmForgotPassword"), signed_up(identities='[{"providerName":"Google"}]')],
    )
    def test_who_resets_a_password_or_uses_another_provider_is_not_copied(
        self, sign_up: SignUp, event: dict[str, Any]
    ) -> None:
        assert sign_up.call(event) == event
        assert sign_up.tokyo.users == {}


class TestTrouble:
    def test_a_dark_standby_keeps_nobody_out(self, sign_up: SignUp) -> None:
        sign_up.account.aws.world.darken(TOKYO)
        began, event = sign_up.account.aws.world.time.elapsed_seconds(), signed_up()

        assert sign_up.call(event) == event
        assert sign_up.account.aws.world.time.elapsed_seconds() - began < 5.0 + 3.0  # a cold start takes up to 3 s
        assert sign_up.failures == 1

    def test_a_slow_standby_is_not_waited_for_a_second_time(self, sign_up: SignUp) -> None:
        sign_up.account.aws.service(CognitoIdp).call_latency = Spread(1.4, 1.5, 1.6)  # type: ignore[misc]

        sign_up.call(signed_up())

        assert sign_up.tokyo.users[MAIL].status == "FORCE_CHANGE_PASSWORD"
        assert sign_up.failures == 1
        assert "the copy is finished at the next sign-in" in sign_up.account.log.getvalue()

    @pytest.mark.parametrize("event", [{}, {"triggerSource": "PostConfirmation_ConfirmSignUp", "request": None}])
    def test_an_event_of_another_shape_comes_back_as_it_came(self, sign_up: SignUp, event: dict[str, Any]) -> None:
        assert sign_up.call(event) == event
        assert sign_up.failures == 1

    def test_no_mail_address_is_logged(self, sign_up: SignUp) -> None:
        sign_up.account.aws.world.darken(TOKYO)

        sign_up.call(signed_up())

        said = sign_up.account.log.getvalue()
        assert MAIL not in said
        assert "User 0d1e2f3a was not copied" in said


def test_a_plan_copies_from_one_pool() -> None:
    plan = load(PLAN)
    steps = plan.stages.serve["application"]
    (pool,) = (step for step in steps if isinstance(step, RunStep) and step.kind == "swap_user_pool")
    twice = {"application": (*steps, pool.model_copy(update={"step": "user-pool-again"}))}
    stages = plan.stages.model_copy(update={"serve": twice})

    with pytest.raises(PlanRefused) as refused:
        users(plan.model_copy(update={"stages": stages}))

    assert refused.value.sentence.startswith("portforge copies the users of 2 pools")


def test_armed_observe_it_copies_nobody_and_may_not() -> None:
    for sign_up in deployed(Arming.OBSERVE):
        event = signed_up()

        assert sign_up.call(event) == event
        assert sign_up.tokyo.users == {}
        assert sign_up.failures == 0
    (stack,) = users(load(PLAN).model_copy(update={"arming": Arming.OBSERVE}))
    assert "AdminCreateUser" not in json.dumps([str(resource) for resource in stack.resources])
