"""Takes a swap back: the values that are still this run's, then the pods once more, then the note.

The note goes last, so that an undo which was cut off is finished by the next: until then it says what there was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pilotlight.domain.step import CannotUndo, NotYet, StepContext, Undone
from pilotlight.estate.eks import rollouts
from pilotlight.estate.eks.values import Held, Holder, Namespace, forget, look, put_back


def undo(
    context: StepContext,
    where: Namespace,
    objects: Iterable[tuple[Holder, str]],
    deployments: Sequence[str],
    stamp: str,
) -> Undone | CannotUndo:
    """Put back what this run replaced in each of the objects, and restart what reads them, under a stamp of its own."""
    noted: list[tuple[Holder, str]] = []
    stays: list[str] = []
    for holder, name in objects:
        held = look(context, where, holder, name)
        if held is None:
            stays.append(f"{holder} {name} is gone")
        elif held.noted(context):
            noted.append((holder, name))
            stays += _put_back(context, where, held)
    if noted:
        stays += _restart(context, where, deployments, stamp)
        stays += _forget(context, where, noted)
    if stays:
        sentence = "; ".join(stays)
        return CannotUndo(f"{sentence[0].upper()}{sentence[1:]}; look at the values there.")
    if not noted:
        return Undone("Nothing is taken back, because this run changed nothing there.")
    named = " and ".join(f"{holder} {name}" for holder, name in noted)
    return Undone(f"As before this run: {named}; {' and '.join(deployments)} restarted.")


def _put_back(context: StepContext, where: Namespace, held: Held) -> Iterator[str]:
    note = held.noted(context)
    assert note is not None
    now = {name: held.values.get(name) for name in note.was}
    others = [name for name, value in now.items() if value not in (note.wrote[name], note.was[name])]
    if others:
        yield f"{held.said} keeps {', '.join(others)}, which somebody else has written since"
    back = {name: value for name, value in note.was.items() if name not in others and now[name] != value}
    stopped = put_back(context, where, held, back) if back else None
    if isinstance(stopped, NotYet):
        yield stopped.reason.rstrip(".")


def _restart(context: StepContext, where: Namespace, deployments: Sequence[str], stamp: str) -> Iterator[str]:
    for name in deployments:
        deployment = rollouts.look(context, where, name)
        if deployment is None:
            yield f"deployment {name} is gone"
        else:
            rollouts.restart(context, where, deployment, stamp)


def _forget(context: StepContext, where: Namespace, noted: Iterable[tuple[Holder, str]]) -> Iterator[str]:
    for holder, name in noted:
        held = look(context, where, holder, name)
        stopped = forget(context, where, held) if held else None
        if isinstance(stopped, NotYet):
            yield stopped.reason.rstrip(".")
