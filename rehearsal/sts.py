"""STS as it answers a presigned `GetCallerIdentity` that comes over the web: who signed it, if the signature holds.

It checks what AWS checks: that the access key is somebody's, that the signature is that of this very request with the
headers it names, and that it is no older than 15 minutes (STS ignores X-Amz-Expires; see `pilotlight.aws.proof`).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pilotlight.aws.asking_sts import host_of
from pilotlight.domain.ports import WebAnswer, WebRequest
from rehearsal.internet import Internet
from rehearsal.world import World

GOOD_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class Caller:
    """Somebody with credentials, and the ARN that STS knows them by."""

    arn: str
    access_key: str
    secret_key: str

    @property
    def credentials(self) -> Credentials:
        """What that person signs with."""
        return Credentials(self.access_key, self.secret_key)


def put_sts(internet: Internet, world: World, region: str, callers: Iterable[Caller]) -> None:
    """Let the STS of a region answer for these people, as long as the region is not dark."""
    known = {caller.access_key: caller for caller in callers}
    internet.put_in_region(host_of(region), region, lambda request: answer_presigned(world, region, known, request))


def answer_presigned(world: World, region: str, callers: Mapping[str, Caller], request: WebRequest) -> WebAnswer:
    """What the STS of a region answers to a presigned request of one of the callers, by their access keys."""
    query = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    if (query.get("Action"), query.get("Version")) != ("GetCallerIdentity", "2011-06-15"):
        return _refuse(400, "InvalidAction", "The action or its version is not known.")
    if "X-Amz-Signature" not in query:
        return _refuse(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    caller = callers.get(query.get("X-Amz-Credential", "").split("/", maxsplit=1)[0])
    if caller is None:
        return _refuse(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    if not hmac.compare_digest(_signature(caller, region, request, query), query["X-Amz-Signature"]):
        return _refuse(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
    signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(world.time.now() - signed) > GOOD_FOR:
        return _refuse(403, "SignatureDoesNotMatch", "Signature expired.")
    account = caller.arn.split(":")[4]
    result = {"Account": account, "Arn": caller.arn, "UserId": caller.access_key}
    answer = {"GetCallerIdentityResponse": {"GetCallerIdentityResult": result, "ResponseMetadata": {"RequestId": "1"}}}
    return WebAnswer(200, json.dumps(answer))


def _signature(caller: Caller, region: str, request: WebRequest, query: Mapping[str, str]) -> str:
    """The signature that the caller's secret gives this request, with the headers that it says are signed."""
    given = {name.lower(): value for name, value in request.headers.items()}
    named = [name for name in query.get("X-Amz-SignedHeaders", "").split(";") if name != "host"]
    unsigned = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
    url = f"https://{urlsplit(request.url).netloc}/?{urlencode(unsigned)}"
    again = AWSRequest(method=request.method, url=url, headers={name: given.get(name, "") for name in named})
    again.context["timestamp"] = query["X-Amz-Date"]
    auth = SigV4QueryAuth(caller.credentials, "sts", region)
    return str(auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again))


def _refuse(status: int, code: str, message: str) -> WebAnswer:
    return WebAnswer(status, json.dumps({"Error": {"Code": code, "Message": message, "Type": "Sender"}}))
