"""All files that a running localcloud has written, for the search for secrets."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.cloud import Cloud

SHORTEST = 8  # the emulator's API keys are eight hexadecimal digits
LONG = 20
"""Longer credentials do not occur by chance: there are more than 16**20 = 10**24 of them.

Shorter ones are looked for as whole words. Eight given hexadecimal digits stand by chance in one run of 4 000
somewhere in the 10**6 of the logs' UUIDs. As a word, which no part of a UUID or of a name with a suffix is,
they stand there in one of a million. What is left of them in base64 says nothing.
"""


def written(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Name and text of all written output: files of the server, the emulator and the deployment, and
    CloudWatch's."""
    for path in sorted(cloud.state.root.glob("*.log")):
        yield path.name, path.read_text(errors="replace")
    logs = cloud.aws("logs")
    for group in logs.get_paginator("describe_log_groups").paginate().search("logGroups[].logGroupName"):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        yield str(group), "\n".join(event["message"] for page in pages for event in page["events"])


def found_in_logs(cloud: Cloud) -> list[str]:
    """The places of written credentials, or of a socket's `header` parameter. A correct system has none.

    A place names the file and the kind of the credential, never the credential.
    """
    traces = list(_traces(cloud.credentials.items()))
    found = []
    for name, text in written(cloud):
        found += [f"{kind} in {name}" for kind, trace in traces if trace in text and _is_there(trace, text)]
        if "header=ey" in text or "header-ey" in text:
            found.append(f"a socket's authorization in {name}")
    return sorted(set(found))


def _is_there(trace: str, text: str) -> bool:
    return len(trace) >= LONG or re.search(rf"(?<![\w-]){re.escape(trace)}(?![\w-])", text) is not None


def _traces(credentials: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The texts that reveal a credential: itself, a token's signature, and itself in base64."""
    for credential, kind in credentials:
        assert len(credential) >= SHORTEST, kind
        yield kind, credential
        signature = credential.rpartition(".")[2]
        if credential.count(".") >= 2 and len(signature) >= LONG:  # and no password with dots in it
            yield f"signature of {kind}", signature
        if len(credential) < LONG:
            continue
        for shift in range(3):  # wherever it stands in the text that was encoded
            encoded = base64.b64encode(b" " * shift + credential.encode()).decode()
            yield f"{kind} in base64", encoded[4:-4]
