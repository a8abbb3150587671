"""Reading an account: listings page by page, and what could not be read, which is said and never passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotlight.domain.errors import AccessDenied, AwsError, NotFound
from pilotlight.domain.iam_actions import action_of
from pilotlight.domain.ports import Aws
from pilotlight.domain.read_only import ReadOnlyAws

GLOBAL = "us-east-1"
"""Where the APIs without a region of their own are asked; no run ever asks them, but this is none."""

KUBERNETES = "kubernetes"
"""The API of a cluster, which lets in whom an access entry of the cluster names, and not a policy of IAM alone."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Listing:
    """An operation that lists: the member that holds what is listed, and how the next page is asked for.

    `after` names the parameter, and `told` the member of the answer that it is given. Both stand in botocore's
    paginators of the service.
    """

    service: str
    operation: str
    member: str
    after: str = ""
    told: str = ""


@dataclass
class Reading:
    """One look at an account; `gaps` are sentences about what it could not see."""

    aws: Aws
    say: Callable[[str], None] = lambda title: None
    gaps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.aws = ReadOnlyAws(self.aws)

    def every(self, listing: Listing, region: str, **parameters: Any) -> Iterator[Any]:
        """Everything that is listed; ends early, with a gap, where AWS does not answer."""
        self.say(f"{region}: {listing.service} {listing.operation}")
        more: dict[str, Any] = {}
        while True:
            answer = self.ask(listing.service, listing.operation, region, **parameters, **more)
            if answer is None:
                return
            yield from answer.get(listing.member, ())
            token = answer.get(listing.told) if listing.told else None
            if not token:
                return
            more = {listing.after: token}

    def ask(self, service: str, operation: str, region: str, **parameters: Any) -> Values | None:
        """One answer, or None where there is none: what is not there is no gap, what is refused is one."""
        try:
            return self.aws.call(service, operation, region, **parameters)
        except NotFound:
            return None
        except AwsError as error:
            self._miss(_said(error, service, operation, region))
        return None

    def _miss(self, sentence: str) -> None:
        if sentence not in self.gaps:
            self.gaps.append(sentence)


def _said(error: AwsError, service: str, operation: str, region: str) -> str:
    """Why something could not be read, with what would help."""
    if service == KUBERNETES:
        return (
            f"{error.sentence}; give who asks an access entry of the cluster with AmazonEKSViewPolicy, ask from where "
            "its API can be reached, and run it again."
        )
    if isinstance(error, AccessDenied):
        action = action_of(service, operation)
        return f"{service} {operation} in {region} was refused; allow {action} and run it again."
    return f"{error.sentence}; run it again."
