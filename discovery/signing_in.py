"""User pools: the standby's own stands in for the primary's, and says under which id and with which client."""

from __future__ import annotations

import re
from typing import Any

from discovery.drafting import Drafting
from discovery.noted import TODO, noted, open_question
from discovery.pairing import pairs
from discovery.resource import Kind, Resource

_HOLDS_SECRET = re.compile(r"cognito|client|oauth|sign-?in", re.IGNORECASE)


def use_pools(draft: Drafting) -> None:
    """Let each pool of the primary be stood in for by the one of the standby that it is paired with."""
    found = draft.found
    ready = []
    for pair in found.pairs(Kind.POOL):
        if pair.primary and pair.standby and pair.primary.facts["id"] == pair.standby.facts["id"]:
            draft.open.append(f"Cognito itself replicates {pair.primary}; see activate_user_pool_replica.")
        elif pair.primary and pair.standby:
            ready.append((pair.primary, pair.standby, pair.because))
        elif pair.primary:
            draft.open.append(f"nobody of {pair.primary} can sign in in {found.standby}: no pool there fits it.")
    for old, new, because in ready:
        _use(draft, old, new, because, len(ready))


def _use(draft: Drafting, old: Resource, new: Resource, because: str, among: int) -> None:
    joined = pairs(_clients(draft, old), _clients(draft, new), draft.found.state)
    matched = [pair for pair in joined if pair.primary and pair.standby]
    if not matched:
        draft.open.append(f"no client of {new} fits one of {old}, so nothing says how users sign in there.")
        return
    one, other = matched[0].primary, matched[0].standby
    assert one is not None
    assert other is not None
    chosen: Any = other.facts["id"]
    if len(matched) > 1:
        names = ", ".join(pair.standby.name for pair in matched[1:] if pair.standby)
        chosen = open_question(chosen, f"whether it is the client {other.name}, and not {names}.")
    params = {
        "pool": noted(new.facts["id"], f"{new.name}: {new.because}."),
        "client": chosen,
        **(_secret(draft, other) if other.facts["secret"] else {}),
        "primary": {"pool": old.facts["id"], "client": one.facts["id"]},
    }
    step = draft.step(draft.named("user-pool", new, among), "swap_user_pool", params)
    copied = f"{TODO}copy_users_by, if who signs up in the primary's pool is to be copied to this one."
    draft.put("serve", "application", noted(step, f"It stands in for {old.name}: {because}.", copied))
    draft.gives.setdefault("user pool", str(step["step"]))


def _clients(draft: Drafting, pool: Resource) -> list[Resource]:
    listed = draft.found.of(Kind.CLIENT, pool.region)
    return [client for client in listed if client.facts["pool"] == pool.facts["id"]]


def _secret(draft: Drafting, client: Resource) -> dict[str, Any]:
    """Where the client's secret stands in the standby, by the names of what does."""
    names = [s.name for s in draft.found.of(Kind.SECRET, draft.found.standby) if _HOLDS_SECRET.search(s.name)]
    guess = names[0] if names else f"{draft.found.application}/dr/cognito-client"
    held = {"secret": guess, "key": "client_secret"}
    return {"client_secret": open_question(held, f"the secret in {draft.found.standby} that holds {client.name}'s.")}
