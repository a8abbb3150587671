"""Amazon RDS: an instance, its replication and its promotion."""
