"""The one slash command: what can be typed behind `/failover`, and what it means.

    /failover VERB [APPLICATION] [run=RUN] [step=STEP] [accept=LOSS] [to=MODE] [isolated|full] [because ...]

Where only one application is spoken of in a channel, its name may be left out, and means it and not its drill. What is
not understood is refused with what can be said; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pilotlight.domain.drill_names import drill_name
from pilotlight.domain.errors import InputRefused
from pilotlight.domain.slack_request import DRILL, REQUEST, Asked

NAME = "/failover"
STATUS, HISTORY, HELP = "status", "history", "help"
READS = (STATUS, HISTORY)
STARTS = (DRILL, REQUEST)
ISOLATED, FULL = "isolated", "full"
"""What a drill may be: on stand-ins, or the failover itself, planned."""

WORDS = ("approve", "hold", "release", "abort", "override", "change", "acknowledge", "retry", "skip")
_ALSO = {"ack": "acknowledge", "": HELP}
_LONGEST_REASON = 1000
_SETTING = re.compile(r"(run|step|accept|to)=(\S{1,80})")
_LOSS = re.compile(r"(\d+(?:\.\d+)?)(s|min|h|d)")

USAGE = (
    f"`{NAME} status [app]`, `{NAME} history app`, `{NAME} drill app [isolated|full]`, "
    f"`{NAME} request app because ...`, "
    f"`{NAME} approve|hold|release|abort|retry|skip|ack [app] [run=...] [step=...] [because ...]`, "
    f"`{NAME} override app run=... accept=20min because ...`, `{NAME} change app to=planned because ...`"
)


def understand(text: str, applications: Sequence[str]) -> Asked:
    """What was typed, of the applications that are spoken of in the channel; raises `InputRefused`.

    `status` of no application is that of them all.
    """
    words = _unescaped(text).split()
    verb = words.pop(0).lower() if words else ""
    do = _ALSO.get(verb, verb)
    if do not in (*READS, *STARTS, *WORDS):
        raise InputRefused(f"You can say: {USAGE}.")
    application = words.pop(0) if words and words[0] in applications else ""
    if do in READS:
        return _read(do, application, words, applications)
    if not application:
        application = _only(applications, do)
    settings: dict[str, str] = {}
    while words and (setting := _SETTING.fullmatch(words[0])):
        settings[setting.group(1)] = setting.group(2)
        words.pop(0)
    if do == DRILL:
        scope = words.pop(0).lower() if words and words[0].lower() in (ISOLATED, FULL) else ISOLATED
        settings = {**settings, "accept": scope}
    reason = " ".join(words).removeprefix("because ")
    if len(reason) > _LONGEST_REASON:
        raise InputRefused(
            f"The reason has {len(reason)} characters, and {_LONGEST_REASON} are the most; say it shorter."
        )
    return Asked(application, do, settings.get("run", ""), _accepted(settings), reason)


def _accepted(settings: dict[str, str]) -> str:
    """The one thing that a word accepts: a step, a mode, or a loss, which a plan spells with a space."""
    given = [settings[name] for name in ("step", "accept", "to") if name in settings]
    if len(given) > 1:
        raise InputRefused("A word accepts one thing: give one of step=, accept= and to=.")
    return _LOSS.sub(r"\1 \2", given[0]) if "accept" in settings else "".join(given)


def _read(do: str, application: str, words: Sequence[str], applications: Sequence[str]) -> Asked:
    if words:
        raise InputRefused(f"'{words[0]}' is none of the applications spoken of here: {', '.join(applications)}.")
    if do == HISTORY and not application:
        application = _only(applications, do)
    return Asked(application, do)


def _only(applications: Sequence[str], do: str) -> str:
    drills = {drill_name(application) for application in applications}
    meant = [application for application in applications if application not in drills]
    if len(meant) != 1:
        raise InputRefused(f"Say which application is meant: `{NAME} {do} APP`, of {', '.join(applications)}.")
    return meant[0]


def _unescaped(text: str) -> str:
    """Slack writes three characters of what is typed as entities, the ampersand last."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
