"""A table of DynamoDB as a recovery sees it: its state, what it is a replica of, how it is set up.

A table of version 2019.11.21 lists its other replicas in `Replicas`; one of version 2017.11.29 (legacy) lists none, and
is recognised by DescribeGlobalTable. A table that is UPDATING takes reads and writes; one that has been archived, or
whose key is out of reach, does not.

Sources: botocore's model of DynamoDB (TableDescription, ReplicaDescription); DynamoDB Developer Guide, "Determining the
version of a global table".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Access, Failed, NotYet, Operation, StepContext

CURRENT, LEGACY = "2019.11.21", "2017.11.29"
ON_DEMAND, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"
SERVING = ("ACTIVE", "UPDATING")
_COMING = ("CREATING",)
_ASKED_AGAIN = {"InternalServerError": "asks again"}

LOOKING = (
    Operation(
        "dynamodb", "DescribeTable", Access.READ, {"ResourceNotFoundException": "fails, with a way out", **_ASKED_AGAIN}
    ),
    Operation(
        "dynamodb", "DescribeGlobalTable", Access.READ, {"GlobalTableNotFoundException": "no replica", **_ASKED_AGAIN}
    ),
)


@dataclass(frozen=True)
class Table:
    """A table as it was read in one region; `replicas` are the states of the others, by region."""

    name: str
    region: str
    status: str
    version: str = ""
    replicas: Mapping[str, str] = field(default_factory=dict)
    strong: bool = False
    billing: str = PROVISIONED
    write_units: int = 0
    stream: str = ""
    key: str = ""
    deletion_protected: bool = False


def look(name: str, region: str, context: StepContext) -> Table | None:
    """A table in a region; None where there is none of that name."""
    try:
        found = context.aws.call("dynamodb", "DescribeTable", region, TableName=name)["Table"]
    except NotFound:
        return None
    replicas = {replica["RegionName"]: str(replica.get("ReplicaStatus", "")) for replica in found.get("Replicas", ())}
    version = str(found.get("GlobalTableVersion", ""))
    if not replicas:
        replicas = _legacy_replicas(name, region, context)
        version = LEGACY if replicas else version
    stream = found.get("StreamSpecification", {})
    return Table(
        name=name,
        region=region,
        status=str(found["TableStatus"]),
        version=version,
        replicas=replicas,
        strong=found.get("MultiRegionConsistency") == "STRONG",
        # A table that was never on demand may show no summary (botocore's text on BillingModeSummary).
        billing=str(found.get("BillingModeSummary", {}).get("BillingMode", PROVISIONED)),
        write_units=int(found.get("ProvisionedThroughput", {}).get("WriteCapacityUnits", 0)),
        stream=str(stream.get("StreamViewType", "")) if stream.get("StreamEnabled") else "",
        key=_key(found.get("SSEDescription", {})),
        deletion_protected=bool(found.get("DeletionProtectionEnabled")),
    )


def _key(described: Mapping[str, Any]) -> str:
    """Which key encrypts a table; empty for the key that DynamoDB owns."""
    return str(described.get("KMSMasterKeyArn", "")) if described.get("Status") in ("ENABLED", "UPDATING") else ""


def _legacy_replicas(name: str, region: str, context: StepContext) -> dict[str, str]:
    try:
        answer = context.aws.call("dynamodb", "DescribeGlobalTable", region, GlobalTableName=name)
    except NotFound:
        return {}
    group = answer["GlobalTableDescription"].get("ReplicationGroup", ())
    return {each["RegionName"]: str(each.get("ReplicaStatus", "")) for each in group if each["RegionName"] != region}


def find_replica(name: str, context: StepContext) -> Table | NotYet | Failed:
    """The table in the standby that takes the writes from now on; or why there is none yet, or none."""
    standby, primary = context.place.standby, context.place.primary
    found = look(name, standby, context)
    if found is None:
        return Failed(
            f"Table {name} does not exist in {standby}, so nothing can be written to it there.",
            f"Correct the plan, or add a replica: {add_replica(name, primary, standby)}",
        )
    if primary not in found.replicas:
        others = f"a replica of {', '.join(found.replicas)}" if found.replicas else "no global table"
        return Failed(
            f"Table {name} in {standby} is {others}, so nothing says that it holds the items of {primary}.",
            "Correct the plan; or delete the other table and add a replica of the primary's in its place.",
        )
    if found.status in _COMING:
        return NotYet(f"Table {name} in {standby} is {found.status} still.")
    if found.status not in SERVING:
        return Failed(
            f"Table {name} in {standby} is {found.status}, so it takes no writes.",
            "See that its encryption key can be used and that no policy denies its replication, then retry the step.",
        )
    return found


def add_replica(name: str, primary: str, standby: str) -> str:
    """The command that adds a replica."""
    update = f"Create={{RegionName={standby}}}"
    return f"aws dynamodb update-table --region {primary} --table-name {name} --replica-updates '{update}'"
