"""Amazon ElastiCache: a replication group and what it is to be."""
