"""The two layers under a function: the dependencies, and the plan that a published version pins.

The dependencies are built here, without Docker, from a lock with hashes for the runtime's own Python and processor.
A build that cannot be made raises `LayerNotBuilt` with one sentence; it never falls back to Docker.
Source: pip takes environment markers from the host (pip#11664), so the lock names all packages and resolves none.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets

CHECKOUT = Path(__file__).resolve().parent.parent
LAYER = CHECKOUT / "deployment" / "layer"
LOCK = LAYER / "requirements.txt"
PYTHON = "3.14"
ARCHITECTURE = "arm64"
RECIPE = 1
"""Raised when the same lock would give other files: the asset's hash is made of it."""

PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")
# What differs between two installers, two machines or two runs, and what nothing at run time reads.
_LEFT_OUT = ("bin", "**/__pycache__", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
_ALSO_LEFT_OUT = ("*.dist-info/direct_url.json", "*.dist-info/uv_cache.json", ".lock")


class LayerNotBuilt(Exception):
    """The dependencies could not be installed; the text is the sentence for the user."""


def layer_hash() -> str:
    """What the dependency layer is made of, as one hash: same hash, same files."""
    made_of = f"{ARCHITECTURE} {PYTHON} {RECIPE}\n".encode() + LOCK.read_bytes()
    return hashlib.sha256(made_of).hexdigest()


def installers(target: Path) -> list[list[str]]:
    """The commands that can install the lock for the runtime, best first, as far as this machine has them."""
    found: list[list[str]] = []
    beside_python = Path(sys.executable).parent / "uv"
    uv = str(beside_python) if beside_python.exists() else shutil.which("uv")
    common = ["--quiet", "--no-deps", "--require-hashes", "--target", str(target), "-r", str(LOCK)]
    if uv:
        platform = f"aarch64-{PLATFORMS[-1].removesuffix('_aarch64')}"
        found.append(
            [uv, "pip", "install", "--no-build", "--python-version", PYTHON, "--python-platform", platform, *common]
        )
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        runtime = ["--implementation", "cp", "--python-version", PYTHON, *platforms]
        found.append([sys.executable, "-m", "pip", "install", "--only-binary=:all:", "--no-compile", *runtime, *common])
    return found


def build(output: Path, commands: Sequence[Sequence[str]] | None = None) -> None:
    """Install the lock into `output`/python with the first installer there is; drop what differs between runs."""
    target = output / "python"
    chosen = installers(target) if commands is None else commands
    if not chosen:
        raise LayerNotBuilt(
            "The Lambda layer cannot be built because neither uv nor pip is beside this Python; install one "
            "(`pip install uv`) and synthesize again."
        )
    installed = subprocess.run(chosen[0], capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        said = (installed.stderr.strip() or installed.stdout.strip() or "nothing").splitlines()[-1]
        raise LayerNotBuilt(
            f"The Lambda layer cannot be built because {Path(chosen[0][0]).name} could not install {LOCK.name} for "
            f"Python {PYTHON} on {ARCHITECTURE} (it said: {said}); let this machine reach a package index, or run "
            "deployment/layer/lock if a version was withdrawn."
        )
    for pattern in (*_LEFT_OUT, *_ALSO_LEFT_OUT):
        for path in list(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@jsii.implements(cdk.ILocalBundling)
class LockedBundling:
    """Builds the dependency layer when the CDK asks for it: once for a hash, then from cdk.out."""

    def __init__(self) -> None:
        self.failure: LayerNotBuilt | None = None

    def try_bundle(self, output_dir: str, options: cdk.BundlingOptions) -> bool:
        """Build into the directory of the CDK. Never answers False, which would start Docker."""
        try:
            build(Path(output_dir))
        except LayerNotBuilt as failure:
            self.failure = failure
            raise
        return True


def dependency_layer(stack: cdk.Stack) -> lambda_.CfnLayerVersion:
    """The layer with what the functions import; one for each stack that holds functions."""
    bundling = LockedBundling()
    try:
        asset = assets.Asset(
            stack,
            "DependenciesAsset",
            path=str(LAYER),
            asset_hash_type=cdk.AssetHashType.CUSTOM,
            asset_hash=layer_hash(),
            bundling=cdk.BundlingOptions(image=cdk.DockerImage.from_registry("unused"), local=bundling),
        )
    except RuntimeError as wrapped:
        # jsii makes another exception of ours, and wraps the sentence in its own words.
        raise (bundling.failure or wrapped) from wrapped
    return _layer(
        stack, "DependenciesLayer", "dependencies", asset, f"What the functions import, {asset.asset_hash[:12]}"
    )


def plan_layer(stack: cdk.Stack, snapshot: str) -> lambda_.CfnLayerVersion:
    """The layer that puts a plan's snapshot at /opt/pilotlight/plan.json."""
    content_hash = hashlib.sha256(snapshot.encode()).hexdigest()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "pilotlight"
        folder.mkdir()
        (folder / "plan.json").write_text(snapshot, encoding="utf-8")
        asset = assets.Asset(
            stack,
            f"PlanAsset{content_hash[:8]}",
            path=scratch,
            asset_hash_type=cdk.AssetHashType.CUSTOM,
            asset_hash=content_hash,
        )
    return _layer(
        stack, f"PlanLayer{content_hash[:8]}", "plan", asset, f"The plan that is followed, {content_hash[:12]}"
    )


def _layer(stack: cdk.Stack, logical: str, name: str, asset: assets.Asset, description: str) -> lambda_.CfnLayerVersion:
    return lambda_.CfnLayerVersion(
        stack,
        logical,
        layer_name=f"{stack.stack_name}-{name}",
        description=description,
        content=lambda_.CfnLayerVersion.ContentProperty(s3_bucket=asset.s3_bucket_name, s3_key=asset.s3_object_key),
        compatible_architectures=[ARCHITECTURE],
        compatible_runtimes=[f"python{PYTHON}"],
    )
