"""Plays a run-book in its world: a person starts it, another approves it where it asks for that, to its end."""

from __future__ import annotations

import random

from pilotlight.domain.plan import Arming
from pilotlight.domain.runbook import Runbook
from rehearsal.operators import APPROVED_AFTER_SECONDS, answer_questions, approve, approver_of
from rehearsal.play import AnyPlayed, conclude, listen_to_the_world, run_to_the_end
from rehearsal.scenarios.scenario import start_by_hand
from rehearsal.scene import AnyScene, close_scene, open_runbook_scene
from rehearsal.snapshot import picture_of
from rehearsal.sts import put_sts

BY_HAND = "by-hand"
"""The one scenario of a run-book."""


def play_runbook(plan: Runbook, seed: int, *, as_armed: bool = False) -> AnyPlayed:
    """Play a run-book to its end, as `manual` unless it is to be played as it is armed."""
    armed = plan if as_armed else plan.model_copy(update={"arming": Arming.MANUAL})
    random.seed(seed)
    scene = open_runbook_scene(armed, seed)
    try:
        notes = listen_to_the_world(scene)
        before, onset = picture_of(scene.world, plan.region), scene.world.time.now()
        notes.append((onset, f"It begins: a person starts {plan.name}."))
        answer_questions(scene)
        start_by_hand(scene, BY_HAND)
        if plan.gates.approval:
            _let_approve(scene)
        run_to_the_end(scene, onset)
        result, records = conclude(scene, BY_HAND, seed, onset)
        return AnyPlayed(result, scene, onset, records, notes, (before, picture_of(scene.world, plan.region)))
    finally:
        close_scene(scene)


def _let_approve(scene: AnyScene) -> None:
    """Whoever the plan lets approve does so, a while after the start."""
    who = approver_of(scene.plan)
    put_sts(scene.account.internet, scene.world, scene.plan.place.standby, [who])
    scene.world.time.spawn(lambda: approve(scene, who), name=who.arn, delay_seconds=APPROVED_AFTER_SECONDS)
