"""The scene of a rehearsal: a plan's world as it stands before an incident, with Pilotlight deployed in it.

What must stand in the standby is what the plan's own step kinds say (`StepKind.standing`). The primary is an endpoint
that answers as long as its region is not dark; the standby's load balancers answer once the application behind them is
up: something healthy in each target group, its configuration swapped, its database taking writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from deployment.application import application
from deployment.drill import drill
from deployment.foundation import foundation
from deployment.guard import guard
from deployment.observing import observers
from deployment.resources import HealthCheck, Stack
from deployment.runbook import runbook
from deployment.signals import signals
from deployment.slack import hears_slack
from deployment.users import users
from pilotlight import requirements
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.step import Standing
from pilotlight.steps import kind_and_params
from planfile.drill import drill_of
from planfile.reading import InstalledKinds
from rehearsal.access import CURRENT_ROLE
from rehearsal.apply import Account
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.good_answer import good_body
from rehearsal.internet import Answers, Internet
from rehearsal.kept_secrets import keep_secret
from rehearsal.keys import furnish_keys
from rehearsal.kubernetes.api import put_api_server
from rehearsal.kubernetes.cluster import VALUE_BEFORE
from rehearsal.pager import FakePager
from rehearsal.sampling import sample_lag
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.eks import Eks
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.rds import Rds
from rehearsal.services.route53 import Route53
from rehearsal.sinks import furnish_sinks
from rehearsal.slack import FakeSlack
from rehearsal.traffic import furnish_records
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World

BEFORE_INCIDENT = timedelta(minutes=7)
LONG_AGO = timedelta(days=30)
START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class AnyScene:
    """The world of a plan of whichever kind, open for something to happen in."""

    plan: AnyPlan
    account: Account
    slack: FakeSlack
    pager: FakePager

    @property
    def world(self) -> World:
        """The world of the scene."""
        return self.account.aws.world


@dataclass(frozen=True)
class Scene(AnyScene):
    """A failover plan's world, open for a scenario to happen in."""

    plan: Plan


def open_runbook_scene(plan: Runbook, seed: int) -> AnyScene:
    """A world in which all that a run-book's steps work on is well. Close it with `close_scene`."""
    regions = dict.fromkeys((plan.region, plan.failover_region or plan.region))
    hears = hears_slack(plan)
    shared = [foundation(plan.account, region, watches=False, hears=hears) for region in regions]
    account = _account(plan, seed)
    scene = AnyScene(plan, account, FakeSlack(account.aws.world), FakePager(account.aws.world))
    _let_settle(scene, lambda: _set_up_runbook(scene, [*shared, runbook(plan)]))
    return scene


def open_scene(plan: Plan, seed: int, stacks: Iterable[Stack] | None = None, company: Sequence[Plan] = ()) -> Scene:
    """A world in which the plan's application has been well for long. Close it with `close_scene`.

    Parameters: `stacks` are deployed in it, those that `deployment` describes for the plan unless given; `company` are
    further plans of applications that live beside it.
    """
    account = _account(plan, seed)
    scene = Scene(plan, account, FakeSlack(account.aws.world), FakePager(account.aws.world))
    deployed = _described((plan, *company)) if stacks is None else stacks
    _let_settle(scene, lambda: _set_up(scene, deployed))
    return scene


def _account(plan: AnyPlan, seed: int) -> Account:
    world = World(VirtualTime(START), seed, plan.account)
    return Account(EmbeddedAws(world).__enter__(), Internet(world))


def _let_settle(scene: AnyScene, set_up: Callable[[], None]) -> None:
    scene.world.time.spawn(set_up, name="set the scene")
    try:
        scene.world.time.run(limit_seconds=BEFORE_INCIDENT.total_seconds())
    except BaseException:
        # Whoever was to close the scene never gets it, and the next one would find moto's state of this one.
        close_scene(scene)
        raise


