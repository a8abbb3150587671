"""What is deployed, described once as plain frozen data.

`stacks` renders it with CDK, `rehearsal` applies it to the embedded AWS.
"""
