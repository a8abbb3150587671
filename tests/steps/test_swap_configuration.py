"""Swapping the configuration: whole lives against moto's SSM behind the embedded AWS."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
import yaml
from pydantic import ValidationError

from pilotlight.domain.errors import AccessDenied, InvalidRequest, Throttled
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    OutputOf,
    Receipt,
    Severity,
    StepContext,
    Undone,
)
from pilotlight.steps.swap_configuration import KIND, SwapConfigurationParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.wire import Call
from tests.builders import ISOLATION, drilled
from tests.steps.conftest import PLACE, Bench

TOKYO = "ap-northeast-1"
DATABASE, REDIS = "/shared/rds/dr/endpoint", "/fileflow/dr/redis/address"
OUTPUTS = {"promote": {"endpoint": "replica.tokyo:3306"}, "create-cache": {"address": "redis.tokyo"}}
PUT, TAG, UNTAG, DELETE = (
    "ssm:PutParameter",
    "ssm:AddTagsToResource",
    "ssm:RemoveTagsFromResource",
    "ssm:DeleteParameter",
)
KEY = "0a1b2c3d-0000-4000-8000-0123456789ab"
SECRET = {"value": {"step": "promote", "output": "endpoint"}, "type": "SecureString", "key": "alias/aws/ssm"}


def params(parameters: dict[str, Any] | None = None, **changes: Any) -> SwapConfigurationParams:
    usual = {
        DATABASE: {"step": "promote", "output": "endpoint"},
        REDIS: {"step": "create-cache", "output": "address"},
    }
    return SwapConfigurationParams.model_validate({"parameters": parameters or usual, **changes})


def ssm(bench: Bench, operation: str, **parameters: Any) -> dict[str, Any]:
    return bench.context().aws.call("ssm", operation, TOKYO, **parameters)


def put(bench: Bench, name: str, value: str, **more: Any) -> None:
    ssm(bench, "PutParameter", Name=name, Value=value, Overwrite=True, **({"Type": "String"} | more))


def held(bench: Bench, name: str) -> str:
    value: str = ssm(bench, "GetParameter", Name=name, WithDecryption=True)["Parameter"]["Value"]
    return value


def tags(bench: Bench, name: str) -> dict[str, str]:
    listed = ssm(bench, "ListTagsForResource", ResourceType="Parameter", ResourceId=name)["TagList"]
    return {tag["Key"]: tag["Value"] for tag in listed}


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A standby whose parameters hold what was true before the outage, with a clean trace."""
    put(bench, DATABASE, "primary.seoul:3306", Description="Where the database is.")
    put(bench, REDIS, "none")
    bench.world.trace.clear()
    return bench


def receipt_of(state: StepState) -> Receipt:
    assert state.receipt is not None
    return state.receipt


def context(bench: Bench) -> StepContext:
    return bench.context(outputs=OUTPUTS)


class Refusing:
    """The AWS port, in front of which one operation on one parameter is refused a number of times."""

    def __init__(self, bench: Bench, operation: str, error: Exception, *, name: str = "", times: int = 1) -> None:
        self._through = bench.context().aws
        self._operation, self._error, self._name, self._left = operation, error, name, times

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        names = (parameters.get("Name"), parameters.get("ResourceId"))
        if operation == self._operation and self._left and (not self._name or self._name in names):
            self._left -= 1
            raise self._error
        return self._through.call(service, operation, region, **parameters)


def refusing(bench: Bench, refusal: Refusing) -> StepContext:
    plain = context(bench)
    return StepContext(PLACE, plain.run_id, plain.step, 1, plain.started, plain.now, refusal, plain.web, plain.outputs)


def test_the_new_values_are_written_and_read_back(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS)

    assert state.status is StepStatus.SETTLED
    assert (held(bench, DATABASE), held(bench, REDIS)) == ("replica.tokyo:3306", "redis.tokyo")
    assert bench.writes() == [TAG, PUT, TAG, PUT]
    assert bench.states[0].reason == f"Wrote {DATABASE} and {REDIS}."
    assert state.reason == f"New values are read back from {DATABASE} and {REDIS}."
    assert dict(state.outputs) == {}


def test_text_from_the_plan_is_written_too(bench: Bench) -> None:
    state = bench.live(KIND, params({REDIS: "redis.example.com"}))

    assert state.status is StepStatus.SETTLED
    assert held(bench, REDIS) == "redis.example.com"


