"""`swap_user_pool`: values of the standby's pool, what users must know, and whether both pools let them in alike."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from deployment.application import application
from deployment.names import open_function
from deployment.resources import Function
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.step import Finding, Severity, Undone
from pilotlight.steps.swap_user_pool import KIND, SwapUserPoolParams
from rehearsal.services.cognito_idp import CognitoIdp, Pool
from tests.builders import a_plan
from tests.steps.conftest import PLACE, Bench

TOKYO_POOL, SEOUL_POOL = "ap-northeast-1_AbCdEfGhI", "ap-northeast-2_ZyXwVuTsR"
CLIENT, SEOUL_CLIENT = "1h57kf5cpq17m0eml12example", "6tvk4m2o8u1q9s3w5yexample"
SECRET = "the-client-secret-of-tokyo"
PARAMS: dict[str, Any] = {
    "pool": TOKYO_POOL,
    "client": CLIENT,
    "client_secret": {"secret": "portforge/dr/cognito-client", "key": "client_secret"},
    "primary": {"pool": SEOUL_POOL, "client": SEOUL_CLIENT},
}


def params(**differences: Any) -> SwapUserPoolParams:
    return SwapUserPoolParams.model_validate({**PARAMS, **differences})


@dataclass
class Pools:
    """The two pools of PortForge on the bench."""

    bench: Bench
    tokyo: Pool
    seoul: Pool

    @property
    def client(self) -> dict[str, Any]:
        return self.tokyo.clients[CLIENT]

    def live(self, **differences: Any) -> StepState:
        return self.bench.live(KIND, params(**differences))

    def findings(self, **differences: Any) -> list[Finding]:
        found = self.bench.inside(lambda: KIND.readiness(params(**differences), self.bench.context()))
        return [f for f in found if f.severity is not Severity.FINE and f.code != "pool-redirect"]


@pytest.fixture
def pools(bench: Bench) -> Pools:
    cognito = bench.aws.service(CognitoIdp)
    tokyo = cognito.add_pool(PLACE.standby, TOKYO_POOL, CLIENT, secret=SECRET)
    seoul = cognito.add_pool(PLACE.primary, SEOUL_POOL, SEOUL_CLIENT, secret="another")
    made = {"Name": "portforge/dr/cognito-client", "SecretString": json.dumps({"client_secret": SECRET})}
    bench.inside(lambda: bench.context().aws.call("secretsmanager", "CreateSecret", PLACE.standby, **made))
    return Pools(bench, tokyo, seoul)


class TestSwapping:
    def test_the_values_of_the_standby_are_given_to_later_steps(self, pools: Pools) -> None:
        ended = pools.live()

        assert ended.status is StepStatus.SETTLED
        assert ended.outputs == {
            "region": "ap-northeast-1",
            "pool_id": TOKYO_POOL,
            "client_id": CLIENT,
            "client_secret_ref": "portforge/dr/cognito-client#client_secret",
            "issuer": f"https://cognito-idp.ap-northeast-1.amazonaws.com/{TOKYO_POOL}",
        }

    def test_it_tells_what_users_must_know(self, pools: Pools) -> None:
        assert pools.live().reason == (
            f"User pool {TOKYO_POOL} stands in for {SEOUL_POOL}. Every user has to sign in again, because tokens of "
            "the other pool are not accepted here; who uses Google can do so at once; who has a password has to reset "
            "it first, because Cognito gives none away: tell your users."
        )

    def test_who_has_no_password_need_not_reset_one(self, pools: Pools) -> None:
        pools.client["SupportedIdentityProviders"] = ["Google"]

        assert "reset" not in pools.live().reason

    def test_nothing_is_changed_and_so_nothing_taken_back(self, pools: Pools) -> None:
        pools.bench.world.trace.clear()
        ended = pools.live()
        receipt = ended.receipt

        assert receipt is not None
        assert pools.bench.writes() == []
        assert isinstance(KIND.undo(params(), receipt, pools.bench.context()), Undone)

    def test_no_secret_stands_in_a_state_of_the_step(self, pools: Pools) -> None:
        pools.live()

        assert SECRET not in repr(pools.bench.states)

    def test_a_client_without_a_secret_needs_none(self, pools: Pools) -> None:
        ended = pools.live(client_secret=None)

        assert ended.status is StepStatus.SETTLED
        assert "client_secret_ref" not in ended.outputs


class TestTrouble:
    def test_a_secret_that_is_not_the_client_s_stops_it_and_is_not_quoted(self, pools: Pools) -> None:
        pools.client["ClientSecret"] = "rotated-since-then"

        ended = pools.live()

        assert ended.status is StepStatus.FAILED
        assert ended.reason == (
            f"Secret portforge/dr/cognito-client#client_secret does not hold the secret of client {CLIENT} of "
            f"{TOKYO_POOL}."
        )

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"pool": "ap-northeast-1_Nowhere"}, "User pool ap-northeast-1_Nowhere is missing in ap-northeast-1."),
            ({"client": "nobody"}, f"User pool {TOKYO_POOL} has no app client nobody."),
            ({"client_secret": {"secret": "no/such"}}, "secret no/such is missing in ap-northeast-1"),
        ],
    )
    def test_what_is_missing_is_named(self, pools: Pools, wrong: dict[str, Any], words: str) -> None:
        assert words in pools.live(**wrong).reason


class TestReadiness:
    def test_two_pools_that_are_alike_are_fine(self, pools: Pools) -> None:
        assert pools.findings() == []

    @pytest.mark.parametrize(
        ("says", "aspect", "severity"),
        [
            ({"Policies": {"PasswordPolicy": {"MinimumLength": 12}}}, "password policy", Severity.WARNING),
            ({"MfaConfiguration": "ON"}, "MFA", Severity.WARNING),
            ({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}}, "self-registration", Severity.WARNING),
            ({"UsernameAttributes": ["email"]}, "names to sign in with", Severity.ERROR),
            ({"SchemaAttributes": [{"Name": "custom:team"}]}, "attributes of users", Severity.ERROR),
        ],
    )
    def test_a_pool_that_differs_is_told(
        self, pools: Pools, says: dict[str, Any], aspect: str, severity: Severity
    ) -> None:
        pools.seoul.says |= says

        (found,) = pools.findings()

        assert found.severity is severity
        assert found.sentence == f"User pool {TOKYO_POOL} differs from {SEOUL_POOL} in its {aspect}."

    @pytest.mark.parametrize(
        ("changed", "aspect"),
        [
            ({"CallbackURLs": []}, "callback URLs"),
            ({"LogoutURLs": ["https://portforge.example.com/out"]}, "logout URLs"),
            ({"AllowedOAuthFlows": ["implicit"]}, "OAuth flows"),
            ({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}, "authentication flows"),
            ({"SupportedIdentityProviders": ["COGNITO"]}, "identity providers"),
            ({"AccessTokenValidity": 5}, "validity of tokens"),
        ],
    )
    def test_a_client_that_differs_is_told(self, pools: Pools, changed: dict[str, Any], aspect: str) -> None:
        pools.seoul.clients[SEOUL_CLIENT] |= changed

        assert [f.sentence for f in pools.findings()] == [
            f"The client of {TOKYO_POOL} differs from {SEOUL_POOL} in its {aspect}."
        ]

    def test_the_order_of_urls_is_no_difference(self, pools: Pools) -> None:
        for client, urls in ((pools.client, ["a", "b"]), (pools.seoul.clients[SEOUL_CLIENT], ["b", "a"])):
            client["CallbackURLs"] = urls

        assert pools.findings() == []

    def test_a_provider_that_is_missing_or_known_otherwise_is_told_without_its_secret(self, pools: Pools) -> None:
        pools.tokyo.providers["Google"]["ProviderDetails"]["client_secret"] = "of another project"
        (other,) = pools.findings()
        pools.tokyo.providers.clear()
        (missing,) = pools.findings()

        assert other.sentence == f"User pool {TOKYO_POOL} knows Google with another client_secret than {SEOUL_POOL}."
        assert "lacks the identity provider Google" in missing.sentence

    def test_a_pool_without_a_domain_lets_nobody_in_by_another_provider(self, pools: Pools) -> None:
        del pools.tokyo.says["Domain"]

        assert [f.code for f in pools.findings()] == ["pool-domain"]

    def test_the_address_that_google_must_know_is_named(self, pools: Pools) -> None:
        found = pools.bench.inside(lambda: KIND.readiness(params(), pools.bench.context()))

        (redirect,) = [f for f in found if f.code == "pool-redirect"]
        host = "auth-abcdefghi.auth.ap-northeast-1.amazoncognito.com"
        assert f"https://{host}/oauth2/idpresponse cannot be seen from AWS" in redirect.sentence

    def test_users_that_are_missing_are_counted(self, pools: Pools) -> None:
        pools.seoul.says["EstimatedNumberOfUsers"] = 2000
        pools.tokyo.says["EstimatedNumberOfUsers"] = 1200

        (found,) = pools.findings()

        assert "has about 1200 users and ap-northeast-2_ZyXwVuTsR about 2000" in found.sentence

    def test_a_dark_primary_is_not_taken_for_an_equal_one(self, pools: Pools) -> None:
        pools.bench.world.darken(PLACE.primary)

        (found,) = pools.findings()

        assert found.severity is Severity.WARNING
        assert "could not be compared" in found.sentence

    def test_whoever_looks_ahead_opens_no_secret(self) -> None:
        step = {"step": "user-pool", "kind": "swap_user_pool", "params": PARAMS}
        plan = a_plan(stages={"serve": {"application": [step]}})

        (opener,) = [
            r for r in application(plan).resources if isinstance(r, Function) and r.name == open_function("fileflow")
        ]
        allowed = {action for statement in opener.statements for action in statement.actions}
        assert "cognito-idp:DescribeUserPool" in allowed
        assert not {"cognito-idp:DescribeUserPoolClient", "cognito-idp:DescribeIdentityProvider"} & allowed

    def test_preflight_looks_at_the_pool_alone(self, pools: Pools) -> None:
        pools.bench.world.trace.clear()

        found = pools.bench.inside(lambda: KIND.preflight(params(), pools.bench.context()))

        assert [f.severity for f in found] == [Severity.FINE]
        assert [line.operation for line in pools.bench.world.trace] == ["DescribeUserPool"]
