"""What stands in one region of the embedded AWS, as one text: two equal texts mean that nothing there was changed.

It shows what a call could change: the things that the models keep, with all their fields, and moto's own state. What
is only observed there (metrics, and the states of alarms) goes on by itself and is left out; so is what the models know
of how things go on. A reference to another thing is shown as its ARN, so that the picture of one region holds none of
another. A field that the walk cannot read raises TypeError, because a picture with a hole would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from enum import Enum
from random import Random
from threading import Condition
from typing import Any

from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend

from rehearsal.embedded_aws import MOTO_ANSWERS
from rehearsal.service import Service
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.world import World

_GLOBAL = frozenset({"iam", "sts"})
_GOES_ON = ("_ticks", "deployed")
"""What schedules and functions keep of their being at work: a rule that ticks, an instance that is warm."""

_PLAIN = (str, int, float, bool, bytes, type(None), datetime, date, timedelta, Enum)
_MACHINERY = (World, Service, Random, BaseBackend, BackendDict, Condition, type)


def picture_of(world: World, region: str) -> str:
    """Everything that stands in a region, a line for each thing, in an order that depends on nothing else."""
    lines = [
        f"{name} {line}"
        for name, model in world.models.items()
        if not isinstance(model, CloudWatch)
        for line in _things(model, region)
    ]
    for name in MOTO_ANSWERS - _GLOBAL:
        backend = get_backend(name)[world.account][region]  # type: ignore[call-overload]  # the names are moto's own
        lines.append(f"{name} {_shown(vars(backend), frozenset({id(backend)}))}")
    return "\n".join(sorted(lines))


def _things(model: Service, region: str) -> Iterator[str]:
    """The things of a region in every collection that a model keeps: by a key that names it, or by their own field."""
    for attribute, kept in vars(model).items():
        if attribute in _GOES_ON:
            continue
        if isinstance(kept, Mapping):
            entries = [(key, thing) for key, thing in kept.items() if _is_there(key, thing, region)]
        elif isinstance(kept, Sequence | Set):
            entries = [("", thing) for thing in kept if _is_there("", thing, region)]
        else:
            continue
        yield from (f"{attribute} {key} {_shown(thing, frozenset())}" for key, thing in entries)


def _is_there(key: object, thing: object, region: str) -> bool:
    named = key if isinstance(key, tuple) else (key,)
    return region in named or getattr(thing, "region", None) == region


def _shown(value: Any, above: frozenset[int]) -> str:
    """A value with all that is in it; what stands above it already is shown by name."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if id(value) in above:
        return "(itself)"
    inside = above | {id(value)}
    if isinstance(value, Mapping):
        pairs = sorted((_shown(key, inside), _shown(item, inside)) for key, item in value.items())
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_shown(item, inside) for item in value) + "]"
    if isinstance(value, Set):
        return "{" + ", ".join(sorted(_shown(item, inside) for item in value)) + "}"
    if callable(value) or isinstance(value, _MACHINERY):
        return type(value).__name__
    if above and type(value).__module__.startswith("rehearsal.") and hasattr(value, "arn"):
        return str(value.arn)
    return f"{type(value).__name__}{_shown(vars(value), inside)}"
