"""ConfigMaps and Secrets of a cluster as a swap sees them: what one holds, writing it, and putting it back.

A write and the note of what it replaced are one patch, so that a crash between the two, or a lost answer, loses nothing
to go back to. The note of a ConfigMap is an annotation. That of a Secret is a value of the Secret itself, because an
annotation is shown to more people than a secret is; a pod that takes all values of the Secret as variables sees it as
one more. Every patch names the version that was read: what changed meanwhile is read again first.

No value of a Secret leaves this module in a sentence, a receipt or a record.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pilotlight.domain.errors import Ambiguous, InvalidState, NotFound
from pilotlight.domain.step import NotYet, StepContext

NOTE = "pilotlight.before"
"""Under which the note is kept; both an annotation and a value may be named so."""
_CHANGED = "409"


class Holder(StrEnum):
    """What holds values."""

    CONFIG_MAP = "ConfigMap"
    SECRET = "Secret"


@dataclass(frozen=True)
class Namespace:
    """Where the objects of an application are."""

    cluster: str
    name: str

    @property
    def named(self) -> dict[str, str]:
        """As a call names it."""
        return {"Cluster": self.cluster, "Namespace": self.name}


@dataclass(frozen=True)
class Note:
    """What a step replaced, None for a value that was not there, and what it wrote."""

    was: Mapping[str, str | None] = field(repr=False)
    wrote: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Held:
    """What a ConfigMap or a Secret holds, in which version, and the note of who replaced what in it."""

    holder: Holder
    name: str
    values: Mapping[str, str] = field(repr=False)
    version: str
    immutable: bool
    owners: tuple[str, ...]
    note: Mapping[str, Any] = field(repr=False)

    @property
    def said(self) -> str:
        """The object, for a sentence."""
        return f"{self.holder} {self.name}"

    def differing(self, wanted: Mapping[str, str]) -> list[str]:
        """The names of the values that are not as wanted."""
        return [name for name, value in wanted.items() if self.values.get(name) != value]

    def noted(self, context: StepContext) -> Note | None:
        """What this step of this run replaced in it; None where it replaced nothing."""
        ours = (self.note.get("run"), self.note.get("step")) == (context.run_id, context.step)
        return Note(self.note["was"], self.note["wrote"]) if ours else None


def look(context: StepContext, where: Namespace, holder: Holder, name: str) -> Held | None:
    """What it holds; None where there is no such object."""
    region = context.place.standby
    try:
        found = context.aws.call("kubernetes", f"Get{holder}", region, **where.named, Name=name)
    except NotFound:
        return None
    metadata, data = found["metadata"], found.get("data") or {}
    values = {key: _plain(holder, value) for key, value in data.items()}
    annotations = metadata.get("annotations") or {}
    note = values.pop(NOTE, "{}") if holder is Holder.SECRET else annotations.get(NOTE, "{}")
    labels = metadata.get("labels") or {}
    owners = tuple(sorted(key for key in (*annotations, *labels) if key.startswith(_GIT_OPS)))
    immutable = bool(found.get("immutable"))
    return Held(holder, name, values, metadata["resourceVersion"], immutable, owners, json.loads(note))


_GIT_OPS = ("argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/")
"""Marks of those that put an object back to what Git holds (documentation of Argo CD and of Flux)."""


def write(context: StepContext, where: Namespace, held: Held, wanted: Mapping[str, str]) -> bool | NotYet:
    """Write what is not as wanted, with the note of what it replaces; False where all was as wanted."""
    names = held.differing(wanted)
    if not names:
        return False
    known = held.noted(context)
    # What an earlier attempt of this step replaced is what there was before the run.
    was = {name: held.values.get(name) for name in names} | dict(known.was if known else {})
    wrote = {**(known.wrote if known else {}), **{name: wanted[name] for name in names}}
    note = json.dumps({"run": context.run_id, "step": context.step, "was": was, "wrote": wrote})
    changes: dict[str, str | None] = {name: wanted[name] for name in names}
    return _patch(context, where, held, changes, note) or True


def put_back(context: StepContext, where: Namespace, held: Held, before: Mapping[str, str | None]) -> NotYet | None:
    """Write the values of a note back, and leave the note."""
    return _patch(context, where, held, before, json.dumps(held.note))


def forget(context: StepContext, where: Namespace, held: Held) -> NotYet | None:
    """Take the note away."""
    return _patch(context, where, held, {}, None)


def _patch(
    context: StepContext, where: Namespace, held: Held, changes: Mapping[str, str | None], note: str | None
) -> NotYet | None:
    metadata: dict[str, Any] = {"resourceVersion": held.version}
    data = dict(changes)
    if held.holder is Holder.SECRET:
        data[NOTE] = note
    else:
        metadata["annotations"] = {NOTE: note}
    coded = {name: None if value is None else _coded(held.holder, value) for name, value in data.items()}
    # The parameter of a Secret's patch has a name of its own, under which it is not recorded.
    parameter = "SecretPatch" if held.holder is Holder.SECRET else "Patch"
    patch = {parameter: {"metadata": metadata, "data": coded}}
    region, operation = context.place.standby, f"Patch{held.holder}"
    try:
        context.aws.call("kubernetes", operation, region, **where.named, Name=held.name, **patch)
    except Ambiguous:
        seen = look(context, where, held.holder, held.name)
        if seen is None or seen.note != json.loads(note or "{}") or seen.version == held.version:
            raise
    except InvalidState as changed:
        if changed.code != _CHANGED:
            raise
        return NotYet(f"{held.said} was changed by somebody else in this moment; it is read again.")
    return None


def _plain(holder: Holder, value: str) -> str:
    return b64decode(value).decode("utf-8", "surrogateescape") if holder is Holder.SECRET else value


def _coded(holder: Holder, value: str) -> str:
    return b64encode(value.encode("utf-8", "surrogateescape")).decode() if holder is Holder.SECRET else value
