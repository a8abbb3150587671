"""Pilotlight, as it runs in Lambda: the one asset, and the import root of everything that is deployed."""
