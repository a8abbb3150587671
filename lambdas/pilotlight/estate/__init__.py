"""How AWS resources are read through the port, and what their states mean to a recovery: one package a service.

Step kinds share what stands here. It knows the domain and nothing else.
"""
