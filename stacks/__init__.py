"""Renders `deployment` with the CDK: one CloudFormation stack for each described one, and nothing beside it."""
