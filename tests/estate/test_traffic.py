"""Which ways to the primary the latch does not hold, found in what AWS shows of records and of what goes round them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest

from pilotlight.domain.errors import AccessDenied, NotFound
from pilotlight.domain.place import Place
from pilotlight.domain.ports import WebAnswer, WebRequest
from pilotlight.domain.step import Finding, Severity, StepContext
from pilotlight.domain.traffic import PrimaryCheck, Traffic, TrafficRecord
from pilotlight.estate.traffic.latch import Latch
from pilotlight.estate.traffic.readiness import OPERATIONS, paths

PLACE = Place("fileflow", "123456789012", "ap-northeast-2", "ap-northeast-1")
LATCH = Latch(PLACE)
NAME = "fileflow.ryuqqq.com"
SEOUL = "fileflow-prod-alb-123456.ap-northeast-2.elb.amazonaws.com"
TOKYO = "fileflow-dr-alb-123456.ap-northeast-1.elb.amazonaws.com"
BY_METRIC, BY_OBJECT, BOTH, JOINED, RAW, RAW_TOKYO = "metric", "object", "both", "joined", "raw-seoul", "raw-tokyo"
ELB = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer"


def a_record(failover: str, target: str, **differences: Any) -> dict[str, Any]:
    """One half of a pair of failover records, an alias of a load balancer, as it should be."""
    evaluates = bool(differences.pop("evaluates", False))
    alias = {"HostedZoneId": "ZWKZPGTI48KDX", "DNSName": f"dualstack.{target}.", "EvaluateTargetHealth": evaluates}
    found = {"Name": f"{NAME}.", "Type": "A", "SetIdentifier": failover, "Failover": failover, "AliasTarget": alias}
    return {**found, **differences}


def a_check(id_: str, type_: str, **configuration: Any) -> dict[str, Any]:
    return {"Id": id_, "CallerReference": id_, "HealthCheckConfig": {"Type": type_, **configuration}}


CHECKS = (
    a_check(
        BY_METRIC,
        "CLOUDWATCH_METRIC",
        AlarmIdentifier={"Region": PLACE.standby, "Name": LATCH.alarm},
        InsufficientDataHealthStatus="LastKnownStatus",
    ),
    a_check(
        BY_OBJECT,
        "HTTPS_STR_MATCH",
        FullyQualifiedDomainName=LATCH.host,
        ResourcePath=f"/{LATCH.key}",
        Inverted=True,
    ),
    a_check(BOTH, "CALCULATED", ChildHealthChecks=[BY_METRIC, BY_OBJECT], HealthThreshold=2),
    a_check(JOINED, "CALCULATED", ChildHealthChecks=[BY_METRIC, BY_OBJECT, RAW], HealthThreshold=3),
    a_check(RAW, "HTTPS", FullyQualifiedDomainName=SEOUL, ResourcePath="/actuator/health"),
    a_check(RAW_TOKYO, "HTTPS", FullyQualifiedDomainName=TOKYO, ResourcePath="/actuator/health"),
)

AS_IT_SHOULD_BE = (a_record("PRIMARY", SEOUL, HealthCheckId=BOTH), a_record("SECONDARY", TOKYO))

# fileflow's Terraform before Pilotlight: both records evaluate their target and look at a raw check of an endpoint.
OF_THE_RUN_BOOK = (
    a_record("PRIMARY", SEOUL, HealthCheckId=RAW, evaluates=True),
    a_record("SECONDARY", TOKYO, HealthCheckId=RAW_TOKYO, evaluates=True),
)


class Estate:
    """An account's global services, which answer from what stands in them, and only in the region where they are."""

    def __init__(self, *records: Mapping[str, Any], checks: tuple[Mapping[str, Any], ...] = CHECKS) -> None:
        self.records = list(records)
        self.checks = checks
        self.distributions: list[dict[str, Any]] = []
        self.endpoints: list[str] = []
        self.domains: dict[str, dict[str, Any]] = {}
        self.denied: set[str] = set()

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        where = {"globalaccelerator": "us-west-2", "cognito-idp": PLACE.primary}.get(service, "us-east-1")
        assert region == where, f"{service} {operation} is asked in {region}"
        if service in self.denied:
            raise AccessDenied(service, operation, region, "AccessDenied", "not authorized")
        answer: dict[str, Any] = getattr(self, f"_{operation}")(parameters)
        return answer

    def ask(self, request: WebRequest) -> WebAnswer:
        raise AssertionError("Nothing here asks the web.")

    def _ListHostedZonesByName(self, given: Mapping[str, Any]) -> dict[str, Any]:
        # Route 53 answers the zones from this name on, in its order of names, whether it is among them or not.
        return {"HostedZones": [{"Id": "/hostedzone/Z1", "Name": "ryuqqq.com.", "CallerReference": "r"}]}

    def ask_all(self, requests: Sequence[WebRequest]) -> list[WebAnswer]:
        return [self.ask(request) for request in requests]

    def _ListResourceRecordSets(self, given: Mapping[str, Any]) -> dict[str, Any]:
        assert given["HostedZoneId"] == "Z1"
        begun = int(str(given.get("StartRecordName", "0")))
        page = {"ResourceRecordSets": self.records[begun : begun + 1], "IsTruncated": begun + 1 < len(self.records)}
        return {**page, "NextRecordName": str(begun + 1), "NextRecordType": "A"}

    def _ListHealthChecks(self, given: Mapping[str, Any]) -> dict[str, Any]:
        begun = int(given.get("Marker", "0"))
        page = {"HealthChecks": list(self.checks[begun : begun + 2]), "IsTruncated": begun + 2 < len(self.checks)}
        return {**page, "NextMarker": str(begun + 2)}

    def _ListDistributions(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"DistributionList": {"Items": self.distributions, "IsTruncated": False}}

    def _ListAccelerators(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"Accelerators": [{"AcceleratorArn": "accelerator", "Name": "fileflow"}] if self.endpoints else []}

    def _ListListeners(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"Listeners": [{"ListenerArn": "listener"}]}

    def _ListEndpointGroups(self, given: Mapping[str, Any]) -> dict[str, Any]:
        endpoints = [{"EndpointId": endpoint} for endpoint in self.endpoints]
        return {"EndpointGroups": [{"EndpointGroupRegion": PLACE.primary, "EndpointDescriptions": endpoints}]}

    def _DescribeUserPoolDomain(self, given: Mapping[str, Any]) -> dict[str, Any]:
        domain = given["Domain"]
        if domain not in self.domains:
            raise NotFound("cognito-idp", "DescribeUserPoolDomain", PLACE.primary, "ResourceNotFoundException", "none")
        return {"DomainDescription": {"UserPoolId": "pool", "Domain": domain, **self.domains[domain]}}


