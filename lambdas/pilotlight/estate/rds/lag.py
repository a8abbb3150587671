"""How far a replica was behind: *unknown*, and no window, where nothing good and fresh says so.

What `ReplicaLag` means differs by engine (RDS User Guide, "Monitoring read replication"). MySQL and MariaDB say -1 when
replication is not running. SQL Server and Db2 say -1 when RDS cannot tell. PostgreSQL's is the age of the last write
that was replayed, and Oracle's counts since the last redo that arrived: both grow on an idle source and on a dead one,
so that only what was measured before an outage speaks of loss, and even that says *at most*.

An `AwsError` means that RDS or CloudWatch was not read; what to make of that is for the caller to say.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pilotlight.domain.data_loss import FRESH_WITHIN, PERIOD, DataAtRisk, LossWindow, fresh_readings
from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.ports import Aws
from pilotlight.domain.step import Failed, StepContext
from pilotlight.estate.metrics import Reading, greatest_by_minute
from pilotlight.estate.rds.instance import RdsInstance
from pilotlight.estate.rds.promotion import find_target

_AN_OUTAGE_SHOWS_AS = frozenset({"replicating", "error"})
"""What `StatusInfos` can say of a sound replica whose source is gone. `stopped` is a person's doing, `terminated` comes
after 30 days without replication, a stop point is set by a person, and where replication is degraded, some of the
databases get nothing: the metric then speaks of less than all that would be lost."""

_GROWS = {
    "postgres": " PostgreSQL's lag grows while its source writes nothing, so it may be less.",
    "oracle": " Oracle's lag grows while nothing arrives from its source, so it may be less.",
}
_MINUS_ONE = {"mysql": "replication was not running", "mariadb": "replication was not running"}


def loss_of_promotion(replica: str, source: str, context: StepContext, onset: datetime) -> DataAtRisk:
    """What the promotion of that replica would lose; no more than is lost already where it is promoted."""
    target = find_target(replica, source, context)
    if isinstance(target, Failed):
        return DataAtRisk(f"How far replica {replica} was behind is unknown: {target.reason}")
    if target.source is None:
        sentence = (
            f"Instance {replica} is the promoted writer already, so this run loses nothing more; what its promotion "
            "lost stands in the report of the run that promoted it."
        )
        return DataAtRisk(sentence, LossWindow(onset, onset))
    return read_lag(context.aws, context.place.standby, target, onset)


def read_lag(aws: Aws, region: str, replica: RdsInstance, moment: datetime) -> DataAtRisk:
    """Which writes before `moment` the replica may lack, by the last good reading of a minute that was over by then.

    A replica whose replication was broken before is unknown, whatever it reported when it was well. An outage itself
    breaks replication too: RDS then says `error`, and MySQL's metric -1. So those do not count against a reading that
    is fresh, and what came after it is counted as lost; while a -1 that has lasted for longer leaves none that is.
    """
    unknown = f"How far replica {replica.identifier} was behind is unknown"
    state = replica.replication
    if state is None:
        return DataAtRisk(f"{unknown}, because RDS does not say whether it replicates.")
    if state.status not in _AN_OUTAGE_SHOWS_AS:
        why = f"{state.status} ({state.message})" if state.message else state.status
        return DataAtRisk(f"{unknown}, because its replication is {why}, which no outage of its source brings about.")
    reported = _reported(aws, region, replica.identifier, moment - FRESH_WITHIN - PERIOD, moment)
    found = fresh_readings(reported, moment)
    good = [reading for reading in found if reading[1] >= 0]
    engine = replica.engine.split("-", 1)[0]
    if not found:
        span = say_duration(FRESH_WITHIN + PERIOD)
        return DataAtRisk(
            f"{unknown}, because CloudWatch holds no ReplicaLag of the {span} before {moment:%H:%M:%S} UTC."
        )
    if not good:
        why = _MINUS_ONE.get(engine, "RDS could not tell")
        return DataAtRisk(f"{unknown}, because {why} at {found[-1][0]:%H:%M} UTC (ReplicaLag -1).")
    return _measured(replica.identifier, good[-1], found[-1], moment, _GROWS.get(engine, ""))


def left_to_drain(replica: str, source: str, context: StepContext, closed: datetime) -> DataAtRisk:
    """Which writes of before `closed`, when its source was closed, a replica still lacks.

    A reading says that all was applied that was written before its minute's start less the lag. For MySQL that is a lag
    of zero in a whole minute behind the closing. A PostgreSQL replica shows it with the next write of RDS itself to its
    source, which comes every five minutes; until then its lag only grows.
    """
    target = find_target(replica, source, context)
    if isinstance(target, Failed):
        return DataAtRisk(f"What replica {replica} lacks is unknown: {target.reason}")
    if target.source is None:
        return DataAtRisk(f"Instance {replica} is the promoted writer already.", LossWindow(closed, closed))
    readings = _reported(context.aws, context.place.standby, replica, closed - FRESH_WITHIN - PERIOD, context.now)
    applied = max((stamp - timedelta(seconds=lag) for stamp, lag in readings if lag >= 0), default=None)
    if applied is None:
        return DataAtRisk(f"What replica {replica} lacks is unknown, because it reports no lag.")
    window = LossWindow(min(applied, closed), closed)
    if window.seconds == 0:
        sentence = f"Nothing is lost: replica {replica} holds all that {source} wrote until it was closed at"
        return DataAtRisk(f"{sentence} {closed:%H:%M:%S} UTC.", window, context.now)
    return DataAtRisk(
        f"Replica {replica} may lack the writes {window}, {say_elapsed(window.seconds)}.", window, applied
    )


def _reported(aws: Aws, region: str, identifier: str, since: datetime, until: datetime) -> list[Reading]:
    of = {"DBInstanceIdentifier": identifier}
    return greatest_by_minute(aws, region, "AWS/RDS", "ReplicaLag", of, since, until)


def _measured(
    identifier: str, good: tuple[datetime, float], last: tuple[datetime, float], moment: datetime, caveat: str
) -> DataAtRisk:
    stamp, seconds = good
    window = LossWindow(stamp - timedelta(seconds=seconds), moment)
    stopped = "" if good == last else f" and stopped replicating by {last[0]:%H:%M} UTC"
    sentence = (
        f"Replica {identifier} was {say_elapsed(seconds)} behind at {stamp:%H:%M} UTC{stopped}, so by that measure at "
        f"most the writes {window} may be lost, {say_elapsed(window.seconds)}.{caveat}"
    )
    return DataAtRisk(sentence, window, stamp)
