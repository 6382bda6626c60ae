"""The example's stack."""
