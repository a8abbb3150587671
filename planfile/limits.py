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


SHARED_LIMITS = (the_slack_token_can_be_read,)
LIMITS = (a_look_is_short,)
