"""MegaTicket's world as its guide for Tokyo describes it, which is not how its plan takes it to stand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from planfile import load
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.scene import Scene
from rehearsal.services.bedrock import Bedrock
from rehearsal.services.ec2 import Ec2
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.elbv2_listeners import Listener
from rehearsal.services.route53 import Route53
from rehearsal.services.route53_records import PRIMARY

MEGATICKET = Path(__file__).parents[2] / "plans" / "megaticket.yaml"
SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"
FRONT_OF_SEOUL, FRONT_OF_TOKYO = "MegaTicket-ALB", "MegaTicket-DR-ALB"
NAME = "pilotlight-test.click"
API = ("/api/*",)


@cache
def played(name: str, seed: int = 1) -> Played:
    """The scenario, played with MegaTicket's plan."""
    return play(load(MEGATICKET), scenario(name), seed)


def as_its_guide_says(scene: Scene) -> None:
    """HTTP alone in Tokyo; Seoul's `/api/*` at priority 1 as in Tokyo; records that follow the health of both regions;
    Tokyo's models agreed to by nobody; and a golden image that was copied once."""
    _fronts(scene.account.aws.service(Elbv2))
    _records(scene.account.aws.service(Route53))
    for model in scene.account.aws.service(Bedrock).models_there:
        model.agreement = "NOT_AVAILABLE"
    renew_image(scene, "MegaTicket-Web-ASG-lt")


def without_https(balancing: Elbv2) -> None:
    """Tokyo's load balancer as its guide makes it: a listener on port 80, and none on 443."""
    (https,) = [each for each in balancing.listeners_of(TOKYO, FRONT_OF_TOKYO) if each.port == 443]
    balancing.listeners.remove(https)


def renew_image(scene: Scene, template: str) -> None:
    """Seoul goes on to a new golden image, and nobody copies it."""
    ec2 = scene.account.aws.service(Ec2)
    found = next(each for each in ec2.templates if (each.region, each.name) == (SEOUL, template))
    last, golden = found.versions[-1], ec2.add_image(SEOUL, "MegaTicket-Web-GoldenAMI")
    found.versions.append(replace(last, number=last.number + 1, image=golden.id))


def _fronts(balancing: Elbv2) -> None:
    for listener in balancing.listeners_of(SEOUL, FRONT_OF_SEOUL):
        _lead_to_the_api(balancing, listener)
    without_https(balancing)
    for listener in balancing.listeners_of(TOKYO, FRONT_OF_TOKYO):
        _lead_to_the_api(balancing, listener)


def _lead_to_the_api(balancing: Elbv2, listener: Listener) -> None:
    group = str(listener.rules[0].action["TargetGroupArn"]).replace("MegaTicket", "MegaTicket-App")
    balancing.add_rule(listener, 1, API, {"Type": "forward", "TargetGroupArn": group})


def _records(route53: Route53) -> None:
    (seouls,) = [check for check in route53.checks if check.endswith("-primary")]
    for record in list(route53.records.sets):
        check = seouls if record.failover == PRIMARY else None
        route53.records.put(replace(record, check=check, evaluates_target=True))
