"""A port for a server that a test stops and starts again."""

from __future__ import annotations

import socket


def reserve_port() -> socket.socket:
    """A socket that keeps a free port of 127.0.0.1 from other processes until it is closed.

    Servers of this process can listen on the port meanwhile. While none does, connections are refused.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
