"""How a person closes a load balancer, by the rule that a run puts in front of the others, and asks one that serves."""

from __future__ import annotations

from collections.abc import Sequence

from pilotlight.domain.handwork import Command, Handwork, aws, curl, held_in, keep
from pilotlight.domain.place import Place
from pilotlight.domain.ports import WebRequest
from pilotlight.estate.elbv2.listeners import FIRST, rule_of
from pilotlight.estate.fencing import LEFT_BY_HAND


def closing(balancer: str, ports: Sequence[int], place: Place) -> Handwork:
    """Answer 503 to every request on these ports."""
    there = place.primary
    arn = aws("elbv2", "DescribeLoadBalancers", there, query="LoadBalancers[0].LoadBalancerArn", Names=[balancer])
    do = [Command("Keep the load balancer.", keep("BALANCER", arn))]
    check, undo = [], []
    for port in ports:
        listener, rule = f"LISTENER_{port}", f"RULE_{port}"
        found = aws(
            "elbv2",
            "DescribeListeners",
            there,
            query=f"Listeners[?Port==`{port}`].ListenerArn|[0]",
            LoadBalancerArn=held_in("BALANCER"),
        )
        first = f"Rules[?Priority=='{FIRST}']|[0]"

        def rules(query: str, listener: str = listener, first: str = first) -> str:
            return aws("elbv2", "DescribeRules", there, query=f"{first}.{query}", ListenerArn=held_in(listener))

        order = aws("elbv2", "CreateRule", there, ListenerArn=held_in(listener), **rule_of(place.application))
        do += [
            Command(f"Keep the listener on port {port}.", keep(listener, found)),
            Command("See whether its first place is free.", rules("RuleArn"), "None"),
            Command("Answer 503 to every request.", order, "503"),
        ]
        answer = "Actions[0].FixedResponseConfig.StatusCode"
        check.append(Command(f"Port {port}: read it closed.", rules(answer), "503"))
        undo += [
            Command(f"Port {port}: find the rule that was made.", keep(rule, rules("RuleArn"))),
            Command("Delete it.", aws("elbv2", "DeleteRule", there, RuleArn=held_in(rule))),
        ]
    return Handwork(
        do=tuple(do),
        check=tuple(check),
        stop_if=f"{LEFT_BY_HAND}. If another rule "
        "stands first, give it a higher number beforehand (aws elbv2 set-rule-priorities).",
        undo=tuple(undo),
    )


def asking(request: WebRequest, times: int, good: str) -> Handwork:
    """Ask a load balancer under the public name. What headers hold may be secret, so it is typed and not printed."""
    variables = {name: f"HEADER_{number}" for number, name in enumerate(request.headers, start=1)}
    ask = curl(
        request.url,
        connect_to=request.connect_to or "",
        timeout_seconds=request.timeout_seconds,
        method=request.method,
        headers={name: held_in(variable) for name, variable in variables.items()},
        body=request.body or "",
    )
    again = f", {times} times in a row" if times > 1 else ""
    typed = (Command(f"Type the header {name}, as the plan has it.", f"read -r {v}") for name, v in variables.items())
    harmless = request.method != "POST"
    return Handwork(
        do=tuple(typed),
        check=(Command(f"Ask {request.connect_to} itself{again}.", ask, good),),
        stop_if="it answers otherwise for longer than a cold start takes: users are not led to what does not serve.",
        stays="asking changed nothing." if harmless else "only the application can take back what a POST did.",
    )
