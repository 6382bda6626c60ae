"""One call of the GraphQL API, for commands that ask once."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from .command import CommandError

ANSWER_SECONDS = 15


def body_of(document: str, variables: Mapping[str, Any]) -> bytes:
    """The body of a request."""
    return json.dumps({"query": document, "variables": variables}).encode()


def post(url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """The answer's `data`. Raises CommandError when the API refuses or does not answer."""
    request = urllib.request.Request(url, body, dict(headers))  # noqa: S310 - the stack's own URL
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - as above
            decoded = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise CommandError(f"the API refused with status {error.code}.") from error
    except (OSError, ValueError) as error:
        raise CommandError(f"the API did not answer: {error}") from error
    if not isinstance(decoded, dict):
        raise CommandError("the API did not answer with an object.")
    if decoded.get("errors"):
        raise CommandError(f"the API refused: {decoded['errors'][0].get('message')}")
    return decoded.get("data") or {}
