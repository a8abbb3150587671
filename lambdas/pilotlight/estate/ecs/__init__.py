"""Amazon ECS: a service, its tasks and its scaling."""
