"""A failover from what was synthesized, loaded and read back: the deployed thing recovers the application."""

from __future__ import annotations

import pytest
from moto import mock_aws

from rehearsal.play import play
from rehearsal.scenarios import scenario
from tests.stacks.described import plans, synthesized
from tests.stacks.loader import load
from tests.stacks.read_back import read_back

pytestmark = pytest.mark.full


def test_what_stands_in_the_account_recovers_the_application():
    synthesis = synthesized("fileflow-automatic")
    with mock_aws():
        load(synthesis)
        standing = read_back("123456789012", synthesis.deployment.regions)

    (fileflow,) = [plan for plan in plans() if plan.application == "fileflow"]
    played = play(fileflow, scenario("outage"), seed=1, stacks=standing)

    assert played.result.outcome == "RECOVERED"
    assert any("crosses from us-east-1" in sentence for _, sentence in played.notes)
