"""The pilotlight command."""
