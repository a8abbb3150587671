"""What stands behind `./pilotlight synth`, `deploy` and `cdk`: app.py, and the pinned CDK command line.

Synthesis runs app.py itself and needs neither credentials nor the network. cdk-nag and the CDK's own validation of
templates, whose start takes longer than all else of one plan, are left to what deploys. Everything that talks to AWS
goes through the CDK command line of package-lock.json, never through whatever `npx aws-cdk` would fetch
today. Fails with one sentence and exit code 2 when Node, the CDK or an argument is missing; otherwise with
what the CDK says.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.foreground import INTERRUPTED, run
from cli.installing import SetUpFailure, say
from cli.launching import CHECKOUT, VENV_PYTHON
from cli.node import NODE_MODULES, find_node, install_node_modules

USAGE = 2
UNCHECKED = "; their rules are checked when they are deployed, or here with CDK_VALIDATION=true"


class NotForSynth(Exception):
    """An argument that `synth` cannot take; the text is the sentence for the user."""


@dataclass
class SynthesisRequest:
    """What `synth` was asked: where the templates go, and the context beside that of cdk.json."""

    output: Path = CHECKOUT / "cdk.out"
    context: dict[str, str] = field(default_factory=dict)


def synth(cdk_arguments: Sequence[str]) -> int:
    """Write the templates to cdk.out. Takes `-c KEY=VALUE` and `--output DIRECTORY`, as `cdk synth` does."""
    try:
        request = synthesis_request(cdk_arguments)
        environment = find_node(os.environ).environment(os.environ)
    except (NotForSynth, SetUpFailure) as failure:
        say(str(failure))
        return USAGE
    # app.py alone does not read cdk.json: without this a synth would have other feature flags than a deploy.
    environment["CDK_CONTEXT_JSON"] = json.dumps({**context_of_cdk_json(), **request.context})
    environment["CDK_OUTDIR"] = str(request.output)
    checked = environment.setdefault("CDK_VALIDATION", "false") != "false"
    code = run([sys.executable, "app.py"], environment)
    if code == 0:
        say(f"templates are in {request.output}{'' if checked else UNCHECKED}")
    return code


def synthesis_request(cdk_arguments: Sequence[str]) -> SynthesisRequest:
    """Read the arguments of `synth`; refuses what only the CDK command line can do."""
    request = SynthesisRequest()
    words = iter(cdk_arguments)
    for word in words:
        option, equals, attached = word.partition("=") if word.startswith("--") else (word, "", "")
        value = attached if equals else next(words, "")
        if option in ("-o", "--output") and value:
            request.output = Path(value).absolute()
        elif option in ("-c", "--context") and "=" in value:
            key, _, setting = value.partition("=")
            request.context[key] = setting
        else:
            raise NotForSynth(
                f"`synth` does not know `{word}`: it takes -c KEY=VALUE and --output DIRECTORY; for all "
                "else there is `./pilotlight cdk synth ...`."
            )
    return request


def context_of_cdk_json() -> dict[str, object]:
    """Read the context, feature flags above all, that cdk.json gives to every synthesis."""
    settings = json.loads((CHECKOUT / "cdk.json").read_text(encoding="utf-8"))
    context: dict[str, object] = settings.get("context", {})
    return context


def deploy(cdk_arguments: Sequence[str]) -> int:
    """Deploy the stacks that are named, or all of them, with the credentials of the caller; then write their pages.

    What people hold for the day without a controller is of the plan that was deployed last.
    """
    code = cdk(["deploy", *(cdk_arguments or ("--all",))])
    if code == 0:
        for path in plans_of(cdk_arguments):
            from cli import handing

            code = max(code, handing.runbook(path, None))
    return code


def plans_of(cdk_arguments: Sequence[str]) -> list[Path]:
    """The plans that these arguments deploy, as app.py finds them."""
    chosen = [word.partition("plan=")[2] for word in cdk_arguments if word.startswith(("plan=", "--context=plan="))]
    return [CHECKOUT / chosen[-1]] if chosen else sorted((CHECKOUT / "plans").glob("*.yaml"))


def cdk(cdk_arguments: Sequence[str]) -> int:
    """Run the pinned CDK command line (`bootstrap`, `diff`, `destroy`, ...) on app.py."""
    try:
        node = find_node(os.environ)
        install_node_modules(node, with_checks=False)
    except SetUpFailure as failure:
        say(str(failure))
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    environment = node.environment(os.environ)
    # cdk.json says `python3 app.py`; that python3 has to be the one with the packages.
    environment["PATH"] = os.pathsep.join([str(VENV_PYTHON.parent), environment["PATH"]])
    environment["CDK_DISABLE_CLI_TELEMETRY"] = "true"
    command_line = NODE_MODULES / "aws-cdk" / "bin" / "cdk"
    return run([str(node.executable), str(command_line), *cdk_arguments], environment)
