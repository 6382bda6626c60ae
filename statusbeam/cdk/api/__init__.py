"""The AppSync API, its readers, resolvers, view tokens and firewall."""
