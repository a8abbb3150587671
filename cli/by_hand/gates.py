"""The gates of a plan in words and commands: what a run decides by itself, and people decide where it is gone."""

from __future__ import annotations

from collections.abc import Iterator

from cli.by_hand.steps import losses
from cli.by_hand.view import Block, Section, Task
from deployment import names
from deployment.application import application
from deployment.resources import Function
from deployment.runbook import runbook
from pilotlight.domain.durations import say_duration
from pilotlight.domain.handwork import Command, aws, curl
from pilotlight.domain.plan import Plan
from pilotlight.domain.policy import FencePolicy
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.stages import StageName
from pilotlight.steps import kind, writers_of

WHO_AND_WHEN = ("Who decided", "When (UTC)")


def ready(plan: Plan | Runbook) -> Section:
    """The tools, the right account, and a shell that is kept open."""
    here = plan.place.standby
    tools = "aws --version && jq --version && curl --version"
    with_kubectl = any("config_map" in step.kind for step in plan.steps().values())
    cluster = " and kubectl" if with_kubectl else ""
    return Section(
        "ready",
        "Get ready",
        (
            f"A shell (bash or zsh) with AWS CLI 2, jq, curl{cluster}; CloudShell in {here} is one. Keep the one shell "
            "open to the end: what a step gives stands in its variables.",
            f"Sign in with the break-glass role, by endpoints of {here} (docs/operations.md). Nothing here needs "
            "us-east-1, or the controller.",
            "Paste one line, read what it shows, tick it off. Whoever types does not decide, and reads each line out.",
        ),
        (
            Task(
                "tools",
                "See that the tools are there, and whose account this is",
                (
                    Block(
                        "Do",
                        (
                            Command("Let nothing page.", "export AWS_PAGER= AWS_STS_REGIONAL_ENDPOINTS=regional"),
                            Command("See the tools.", tools, "aws-cli/2, and a version each"),
                            Command(
                                "See who you are.",
                                aws("sts", "GetCallerIdentity", here, query="[Account,Arn]"),
                                plan.account,
                            ),
                        ),
                    ),
                ),
                f"the account is another one than {plan.account}.",
            ),
        ),
    )


def controller(plan: Plan | Runbook) -> Section:
    """The controller is held still, so that it does not act beside people once it comes back."""
    here = plan.place.standby
    machine = plan.place.arn("states", f"stateMachine:{plan.machine}")
    running = aws(
        "stepfunctions",
        "ListExecutions",
        here,
        query="executions[].[name,startDate]",
        stateMachineArn=machine,
        statusFilter="RUNNING",
    )
    still = tuple(
        Command(
            f"Let {function} not be called.",
            aws("lambda", "PutFunctionConcurrency", here, FunctionName=function, ReservedConcurrentExecutions=0),
            "ReservedConcurrentExecutions: 0",
        )
        for function in _functions(plan)
    )
    return Section(
        "controller",
        "See that the controller is gone, and hold it still",
        ("Two who act at once are worse than one who is late. What does not answer here is held still enough.",),
        (
            Task(
                "still",
                "Hold the controller still",
                (
                    Block("Look", (Command("See whether a run is at work.", running, "nothing, or no answer at all"),)),
                    Block("Do", still),
                ),
                "a run is at work and goes on: follow it in the console, or abort it with ./pilotlight abort, and wait "
                "until it has ended. Never work beside it.",
            ),
        ),
    )


def needed(plan: Plan | Runbook) -> Section:
    """Whether anything has to be done at all."""
    if isinstance(plan, Runbook):
        return _chosen(plan)
    probe, regions = plan.signals.probe, plan.regions
    ask = curl(probe.url, connect_to=probe.connect_to or "", timeout_seconds=probe.timeout.total_seconds())
    inside = " Ask from inside the VPCs: the application is private." if plan.network.private else ""
    lasted = say_duration(plan.decision.must_last)
    alone = f"{plan.application} shares its database or tables: " + ", ".join(w.name for w in plan.other_writers) + "."
    return Section(
        "needed",
        f"See that {regions.primary} is dark",
        (
            f"Two people look from two networks, for {lasted} at least: a shorter darkness moves nobody.{inside}",
            *((f"{alone} They move with it or not at all.",) if plan.other_writers else ()),
        ),
        (
            Task(
                "dark",
                f"Ask {regions.primary} itself",
                (
                    Block("Look", (
                        Command("Ask the application there, past DNS.", ask, f"no answer, for {lasted}"),
                        Command("Ask an API of the region.",
                                aws("rds", "DescribeDBInstances", regions.primary, query="length(DBInstances)"),
                                "an answer means that the region is not dark: it can be closed, and drained"),
                    )),
                    Block("Write down", blanks=("Last seen well at (UTC)", *WHO_AND_WHEN)),
                ),
                f"it answers {probe.expect_status}: then nothing is moved.",
            ),
        ),
        "the two do not see the same.",
    )  # fmt: skip


def gate(plan: Plan | Runbook) -> Section:
    """What would be lost, and who must agree."""
    people = tuple(_agreement(plan))
    if isinstance(plan, Runbook):
        says = "Up to here nothing was disrupted. What comes now is."
        return Section("gate", "The gate", (says,), people)
    most = say_duration(plan.gates.max_data_loss or plan.objectives.rpo)
    over = ", ".join(plan.people.overriders) or "the owner of the data"
    return Section(
        "gate",
        "The gate: what would be lost, and who agrees",
        (
            f"Up to here nothing was disrupted. At most {most} of writes may be lost, counted from the last good "
            f"reading to the moment when {plan.regions.primary} went dark.",
            f"Unknown is not zero. Beyond {most}, or unknown, only these may accept the loss: {over}.",
        ),
        (*losses(plan), *people),
        f"it is more than {most}, or nobody knows, and nobody of those accepts it in writing; or if "
        f"{plan.regions.primary} serves again.",
    )


