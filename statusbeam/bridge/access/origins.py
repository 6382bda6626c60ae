"""The pages that may use the bridge, by their `Origin`.

>>> Origins(["https://status.example.com", "http://localhost:*"]).allows("http://localhost:5173")
True
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ANY_PORT = ":*"


class Origins:
    """Allows the origins in `allowed`, where `:*` means any port. An empty `allowed` allows all pages."""

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        patterns = "|".join(map(_pattern, allowed))
        self.pattern = patterns or ".*"
        """A regular expression that an allowed origin matches as a whole."""
        self.restricted = bool(allowed)
        """Whether only some pages may use the bridge."""
        self._compiled = re.compile(self.pattern)

    def allows(self, origin: str | None) -> bool:
        """Whether a request with this `Origin` may be served; programs send none."""
        return origin is None or self._compiled.fullmatch(origin) is not None


def _pattern(origin: str) -> str:
    if origin.endswith(_ANY_PORT):
        return re.escape(origin.removesuffix(_ANY_PORT)) + r"(:\d{1,5})?"
    return re.escape(origin)