def look(estate: Estate, **traffic: Any) -> tuple[Finding, ...]:
    """What readiness says of the paths of that estate."""
    record = TrafficRecord(name=NAME, **traffic.pop("record", {}))
    now = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    plan = Traffic(records=(record,), **traffic)
    return paths(StepContext(PLACE, "", "latch", 0, now, now, estate, estate, traffic=plan))


def errors(found: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in found if finding.severity is not Severity.FINE]


class TestRecords:
    def test_a_primary_with_the_latch_and_a_secondary_without_a_check_are_fine(self) -> None:
        found = look(Estate(*AS_IT_SHOULD_BE))

        assert [(f.severity, f.sentence) for f in found] == [
            (Severity.FINE, f"Record {NAME} (A) is held by the latch.")
        ]

    def test_the_records_of_the_run_book_have_three_faults_and_each_a_remedy(self) -> None:
        """Given both records evaluate their target and look at a raw check, then readiness names the path that the
        latch does not hold, the empty standby, and that no healthy record answers the PRIMARY."""
        found = look(Estate(*OF_THE_RUN_BOOK))

        assert {finding.severity for finding in found} == {Severity.ERROR}
        assert [(finding.code, finding.sentence, finding.fix) for finding in found] == [
            (
                "record-not-latched",
                f"The PRIMARY record {NAME} (A) looks at health check raw-seoul, which is not the latch: traffic moves "
                "before the standby is ready, and goes back by itself when the primary answers again, without the "
                "writes of the meantime; it evaluates its target's health, which moves traffic and brings it back "
                "past the latch.",
                "Give it the health check that the application's stack puts out, and set EvaluateTargetHealth to "
                "false.",
            ),
            (
                "secondary-evaluates-target",
                f"The SECONDARY record {NAME} (A) evaluates the health of {TOKYO}, and a load balancer without targets "
                "is unhealthy: while the standby is empty, Route 53 answers the PRIMARY, dark as it is.",
                "Set EvaluateTargetHealth of the SECONDARY record to false.",
            ),
            (
                "none-healthy-answers-primary",
                f"The SECONDARY record {NAME} (A) has health check raw-tokyo, and where no record is healthy Route 53 "
                "answers the PRIMARY: one failing look at the standby would send users back past the latch.",
                "Remove the health check of the SECONDARY record.",
            ),
        ]

    def test_a_primary_without_a_check_never_leaves(self) -> None:
        found = look(Estate(a_record("PRIMARY", SEOUL), a_record("SECONDARY", TOKYO)))

        assert errors(found) == ["record-not-latched"]
        assert "has no health check, so it stays healthy whatever the latch says" in found[0].sentence

    @pytest.mark.parametrize(
        "check",
        [
            a_check(BOTH, "CALCULATED", ChildHealthChecks=[BY_METRIC, BY_OBJECT], HealthThreshold=1),
            a_check(BOTH, "CALCULATED", ChildHealthChecks=[BY_METRIC, BY_OBJECT], HealthThreshold=2, Inverted=True),
            a_check(BOTH, "CALCULATED", ChildHealthChecks=[BY_METRIC, BY_OBJECT], HealthThreshold=2, Disabled=True),
            a_check(BOTH, "CALCULATED", ChildHealthChecks=[BY_METRIC, RAW], HealthThreshold=2),
        ],
        ids=["one is enough", "inverted", "disabled", "without the object"],
    )
    def test_what_only_looks_like_the_latch_is_not_it(self, check: dict[str, Any]) -> None:
        checks = tuple(check if known["Id"] == BOTH else known for known in CHECKS)

        assert errors(look(Estate(*AS_IT_SHOULD_BE, checks=checks))) == ["record-not-latched"]

    def test_a_joined_check_is_held_where_the_plan_says_so_and_not_where_it_does_not(self) -> None:
        estate = Estate(a_record("PRIMARY", SEOUL, HealthCheckId=JOINED), a_record("SECONDARY", "page.example.com"))

        said = look(estate, record={"primary_check": PrimaryCheck.JOINED, "maintenance_page": True})

        assert errors(said) == []
        assert errors(look(estate)) == ["record-not-latched"]

    def test_a_record_that_is_no_pair_leads_to_one_side_only(self) -> None:
        simple = {key: value for key, value in a_record("", SEOUL).items() if key not in ("Failover", "SetIdentifier")}

        assert "whatever the latch says" in look(Estate(simple))[0].sentence
        assert "has no SECONDARY record" in look(Estate(AS_IT_SHOULD_BE[0]))[0].sentence

    def test_a_record_that_is_not_there_is_an_error(self) -> None:
        assert errors(look(Estate())) == ["record-missing"]

    def test_another_name_of_the_primary_in_the_zone_is_a_path(self) -> None:
        alias = {"Name": f"old.{NAME}.", "Type": "CNAME", "ResourceRecords": [{"Value": SEOUL}]}

        found = look(Estate(*AS_IT_SHOULD_BE, alias))

        assert errors(found) == ["path-record"]
        assert found[-1].sentence == f"Record old.{NAME} (CNAME) leads to the primary's {SEOUL}, and no latch holds it."


