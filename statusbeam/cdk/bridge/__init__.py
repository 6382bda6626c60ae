"""The bridge to other protocols, as a service of its own."""
