"""The CDK app: every plan under plans/, or the one that `-c plan=plans/fileflow.yaml` names.

Leaves with 1 when the stacks break a rule, with 2 and one sentence when a plan cannot be read or a stack cannot be
built, and with 3 when a guard refuses.
Needs no credentials: the account and the regions stand in the plan.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent
sys.path.insert(0, str(CHECKOUT / "lambdas"))

from cli.installing import SetUpFailure, say  # noqa: E402
from cli.node import find_node  # noqa: E402

BROKEN = 1
USAGE = 2
REFUSED = 3


def main() -> int:
    """Synthesize. jsii looks for Node when the CDK is imported, so Node is found first."""
    try:
        os.environ.update(find_node(os.environ).environment(os.environ))
    except SetUpFailure as failure:
        say(str(failure))
        return USAGE
    # While Node starts, which the import of the CDK waits for, the models of plans are imported beside it.
    threading.Thread(target=import_module, args=("planfile",)).start()
    import aws_cdk as cdk

    from planfile import PlanFileRefused, load_any
    from stacks.assembly import ArmingRefused, assemble
    from stacks.layers import LayerNotBuilt
    from stacks.wildcards import UnsignedWildcard
    from stacks.wiring import WiringMistake

    app = cdk.App(analytics_reporting=False)
    paths = plan_paths(app.node.try_get_context("plan"))
    if not paths:
        say("There is no plan under plans/, so there is nothing to deploy; write one, or name one with -c plan=PATH.")
        return USAGE
    try:
        assemble(app, [load_any(path) for path in paths], paths[0].parent)
        app.synth()
    except ArmingRefused as refusal:
        say(str(refusal))
        return REFUSED
    except PlanFileRefused as refusal:
        say(refusal.rendered)
        return USAGE
    except (LayerNotBuilt, UnsignedWildcard, WiringMistake) as mistake:
        say(str(mistake))
        return USAGE
    except RuntimeError as failure:
        if "ValidationFailed" not in str(failure):
            raise
        say("The stacks break the rules named above, so nothing may be deployed; correct deployment/ or stacks/.")
        return BROKEN
    return 0


def plan_paths(chosen: str | None) -> list[Path]:
    """The plan that was chosen, or all of them in the order of their names."""
    if chosen:
        return [CHECKOUT / chosen]
    return sorted((CHECKOUT / "plans").glob("*.yaml"))


if __name__ == "__main__":
    sys.exit(main())
