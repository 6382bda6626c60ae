"""Keeps AWS X-Ray's SDK quiet in the sender's thread, where no segment of the caller's is open.

With `patch_all()` the SDK would log an error for each send there, or raise one, by its settings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any


@contextmanager
def without_segment() -> Iterator[None]:
    """Have a segment in this thread that is not recorded, if the process uses X-Ray."""
    context = _thread_context()
    if context is None:
        yield
        return
    from aws_xray_sdk.core.models.dummy_entities import DummySegment  # noqa: PLC0415 - the caller uses it

    context.put_segment(DummySegment("status_utils"))
    try:
        yield
    finally:
        context.clear_trace_entities()


def _thread_context() -> Any:
    """X-Ray's context, if it is this thread's alone and empty."""
    core: Any = sys.modules.get("aws_xray_sdk.core")
    context = getattr(getattr(core, "xray_recorder", None), "context", None)
    module: Any = sys.modules.get("aws_xray_sdk.core.context")
    if context is None or type(context) is not getattr(module, "Context", None):
        return None
    return None if getattr(context._local, "entities", None) else context
