"""The status stack."""
