"""The addresses of the bridge, one file a protocol."""
