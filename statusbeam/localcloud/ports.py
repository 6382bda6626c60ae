"""Reserves ports on 127.0.0.1 before the slow part of a start, so that a port in use is reported at once."""

from __future__ import annotations

import errno
import socket

HOST = "127.0.0.1"
_BACKLOG = 1024


class PortInUseError(Exception):
    """The port is in use. The message names the port and the flag that chooses another."""


def listen(port: int, flag: str) -> socket.socket:
    """A listening socket; `port` 0 takes any free port. Raises PortInUseError."""
    reserved = reserve(port, flag)
    reserved.listen(_BACKLOG)
    return reserved


def reserve(port: int, flag: str) -> socket.socket:
    """A bound socket that does not listen. It reserves the port until it is closed. Raises PortInUseError."""
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reserved.bind((HOST, port))
        _check_unused(port)
    except OSError as error:
        reserved.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        problem = (
            "is used by another program, or by localcloud of another folder"
            if error.errno == errno.EADDRINUSE
            else "may not be used by this user"
        )
        raise PortInUseError(
            f"Port {port} {problem}: choose another port with {flag}; 0 is any free port."
        ) from error
    return reserved


def _check_unused(port: int) -> None:
    """On some systems a bind to one address succeeds although a program listens on all addresses."""
    if port == 0:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, port)) == 0:
            raise OSError(errno.EADDRINUSE, "in use")
