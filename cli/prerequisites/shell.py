"""Commands of the AWS command line, as bash reads them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from cli.prerequisites.needs import GLOBAL
from pilotlight.domain.step import Standing

NEXT_LINE = " \\\n    "


def command(need: Standing, service: str, operation: str, options: Mapping[str, Any]) -> str:
    """A command with its options, in the need's region unless they name another one."""
    region = {} if need.region == GLOBAL else {"region": need.region}
    words = [f"aws {service} {operation}", *(_option(name, value) for name, value in {**region, **options}.items())]
    return NEXT_LINE.join(words)


def _option(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    if isinstance(value, Asked):
        return f"--{name} {value}"
    return f"--{name} {shlex.quote(str(value))}"


class Asked(str):
    """Text with variables of the shell in it, quoted so that they are put in."""

    __slots__ = ()


def asked(text: str) -> Asked:
    """Text as it is quoted for that."""
    return Asked('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
