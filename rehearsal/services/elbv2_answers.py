"""What load balancing answers about its load balancers, target groups and targets, in the API's spelling."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.services.elbv2 import LoadBalancer, Target, TargetGroup


def say_load_balancer(balancer: LoadBalancer) -> dict[str, Any]:
    """One entry of DescribeLoadBalancers."""
    return {
        "LoadBalancerArn": balancer.arn,
        "LoadBalancerName": balancer.name,
        "DNSName": balancer.dns_name,
        "CreatedTime": balancer.created,
        "Scheme": balancer.scheme,
        "State": {"Code": balancer.state},
        "Type": "application",
    }


def say_target_group(group: TargetGroup) -> dict[str, Any]:
    """One entry of DescribeTargetGroups; all of a region stand in one VPC."""
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": "HTTP",
        "Port": group.port,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckEnabled": True,
        "HealthCheckPath": group.checks.path,
        "HealthCheckIntervalSeconds": int(group.checks.interval_seconds),
        "HealthyThresholdCount": group.checks.healthy_threshold,
        "UnhealthyThresholdCount": group.checks.unhealthy_threshold,
        "VpcId": f"vpc-{sha256(group.region.encode()).hexdigest()[:17]}",
        **group.settings,
        "LoadBalancerArns": [group.load_balancer.arn] if group.load_balancer else [],
        "TargetType": group.target_type,
    }


def say_target(target: Target) -> dict[str, Any]:
    """One entry of DescribeTargetHealth."""
    reason, description = target.why
    health = {"State": target.state.value, "Reason": reason, "Description": description}
    return {
        "Target": {"Id": target.id, "Port": target.port},
        "HealthCheckPort": str(target.port),
        "TargetHealth": {key: value for key, value in health.items() if value},
    }
