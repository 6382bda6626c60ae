"""The complaints that the demo runs with. The page offers the same ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).with_name("complaints.json")


@dataclass(frozen=True, slots=True)
class Complaint:
    """A citizen's text and what it is an example of."""

    title: str
    text: str


def built_in_complaints() -> tuple[Complaint, ...]:
    """All of them, the most telling first."""
    return tuple(Complaint(**raw) for raw in json.loads(DATA.read_text(encoding="utf-8")))
