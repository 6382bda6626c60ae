"""The data plane's one port: HTTP connections, routes and static files."""
