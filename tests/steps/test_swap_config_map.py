"""`swap_config_map`: values and a note in one patch, a restart, a rollout followed to its end, and all of it undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.aws.guarded import without_secrets
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Finding,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.swap_config_map import KIND, SwapConfigMapParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.internet import Internet
from rehearsal.kubernetes.api import put_api_server
from rehearsal.kubernetes.cluster import CONFIG_MAPS, SECRETS, VALUE_BEFORE, Cluster, Kept
from rehearsal.kubernetes.deployments import Deployment
from rehearsal.services.eks import Eks
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench

POOL, SEOUL_POOL = "ap-northeast-1_AbCdEfGhI", "ap-northeast-2_ZyXwVuTsR"
CLIENT_SECRET = "the-client-secret-of-tokyo"
TAINT = "use=a-drill"
OWN_NODES = {"node_group": "drill", "taint": TAINT}
OUTPUTS = {"user-pool": {"pool_id": POOL}}
SECRET = {
    "name": "auth-secret",
    "values": {"CLIENT_SECRET": {"secret": "portforge/dr/cognito", "key": "client_secret"}},
}


def params(**differences: Any) -> SwapConfigMapParams:
    given = {
        "cluster": "portforge-dr-cluster",
        "namespace": "portforge",
        "config_map": "auth-config",
        "values": {"AWS_REGION": "ap-northeast-1", "COGNITO_USER_POOL_ID": {"step": "user-pool", "output": "pool_id"}},
        "restart": ["auth-service"],
    }
    return SwapConfigMapParams.model_validate({**given, **differences})


@dataclass
class Tokyo:
    """The standby's cluster with the auth service in it."""

    bench: Bench
    cluster: Cluster
    config: Kept
    secret: Kept
    auth: Deployment

    def live(self, **differences: Any) -> StepState:
        return self.bench.live(KIND, params(**differences), outputs=OUTPUTS)

    def undo(self, state: StepState, **differences: Any) -> Undone | CannotUndo:
        receipt = state.receipt or Receipt("", acted=True)
        return self.bench.inside(lambda: KIND.undo(params(**differences), receipt, self.bench.context()))

    def ready(self, **differences: Any) -> tuple[Finding, ...]:
        return self.bench.inside(lambda: KIND.readiness(params(**differences), self.bench.context()))

    def patches(self) -> list[str]:
        return [line.resource for line in self.bench.world.trace if line.operation.startswith("Patch")]

    def interfere(self, *, once: Callable[[WebRequest], WebAnswer | None], of: str = "GET") -> None:
        """Let something happen to the first request of a method: in place of the API's answer, or before it."""
        behind, left = Internet(self.bench.world), [once]
        put_api_server(behind, self.bench.world, self.cluster)

        def answer(request: WebRequest) -> WebAnswer:
            said = left.pop()(request) if left and request.method == of else None
            return said or behind.ask(request)

        self.bench.internet.put(self.cluster.host, answer)


@pytest.fixture
def tokyo(bench: Bench) -> Tokyo:
    cluster = bench.aws.service(Eks).add_cluster(PLACE.standby, "portforge-dr-cluster")
    seoul = {"AWS_REGION": "ap-northeast-2", "COGNITO_USER_POOL_ID": SEOUL_POOL, "LOG_LEVEL": "info"}
    config = cluster.keep(CONFIG_MAPS, "portforge", "auth-config", **seoul)
    secret = cluster.keep(SECRETS, "portforge", "auth-secret", CLIENT_SECRET="the-client-secret-of-seoul")
    auth = cluster.add_deployment("portforge", "auth-service", reads=("auth-config", "auth-secret"))
    put_api_server(bench.internet, bench.world, cluster)
    value = json.dumps({"client_id": "abc", "client_secret": CLIENT_SECRET})
    made = {"Name": "portforge/dr/cognito", "SecretString": value}
    bench.inside(lambda: bench.context().aws.call("secretsmanager", "CreateSecret", PLACE.standby, **made))
    bench.inside(lambda: bench.world.time.sleep(600))
    bench.world.trace.clear()
    return Tokyo(bench, cluster, config, secret, auth)


