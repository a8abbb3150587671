"""What observers reported, kept as a metric, so that a back-test can play it to another policy.

An alarm has a history of its own in CloudWatch; a probe, a look at a region and a heartbeat have none but this. What is
unknown gets no point, and is unknown to the back-test too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from aws_lambda_powertools.metrics import MetricUnit

from pilotlight.domain.signals import SIGHT_METRIC, Sight, Signal, Subject
from pilotlight.handlers.runtime import measure


def publish_sights(log: TextIO, application: str, signals: Iterable[Signal]) -> None:
    """Publish 1 for each observer that sees the primary, or its region, well, and 0 for each that sees it dark."""
    for signal in signals:
        looks_itself = signal.first_hand or signal.subject is Subject.REGION
        if looks_itself and signal.sight is not Sight.UNKNOWN:
            value = 1 if signal.sight is Sight.WELL else 0
            measure(log, SIGHT_METRIC, value, MetricUnit.Count, application=application, observer=signal.observer)
