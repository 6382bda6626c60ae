"""The trace in which a status is reported, as W3C's `traceparent`.

    >>> with tracer.start_as_current_span("answer"):
    ...     current_traceparent()
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

It is that of OpenTelemetry's current span, or else of the invocation of this Lambda function. The publisher
shows its commit and its push in that trace.
"""

from __future__ import annotations

import sys
from functools import lru_cache

from ..defaults import lambda_trace

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any


def current_traceparent() -> str | None:
    """The context of a trace that is recorded; None without one. To be called in the reporting thread."""
    opentelemetry: Any = sys.modules.get(
        "opentelemetry.trace"
    )  # never loaded by us: tracing code has loaded it
    if opentelemetry is not None:
        try:
            context = opentelemetry.get_current_span().get_span_context()
            if context.is_valid and context.trace_flags.sampled:
                return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
        except Exception:  # noqa: BLE001, S110 - a tracer of somebody's own must not cost the status
            pass
    header = lambda_trace()
    return None if header is None else _of_header(header)


@lru_cache(maxsize=4)  # a function has one header an invocation
def _of_header(header: str) -> str | None:
    """The context in a header of X-Ray: `Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=1`."""
    parts = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    version, _, trace_id = parts.get("Root", "").partition("-")
    trace_id, span_id = trace_id.replace("-", ""), parts.get("Parent", "")
    whole = version == "1" and (len(trace_id), len(span_id)) == (32, 16)
    return f"00-{trace_id}-{span_id}-01" if whole and parts.get("Sampled") == "1" else None
