"""What a plan's policy would have done in the past: history in, every episode of darkness and its verdicts out.

History is turned into the reports of observers, minute by minute, and the detector's own `decide` concludes from them.
Nothing here calls AWS but through the port that it is given.
"""
