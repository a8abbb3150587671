"""What an application is told: parameters and secrets, by their names alone, and the certificates of a region.

Values are never read. Operations and shapes: botocore's models of SSM, Secrets Manager and ACM.
"""

from __future__ import annotations

from collections.abc import Iterator

from discovery.reading import Listing, Reading
from discovery.resource import Kind, Resource

_PARAMETERS = Listing("ssm", "DescribeParameters", "Parameters", "NextToken", "NextToken")
_SECRETS = Listing("secretsmanager", "ListSecrets", "SecretList", "NextToken", "NextToken")
_CERTIFICATES = Listing("acm", "ListCertificates", "CertificateSummaryList", "NextToken", "NextToken")
_TAGGED = Listing(
    "resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList", "PaginationToken", "PaginationToken"
)  # fmt: skip
TAG_KEYS = ("application", "Application", "app", "App", "project", "Project")
"""Keys of tags are told apart by case, and the tagging API looks for exact ones."""
_EC_KEYS = ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]


def parameters(reading: Reading, region: str) -> Iterator[Resource]:
    """The names of the parameters of a region."""
    for shown in reading.every(_PARAMETERS, region):
        facts = {"type": shown.get("Type", "String"), "key": shown.get("KeyId", "")}
        yield Resource(Kind.PARAMETER, region, str(shown["Name"]), str(shown.get("ARN", "")), facts)


def secrets(reading: Reading, region: str) -> Iterator[Resource]:
    """The names of the secrets of a region; a replica says where its primary is."""
    for shown in reading.every(_SECRETS, region):
        facts = {"primary": str(shown.get("PrimaryRegion", ""))}
        yield Resource(Kind.SECRET, region, str(shown["Name"]), str(shown["ARN"]), facts)


def certified(reading: Reading, region: str) -> set[str]:
    """The first names of the issued certificates of a region."""
    asked = {"CertificateStatuses": ["ISSUED"], "Includes": {"keyTypes": _EC_KEYS}}
    return {str(shown.get("DomainName", "")) for shown in reading.every(_CERTIFICATES, region, **asked)}


def tagged(reading: Reading, region: str, application: str) -> dict[str, str]:
    """The ARNs of what bears the application's name in a tag, with that tag."""
    found: dict[str, str] = {}
    for key in TAG_KEYS:
        asked = [{"Key": key, "Values": [application]}]
        for shown in reading.every(_TAGGED, region, TagFilters=asked):
            found.setdefault(str(shown["ResourceARN"]), f"{key}={application}")
    return found
