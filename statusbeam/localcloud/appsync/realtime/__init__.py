"""AppSync's real-time protocol: WebSocket connections, subscriptions and the hub that delivers pushes."""