def test_a_value_that_is_there_already_is_not_written_again(bench: Bench) -> None:
    put(bench, REDIS, "redis.tokyo")
    bench.world.trace.clear()

    state = bench.live(KIND, params({REDIS: "redis.tokyo"}))

    assert state.status is StepStatus.SETTLED
    assert state.attempts == 1
    assert bench.writes() == []
    assert receipt_of(state).sentence == "Every parameter holds its new value already."


def test_the_receipt_keeps_what_was_there(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS)

    assert receipt_of(state).data == {
        "parameters": {
            DATABASE: {"version": 2, "replaces": 1, "previous": "primary.seoul:3306"},
            REDIS: {"version": 2, "replaces": 1, "previous": "none"},
        }
    }


def test_only_the_value_changes(bench: Bench) -> None:
    bench.live(KIND, params(), outputs=OUTPUTS)

    history = ssm(bench, "GetParameterHistory", Name=DATABASE)["Parameters"]
    assert history[-1]["Description"] == "Where the database is."
    assert history[-1]["Type"] == "String"


def test_the_parameters_say_which_run_replaced_what(bench: Bench) -> None:
    bench.live(KIND, params(), outputs=OUTPUTS)

    assert tags(bench, REDIS) == {"pilotlight:run": "fileflow-e1", "pilotlight:replaces": "1"}


def test_a_secure_string_keeps_its_key_and_its_old_value_is_not_recorded(bench: Bench) -> None:
    put(bench, REDIS, "old-s3cret", Type="SecureString", KeyId=KEY)
    asked = params({REDIS: SECRET | {"key": KEY}})

    state = bench.live(KIND, asked, outputs={"promote": {"endpoint": "new-s3cret"}})

    assert state.status is StepStatus.SETTLED
    assert held(bench, REDIS) == "new-s3cret"
    assert ssm(bench, "GetParameterHistory", Name=REDIS)["Parameters"][-1]["KeyId"] == KEY
    assert receipt_of(state).data["parameters"][REDIS] == {"version": 3, "replaces": 2, "previous": None}
    assert "s3cret" not in repr([bench.states, bench.world.trace])


def test_undo_reads_the_old_secret_from_its_version(bench: Bench) -> None:
    put(bench, REDIS, "old-s3cret", Type="SecureString", KeyId="alias/aws/ssm")
    state = bench.live(KIND, params({REDIS: SECRET}), outputs=OUTPUTS)

    undone = KIND.undo(params({REDIS: SECRET}), receipt_of(state), context(bench))

    assert isinstance(undone, Undone)
    assert held(bench, REDIS) == "old-s3cret"


@pytest.mark.parametrize("code", ["ParameterPatternMismatchException", "ValidationException"])
def test_a_refusal_that_quotes_the_value_is_not_repeated(bench: Bench, code: str) -> None:
    error = InvalidRequest("ssm", "PutParameter", TOKYO, code, "the value replica.tokyo:3306 does not fit")

    seen = KIND.execute(params(), refusing(bench, Refusing(bench, "PutParameter", error)))

    assert isinstance(seen, Failed)
    assert seen.reason == f"Parameter {DATABASE} cannot be written, because SSM answered {code}."


def test_a_missing_parameter_stops_the_step_before_anything_is_written(bench: Bench) -> None:
    asked = params({REDIS: "redis.tokyo", "/fileflow/dr/typo": "x"})

    state = bench.live(KIND, asked)

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Parameter /fileflow/dr/typo cannot be written, because it is missing in {TOKYO}."
    assert "correct its name in the plan" in state.fix
    assert bench.writes() == []


def test_a_parameter_of_another_type_stops_the_step(bench: Bench) -> None:
    put(bench, REDIS, "s", Type="SecureString")
    bench.world.trace.clear()

    state = bench.live(KIND, params({REDIS: "redis.tokyo"}))

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Parameter {REDIS} cannot be written, because it is a SecureString and not a String."
    assert bench.writes() == []


@pytest.mark.parametrize("outputs", [{}, {"promote": {}}, {"promote": {"endpoint": ""}}])
def test_a_step_that_gave_nothing_is_an_error_and_never_an_empty_value(
    bench: Bench, outputs: dict[str, dict[str, str]]
) -> None:
    state = bench.live(KIND, params(), outputs=outputs)

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Parameter {DATABASE} cannot be written, because step promote gave no endpoint."
    assert bench.writes() == []


