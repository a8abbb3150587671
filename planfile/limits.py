"""What a plan may not say because Pilotlight does not do it: the limits of what is built.

A protection that a plan names and nobody gives is worse than none, because people rely on it. Written like the rules in
`planfile.rules`, which says how they are asked. They stand here and not in the models, so that a run that was opened
under other limits can still be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pilotlight.domain.durations import say_duration
from planfile.draft import AnyDraft, Draft
from planfile.faults import Complaint
from planfile.rules import reading

LONGEST_PROBE = timedelta(seconds=5)
"""A look asks the regions and the probe one after the other, and its function has to come to an end."""

MOST_ALARMS = 10
"""A region's alarms are read in one call; more than a handful tell no more than a composite alarm over them does."""

OWN_SECRETS = "pilotlight/"
"""The only secrets that the notifier's role may read, in `deployment.foundation`."""

LONGEST_FUNCTION_NAME = 64
"""The limit of Lambda for the name of a function."""


@reading("notifications")
def the_slack_token_can_be_read(draft: AnyDraft) -> Iterator[Complaint]:
    """A token that may not be read keeps the channel silent when it matters."""
    slack = draft.plan.notifications.slack
    if slack is not None and not slack.token_secret.startswith(OWN_SECRETS):
        sentence = (
            f"The secret '{slack.token_secret}' does not begin with '{OWN_SECRETS}', and the notifier's role reads no "
            f"other; name it '{OWN_SECRETS}{slack.token_secret.lstrip('/')}'."
        )
        yield Complaint(("notifications", "slack", "token_secret"), sentence)


@reading("application", "runbook")
def function_names_fit(draft: AnyDraft) -> Iterator[Complaint]:
    """One function is deployed for each kind that a plan uses, named after both."""
    told: set[str] = set()
    for placed in draft.steps():
        if placed.kind is None or placed.kind.name in told:
            continue
        function = f"pilotlight-{draft.plan.name}-{placed.kind.name.replace('_', '-')}"
        if len(function) > LONGEST_FUNCTION_NAME:
            told.add(placed.kind.name)
            sentence = (
                f"The function {function} would have a name of {len(function)} characters, and Lambda "
                f"allows {LONGEST_FUNCTION_NAME}; shorten the application's name."
            )
            yield Complaint(("application",), sentence)


@reading("signals")
def a_look_is_short(draft: Draft) -> Iterator[Complaint]:
    """A look that takes long makes every decision late."""
    signals = draft.plan.signals
    if signals.probe.timeout > LONGEST_PROBE:
        sentence = (
            f"The probe would wait {say_duration(signals.probe.timeout)} in every look, and "
            f"{say_duration(LONGEST_PROBE)} is the most; make the timeout shorter."
        )
        yield Complaint(("signals", "probe", "timeout"), sentence)
    if len(signals.alarms) > MOST_ALARMS:
        sentence = (
            f"There are {len(signals.alarms)} alarms, and a look reads {MOST_ALARMS} at most; put a composite alarm "
            "over some of them and name that."
        )
        yield Complaint(("signals", "alarms"), sentence, at_key=True)


SHARED_LIMITS = (the_slack_token_can_be_read, function_names_fit)
"""What holds of every plan."""

LIMITS = (a_look_is_short,)
