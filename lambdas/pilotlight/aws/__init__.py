"""Adapters of the domain's ports: the AWS SDK, the web, the tables in DynamoDB, and what is kept in them."""
