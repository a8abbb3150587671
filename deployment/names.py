"""The physical names of everything that is deployed: fixed, so that ARNs are computed and never looked up."""

from __future__ import annotations

from pilotlight.domain import tombstone
from pilotlight.domain.place import Place

LEDGER_TABLE = "pilotlight-ledger"
CONTROL_TABLE = "pilotlight-control"
SIGNALS_TABLE = "pilotlight-signals"
TOMBSTONES_TABLE = tombstone.TABLE
BUS = "pilotlight"
SWITCH_PARAMETER = "/pilotlight/automatic-failovers"
ALERTS_TOPIC = "pilotlight-alerts"
LOST_EVENTS_QUEUE = "pilotlight-lost-events"
LOST_LOOKS_QUEUE = "pilotlight-lost-looks"
PROBES_PATH = "/pilotlight/probes"
NOTIFY_FUNCTION = "pilotlight-notify"
PROBE_FUNCTION = "pilotlight-probe"
SLACK_FUNCTION = "pilotlight-slack"
SLACK_PATH = "/pilotlight/slack"
SIGNING_SECRET = "pilotlight/slack-signing-secret"
ALIAS = "live"


def detect_function(application: str) -> str:
    """The function that looks at the primary, at each alarm event and at each tick."""
    return f"pilotlight-{application}-detect"


def open_function(application: str) -> str:
    """The function that opens a run, holds its gate and reviews its stages."""
    return f"pilotlight-{application}-open"


def close_function(application: str) -> str:
    """The function that concludes a run."""
    return f"pilotlight-{application}-close"


def word_function(application: str) -> str:
    """The function that takes what people say about a run."""
    return f"pilotlight-{application}-word"


def step_function(application: str, kind: str) -> str:
    """The function that takes the turns of all steps of one kind: one role a kind."""
    return f"pilotlight-{application}-{kind.replace('_', '-')}"


def latch_function(application: str) -> str:
    """The function that says each minute where the latch stands."""
    return f"pilotlight-{application}-latch"


def latency_function(application: str) -> str:
    """The function in the primary region that remembers how far an application's global tables are behind."""
    return f"pilotlight-{application}-latency"


def readiness_function(application: str) -> str:
    """The function that looks at what must be true before an incident."""
    return f"pilotlight-{application}-readiness"


def janitor_function(drill: str) -> str:
    """The function that has deleted what a drill left that was cut off."""
    return f"pilotlight-{drill}-janitor"


TASKS, PODS = "ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com"
"""By what name IAM knows who runs a drilled application: tasks of ECS, or pods of EKS by Pod Identity."""


def failover_machine(application: str) -> str:
    """The state machine of a failover plan."""
    return f"{application}-failover"


def slack_parameter(application: str) -> str:
    """The parameter that says in which channel an application is spoken of."""
    return f"{SLACK_PATH}/{application}"


def forwarding_role(application: str, region: str) -> str:
    """The role under which a region's alarms are put on the standby's bus; roles are global, so the region is in it."""
    return f"pilotlight-{application}-fwd-{region}"


def health_role(application: str, region: str) -> str:
    """The role under which a region's events of AWS Health are put on the standby's bus."""
    return f"pilotlight-{application}-hlt-{region}"


def function_arn(place: Place, name: str) -> str:
    """A function's ARN in the standby, behind the alias that is called."""
    return place.arn("lambda", f"function:{name}:{ALIAS}")


def machine_arn(place: Place) -> str:
    """The failover machine's ARN."""
    return place.arn("states", f"stateMachine:{failover_machine(place.application)}")


def execution_arn(place: Place, name: str) -> str:
    """The ARN of one execution of the failover machine."""
    return place.arn("states", f"execution:{failover_machine(place.application)}:{name}")


def inside_function(application: str) -> str:
    """The function in a VPC that asks what of an application only that VPC reaches."""
    return f"pilotlight-{application}-inside"


def voice_function(application: str) -> str:
    """The function in the primary region that says each minute what is seen inside."""
    return f"pilotlight-{application}-voice"


def probe_parameter(application: str) -> str:
    """The parameter that tells a region's probe how to look at an application's primary."""
    return f"{PROBES_PATH}/{application}"


def heartbeat_function(standby: str) -> str:
    """The function in a primary region that sends its beat to a standby."""
    return f"pilotlight-heartbeat-{standby}"


def lost_beats_queue(standby: str) -> str:
    """The queue of beats that could not be sent to a standby."""
    return f"pilotlight-lost-beats-{standby}"


def watch_stack(region: str) -> str:
    """The stack of the probe that all applications share that a region observes."""
    return f"pilotlight-watch-{region}"


def sentinel_stack(primary: str, standby: str) -> str:
    """The stack of a primary region's heartbeat into a standby."""
    return f"pilotlight-sentinel-{primary}-to-{standby}"


def foundation_stack(region: str) -> str:
    """The stack that every application of a standby region shares."""
    return f"pilotlight-foundation-{region}"


def application_stack(application: str) -> str:
    """The stack of one application in its standby region."""
    return f"pilotlight-{application}"


def signals_stack(application: str, region: str) -> str:
    """The stack of one application's signals in a region that observes it."""
    return f"pilotlight-{application}-signals-{region}"


def guard_function(application: str) -> str:
    """The function that keeps the old primary closed."""
    return f"pilotlight-{application}-guard"


def guard_mode(application: str) -> str:
    """The parameter in the primary region that says what the guard may do."""
    return f"/pilotlight/{application}/guard"


def guard_copy(application: str) -> str:
    """The parameter in the primary region that holds the guard's own copy of the tombstones."""
    return f"/pilotlight/{application}/tombstones"


def guard_alerts(application: str) -> str:
    """The topic in the primary region that hears of trouble of the guard's own."""
    return f"pilotlight-{application}-guard-alerts"


def sync_user_function(application: str) -> str:
    """The function in the primary region that copies who signs up to the standby's user pool."""
    return f"pilotlight-{application}-sync-user"


def users_stack(application: str) -> str:
    """The stack of what copies an application's users, in its primary region."""
    return f"pilotlight-{application}-users"


def guard_stack(application: str) -> str:
    """The stack of an application's guard in its primary region."""
    return f"pilotlight-{application}-guard"
