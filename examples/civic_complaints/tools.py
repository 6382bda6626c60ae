"""The interfaces of the agents' tools, with implementations offline and on AWS.

    geocoder.locate(mention)  -> places, best first; an empty list is an answer
    classifier.categorize(text) -> CategoryJudgement
    rater.rate(text)            -> SeverityJudgement

Implementations have a `name`, which people see as the called tool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

CATEGORIES = (
    "pothole",
    "streetlight",
    "garbage",
    "water leak",
    "sewage",
    "noise",
    "graffiti",
    "tree",
    "traffic signal",
    "parking",
    "animal",
    "sidewalk",
    "other",
)

MentionKind = Literal["address", "crossing", "between", "beside", "landmark", "street", "district", "generic"]


class ToolError(Exception):
    """A tool gave no usable answer. The citizen may see `public_text`; the rest is for the process's
    output."""

    def __init__(self, message: str, *, public_text: str) -> None:
        super().__init__(message)
        self.public_text = public_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One place as the text names it.

    `names` are alternatives per role: (("16th Street", "16th Avenue"), ("Mission Street",)) is the crossing
    of either
    16th with Mission Street. `spelling` is 1.0 for the known spelling, else the similarity (0..1). `known` is
    False for a street that the recogniser does not know. The caller tries `parts` if the whole is not found.
    """

    kind: MentionKind
    text: str
    names: tuple[tuple[str, ...], ...]
    number: int | None = None
    relation: str | None = None
    spelling: float = 1.0
    known: bool = True
    parts: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point a mention may mean. `confidence` 0..1, `precision_meters` is how far off the point may be."""

    label: str
    kind: str
    latitude: float
    longitude: float
    confidence: float
    precision_meters: int
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryJudgement:
    """`scores` has every category with evidence; `evidence` has the deciding words. `tokens` =
    (input, output).
    """

    category: str
    confidence: float
    scores: Mapping[str, float] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    tokens: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityJudgement:
    """`severity` 1 (cosmetic) .. 5 (danger now), with the reasons in words."""

    severity: int
    confidence: float
    reasons: tuple[str, ...] = ()
    tokens: tuple[int, int] | None = None


class Geocoder(Protocol):
    """Turns a mention into points."""

    @property
    def name(self) -> str: ...

    def locate(self, mention: Mention) -> Sequence[Place]:
        """Places the mention may mean, best first; empty when there is none. Raises ToolError."""
        ...


class Classifier(Protocol):
    """Finds the subject of a complaint."""

    @property
    def name(self) -> str: ...

    def categorize(self, text: str) -> CategoryJudgement:
        """One of CATEGORIES with a confidence. Raises ToolError."""
        ...


class SeverityRater(Protocol):
    """Rates the severity of a complaint."""

    @property
    def name(self) -> str: ...

    def rate(self, text: str) -> SeverityJudgement:
        """A severity from 1 to 5 with reasons. Raises ToolError."""
        ...