def test_a_value_that_needs_the_advanced_tier_is_refused_with_a_sentence(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS | {"create-cache": {"address": "x" * 4097}})

    assert state.status is StepStatus.FAILED
    assert state.reason == (
        f"Parameter {REDIS} cannot be written, because its value has more than the 4096 bytes of a standard parameter."
    )
    assert bench.writes() == []


def fill_versions(bench: Bench, name: str, *, label_oldest: bool) -> None:
    for number in range(99):
        put(bench, name, f"value {number}")
    if label_oldest:
        ssm(bench, "LabelParameterVersion", Name=name, ParameterVersion=1, Labels=["golden"])
    bench.world.trace.clear()


def test_an_oldest_version_that_a_label_holds_fails_with_the_way_out(bench: Bench) -> None:
    fill_versions(bench, REDIS, label_oldest=True)

    state = bench.live(KIND, params({REDIS: "redis.tokyo"}))

    assert state.status is StepStatus.FAILED
    assert state.reason == (
        f"Parameter {REDIS} cannot be written, because its oldest version carries a label and may not go."
    )
    assert "Move the label" in state.fix


def test_a_hundred_versions_without_a_label_are_no_trouble(bench: Bench) -> None:
    fill_versions(bench, REDIS, label_oldest=False)

    assert bench.live(KIND, params({REDIS: "redis.tokyo"})).status is StepStatus.SETTLED


@pytest.mark.parametrize("code", [code for op in KIND.operations if op.name == "PutParameter" for code in op.fatal])
def test_a_fatal_refusal_fails_the_step_with_a_sentence(bench: Bench, code: str) -> None:
    error = InvalidRequest("ssm", "PutParameter", TOKYO, code, "as AWS says it")

    seen = KIND.execute(params(), refusing(bench, Refusing(bench, "PutParameter", error)))

    assert isinstance(seen, Failed)
    assert seen.reason == f"Parameter {DATABASE} cannot be written, because SSM answered {code}."
    assert seen.fix.endswith("retry the step.")


@pytest.mark.parametrize("operation", ["PutParameter", "AddTagsToResource"])
def test_too_many_updates_are_waited_out(bench: Bench, operation: str) -> None:
    error = InvalidRequest("ssm", operation, TOKYO, "TooManyUpdates", "busy")

    seen = KIND.execute(params(), refusing(bench, Refusing(bench, operation, error)))

    assert seen.reason == (  # type: ignore[union-attr]
        f"Parameter {DATABASE} is being written by someone else too, so it is looked at again."
    )


def test_a_denied_write_says_what_is_missing(bench: Bench) -> None:
    error = AccessDenied("ssm", "PutParameter", TOKYO, "AccessDeniedException", "not allowed")

    with pytest.raises(AccessDenied):
        KIND.execute(params(), refusing(bench, Refusing(bench, "PutParameter", error)))


def test_a_parameter_with_fifty_tags_is_written_without_a_mark(bench: Bench) -> None:
    error = InvalidRequest("ssm", "AddTagsToResource", TOKYO, "TooManyTagsError", "50")
    refusal = Refusing(bench, "AddTagsToResource", error)

    seen = KIND.execute(params({REDIS: "redis.tokyo"}), refusing(bench, refusal))

    assert isinstance(seen, Receipt)
    assert held(bench, REDIS) == "redis.tokyo"


def test_executing_twice_writes_once_and_remembers_the_same(bench: Bench) -> None:
    first = KIND.execute(params(), context(bench))
    writes = bench.writes()

    second = KIND.execute(params(), context(bench))

    assert bench.writes() == writes
    assert second.data == first.data  # type: ignore[union-attr]


@pytest.mark.parametrize("operation", ["PutParameter", "AddTagsToResource"])
def test_a_lost_answer_is_read_again_and_nothing_is_written_twice(bench: Bench, operation: str) -> None:
    bench.lose_answers(operation)

    state = bench.live(KIND, params({REDIS: "redis.tokyo"}))

    assert state.status is StepStatus.SETTLED
    assert "asked again" in bench.states[0].reason
    assert bench.writes().count(PUT) == 1
    assert receipt_of(state).data["parameters"][REDIS] == {"version": 2, "replaces": 1, "previous": "none"}