def fence_says(plan: Plan) -> tuple[str, ...]:
    """What the stage fence is for, and what a region that does not answer means."""
    primary = plan.regions.primary
    silent = (
        f"The plan requires {primary} to be read closed: if it does not answer, the writer stays where it is."
        if plan.fence.policy is FencePolicy.REQUIRE
        else f"If {primary} does not answer within a minute, write that down and go on: the tombstone comes first, "
        "and by it the guard closes the region on its return."
    )
    return (f"No two regions may write. Close {primary} and read it closed, each way by itself.", silent)


def drained(plan: Plan) -> Task:
    """The standby takes over what a closed primary wrote last."""
    within = say_duration(plan.fence.drain_within)
    looks = tuple(command for task in losses(plan) for block in task.blocks for command in block.commands)
    return Task(
        "drained",
        f"Only if {plan.regions.primary} was read closed: let {plan.regions.standby} take over the rest",
        (Block(f"Look once a minute, for {within} at most", looks),),
        f"it was to be a planned move and is not drained within {within}: open the primary again, and move nothing. "
        "An unplanned one goes on.",
        "Drained is a reading whose minute began, less its lag, after the primary was closed.",
    )


def returns(plan: Plan | Runbook) -> Section:
    """What holds the old primary when it comes back, and how the controller is given back."""
    report = "Keep this page with its times: it is the report."
    if not isinstance(plan, Plan):
        return Section("afterwards", "Afterwards", (report,), (_let_go(plan),))
    primary, mode = plan.regions.primary, names.guard_mode(plan.application)
    closes = any(kind(step.kind).fences for step in plan.steps().values())
    read = aws("ssm", "GetParameter", primary, query="Parameter.Value", Name=mode)
    arm = aws("ssm", "PutParameter", primary, Name=mode, Value="enforce", Type="String", Overwrite=True)
    log = aws("logs", "FilterLogEvents", primary, query="events[].message",
              logGroupName=f"/aws/lambda/{names.guard_function(plan.application)}")  # fmt: skip
    guard = (
        Task(
            "guard",
            "See that the guard closes it",
            (
                Block("Do", (
                    Command("See what the guard may do.", read, "enforce"),
                    Command("If it shows observe: let it close.", arm, "Version"),
                    Command("See what it says, each minute.", log, "that it closes, by the tombstone"),
                )),
            ),
            "the guard does not answer, or is not there: close it by hand, with all of the section Fence, and see it "
            "stay closed until somebody fails back.",
        ),
    ) if closes and writers_of(plan) else ()  # fmt: skip
    return Section(
        "afterwards",
        f"Afterwards: when {primary} and the controller come back",
        (
            "The latch stays on. Traffic goes back by a failback alone, and never by itself.",
            f"Before the controller is let go: arm the plan 'observe' and deploy. It knows nothing of what people did, "
            f"and {primary} still looks dark to it.",
            report,
        ),
        (*guard, _let_go(plan)),
    )


def _chosen(plan: Runbook) -> Section:
    where = plan.failover_region
    also = f" No failover of {plan.application} may be at work in {where}." if where else ""
    return Section(
        "needed",
        "See that it is needed",
        (f"{plan.description or plan.say_intent().capitalize()}.".replace("..", ".") + also,),
        (Task("chosen", "Write down why", (Block("Write down", blanks=("Why", *WHO_AND_WHEN)),)),),
    )


def _agreement(plan: Plan | Runbook) -> Iterator[Task]:
    asked = "somebody else than whoever started must agree" if plan.gates.approval else "whoever leads the incident"
    may = ", ".join(plan.people.approvers) or "the plan names nobody, so the owner of the application"
    yield Task(
        "agreed",
        "Have the people agree",
        (Block("Write down", blanks=("Who agrees", "What may be lost", "When (UTC)")),),
        "nobody agrees, or one of them says hold.",
        f"The plan: {asked}; who may: {may}.",
    )


def _functions(plan: Plan | Runbook) -> tuple[str, ...]:
    """What begins a run, what ends one and undoes, and what starts one by itself."""
    detector = (names.detect_function(plan.name),) if isinstance(plan, Plan) else ()
    return (names.open_function(plan.name), names.close_function(plan.name), *detector)


def _let_go(plan: Plan | Runbook) -> Task:
    """With as many calls at once as it was deployed with; none reserved is none of its own."""
    here, described = plan.place.standby, application(plan) if isinstance(plan, Plan) else runbook(plan)
    reserved = {each.name: each.reserved_concurrency for each in described.resources if isinstance(each, Function)}
    again = []
    for name in _functions(plan):
        before = reserved[name]
        line = (
            aws("lambda", "PutFunctionConcurrency", here, FunctionName=name, ReservedConcurrentExecutions=before)
            if before
            else aws("lambda", "DeleteFunctionConcurrency", here, FunctionName=name)
        )
        again.append(Command(f"Let {name} be called again.", line))
    return Task("let-go", "Let the controller go again", (Block("Do", tuple(again)),))


STAGE_SAYS = {
    StageName.PREPARE: "Harms nothing: begin at once, and go on to the gate meanwhile.",
    StageName.MOVE: "The point of no return. Read each line twice, and write the tombstone first. Where the standby "
    "does not take it, nothing would close the old primary on its return: move only if somebody stays to close it.",
    StageName.SERVE: "Users come last, once the application was seen to serve.",
    StageName.AFTER: "Users are served. What fails here is followed up, and undoes nothing.",
}
"""What each stage is for; of the stage fence, `fence_says` says it."""
