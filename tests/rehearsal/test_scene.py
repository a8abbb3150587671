"""What a scene takes of the process it gives back, also when it cannot be opened."""

from __future__ import annotations

import pytest

from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.stages import Stages
from planfile import load
from rehearsal.scene import close_scene, open_scene
from tests.workflow.played import FILEFLOW


def test_a_scene_that_cannot_be_opened_lets_go_of_the_account() -> None:
    """Otherwise moto would keep the tables of this world, and each later one of the process would find them there."""
    plan = load(FILEFLOW)
    undrillable = plan.model_copy(update={"stages": Stages(fence=plan.stages.fence, move=plan.stages.move)})
    with pytest.raises(PlanRefused, match="drill"):
        open_scene(undrillable, 1)
    for _ in range(2):
        close_scene(open_scene(plan, 1))
