"""What runs under the functions: the code as it is packed, and the dependencies as they are locked and built."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pilotlight.aws.kubernetes import KUBERNETES
from pilotlight.steps import kind, kind_names
from stacks import layers
from stacks.layers import LOCK, LayerNotBuilt, build, dependency_layer, installers
from tests.stacks.described import CHECKOUT, synthesized
from tests.stacks.loader import zipped

PIN = re.compile(r"^([a-z0-9-]+)==([^ ]+)", re.MULTILINE)
MEBIBYTE = 1024 * 1024
ELF_OF_ARM64 = 0xB7
"""The machine field of an ELF header for AArch64 (ELF for the Arm 64-bit Architecture)."""

OLDEST_BOTOCORE_OF_THE_RUNTIME = "1.40.4"
"""Older than the runtime python3.14 itself (November 2025), which moves on with AWS's updates of it."""


def pins(path: Path) -> dict[str, str]:
    """The versions that a lock pins."""
    return dict(PIN.findall(path.read_text()))


def files_below(folder: Path) -> dict[str, str]:
    """Every file below a folder, with its hash."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def asset_of(kind: str) -> Path:
    """The staged directory of an asset of the samples."""
    synthesis = synthesized("samples")
    for file in synthesis.manifest(synthesis.deployment.applications[0])["files"].values():
        staged = synthesis.assembly / file["source"]["path"]
        if (staged / kind).exists():
            return staged
    raise AssertionError(f"No asset holds {kind}.")


def test_the_code_is_small_and_holds_nothing_but_sources():
    code = asset_of("pilotlight/handlers")

    assert len(zipped(code)) <= 2 * MEBIBYTE
    assert {path.suffix for path in code.rglob("*") if path.is_file()} <= {".py", ".json", ".typed", ".pem"}
    assert [path.name for path in code.rglob("*.pem")] == ["rds-authorities.pem"]
    assert files_below(code).keys() == {
        str(path.relative_to(CHECKOUT / "lambdas"))
        for path in (CHECKOUT / "lambdas").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_plan_is_where_the_functions_look_for_it():
    plan = asset_of("pilotlight/plan.json")

    assert (plan / "pilotlight" / "plan.json").read_text() == '{"application":"sample"}'
    assert list(files_below(plan)) == ["pilotlight/plan.json"]


def test_what_is_deployed_is_what_is_tested():
    tested = pins(CHECKOUT / "requirements" / "test.txt")

    for package, version in pins(LOCK).items():
        assert tested[package] == version, f"run deployment/layer/lock: {package} is tested as {tested[package]}"


def test_the_lock_has_a_hash_for_everything_and_leaves_the_sdk_to_the_runtime():
    locked = LOCK.read_text()

    assert {"aws-lambda-powertools", "aws-xray-sdk", "pydantic"} <= set(pins(LOCK))
    assert not {"boto3", "botocore", "s3transfer", "urllib3"} & set(pins(LOCK))
    for block in re.split(r"\n(?=[a-z])", locked.split("\n", 2)[2]):
        assert "--hash=sha256:" in block
        assert ";" not in block, "an environment marker would be read for the building machine, not for Lambda"


def test_without_an_installer_the_layer_says_what_is_missing(tmp_path):
    with pytest.raises(LayerNotBuilt, match="neither uv nor pip is beside this Python; install one"):
        build(tmp_path, commands=[])


def test_a_failing_installer_is_one_sentence(tmp_path):
    failing = [sys.executable, "-c", "import sys; sys.exit('no such index')"]

    with pytest.raises(LayerNotBuilt, match=r"could not install .*\(it said: no such index\); let this machine reach"):
        build(tmp_path, commands=[failing])


def test_a_failure_inside_the_cdk_keeps_its_sentence_and_starts_no_docker(tmp_path, monkeypatch):
    import aws_cdk as cdk

    def refuse(output: Path) -> None:
        raise LayerNotBuilt("The index is out of reach.")

    monkeypatch.setattr(layers, "build", refuse)
    stack = cdk.Stack(cdk.App(analytics_reporting=False, outdir=str(tmp_path)), "few")

    with pytest.raises(LayerNotBuilt, match=r"^The index is out of reach\.$"):
        dependency_layer(stack)


@pytest.mark.full
def test_the_layer_is_for_the_runtime_and_the_same_whoever_builds_it(tmp_path):
    """uv and pip write other files beside the packages; none of them is left, so the hash of the lock is enough."""
    first, second = tmp_path / "first", tmp_path / "second"

    build(first, commands=installers(first / "python")[:1])
    build(second, commands=installers(second / "python")[-1:])

    assert files_below(first) == files_below(second)
    binaries = [path for path in first.rglob("*.so*") if path.is_file()]
    assert any("pydantic_core" in str(path) for path in binaries)
    for binary in binaries:
        header = binary.read_bytes()[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == ELF_OF_ARM64, binary
        assert "cpython-314" in binary.name or "abi3" in binary.name, binary


@pytest.mark.full
def test_the_oldest_sdk_of_the_runtime_knows_every_operation(tmp_path):
    """The layer holds no boto3: what a plan's steps call has to be older than the runtime's own, and a kind that is not
    waits for it. The Kubernetes API is called over the web."""
    wanted = f"botocore=={OLDEST_BOTOCORE_OF_THE_RUNTIME}"
    installer = installers(tmp_path)[0]
    there = ["--quiet", "--no-deps", "--target", str(tmp_path), wanted]
    subprocess.run([*installer[: installer.index("install") + 1], *there], check=True)

    for name in kind_names():
        knows = True
        for operation in (each for each in kind(name).operations if each.service != KUBERNETES):
            (model,) = sorted((tmp_path / "botocore" / "data" / operation.service).glob("*/service-2.json.gz"))[-1:]
            known = json.loads(gzip.decompress(model.read_bytes()))["operations"]
            knows &= operation.name in known
        assert knows is not kind(name).waits_for_the_runtime, f"{name}: what the runtime knows of it is another thing"
