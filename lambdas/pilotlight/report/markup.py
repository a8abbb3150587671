"""Markup in which every word from elsewhere is escaped, cut and isolated."""

from __future__ import annotations

from html import escape

from pilotlight.report.foreign import LONGEST_SENTENCE, tame


def own(text: object) -> str:
    """Text that was written here, escaped."""
    return escape(str(text), quote=True)


def foreign(text: object, limit: int = LONGEST_SENTENCE) -> str:
    """Text that may hold anything: one line, cut, escaped, and isolated from what stands around it."""
    return f"<bdi>{escape(tame(text, limit), quote=True)}</bdi>"


def row(*cells: tuple[str, str]) -> str:
    """A table row of (class, content) cells; the contents are markup."""
    parts = (f'<td class="{look}">{content}</td>' if look else f"<td>{content}</td>" for look, content in cells)
    return f"<tr>{''.join(parts)}</tr>"


def foreign_plain(text: object, limit: int = LONGEST_SENTENCE) -> str:
    """The same where no element may stand: in attributes, titles and SVG text."""
    return escape(tame(text, limit), quote=True)
