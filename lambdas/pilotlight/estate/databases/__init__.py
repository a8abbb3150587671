"""What is asked of a database itself, in its own language, by whoever stands in its network."""
