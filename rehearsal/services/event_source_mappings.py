"""The part of the embedded Lambda that knows event source mappings: on, off, and on their way for a while.

What a mapping reads, and that it calls a function, is not modelled. States, answers and errors: botocore's model of
Lambda.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from rehearsal.service import Spread, operation
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

SWITCHING = Spread(2.0, 10.0, 60.0)
"""From an accepted update to the new state, in seconds: an estimate."""
ENABLED, DISABLED = "Enabled", "Disabled"


@dataclass(eq=False)
class EventSourceMapping:
    """One mapping; a scene is set, and trouble caused, by changing it."""

    region: str
    uuid: str
    account: str
    state: str = ENABLED
    tags: dict[str, str] = field(default_factory=dict)
    function: str = "worker"
    source: str = "work"
    """The function that it feeds, and the queue that it reads, by their names."""

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{self.uuid}"


class EventSourceMappings:
    """The mappings of all regions."""

    world: World
    random: Random
    mappings: list[EventSourceMapping]

    def add_mapping(self, region: str, uuid: str, state: str = ENABLED) -> EventSourceMapping:
        """Set the scene: a mapping."""
        self.mappings.append(EventSourceMapping(region, uuid, self.world.account, state))
        return self.mappings[-1]

    @operation("GetEventSourceMapping")
    def get_mapping(self, call: Call) -> Mapping[str, Any]:
        """One mapping."""
        return _say(self._mapping(call, str(call.parameters["UUID"])))

    @operation("ListEventSourceMappings")
    def list_mappings(self, call: Call) -> Mapping[str, Any]:
        """All of the region."""
        if call.parameters:
            raise NotModelled(call)
        return {"EventSourceMappings": [_say(m) for m in self.mappings if m.region == call.region]}

    @operation("UpdateEventSourceMapping")
    def update_mapping(self, call: Call) -> Mapping[str, Any]:
        """Switch a mapping on or off, in the background; one that is on its way refuses."""
        if call.parameters.keys() - {"UUID", "Enabled"}:
            raise NotModelled(call)
        mapping = self._mapping(call, str(call.parameters["UUID"]))
        if mapping.state not in (ENABLED, DISABLED):
            text = f"Cannot update the event source mapping {mapping.uuid} because it is in use."
            raise ServiceError("ResourceInUseException", text, 400)
        wanted = ENABLED if call.parameters.get("Enabled", mapping.state == ENABLED) else DISABLED
        if wanted != mapping.state:
            mapping.state = f"{wanted.removesuffix('ed')}ing"
            seconds = SWITCHING.draw(self.random)
            self.world.begin_effect(mapping.arn, seconds)
            self.world.time.spawn(
                lambda: setattr(mapping, "state", wanted), name=f"mapping {mapping.uuid}", delay_seconds=seconds
            )
        return _say(mapping)

    @operation("TagResource")
    def tag_mapping(self, call: Call) -> Mapping[str, Any]:
        """Tag a mapping; a key that is there gets the new value."""
        self._tagged(call).tags |= call.parameters["Tags"]
        return {}

    @operation("UntagResource")
    def untag_mapping(self, call: Call) -> Mapping[str, Any]:
        """Remove tags from a mapping; a key that is not there is as good."""
        keys = call.parameters["TagKeys"]
        for key in [keys] if isinstance(keys, str) else keys:
            self._tagged(call).tags.pop(key, None)
        return {}

    @operation("ListTags")
    def list_tags(self, call: Call) -> Mapping[str, Any]:
        """The tags of a mapping."""
        return {"Tags": dict(self._tagged(call).tags)}

    def _mapping(self, call: Call, uuid: str) -> EventSourceMapping:
        found = next((m for m in self.mappings if (m.region, m.uuid) == (call.region, uuid)), None)
        if found is None:
            raise ServiceError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return found

    def _tagged(self, call: Call) -> EventSourceMapping:
        arn = str(call.parameters["Resource"])
        if ":event-source-mapping:" not in arn:
            raise NotModelled(call)
        return self._mapping(call, arn.rsplit(":", 1)[-1])


def _say(mapping: EventSourceMapping) -> dict[str, Any]:
    place = f"{mapping.region}:{mapping.account}"
    return {
        "UUID": mapping.uuid,
        "State": mapping.state,
        "EventSourceMappingArn": mapping.arn,
        "FunctionArn": f"arn:aws:lambda:{place}:function:{mapping.function}",
        "EventSourceArn": f"arn:aws:sqs:{place}:{mapping.source}",
    }