def test_a_throttled_write_is_tried_again(bench: Bench) -> None:
    error = Throttled("ssm", "PutParameter", TOKYO, "ThrottlingException", "slow down")
    with pytest.raises(Throttled):
        KIND.execute(params(), refusing(bench, Refusing(bench, "PutParameter", error)))

    state = bench.live(KIND, params(), outputs=OUTPUTS)

    assert state.status is StepStatus.SETTLED


def test_a_swap_that_was_cut_short_is_finished_and_can_still_be_undone_whole(bench: Bench) -> None:
    error = Throttled("ssm", "PutParameter", TOKYO, "ThrottlingException", "slow down")
    cut = refusing(bench, Refusing(bench, "PutParameter", error, name=REDIS))
    with pytest.raises(Throttled):
        KIND.execute(params(), cut)
    assert (held(bench, DATABASE), held(bench, REDIS)) == ("replica.tokyo:3306", "none")

    state = bench.live(KIND, params(), outputs=OUTPUTS)
    undone = KIND.undo(params(), receipt_of(state), context(bench))

    assert state.status is StepStatus.SETTLED
    assert bench.writes().count(PUT) == 4
    assert isinstance(undone, Undone)
    assert (held(bench, DATABASE), held(bench, REDIS)) == ("primary.seoul:3306", "none")


def test_what_another_run_wrote_is_not_taken_for_our_own(bench: Bench) -> None:
    bench.live(KIND, params(), outputs=OUTPUTS)
    ssm(
        bench,
        "AddTagsToResource",
        ResourceType="Parameter",
        ResourceId=REDIS,
        Tags=[{"Key": "pilotlight:run", "Value": "fileflow-e0"}],
    )

    again = KIND.execute(params({REDIS: "redis.tokyo"}), context(bench))

    assert again.data["parameters"][REDIS]["replaces"] is None  # type: ignore[union-attr]


def test_a_write_that_came_between_the_look_and_ours_is_what_undo_goes_back_to(bench: Bench) -> None:
    def come_between(call: Call) -> None:
        if call.operation == "AddTagsToResource":
            bench.aws.after_call.remove(come_between)
            put(bench, REDIS, "from someone else")

    bench.aws.after_call.append(come_between)

    state = bench.live(KIND, params({REDIS: "redis.tokyo"}))

    assert receipt_of(state).data["parameters"][REDIS] == {
        "version": 3,
        "replaces": 2,
        "previous": "from someone else",
    }


def test_verifying_changes_nothing(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS)
    before = bench.writes()

    KIND.verify(params(), receipt_of(state), context(bench))

    assert bench.writes() == before


def test_a_value_that_someone_writes_over_fails_the_step(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS)
    put(bench, REDIS, "from someone else")

    seen = KIND.verify(params(), receipt_of(state), context(bench))

    assert isinstance(seen, Failed)
    assert seen.reason == f"Parameter {REDIS} was written over in version 3, and not by this run."


def test_a_parameter_that_someone_deletes_fails_the_step(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS)
    ssm(bench, "DeleteParameter", Name=REDIS)

    seen = KIND.verify(params(), receipt_of(state), context(bench))

    assert isinstance(seen, Failed)
    assert seen.reason == f"Parameter {REDIS} is gone, and not by this run."


def test_an_older_version_that_still_shows_is_waited_for(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS)
    data = receipt_of(state).data["parameters"]
    ahead = Receipt("", True, {"parameters": data | {REDIS: data[REDIS] | {"version": 3}}})

    seen = KIND.verify(params(), ahead, context(bench))

    assert seen.reason == f"Parameter {REDIS} still shows version 2, not 3."


def test_undo_writes_the_previous_values_back_and_takes_the_marks_away(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS)

    undone = KIND.undo(params(), receipt_of(state), context(bench))

    assert undone == Undone(f"As before this run: {DATABASE} and {REDIS}.")
    assert (held(bench, DATABASE), held(bench, REDIS)) == ("primary.seoul:3306", "none")
    assert tags(bench, DATABASE) == {}


def test_undoing_twice_writes_once(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS)
    KIND.undo(params(), receipt_of(state), context(bench))
    puts = bench.writes().count(PUT)

    undone = KIND.undo(params(), receipt_of(state), context(bench))

    assert isinstance(undone, Undone)
    assert bench.writes().count(PUT) == puts


