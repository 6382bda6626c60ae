"""Everything a running localcloud has written down, to look for what must not be there."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.cloud import Cloud

SHORTEST = 6  # the emulator's API keys have eight characters
LONG = 20  # what is left in base64 of a shorter one says nothing


def written(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Name and text of every log: files of the server, the emulator and the deployment, and CloudWatch's."""
    for path in sorted(cloud.state.root.glob("*.log")):
        yield path.name, path.read_text(errors="replace")
    logs = cloud.aws("logs")
    for group in logs.get_paginator("describe_log_groups").paginate().search("logGroups[].logGroupName"):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        yield str(group), "\n".join(event["message"] for page in pages for event in page["events"])


def found_in_logs(cloud: Cloud) -> list[str]:
    """Where a credential that was used, or a socket's `header` parameter, is written: empty as it should be.

    Says which log and which kind of credential, never the credential.
    """
    traces = list(_traces(cloud.credentials.items()))
    found = []
    for name, text in written(cloud):
        found += [f"{kind} in {name}" for kind, trace in traces if trace in text]
        if "header=ey" in text or "header-ey" in text:
            found.append(f"a socket's authorization in {name}")
    return sorted(set(found))


def _traces(credentials: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What would show that a credential was written: itself, a token's signature, and itself in base64."""
    for credential, kind in credentials:
        assert len(credential) >= SHORTEST, kind
        yield kind, credential
        signature = credential.rpartition(".")[2]
        if credential.count(".") >= 2 and len(signature) >= SHORTEST:  # a password may end with a dot
            yield f"signature of {kind}", signature
        if len(credential) < LONG:
            continue
        for shift in range(3):  # wherever it stands in the text that was encoded
            encoded = base64.b64encode(b" " * shift + credential.encode()).decode()
            yield f"{kind} in base64", encoded[4:-4]
