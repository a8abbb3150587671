"""What the owner's own infrastructure code must hold for a plan: one description, and three ways to write it."""