def test_undo_leaves_what_it_found(bench: Bench) -> None:
    put(bench, REDIS, "redis.tokyo")
    state = bench.live(KIND, params({REDIS: "redis.tokyo"}))
    bench.world.trace.clear()

    undone = KIND.undo(params({REDIS: "redis.tokyo"}), receipt_of(state), context(bench))

    assert undone == Undone("Nothing is taken back, because this run wrote no parameter.")
    assert bench.writes() == []


def test_undo_leaves_what_someone_wrote_since_and_restores_the_rest(bench: Bench) -> None:
    state = bench.live(KIND, params(), outputs=OUTPUTS)
    put(bench, REDIS, "from someone else")

    undone = KIND.undo(params(), receipt_of(state), context(bench))

    assert undone == CannotUndo(
        f"Parameter {REDIS} stays, because someone wrote version 3 since; look at the values there."
    )
    assert (held(bench, DATABASE), held(bench, REDIS)) == ("primary.seoul:3306", "from someone else")


def test_undo_says_when_the_old_secret_is_dropped_or_the_parameter_is_gone(bench: Bench) -> None:
    put(bench, REDIS, "old", Type="SecureString", KeyId="alias/aws/ssm")
    asked = params({REDIS: SECRET, DATABASE: "x"})
    state = bench.live(KIND, asked, outputs=OUTPUTS)
    data = receipt_of(state).data["parameters"]
    dropped = Receipt("", True, {"parameters": data | {REDIS: data[REDIS] | {"replaces": 77}}})
    ssm(bench, "DeleteParameter", Name=DATABASE)

    undone = KIND.undo(asked, dropped, context(bench))

    assert undone == CannotUndo(
        f"Parameter {REDIS} stays, because SSM has dropped its version 77; parameter {DATABASE} is gone; "
        "look at the values there."
    )


def test_undo_that_is_refused_says_so(bench: Bench) -> None:
    state = bench.live(KIND, params({REDIS: "redis.tokyo"}))
    error = InvalidRequest("ssm", "PutParameter", TOKYO, "ParameterPatternMismatchException", "no")

    undone = KIND.undo(
        params({REDIS: "redis.tokyo"}),
        receipt_of(state),
        refusing(bench, Refusing(bench, "PutParameter", error)),
    )

    assert undone == CannotUndo(
        f"Parameter {REDIS} cannot be written, because SSM answered ParameterPatternMismatchException; "
        "look at the values there."
    )


def test_a_drill_writes_parameters_of_its_own_and_leaves_none_behind(bench: Bench) -> None:
    stand_in = drilled(KIND, params())
    assert list(stand_in.parameters) == [
        f"/pilotlight/drill/fileflow-drill{DATABASE}",
        f"/pilotlight/drill/fileflow-drill{REDIS}",
    ]

    state = bench.live(KIND, stand_in, outputs=OUTPUTS)
    during = held(bench, f"/pilotlight/drill/fileflow-drill{REDIS}")
    undone = KIND.undo(stand_in, receipt_of(state), context(bench))

    assert state.status is StepStatus.SETTLED
    assert during == "redis.tokyo"
    assert isinstance(undone, Undone)
    assert bench.writes() == [PUT, PUT, DELETE, DELETE]
    names = [found["Name"] for found in ssm(bench, "DescribeParameters")["Parameters"]]
    assert sorted(names) == sorted([DATABASE, REDIS])
    assert (held(bench, DATABASE), held(bench, REDIS)) == ("primary.seoul:3306", "none")


def test_a_drill_whose_creation_was_lost_still_knows_its_own(bench: Bench) -> None:
    stand_in = drilled(KIND, params({REDIS: "redis.tokyo"}))
    bench.lose_answers("PutParameter")

    state = bench.live(KIND, stand_in)
    undone = KIND.undo(stand_in, receipt_of(state), context(bench))
    again = KIND.undo(stand_in, receipt_of(state), context(bench))

    assert bench.writes() == [PUT, DELETE]
    assert isinstance(undone, Undone)
    assert isinstance(again, Undone)


def test_a_drill_does_not_delete_what_someone_wrote_since(bench: Bench) -> None:
    stand_in = drilled(KIND, params({REDIS: "redis.tokyo"}))
    state = bench.live(KIND, stand_in)
    name = f"/pilotlight/drill/fileflow-drill{REDIS}"
    put(bench, name, "from someone else")

    undone = KIND.undo(stand_in, receipt_of(state), context(bench))

    assert isinstance(undone, CannotUndo)
    assert held(bench, name) == "from someone else"


