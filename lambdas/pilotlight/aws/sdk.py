"""The AWS SDK behind one call, with short timeouts and errors named by what the caller can do.

Reads are repeated by botocore; writes are sent once, because a lost answer is not a failure: the caller reads before it
tries again. Regions other than the home region may be the ones that are failing, so they get one short try.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import Any, Protocol

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from pilotlight.domain.errors import (
    AccessDenied,
    AlreadyExists,
    Ambiguous,
    AwsError,
    InvalidRequest,
    InvalidState,
    NotFound,
    Throttled,
    Unavailable,
)
from pilotlight.domain.read_only import is_read

CONNECT_TIMEOUT_SECONDS = 2.0
READ_TIMEOUT_SECONDS = 8.0
ABROAD_READ_TIMEOUT_SECONDS = 2.0

# Wire codes by meaning. AWS has no common list; each is spelled by its service (read from botocore's models), and a
# service's own error shapes are compared with the step kinds that may meet them by a convention test.
_BY_MEANING: tuple[tuple[re.Pattern[str], type[AwsError]], ...] = (
    (
        re.compile(
            r"^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ProvisionedThroughputExceeded|ConcurrentUpdate|ResourceContention|LimitExceededException$)"
        ),
        Throttled,
    ),
    (
        re.compile(
            r"(AccessDenied|Unauthorized|NotAuthorized|UnrecognizedClient|InvalidClientTokenId|ExpiredToken|OptInRequired)"
        ),
        AccessDenied,
    ),
    (re.compile(r"(AlreadyExists|AlreadyInUse|(Resource|Username)Exists)"), AlreadyExists),
    (re.compile(r"(NotFound|DoesNotExist|NoSuch|LoadBalancerNotFound|ResourceNotFound)"), NotFound),
    (
        re.compile(
            r"(^Invalid\w*State|State(Fault|Exception)?$|ResourceInUse|InProgress|NotActive|ConditionalCheckFailed)"
        ),
        InvalidState,
    ),
)


class ClientSource(Protocol):
    """Where SDK clients come from."""

    def client(self, service: str, region: str, config: Config) -> Any:
        """A client for a service in a region."""
        ...

    def credentials(self) -> ReadOnlyCredentials:
        """What the clients sign with, as it is now; raises `AccessDenied` where there is nothing."""
        ...


class Clients:
    """SDK clients made once each, from one boto3 session."""

    def __init__(self, session: boto3.session.Session | None = None) -> None:
        self._session = session
        self._clients: dict[tuple[str, str, float, int], Any] = {}
        self._making = Lock()

    def client(self, service: str, region: str, config: Config) -> Any:
        """The client for a service in a region under a configuration; made at first use."""
        settings: Any = config  # botocore sets the options as attributes, which its stubs do not show
        key = (service, region, settings.read_timeout, settings.retries["total_max_attempts"])
        # A session is not to be shared among threads, its clients are (boto3, "Multithreading with clients").
        with self._making:
            if key not in self._clients:
                self._clients[key] = self._opened().client(service, region_name=region, config=config)
        return self._clients[key]

    def credentials(self) -> ReadOnlyCredentials:
        """The session's credentials; botocore renews those that run out."""
        with self._making:
            held = self._opened().get_credentials()
        if held is None:
            raise AccessDenied("sts", "GetCallerIdentity", "", "NoCredentials", "there are no credentials to sign with")
        return held.get_frozen_credentials()

    def _opened(self) -> boto3.session.Session:
        self._session = self._session or boto3.session.Session()
        return self._session


class Sdk:
    """The AWS port without a guard: for reads, and for what Pilotlight writes to its own resources.

    Parameters: `home` is the region this code runs in.
    """

    def __init__(self, clients: ClientSource, home: str) -> None:
        self._clients = clients
        self._home = home

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        """Call an operation by its API name; raises the subclass of `AwsError` that fits."""
        try:
            client = self._clients.client(service, region, self._config(operation, region))
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except ClientError as error:
            raise _translate(service, operation, region, error) from error
        except ParamValidationError as error:
            raise InvalidRequest(service, operation, region, "ParamValidation", str(error)) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise AccessDenied(service, operation, region, "NoCredentials", str(error)) from error
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            raise Unavailable(
                service, operation, region, type(error).__name__, "no connection could be made"
            ) from error
        except BotoCoreError as error:
            meaning = Unavailable if is_read(operation) else Ambiguous
            raise meaning(service, operation, region, type(error).__name__, str(error)) from error
        return answer

    def _config(self, operation: str, region: str) -> Config:
        at_home = region == self._home
        attempts = 3 if at_home and is_read(operation) else 1
        return Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS if at_home else ABROAD_READ_TIMEOUT_SECONDS,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )


def _translate(service: str, operation: str, region: str, error: ClientError) -> AwsError:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    message = str(error.response.get("Error", {}).get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    for pattern, meaning in _BY_MEANING:
        if pattern.search(code):
            return meaning(service, operation, region, code, message)
    if status == 503 or code == "ServiceUnavailable":
        return Unavailable(service, operation, region, code, message)
    if status >= 500:
        return (Unavailable if is_read(operation) else Ambiguous)(service, operation, region, code, message)
    return InvalidRequest(service, operation, region, code, message)
