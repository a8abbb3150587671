"""The IAM action that a call is authorised as, where AWS spells it otherwise than the operation of its API.

Source: the Service Authorization Reference; S3 API Reference, "Permissions" of each operation.
"""

from __future__ import annotations

_PREFIX = {
    "elbv2": "elasticloadbalancing",
    "stepfunctions": "states",
    "dynamodbstreams": "dynamodb",
    "service-quotas": "servicequotas",
    "resourcegroupstaggingapi": "tag",
}
_ACTION = {
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    # A transaction is authorised as what it consists of; the controller's consist of puts into one table.
    ("dynamodb", "TransactWriteItems"): "dynamodb:PutItem",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "GetBucketReplication"): "s3:GetReplicationConfiguration",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    # With version ids it removes versions; without, as to undo, it takes s3:DeleteObject.
    ("s3", "DeleteObjects"): "s3:DeleteObjectVersion",
}


def action_of(service: str, operation: str) -> str:
    """The action of an operation, both as botocore spells them."""
    return _ACTION.get((service, operation), f"{prefix_of(service)}:{operation}")


def prefix_of(service: str) -> str:
    """What the actions and ARNs of a service begin with."""
    return _PREFIX.get(service, service)