def test_a_parameter_that_appears_while_it_is_created_is_looked_at_again(bench: Bench) -> None:
    asked = params({"/fileflow/new": "x"}, create_missing=True)
    error = InvalidRequest("ssm", "PutParameter", TOKYO, "ParameterAlreadyExists", "there")

    seen = KIND.execute(asked, refusing(bench, Refusing(bench, "PutParameter", error)))

    assert "looked at again" in seen.reason  # type: ignore[union-attr]


def test_a_name_too_deep_for_the_prefix_has_no_stand_in() -> None:
    deep = "/a" * 13

    stand_in = KIND.stand_in(params({deep: "x"}), ISOLATION)

    assert isinstance(stand_in, Refusal)
    assert stand_in.sentence.startswith(f"Parameter {deep} has no stand-in for drills, because")


def by_code(findings: tuple[Finding, ...]) -> set[tuple[str, Severity, str]]:
    return {(finding.code, finding.severity, finding.sentence) for finding in findings}


def test_readiness_says_that_all_is_well(bench: Bench) -> None:
    found = by_code(KIND.readiness(params({REDIS: "x"}), context(bench)))

    assert found == {
        ("parameter-usable", Severity.FINE, f"Parameter {REDIS} is there."),
        ("parameter-versions", Severity.FINE, f"Parameter {REDIS} has room for a new version."),
    }
    assert bench.writes() == []


def test_readiness_finds_what_is_missing_of_another_type_or_full(bench: Bench) -> None:
    put(bench, DATABASE, "s", Type="SecureString")
    fill_versions(bench, REDIS, label_oldest=True)

    found = KIND.readiness(params({DATABASE: "x", REDIS: "y", "/fileflow/typo": "z"}), context(bench))

    impossible = {finding.sentence: finding.fix for finding in found if finding.severity is Severity.IMPOSSIBLE}
    assert set(impossible) == {
        f"Parameter {DATABASE} cannot be written, because it is a SecureString and not a String.",
        f"Parameter {REDIS} cannot be written, because its oldest version 1 carries a label.",
        f"Parameter /fileflow/typo cannot be written, because it is missing in {TOKYO}.",
    }
    assert all(impossible.values())


def test_preflight_reads_each_parameter_once_and_in_the_standby_only(bench: Bench) -> None:
    found = KIND.preflight(params(), context(bench))

    assert [finding.severity for finding in found] == [Severity.FINE, Severity.FINE]
    assert [(line.operation, line.region) for line in bench.world.trace] == [("GetParameter", TOKYO)] * 2


def test_every_modelled_error_of_its_operations_is_handled_or_fatal() -> None:
    session = botocore.session.get_session()

    for operation in KIND.operations:
        model = session.get_service_model(operation.service).operation_model(operation.name)
        modelled = {(s.metadata.get("error") or {}).get("code", s.name) for s in model.error_shapes}
        assert set(operation.handled) | set(operation.fatal) == modelled, operation.name
        assert not set(operation.handled) & set(operation.fatal), operation.name


def test_the_operations_are_the_ones_that_are_called(bench: Bench) -> None:
    fill_versions(bench, REDIS, label_oldest=False)
    stand_in = drilled(KIND, params())

    KIND.readiness(params(), context(bench))
    for asked in (params(), stand_in):
        state = bench.live(KIND, asked, outputs=OUTPUTS)
        KIND.execute(asked, context(bench))
        KIND.undo(asked, receipt_of(state), context(bench))

    called = {(line.service, line.operation, line.mutating) for line in bench.world.trace}
    assert called == {(o.service, o.name, o.access is not Access.READ) for o in KIND.operations}


@pytest.mark.parametrize("drill", [False, True])
def test_a_whole_life_stays_within_its_permissions(bench: Bench, drill: bool) -> None:
    asked = drilled(KIND, params()) if drill else params()
    role = CURRENT_ROLE.set(Role("step", KIND.statements(asked, PLACE)))

    found = KIND.preflight(asked, context(bench))
    state = bench.live(KIND, asked, outputs=OUTPUTS)
    undone = KIND.undo(asked, receipt_of(state), context(bench))

    CURRENT_ROLE.reset(role)
    assert {finding.severity for finding in found} == {Severity.FINE}
    assert state.status is StepStatus.SETTLED
    assert isinstance(undone, Undone)
    assert {line.error for line in bench.world.trace if line.mutating} == {""}


