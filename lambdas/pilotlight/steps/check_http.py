"""Check over HTTP that the standby serves: ask its own load balancer, under the public name, for the expected answer.

The request goes to the load balancer that `connect_to` names, while the URL's host stays Host header and SNI, and
TLS is verified against it. It never goes through DNS: until traffic has moved, and for as long as a resolver caches
after that, the public name leads to the primary, and a check of it says nothing about the standby.

Several good answers in a row are asked for within one look, because no state is kept between looks, and a load
balancer with one sick target answers well every other time. A POST is sent once a look. Whatever comes back instead
is named by its status and the beginning of its body, or by what was wrong on the way; headers are never quoted.

It waits for a cold JVM behind targets that are healthy already: seconds as a rule, some minutes at worst (estimates).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from pilotlight.domain.durations import Duration, say_duration
from pilotlight.domain.handwork import Handwork, held_in, variable_of
from pilotlight.domain.place import Place
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Finding,
    Harm,
    Operation,
    OutputOf,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.elbv2.answers import Scalar, difference
from pilotlight.estate.elbv2.by_hand import asking

LONGEST_LOOK = timedelta(seconds=20)
"""What the requests of one look may take together, so that a look fits well into one turn of a step."""

_LONGEST_TITLE = 60
_QUOTED_CHARACTERS = 120
_SHORTEST_SECRET = 4
_IN_A_ROW = 2
# Where AWS puts the region into a load balancer's name: application and classic ones, network ones.
_REGION_OF_BALANCER = re.compile(r"\.([a-z0-9-]+)\.elb\.amazonaws\.com$|\.elb\.([a-z0-9-]+)\.amazonaws\.com$")


HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")]


class CheckHttpParams(Params):
    """What is asked, of whom, and which answer is good.

    ```yaml
    step: check-health
    kind: check_http
    params:
      url: https://fileflow.ryuqqq.com/actuator/health
      connect_to: fileflow-dr-1234567890.ap-northeast-1.elb.amazonaws.com
      expect_json: {status: UP}
    ```
    """

    url: str = Field(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?([/?][^\s#]*)?$")
    connect_to: HostName | OutputOf = Field(
        description="The standby's own load balancer: its name as AWS gives it, or the step that makes it."
    )
    method: Literal["GET", "HEAD", "POST"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict, description="Never recorded, never quoted.")
    body: str | None = None
    expect_status: int | tuple[int, ...] = Field(200, description="One status, or several that are all good.")
    expect_body: str | None = Field(None, min_length=1, description="Text that a good answer contains.")
    expect_json: dict[str, Scalar] = Field(
        default_factory=dict, description="Values of a good answer by dotted path, as in `components.db.status`."
    )
    timeout: Duration = timedelta(seconds=5)
    in_a_row: int | None = Field(None, ge=1, le=10, description="Good answers in a row: 2, and 1 for a POST.")

    @model_validator(mode="before")
    @classmethod
    def _names_the_load_balancer(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("connect_to"):
            raise ValueError(
                "connect_to is missing; name the standby's own load balancer, because the public name leads to "
                "the primary until traffic has moved"
            )
        return given

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if isinstance(self.connect_to, str) and self.connect_to.lower() == self.host.lower():
            raise ValueError("connect_to is the public name itself; name the standby's own load balancer")
        if not self.statuses:
            raise ValueError("expect_status names no status; name at least one")
        if self.method == "HEAD" and (self.expect_body or self.expect_json):
            raise ValueError("the answer to a HEAD has no body to expect anything of; use GET")
        if self.method == "POST" and self.asks > 1:
            raise ValueError("a POST is sent once a look, because it may change things; leave in_a_row out")
        if self.timeout <= timedelta(0):
            raise ValueError("timeout is 0 s; give the other side a moment")
        if self.timeout * self.asks > LONGEST_LOOK:
            longest = say_duration(LONGEST_LOOK)
            raise ValueError(f"timeout times in_a_row is above the {longest} of a look; lower one of them")
        return self

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        if any(name.lower() == "host" for name in headers):
            raise ValueError("the Host header is the URL's host; leave it out of headers")
        if not all(text.isprintable() for pair in headers.items() for text in pair):
            raise ValueError("a header holds a character that no header may hold")
        return headers

    @property
    def host(self) -> str:
        """The public name."""
        return urlsplit(self.url).hostname or ""

    def balancer(self, outputs: Mapping[str, Mapping[str, str]]) -> str:
        """Whom to connect to; in words where the step that makes it has not told yet."""
        of = self.connect_to
        return of if isinstance(of, str) else outputs.get(of.step, {}).get(of.output, f"what {of.step} makes")

    def request(self, balancer: str) -> WebRequest:
        """What is asked of a load balancer."""
        seconds = self.timeout.total_seconds()
        return WebRequest(self.method, self.url, balancer, self.headers, self.body, seconds)

    @property
    def asks(self) -> int:
        """How often it is asked within one look."""
        return self.in_a_row or (1 if self.method == "POST" else _IN_A_ROW)

    @property
    def statuses(self) -> tuple[int, ...]:
        """The good statuses."""
        return (self.expect_status,) if isinstance(self.expect_status, int) else self.expect_status


class CheckHttp(StepKind[CheckHttpParams]):
    """Asks, and settles when the answers are good."""

    name = "check_http"
    params = CheckHttpParams
    harm = Harm.HARMLESS
    leaves_nothing = "it only asks; what a POST did the application alone can tell"
    timing = Timing(
        shortest=timedelta(seconds=1),
        typical=timedelta(seconds=10),
        longest=timedelta(minutes=3),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=15),
    )
    operations: ClassVar[tuple[Operation, ...]] = ()

    def title(self, params: CheckHttpParams) -> str:
        """The host and the path, because two checks of one host ask two paths; of what is too long, the path alone."""
        path = urlsplit(params.url).path.rstrip("/")
        titles = [f"Check {asked} in the standby" for asked in (params.host + path, path) if asked]
        return next((t for t in titles if len(t) <= _LONGEST_TITLE), "Check the standby over HTTP")

    def needs(self, params: CheckHttpParams) -> tuple[OutputOf, ...]:
        return (params.connect_to,) if isinstance(params.connect_to, OutputOf) else ()

    def statements(self, params: CheckHttpParams, place: Place) -> tuple[Statement, ...]:
        return ()

    def standing(self, params: CheckHttpParams, place: Place) -> tuple[Standing, ...]:
        if isinstance(params.connect_to, OutputOf):
            return ()
        good = {"status": params.statuses[0], "text": params.expect_body or "", "values": params.expect_json}
        facts = {"host": params.connect_to, "url": params.url, **good}
        why = "It is asked under the public name, so it holds that name's certificate."
        return (Standing("internet", "load_balancer", place.standby, facts, why),)

    def readiness(self, params: CheckHttpParams, context: StepContext) -> tuple[Finding, ...]:
        host = params.connect_to
        return (_region(host, context), _listener(params, host, context)) if isinstance(host, str) else ()

    def preflight(self, params: CheckHttpParams, context: StepContext) -> tuple[Finding, ...]:
        return self.readiness(params, context)

    def execute(self, params: CheckHttpParams, context: StepContext) -> Receipt:
        return Receipt(f"{params.balancer(context.outputs)} is asked for {params.host}.", acted=False)

    def verify(self, params: CheckHttpParams, receipt: Receipt, context: StepContext) -> Settled | Pending:
        balancer = params.balancer(context.outputs)
        for asked in range(params.asks):
            wrong = _wrong(params, context.web.ask(params.request(balancer)))
            if wrong:
                after = f", after {asked} good {'answer' if asked == 1 else 'answers'}" if asked else ""
                return Pending(f"{balancer} does not serve {params.host} well, because {wrong}{after}.")
        times = f", {params.asks} times in a row" if params.asks > 1 else ""
        return Settled(f"{balancer} serves {params.host} as expected{times}.")

    def undo(self, params: CheckHttpParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        if params.method == "POST":
            return CannotUndo(f"What a POST to {params.host} did stays; only the application can take it back.")
        return Undone(f"Nothing is taken back, because asking for {params.host} changed nothing.")

    def stand_in(self, params: CheckHttpParams, isolation: Isolation) -> Refusal:
        return Refusal(
            f"{params.host} is not asked for in a drill, because nothing serves behind the standby's own load "
            "balancer then; ask the stand-in of the service."
        )

    def by_hand(self, params: CheckHttpParams, place: Place) -> Handwork:
        good = [
            f"status {' or '.join(map(str, params.statuses))}",
            *([params.expect_body] if params.expect_body else []),
        ]
        good += [f"{path}: {json.dumps(value)}" for path, value in params.expect_json.items()]
        of = params.connect_to
        balancer = of if isinstance(of, str) else held_in(variable_of(of.step, of.output))
        return asking(params.request(balancer), params.asks, " and ".join(good))


def _wrong(params: CheckHttpParams, answer: WebAnswer) -> str:
    """What is wrong with an answer, as the end of a `because`; nothing if it is good."""
    if answer.status is None:
        return _on_the_way(params, answer)
    said = f"it answered {answer.status}"
    if answer.status not in params.statuses:
        return f"{said} and not {' or '.join(map(str, params.statuses))}{_quoted(params, answer.body)}"
    if params.expect_body and params.expect_body not in answer.body:
        return f"{said} without the expected text{_quoted(params, answer.body)}"
    if params.expect_json:
        differs = difference(params.expect_json, answer.body)
        return f"{said} but {differs}{_quoted(params, answer.body)}" if differs else ""
    return ""


def _on_the_way(params: CheckHttpParams, answer: WebAnswer) -> str:
    trouble = _without_headers(params, answer.trouble)
    if answer.silence is Silence.CERTIFICATE:
        return f"its certificate is not good for that name ({trouble})"
    return f"no answer came ({trouble})"


def _quoted(params: CheckHttpParams, body: str) -> str:
    """The beginning of a body on one line, in which no header value shows that the other side may have echoed."""
    line = _without_headers(params, " ".join(body.split()))
    plain = "".join(character for character in line if character.isprintable())
    if not plain:
        return ""
    cut = f"{plain[:_QUOTED_CHARACTERS]}..." if len(plain) > _QUOTED_CHARACTERS else plain
    return f": {cut!r}"


def _without_headers(params: CheckHttpParams, text: str) -> str:
    for value in params.headers.values():
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return text


def _region(host: str, context: StepContext) -> Finding:
    """Whether the load balancer's name says another region than the standby."""
    match = _REGION_OF_BALANCER.search(host.lower())
    region, standby = (match[1] or match[2] if match else ""), context.place.standby
    if not region or region == standby:
        return Finding(Severity.FINE, "check-region", f"{host} is taken for one of {standby}.")
    sentence = f"{host} says nothing about the standby, because it is in {region} and not in {standby}."
    return Finding(Severity.IMPOSSIBLE, "check-region", sentence, "Name the standby's own load balancer.")


def _listener(params: CheckHttpParams, host: str, context: StepContext) -> Finding:
    """Whether something listens there with a certificate for the name; any answer will do, 503 too."""
    request = WebRequest("GET", params.url, host, timeout_seconds=params.timeout.total_seconds())
    answer = context.web.ask(request)
    if answer.status is not None:
        return Finding(Severity.FINE, "check-listener", f"{host} answers for {params.host}.")
    wrong = _on_the_way(params, answer)
    sentence = f"{host} cannot be asked for {params.host}, because {wrong}."
    if answer.silence is Silence.CERTIFICATE:
        fix = f"Give its listener a certificate for {params.host}."
        return Finding(Severity.IMPOSSIBLE, "check-listener", sentence, fix)
    # A moment's trouble must not stand in the way of a failover.
    fix = "See that it has a listener, and that its security groups let the controller in."
    return Finding(Severity.WARNING, "check-listener", sentence, fix)


KIND = CheckHttp()
