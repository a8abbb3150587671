"""The page for the day when the controller itself is gone: a plan's steps and gates as commands to paste."""
