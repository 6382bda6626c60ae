"""A secret in a text: where it is, and of what kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """One secret: `text[start:end]`, its kind, and the beginning of the text that gives it away."""

    start: int
    end: int
    kind: str
    begins: int
