"""The public object of a latch as S3 keeps it and shows it to the public."""

from __future__ import annotations

from typing import Any

import pytest

from deployment.resources import PublicObject
from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import Ambiguous, NotFound, Unavailable
from pilotlight.domain.ports import WebAnswer, WebRequest
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.internet import Internet
from rehearsal.services.s3 import S3
from rehearsal.wire import NotModelled
from tests.rehearsal.services.rds_client import SEOUL, TOKYO

BUCKET, KEY = "fileflow-latch-123456789012-ap-northeast-1", "latch/fileflow"
TEXT = "Die Weiche von fileflow steht auf 'ein': ✓\n" * 3


class Desk:
    """A bucket in Tokyo, its owner's SDK and the public."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.internet = Internet(aws.world)
        self.s3 = aws.service(S3)
        self.s3.deploy(PublicObject(BUCKET, KEY), TOKYO, self.internet)

    def inside(self, work: Any) -> Any:
        task = self.aws.world.time.spawn(work, name="test")
        self.aws.world.time.run(until=lambda: task.done)
        return task.result()

    def put(self, *, bucket: str = BUCKET, key: str = KEY, region: str = TOKYO) -> Any:
        sdk = Sdk(self.aws.clients, region)
        return self.inside(lambda: sdk.call("s3", "PutObject", region, Bucket=bucket, Key=key, Body=TEXT))

    def get(self, key: str = KEY) -> WebAnswer:
        url = f"https://{BUCKET}.s3.{TOKYO}.amazonaws.com/{key}"
        answer: WebAnswer = self.inside(lambda: self.internet.ask(WebRequest("GET", url)))
        return answer


@pytest.fixture
def desk(aws: EmbeddedAws) -> Desk:
    return Desk(aws)


def test_what_was_put_is_what_the_public_reads(desk: Desk) -> None:
    """Given botocore sends the body in chunks with a checksum behind, then the object is the body alone."""
    desk.put()

    assert desk.get() == WebAnswer(200, TEXT)


def test_what_is_not_there_is_forbidden_to_the_public(desk: Desk) -> None:
    assert desk.get().status == 403


def test_the_public_reads_the_one_object_and_no_other(desk: Desk) -> None:
    desk.put(key="another")

    assert desk.get("another").status == 403


def test_a_block_on_public_access_shuts_the_public_out(desk: Desk) -> None:
    desk.put()
    desk.s3.buckets[BUCKET].blocked = True

    assert desk.get().status == 403


@pytest.mark.parametrize(("bucket", "region"), [("no-such-bucket", TOKYO), (BUCKET, SEOUL)])
def test_a_bucket_is_known_by_its_name_in_its_region(desk: Desk, bucket: str, region: str) -> None:
    with pytest.raises(NotFound, match="NoSuchBucket"):
        desk.put(bucket=bucket, region=region)


def test_where_s3_is_dark_nothing_is_put_and_nothing_answers(desk: Desk) -> None:
    desk.put()
    desk.s3.silent.add(TOKYO)

    with pytest.raises((Ambiguous, Unavailable)):
        desk.put()
    assert desk.get().status is None


def test_where_the_region_is_dark_nothing_answers(desk: Desk) -> None:
    desk.put()
    desk.aws.world.darken(TOKYO)

    assert desk.get().status is None


def test_what_is_not_modelled_is_refused_by_name(desk: Desk) -> None:
    sdk = Sdk(desk.aws.clients, TOKYO)

    with pytest.raises(NotModelled, match="s3 DeleteObject"):
        desk.inside(lambda: sdk.call("s3", "DeleteObject", TOKYO, Bucket=BUCKET, Key=KEY))
