"""The heartbeat: a beat each minute from the primary into the standby, and nothing else."""

from __future__ import annotations

import pytest

from deployment import names
from deployment.observing import sentinel
from deployment.resources import Function
from pilotlight.aws.listening import PULSE
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.watching import pulse_of
from rehearsal.services.lambda_functions import FunctionFailed, LambdaFunctions
from tests.builders import ACCOUNT, PRIMARY, STANDBY
from tests.handlers.conftest import TICK, Desk


def beat(desk: Desk) -> int:
    functions = desk.account.aws.service(LambdaFunctions)
    answer = desk.inside(lambda: functions.run(PRIMARY, names.heartbeat_function(STANDBY), TICK))
    return int(answer["beat"])


def beats_heard(desk: Desk) -> int:
    table = DynamoTable(desk.account.sdk(STANDBY), STANDBY, names.SIGNALS_TABLE)
    item = desk.inside(lambda: table.read(pulse_of(PRIMARY), PULSE))
    return int(item["version"])


def test_each_call_is_one_beat_in_the_table_of_the_standby(desk: Desk) -> None:
    assert [beat(desk), beat(desk), beat(desk)] == [1, 2, 3]
    assert beats_heard(desk) == 3


def test_a_standby_that_cannot_be_reached_hears_no_beat(desk: Desk) -> None:
    beat(desk)
    desk.world.cut(PRIMARY, STANDBY)
    with pytest.raises(FunctionFailed, match="ConnectTimeoutError"):
        beat(desk)
    desk.world.mend(PRIMARY, STANDBY)

    assert beats_heard(desk) == 1
    assert beat(desk) == 2


def test_it_may_write_its_own_pulse_and_nothing_else() -> None:
    (function,) = [r for r in sentinel(ACCOUNT, PRIMARY, STANDBY).resources if isinstance(r, Function)]

    for statement in function.statements:
        assert statement.resources == (f"arn:aws:dynamodb:{STANDBY}:{ACCOUNT}:table/{names.SIGNALS_TABLE}",)
        assert statement.conditions == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [f"pulse#{PRIMARY}"]}}
