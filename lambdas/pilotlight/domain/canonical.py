"""One spelling of a JSON value, so that equal things have equal hashes."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """Write JSON with sorted keys and no spaces; raises TypeError for what JSON cannot hold."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical spelling, in hexadecimal."""
    # Half a surrogate pair, as a cut message of AWS may end with, has no UTF-8 of its own.
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()
