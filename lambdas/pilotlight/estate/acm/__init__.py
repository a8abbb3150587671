"""ACM: the certificates that listeners present, and the names that they cover."""
