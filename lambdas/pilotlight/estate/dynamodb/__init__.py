"""What the step kinds of DynamoDB share."""
