"""No test can reach a real account: every AWS variable is cleared, and the credentials that are left are false.

No test fails by the clock on the wall either: how long something takes is measured by benchmarks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import settings

settings.register_profile("pilotlight", deadline=None)
settings.load_profile("pilotlight")

FALSE_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@pytest.fixture(autouse=True)
def no_account() -> Iterator[None]:
    """Run each test without any way to a real account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with patch.dict(os.environ, {**kept, **FALSE_CREDENTIALS}, clear=True):
        yield
