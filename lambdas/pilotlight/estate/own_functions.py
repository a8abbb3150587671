"""The AWS operations that calling a function of the application's own takes, with the fate of each error.

Lambda answers what keeps it from starting a function with many codes. Those of status 5xx are asked again like every
5xx; those that pass by themselves are in `BUSY`; the others need a person. Source: botocore's model of Lambda.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pilotlight.domain.handwork import Command, Handwork, aws, quoted
from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Operation

BUSY = frozenset({"CodeArtifactUserPendingException", "ResourceConflictException", "SnapStartNotReadyException"})
"""The function is being changed, or prepared: called again later, it answers."""

_SERVER_SIDE = (
    "EC2AccessDeniedException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
    "ENILimitReachedException",
    "ENINotReadyException",
    "InvalidRuntimeException",
    "InvalidSecurityGroupIDException",
    "InvalidSubnetIDException",
    "InvalidZipFileException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "ResourceNotReadyException",
    "ServiceException",
    "SubnetIPAddressLimitReachedException",
    "TooManyRequestsException",
)
_FATAL = (
    "CodeArtifactUserDeletedException",
    "CodeArtifactUserFailedException",
    "DurableExecutionAlreadyStartedException",
    "EFSIOException",
    "EFSMountConnectivityException",
    "EFSMountFailureException",
    "EFSMountTimeoutException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "ModeNotSupportedException",
    "NoPublishedVersionException",
    "RecursiveInvocationException",
    "RequestTooLargeException",
    "ResourceNotFoundException",
    "RuntimeAliasDeletedException",
    "RuntimeVersionDeletedException",
    "S3FilesMountConnectivityException",
    "S3FilesMountFailureException",
    "S3FilesMountTimeoutException",
    "SerializedRequestEntityTooLargeException",
    "ServiceQuotaExceededException",
    "SnapStartException",
    "SnapStartRegenerationFailureException",
    "SnapStartTimeoutException",
    "UnsupportedMediaTypeException",
)

OPERATIONS = (
    Operation(
        "lambda",
        "Invoke",
        Access.WRITE,
        {**dict.fromkeys(BUSY, "called again later"), **dict.fromkeys(_SERVER_SIDE, "asked again")},
        _FATAL,
    ),
    Operation(
        "lambda",
        "GetFunctionConfiguration",
        Access.READ,
        {
            "ResourceNotFoundException": "a finding",
            "ServiceException": "asked again",
            "TooManyRequestsException": "asked again",
        },
        ("InvalidParameterValueException",),
    ),
)


def calling_by_hand(
    function: str, qualifier: str, payload: Mapping[str, object], gives: Sequence[str], place: Place
) -> Handwork:
    """How a person has such a function do its step."""

    def ask(do: str) -> str:
        event = {"do": do, "run_id": "by-hand", "step": function, "epoch": 0, "application": place.application}
        body = json.dumps({**event, "payload": {} if do == "undo" else dict(payload)}, ensure_ascii=False)
        call = aws("lambda", "Invoke", place.standby, FunctionName=function, Qualifier=qualifier, Payload=body)
        return f"{call} --cli-binary-format raw-in-base64-out answer.json && jq . answer.json"

    return Handwork(
        do=(Command("Have it begin.", ask("execute"), "status done or pending, and a reason"),),
        check=(Command("Repeat until it is done.", ask("verify"), "status done"),),
        stop_if="it answers failed, or in another shape: read its log. Its epoch is 0 here: a function that has seen a "
        "later run may refuse; then put that run's epoch in.",
        undo=(Command("Have it take that back.", ask("undo"), "status done"),),
        gives={name: f"jq --raw-output {quoted(f'.outputs[{json.dumps(name)}]')} answer.json" for name in gives},
    )
