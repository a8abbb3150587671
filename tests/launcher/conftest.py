from __future__ import annotations

from pathlib import Path

import pytest

from tests.launcher.fresh_checkout import FreshCheckout


@pytest.fixture
def checkout(tmp_path: Path) -> FreshCheckout:
    """A fresh checkout on a machine with nothing but Python."""
    return FreshCheckout(tmp_path)
