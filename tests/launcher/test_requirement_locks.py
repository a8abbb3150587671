"""The locks hold every file's hash and no index's name, agree with each other, and cover what the sets
ask for."""  # LONG

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli.launching import CHECKOUT, LOCKS, NARROWER

HASHED = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(lock: Path) -> dict[str, str]:
    """Each pin of a lock with what stands after its name: version, marker and hashes."""
    logical_lines = lock.read_text().replace("\\\n", " ").splitlines()
    lines = [" ".join(line.split()) for line in logical_lines if line and not line.startswith("#")]
    return {re.sub(r" --hash=\S+", "", line): line for line in lines}


def names(lock: Path) -> set[str]:
    """The distributions that a lock pins."""
    return {pin.partition("==")[0] for pin in pins(lock)}


def asked_for(set_name: str) -> set[str]:
    """The distributions that a set's own .in file names."""
    lines = (CHECKOUT / "requirements" / f"{set_name}.in").read_text().splitlines()
    wanted = [re.split(r"[\[<>=; ]", line)[0] for line in lines if line and line[0] not in "#-"]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in wanted}


@pytest.mark.parametrize("set_name", LOCKS)
def test_a_lock_pins_all_that_its_set_asks_for_each_file_by_its_hash(set_name: str) -> None:
    locked = pins(LOCKS[set_name])

    assert asked_for(set_name) <= names(LOCKS[set_name])
    assert [pin for pin in locked if "==" not in pin] == []
    assert [pin for pin, line in locked.items() if not HASHED.search(line)] == []


@pytest.mark.parametrize("set_name", LOCKS)
def test_a_lock_names_no_index_and_no_place(set_name: str) -> None:
    text = LOCKS[set_name].read_text()

    assert [word for word in ("://", "--index", "--extra", "--find-links", " @ ") if word in text] == []


@pytest.mark.parametrize(("wider", "narrower"), [(wider, name) for wider in NARROWER for name in NARROWER[wider]])
def test_a_wider_lock_holds_a_narrower_one_whole(wider: str, narrower: str) -> None:
    missing = pins(LOCKS[narrower]).keys() - pins(LOCKS[wider]).keys()

    assert missing == set()


def test_the_node_packages_are_pinned_by_hash_and_name_no_registry() -> None:
    locked = json.loads((CHECKOUT / "package-lock.json").read_text())["packages"]
    asked = json.loads((CHECKOUT / "package.json").read_text())
    packages = {path.removeprefix("node_modules/"): about for path, about in locked.items() if path}

    assert asked["dependencies"].keys() | asked["devDependencies"].keys() <= packages.keys()
    assert packages["aws-cdk"]["version"].startswith("2.")
    assert [name for name, about in packages.items() if "resolved" in about or "integrity" not in about] == []
