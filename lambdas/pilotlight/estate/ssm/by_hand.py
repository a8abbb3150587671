"""How a person writes the parameters that the application reads: each is kept in a file before it is written over."""

from __future__ import annotations

from collections.abc import Mapping

from pilotlight.domain.handwork import Command, Handwork, aws, held_in, keep
from pilotlight.estate.ssm.settings import Setting


def swapping(settings: Mapping[str, Setting], values: Mapping[str, str], region: str) -> Handwork:
    """Write these values; `values` are those of the settings, variables among them."""
    do, check, undo = [], [], []
    for number, (name, setting) in enumerate(settings.items(), start=1):
        before = f"PARAMETER_{number}_BEFORE"
        read = aws("ssm", "GetParameter", region, query="Parameter.Value", Name=name, WithDecryption=True)
        do += [
            Command(f"{name}: keep what it holds.", keep(before, read)),
            Command(f"{name}: write the new value.", _put(name, setting, values[name], region), "Version"),
        ]
        check.append(Command(f"{name}: read it back.", read, "the new value, which is not empty and not None"))
        undo.append(Command(f"{name}: write back what was kept.", _put(name, setting, held_in(before), region)))
    return Handwork(
        do=tuple(do),
        check=tuple(check),
        stop_if="a parameter is missing: the standby is not finished, or a name is wrong. Tasks read these values only "
        "when they start.",
        undo=tuple(undo),
    )


def _put(name: str, setting: Setting, value: str, region: str) -> str:
    key = {"KeyId": setting.key} if setting.key else {}
    return aws("ssm", "PutParameter", region, Name=name, Value=value, Type=setting.type.value, **key, Overwrite=True)
