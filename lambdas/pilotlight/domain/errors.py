"""Every error that Pilotlight raises, named by what the caller can do about it.

PilotlightError
├── Refused                 a guard said no: nothing was changed; read the sentence
│   ├── PlanRefused         the plan is wrong: correct it
│   ├── InputRefused        an event or an execution input is wrong: nothing was started
│   └── StaleActor          another run holds the lease by now: stop
├── Misconfigured           the deployment lacks something (a table, a variable, a secret): deploy again
├── AlreadyThere            an insert found the item: read it and join
├── Changed                 a conditional write lost a race: read again, decide again
├── DatabaseTrouble         a database, or the way to it, said no; `what` says whether it may pass
└── AwsError                AWS, or the way to it, said no
    ├── Throttled           slow down and try again
    ├── Unavailable         nothing was done, the service did not answer: try again
    ├── Ambiguous           it may have been done: read before trying again
    ├── AccessDenied        a role lacks a permission: trying again does not help
    ├── NotFound            the named thing is not there
    ├── AlreadyExists       the named thing is there already: look whether it is ours
    ├── InvalidState        the thing is there but not ready for this
    └── InvalidRequest      AWS will never accept this request
"""

from __future__ import annotations


class PilotlightError(Exception):
    """The root: whatever carries a sentence for a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Refused(PilotlightError):
    """A guard said no; nothing was changed."""


class PlanRefused(Refused):
    """The plan contradicts itself or names something that does not exist."""


class InputRefused(Refused):
    """An event or an execution input is not of the shape that is accepted."""


class StaleActor(Refused):
    """The run that acts no longer holds the lease, so it may change nothing more."""


class Misconfigured(PilotlightError):
    """The deployment is incomplete: a variable, a table or a secret is missing."""


class AlreadyThere(PilotlightError):
    """An insert found an item under the same key."""


class Changed(PilotlightError):
    """A conditional write found another version than the one it was based on."""


class DatabaseTrouble(PilotlightError):
    """A database, or the way to it, said no. `what` is a `Trouble` of `pilotlight.domain.databases`."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(said)
        self.what = what


class AwsError(PilotlightError):
    """AWS answered with an error, or did not answer.

    Parameters: `service` and `operation` as botocore spells them, `region`, the wire `code`
    (for example `InvalidDBInstanceState`) and the wire `message`.
    """

    def __init__(self, service: str, operation: str, region: str, code: str, message: str) -> None:
        super().__init__(f"{service} {operation} in {region} answered {code}: {message}")
        self.service = service
        self.operation = operation
        self.region = region
        self.code = code
        self.message = message


class Throttled(AwsError):
    """The account's rate for this operation is used up for now."""


class Unavailable(AwsError):
    """The service failed or could not be reached before the request was sent; nothing was done."""


class Ambiguous(AwsError):
    """The request was sent and no answer came back: the effect is unknown until it is read."""


class AccessDenied(AwsError):
    """The role may not do this."""


class NotFound(AwsError):
    """The named resource does not exist in that region."""


class AlreadyExists(AwsError):
    """A resource of that name exists already."""


class InvalidState(AwsError):
    """The resource exists but its state does not allow the operation."""


class InvalidRequest(AwsError):
    """The request itself is wrong, and would be wrong again."""