class TestDetours:
    def test_a_distribution_whose_origin_is_the_primary_is_a_path(self) -> None:
        estate = Estate(*AS_IT_SHOULD_BE)
        estate.distributions = [
            {"Id": "E1", "Origins": {"Items": [{"Id": "alb", "DomainName": SEOUL}]}},
            {"Id": "E2", "Origins": {"Items": [{"Id": "name", "DomainName": NAME}]}},
        ]

        found = look(estate)

        assert errors(found) == ["path-cloudfront"]
        assert found[-1].sentence.startswith(f"CloudFront distribution E1 has the primary's {SEOUL} as its origin")
        assert NAME in found[-1].fix

    def test_an_accelerator_with_the_primarys_balancer_is_a_path(self) -> None:
        estate = Estate(*AS_IT_SHOULD_BE)
        estate.endpoints = [f"{ELB}/app/fileflow-prod-alb/50dc6c495c0c9188", f"{ELB}/app/another/50dc6c495c0c9189"]

        found = look(estate)

        assert errors(found) == ["path-accelerator"]
        assert "fileflow-prod-alb" in found[-1].sentence

    @pytest.mark.parametrize(
        ("routing", "words"),
        [
            ({}, "does not fail over"),
            ({"PrimaryRoute53HealthCheckId": RAW, "SecondaryRegion": PLACE.standby}, "comes back by itself"),
            ({"PrimaryRoute53HealthCheckId": BOTH, "SecondaryRegion": "us-west-2"}, "which is not the standby"),
        ],
    )
    def test_a_cognito_domain_that_the_latch_does_not_move_is_a_path(self, routing: dict[str, str], words: str) -> None:
        estate = Estate(*AS_IT_SHOULD_BE)
        estate.domains = {"auth.ryuqqq.com": {"Routing": {"Failover": routing}} if routing else {}}

        found = look(estate, cognito_domains=("auth.ryuqqq.com",))

        assert errors(found) == ["path-cognito"]
        assert words in found[-1].sentence

    def test_a_cognito_domain_with_the_latch_is_held_and_an_unknown_one_is_an_error(self) -> None:
        estate = Estate(*AS_IT_SHOULD_BE)
        failover = {"PrimaryRoute53HealthCheckId": BOTH, "SecondaryRegion": PLACE.standby}
        estate.domains = {"auth.ryuqqq.com": {"Routing": {"Failover": failover}}}

        assert errors(look(estate, cognito_domains=("auth.ryuqqq.com",))) == []
        assert errors(look(estate, cognito_domains=("no.ryuqqq.com",))) == ["path-cognito"]

    @pytest.mark.parametrize("service", ["route53", "cloudfront", "globalaccelerator", "cognito-idp"])
    def test_what_cannot_be_read_is_a_warning_and_never_held(self, service: str) -> None:
        estate = Estate(*AS_IT_SHOULD_BE)
        estate.denied = {service}

        found = look(estate, cognito_domains=("auth.ryuqqq.com",))

        unread = [finding for finding in found if finding.code == "path-unread"]
        assert [finding.severity for finding in unread] == [Severity.WARNING]
        assert "a path to the primary may be left" in unread[0].sentence


def test_every_error_of_every_operation_is_named() -> None:
    for operation in OPERATIONS:
        model = botocore.session.get_session().get_service_model(operation.service).operation_model(operation.name)
        modelled = {shape.metadata.get("error", {}).get("code") or shape.name for shape in model.error_shapes}

        assert modelled <= {*operation.handled, *operation.fatal}, operation.name
