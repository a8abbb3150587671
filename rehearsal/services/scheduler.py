"""EventBridge Scheduler: an application's own schedules, on or off, which start nothing; and those that start a drill.

The traps are: an update replaces the whole schedule, so that what it does not name falls back to its default; and one
that names a start which has passed is refused. Answers and errors: botocore's model of Scheduler; the refusal of a
start: getmoto/moto pull request 8172. The role of a target is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from deployment.resources import MachineSchedule
from pilotlight.domain.schedule import Schedule as Timetable
from pilotlight.domain.step import Standing
from planfile.timetable import next_start
from rehearsal.access import Role
from rehearsal.service import Service, operation
from rehearsal.services.step_functions import StepFunctions
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World

ENABLED, DISABLED = "ENABLED", "DISABLED"
DEFAULT_GROUP = "default"
_OLDEST_START = timedelta(minutes=5)
_ADDRESSED = ("Name", "GroupName", "ClientToken")


@dataclass(eq=False)
class Schedule:
    """One schedule: `said` is all that was said of it in its last update, in the API's spelling."""

    region: str
    group: str
    name: str
    account: str
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:scheduler:{self.region}:{self.account}:schedule/{self.group}/{self.name}"

    @property
    def state(self) -> str:
        """On or off; on where nobody said so."""
        return str(self.said.get("State", ENABLED))


class Scheduler(Service):
    """The schedules of all regions."""

    name: ClassVar[str] = "scheduler"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._schedules: dict[tuple[str, str, str], Schedule] = {}
        self.machines: StepFunctions | None = None

    def deploy(self, schedule: MachineSchedule) -> None:
        """Create a schedule that starts a machine, each time under a name that nobody has used."""
        told = Timetable(cron=schedule.expression.removeprefix("cron(").removesuffix(")"), zone=schedule.zone)
        role = Role(f"{schedule.name}-role", schedule.statements)

        def begin_all() -> None:
            while True:
                now: datetime = self.world.time.now()
                self.world.time.sleep((next_start(told, now) - now).total_seconds())
                self._begin(schedule, role)

        self.world.time.spawn(begin_all, name=schedule.name)

    def _begin(self, schedule: MachineSchedule, role: Role) -> None:
        assert self.machines is not None
        if role.allows("states:StartExecution", schedule.machine_arn):
            name = f"{schedule.name}-{self.world.time.now():%Y%m%dT%H%M%S}"
            self.machines.start(schedule.machine_arn, name, schedule.input)

    def furnish(self, standing: Standing) -> None:
        """A schedule of the application, on or off."""
        if standing.what != "schedule":
            super().furnish(standing)
        facts = standing.facts
        state, role = ENABLED if facts["on"] else DISABLED, str(facts["role_arn"])
        self.add_schedule(standing.region, str(facts["name"]), group=str(facts["group"]), role=role, State=state)

    def add_schedule(
        self,
        region: str,
        name: str,
        *,
        group: str = DEFAULT_GROUP,
        role: str = "arn:aws:iam::123456789012:role/scheduler",
        **said: Any,
    ) -> Schedule:
        """Set the scene: a schedule, each hour; `said` is in the API's spelling."""
        target = {"Arn": f"arn:aws:lambda:{region}:{self.world.account}:function:{name}", "RoleArn": role}
        hourly = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
        made = Schedule(region, group, name, self.world.account, hourly | said)
        self._schedules[region, group, name] = made
        return made

    def schedule(self, region: str, group: str, name: str) -> Schedule:
        """One schedule, to look at it or to change it from outside; KeyError if there is none."""
        return self._schedules[region, group, name]

    @operation("ListSchedules")
    def list_schedules(self, call: Call) -> Mapping[str, Any]:
        """All of the region; of a target the ARN alone."""
        here = [made for (region, _, _), made in self._schedules.items() if region == call.region]
        return {
            "Schedules": [
                {
                    "Arn": made.arn,
                    "Name": made.name,
                    "GroupName": made.group,
                    "State": made.state,
                    "Target": {"Arn": made.said["Target"]["Arn"]},
                }
                for made in here
            ]
        }

    @operation("GetSchedule")
    def get_schedule(self, call: Call) -> Mapping[str, Any]:
        """One schedule, with what was said of it."""
        found = self._find(call)
        moment: datetime = self.world.time.now()
        shown = {"Name": found.name, "GroupName": found.group, "Arn": found.arn, "LastModificationDate": moment}
        return {"State": ENABLED, "ScheduleExpressionTimezone": "UTC", **found.said, **shown}

    @operation("UpdateSchedule")
    def update_schedule(self, call: Call) -> Mapping[str, Any]:
        """Replace all that was said of a schedule."""
        found, said = self._find(call), {n: v for n, v in call.parameters.items() if n not in _ADDRESSED}
        # The wire says moments in UTC, and its parser reads them without a zone.
        said |= {name: said[name].replace(tzinfo=UTC) for name in ("StartDate", "EndDate") if name in said}
        if "StartDate" in said and said["StartDate"] < self.world.time.now() - _OLDEST_START:
            text = "The StartDate you specify cannot be earlier than 5 minutes ago."
            raise ServiceError("ValidationException", text)
        found.said = said
        return {"ScheduleArn": found.arn}

    def _find(self, call: Call) -> Schedule:
        group, name = str(call.parameters.get("GroupName", DEFAULT_GROUP)), str(call.parameters["Name"])
        found = self._schedules.get((call.region, group, name))
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"Schedule {name} does not exist.", 404)
        return found