def _described(plans: Sequence[Plan]) -> Iterator[Stack]:
    home = plans[0]
    yield foundation(home.account, home.regions.standby, hears=any(hears_slack(plan) for plan in plans))
    yield from observers(plans)
    for plan in plans:
        yield application(plan)
        yield from signals(plan)
        yield from guard(plan)
        yield from users(plan)
        yield from drill(plan)


def close_scene(scene: AnyScene) -> None:
    """Let go of what the scene holds of the process."""
    scene.account.aws.__exit__(None, None, None)


def drill_scene(scene: Scene) -> AnyScene:
    """The same world as that of the plan's drill."""
    return AnyScene(drill_of(scene.plan, InstalledKinds()), scene.account, scene.slack, scene.pager)


def _set_up(scene: Scene, stacks: Iterable[Stack]) -> None:
    account = scene.account
    _furnish_all(scene, *((drill_scene(scene),) if scene.plan.drill else ()))
    let_primary_answer(scene, None)
    furnish_sinks(scene.plan, scene.account, scene.slack, scene.pager)
    account.aws.service(Route53).answers = lambda check: _answers(scene, check)
    _peer(scene)
    account.apply(stacks)
    account.aws.service(CloudWatch).settle(LONG_AGO)
    own = [r for stack in signals(scene.plan) for r in stack.resources if isinstance(r, HealthCheck)]
    furnish_records(scene.world, scene.plan, list(_standing(scene)), own)


def _peer(scene: Scene) -> None:
    """The VPCs of a private application reach its primary's."""
    regions, network = scene.plan.regions, scene.plan.network
    for region, foothold in ((regions.standby, network.standby), (regions.witness, network.witness)):
        if region and foothold:
            scene.world.peer(region, regions.primary)


def _set_up_runbook(scene: AnyScene, stacks: Iterable[Stack]) -> None:
    _furnish_all(scene)
    furnish_sinks(scene.plan, scene.account, scene.slack, scene.pager)
    scene.account.apply(stacks)


def _standing(scene: AnyScene) -> Iterator[Standing]:
    for step in scene.plan.steps().values():
        its_kind, params = kind_and_params(step)
        yield from its_kind.standing(params, scene.plan.place)
    for requirement in scene.plan.requirements:
        required, asked = requirements.kind_and_params(requirement)
        yield from required.standing(asked, scene.plan.place)


def _furnish_all(*scenes: AnyScene) -> None:
    """What stands before an incident, each thing once, though several steps ask for it; and the APIs of clusters."""
    furnished: list[Standing] = []
    for of, standing in [(scene, standing) for scene in scenes for standing in _standing(scene)]:
        if standing not in furnished:
            _furnish(of, standing)
            furnished.append(standing)
    scene = scenes[0]
    for cluster in scene.account.aws.service(Eks).clusters:
        put_api_server(scene.account.internet, scene.world, cluster)


def _furnish(scene: AnyScene, standing: Standing) -> None:
    sdk, facts = scene.account.sdk(standing.region), standing.facts
    match standing.service:
        case "internet":
            _let_answer(scene, facts["host"], standing.region, partial(_standby_answers, scene, standing))
        case "ssm":
            key = {"KeyId": facts["key"]} if facts.get("key") else {}
            kept = {"Name": facts["name"], "Value": facts.get("value", VALUE_BEFORE), "Type": facts["type"], **key}
            sdk.call("ssm", "PutParameter", standing.region, **kept)
        case "secretsmanager":
            keep_secret(sdk, standing)
        case "kms":
            furnish_keys(sdk, scene.plan.account, standing)
        case service:
            scene.world.models[service].furnish(standing)
    sample_lag(scene.account, standing)


def let_primary_answer(scene: Scene, instead: Callable[[WebRequest], WebAnswer | None] | None) -> None:
    """Let the application in the primary answer something else, where `instead` says what; None lets it be well."""
    probe, primary = scene.plan.signals.probe, scene.plan.regions.primary
    check = scene.plan.signals.health_check
    hosts = {urlsplit(probe.url).hostname or "", probe.connect_to or "", check.host if check else ""} - {""}
    for host in hosts:
        _let_answer(scene, host, primary, partial(_primary_answers, scene, host, instead))


