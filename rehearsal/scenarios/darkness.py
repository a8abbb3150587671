"""What is dark, or seems to be: regions, paths between them, the application alone, alarms that lie or come late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from deployment import names
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import HEALTH_CHECK_REGION, Plan
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.run import Outcome
from pilotlight.domain.stages import RunStep, Stages
from rehearsal.health import say
from rehearsal.scenarios.scenario import Company, Scenario, later, outage, return_after
from rehearsal.scene import Scene, let_primary_answer
from rehearsal.services.alarm_changes import event_of, stamp
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.events import Events
from rehearsal.world import CURRENT_REGION

SILENT = WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)
BROKEN = WebAnswer(503, "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>")
STORM = 200
"""How many applications go dark at once in an alarm storm, with the one that is rehearsed: seldom among the first."""


def _dark_for(length: timedelta) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        outage(scene)
        return_after(scene, length)

    return happen


def _flap(scene: Scene) -> None:
    """Dark for a minute, well for a minute, ten times."""
    for turn in range(10):
        later(scene, timedelta(minutes=2 * turn), lambda: outage(scene), "the primary goes dark")
        return_after(scene, timedelta(minutes=2 * turn + 1))


def _application_broken_for(length: timedelta | None) -> Callable[[Scene], None]:
    """The application answers errors, and its region is well; for ever where no length is given."""

    def happen(scene: Scene) -> None:
        let_primary_answer(scene, lambda request: BROKEN)
        if length:
            later(scene, length, lambda: let_primary_answer(scene, None), "the application is well")

    return happen


def _us_east_1(scene: Scene) -> None:
    scene.world.darken(HEALTH_CHECK_REGION)


def _both(scene: Scene) -> None:
    scene.world.darken(HEALTH_CHECK_REGION)
    outage(scene)


def _path_cut(scene: Scene) -> None:
    scene.world.cut(scene.plan.regions.primary, scene.plan.regions.standby)


def _peering_cut(scene: Scene) -> None:
    if not scene.plan.network.private:
        raise PlanRefused(
            f"This scenario needs an application that is reached over peering, and {scene.plan.application} is public; "
            "path-cut is its like."
        )
    scene.world.cut_peering(scene.plan.regions.primary, scene.plan.regions.standby)


def _probe_wrong(scene: Scene) -> None:
    """The standby's own way to the load balancer is broken; everybody else is served."""
    standby = scene.plan.regions.standby

    def answer(request: WebRequest) -> WebAnswer | None:
        return SILENT if CURRENT_REGION.get() == standby else None

    let_primary_answer(scene, answer)


def _late_alarm(scene: Scene) -> None:
    """An event of yesterday is delivered now, as EventBridge may after 24 hours of retries."""
    region, standby, alarm = HEALTH_CHECK_REGION, scene.plan.regions.standby, scene.plan.health_check_alarm
    if alarm is None:
        raise PlanRefused(f"This scenario needs the alarm on a health check, and {scene.plan.application} has none.")
    watched = scene.account.aws.service(CloudWatch).alarms[region, alarm]
    yesterday = scene.world.time.now() - timedelta(hours=24)
    was_well = {"value": "OK", "reason": watched.reason, "timestamp": stamp(yesterday)}
    event = event_of(replace(watched, state="ALARM"), was_well, scene.world.account, "yesterday", yesterday)
    scene.account.aws.service(Events).put(standby, names.BUS, event)


def with_health(plan: Plan) -> tuple[Plan, ...]:
    """The plan, listening to AWS Health."""
    return (plan.model_copy(update={"signals": plan.signals.model_copy(update={"aws_health": True})}),)


def _health_says(scene: Scene) -> None:
    """AWS says what is wrong two minutes after the primary went dark, where no event of the primary's own comes."""
    primary, events = scene.plan.regions.primary, scene.account.aws.service(Events)
    words = "We are investigating increased error rates and loss of connectivity in the region."
    outage(scene)
    later(scene, timedelta(minutes=2), lambda: say(scene.world, events, primary, "EC2", words), "AWS Health speaks")


def _health_alone(scene: Scene) -> None:
    """AWS says that the region has an issue, and the application is served all the same."""
    words = "We are investigating increased API error rates in the region."
    say(scene.world, scene.account.aws.service(Events), scene.plan.regions.primary, "EC2", words)


