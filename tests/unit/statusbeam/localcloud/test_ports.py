"""Ports are reserved at once, on 127.0.0.1 only, or reported as used."""

from __future__ import annotations

import socket

import pytest

from statusbeam.localcloud.ports import PortInUseError, listen, reserve


def test_port_0_takes_a_free_one_on_the_loopback_address() -> None:
    with listen(0, "--port") as listener:
        host, port = listener.getsockname()
        assert host == "127.0.0.1"
        with socket.create_connection((host, port)):
            pass


def test_a_reserved_port_can_be_listened_on_once_it_is_given_up() -> None:
    with reserve(0, "--port") as reserved:
        port = reserved.getsockname()[1]
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.parametrize("take", [listen, reserve])
@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_a_used_port_is_named_with_the_flag_that_changes_it(take: object, host: str) -> None:
    with socket.create_server((host, 0)) as other:
        port = other.getsockname()[1]
        assert callable(take)
        with pytest.raises(PortInUseError, match=f"Port {port} is used by another program.*--aws-port"):
            take(port, "--aws-port")