class TestSwapping:
    def test_values_are_written_and_every_pod_starts_with_them(self, tokyo: Tokyo) -> None:
        ended = tokyo.live()

        assert ended.status is StepStatus.SETTLED
        assert tokyo.config.data == {"AWS_REGION": "ap-northeast-1", "COGNITO_USER_POOL_ID": POOL, "LOG_LEVEL": "info"}
        assert [pod.values["COGNITO_USER_POOL_ID"] for pod in tokyo.auth.pods] == [POOL, POOL]
        assert ended.reason == (
            "New values are read back from auth-config, and rolled out: auth-service with 2 new pods."
        )

    def test_it_waits_until_the_old_pods_are_gone(self, tokyo: Tokyo) -> None:
        tokyo.live()

        assert any("of its old pods are not gone yet" in state.reason for state in tokyo.bench.states)
        assert len(tokyo.auth.pods) == 2

    def test_a_secret_takes_its_value_from_secrets_manager(self, tokyo: Tokyo) -> None:
        ended = tokyo.live(secret=SECRET)

        assert ended.status is StepStatus.SETTLED
        assert tokyo.secret.data["CLIENT_SECRET"] == CLIENT_SECRET
        assert [pod.values["CLIENT_SECRET"] for pod in tokyo.auth.pods] == [CLIENT_SECRET] * 2

    def test_pods_are_restarted_though_the_values_are_there_already(self, tokyo: Tokyo) -> None:
        # An earlier run may have written them and died before it restarted anything.
        tokyo.config.data |= {"AWS_REGION": "ap-northeast-1", "COGNITO_USER_POOL_ID": POOL}

        ended = tokyo.live()

        assert ended.status is StepStatus.SETTLED
        assert tokyo.patches() == ["portforge-dr-cluster/portforge/deployments/auth-service"]

    def test_a_deployment_that_wants_no_pods_is_done_at_once(self, tokyo: Tokyo) -> None:
        tokyo.auth.replicas = 0
        tokyo.auth.pods.clear()

        assert tokyo.live().status is StepStatus.SETTLED


class TestSecrecy:
    def test_no_secret_stands_in_a_state_of_the_step(self, tokyo: Tokyo) -> None:
        tokyo.live(secret=SECRET)

        assert CLIENT_SECRET not in repr(tokyo.bench.states)

    def test_no_secret_is_recorded_of_the_call(self) -> None:
        recorded = without_secrets({"Name": "auth-secret", "SecretPatch": {"data": {"CLIENT_SECRET": "dG9reW8="}}})

        assert recorded == {"Name": "auth-secret", "SecretPatch": "(withheld)"}

    def test_a_secret_that_lacks_the_member_is_named_and_not_quoted(self, tokyo: Tokyo) -> None:
        source = {"secret": "portforge/dr/cognito", "key": "password"}

        ended = tokyo.live(secret={"name": "auth-secret", "values": {"CLIENT_SECRET": source}})

        assert ended.reason == (
            "CLIENT_SECRET cannot be written, because secret portforge/dr/cognito has no text under password."
        )
        assert tokyo.patches() == []


class TestTwice:
    def test_a_second_turn_of_the_same_step_restarts_nothing_again(self, tokyo: Tokyo) -> None:
        context = tokyo.bench.context(outputs=OUTPUTS)
        tokyo.bench.inside(lambda: KIND.execute(params(), context))
        before = tokyo.patches()

        again = tokyo.bench.inside(lambda: KIND.execute(params(), context))

        assert isinstance(again, Receipt)
        assert not again.acted
        assert tokyo.patches() == before

    def test_a_lost_answer_is_read_before_it_is_repeated(self, tokyo: Tokyo) -> None:
        def lose(request: WebRequest) -> WebAnswer:
            tokyo.config.data |= {"AWS_REGION": "ap-northeast-1", "COGNITO_USER_POOL_ID": POOL}
            tokyo.config.annotations |= json.loads(request.body or "")["metadata"]["annotations"]
            tokyo.config.version += 1
            return WebAnswer(None, "", "no whole answer came in time", silence=Silence.TIMED_OUT)

        tokyo.interfere(once=lose, of="PATCH")

        assert tokyo.live().status is StepStatus.SETTLED
        assert tokyo.patches() == ["portforge-dr-cluster/portforge/deployments/auth-service"]

    def test_what_somebody_else_changes_in_the_same_moment_is_read_again(self, tokyo: Tokyo) -> None:
        def change(request: WebRequest) -> None:
            tokyo.config.data["LOG_LEVEL"] = "debug"
            tokyo.config.version += 1

        tokyo.interfere(once=change, of="PATCH")

        ended = tokyo.live()

        assert ended.status is StepStatus.SETTLED
        assert tokyo.config.data["LOG_LEVEL"] == "debug"
        assert any("changed by somebody else in this moment" in s.reason for s in tokyo.bench.states)


