"""The whole plan: what was found as fields, its reasons as comments, and what a person decides as TODO.

Every placeholder is valid and safe: the plan is armed `observe`, which holds no permission to write, no person may
approve anything, and what is named is named in such a way that AWS would refuse it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from discovery import bringing_up, failing_over, moving, pods, requiring, signing_in, switching
from discovery.belonging import squeezed
from discovery.drafting import Drafting
from discovery.looking import Found
from discovery.noted import TODO, Noted, noted, open_question, written
from discovery.resource import Kind, Resource

NOT_LOOKED_AT = "tasks that run once, functions that are only called, Secrets of clusters, or any third region"
NO_CHANNEL = "C0000000000"
_WITNESSES = ("ap-southeast-1", "ap-northeast-3", "eu-west-1", "eu-central-1", "us-west-2", "us-east-2", "ca-central-1")


def draft(found: Found) -> str:
    """The plan as YAML."""
    return written(*document(found))


def document(found: Found) -> tuple[dict[str, Any], list[str]]:
    """The plan with its comments, and what stands before it."""
    records, path = _names(found), _path(found)
    drafting = _drafted(found, records, path)
    plan = {
        "application": found.application,
        "kind": "failover",
        "description": open_question("", "what the application is, and what of it stands by, in a sentence or two."),
        "account": noted(found.account, "The account that was looked at."),
        "regions": {"primary": found.primary, "standby": found.standby, "witness": _witness(found)},
        "arming": noted("observe", "It says what it would do, and holds no permission to write."),
        "objectives": _objectives(drafting),
        **_shared(drafting),
        "signals": _signals(found, records, path),
        "decision": {
            "must_last": open_question("3 min", "as long as the primary may need to heal itself; this is the least.")
        },
        "fence": {"policy": "tombstone_then_quarantine"},
        "gates": _gates(),
        "people": open_question({}, "who may approve and override; nobody may as long as nobody is named here."),
        **_traffic(found, records),
        "notifications": {
            "slack": {
                "channel": open_question(NO_CHANNEL, "the id of your channel; this is nobody's."),
                "token_secret": "pilotlight/slack-bot-token",
            }
        },
        **requiring.requirements(found, records),
        "stages": {stage: lanes for stage, lanes in drafting.stages.items() if lanes},
    }
    return plan, list(_heading(found, drafting))


def _drafted(found: Found, records: list[str], path: str) -> Drafting:
    """The steps of all stages; a later one may build on what an earlier one drafted."""
    drafting = Drafting(found)
    bringing_up.close_primary(drafting)
    switching.switch_off(drafting)
    moving.move_databases(drafting)
    failing_over.move_clusters(drafting)
    moving.take_over_tables(drafting)
    bringing_up.stop_primary(drafting)
    moving.make_caches(drafting)
    pods.scale_nodes(drafting)
    signing_in.use_pools(drafting)
    bringing_up.swap_endpoints(drafting, told=pods.swap_config_maps(drafting))
    bringing_up.scale(drafting)
    switching.switch_on(drafting)
    bringing_up.check_and_latch(drafting, records, path)
    bringing_up.hold_the_place(drafting)
    return drafting


def _gates() -> dict[str, Any]:
    return {
        "max_data_loss": open_question("15 min", "how much may be lost without asking anybody. A guess."),
        "approval": open_question(False, "whether a person must agree before anything is disrupted."),
    }


def _heading(found: Found, drafting: Drafting) -> Iterator[str]:
    yield "yaml-language-server: $schema=plan.schema.json"
    yield ""
    yield (
        f"{found.application}: what stood in {found.primary} and {found.standby}, written down by `./pilotlight init`, "
        "which changed nothing. A comment says whence a value comes. TODO marks what a person must decide; the value "
        "there is a placeholder that is valid and harms nobody."
    )
    yield ""
    yield f"Nobody looked at {NOT_LOOKED_AT}."
    for sentence in found.gaps:
        yield f"{TODO}could not be read: {sentence}"
    for database in found.not_taken:
        yield (
            f"{TODO}{database} has a replica in {found.standby}, and nothing ties it to {found.application}; if "
            f"{found.application} writes to it, run this again with --also {database.name}."
        )
    for distribution in found.of(Kind.DISTRIBUTION):
        if not distribution.facts["seconds"]:
            yield (
                f"{TODO}{distribution.kind} {distribution.name} ({distribution.because}) has no second origin, so its "
                "users stay with the first; a run never touches what is global."
            )
    for question in drafting.open:
        yield f"{TODO}{question}"


def _objectives(drafting: Drafting) -> Any:
    restores = any(stage == "prepare" and "database" in lanes for stage, lanes in drafting.stages.items())
    return open_question(
        {"rto": "4 h" if restores else "2 h", "rpo": "15 min", "resources": drafting.objectives},
        "all of these are guesses, and none was promised to anybody; write what the business was promised.",
    )


def _shared(drafting: Drafting) -> dict[str, Any]:
    """A database that does not bear the application's name is likely to serve others too."""
    found = drafting.found
    moved = [p.primary for p in found.pairs(Kind.DATABASE) if p.primary and "database" in drafting.stages["fence"]]
    moved += [c for c in found.of(Kind.AURORA, found.primary) if c.facts["global"] in drafting.clusters]
    foreign = [d for d in moved if squeezed(found.application) not in squeezed(d.name)]
    if not foreign:
        return {}
    name = foreign[0].name
    return {
        "shared_group": open_question(name, f"whether others write to {name}, which does not bear this name; if not, "
                                            "remove this and other_writers."),
        "other_writers": [open_question({"name": f"the other services on {name}"}, "each of them, with its plan.")],
    }  # fmt: skip


