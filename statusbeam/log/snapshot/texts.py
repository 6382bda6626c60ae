"""Texts that the snapshot keeps of metadata, which may hold anything."""

from __future__ import annotations

from typing import Any


def short_text(value: Any, longest: int) -> str | None:
    """`value` if it is text of 1 to `longest` characters, else None."""
    return value if isinstance(value, str) and 0 < len(value) <= longest else None


def cut(value: Any, longest: int) -> str | None:
    """`value` if it is text and not empty, else None; cut at `longest` characters, with an ellipsis."""
    if not isinstance(value, str) or not value:
        return None
    return value if len(value) <= longest else value[: longest - 1] + "…"
