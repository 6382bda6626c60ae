"""The page's stack."""
