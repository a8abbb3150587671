"""What a person does in place of a step, on the day when the controller itself is gone: commands to paste.

A command is one line for a POSIX shell (bash, zsh, CloudShell) with the AWS command line of version 2, `jq` and `curl`;
what works in a cluster of EKS asks for `kubectl` too. It is written from the parameters of the AWS call that the step
itself makes, in the same spelling, so that a test holds both to botocore's models. What an earlier step gave stands in
a shell variable, which the commands of that step set (`variable_of`).

Nothing here is run by Pilotlight. A name from a plan is always quoted: whoever writes a plan writes no commands.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MARK = "\ue000"
"""Stands around the name of a variable until the text that it is in is quoted; no plan holds this character."""
_SPEAKS_IN_DOUBLE_QUOTES = re.compile(r"""["$`\\!\n]""")
_ACRONYMS_OF_MANY = re.compile(r"[A-Z]{2,}s$")
_WORD = re.compile(r"(.)([A-Z][a-z]+)")
_END_OF_CAPITALS = re.compile(r"([a-z0-9])([A-Z])")


@dataclass(frozen=True)
class Command:
    """One line to paste: what it is for, and what it must show before anybody goes on."""

    why: str
    line: str
    shows: str = ""


@dataclass(frozen=True)
class Handwork:
    """How a person does a step: what to do, how to see that it is done, and how to take it back.

    `stop_if` says when not to go on. `stays` says why nothing is taken back, where `undo` is empty. `loss` shows how
    much data would be lost, before the gate. `gives` are the step's outputs, each as a command that prints it.
    """

    do: tuple[Command, ...]
    check: tuple[Command, ...]
    stop_if: str
    undo: tuple[Command, ...] = ()
    stays: str = ""
    loss: tuple[Command, ...] = ()
    gives: Mapping[str, str] = field(default_factory=dict)


class Shell(str):
    """A value in the language of the shell, which is pasted as it stands."""

    __slots__ = ()


NOW = Shell("$(date +%s)")
AN_HOUR_AGO = Shell('"$(( $(date +%s) - 3600 ))"')


def variable_of(step: str, output: str) -> str:
    """The name of the shell variable that holds what a step gave."""
    return f"{step}_{output}".upper().replace("-", "_")


def held_in(variable: str) -> str:
    """A value that a shell variable holds, to stand in a parameter or anywhere inside of one."""
    return f"{_MARK}{variable}{_MARK}"


def quoted(text: str) -> str:
    """A text as one word of the shell; only the variables in it mean anything to the shell."""
    pieces = text.split(_MARK)
    words = [f'"${piece}"' if number % 2 else _literal(piece) for number, piece in enumerate(pieces)]
    return "".join(word for word in words if word != "''") or "''"


def _literal(text: str) -> str:
    """A text that means nothing to the shell; single quotes in it are readable only within double ones."""
    return f'"{text}"' if "'" in text and not _SPEAKS_IN_DOUBLE_QUOTES.search(text) else shlex.quote(text)


def keep(variable: str, line: str) -> str:
    """The line that keeps in a variable what a command prints."""
    return f"{variable}=$({line})"


def aws(service: str, operation: str, region: str, /, *, query: str = "", **parameters: Any) -> str:
    """A call of the AWS command line.

    Parameters: `operation` and `parameters` are spelled as botocore spells them; `query` is a JMESPath, whose result is
    printed as text.
    """
    command = "s3api" if service == "s3" else service
    words = ["aws", command, _kebab(operation), "--region", region]
    for name, value in parameters.items():
        words += _option(_kebab(name), value)
    if query:
        words += ["--query", quoted(query), "--output", "text"]
    return " ".join(words)


def curl(  # what a request over HTTP is made of
    url: str,
    *,
    connect_to: str = "",
    timeout_seconds: float = 5,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: str = "",
) -> str:
    """A request over HTTP that prints the body and, on a line of its own, the status.

    Parameters: `connect_to` is the host that is connected to in place of the URL's, which stays Host header and SNI.
    """
    words = ["curl", "--silent", "--show-error", "--max-time", f"{timeout_seconds:g}"]
    words += ["--head"] if method == "HEAD" else ["--request", method] if method != "GET" else []
    words += ["--connect-to", quoted(f"::{connect_to}:")] if connect_to else []
    words += [f"--header {quoted(f'{name}: {value}')}" for name, value in (headers or {}).items()]
    words += ["--data-raw", quoted(body)] if body else []
    return " ".join([*words, "--write-out", quoted(r"\nstatus %{http_code}\n"), quoted(url)])


def _option(name: str, value: Any) -> list[str]:
    match value:
        case bool():
            return [f"--{name}" if value else f"--no-{name}"]
        case Shell():
            return [f"--{name}", value]
        case str():
            return [f"--{name}", quoted(value)]
        case int():
            return [f"--{name}", str(value)]
        case list() | tuple() if not any(isinstance(each, Mapping) for each in value):
            return [f"--{name}", *(each if isinstance(each, Shell) else quoted(str(each)) for each in value)]
        case _:
            return [f"--{name}", quoted(json.dumps(value, ensure_ascii=False))]


def _kebab(name: str) -> str:
    """The name of an operation or a parameter on the command line, which is made as botocore makes its own."""
    acronyms = _ACRONYMS_OF_MANY.search(name)
    if acronyms:
        name = f"{name[: acronyms.start()]}-{acronyms.group().lower()}"
    return _END_OF_CAPITALS.sub(r"\1-\2", _WORD.sub(r"\1-\2", name)).lower()
