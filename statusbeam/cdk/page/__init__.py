"""The page on CloudFront, and its files."""
