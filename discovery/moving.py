"""What moves: databases that are promoted or restored, tables that are taken over, caches that are made anew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from discovery.belonging import is_source
from discovery.bringing_up import CACHE
from discovery.drafting import NO_SECURITY_GROUP, Drafting
from discovery.noted import TODO, noted, open_question
from discovery.pairing import Pair
from discovery.resource import Kind, Resource

MOST_TABLES = 10
"""The tables of one plan: docs/steps.md, take_over_tables."""
_RETENTION_DAYS = range(1, 36)
_NODES = (2, 6)


def move_databases(draft: Drafting) -> None:
    """Promote what has a replica, restore what has backups in the standby, and ask about all else."""
    clusters = {(cluster.region, cluster.name) for cluster in draft.found.of(Kind.AURORA)}
    every = [pair for pair in draft.found.pairs(Kind.DATABASE) if not _is_of(clusters, pair)]
    pairs = [pair for pair in every if _is_a_writer(draft, pair)]
    for pair in pairs:
        source, other = pair.primary, pair.standby
        assert source is not None
        if other is not None and is_source(source, other):
            _promote(draft, source, other, pair.because, len(pairs))
        elif source.facts["backups"] or source.facts["snapshots"]:
            _restore(draft, source, len(pairs))
        else:
            draft.open.append(
                f"database {source.name} has no replica in {draft.found.standby}, and neither replicated backups nor "
                "copied snapshots are held there, so nothing of it can be brought up: build one of the three, then add "
                "promote_replica or restore_database."
            )
            continue
        _fence_database(draft, source, len(pairs))


def _is_of(clusters: set[tuple[str, str]], pair: Pair) -> bool:
    """Whether an instance is part of a cluster that belongs, with which it moves."""
    return any((each.region, each.facts["cluster"]) in clusters for each in (pair.primary, pair.standby) if each)


def _is_a_writer(draft: Drafting, pair: Pair) -> bool:
    source, other = pair.primary, pair.standby
    if source is None:
        assert other is not None
        draft.open.append(f"{other} takes over from no database that was found in {draft.found.primary}; is it in use?")
        return False
    if source.facts["cluster"]:
        cluster = f"{source} is in the cluster {source.facts['cluster']}"
        draft.open.append(f"{cluster}, which is no member of a global database, and no step moves another cluster.")
        return False
    if source.facts["source"]:
        draft.open.append(f"{source} is a replica of {source.facts['source']} and takes no writes; nothing moves it.")
        return False
    return True


def _promote(draft: Drafting, source: Resource, replica: Resource, because: str, among: int) -> None:
    name, days = draft.named("promote", source, among), source.facts["retention_days"]
    kept = days if days in _RETENTION_DAYS else 7
    params = {
        "replica": replica.name,
        "source": source.name,
        "backup_retention": noted(
            f"{kept} d", f"As {source.name} keeps them." if kept == days else f"{TODO}the source keeps none; how long?"
        ),
    }
    draft.put("move", "database", noted(draft.step(name, "promote_replica", params), _said(source), f"{because}."))
    draft.gives.setdefault("database", name)
    draft.databases.append(replica.name)
    draft.objective(_of("Database (RDS)", source, among), "30 min", name, "15 min")
    _convert(draft, source, replica.name, among)


def _restore(draft: Drafting, source: Resource, among: int) -> None:
    restore, adopt = draft.named("restore-database", source, among), draft.named("adopt-database", source, among)
    instance = f"{draft.found.application}-dr-db" if among == 1 else f"{_for_standby(source.name)}"
    params: dict[str, Any] = {
        "instance": open_question(instance, "the name of the copy; it must not exist before a run makes it."),
        "source": source.name,
        **_held(draft, source),
        "instance_class": noted(source.facts["class"], f"As {source.name} has it."),
        "subnet_group": _group(draft, Kind.DATABASE_SUBNETS),
        "security_groups": open_question([NO_SECURITY_GROUP], "the groups that let the standby reach the copy."),
        "parameter_group": _group(draft, Kind.DATABASE_PARAMETERS),
    }
    why = f"No replica of {source.name} stands in {draft.found.standby}, so a copy is made of what is held there."
    draft.put("prepare", "database", noted(draft.step(restore, "restore_database", params), _said(source), why))
    params = {"instance": instance, "source": source.name, "restored": {"step": restore, "output": "resource_id"}}
    draft.put("move", "database", draft.step(adopt, "adopt_database", params))
    draft.gives.setdefault("database", adopt)
    draft.databases.append(instance)
    draft.objective(_of("Database (RDS)", source, among), "2 h", restore, "15 min")
    _convert(draft, source, instance, among, restored={"restored": params["restored"]})


def _held(draft: Drafting, source: Resource) -> dict[str, Any]:
    """What the standby holds of a source: how old it may be is for a person to say."""
    held: dict[str, Any] = {}
    if source.facts["backups"]:
        say = f"how old they may be. {draft.found.standby} holds the automated backups of {source.name}."
        held["automated_backups"] = open_question({"no_older_than": "30 min"}, say)
    names: Sequence[str] = source.facts["snapshots"]
    if names:
        say = f"which series, and how old its newest may be. {draft.found.standby} holds {', '.join(names[-3:])}."
        held["snapshots"] = open_question({"named": _series(names), "no_older_than": "8 d"}, say)
    return held


def _group(draft: Drafting, kind: Kind) -> Any:
    found = draft.found.of(kind)
    if len(found) == 1:
        return noted(found[0].name, _said(found[0]))
    names = ", ".join(group.name for group in found) or "none"
    return open_question(
        found[0].name if found else f"{draft.found.application}-dr-db", f"which {kind}; {names} seems to belong."
    )


def _convert(
    draft: Drafting, source: Resource, instance: str, among: int, restored: Mapping[str, Any] | None = None
) -> None:
    if source.facts["multi_az"]:
        name = draft.named("convert-to-multi-az", source, among)
        step = draft.step(name, "convert_to_multi_az", {"instance": instance, **(restored or {})})
        draft.put("after", "database", noted(step, f"{source.name} has two zones, and a new writer has one."))


def _fence_database(draft: Drafting, source: Resource, among: int) -> None:
    groups = source.facts["opening"]
    listed: Any = noted(groups, f"Of the groups of {source.name}, these have a rule that opens its port.")
    if not groups:
        listed = open_question([NO_SECURITY_GROUP], f"the groups that open the port of {source.name}; none was found.")
    params = {"instance": source.name, "security_groups": listed}
    draft.put(
        "fence", "database", draft.step(draft.named("close-database", source, among), "fence_security_group", params)
    )


def take_over_tables(draft: Drafting) -> None:
    """Global tables with a replica in the standby change hands together; others are asked about."""
    pairs = [pair for pair in draft.found.pairs(Kind.TABLE) if pair.primary]
    replicated = [
        pair.primary for pair in pairs if pair.primary and draft.found.standby in pair.primary.facts["replicas"]
    ]
    for pair in pairs:
        if pair.primary and pair.primary not in replicated:
            draft.open.append(f"{pair.primary} has no replica in {draft.found.standby}: its writes stay behind.")
    for table in replicated[MOST_TABLES:]:
        draft.open.append(f"{table} is one too many: a plan takes over {MOST_TABLES} tables.")
    if not replicated:
        return
    names = [table.name for table in replicated[:MOST_TABLES]]
    step = draft.step("take-over-tables", "take_over_tables", {"tables": names})
    said = f"DynamoDB lists {draft.found.standby} among the replicas of each; {replicated[0].because}."
    # A promotion can be refused, and a table that changed hands cannot come back: so it stands behind one.
    draft.put("move", "database" if "database" in draft.stages["move"] else "tables", noted(step, said))
    draft.takes_tables = True


def make_caches(draft: Drafting) -> None:
    """A cache of the primary is made anew in the standby, unless one stands there."""
    pairs = [pair for pair in draft.found.pairs(Kind.CACHE) if pair.primary]
    for pair in pairs:
        cache = pair.primary
        assert cache is not None
        if pair.standby is not None:
            draft.open.append(f"{pair.standby} stands already ({pair.because}), so none is made; does it keep up?")
        elif cache.facts["clustered"]:
            draft.open.append(f"{cache} runs in cluster mode, and create_cache makes one shard only.")
        else:
            _make_cache(draft, cache, len(pairs))


def _make_cache(draft: Drafting, cache: Resource, among: int) -> None:
    facts = cache.facts
    name = draft.named(f"create-{facts['engine']}", cache, among)
    at_least, at_most = _NODES
    params: dict[str, Any] = {
        "replication_group": open_question(_for_standby(cache.name), "the name of the cache; nothing may bear it yet."),
        "engine": facts["engine"],
        "engine_version": facts["engine_version"],
        "node_type": facts["node_type"],
        "nodes": min(max(facts["nodes"], at_least), at_most),
        "automatic_failover": facts["automatic_failover"],
        "multi_az": facts["multi_az"],
        "subnet_group": _group(draft, Kind.CACHE_SUBNETS),
        "security_groups": open_question([NO_SECURITY_GROUP], "the groups that let the standby reach the cache."),
        "transit_encryption": facts["transit_encryption"],
        "at_rest_encryption": facts["at_rest_encryption"],
        **_token(draft, cache),
        **_content(draft),
    }
    why = f"It takes minutes and harms nothing, so it is started first; what it is comes from {cache.name}."
    draft.put("prepare", "cache", noted(draft.step(name, "create_cache", params, "start"), _said(cache), why))
    draft.put("move", "cache", {"await": name})
    draft.gives.setdefault("cache", name)
    draft.objective(_of("Cache", cache, among), "15 min", name)


def _token(draft: Drafting, cache: Resource) -> dict[str, Any]:
    if not cache.facts["auth_token"]:
        return {}
    names = [s.name for s in draft.found.of(Kind.SECRET, draft.found.standby) if CACHE.search(s.name)]
    if len(names) == 1:
        return {"auth_token_secret": noted(names[0], f"{cache.name} wants a token; by its name this secret holds one.")}
    guess = names[0] if names else f"{draft.found.application}/dr/redis-auth-token"
    return {"auth_token_secret": open_question(guess, f"the secret of the standby with the token of {cache.name}.")}


def _content(draft: Drafting) -> dict[str, Any]:
    """The newest snapshot that the standby holds, if it holds any."""
    names = [snapshot.name for snapshot in draft.found.of(Kind.CACHE_SNAPSHOT)]
    if not names:
        return {}
    say = f"whether it begins with data, and how old they may be. {draft.found.standby} holds {', '.join(names[-3:])}."
    return {"snapshot": open_question({"named": _series(names), "no_older_than": "5 d"}, say)}


def _series(names: Sequence[str]) -> str:
    """What the newest of a series has in common with the others: all but its end, which is a date as a rule."""
    return re.sub(r"[^-]*$", "", names[-1]) or names[-1]


def _for_standby(name: str) -> str:
    """A name for what takes over: `dr` in place of the mark of the primary, or behind it."""
    marked = re.sub(r"(?<![a-z0-9])(prod|production|prd|primary|main|live)(?![a-z0-9])", "dr", name.lower(), count=1)
    return marked if marked != name.lower() else f"{marked}-dr"


def _of(what: str, resource: Resource, among: int) -> str:
    return what if among == 1 else f"{what}: {resource.name}"


def _said(resource: Resource) -> str:
    return f"{resource.name}: {resource.because}."
