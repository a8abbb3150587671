"""The services of the embedded AWS: one module a service, each a typed state machine in virtual time."""