def test_its_permissions_name_its_parameters_and_keys_and_nothing_more() -> None:
    asked = params({DATABASE: "x", REDIS: SECRET | {"key": KEY}})

    statements = KIND.statements(asked, PLACE)

    arns = tuple(f"arn:aws:ssm:{TOKYO}:123456789012:parameter{name}" for name in (DATABASE, REDIS))
    key = (f"arn:aws:kms:{TOKYO}:123456789012:key/{KEY}",)
    assert [(s.access, s.resources) for s in statements] == [
        (Access.READ, arns),
        (Access.WRITE, arns),
        (Access.READ, key),
        (Access.WRITE, key),
    ]
    assert "ssm:DeleteParameter" not in statements[1].actions
    assert statements[3].actions == ("kms:Encrypt",)
    assert statements[3].conditions == {"StringEquals": {"kms:ViaService": f"ssm.{TOKYO}.amazonaws.com"}}


def test_only_a_drill_may_delete_and_the_key_of_aws_needs_no_permission() -> None:
    drilled = params({REDIS: SECRET}, create_missing=True)

    statements = KIND.statements(drilled, PLACE)

    assert len(statements) == 2
    assert "ssm:DeleteParameter" in statements[1].actions


def test_it_needs_the_outputs_that_it_writes() -> None:
    asked = params({DATABASE: SECRET, REDIS: "redis.tokyo", "/x": {"value": {"step": "a", "output": "b"}}})

    assert KIND.needs(asked) == (OutputOf(step="promote", output="endpoint"), OutputOf(step="a", output="b"))


def test_what_must_stand_is_said_but_not_for_a_drill() -> None:
    standing = KIND.standing(params({DATABASE: SECRET, REDIS: "x"}), PLACE)

    assert [(s.service, s.what, s.region, dict(s.facts)) for s in standing] == [
        ("ssm", "parameter", TOKYO, {"name": DATABASE, "type": "SecureString", "key": "alias/aws/ssm"}),
        ("ssm", "parameter", TOKYO, {"name": REDIS, "type": "String", "key": None}),
    ]
    assert KIND.standing(params({REDIS: "x"}, create_missing=True), PLACE) == ()


def test_it_is_disruptive_and_says_what_it_does() -> None:
    assert KIND.harm is Harm.DISRUPTIVE
    assert KIND.title(params()) == f"Swap {DATABASE} and {REDIS}"
    assert KIND.title(params({DATABASE: "a", REDIS: "b", "/c": "d"})) == "Swap 3 configuration values"


def test_the_example_is_a_plan_entry() -> None:
    example = re.search(r"```yaml\n(.*?)```", SwapConfigurationParams.__doc__ or "", re.DOTALL)

    assert example is not None
    entry = yaml.safe_load(example[1])
    asked = SwapConfigurationParams.model_validate(entry["params"])
    assert entry["kind"] == KIND.name
    assert {name: setting.type.value for name, setting in asked.settings().items()} == {
        "/shared/rds/dr/endpoint": "String",
        "/fileflow/dr/redis/address": "String",
        "/fileflow/dr/region": "String",
        "/fileflow/dr/redis/url": "SecureString",
    }
    assert SwapConfigurationParams.model_validate_json(asked.model_dump_json()) == asked


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "at least 1 item"),
        ({"no-slash": "x"}, "pattern"),
        ({"/x:3": "x"}, "pattern"),
        ({"/x": ""}, "at least 1 character"),
        ({"/x": 6379}, "valid string"),
        ({"/x": {"step": "promote"}}, "Field required"),
        ({"/x": {"step": "promote", "output": "endpoint", "of": "x"}}, "Extra inputs"),
        ({"/x": {"value": "s", "type": "StringList"}}, "'String' or 'SecureString'"),
        ({"/x": {"value": {"step": "a", "output": "b"}, "type": "SecureString"}}, "names its key"),
        ({"/x": {"value": "s3cret", "type": "SecureString", "key": KEY}}, "no place for secrets"),
        ({"/x": {"value": "x", "key": KEY}}, "only a SecureString has a key"),
        ({"/x": {"value": "x", "type": "SecureString", "key": "alias/mine"}}, "pattern"),
        ({"/x": "x" * 4097}, "more than the 4096 bytes"),
        ({"/x": "é" * 2049}, "more than the 4096 bytes"),
        ({"/a" * 16: "x"}, "more than the 15 levels"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SwapConfigurationParams.model_validate({"parameters": parameters})
