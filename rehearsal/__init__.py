"""Rehearsal: one embedded AWS in virtual time, on which the real handlers and machines play a whole outage."""
