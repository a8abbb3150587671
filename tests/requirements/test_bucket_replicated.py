"""Replicated buckets: versions, the rule, its key, its backlog, and what was there before."""

from __future__ import annotations

from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.requirement import Finding, Severity
from pilotlight.requirements.bucket_replicated import KIND, BucketParams
from rehearsal.services.s3 import S3
from rehearsal.services.s3_buckets import KeptBucket
from tests.requirements.looking import furnish, look, worst
from tests.steps.conftest import PLACE, Bench

BUCKET, COPY = "fileflow-uploads", "fileflow-dr-uploads"


def params(**changes: Any) -> BucketParams:
    return BucketParams.model_validate({"bucket": BUCKET, "destination": COPY} | changes)


@pytest.fixture
def bucket(bench: Bench) -> KeptBucket:
    """The bucket of a plan, five minutes after its world began."""
    furnish(bench, KIND, params())
    bench.inside(lambda: bench.world.time.sleep(300))
    return bench.aws.service(S3).kept[BUCKET]


def the(code: str, found: tuple[Finding, ...]) -> Finding:
    (finding,) = [finding for finding in found if finding.code == code]
    return finding


def test_a_bucket_that_is_replicated_in_time_is_fine(bench: Bench, bucket: KeptBucket) -> None:
    found = look(bench, KIND, params())

    assert {finding.severity for finding in found} == {Severity.FINE}
    assert [finding.sentence for finding in found] == [
        "Bucket fileflow-uploads keeps versions.",
        "Bucket fileflow-dr-uploads keeps versions.",
        "Rule everything replicates all of bucket fileflow-uploads to fileflow-dr-uploads.",
        "fileflow-dr-uploads is 2 s behind fileflow-uploads, with 6 operations (100,000 bytes) pending, under "
        "Replication Time Control.",
        "fileflow-uploads holds 120,000 objects and fileflow-dr-uploads 120,000.",
    ]


def test_a_bucket_that_is_not_there_is_said(bench: Bench) -> None:
    found = look(bench, KIND, params())

    assert found[0].sentence == "There is no bucket fileflow-uploads in ap-northeast-2."
    assert {finding.severity for finding in found} == {Severity.ERROR}


@pytest.mark.parametrize("status", ["", "Suspended"])
def test_without_versions_nothing_is_replicated(bench: Bench, bucket: KeptBucket, status: str) -> None:
    bucket.versioning = status

    assert "keeps no versions" in worst(look(bench, KIND, params())).sentence


def test_no_rule_and_a_disabled_one_are_errors(bench: Bench, bucket: KeptBucket) -> None:
    bucket.rules[0]["Status"] = "Disabled"
    disabled = worst(look(bench, KIND, params()))
    bucket.rules.clear()
    none = worst(look(bench, KIND, params()))

    assert "is disabled" in disabled.sentence
    assert "is not there" in none.sentence
    assert worst(look(bench, KIND, params(destination="another-bucket"))).severity is Severity.ERROR


def test_a_rule_for_a_part_is_a_warning(bench: Bench, bucket: KeptBucket) -> None:
    bucket.rules[0]["Filter"] = {"Prefix": "uploads/"}

    found = look(bench, KIND, params())

    assert the("rule", found).severity is Severity.WARNING
    assert "earlier-objects" not in [finding.code for finding in found]


def test_more_behind_than_it_may_be_is_an_error(bench: Bench, bucket: KeptBucket) -> None:
    bucket.behind_seconds = 1200.0
    bench.inside(lambda: bench.world.time.sleep(300))

    finding = the("backlog", look(bench, KIND, params()))

    assert finding.severity is Severity.ERROR
    assert "20 min 00 s behind" in finding.sentence
    assert the("backlog", look(bench, KIND, params(behind="30 min"))).severity is Severity.FINE


def test_an_unknown_backlog_is_never_none(bench: Bench, bucket: KeptBucket) -> None:
    bucket.behind_seconds = None
    bench.inside(lambda: bench.world.time.sleep(3600))
    silent = the("backlog", look(bench, KIND, params()))
    bucket.rules[0]["Destination"] = {"Bucket": f"arn:aws:s3:::{COPY}"}
    unmeasured = the("backlog", look(bench, KIND, params()))

    assert (silent.severity, unmeasured.severity) == (Severity.WARNING, Severity.WARNING)
    assert "no datapoint" in silent.sentence
    assert "not measured" in unmeasured.sentence


def test_what_stood_there_before_the_rule_shows_in_the_count(bench: Bench, bucket: KeptBucket) -> None:
    bench.inside(lambda: bench.aws.service(S3).count(COPY, 90_000))

    finding = the("earlier-objects", look(bench, KIND, params()))

    assert finding.severity is Severity.ERROR
    assert finding.fix == "Copy them with S3 Batch Replication."


class TestKms:
    @pytest.fixture
    def key(self, bench: Bench, bucket: KeptBucket) -> str:
        """A key of the standby that the rule names; the bucket encrypts with KMS."""
        bucket.encryption = "aws:kms"
        arn = str(self._kms(bench, "CreateKey")["KeyMetadata"]["Arn"])
        bucket.rules[0]["SourceSelectionCriteria"] = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
        bucket.rules[0]["Destination"]["EncryptionConfiguration"] = {"ReplicaKmsKeyID": arn}
        return arn

    def test_a_key_of_the_standby_is_fine(self, bench: Bench, key: str) -> None:
        assert the("key", look(bench, KIND, params())).sentence.endswith(f"{key}, which is enabled.")

    def test_a_rule_that_leaves_out_what_kms_encrypts_is_an_error(
        self, bench: Bench, bucket: KeptBucket, key: str
    ) -> None:
        del bucket.rules[0]["SourceSelectionCriteria"]

        assert "leaves out what KMS encrypted" in the("key", look(bench, KIND, params())).sentence

    def test_a_disabled_key_is_an_error(self, bench: Bench, key: str) -> None:
        self._kms(bench, "DisableKey", KeyId=key.rpartition("/")[2])  # moto knows it by its id alone

        assert "is Disabled and not Enabled" in the("key", look(bench, KIND, params())).sentence

    def test_a_key_of_the_primary_is_an_error(self, bench: Bench, bucket: KeptBucket, key: str) -> None:
        elsewhere = key.replace(PLACE.standby, PLACE.primary)
        bucket.rules[0]["Destination"]["EncryptionConfiguration"] = {"ReplicaKmsKeyID": elsewhere}

        assert "is none of ap-northeast-1" in the("key", look(bench, KIND, params())).sentence

    @staticmethod
    def _kms(bench: Bench, operation: str, **parameters: Any) -> dict[str, Any]:
        sdk = Sdk(bench.aws.clients, PLACE.standby)
        return bench.inside(lambda: sdk.call("kms", operation, PLACE.standby, **parameters))
