"""Elastic Load Balancing: the listeners of a load balancer and their rules."""
