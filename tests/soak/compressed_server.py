"""localcloud's server for a load that compresses an hour into minutes.

    python -m tests.soak.compressed_server --state-dir FOLDER --port 0 --aws-port 0 --bridge-port 0

The emulator keeps the records of streams for an hour, and the requests of transactions with their tokens for
ten minutes. Here it keeps both for seconds.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any
from unittest import mock

from statusbeam.localcloud import server
from statusbeam.localcloud.emulator import server as emulator
from statusbeam.localcloud.emulator.internals import adjust_emulator

KEPT_SECONDS = 15


def compress_emulator() -> None:
    """Adjust the emulator as usual, then shorten what it keeps."""
    adjust_emulator()
    tables: Any = importlib.import_module("ministack.services.dynamodb")
    for name in ("_STREAM_RETENTION_SECONDS", "_TXN_TOKEN_TTL"):
        if not hasattr(tables, name):
            raise LookupError(f"the emulator has no {name}")
        setattr(tables, name, KEPT_SECONDS)


if __name__ == "__main__":
    with mock.patch.object(emulator, "adjust_emulator", compress_emulator):
        sys.exit(server.main())
