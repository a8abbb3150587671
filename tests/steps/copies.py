"""TriFlow's standby on the bench: backups of Seoul's database in Tokyo, and no replica."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.step import CannotUndo, Finding, Receipt, StepContext, Undone
from pilotlight.steps import adopt_database, restore_database
from pilotlight.steps.adopt_database import AdoptDatabaseParams
from pilotlight.steps.restore_database import RestoreDatabaseParams
from rehearsal.services.rds import Rds
from rehearsal.services.rds_holdings import AutomatedBackups
from rehearsal.services.rds_instance import Instance
from tests.steps.conftest import PLACE, Bench

SEOUL, TOKYO = PLACE.primary, PLACE.standby
SOURCE, COPY = "triflow-ai-production-db", "triflow-dr-db"
COPY_ARN = f"arn:aws:rds:{TOKYO}:123456789012:db:{COPY}"
SOURCE_ARN = f"arn:aws:rds:{SEOUL}:123456789012:db:{SOURCE}"
TO_POINT, OF_SNAPSHOT = "rds:RestoreDBInstanceToPointInTime", "rds:RestoreDBInstanceFromDBSnapshot"
WEEKLY = {"named": "triflow-weekly-", "no_older_than": "8 d"}
ORDER = {
    "instance": COPY,
    "source": SOURCE,
    "automated_backups": {"no_older_than": "30 min"},
    "instance_class": "db.t4g.medium",
    "subnet_group": "triflow-dr-db",
    "security_groups": ["sg-0d1e2f3a4b5c60718"],
    "parameter_group": "triflow-dr-postgres16",
}


def order(**differences: Any) -> RestoreDatabaseParams:
    return RestoreDatabaseParams.model_validate({**ORDER, **differences})


@dataclass
class Restores:
    """The bench with what a restore of TriFlow's database is made from."""

    bench: Bench
    rds: Rds
    source: Instance
    backups: AutomatedBackups
    params: RestoreDatabaseParams = field(default_factory=order)

    @property
    def copy(self) -> Instance:
        return self.rds.instance(TOKYO, COPY)

    def live(self) -> StepState:
        return self.bench.live(restore_database.KIND, self.params)

    def settled(self) -> StepState:
        """A restore that came to its end, without waiting for a restart."""
        self.rds.plan_next_restore(TOKYO, seconds=1800.0)
        state = self.live()
        assert state.status is StepStatus.SETTLED, state.reason
        return state

    def execute(self) -> Any:
        return self.bench.inside(lambda: restore_database.KIND.execute(self.params, self.bench.context()))

    def undo(self, receipt: Receipt | None = None) -> Undone | CannotUndo:
        told = receipt or Receipt("Step restore-database did not come to an end.", acted=True)
        return self.bench.inside(lambda: restore_database.KIND.undo(self.params, told, self.bench.context()))

    def at_risk(self, onset: datetime) -> DataAtRisk:
        return self.bench.inside(lambda: restore_database.KIND.data_at_risk(self.params, self.bench.context(), onset))

    def findings(self) -> list[Finding]:
        return list(self.bench.inside(lambda: restore_database.KIND.readiness(self.params, self.bench.context())))

    def adopt(self, restored: str = "") -> StepState:
        """Adopt the copy, as the one that was restored unless another id is given."""
        outputs = {"restore-database": {"resource_id": restored or self.copy.resource_id}}
        return self.bench.live(adopt_database.KIND, ADOPT, outputs=outputs)

    def adoption_context(self, restored: str) -> StepContext:
        return self.bench.context(outputs={"restore-database": {"resource_id": restored}})

    def now(self) -> datetime:
        return self.bench.world.time.now()

    def pass_by(self, span: timedelta) -> None:
        """Let time go by."""
        self.bench.inside(lambda: self.bench.world.time.sleep(span.total_seconds()))

    def darken(self) -> None:
        """Seoul goes dark."""
        self.bench.world.darken(SEOUL)


ADOPT = AdoptDatabaseParams.model_validate(
    {"instance": COPY, "source": SOURCE, "restored": {"step": "restore-database", "output": "resource_id"}}
)


def backups_in_tokyo(bench: Bench) -> Restores:
    """Seoul's database, its backups in Tokyo, and the groups that a restore there names."""
    rds = bench.aws.service(Rds)
    source = rds.add_instance(SEOUL, SOURCE, engine="postgres", engine_version="16.4", port=5432, multi_az=True)
    rds.add_group(TOKYO, "subnet group", "triflow-dr-db")
    rds.add_group(TOKYO, "parameter group", "triflow-dr-postgres16")
    return Restores(bench, rds, source, rds.replicate_backups(TOKYO, source))
