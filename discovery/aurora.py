"""Clusters of Aurora, and the global databases that join them across regions.

Operations and shapes: botocore's model of RDS. Every region shows all members of a global database.
"""

from __future__ import annotations

from collections.abc import Iterator

from discovery.reading import Listing, Reading
from discovery.resource import Kind, Resource, tags_of

_GLOBAL = Listing("rds", "DescribeGlobalClusters", "GlobalClusters", "Marker", "Marker")
_CLUSTERS = Listing("rds", "DescribeDBClusters", "DBClusters", "Marker", "Marker")


def clusters(reading: Reading, region: str) -> Iterator[Resource]:
    """The clusters of a region, each with its global database, if it is a member of one."""
    joined = {
        str(member["DBClusterArn"]): (str(whole["GlobalClusterIdentifier"]), member.get("IsWriter") is True)
        for whole in reading.every(_GLOBAL, region)
        for member in whole.get("GlobalClusterMembers", ())
    }
    for shown in reading.every(_CLUSTERS, region):
        arn = str(shown["DBClusterArn"])
        whole, writes = joined.get(arn, ("", True))
        facts = {
            "global": whole,
            "writes": writes,
            "address": str(shown.get("Endpoint", "")),
            "instances": [str(m["DBInstanceIdentifier"]) for m in shown.get("DBClusterMembers", ())],
            "called": [whole] if whole else [],
        }
        name, tags = str(shown["DBClusterIdentifier"]), tags_of(shown.get("TagList"))
        yield Resource(Kind.AURORA, region, name, arn, facts, tags)
