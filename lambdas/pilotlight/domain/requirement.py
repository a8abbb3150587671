"""The contract of a requirement kind: something that must be true in AWS before a plan can be relied on, and that no
step of the plan acts on: what is replicated, copied, issued, or allowed by somebody else.

A kind is described whole in one module under `pilotlight.requirements`. It says what it is called with (`params`, whose
docstring shows how a plan writes it), what it may read (`statements`), which AWS operations it calls and what each of
their errors means to it (`operations`), what it takes to stand (`standing`), and it looks (`readiness`). It never acts:
all its statements and operations are reads, and no run calls it. An `AwsError` that it does not catch is told as a
finding that it could not look.
"""

from __future__ import annotations

from pilotlight.domain.kind import (
    Access,
    Finding,
    Kind,
    Operation,
    P,
    Params,
    Severity,
    Standing,
    Statement,
    StepContext,
)

# A requirement kind takes all the words of its contract from here.
__all__ = [
    "Access",
    "Finding",
    "Operation",
    "Params",
    "RequirementKind",
    "Severity",
    "Standing",
    "Statement",
    "StepContext",
]


class RequirementKind(Kind[P]):
    """One kind of requirement. The module holds one instance, named `KIND`."""
