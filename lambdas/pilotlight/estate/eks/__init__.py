"""Amazon EKS: its node groups, and the Kubernetes API of its clusters."""
