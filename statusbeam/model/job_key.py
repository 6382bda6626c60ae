"""The key of a job everywhere: its tenant and its id. Job ids are unique within their tenant only.

>>> JobKey("city", "report #7").text
'city#report %237'
"""

from __future__ import annotations

from typing import NamedTuple


class JobKey(NamedTuple):
    """One job of one tenant."""

    tenant_id: str
    job_id: str

    @property
    def text(self) -> str:
        """Both ids in one text; each job has a different text."""
        return f"{escape_key_part(self.tenant_id)}#{escape_key_part(self.job_id)}"


def escape_key_part(part: str) -> str:
    """A part of a key without the `#` that stands between the parts; no two parts become the same.

    graphql/resolvers/shared/statusTable.js and the reporting states of Step Functions do the same.
    """
    return part.replace("%", "%25").replace("#", "%23")