def storm_of(applications: int) -> Company:
    """The plan, and others with an application of the same region each, that only ask whether they are served."""

    def storm(plan: Plan) -> tuple[Plan, ...]:
        asked = {"url": plan.signals.probe.url, "connect_to": _balancer_of_the_storm(plan)}
        check = RunStep.model_validate({"step": "check", "kind": "check_http", "params": asked})
        # What comes after the recovery takes longest, and adds nothing to a storm.
        short = plan.model_copy(update={"stages": plan.stages.model_copy(update={"after": {}})})
        alike = {
            "stages": Stages(serve={"check": (check,)}),
            "traffic": None,
            "other_writers": (),
            "shared_group": None,
            "drill": None,
        }
        named = (f"storm-{n:03d}" for n in range(1, applications))
        return (short, *(plan.model_copy(update={**alike, "application": name}) for name in named))

    return storm


def _balancer_of_the_storm(plan: Plan) -> str:
    return f"storm-dr-alb-123456.{plan.regions.standby}.elb.amazonaws.com"


def _storm(scene: Scene) -> None:
    served, standby = WebAnswer(200, '{"status":"UP"}'), scene.plan.regions.standby
    scene.account.internet.put_in_region(_balancer_of_the_storm(scene.plan), standby, lambda request: served)
    outage(scene)


SCENARIOS = (
    Scenario("outage", "The primary region goes dark and stays dark.", Outcome.RECOVERED, outage),
    Scenario(
        "blip",
        "The primary region is dark for two minutes, which is less than it must last.",
        Outcome.NOT_NEEDED,
        _dark_for(timedelta(minutes=2)),
    ),
    Scenario(
        "github-43s",
        "The primary region is cut off for 43 seconds, as GitHub's was on 21 October 2018.",
        Outcome.NOT_NEEDED,
        _dark_for(timedelta(seconds=43)),
    ),
    Scenario("flap", "The primary region is dark every other minute, for twenty minutes.", Outcome.NOT_NEEDED, _flap),
    Scenario(
        "multi-az-failover",
        "The application answers errors for two minutes while its database fails over between zones.",
        Outcome.NOT_NEEDED,
        _application_broken_for(timedelta(minutes=2)),
    ),
    Scenario(
        "bad-deploy",
        "A deployment breaks the application for good; its region is well.",
        Outcome.NOT_NEEDED,
        _application_broken_for(None),
    ),
    Scenario(
        "us-east-1-dark",
        "The region of the health check's alarm goes dark, and the primary is well.",
        Outcome.NOT_NEEDED,
        _us_east_1,
    ),
    Scenario(
        "both-dark",
        "The primary region goes dark together with the region of the health check's alarm.",
        Outcome.RECOVERED,
        _both,
    ),
    Scenario(
        "path-cut",
        "The network between the primary and the standby is cut; the rest of the world is served.",
        Outcome.NOT_NEEDED,
        _path_cut,
    ),
    Scenario(
        "peering-cut",
        "The VPCs of a private application's two regions are cut from each other; the rest of the world is well.",
        Outcome.NOT_NEEDED,
        _peering_cut,
    ),
    Scenario(
        "probe-wrong",
        "The standby's probe gets no answer, and everybody else does.",
        Outcome.NOT_NEEDED,
        _probe_wrong,
    ),
    Scenario(
        "late-alarm",
        "An alarm of yesterday is delivered 24 hours late; the primary is well.",
        Outcome.NOT_NEEDED,
        _late_alarm,
    ),
    Scenario(
        "alarm-storm",
        f"{STORM} applications go dark at once, and three start by themselves; the others wait. It takes some minutes.",
        Outcome.BLOCKED,
        _storm,
        # The three are quick, and Slack takes one message a second of what there is to tell of the others.
        at_least=timedelta(minutes=15),
        company=storm_of(STORM),
    ),
    Scenario(
        "health-says",
        "The primary region goes dark, and two minutes later AWS Health says so, in another region.",
        Outcome.RECOVERED,
        _health_says,
        company=with_health,
    ),
    Scenario(
        "health-alone",
        "AWS Health speaks of an issue in the primary region, and every observer sees its application well.",
        Outcome.NOT_NEEDED,
        _health_alone,
        company=with_health,
    ),
)
