"""The exit codes that all commands share; what each means for one of them stands with what is behind it."""

from __future__ import annotations

OK, NOT_AS_EXPECTED, MISCONFIGURED, REFUSED = 0, 1, 2, 3
