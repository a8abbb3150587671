"""How long ECS takes for what it does to tasks, in seconds: aws-facts sections 4.1 and 11, else estimates."""

from __future__ import annotations

from rehearsal.service import Spread

SCHEDULING = Spread(0.5, 2.0, 6.0)
"""From an accepted update to the first task, in seconds: an estimate; when the call returns there is none."""
LAUNCH = Spread(25.0, 57.0, 180.0)
"""Fargate, PROVISIONING to RUNNING: aws-facts section 11 (25 s, 55 to 60 s, 3 min)."""
SHARE_OF_PROVISIONING = 0.4
"""How much of a launch goes by before the image is pulled: an estimate."""
WINDING_DOWN = Spread(2.0, 10.0, 30.0)
"""SIGTERM to STOPPED: at most the 30 s of botocore's text on UpdateService, then SIGKILL."""
RETRY_PLACEMENT = Spread(20.0, 30.0, 60.0)
"""Between two tries to place a task, in seconds: an estimate."""
FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS = 10.0, 900.0
"""AWS only says that the time between failing starts grows; that it doubles, and these two, are estimates."""
