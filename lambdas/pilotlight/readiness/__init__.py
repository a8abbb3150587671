"""Readiness: everything that must be true before an incident, looked at for one plan.

`looks` lists what there is to look at, in the order of the plan; `take` looks, and makes of what could not be read a
finding of its own. The command takes the looks under the caller's credentials, the scheduled function under its role.
"""
