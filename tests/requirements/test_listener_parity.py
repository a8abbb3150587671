"""The standby's front beside the primary's: ports, protocols, rules, their groups and order, certificates."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.domain.requirement import Finding, Severity
from pilotlight.requirements.listener_parity import KIND, ListenerParityParams
from rehearsal.services.acm import Acm
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.elbv2_listeners import Listener
from tests.requirements.looking import furnish, look, worst
from tests.steps.conftest import PLACE, Bench

THEIRS, OURS, NAME = "MegaTicket-ALB", "MegaTicket-DR-ALB", "pilotlight-test.click"
PARAMS = ListenerParityParams(primary=THEIRS, standby=OURS)
TO_HTTPS = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}


def to(group: str) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": f"arn:aws:elasticloadbalancing:::targetgroup/{group}/1"}


class Fronts:
    """A load balancer in each region; both speak HTTPS with a certificate, and send `/api/*` to a group of its own."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.balancing, self.acm = bench, bench.aws.service(Elbv2), bench.aws.service(Acm)
        for region, name in ((PLACE.primary, THEIRS), (PLACE.standby, OURS)):
            self.open(region, name, 443)

    def open(self, region: str, name: str, port: int) -> Listener:
        listener = self.balancing.listener_of(region, name, port)
        listener.rules[0].action = to("web")
        self.balancing.add_rule(listener, 10, ("/api/*",), to("app"))
        if port == 443:
            listener.certificates.append(self.acm.add(region, NAME).arn)
        return listener

    @property
    def theirs(self) -> Listener:
        return self.balancing.listeners_of(PLACE.primary, THEIRS)[0]

    @property
    def ours(self) -> Listener:
        return self.balancing.listeners_of(PLACE.standby, OURS)[0]

    def look(self) -> tuple[Finding, ...]:
        return look(self.bench, KIND, PARAMS)


@pytest.fixture
def fronts(bench: Bench) -> Fronts:
    return Fronts(bench)


def test_two_that_are_alike_are_fine(fronts: Fronts) -> None:
    (finding,) = fronts.look()

    assert finding.severity is Severity.FINE
    assert finding.sentence == f"{OURS} listens on port 443 (HTTPS) as {THEIRS} does, with the same rules."


def test_what_it_takes_to_stand_is_fine(bench: Bench) -> None:
    furnish(bench, KIND, PARAMS)

    assert worst(look(bench, KIND, PARAMS)).severity is Severity.FINE


def test_http_alone_is_an_error_where_the_primary_speaks_https(fronts: Fronts) -> None:
    """The front that was described for the standby: one listener, on port 80."""
    fronts.balancing.listeners.remove(fronts.ours)
    fronts.open(PLACE.standby, OURS, 80)

    (finding,) = fronts.look()

    assert (finding.severity, finding.code) == (Severity.ERROR, "listener-missing")
    assert finding.sentence == (
        f"{THEIRS} listens on port 443 (HTTPS) and {OURS} on port 80 (HTTP) alone, so whoever asks the standby at port "
        "443 gets no answer."
    )
    assert finding.fix == (
        f"Add a listener on port 443 (HTTPS) to {OURS} with a certificate for the same names and the same rules."
    )


def test_what_the_standby_has_beyond_is_its_own_affair(fronts: Fronts) -> None:
    fronts.open(PLACE.standby, OURS, 80)
    fronts.balancing.add_rule(fronts.ours, 20, ("/status",), to("web"))

    assert worst(fronts.look()).severity is Severity.FINE


def test_another_protocol_on_the_port_is_an_error(fronts: Fronts) -> None:
    fronts.ours.protocol = "HTTP"

    assert worst(fronts.look()).code == "protocol"


def test_a_rule_that_the_standby_lacks_is_named_by_what_it_meets(fronts: Fronts) -> None:
    fronts.ours.rules[:] = [rule for rule in fronts.ours.rules if rule.priority is None]

    finding = worst(fronts.look())

    assert (finding.severity, finding.code) == (Severity.ERROR, "rule-missing")
    assert f"has a rule for path /api/* at port 443 and {OURS} has none" in finding.sentence


def test_a_rule_that_leads_to_the_group_of_the_default_is_an_error(fronts: Fronts) -> None:
    fronts.ours.rules[1].action = to("web")

    finding = worst(fronts.look())

    assert (finding.severity, finding.code) == (Severity.ERROR, "rule-group")
    assert "has a target group of its own at MegaTicket-ALB" in finding.sentence


def test_a_rule_that_does_something_else_is_an_error(fronts: Fronts) -> None:
    fronts.ours.rules[1].action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}

    finding = worst(fronts.look())

    assert finding.code == "rule-differs"
    assert "answers with a fixed-response 404 at MegaTicket-DR-ALB, and forwards it at MegaTicket-ALB" in (
        finding.sentence
    )


def test_a_redirect_to_https_that_is_missing_is_a_warning(fronts: Fronts) -> None:
    fronts.open(PLACE.standby, OURS, 80)
    theirs = fronts.open(PLACE.primary, THEIRS, 80)
    theirs.rules[0].action = {"Type": "redirect", "RedirectConfig": TO_HTTPS}

    finding = worst(fronts.look())

    assert (finding.severity, finding.code) == (Severity.WARNING, "default-action")
    assert f"at port 80 it forwards it, where {THEIRS} redirects it to HTTPS 443 HTTP_301" in finding.sentence


def test_the_same_rules_in_another_order_are_a_warning(fronts: Fronts) -> None:
    fronts.balancing.add_rule(fronts.theirs, 20, ("/api/health",), to("web"))
    fronts.balancing.add_rule(fronts.ours, 5, ("/api/health",), to("web"))

    assert worst(fronts.look()).code == "rule-order"


def test_the_rule_of_a_fence_is_no_part_of_a_front(fronts: Fronts) -> None:
    """After a failover the primary answers 503 to everything, and the standby must not be told to do so."""
    closed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    fronts.balancing.add_rule(fronts.theirs, 1, ("/*",), closed)

    assert worst(fronts.look()).severity is Severity.FINE


def test_each_name_of_the_primarys_certificates_is_covered(fronts: Fronts) -> None:
    fronts.theirs.certificates.append(fronts.acm.add(PLACE.primary, "admin.example.com").arn)

    finding = worst(fronts.look())

    assert (finding.severity, finding.code) == (Severity.ERROR, "certificate-missing")
    assert "presents a certificate for admin.example.com at port 443" in finding.sentence


def test_a_certificate_that_is_not_issued_covers_nothing(fronts: Fronts) -> None:
    fronts.acm.certificates[-1].status = "EXPIRED"

    assert worst(fronts.look()).code == "certificate-missing"


def test_certificates_of_iam_are_not_known_and_not_taken_for_good(fronts: Fronts) -> None:
    fronts.ours.certificates[:] = ["arn:aws:iam::123456789012:server-certificate/tokyo"]

    finding = worst(fronts.look())

    assert (finding.severity, finding.code) == (Severity.WARNING, "certificate-unknown")


def test_a_load_balancer_that_is_not_there_is_named_with_its_region(fronts: Fronts) -> None:
    fronts.balancing.load_balancers[:] = fronts.balancing.load_balancers[:1]

    finding = worst(fronts.look())

    assert (finding.severity, finding.sentence) == (
        Severity.ERROR,
        f"There is no load balancer {OURS} in ap-northeast-1.",
    )


def test_a_primary_that_listens_nowhere_is_not_taken_for_alike(fronts: Fronts) -> None:
    fronts.balancing.listeners.remove(fronts.theirs)

    assert worst(fronts.look()).code == "nothing-listens"
