"""What a plan needs of Aurora, as commands: the global database, and its cluster in the standby with an instance."""

from __future__ import annotations

from cli.prerequisites.needs import Writers
from cli.prerequisites.shell import asked, command
from pilotlight.domain.step import Standing


def _global_database(need: Standing) -> str:
    facts = need.facts
    cluster = {"db-cluster-identifier": facts["cluster"]}
    whole = {
        "region": facts["source_region"],
        "global-cluster-identifier": facts["identifier"],
        "source-db-cluster-identifier": facts["source_arn"],
    }
    secondary = {
        **cluster,
        "global-cluster-identifier": facts["identifier"],
        "source-region": facts["source_region"],
        "engine": asked("{{cluster_engine}}"),
        "engine-version": asked("{{cluster_engine_version}}"),
        "kms-key-id": asked("{{cluster_kms_key_arn}}"),
        "db-subnet-group-name": asked("{{cluster_subnet_group}}"),
        "vpc-security-group-ids": asked("{{cluster_security_group_id}}"),
        "deletion-protection": True,
    }
    instance = {
        "db-instance-identifier": f"{facts['cluster']}-1",
        **cluster,
        "engine": asked("{{cluster_engine}}"),
        "db-instance-class": asked("{{cluster_instance_class}}"),
    }
    return "\n".join([
        command(need, "rds", "create-global-cluster", whole),
        command(need, "rds", "create-db-cluster", secondary),
        command(need, "rds", "create-db-instance", instance),
        command(need, "rds", "wait db-instance-available", {"db-instance-identifier": f"{facts['cluster']}-1"}),
    ])  # fmt: skip


WRITERS: Writers = {("rds", "global database"): _global_database}
