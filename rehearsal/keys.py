"""The keys of KMS in a scene: what moto keeps of them, under the names that a plan knows."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from moto.backends import get_backend

from pilotlight.domain.ports import Aws
from pilotlight.domain.step import Standing


def furnish_keys(aws: Aws, account: str, standing: Standing) -> None:
    """A key of the standby that stands in for one of the primary, as a plan takes them to stand; both rotate."""
    facts, here, there = standing.facts, standing.region, str(standing.facts["of"])

    def create(region: str) -> str:
        # moto makes an RSA key for each, which takes a tenth of a second; nothing is signed or encrypted here.
        with patch("moto.kms.models.generate_private_key", lambda spec: None):
            made = aws.call("kms", "CreateKey", region, MultiRegion=facts["replica"])["KeyMetadata"]
        aws.call("kms", "EnableKeyRotation", region, KeyId=made["KeyId"])
        return str(made["KeyId"])

    primary = create(there)
    if facts["replica"]:
        aws.call("kms", "ReplicateKey", there, KeyId=primary, ReplicaRegion=here)
    standby = primary if facts["replica"] else create(here)
    for region, key, name in ((there, primary, facts["primary"]), (here, standby, facts["name"])):
        if name.startswith("alias/"):
            aws.call("kms", "CreateAlias", region, AliasName=name, TargetKeyId=key)
        else:
            _call_it(get_backend("kms")[account][region].keys, key, name)


def _call_it(kept: dict[str, Any], key: str, name: str) -> None:
    """Let a key be known by the id that a plan names, which KMS lets nobody choose."""
    chosen = name.rpartition("/")[2]
    found = kept.pop(key)
    found.id, found.arn = chosen, found.arn.replace(key, chosen)
    kept[chosen] = found