class TestTrouble:
    def test_a_missing_image_is_named_when_the_deadline_is_over(self, tokyo: Tokyo) -> None:
        tokyo.cluster.missing_images.add(tokyo.auth.image)

        ended = tokyo.live()

        assert ended.status is StepStatus.FAILED
        assert "Deployment auth-service did not roll out within its deadline" in ended.reason
        assert f'2 pods wait with \'ImagePullBackOff: Back-off pulling image "{tokyo.auth.image}"' in ended.reason
        assert ended.fix.startswith("Put the image into the standby's registry")

    def test_until_then_it_is_told_and_an_image_that_comes_is_enough(self, tokyo: Tokyo) -> None:
        tokyo.cluster.missing_images.add(tokyo.auth.image)
        tokyo.bench.world.time.spawn(tokyo.cluster.missing_images.clear, name="push it", delay_seconds=200.0)

        ended = tokyo.live()

        assert ended.status is StepStatus.SETTLED
        assert any("2 pods wait with 'ImagePullBackOff" in s.reason for s in tokyo.bench.states)

    def test_pods_without_a_node_are_told(self, tokyo: Tokyo) -> None:
        group = tokyo.bench.aws.service(Eks).add_node_group(tokyo.cluster, "nodes", nodes=0)
        tokyo.bench.world.time.spawn(lambda: group.group.resize(0, 2, 2), name="nodes", delay_seconds=60.0)

        ended = tokyo.live()

        assert ended.status is StepStatus.SETTLED
        assert any("'Unschedulable: no nodes available to schedule pods'" in s.reason for s in tokyo.bench.states)

    def test_values_that_somebody_puts_back_end_it(self, tokyo: Tokyo) -> None:
        def put_back() -> None:
            tokyo.config.data["AWS_REGION"] = "ap-northeast-2"

        tokyo.bench.world.time.spawn(put_back, name="Git", delay_seconds=8.0)
        ended = tokyo.live()

        assert ended.reason == "ConfigMap auth-config holds other values of AWS_REGION, and not by this run."

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"config_map": "auth"}, "ConfigMap auth is missing in namespace portforge of portforge-dr-cluster."),
            ({"restart": ["auth"]}, "Deployment auth is missing in namespace portforge of portforge-dr-cluster."),
            ({"secret": {**SECRET, "name": "other"}}, "Secret other is missing in namespace portforge"),
        ],
    )
    def test_nothing_is_written_before_everything_is_there(
        self, tokyo: Tokyo, wrong: dict[str, Any], words: str
    ) -> None:
        ended = tokyo.live(**wrong)

        assert ended.status is StepStatus.FAILED
        assert words in ended.reason
        assert tokyo.patches() == []

    def test_an_immutable_config_map_is_refused_before_anything_is_written(self, tokyo: Tokyo) -> None:
        tokyo.config.immutable = True

        assert "it is immutable" in tokyo.live().reason
        assert tokyo.patches() == []

    def test_an_output_that_no_step_gave_is_named(self, tokyo: Tokyo) -> None:
        ended = tokyo.bench.live(KIND, params())

        assert "because step user-pool gave no pool_id" in ended.reason

    def test_an_api_that_does_not_answer_is_asked_again(self, tokyo: Tokyo) -> None:
        silent = WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)
        tokyo.interfere(once=lambda request: silent)

        ended = tokyo.live()

        assert ended.status is StepStatus.SETTLED
        assert "gave no answer (no connection came about in time)" in tokyo.bench.states[0].reason


class TestAccess:
    def as_step(self, tokyo: Tokyo, work: Callable[[], Any]) -> Any:
        """Do something as the function of the step, which the cluster lets in as far as its prerequisites say."""
        statements = KIND.statements(params(secret=SECRET), PLACE)
        role = Role("pilotlight-fileflow-swap-config-map-role", statements)

        def inside() -> Any:
            CURRENT_ROLE.set(role)
            return work()

        return tokyo.bench.inside(inside)

    def grant(self, tokyo: Tokyo) -> None:
        for standing in KIND.standing(params(secret=SECRET), PLACE):
            if standing.what in ("access_entry", "role"):
                tokyo.cluster.furnish(standing.what, standing.facts)

    def test_without_an_access_entry_nobody_is_let_in(self, tokyo: Tokyo) -> None:
        found = self.as_step(tokyo, lambda: KIND.readiness(params(), tokyo.bench.context()))

        denied = [f for f in found if f.code == "cluster-access"]
        assert [f.severity for f in denied] == [Severity.ERROR]
        assert "answered 401" in denied[0].sentence

    def test_what_the_prerequisites_let_in_is_enough_for_all_of_it(self, tokyo: Tokyo) -> None:
        self.grant(tokyo)
        context = tokyo.bench.context(outputs=OUTPUTS)
        wanted = params(secret=SECRET)

        receipt = self.as_step(tokyo, lambda: KIND.execute(wanted, context))
        seen = self.as_step(tokyo, lambda: KIND.verify(wanted, receipt, context))
        ready = self.as_step(tokyo, lambda: KIND.readiness(wanted, context))
        undone = self.as_step(tokyo, lambda: KIND.undo(wanted, receipt, context))

        assert "rolling out" in seen.reason
        assert {f.severity for f in ready} == {Severity.FINE}
        assert isinstance(undone, Undone)

    def test_a_token_for_another_cluster_is_not_accepted(self, tokyo: Tokyo) -> None:
        def elsewhere(request: WebRequest) -> None:
            tokyo.cluster.name = "another-cluster"

        tokyo.interfere(once=elsewhere)
        ended = tokyo.live()

        assert ended.status is StepStatus.FAILED
        assert "answered 401" in ended.reason


