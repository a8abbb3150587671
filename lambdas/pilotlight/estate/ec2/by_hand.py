"""How a person closes a database by its security groups, and puts a new NAT gateway in place of one that fails."""

from __future__ import annotations

from collections.abc import Sequence

from pilotlight.domain.handwork import Command, Handwork, Shell, aws, held_in, keep, quoted
from pilotlight.domain.place import Place
from pilotlight.estate.ec2.nat_gateways import EVERYWHERE
from pilotlight.estate.fencing import LEFT_BY_HAND
from pilotlight.estate.rds.by_hand import ask

_OPENING = (
    '[.SecurityGroupRules[]|select((.IsEgress|not) and (.IpProtocol=="-1" or (.FromPort<=$port and .ToPort>=$port)))]'
)
_AS_PERMISSIONS = (
    "map({IpProtocol,FromPort,ToPort}+((if .Description then {Description} else {} end) as $said|"
    "if .CidrIpv4 then {IpRanges:[{CidrIp:.CidrIpv4}+$said]} "
    "elif .CidrIpv6 then {Ipv6Ranges:[{CidrIpv6}+$said]} "
    "elif .PrefixListId then {PrefixListIds:[{PrefixListId}+$said]} "
    "else {UserIdGroupPairs:[(.ReferencedGroupInfo|{GroupId,UserId})+$said]} end))"
)
"""The kept rules in the shape that gives them back."""


def closing(instance: str, groups: Sequence[str], place: Place) -> Handwork:
    """Take the rules away that let sessions in, and cut the sessions that are open."""
    there = place.primary
    do = [Command("Keep the database's port.", keep("PORT", ask(instance, there, "Endpoint.Port")))]
    for group in groups:
        do += _take_away(group, there)
    do.append(
        Command(
            "Cut the sessions that are open, which outlive the rules.",
            aws("rds", "RebootDBInstance", there, query="DBInstance.DBInstanceStatus", DBInstanceIdentifier=instance),
            "rebooting",
        )
    )
    named = {"SourceType": "db-instance", "SourceIdentifier": instance, "Duration": 30}
    events = aws("rds", "DescribeEvents", there, query="Events[].[Date,Message]", **named)
    return Handwork(
        do=tuple(do),
        check=(
            *(Command(f"{each}: see them gone.", f"{_opening(each, there)} | jq length", "0") for each in groups),
            Command("See that it restarted after that.", events, "DB instance restarted, at a time after yours"),
        ),
        stop_if=f"{LEFT_BY_HAND}.",
        undo=tuple(_give_back(group, there) for group in groups),
    )


def _opening(group: str, region: str) -> str:
    """What shows the rules of a group that open the port."""
    chosen = [{"Name": "group-id", "Values": [group]}]
    rules = aws("ec2", "DescribeSecurityGroupRules", region, Filters=chosen)
    return f'{rules} | jq --argjson port "$PORT" {quoted(_OPENING)}'


def _kept_in(group: str) -> str:
    return f"{group}-closed.json"


def _take_away(group: str, region: str) -> list[Command]:
    file = _kept_in(group)
    ids = Shell(f"$(jq --raw-output '.[].SecurityGroupRuleId' {file})")
    revoke = aws("ec2", "RevokeSecurityGroupIngress", region, GroupId=group, SecurityGroupRuleIds=[ids])
    return [
        Command(
            f"{group}: keep the rules that open the port, for the way back.", f"{_opening(group, region)} > {file}"
        ),
        Command("See how many there are.", f"jq length {file}", "1 or more; at 0 the next line has nothing to do"),
        Command("Take them away: no new session gets in.", revoke, "Return: true"),
    ]


def _give_back(group: str, region: str) -> Command:
    again = Shell(f'"$(jq --compact-output {quoted(_AS_PERMISSIONS)} {_kept_in(group)})"')
    authorize = aws("ec2", "AuthorizeSecurityGroupIngress", region, GroupId=group, IpPermissions=again)
    return Command(f"{group}: give the same rules back.", authorize)


def replacing_nat(gateway: str, subnet: str, allocation: str | None, tables: Sequence[str], region: str) -> Handwork:
    """Make a NAT gateway, and lead the default routes to it."""
    address = held_in("ALLOCATION")
    allocate = aws("ec2", "AllocateAddress", region, query="AllocationId", Domain="vpc")
    kept = keep("ALLOCATION", f"echo {quoted(allocation)}" if allocation else allocate)
    make = aws(
        "ec2", "CreateNatGateway", region, query="NatGateway.NatGatewayId", SubnetId=subnet, AllocationId=address
    )

    def of(what: str) -> str:
        named = {"NatGatewayIds": [held_in("NAT")]}
        return aws("ec2", "DescribeNatGateways", region, query=f"NatGateways[0].{what}", **named)

    def lead(table: str, to: str) -> str:
        named = {"RouteTableId": table, "DestinationCidrBlock": EVERYWHERE, "NatGatewayId": to}
        return aws("ec2", "ReplaceRoute", region, **named)

    route = f"Routes[?DestinationCidrBlock=='{EVERYWHERE}']|[0].[NatGatewayId,State]"
    led = aws("ec2", "DescribeRouteTables", region, query=f"RouteTables[].[RouteTableId,{route}]",
              RouteTableIds=list(tables))  # fmt: skip
    return Handwork(
        do=(
            Command("See where the default routes lead.", led, f"{gateway}, for each table"),
            Command("Keep the address of the new gateway.", kept),
            Command("Make it.", keep("NAT", make)),
            Command("Repeat until it is there; it takes 1 to 3 minutes.", of("[NatGatewayId,State,FailureMessage]"),
                    "its id, available, None"),
            *(Command(f"Turn the route of {table}.", lead(table, held_in("NAT")), "Return: true") for table in tables),
        ),
        check=(Command("See where they lead now.", led, "the new gateway and active, for each table"),),
        stop_if=f"a table leads elsewhere than to {gateway}: somebody turned it already. Never turn a route to a "
        "gateway that is not available.",
        undo=tuple(Command(f"Turn the route of {table} back.", lead(table, gateway)) for table in tables),
        gives={"gateway": 'echo "$NAT"', "address": of("NatGatewayAddresses[0].PublicIp")},
    )  # fmt: skip
