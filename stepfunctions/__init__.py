"""The state machines: hand-written ASL for the life of a run and of a step, and what joins them for a plan."""
