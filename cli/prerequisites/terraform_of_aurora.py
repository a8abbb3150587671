"""What a plan needs of Aurora, as Terraform: the global database, and its cluster in the standby with an instance."""

from __future__ import annotations

from cli.prerequisites.hcl import OF_PRIMARY, Raw, ignoring, resource
from cli.prerequisites.needs import Writers, label_of
from pilotlight.domain.step import Standing


def _global_database(need: Standing) -> str:
    facts, label = need.facts, label_of(need)
    whole = resource(
        "aws_rds_global_cluster",
        need,
        [("global_cluster_identifier", facts["identifier"]), ("source_db_cluster_identifier", facts["source_arn"])],
        provider=OF_PRIMARY,
    )
    # A failover turns replication round, and the next apply must not turn it back.
    cluster = resource(
        "aws_rds_cluster",
        need,
        [
            ("cluster_identifier", facts["cluster"]),
            ("global_cluster_identifier", Raw(f"aws_rds_global_cluster.{label}.id")),
            ("engine", "{{cluster_engine}}"),
            ("engine_version", "{{cluster_engine_version}}"),
            ("kms_key_id", "{{cluster_kms_key_arn}}"),
            ("db_subnet_group_name", "{{cluster_subnet_group}}"),
            ("vpc_security_group_ids", ["{{cluster_security_group_id}}"]),
            ("deletion_protection", True),
        ],
        ignoring("replication_source_identifier", "global_cluster_identifier"),
    )
    instance = resource(
        "aws_rds_cluster_instance",
        need,
        [
            ("identifier", f"{facts['cluster']}-1"),
            ("cluster_identifier", Raw(f"aws_rds_cluster.{label}.id")),
            ("engine", "{{cluster_engine}}"),
            ("instance_class", "{{cluster_instance_class}}"),
        ],
    )
    return "\n\n".join([whole, cluster, instance])


WRITERS: Writers = {("rds", "global database"): _global_database}