def _let_answer(scene: AnyScene, host: str, region: str, answers: Answers) -> None:
    internet = scene.account.internet
    private = isinstance(scene.plan, Plan) and scene.plan.network.private
    put = internet.put_private if private else internet.put_in_region
    put(host, region, answers)


def _primary_answers(
    scene: Scene, host: str, instead: Callable[[WebRequest], WebAnswer | None] | None, request: WebRequest
) -> WebAnswer:
    probe = scene.plan.signals.probe
    said = instead(request) if instead else None
    if said:
        return said
    if scene.account.aws.service(Elbv2).answers_503(host):
        return WebAnswer(503, "This region is closed; the application is served from another one.")
    return WebAnswer(probe.expect_status, probe.expect_body or '{"status":"UP"}')


def _answers(scene: Scene, check: HealthCheck) -> bool:
    answer = scene.account.internet.ask(WebRequest("GET", f"https://{check.host}{check.path}"))
    return answer.status is not None and 200 <= answer.status < 400 and (check.search or "") in answer.body


def _standby_answers(scene: AnyScene, asked: Standing, request: WebRequest) -> WebAnswer:
    region, balancing, url = asked.region, scene.account.aws.service(Elbv2), urlsplit(request.url)
    if balancing.refuses(asked.facts["host"], url.port or (443 if url.scheme == "https" else 80)):
        return WebAnswer(None, "", "the connection was refused", silence=Silence.REFUSED)
    groups = [group for group in balancing.target_groups if group.region == region]
    if isinstance(scene.plan, Runbook) and not groups:
        # A run-book works where the application lives: tasks that it does not touch serve all the time.
        return _when_up(scene, asked, request)
    served = bool(groups) and all(group.healthy_count for group in groups)
    pods = sum(cluster.ready_pods() for cluster in scene.account.aws.service(Eks).clusters if cluster.region == region)
    if not served and not pods:
        return WebAnswer(503, "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>")
    return WebAnswer(503, '{"status":"DOWN"}') if _not_yet_there(scene) else _when_up(scene, asked, request)


def _when_up(scene: AnyScene, asked: Standing, request: WebRequest) -> WebAnswer:
    """What the application answers once it is up: what the plan expects of that URL, behind that load balancer."""
    here = [s.facts for s in _standing(scene) if s.service == "internet" and s.facts["host"] == asked.facts["host"]]
    facts = next((facts for facts in here if facts["url"] == request.url), asked.facts)
    return WebAnswer(facts["status"], good_body(facts["text"], facts["values"]))


def _not_yet_there(scene: AnyScene) -> list[str]:
    """What the application would find missing: values that still are what stood there before the incident."""
    missing = [name for cluster in scene.account.aws.service(Eks).clusters for name in cluster.stale()]
    for standing in _standing(scene):
        # What stands there with a value of its own is no step's to write.
        if standing.service == "ssm" and "value" not in standing.facts and _parameter(scene, standing) == VALUE_BEFORE:
            missing.append(str(standing.facts["name"]))
        if (standing.service, standing.what) == ("rds", "replica"):
            instance = scene.account.aws.service(Rds).instance(standing.region, str(standing.facts["identifier"]))
            missing += [instance.identifier] if instance.source else []
        if (standing.service, standing.what) == ("rds", "global database"):
            cluster = str(standing.facts["cluster"])
            writes = scene.account.aws.service(Rds).writes_in(standing.region, cluster)
            missing += [] if writes else [cluster]
    return missing


def _parameter(scene: AnyScene, standing: Standing) -> str:
    # The application reads under its own role, not under that of whoever asks it over HTTP.
    asked_by = CURRENT_ROLE.set(None)
    try:
        sdk = scene.account.sdk(standing.region)
        found = sdk.call("ssm", "GetParameter", standing.region, Name=standing.facts["name"])
        return str(found["Parameter"]["Value"])
    finally:
        CURRENT_ROLE.reset(asked_by)