def _signals(found: Found, names: list[str], path: str) -> dict[str, Any]:
    asked = _asked(found)
    ids = [str(check["Id"]) for check in found.checks]
    existing = f"To use the health check that is there, add `id: {ids[0]}`." if ids else ""
    name = names[0] if names else f"{found.application}.{bringing_up.NO_HOST}"
    url = f"https://{name}{path}"
    said = "The public name stays Host and SNI; the connection goes to the primary's load balancer."
    return {
        "health_check": {"host": noted(asked.value, *asked.above, existing), "path": noted(path, _whence_path(found))},
        "probe": {
            "url": noted(url, said) if names else open_question(url, "the public name; no record was found."),
            "connect_to": asked.value,
            "expect_status": 200,
        },
    }


def _asked(found: Found) -> Noted:
    """The primary's load balancer that tells whether the application is well: one that users reach, if any is."""
    balancers = found.fronts(found.primary)
    if not balancers:
        host = bringing_up.NO_BALANCER.format(region=found.primary)
        return open_question(host, f"the load balancer in {found.primary}; none was found that belongs.")
    first, *others = balancers
    said = f"Load balancer {first.name}: {first.because}."
    names = ", ".join(other.name for other in others)
    if others:
        return open_question(first.facts["dns"], f"whether this is the one to ask, and not {names}.", said)
    return noted(first.facts["dns"], said)


def _traffic(found: Found, names: list[str]) -> dict[str, Any]:
    if not names:
        return {}
    listed = []
    for name in names:
        records = [record for record in found.of(Kind.RECORD) if record.name == name]
        said = f"{name}: {records[0].because}. {_as_it_is(records)}"
        listed.append(noted({"name": name, "primary_check": "latch"}, said))
    targets = {target for record in found.of(Kind.RECORD) for target in record.facts["leads"]}
    hosts = [b.facts["dns"] for b in found.of(Kind.BALANCER, found.primary) if b.facts["host"] in targets]
    balancers = {"primary_balancers": hosts} if hosts else {}
    return {"traffic": {"records": listed, **balancers}}


def _as_it_is(records: list[Resource]) -> str:
    roles = {record.facts["role"] for record in records}
    if {"PRIMARY", "SECONDARY"} <= roles:
        said = "It is a pair of failover records already; see that PRIMARY looks at the latch alone."
        evaluating = sorted(record.facts["role"] for record in records if record.facts["evaluates"])
        if evaluating:
            said += (
                f" TODO: {' and '.join(evaluating)} {'evaluates its' if len(evaluating) == 1 else 'evaluate their'} "
                "target's health, which moves users whatever the latch says; set it to false."
            )
        return said
    shared = sorted({record.facts["policy"] for record in records} - {""})
    by = f" Users are shared out by {shared[0]} now, which goes with it." if shared else ""
    return f"{TODO}it is no pair of failover records yet; ./pilotlight prerequisites prints the pair.{by}"


def _names(found: Found) -> list[str]:
    """The names that users ask: those that lead to the primary, and to which no other name leads."""
    primaries = {b.facts["host"] for b in found.of(Kind.BALANCER, found.primary)}
    records = found.of(Kind.RECORD)
    leading = {r.name for r in records if primaries & set(r.facts["leads"])}
    through = {r.name for r in records if leading & set(r.facts["leads"])}
    asked = [r.name for r in records if r.name in leading | through]
    return list(dict.fromkeys(name for name in asked if not _is_inner(name, records)))


def _is_inner(name: str, records: list[Resource]) -> bool:
    return any(name in record.facts["leads"] for record in records)


def _path(found: Found) -> str:
    checked = [str(c["ResourcePath"]) for c in found.checks if c.get("ResourcePath")]
    return next(iter([*checked, *(group.facts["path"] for group in _asking(found))]), "/")


def _asking(found: Found) -> list[Resource]:
    """The primary's target groups that ask for a path: first those behind the load balancer that users reach."""
    groups = [group for group in found.of(Kind.TARGET_GROUP, found.primary) if group.facts["path"]]
    first = next((balancer.arn for balancer in found.fronts(found.primary)), "")
    return sorted(groups, key=lambda group: first not in group.facts["balancers"])


def _whence_path(found: Found) -> str:
    if any(check.get("ResourcePath") for check in found.checks):
        return "As the health check that is there asks it."
    groups = _asking(found)
    if groups:
        return f"As target group {groups[0].name} asks it."
    return f"{TODO}the path that tells whether the application is well; none was found."


def _witness(found: Found) -> Any:
    near = [r for r in _WITNESSES if r.partition("-")[0] == found.primary.partition("-")[0]]
    region = next(r for r in [*near, *_WITNESSES] if r not in (found.primary, found.standby))
    return open_question(region, "a third region that only looks; this one is a guess by its place on the map.")
