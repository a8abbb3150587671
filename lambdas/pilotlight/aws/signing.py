"""Proves who speaks: a request to STS that is signed where the credentials are, and sent by whoever wants to know.

No secret leaves that machine; the signature is good for one word and one minute.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from pilotlight.aws.proof import ASKED, HEADER, VALID_FOR, host_of


def sign(credentials: ReadOnlyCredentials, region: str, binding: str) -> dict[str, str]:
    """The parts of the signed request, for a word whose binding is given."""
    url = f"https://{host_of(region)}/?{urlencode(ASKED)}"
    request = AWSRequest(method="GET", url=url, headers={HEADER: binding})
    SigV4QueryAuth(credentials, "sts", region, expires=int(VALID_FOR.total_seconds())).add_auth(request)
    signed = dict(parse_qsl(urlsplit(str(request.url)).query))
    return {name: value for name, value in signed.items() if name not in ASKED}
