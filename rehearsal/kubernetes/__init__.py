"""Kubernetes as the clusters of the embedded EKS run it: an API over HTTP, and deployments that roll out."""
