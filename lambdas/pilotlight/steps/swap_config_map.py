"""Swap values of a ConfigMap, and of a Secret, in the standby's cluster, and restart the deployments that read them.

Pods read such values as variables only when they start, so the deployments named here are restarted in any case, and
the step is done when each of them has rolled out: its controller saw the restart, all pods are new and available, and
no old one is left. A deployment that wants no pods is done at once; its next pods read the new values.

The objects are there already, owned by whoever built the standby. What a swap replaces is noted in the object itself by
the same patch, so that no crash loses it and no secret leaves the cluster: undo puts it back, unless somebody else has
written since, and restarts again. A Secret takes its value from Secrets Manager in the
standby, because a plan is no place for secrets.

The cluster's API is asked over its public endpoint with a token of EKS: the role of this step's function needs an
access entry, and a group of Kubernetes that may read and patch these very objects (`prerequisites` says which).

Sources: as `estate.eks` names them. Times: aws-facts section 4.3 and estimates; the deadline of a rollout is 10 min.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal, Remains
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    OutputOf,
    Params,
    Pending,
    Receipt,
    Settled,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate import secrets
from pilotlight.estate.eks import access, by_hand, rollouts, undoing
from pilotlight.estate.eks.node_group import ClusterName, OwnNodes
from pilotlight.estate.eks.values import Held, Holder, Namespace, look, write
from pilotlight.estate.secrets import SecretValue, read_secrets

ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", examples=["auth-config"])]
Key = Annotated[str, Field(pattern=r"^[-._A-Za-z0-9]{1,253}$", examples=["COGNITO_USER_POOL_ID"])]
Text = Annotated[str, Field(min_length=1)]
Value = Annotated[
    Annotated[Text, Tag("text")] | Annotated[OutputOf, Tag("output")],
    Discriminator(lambda given: "text" if isinstance(given, str) else "output"),
]


class SecretPart(BaseModel):
    """A Secret of the cluster, and where in the standby's Secrets Manager its values are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ObjectName
    values: dict[Key, SecretValue] = Field(min_length=1)


