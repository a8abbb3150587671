"""Certificates of the standby: issued, for the names, for long enough, and presented."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pilotlight.domain.requirement import Severity
from pilotlight.requirements.certificate_issued import KIND, CertificateParams
from rehearsal.services.acm import Acm, Certificate
from rehearsal.services.elbv2 import Elbv2
from tests.requirements.looking import furnish, look, worst
from tests.steps.conftest import PLACE, Bench

NAME, BALANCER = "fileflow.example.com", "fileflow-dr-alb"


def params(**changes: Any) -> CertificateParams:
    return CertificateParams.model_validate({"names": [NAME], "load_balancer": BALANCER} | changes)


def presented(bench: Bench) -> Certificate:
    furnish(bench, KIND, params())
    return bench.aws.service(Acm).certificates[0]


def test_a_certificate_that_the_listener_presents_is_fine(bench: Bench) -> None:
    presented(bench)

    (finding,) = look(bench, KIND, params())

    assert finding.severity is Severity.FINE
    assert finding.sentence == (
        f"The certificate for {NAME} at port 443 of {BALANCER} is issued and valid until 2027-09-17."
    )


def test_a_certificate_that_nobody_presents_does_not_count(bench: Bench) -> None:
    presented(bench)
    bench.aws.service(Elbv2).listeners[0].certificates.clear()

    assert worst(look(bench, KIND, params())).code == "certificate"
    assert worst(look(bench, KIND, params(load_balancer=None))).severity is Severity.FINE


def test_the_primarys_certificate_does_not_count(bench: Bench) -> None:
    bench.aws.service(Acm).add(PLACE.primary, NAME)

    finding = worst(look(bench, KIND, params(load_balancer=None)))

    assert finding.severity is Severity.ERROR
    assert "No certificate in ap-northeast-1 covers fileflow.example.com" in finding.sentence


def test_each_name_is_looked_at_for_itself(bench: Bench) -> None:
    presented(bench)

    found = look(bench, KIND, params(names=[NAME, "admin.example.com"]))

    assert [finding.severity for finding in found] == [Severity.FINE, Severity.ERROR]


def test_a_wildcard_covers_one_label(bench: Bench) -> None:
    bench.aws.service(Acm).add(PLACE.standby, "*.example.com")
    names = ["Fileflow.example.com.", "example.com", "a.b.example.com"]

    found = look(bench, KIND, params(load_balancer=None, names=names))

    assert [finding.severity for finding in found] == [Severity.FINE, Severity.ERROR, Severity.ERROR]


def test_an_elliptic_key_is_seen_though_it_is_not_listed_unasked(bench: Bench) -> None:
    bench.aws.service(Acm).add(PLACE.standby, NAME).key = "EC_prime256v1"

    assert worst(look(bench, KIND, params(load_balancer=None))).severity is Severity.FINE


def test_one_that_waits_for_its_validation_is_an_error(bench: Bench) -> None:
    presented(bench).status = "PENDING_VALIDATION"

    finding = worst(look(bench, KIND, params()))

    assert finding.severity is Severity.ERROR
    assert "is PENDING_VALIDATION and not ISSUED" in finding.sentence


def test_one_that_ends_too_soon_says_whether_acm_renews_it(bench: Bench) -> None:
    certificate = presented(bench)
    certificate.until = bench.world.time.now() + timedelta(days=29)

    renewed = worst(look(bench, KIND, params()))
    certificate.renews = False
    imported = worst(look(bench, KIND, params()))

    assert (renewed.code, renewed.severity) == ("certificate-end", Severity.ERROR)
    assert "ends on 2026-12-20, within the 30 d it has to last" in renewed.sentence
    assert imported.fix == "ACM does not renew it: import its successor."
    assert worst(look(bench, KIND, params(valid_for="7 d"))).severity is Severity.FINE


def test_a_load_balancer_or_a_listener_that_is_not_there_is_said(bench: Bench) -> None:
    assert worst(look(bench, KIND, params())).code == "load-balancer"

    presented(bench)

    assert worst(look(bench, KIND, params(port=8443))).code == "listener"


def test_a_certificate_of_iam_is_not_known_to_acm(bench: Bench) -> None:
    presented(bench)
    arn = "arn:aws:iam::123456789012:server-certificate/fileflow"
    bench.aws.service(Elbv2).listeners[0].certificates = [arn]

    finding = worst(look(bench, KIND, params()))

    assert finding.severity is Severity.WARNING
    assert arn in finding.sentence
