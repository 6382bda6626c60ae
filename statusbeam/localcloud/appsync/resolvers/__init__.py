"""Resolver code (APPSYNC_JS) and its data sources."""
