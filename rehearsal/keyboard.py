"""Any key, noticed without Enter. Where standard input is no terminal, or the system has no termios, no key comes."""

from __future__ import annotations

import contextlib
import select
import sys
import time
from typing import Any


class Keyboard:
    """Listens between `listen` and `leave`; `leave` puts the terminal back as it was."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def listen(self) -> None:
        """Let single keys through."""
        if not sys.stdin or not sys.stdin.isatty():
            return
        with contextlib.suppress(ImportError, OSError):
            import termios
            import tty

            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin.fileno())

    def leave(self) -> None:
        """Put the terminal back, and drop what was typed."""
        if self._before is None:
            return
        import termios

        termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, self._before)
        self._before = None

    def pressed_within(self, seconds: float) -> bool:
        """Wait that long; True at once when a key comes."""
        if self._before is None:
            time.sleep(seconds)
            return False
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        return bool(ready)
