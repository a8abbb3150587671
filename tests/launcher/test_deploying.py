"""`synth` runs app.py as the CDK command line would; `deploy` and `cdk` run the pinned command line
itself."""  # LONG

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.deploying import UNCHECKED, NotForSynth, synthesis_request
from tests.launcher.fresh_checkout import FreshCheckout

APP = """
import json, os
told = ("CDK_CONTEXT_JSON", "CDK_OUTDIR", "CDK_VALIDATION", "JSII_NODE")
print(json.dumps({name: os.environ.get(name) for name in told}))
"""
NODE = """
if [ "$1" = --version ]; then echo v22.1.0; exit; fi
echo "$@" > "$HOME/cdk.log"
echo "$PATH" > "$HOME/path.log"
exit 1
"""


@pytest.fixture
def checkout(checkout: FreshCheckout) -> FreshCheckout:
    """A checkout with an application that tells how it was started, and a Node that logs what it runs."""
    (checkout.top / "app.py").write_text(APP)
    (checkout.top / "cdk.json").write_text('{"app": "python3 app.py", "context": {"@aws-cdk/flag": true}}')
    (checkout.top / "package-lock.json").write_text("{}")
    checkout.program("node", NODE)
    checkout.program("npm", "/bin/mkdir node_modules")
    return checkout


def deploying(checkout: FreshCheckout, call: str) -> Any:
    """Call a function of `cli.deploying` in the checkout; its exit code is the return value."""
    return checkout.python(f"import sys; from cli.deploying import *; sys.exit({call})")


def test_synth_gives_the_application_the_context_of_cdk_json_and_of_the_command_line(
    checkout: FreshCheckout,
) -> None:
    finished = deploying(checkout, "synth(['-c', 'plan=a=b', '--context=lift=yes'])")

    application = json.loads(finished.said)
    assert finished.code == 0
    assert json.loads(application["CDK_CONTEXT_JSON"]) == {
        "@aws-cdk/flag": True,
        "plan": "a=b",
        "lift": "yes",
    }
    assert application["CDK_OUTDIR"] == str(checkout.top / "cdk.out")
    assert application["JSII_NODE"] == str(checkout.programs / "node")
    assert finished.errors == f"pilotlight: templates are in {checkout.top / 'cdk.out'}{UNCHECKED}\n"


@pytest.mark.parametrize(("given", "used"), [({}, "false"), ({"CDK_VALIDATION": "true"}, "true")])
def test_synth_leaves_the_validation_of_the_cdk_to_what_deploys_unless_it_is_asked_for(
    checkout: FreshCheckout, given: dict[str, str], used: str
) -> None:
    finished = checkout.python("import sys; from cli.deploying import *; sys.exit(synth([]))", **given)

    assert json.loads(finished.said)["CDK_VALIDATION"] == used


def test_synth_ends_with_what_the_application_ends_with(checkout: FreshCheckout) -> None:
    (checkout.top / "app.py").write_text("raise SystemExit(3)")

    finished = deploying(checkout, "synth([])")

    assert (finished.code, finished.errors) == (3, "")


@pytest.mark.parametrize("arguments", [["--all"], ["-c", "no-value"], ["-o"], ["MyStack"]])
def test_synth_refuses_what_only_the_cdk_command_line_can_do(arguments: list[str]) -> None:
    with pytest.raises(NotForSynth) as refusal:
        synthesis_request(arguments)

    assert str(refusal.value) == (
        f"`synth` does not know `{arguments[0]}`: it takes -c KEY=VALUE and --output DIRECTORY; for all else "
        "there is `./pilotlight cdk synth ...`."
    )


def test_deploy_runs_the_pinned_command_line_on_all_stacks_with_the_python_that_has_the_packages(
    checkout: FreshCheckout,
) -> None:
    finished = deploying(checkout, "deploy([])")

    assert finished.code == 1
    assert (checkout.home / "cdk.log").read_text() == f"{checkout.top}/node_modules/aws-cdk/bin/cdk deploy --all\n"
    assert (checkout.home / "path.log").read_text() == f"{checkout.venv}/bin:{checkout.programs}\n"


def test_deploy_takes_the_stacks_that_are_named(checkout: FreshCheckout) -> None:
    deploying(checkout, "deploy(['Foundation', '--require-approval', 'never'])")

    assert "cdk deploy Foundation --require-approval never\n" in (checkout.home / "cdk.log").read_text()


def test_without_the_cdk_and_the_network_deploy_says_so(checkout: FreshCheckout) -> None:
    checkout.program("npm", "echo npm error code ENOTFOUND; exit 1")

    finished = deploying(checkout, "deploy([])")

    assert finished.code == 2
    assert "The package index cannot be reached" in finished.errors.splitlines()[-1]
    assert not (checkout.home / "cdk.log").exists()
