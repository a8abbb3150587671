"""Aurora global databases, whose clusters change their roles; and clusters of Aurora that nothing moves."""

from __future__ import annotations

from discovery.drafting import Drafting
from discovery.noted import noted
from discovery.resource import Kind


def move_clusters(draft: Drafting) -> None:
    """Make the standby's cluster the writer of each global database, and ask about clusters that stand alone."""
    pairs = [pair for pair in draft.found.pairs(Kind.AURORA) if pair.primary]
    joined = [pair for pair in pairs if pair.standby and pair.primary and pair.primary.facts["global"]]
    for pair in pairs:
        if pair not in joined:
            draft.open.append(
                f"{pair.primary} has no secondary in {draft.found.standby}, so no step moves it: join the two in a "
                "global database, then add fail_over_global_cluster."
            )
    for pair in joined:
        source, cluster = pair.primary, pair.standby
        assert source is not None
        assert cluster is not None
        whole = source.facts["global"]
        name = draft.named("fail-over", cluster, len(joined))
        params = {"global_cluster": whole, "cluster": cluster.name, "source": source.name}
        step = draft.step(name, "fail_over_global_cluster", params)
        draft.put("move", "database", noted(step, f"{source.name}: {source.because}.", f"{pair.because}."))
        draft.gives.setdefault("database", name)
        draft.clusters[whole] = cluster.name
        draft.objective("Database (Aurora)" if len(joined) == 1 else f"Database: {whole}", "30 min", name, "5 min")
        if not source.facts["writes"]:
            draft.open.append(f"{cluster.name} is the writer of {whole} now, and not {source.name}; fail back first.")
        if not cluster.facts["instances"]:
            draft.open.append(f"{cluster} has no instance, so it cannot take over: create one.")
