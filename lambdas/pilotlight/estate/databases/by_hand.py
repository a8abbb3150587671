"""How a person asks a database whether it takes writes: by what RDS says, and with its own client from its VPC."""

from __future__ import annotations

from pilotlight.domain.handwork import Command, Handwork, aws
from pilotlight.domain.place import Place


def checking(instance: str, query: str, table: str, place: Place) -> Handwork:
    """See the role of an instance, and what to ask it from a host in its VPC."""

    def ask(query: str) -> str:
        said = f"DBInstances[0].{query}"
        return aws("rds", "DescribeDBInstances", place.standby, query=said, DBInstanceIdentifier=instance)

    look = ask("[DBInstanceStatus,ReadReplicaSourceDBInstanceIdentifier,Endpoint.Address]")
    asked = f", ask {query}" if query else ""
    written = f", and write one row to {table}" if table else ""
    return Handwork(
        do=(Command("See that it is nobody's replica.", look, "available, None, an address"),),
        check=(
            Command(
                f"From a host in its VPC, with its own client and login: see that it is not read-only{asked}{written}. "
                "Until then its role is known from RDS alone:",
                look,
                "available, None, an address",
            ),
        ),
        stop_if="it names a source: it is a replica still, and takes no writes.",
        stays="Nothing was changed but the row.",
        gives={"address": ask("Endpoint.Address"), "seen": ask("ReadReplicaSourceDBInstanceIdentifier")},
    )
