"""What a plan needs of Aurora, as constructs of CDK: the cluster in the standby, with an instance."""

from __future__ import annotations

from cli.prerequisites.constructs import construct_of
from cli.prerequisites.needs import Writers
from pilotlight.domain.step import Standing


def _global_database(need: Standing) -> str:
    facts = need.facts
    # CloudFormation makes a global database where its writer stands.
    whole = (
        f"# In the stack of {facts['source']}, in {facts['source_region']}: rds.CfnGlobalCluster with\n"
        f"# global_cluster_identifier={facts['identifier']!r} and\n"
        f"# source_db_cluster_identifier={facts['source_arn']!r}."
    )
    cluster = construct_of(
        "rds.CfnDBCluster",
        need,
        {
            "db_cluster_identifier": facts["cluster"],
            "global_cluster_identifier": facts["identifier"],
            "engine": "{{cluster_engine}}",
            "engine_version": "{{cluster_engine_version}}",
            "kms_key_id": "{{cluster_kms_key_arn}}",
            "storage_encrypted": True,
            "db_subnet_group_name": "{{cluster_subnet_group}}",
            "vpc_security_group_ids": ["{{cluster_security_group_id}}"],
            "deletion_protection": True,
        },
    )
    instance = construct_of(
        "rds.CfnDBInstance",
        need,
        {
            "db_instance_identifier": f"{facts['cluster']}-1",
            "db_cluster_identifier": facts["cluster"],
            "engine": "{{cluster_engine}}",
            "db_instance_class": "{{cluster_instance_class}}",
        },
        suffix="_instance",
    )
    # The cluster is named, and not referred to, so CloudFormation has to be told what comes first.
    return f"{whole}\ncluster = {cluster}\ninstance = {instance}\ninstance.add_dependency(cluster)"


WRITERS: Writers = {("rds", "global database"): _global_database}
