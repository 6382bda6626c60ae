"""Readers for tests of routes: the token is the reader's name."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from statusbeam.bridge.access.viewer import Viewer
from statusbeam.bridge.problems import Problem
from statusbeam.bridge.service import token_of

VIEWERS = {
    "ana": Viewer(user_id="ana", tenant_id="city", signed_in_at=100),
    "ben": Viewer(user_id="ben", tenant_id="city", signed_in_at=100),
    "leo": Viewer(user_id="ana", tenant_id="lake", signed_in_at=100),
    "operator": Viewer(user_id="olga", tenant_id="city", roles=("operator",), signed_in_at=100),
    "narrow": Viewer(user_id="ana", tenant_id="city", job_ids=("job-1",), signed_in_at=100, read_only=True),
}


async def by_name(connection: HTTPConnection) -> Viewer:
    """The viewer whose name is the token."""
    viewer = VIEWERS.get(token_of(connection))
    if viewer is None:
        raise Problem.unauthenticated()
    return viewer
