"""The AWS operations that calling a function of the application's own takes, with the fate of each error.

Lambda answers what keeps it from starting a function with many codes. Those of status 5xx are asked again like every
5xx; those that pass by themselves are in `BUSY`; the others need a person. Source: botocore's model of Lambda.
"""

from __future__ import annotations

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
