"""What people are told when something that must be true before an incident is not true any more."""

from __future__ import annotations

from pilotlight.domain.records import Record
from pilotlight.messages.mrkdwn import context, header, quoted, sections
from pilotlight.messages.page import SUBJECT_LIMIT, Page
from pilotlight.messages.slack import Message
from pilotlight.report.foreign import tame

_MOST = 15


def readiness_message(record: Record) -> Message:
    """The message in Slack: each new finding with its way out."""
    found = record.entry.details["findings"]
    lines = [f"❌ *{quoted(each['about'])}* {quoted(each['sentence'])}\n→ {quoted(each['fix'])}" for each in found]
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    told = context("`./pilotlight readiness` shows all of it. Each is told once, and again if it comes back.")
    return Message(headline(record), [header(headline(record)), *sections([*lines[:_MOST], *more]), told])


def readiness_page(record: Record) -> Page:
    """The same for mail and pagers."""
    found = record.entry.details["findings"]
    lines = [f"- {tame(each['about'])}: {tame(each['sentence'])}\n  -> {tame(each['fix'])}" for each in found]
    subject = tame(f"Pilotlight: {headline(record)}", SUBJECT_LIMIT)
    printable = "".join(character if " " <= character <= "~" else "?" for character in subject)
    return Page(printable, "\n".join([f"{headline(record)}.", "", *lines]) + "\n")


def headline(record: Record) -> str:
    """How many things are not ready of which application."""
    count = len(record.entry.details["findings"])
    return f"{record.entry.application} is not ready: {count} new finding{'s' if count > 1 else ''}"
