"""Plan files: YAML under `plans/` to a plan of the domain, with the line and column of every fault.

`load` and `parse` give a plan that the schema, its step kinds and every rule accept, or raise
`PlanFileRefused`.
"""

from __future__ import annotations

from planfile.faults import Fault, PlanFileRefused
from planfile.reading import load, load_any, parse

__all__ = ["Fault", "PlanFileRefused", "load", "load_any", "parse"]
