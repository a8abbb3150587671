"""What can be known of a look into a database before one is taken, and the way out of each trouble that it may meet."""

from __future__ import annotations

from pilotlight.domain.databases import Trouble
from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Finding, Severity, StepContext
from pilotlight.estate.databases.asking import ALIAS, function_name
from pilotlight.estate.databases.authorities import vouched_for
from pilotlight.estate.secrets import is_there

_WAYS_OUT = {
    Trouble.UNREACHABLE: "Let the function's security group out to the database's port, and the database's let it in.",
    Trouble.READ_ONLY: "See why it is a replica still, and what the step says that was to move the writer.",
    Trouble.SLOW: "See what holds the database up: its load, or a lock on the table.",
    Trouble.CERTIFICATE: "Ask the instance's own address, and give it a certificate of RDS that is in force.",
    Trouble.LOGIN: "Put the user and the password that the database knows into the secret.",
    Trouble.NO_TABLE: "Create the table, as docs/steps.md shows, or name another one in the plan.",
    Trouble.FORBIDDEN: "Grant the login what it needs, as docs/steps.md shows.",
    Trouble.NO_KEY: "Make run_id the primary key of the table.",
}


def way_out(trouble: str) -> str:
    """What a person can do about a trouble."""
    return f"{_WAYS_OUT.get(Trouble(trouble), 'Correct what the database names.')} Then retry the step."


def findings(context: StepContext, instance: str, login: str) -> tuple[Finding, ...]:
    """The secret is there, the function can be called, and somebody vouches for the region's databases."""
    return (_secret(context, instance, login), _function(context), *_authority(context))


def _secret(context: StepContext, instance: str, login: str) -> Finding:
    if is_there(context, login):
        return Finding(Severity.FINE, "database-login", f"Secret {login} is there; it was not opened.")
    missing = f"Database {instance} cannot be asked, because {context.place.standby} has no secret {login}."
    fix = "Put a JSON object with username and password into it."
    return Finding(Severity.IMPOSSIBLE, "database-login", missing, fix)


def _function(context: StepContext) -> Finding:
    name, where = function_name(context.place), context.place.standby
    try:
        found = context.aws.call("lambda", "GetFunctionConfiguration", where, FunctionName=name, Qualifier=ALIAS)
    except NotFound:
        missing = f"Function {name} is missing in {where}, so no database can be asked."
        return Finding(Severity.IMPOSSIBLE, "database-function", missing, "Deploy the application's stack again.")
    state = str(found.get("State", "Active"))
    if state == "Failed":
        said = f"Function {name} cannot be called, because it is Failed: {found.get('StateReason', 'no reason')}."
        return Finding(Severity.IMPOSSIBLE, "database-function", said, "Deploy the application's stack again.")
    asleep = "" if state == "Active" else f" once Lambda has woken it ({state}), which takes some minutes"
    return Finding(Severity.FINE, "database-function", f"Function {name} can be called{asleep}.")


def _authority(context: StepContext) -> tuple[Finding, ...]:
    where = context.place.standby
    if where in vouched_for():
        return ()
    said = f"No database in {where} would be believed, because no authority of RDS for that region comes with the code."
    fix = "Add the region's authorities of RDS to lambdas/pilotlight/estate/databases/rds-authorities.pem, and deploy."
    return (Finding(Severity.IMPOSSIBLE, "database-authority", said, fix),)