class TestUndo:
    def test_the_values_are_put_back_and_the_pods_restarted(self, tokyo: Tokyo) -> None:
        before = dict(tokyo.config.data)
        ended = tokyo.live(secret=SECRET)

        undone = tokyo.undo(ended, secret=SECRET)
        tokyo.bench.inside(lambda: tokyo.bench.world.time.sleep(300))

        assert undone == Undone(
            "As before this run: ConfigMap auth-config and Secret auth-secret; auth-service restarted."
        )
        assert tokyo.config.data == before
        assert tokyo.secret.data == {"CLIENT_SECRET": "the-client-secret-of-seoul"}
        assert tokyo.config.annotations == {}
        assert [pod.values["COGNITO_USER_POOL_ID"] for pod in tokyo.auth.pods] == [SEOUL_POOL] * 2

    def test_a_value_that_was_not_there_is_taken_away(self, tokyo: Tokyo) -> None:
        ended = tokyo.live(values={"NEW": "x"})

        tokyo.undo(ended, values={"NEW": "x"})

        assert "NEW" not in tokyo.config.data

    def test_a_turn_that_died_before_it_was_recorded_is_undone_all_the_same(self, tokyo: Tokyo) -> None:
        before, context = dict(tokyo.config.data), tokyo.bench.context(outputs=OUTPUTS)
        tokyo.bench.inside(lambda: KIND.execute(params(), context))

        undone = tokyo.undo(StepState())

        assert isinstance(undone, Undone)
        assert tokyo.config.data == before

    def test_it_may_be_asked_twice(self, tokyo: Tokyo) -> None:
        ended = tokyo.live()
        tokyo.undo(ended)
        before = tokyo.patches()

        undone = tokyo.undo(ended)

        assert undone == Undone("Nothing is taken back, because this run changed nothing there.")
        assert tokyo.patches() == before

    def test_what_somebody_else_wrote_since_stays_and_is_named(self, tokyo: Tokyo) -> None:
        ended = tokyo.live()
        tokyo.config.data["AWS_REGION"] = "eu-central-1"

        undone = tokyo.undo(ended)

        assert isinstance(undone, CannotUndo)
        assert "ConfigMap auth-config keeps AWS_REGION, which somebody else has written since" in undone.sentence
        assert tokyo.config.data["AWS_REGION"] == "eu-central-1"
        assert tokyo.config.data["COGNITO_USER_POOL_ID"] == SEOUL_POOL


