"""The environment of the CDK: jsii takes its Node from the environment when it is imported, so this comes first."""

from __future__ import annotations

import os

import pytest

from cli.node import find_node

os.environ.update(find_node(os.environ).environment(os.environ))
# The built-in validation starts for 1.4 s at each synthesis; the one strict test turns it on in a process of its own.
os.environ["CDK_VALIDATION"] = "false"


@pytest.fixture
def foundation():
    """The resources of one type in the sample of a foundation."""
    from tests.stacks.described import synthesized

    synthesis = synthesized("samples")
    return lambda kind: synthesis.resources(synthesis.deployment.foundation, kind)


@pytest.fixture
def application():
    """The resources of one type in the sample of an application."""
    from tests.stacks.described import synthesized

    synthesis = synthesized("samples")
    return lambda kind: synthesis.resources(synthesis.deployment.applications[0], kind)


@pytest.fixture
def signals():
    """The resources of one type in the sample of a signals stack."""
    from tests.stacks.described import synthesized

    synthesis = synthesized("samples")
    return lambda kind: synthesis.resources(synthesis.deployment.signals[0], kind)
