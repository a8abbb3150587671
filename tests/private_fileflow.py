"""FileFlow's plan as it would be if only its VPCs reached it: no health check, and a foothold in each VPC."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import planfile
from pilotlight.domain.plan import Plan

FILEFLOW = Path(__file__).parents[1] / "plans" / "fileflow.yaml"
NETWORK = """\
network:
  private: true
  primary: { subnets: [subnet-0aaaaaaaaaaaaaaa1, subnet-0aaaaaaaaaaaaaaa2], security_groups: [sg-0aaaaaaaaaaaaaaa1] }
  standby: { subnets: [subnet-0bbbbbbbbbbbbbbb1, subnet-0bbbbbbbbbbbbbbb2], security_groups: [sg-0bbbbbbbbbbbbbbb1] }
"""
WITNESS = """\
  witness: { subnets: [subnet-0ccccccccccccccc1, subnet-0ccccccccccccccc2], security_groups: [sg-0ccccccccccccccc1] }
"""


def private_text(*, asked_from_witness: bool = False) -> str:
    """The plan's file."""
    text = FILEFLOW.read_text()
    text, left_out = re.subn(r"  health_check:\n(    .*\n)+", "", text)
    network = NETWORK + (WITNESS if asked_from_witness else "")
    text, zones = re.subn(r"(?m)^(      primary_check: latch)$", r"\1\n      zone: Z0PRIVATE0ZONE", text)
    assert (left_out, zones, text.count("\nsignals:\n")) == (1, 1, 1)
    return text.replace("\nsignals:\n", f"\n{network}\nsignals:\n")


@cache
def private_fileflow(*, asked_from_witness: bool = False) -> Plan:
    """The plan."""
    return planfile.parse(private_text(asked_from_witness=asked_from_witness), "private.yaml")
