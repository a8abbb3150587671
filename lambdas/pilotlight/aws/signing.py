"""Proves who speaks: a request to STS that is signed where the credentials are, and sent by whoever wants to know.

No secret leaves that machine; the signature is good for one word, or one cluster, and for minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from pilotlight.aws.asking_sts import ASKED, HEADER, VALID_FOR, host_of


def sign(credentials: ReadOnlyCredentials, region: str, binding: str) -> dict[str, str]:
    """The parts of the signed request, for a word whose binding is given."""
    signed = dict(parse_qsl(urlsplit(presign(credentials, region, {HEADER: binding})).query))
    return {name: value for name, value in signed.items() if name not in ASKED}


def presign(credentials: ReadOnlyCredentials, region: str, headers: Mapping[str, str]) -> str:
    """The URL of a signed `GetCallerIdentity` to the STS of a region, which must be sent with these headers."""
    request = AWSRequest(method="GET", url=f"https://{host_of(region)}/?{urlencode(ASKED)}", headers=dict(headers))
    SigV4QueryAuth(credentials, "sts", region, expires=int(VALID_FOR.total_seconds())).add_auth(request)
    return str(request.url)
