"""Secrets that go from one text into the next.

>>> split_redacted(["card 4111 1111", " 1111 1111, thanks"])
['card [redacted: card]', '[redacted: card], thanks']
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ..limits import MESSAGE_LENGTH
from .found import Found
from .marks import marked, shortened
from .secret_search import find_secrets


def split_redacted(texts: Sequence[str]) -> list[str]:
    """Texts that followed each other, without the secrets that go from one into the next.

    No text gets longer than a message may be, unless it was longer before.
    """
    edges = [0]
    for text in texts:
        edges.append(edges[-1] + len(text))
    inner = edges[1:-1]
    found = [one for one in find_secrets("".join(texts), split=True) if _crosses(one, inner)]
    if not found:
        return list(texts)
    clean, at = [], 0
    for text, start in zip(texts, edges, strict=False):
        end = start + len(text)
        while at < len(found) and found[at].end <= start:
            at += 1
        own, place = [], at
        while place < len(found) and found[place].start < end:
            one = found[place]
            own.append(Found(max(one.start, start) - start, min(one.end, end) - start, one.kind, 0))
            place += 1
        clean.append(shortened(marked(text, own), max(len(text), MESSAGE_LENGTH)))
    return clean


def _crosses(one: Found, edges: Sequence[int]) -> bool:
    """Whether an edge lies between the text that gives the secret away and the secret's end."""
    place = bisect_right(edges, one.begins)
    return place < len(edges) and edges[place] < one.end
