"""What a state makes of its input and its result: InputPath, Parameters, ResultSelector, ResultPath,
OutputPath.

ResultPath and Catch work on the raw input, before InputPath. Source: developer guide, "Input and output
processing".
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from rehearsal.engine.documents import JsonValue
from rehearsal.engine.expressions import Template, View
from rehearsal.engine.paths import Path
from rehearsal.engine.states import DataFlow


@dataclass(frozen=True)
class Shaping:
    """The data flow of one attempt of one state."""

    flow: DataFlow
    raw_input: JsonValue
    context: dict[str, JsonValue]
    random: Random

    def selected_input(self) -> JsonValue:
        """After InputPath."""
        return _selected(self.flow.input_path, self.raw_input, "InputPath")

    def effective_input(self) -> JsonValue:
        """After InputPath and Parameters."""
        selected = self.selected_input()
        return selected if self.flow.parameters is None else self.filled(self.flow.parameters, selected)

    def output(self, result: JsonValue) -> JsonValue:
        """After ResultSelector, ResultPath and OutputPath."""
        if self.flow.result_selector is not None:
            result = self.filled(self.flow.result_selector, result)
        return self.leaving(self.flow.result_path.place(self.raw_input, result))

    def leaving(self, document: JsonValue) -> JsonValue:
        """After OutputPath alone: a state without a result of its own passes its input on."""
        return _selected(self.flow.output_path, document, "OutputPath")

    def filled(self, template: Template, document: JsonValue, item: JsonValue = None) -> JsonValue:
        inside_map: dict[str, JsonValue] = {} if item is None else {"Map": {"Item": item}}
        return template.fill(View(document, {**self.context, **inside_map}, self.random))


def _selected(path: Path | None, document: JsonValue, field: str) -> JsonValue:
    return {} if path is None else path.read(document, field)
