"""One thin module per deployed function: parse what came, call the domain, map the result."""
