"""The built-in complaints of the demo. The dashboard offers the same list."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).with_name("complaints.json")


@dataclass(frozen=True, slots=True)
class Complaint:
    """A citizen's complaint, and the case that it is an example of."""

    title: str
    text: str


def built_in_complaints() -> tuple[Complaint, ...]:
    """All built-in complaints, the best examples first."""
    return tuple(Complaint(**raw) for raw in json.loads(DATA.read_text(encoding="utf-8")))