class TestReadiness:
    def findings(self, tokyo: Tokyo, **differences: Any) -> list[tuple[Severity, str]]:
        return [(f.severity, f.code) for f in tokyo.ready(**differences) if f.severity is not Severity.FINE]

    def test_a_standby_in_order_is_fine(self, tokyo: Tokyo) -> None:
        assert self.findings(tokyo, secret=SECRET) == []

    def test_what_is_missing_is_impossible(self, tokyo: Tokyo) -> None:
        source = {"secret": "portforge/dr/none"}
        wrong = {"config_map": "no", "restart": ["no"], "secret": {"name": "no", "values": {"A": source}}}

        assert self.findings(tokyo, **wrong) == [
            (Severity.IMPOSSIBLE, "values"),
            (Severity.IMPOSSIBLE, "values"),
            (Severity.IMPOSSIBLE, "deployment"),
            (Severity.IMPOSSIBLE, "secret"),
        ]

    def test_a_cluster_that_cannot_be_asked_is_impossible(self, tokyo: Tokyo) -> None:
        missing = self.findings(tokyo, cluster="another")
        tokyo.cluster.public = False

        assert missing == self.findings(tokyo) == [(Severity.IMPOSSIBLE, "cluster")]

    def test_a_deployment_without_pods_and_values_that_git_keeps_are_warned_of(self, tokyo: Tokyo) -> None:
        tokyo.auth.replicas = 0
        tokyo.config.annotations["argocd.argoproj.io/tracking-id"] = "portforge:/ConfigMap:portforge/auth-config"

        assert self.findings(tokyo) == [
            (Severity.WARNING, "values-kept-elsewhere"),
            (Severity.WARNING, "deployment-empty"),
        ]

    def test_preflight_asks_for_the_cluster_alone(self, tokyo: Tokyo) -> None:
        found = tokyo.bench.inside(lambda: KIND.preflight(params(), tokyo.bench.context()))

        assert [f.severity for f in found] == [Severity.FINE]
        assert [line.operation for line in tokyo.bench.world.trace] == ["DescribeCluster"]

    def test_what_it_takes_to_stand_is_enough(self, bench: Bench) -> None:
        eks = bench.aws.service(Eks)
        for standing in KIND.standing(params(secret=SECRET), PLACE):
            if standing.service == "eks":
                eks.furnish(standing)
        (cluster,) = eks.clusters

        assert cluster.kept[CONFIG_MAPS, "portforge", "auth-config"].data["AWS_REGION"] == VALUE_BEFORE
        assert cluster.kept[SECRETS, "portforge", "auth-secret"].data == {"CLIENT_SECRET": VALUE_BEFORE}
        assert {g.resource for g in cluster.grants} == {"configmaps", "secrets", "deployments", "pods"}
        assert all(g.name != "*" for g in cluster.grants if g.resource != "pods")


class TestParameters:
    @pytest.mark.parametrize(
        "wrong",
        [{"values": {}}, {"restart": []}, {"restart": ["a", "a"]}, {"namespace": "a/../b"}, {"config_map": "A"}],
    )
    def test_what_does_not_hang_together_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            params(**wrong)

    def test_a_drill_is_refused(self) -> None:
        assert isinstance(KIND.stand_in(params(), ISOLATION), Refusal)


class TestInADrill:
    def test_what_it_wrote_remains_until_it_is_put_back(self, tokyo: Tokyo) -> None:
        bench = tokyo.bench
        ended = tokyo.live()

        standing = bench.inside(lambda: KIND.remains(params(), bench.context()))
        tokyo.undo(ended)

        assert standing is not None
        assert standing.run_id == bench.context().run_id
        assert standing.sentence.startswith("ConfigMap auth-config of namespace ")
        assert bench.inside(lambda: KIND.remains(params(), bench.context())) is None

    @pytest.mark.parametrize(
        ("settings", "because"),
        [
            (
                {"tolerates": TAINT},
                "does not select eks.amazonaws.com/nodegroup: drill, so its pods would start on any",
            ),
            ({"tolerates": TAINT, "node_group": "another"}, "does not select eks.amazonaws.com/nodegroup: drill"),
            (
                {"node_group": "drill"},
                "does not tolerate use=a-drill, so its pods would not start on the nodes of drill",
            ),
            ({"node_group": "drill", "tolerates": "use=another"}, "does not tolerate use=a-drill"),
        ],
    )
    def test_pods_that_start_elsewhere_than_on_the_drill_s_nodes_are_not_restarted(
        self, tokyo: Tokyo, settings: dict[str, str], because: str
    ) -> None:
        before = dict(tokyo.config.data)
        tokyo.auth.node_group = settings.get("node_group", "")
        tokyo.auth.tolerates = settings.get("tolerates", "")

        ended = tokyo.live(only_on=OWN_NODES)

        assert ended.status is StepStatus.FAILED
        assert because in ended.reason
        assert tokyo.config.data == before
        assert because in " ".join(finding.sentence for finding in tokyo.ready(only_on=OWN_NODES))

    def test_pods_that_start_on_the_drill_s_nodes_alone_are_restarted(self, tokyo: Tokyo) -> None:
        (cluster,) = tokyo.bench.aws.service(Eks).clusters
        tokyo.bench.aws.service(Eks).add_node_group(cluster, "drill", nodes=1, taint=TAINT)
        tokyo.auth.node_group, tokyo.auth.tolerates = "drill", TAINT

        assert tokyo.live(only_on=OWN_NODES).status is StepStatus.SETTLED
        assert not [finding for finding in tokyo.ready(only_on=OWN_NODES) if finding.code == "nodes"]
