"""The data plane's one port: HTTP connections, the WebSocket upgrade, routes and static files."""
