"""The proof of who says a word: a request that only that person can have signed, put to STS by us.

The caller signs `GetCallerIdentity` for the standby's STS, together with a header that names the word, and hands over
the parts of the signature. The request is built here anew from those parts: nothing of the event says where it goes or
what it asks. STS answers with the ARN of whoever signed it.

STS ignores X-Amz-Expires and takes such a request for 15 minutes after X-Amz-Date
(https://github.com/kubernetes-sigs/aws-iam-authenticator, pkg/token/token.go), so its age is checked here. The date and
the header are both signed: STS refuses the request when one of them is another.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from pilotlight.aws.asking_sts import ASKED, HEADER, VALID_FOR, host_of
from pilotlight.domain.errors import InputRefused
from pilotlight.domain.ports import Web, WebAnswer, WebRequest

_DATE = "%Y%m%dT%H%M%SZ"


class Proof(BaseModel):
    """The parts of a presigned request that its signer made, by their names in the query; no other part is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    algorithm: Literal["AWS4-HMAC-SHA256"] = Field(alias="X-Amz-Algorithm")
    credential: str = Field(alias="X-Amz-Credential", pattern=r"^[A-Z0-9]{16,128}/\d{8}/[a-z0-9-]+/sts/aws4_request$")
    date: str = Field(alias="X-Amz-Date", pattern=r"^\d{8}T\d{6}Z$")
    expires: Literal["60"] = Field(alias="X-Amz-Expires")
    signed_headers: Literal["host;x-pilotlight-word"] = Field(alias="X-Amz-SignedHeaders")
    signature: str = Field(alias="X-Amz-Signature", pattern=r"^[0-9a-f]{64}$")
    token: str = Field("", alias="X-Amz-Security-Token", max_length=4096, pattern=r"^[A-Za-z0-9+/=]*$")

    def query(self) -> dict[str, str]:
        """The whole query of the request that was signed."""
        signed: dict[str, str] = self.model_dump(by_alias=True)
        return {**ASKED, **{name: value for name, value in signed.items() if value}}


def caller(web: Web, region: str, proof: Proof, binding: str, now: datetime) -> str:
    """The ARN of who signed a proof for this very word; raises `InputRefused` where STS does not say it."""
    signed = datetime.strptime(proof.date, _DATE).replace(tzinfo=UTC)
    if abs(now - signed) > VALID_FOR:
        raise InputRefused(
            f"The proof was signed at {signed:%H:%M:%S} UTC and it is {now:%H:%M:%S} UTC; one is good for 60 s, so say "
            "it again, and look at this machine's clock if it is refused again."
        )
    url = f"https://{host_of(region)}/?{urlencode(proof.query())}"
    headers = {HEADER: binding, "Accept": "application/json"}
    return _arn(web.ask(WebRequest("GET", url, headers=headers)), region)


def _arn(answer: WebAnswer, region: str) -> str:
    if answer.status is None:
        raise InputRefused(f"STS in {region} could not be asked who it is: {answer.trouble}; say it again.")
    if answer.status != 200:
        raise InputRefused(
            f"STS in {region} does not vouch for this word (it answered {answer.status}); sign it anew, for this word."
        )
    try:
        return str(json.loads(answer.body)["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Arn"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputRefused(f"What STS in {region} answered does not say who it is; say it again.") from error
