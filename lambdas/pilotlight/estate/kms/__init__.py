"""Keys of KMS, as readiness reads them."""
