"""How long it takes until the detector reads darkness, over many moments of onset. Simulated times, so exact."""

from __future__ import annotations

import json
import random
from datetime import datetime

import pytest

from pilotlight.domain.plan import Arming
from planfile import load
from rehearsal.scene import close_scene, open_scene
from rehearsal.wire import Call
from tests.workflow.played import FILEFLOW

pytestmark = pytest.mark.full

SEEDS = range(1, 11)
LONGEST_SECONDS = 60.0
PROBES = ("The probe in the standby", "The probe in the witness")


def seconds_until_both_probes_are_read(seed: int) -> float:
    """From a random moment of onset to the detector's look that reads both probes dark."""
    random.seed(seed)
    scene = open_scene(load(FILEFLOW).model_copy(update={"arming": Arming.AUTOMATIC}), seed)
    read: list[datetime] = []

    def listen(call: Call) -> None:
        if call.operation == "PutItem" and call.parameters["Item"]["partition"]["S"] == "heard#fileflow":
            heard = json.loads(call.parameters["Item"]["body"]["S"])["heard"]
            if all(heard[probe]["darkness"] for probe in PROBES):
                read.append(scene.world.time.now())

    try:
        scene.account.aws.after_call.append(listen)
        scene.world.time.run(limit_seconds=random.Random(seed).uniform(0.0, 60.0))
        onset = scene.world.time.now()
        scene.world.darken(scene.plan.regions.primary)
        scene.world.time.run(until=lambda: bool(read), limit_seconds=5 * 60.0)
        return (read[0] - onset).total_seconds()
    finally:
        close_scene(scene)


def test_where_both_probes_agree_the_detector_reads_it_within_a_minute() -> None:
    """Given ten onsets at any moment of the minute, then even the longest detection takes less than a minute."""
    took = sorted(seconds_until_both_probes_are_read(seed) for seed in SEEDS)

    assert took[-1] <= LONGEST_SECONDS
