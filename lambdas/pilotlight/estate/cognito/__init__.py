"""Amazon Cognito: user pools in two regions, and pools that are replicated between them."""
