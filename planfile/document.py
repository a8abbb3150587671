"""A plan file as YAML: its values, and the line and column of each of them.

Refuses, with a position, what is YAML but has no place in a plan: several documents, a top that is no
mapping, a field written twice, merge keys, tags, values that JSON cannot hold, and nesting or aliases
without measure. PyYAML's safe loader composes the nodes; nothing in the file can name a Python object.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml
from yaml.constructor import SafeConstructor
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, DocumentStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from planfile.faults import Complaint, Fault, PlanFileRefused, Where
from planfile.yaml_trouble import trouble_in

DEEPEST_NESTING = 40
MOST_ALIASES = 100
MOST_VALUES = 20_000
"""Far above any plan, far below what would slow a machine down."""

TAG = "tag:yaml.org,2002:"
TEXT_TAGS = {TAG + "str", TAG + "timestamp"}
# YAML 1.1 reads 0123 as octal and 12:30 as base sixty; whoever writes them in a plan means what they see.
LOOKS_LIKE_TEXT = re.compile(r"^[-+]?0\d|:")


@dataclass(frozen=True)
class Spot:
    """A place in the text, counted from one, with the number of characters it takes on its line."""

    line: int
    column: int
    width: int


@dataclass
class Document:
    """The values of a plan file, with the spots of all values and of the keys that name them.

    A value that is `refused` is read as None; its fault is among `faults`, and nothing else is to be said
    about it.
    """

    name: str
    lines: tuple[str, ...]
    value: dict[str, Any] = field(default_factory=dict)
    values: dict[Where, Spot] = field(default_factory=dict)
    keys: dict[Where, Spot] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    refused: set[Where] = field(default_factory=set)

    def fault(self, complaint: Complaint) -> Fault:
        """Find the place of a complaint; what is not written is looked for in what should hold it."""
        first, second = (self.keys, self.values) if complaint.at_key else (self.values, self.keys)
        where = complaint.where
        while where and where not in first and where not in second:
            where = where[:-1]
        spot = first.get(where) or second.get(where) or Spot(1, 1, 1)
        return self.fault_at(spot, complaint.sentence, complaint.suggestion)

    def fault_at(self, spot: Spot, sentence: str, suggestion: str = "") -> Fault:
        """A fault at a known spot."""
        source = self.lines[spot.line - 1] if spot.line <= len(self.lines) else ""
        return Fault(self.name, sentence, suggestion, spot.line, spot.column, source, spot.width)


def read_document(text: str, name: str) -> Document:
    """Read the YAML of a plan; raises `PlanFileRefused` where reading cannot go on."""
    document = Document(name, tuple(text.splitlines()))
    try:
        _measure(text, document)
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        trouble = trouble_in(text, error)
        _refuse(document, Spot(trouble.line + 1, trouble.column + 1, 1), trouble.sentence)
    if top is None or (isinstance(top, ScalarNode) and not top.value):
        raise PlanFileRefused([Fault(name, "The file is empty; a plan begins with `application: <its name>`.")])
    if not isinstance(top, MappingNode):
        _refuse(
            document,
            _spot(top),
            "A plan is a mapping that begins with `application: <its name>`, and this is not one.",
        )
    document.value = _Reader(document).mapping(top, ())
    return document


def _measure(text: str, document: Document) -> None:
    """Refuse what would cost too much to compose, by looking at the events alone."""
    depth = aliases = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark = event.start_mark
        spot = Spot(mark.line + 1, mark.column + 1, 1) if mark else Spot(1, 1, 1)
        match event:
            case DocumentStartEvent():
                documents += 1
                if documents > 1:
                    _refuse(document, spot, "A second document begins here; write one plan in each file.")
            case CollectionStartEvent():
                depth += 1
                if depth > DEEPEST_NESTING:
                    _refuse(
                        document,
                        spot,
                        f"This is nested more than {DEEPEST_NESTING} deep, and no plan is; flatten it.",
                    )
            case CollectionEndEvent():
                depth -= 1
            case AliasEvent():
                aliases += 1
                if aliases > MOST_ALIASES:
                    _refuse(
                        document,
                        spot,
                        f"The file has more than {MOST_ALIASES} aliases; write the values out.",
                    )
            case _:
                pass


def _refuse(document: Document, spot: Spot, sentence: str) -> NoReturn:
    raise PlanFileRefused([document.fault_at(spot, sentence)])


def _spot(node: Node) -> Spot:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Spot(start.line + 1, start.column + 1, max(1, width))


class _Reader:
    """Turns composed nodes into values, and notes where each stands."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._constructor = SafeConstructor()
        self._open: set[int] = set()
        self._count = 0

    def mapping(self, node: MappingNode, where: Where) -> dict[str, Any]:
        """Read the fields of a mapping; of a field that is written twice the first counts."""
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            if key in found:
                earlier = self._document.keys[(*where, key)].line
                self._complain(
                    key_node,
                    f"'{key}' is written twice: line {earlier} has it already; remove one of the two.",
                )
                continue
            self._document.keys[(*where, key)] = _spot(key_node)
            found[key] = self._value(value_node, (*where, key))
        return found

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode):
            self._complain(node, "The name of a field is text, and this is not; write `name: value`.")
            return None
        if node.tag == TAG + "merge":
            self._complain(
                node,
                "'<<' merges another mapping into this one, which a plan does not read; write its fields out.",
            )
            return None
        return str(node.value)

    def _value(self, node: Node, where: Where) -> Any:
        self._document.values.setdefault(where, _spot(node))
        self._count += 1
        if self._count > MOST_VALUES:
            _refuse(
                self._document,
                _spot(node),
                f"The file unfolds to more than {MOST_VALUES} values; write fewer aliases.",
            )
        if id(node) in self._open:
            return self._refused(where, node, "What this anchor names contains itself; write the values out.")
        if isinstance(node, ScalarNode):
            return self._scalar(node, where)
        self._open.add(id(node))
        try:
            return self._collection(node, where)
        finally:
            self._open.discard(id(node))

    def _collection(self, node: Node, where: Where) -> dict[str, Any] | list[Any] | None:
        if isinstance(node, MappingNode) and node.tag == TAG + "map":
            return self.mapping(node, where)
        if isinstance(node, SequenceNode) and node.tag == TAG + "seq":
            return [self._value(item, (*where, index)) for index, item in enumerate(node.value)]
        self._refused(where, node, f"The tag {self._tag(node)} has no meaning in a plan; remove it.")
        return None

    def _scalar(self, node: ScalarNode, where: Where) -> Any:
        plain = node.style is None
        if node.tag in TEXT_TAGS or (
            plain and node.tag in {TAG + "int", TAG + "float"} and LOOKS_LIKE_TEXT.search(node.value)
        ):
            return node.value
        if node.tag == TAG + "null":
            return None
        if node.tag not in {TAG + "bool", TAG + "int", TAG + "float"}:
            return self._refused(where, node, f"The tag {self._tag(node)} has no meaning in a plan; remove it.")
        try:
            value = self._constructor.construct_object(node)
        except (ValueError, KeyError):
            return self._refused(where, node, f"'{node.value}' is not what its tag {self._tag(node)} says; remove it.")
        if isinstance(value, float) and not math.isfinite(value):
            return self._refused(where, node, f"'{node.value}' is no number that can be counted with; write one.")
        return value

    def _tag(self, node: Node) -> str:
        return str(node.tag).replace(TAG, "!!")

    def _refused(self, where: Where, node: Node, sentence: str) -> None:
        self._document.refused.add(where)
        self._complain(node, sentence)

    def _complain(self, node: Node, sentence: str) -> None:
        self._document.faults.append(self._document.fault_at(_spot(node), sentence))


def places_of(value: Any, where: Where = ()) -> Iterator[tuple[Where, Any]]:
    """Every value under a value, with its place; the value itself comes first."""
    yield where, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places_of(item, (*where, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from places_of(item, (*where, index))
