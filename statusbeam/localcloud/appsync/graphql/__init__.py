"""GraphQL operations of a deployed API: parsed, checked, authorized and executed."""
