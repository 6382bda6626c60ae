"""A secret in a text: where it is, and of what kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """One secret: `text[start:end]`, of what kind it is, and where what gives it away begins."""

    start: int
    end: int
    kind: str
    begins: int
