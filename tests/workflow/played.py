"""Whole rehearsals of the real plan, each played once for all tests that look at it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from planfile import load
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario

FILEFLOW = Path(__file__).parents[2] / "plans" / "fileflow.yaml"


@cache
def played(name: str, seed: int = 1, *, as_armed: bool = False) -> Played:
    """The scenario, played with FileFlow's plan."""
    return play(load(FILEFLOW), scenario(name), seed, as_armed=as_armed)
