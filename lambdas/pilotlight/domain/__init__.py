"""What a failover is, in plain Python: plans, runs, steps, decisions, records.

It knows no SDK, clock, environment or file.
"""
