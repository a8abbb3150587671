"""A drill's own node group: nothing else starts on it, and it is as found before the drill is over."""

from __future__ import annotations

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import Remains
from pilotlight.domain.step import CannotUndo, Receipt, Undone
from pilotlight.steps.scale_node_group import KIND, ScaleNodeGroupParams
from rehearsal.services.eks import Eks, NodeGroup
from tests.steps.conftest import PLACE, Bench

TAINT = "use=portforge-drill"
PARAMS = ScaleNodeGroupParams(cluster="dr", node_group="drill", nodes=2, minimum=0, taint=TAINT)
CUT_OFF = Receipt("", acted=True)


@pytest.fixture
def group(bench: Bench) -> NodeGroup:
    eks = bench.aws.service(Eks)
    return eks.add_node_group(eks.add_cluster(PLACE.standby, "dr"), "drill", maximum=3, taint=TAINT)


def sizes(group: NodeGroup) -> tuple[int, int, int]:
    return group.group.minimum, group.group.maximum, group.group.desired


def undo(bench: Bench) -> Undone | CannotUndo:
    return bench.inside(lambda: KIND.undo(PARAMS, CUT_OFF, bench.context()))


def remains(bench: Bench) -> Remains | None:
    return bench.inside(lambda: KIND.remains(PARAMS, bench.context()))


def test_it_is_brought_up_and_says_that_it_stands(bench: Bench, group: NodeGroup) -> None:
    ended = bench.live(KIND, PARAMS)

    standing = remains(bench)

    assert ended.status is StepStatus.SETTLED
    assert standing is not None
    assert standing.run_id == bench.context().run_id
    assert "node group drill of dr with 2 nodes within 0 and 3, and no nodes within 0 and 3 were found" in (
        standing.sentence
    )


def test_without_the_taint_it_is_not_touched(bench: Bench, group: NodeGroup) -> None:
    group.taint = "use=something-else"

    ended = bench.live(KIND, PARAMS)

    assert ended.status is StepStatus.FAILED
    assert "does not bear the taint use=portforge-drill" in ended.reason
    assert bench.writes() == []


def test_it_stands_until_its_last_node_is_gone(bench: Bench, group: NodeGroup) -> None:
    bench.live(KIND, PARAMS)

    asked = undo(bench)

    assert isinstance(asked, Undone)
    assert sizes(group) == (0, 3, 0)
    assert group.group.instances
    assert remains(bench) is not None

    bench.inside(lambda: bench.world.time.sleep(600))
    undo(bench)

    assert group.group.instances == []
    assert (remains(bench), group.tags) == (None, {})


def test_what_somebody_added_to_it_goes_as_well(bench: Bench, group: NodeGroup) -> None:
    """An autoscaler adds nodes for the drill's pods, and nobody else's pods run there."""
    bench.live(KIND, PARAMS)
    group.group.resize(0, 3, 3)

    undo(bench)

    assert sizes(group) == (0, 3, 0)


def test_nodes_that_it_had_before_stay(bench: Bench) -> None:
    eks = bench.aws.service(Eks)
    group = eks.add_node_group(eks.add_cluster(PLACE.standby, "dr"), "drill", nodes=1, maximum=3, taint=TAINT)
    bench.live(KIND, PARAMS)
    undo(bench)
    bench.inside(lambda: bench.world.time.sleep(600))

    undo(bench)

    assert sizes(group) == (0, 3, 1)
    assert remains(bench) is None


def test_what_another_drill_left_is_named_and_not_taken_back(bench: Bench, group: NodeGroup) -> None:
    bench.live(KIND, PARAMS)
    group.tags["pilotlight:run"] = "yesterday"

    undone, standing = undo(bench), remains(bench)

    assert undone == Undone("No node group of this drill is to be taken back.")
    assert standing is not None
    assert standing.run_id == "yesterday"
    assert sizes(group) == (0, 3, 2)


def test_what_bears_the_note_of_somebody_else_is_left_to_a_person(bench: Bench, group: NodeGroup) -> None:
    group.tags = {"pilotlight:found": "0 1 0"}

    standing = remains(bench)

    assert standing is not None
    assert standing.run_id == ""
    assert "nobody but a person deletes it" in standing.sentence
