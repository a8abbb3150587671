"""S3 as a recovery sees it: what of a bucket stands in another region, and what of it was deleted."""