class SwapConfigMapParams(Params):
    """Which values are swapped, and which deployments read them.

    ```yaml
    step: swap-identity
    kind: swap_config_map
    params:
      cluster: portforge-dr-cluster
      namespace: portforge
      config_map: auth-config
      values:
        AWS_REGION: ap-northeast-1
        COGNITO_REGION: { step: user-pool, output: region }
        COGNITO_USER_POOL_ID: { step: user-pool, output: pool_id }
        COGNITO_APP_CLIENT_ID: { step: user-pool, output: client_id }
      secret:
        name: auth-secret
        values:
          COGNITO_APP_CLIENT_SECRET: { secret: portforge/dr/cognito-client, key: client_secret }
      restart: [auth-service]
    ```
    """

    cluster: ClusterName
    namespace: ObjectName
    config_map: ObjectName
    values: dict[Key, Value] = Field(min_length=1)
    secret: SecretPart | None = None
    restart: tuple[ObjectName, ...] = Field(min_length=1, description="The deployments that read these values.")
    only_on: OwnNodes | None = Field(
        None, description="For a drill's own namespace: the nodes that its deployments start on, and on no others."
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len(set(self.restart)) < len(self.restart):
            raise ValueError("restart names a deployment twice; name it once")
        return self

    @property
    def where(self) -> Namespace:
        """Where the objects are."""
        return Namespace(self.cluster, self.namespace)

    @property
    def secrets(self) -> Mapping[str, SecretValue]:
        """The values of the Secret, by where they come from."""
        return self.secret.values if self.secret else {}

    def plain(self, outputs: Mapping[str, Mapping[str, str]]) -> dict[str, str] | Failed:
        """What the ConfigMap is to hold; fails where a step gave nothing."""
        found: dict[str, str] = {}
        for key, value in self.values.items():
            given = value if isinstance(value, str) else outputs.get(value.step, {}).get(value.output, "")
            if not given:
                source = f"step {value.step} gave no {value.output}" if isinstance(value, OutputOf) else "it is empty"
                return Failed(f"{key} of {self.config_map} cannot be written, because {source}.", "Correct the plan.")
            found[key] = given
        return found


class SwapConfigMap(StepKind[SwapConfigMapParams]):
    """The step kind `swap_config_map`."""

    name: ClassVar[str] = "swap_config_map"
    params = SwapConfigMapParams
    harm: ClassVar[Harm] = Harm.DISRUPTIVE
    marks: ClassVar[bool] = True
    timing: ClassVar[Timing] = Timing(
        shortest=timedelta(seconds=10),
        typical=timedelta(minutes=1),
        longest=timedelta(minutes=5),
        poll=timedelta(seconds=5),
        give_up=timedelta(minutes=20),
    )
    operations: ClassVar[tuple[Operation, ...]] = (*access.OPERATIONS, *secrets.OPERATIONS)

    def title(self, params: SwapConfigMapParams) -> str:
        """The ConfigMap with its namespace, and what reads it, as far as they fit."""
        named = f"{params.namespace}/{params.config_map}"
        titles = (
            f"Swap {named} and restart {', '.join(params.restart)}",
            f"Swap {named} and restart what reads it",
            f"Swap {named}",
        )
        return next((title for title in titles if len(title) <= 60), f"Swap {params.config_map}"[:60])

    def needs(self, params: SwapConfigMapParams) -> tuple[OutputOf, ...]:
        """The outputs of earlier steps that are written."""
        return tuple(value for value in params.values.values() if isinstance(value, OutputOf))

    def statements(self, params: SwapConfigMapParams, place: Place) -> tuple[Statement, ...]:
        """Where the cluster is, and the secrets; what may be done in it says Kubernetes."""
        cluster = Statement(Access.READ, ("eks:DescribeCluster",), (place.arn("eks", f"cluster/{params.cluster}"),))
        return (cluster, *secrets.statements(params.secrets.values(), place))

    def standing(self, params: SwapConfigMapParams, place: Place) -> tuple[Standing, ...]:
        """The objects, the access to them, and the secrets."""
        held = [(Holder.CONFIG_MAP, params.config_map, tuple(params.values))]
        held += [(Holder.SECRET, params.secret.name, tuple(params.secret.values))] if params.secret else []
        objects = access.standing(place, self.name, params.where, held, params.restart, params.only_on)
        return (*objects, *secrets.standing(params.secrets.values(), place))

    def readiness(self, params: SwapConfigMapParams, context: StepContext) -> tuple[Finding, ...]:
        """The cluster can be asked, and the objects are there, writable and read by something that runs."""
        held = [(Holder.CONFIG_MAP, params.config_map), *((Holder.SECRET, s.name) for s in _secret_of(params))]
        secrets = params.secrets.values()
        return access.check(context, params.where, held, params.restart, params.only_on, secrets)

    def preflight(self, params: SwapConfigMapParams, context: StepContext) -> tuple[Finding, ...]:
        """One look at the cluster: whoever looks ahead has no access entry of its own."""
        return (access.check_cluster(context, params.cluster),)

    def execute(self, params: SwapConfigMapParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Read everything, then write what differs, then restart."""
        wanted = _wanted(params, context)
        if isinstance(wanted, Failed):
            return wanted
        found = _found(params, context)
        if isinstance(found, Failed):
            return found
        held, deployments = found
        stamp, written = context.started.isoformat(), []
        for each in held:
            done = write(context, params.where, each, wanted[each.holder])
            if isinstance(done, NotYet):
                return done
            written += [each.said] if done else []
        restarted = [d.name for d in deployments if rollouts.restart(context, params.where, d, stamp)]
        said = f"Wrote {' and '.join(written)}" if written else f"{held[0].said} holds its new values already"
        sentence = f"{said}; {' and '.join(params.restart)} restarted." if restarted else f"{said}."
        return Receipt(sentence, acted=bool(written or restarted), data={"stamp": stamp})

    def verify(self, params: SwapConfigMapParams, receipt: Receipt, context: StepContext) -> Settled | Pending | Failed:
        """Read the values back, then follow each rollout to its end."""
        wanted = _wanted(params, context)
        if isinstance(wanted, Failed):
            return wanted
        for holder, name in _objects(params):
            held = look(context, params.where, holder, name)
            if held is None or held.differing(wanted[holder]):
                what = (
                    "is gone" if held is None else f"holds other values of {', '.join(held.differing(wanted[holder]))}"
                )
                fix = "Find out what puts it back (a deployment, Git) and stop it, then retry the step."
                return Failed(f"{holder} {name} {what}, and not by this run.", fix)
        done: list[rollouts.Deployment] = []
        for name in params.restart:
            seen = rollouts.judge(context, params.where, name, receipt.data["stamp"], context.started)
            if not isinstance(seen, rollouts.Deployment):
                return seen
            done.append(seen)
        rolled = " and ".join(f"{each.name} with {each.available} new pods" for each in done)
        return Settled(f"New values are read back from {params.config_map}, and rolled out: {rolled}.")

    def undo(self, params: SwapConfigMapParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Put the values back that are still this run's, and restart once more."""
        stamp = f"undone {receipt.data.get('stamp', context.step)}"
        return undoing.undo(context, params.where, _objects(params), params.restart, stamp)

    def stand_in(self, params: SwapConfigMapParams, isolation: Isolation) -> Refusal:
        """A drill must not restart the standby's own deployments."""
        return Refusal(
            f"ConfigMap {params.config_map} cannot be swapped in a drill because its deployments would restart with "
            "the values of a failover; a drill needs a namespace of its own, named here instead."
        )

    def changes(self, params: SwapConfigMapParams, place: Place) -> tuple[str, ...]:
        """Its namespace: IAM knows nothing of what stands in a cluster."""
        return (f"namespace {params.namespace} of {params.cluster}",)

    def remains(self, params: SwapConfigMapParams, context: StepContext) -> Remains | None:
        """By the notes in the objects, which go when the values are as before."""
        for holder, name in _objects(params):
            held = look(context, params.where, holder, name)
            if held is not None and held.note:
                said = f"{held.said} of namespace {params.namespace} holds values that run {held.note['run']} wrote."
                return Remains(str(held.note["run"]), said)
        return None

    def by_hand(self, params: SwapConfigMapParams, place: Place) -> Handwork:
        values = {key: given if isinstance(given, str) else given.by_hand for key, given in params.values.items()}
        secret = (params.secret.name, params.secrets) if params.secret else None
        return by_hand.swapping(params.where, params.config_map, values, secret, params.restart, place.standby)


def _secret_of(params: SwapConfigMapParams) -> tuple[SecretPart, ...]:
    return (params.secret,) if params.secret else ()


def _objects(params: SwapConfigMapParams) -> list[tuple[Holder, str]]:
    return [(Holder.CONFIG_MAP, params.config_map), *((Holder.SECRET, s.name) for s in _secret_of(params))]


def _wanted(params: SwapConfigMapParams, context: StepContext) -> dict[Holder, dict[str, str]] | Failed:
    plain = params.plain(context.outputs)
    if isinstance(plain, Failed):
        return plain
    hidden = read_secrets(context, params.secrets)
    return hidden if isinstance(hidden, Failed) else {Holder.CONFIG_MAP: plain, Holder.SECRET: hidden}


def _found(params: SwapConfigMapParams, context: StepContext) -> tuple[list[Held], list[rollouts.Deployment]] | Failed:
    """Every object that is written or restarted: nothing is written before all of them are there."""
    held: list[Held] = []
    for holder, name in _objects(params):
        seen = look(context, params.where, holder, name)
        if seen is None or seen.immutable:
            return access.unusable(holder, name, params.where, seen)
        held.append(seen)
    deployments: list[rollouts.Deployment] = []
    for name in params.restart:
        deployment = rollouts.look(context, params.where, name)
        if deployment is None:
            return access.unusable("Deployment", name, params.where, None)
        elsewhere = deployment.starts_elsewhere(params.where, params.only_on)
        if elsewhere:
            return elsewhere
        deployments.append(deployment)
    return held, deployments


KIND = SwapConfigMap()
