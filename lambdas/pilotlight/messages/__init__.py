"""What is sent to people while an incident lasts: the living message in Slack, its thread, and the page over SNS."""
