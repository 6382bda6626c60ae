"""POST to a configured address: over HTTPS, to public hosts only.

>>> HttpsClient().post("https://example.com/hook", b"{}", {})
Answer(status=204, body=b'', retry_after=None)

The client resolves the host once, checks each of its addresses, and connects to a checked address. So DNS
rebinding has no effect. The client does not follow redirects.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from statusbeam.model.errors import NotificationError

TIMEOUT_SECONDS: Final = 10.0
ANSWER_BYTES: Final = 65_536
"""The bytes of an answer that the client reads."""

_HTTPS_PORT: Final = 443
_RETRY_AFTER_DIGITS: Final = 6
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A receiver's answer."""

    status: int
    body: bytes
    retry_after: int | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    IPv6 addresses that embed an IPv4 address are refused: the IPv4 address could be private.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        translated = found.sixtofour is not None or found.teredo is not None
        return found in _UNICAST and found.is_global and not translated
    return found.is_global and not found.is_multicast


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class HttpsClient:
    """`allows` decides which addresses are allowed, and `context` which certificates are trusted."""

    def __init__(
        self,
        *,
        allows: Callable[[str], bool] = is_public,
        resolve: Resolve = resolve,
        context: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._allows = allows
        self._resolve = resolve
        self._context = context or ssl.create_default_context()
        self._timeout = timeout

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The receiver's answer, whatever its status. Raises NotificationError, which names no address."""
        parts = _parts(url)
        host, port = parts.hostname or "", parts.port or _HTTPS_PORT
        try:
            address = self._checked(host, port)
            connection = _Connection(host, port, address, timeout=self._timeout, context=self._context)
            try:
                connection.request("POST", _target(parts), body, dict(headers))
                answer = connection.getresponse()
                return Answer(
                    status=answer.status,
                    body=answer.read(ANSWER_BYTES),
                    retry_after=_seconds(answer.getheader("Retry-After")),
                )
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            # not chained: the error's text may contain the host's name, which must not reach the logs
            raise NotificationError(
                f"the receiver can't be reached: {type(error).__name__}", code="unreachable"
            ) from None

    def _checked(self, host: str, port: int) -> str:
        addresses = self._resolve(host, port)
        if not addresses or not all(map(self._allows, addresses)):
            raise NotificationError("the address is not public", code="refused_address")
        return addresses[0]


class _Connection(http.client.HTTPSConnection):
    """Connects to `address`; the certificate must be the host's."""

    def __init__(
        self, host: str, port: int, address: str, *, timeout: float, context: ssl.SSLContext
    ) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        """Open the connection. Raises OSError."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "https" and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise NotificationError("the address must be https://<host>[:port]/…", code="bad_address")
    return parts


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _seconds(text: str | None) -> int | None:
    """`Retry-After` in seconds; None for a date."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= _RETRY_AFTER_DIGITS
    return int(text) if is_number and text is not None else None
