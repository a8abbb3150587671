"""The secrets that stand before an incident; moto keeps them, as it does in the rest of a rehearsal."""

from __future__ import annotations

import json

from pilotlight.domain.errors import AlreadyExists
from pilotlight.domain.ports import Aws
from pilotlight.domain.step import Standing

SOME_SECRET = "a-secret-of-the-rehearsal-0123456789"


def keep_secret(aws: Aws, standing: Standing) -> None:
    """Create a secret; where two steps ask for members of one, it gets those of both."""
    facts, region = standing.facts, standing.region
    name, value = str(facts["name"]), str(facts.get("value", SOME_SECRET))
    replicas = {"AddReplicaRegions": [{"Region": facts["replica_in"]}]} if "replica_in" in facts else {}
    try:
        aws.call("secretsmanager", "CreateSecret", region, Name=name, SecretString=value, **replicas)
    except AlreadyExists:
        held = json.loads(aws.call("secretsmanager", "GetSecretValue", region, SecretId=name)["SecretString"])
        both = json.dumps({**held, **json.loads(value)})
        aws.call("secretsmanager", "PutSecretValue", region, SecretId=name, SecretString=both)
