"""What a recovery relies on and no step brings about, as far as two regions show it: requirements of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from discovery.drafting import named_once
from discovery.looking import Found
from discovery.noted import TODO, Noted, noted
from discovery.resource import Kind

_NO_CERTIFICATE = TODO + "whether the load balancer presents one; none of {} has such a first name."
_Entry = tuple[str, str, Mapping[str, Any], tuple[str, ...]]
"""A name, a kind, its parameters and what is said of it."""


def requirements(found: Found, names: Sequence[str]) -> dict[str, list[Noted]]:
    """The section `requirements`; nothing where nothing is required."""
    taken: set[str] = set()
    listed = [
        noted({"requirement": named_once(name, taken), "kind": kind, "params": params}, *said)
        for name, kind, params, said in _every(found, names)
    ]
    return {"requirements": listed} if listed else {}


def _every(found: Found, names: Sequence[str]) -> Iterator[_Entry]:
    yield from _certificate(found, names)
    yield from _fronts(found)
    yield from _images(found)
    yield from _copies(found)
    yield from _add_ons(found)
    yield from _distributions(found)


def _certificate(found: Found, names: Sequence[str]) -> Iterator[_Entry]:
    balancers = [b for b in found.fronts(found.standby) if b.facts["type"] == "application"]
    if names and balancers:
        there = [name for name in names if name in found.certified]
        say = f"{found.standby} holds a certificate for {there[0]}." if there else _NO_CERTIFICATE.format(found.standby)
        params = {"names": list(names), "load_balancer": balancers[0].name}
        yield "certificate", "certificate_issued", params, (say,)


def _fronts(found: Found) -> Iterator[_Entry]:
    for pair in found.pairs(Kind.BALANCER):
        old, new = pair.primary, pair.standby
        if old and new and {old.facts["type"], new.facts["type"]} == {"application"}:
            params = {"primary": old.name, "standby": new.name}
            said = f"{new.name} takes over from {old.name}: {pair.because}."
            yield f"listeners-{new.name}", "listener_parity", params, (said,)


def _images(found: Found) -> Iterator[_Entry]:
    for pair in found.pairs(Kind.GROUP):
        if pair.primary and pair.standby:
            params = {"primary": pair.primary.name, "standby": pair.standby.name}
            said = f"{TODO}whether the one's image is a copy of the other's, and not built anew for each region."
            yield f"image-{pair.standby.name}", "image_copied", params, (said,)


def _copies(found: Found) -> Iterator[_Entry]:
    for bucket in (b for b in found.of(Kind.BUCKET, found.primary) if b.facts["destination"]):
        params = {"bucket": bucket.name, "destination": bucket.facts["destination"]}
        said = f"{bucket.name}: {bucket.because}; S3 has a rule that copies it."
        yield f"bucket-{bucket.name}", "bucket_replicated", params, (said,)
    for secret in (s for s in found.of(Kind.SECRET, found.standby) if s.facts["primary"] == found.primary):
        said = f"{secret.name}: {secret.because}; it is a replica."
        asked = f"{TODO}fields of it that must not name the primary, `host` for example."
        yield f"secret-{secret.name}", "secret_replicated", {"secret": secret.name}, (said, asked)


def _add_ons(found: Found) -> Iterator[_Entry]:
    for cluster in found.of(Kind.CLUSTER, found.standby):
        for name in cluster.facts["add_ons"]:
            said = f"It stands in {cluster.name}: {cluster.because}."
            yield f"add-on-{name}", "cluster_add_on", {"cluster": cluster.name, "add_on": name}, (said,)


def _distributions(found: Found) -> Iterator[_Entry]:
    """A second origin is proposed where it stands in the standby, as far as its name tells."""
    there = {balancer.facts["host"] for balancer in found.of(Kind.BALANCER, found.standby)}
    for distribution in found.of(Kind.DISTRIBUTION):
        for origin in distribution.facts["seconds"]:
            if origin in there or f".{found.standby}." in origin:
                params = {"distribution": distribution.name, "origin": origin}
                said = f"{distribution.name}: {distribution.because}; it has a group of origins that ends there."
                yield f"distribution-{distribution.name}", "distribution_fails_over", params, (said,)
