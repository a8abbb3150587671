"""How a primary is looked at over the network, and what its answer means: the one place that judges it.

The shared probes ask so, and so does a run that looks for itself. An observer that cannot see says unknown, never dark,
and so does one whose trouble a working primary could have caused.
"""

from __future__ import annotations

from typing import assert_never

from pilotlight.domain.errors import AwsError, Unavailable
from pilotlight.domain.plan import Probe
from pilotlight.domain.ports import Aws, Silence, WebAnswer, WebRequest
from pilotlight.domain.signals import Sight
from pilotlight.domain.watching import Seen


def question(probe: Probe) -> WebRequest:
    """What is asked: the primary's own load balancer, with the public name as Host and SNI."""
    return WebRequest("GET", probe.url, probe.connect_to, timeout_seconds=probe.timeout.total_seconds())


def judge(probe: Probe, answer: WebAnswer) -> Seen:
    """What an answer, or that none came, says of the application."""
    if answer.status is None:
        return _silence(answer, probe.url)
    if answer.status >= 500:
        return Seen(Sight.DARK, f"gets status {answer.status} from {probe.url}")
    if answer.status == probe.expect_status and (probe.expect_body or "") in answer.body:
        return Seen(Sight.WELL, f"gets a good answer from {probe.url}")
    words = f"gets status {answer.status} from {probe.url}, which is neither a good answer nor silence"
    return Seen(Sight.UNKNOWN, words)


def look_at_region(aws: Aws, region: str) -> Seen:
    """Whether a region's own API answers; no deployment of an application can break it.

    STS is asked at the region's own endpoint, as the SDKs do unless told otherwise, and anybody may ask it who they are
    (STS API Reference, GetCallerIdentity: "no permissions are required").
    """
    try:
        aws.call("sts", "GetCallerIdentity", region)
    except Unavailable as error:
        return Seen(Sight.DARK, f"gets no answer from its API ({error.code})")
    except AwsError as error:
        return Seen(Sight.UNKNOWN, f"cannot tell, because its API answers {error.code}")
    return Seen(Sight.WELL, "gets an answer from its API")


def _silence(answer: WebAnswer, url: str) -> Seen:
    """What it means that no answer came. What a working primary can show too is not darkness."""
    match answer.silence:
        case Silence.REFUSED | Silence.TIMED_OUT | Silence.UNREACHABLE | Silence.BROKEN_OFF:
            return Seen(Sight.DARK, f"gets no answer from {url} ({answer.trouble})")
        case Silence.CERTIFICATE:
            way_out = "renew it, or let the probe ask for a name that it is good for"
        case Silence.NO_SUCH_NAME:
            way_out = "put the load balancer's own name into signals.probe"
        case Silence.TLS:
            way_out = "see that its listener speaks TLS"
        case Silence.MALFORMED:
            way_out = "correct the url in signals.probe"
        case Silence.UNREADABLE:
            way_out = "see what listens there"
        case Silence.OTHER | None:
            way_out = "see that the controller's function may reach it"
        case _:
            assert_never(answer.silence)
    return Seen(Sight.UNKNOWN, f"cannot tell about {url}: {answer.trouble}, which is not darkness; {way_out}")
