"""The filter of the status table's stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from statusbeam.model.settings import StatusTable

HEADS_WITH_EVENT: Final[Mapping[str, Any]] = {
    "dynamodb": {
        "Keys": {StatusTable.SORT_KEY: {"S": [StatusTable.HEAD]}},
        "NewImage": {StatusTable.JOB_EVENT: {"S": [{"exists": True}]}},
    }
}
"""Heads whose commit made an event of the job. Filtered records cost nothing."""
