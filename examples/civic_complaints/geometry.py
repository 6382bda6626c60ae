"""Distances and nearest points in one city, in metres.

A flat earth is good to a metre over ten kilometres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]
"""Latitude, longitude in degrees."""

METERS_PER_DEGREE = 111_320.0


def distance(a: Point, b: Point) -> float:
    """Metres between two points."""
    east = (b[1] - a[1]) * METERS_PER_DEGREE * math.cos(math.radians((a[0] + b[0]) / 2))
    north = (b[0] - a[0]) * METERS_PER_DEGREE
    return math.hypot(east, north)


def between(a: Point, b: Point, share: float) -> Point:
    """The point that lies `share` (0..1) of the way from `a` to `b`."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)


def nearest_on_segment(point: Point, start: Point, end: Point) -> Point:
    """The point of the segment that is closest to `point`."""
    scale = math.cos(math.radians(point[0]))
    along_north, along_east = end[0] - start[0], (end[1] - start[1]) * scale
    length_squared = along_north**2 + along_east**2
    if length_squared == 0:
        return start
    north, east = point[0] - start[0], (point[1] - start[1]) * scale
    share = (north * along_north + east * along_east) / length_squared
    return between(start, end, min(1.0, max(0.0, share)))


def nearest_on_line(point: Point, line: Sequence[Point]) -> Point:
    """The point of the line that is closest to `point`."""
    candidates = (nearest_on_segment(point, start, end) for start, end in pairwise(line))
    return min(candidates, key=lambda candidate: distance(point, candidate))


def _crossing_of_segments(a: tuple[Point, Point], b: tuple[Point, Point]) -> Point | None:
    (y1, x1), (y2, x2) = a
    (y3, x3), (y4, x4) = b
    denominator = (x1 - x2) * (y3 - y4) - (y1 - y2) * (x3 - x4)
    if denominator == 0:
        return None
    t = ((x1 - x3) * (y3 - y4) - (y1 - y3) * (x3 - x4)) / denominator
    u = ((x1 - x3) * (y1 - y2) - (y1 - y3) * (x1 - x2)) / denominator
    return between(a[0], a[1], t) if 0 <= t <= 1 and 0 <= u <= 1 else None


def closest_approach(a: Sequence[Point], b: Sequence[Point]) -> tuple[Point, float]:
    """Where two lines meet, or the middle of where they come closest, and the gap between them in metres."""
    for first in pairwise(a):
        for second in pairwise(b):
            crossing = _crossing_of_segments(first, second)
            if crossing is not None:
                return crossing, 0.0
    pairs = [(point, nearest_on_line(point, b)) for point in a]
    pairs += [(nearest_on_line(point, a), point) for point in b]
    one, other = min(pairs, key=lambda pair: distance(*pair))
    return between(one, other, 0.5), distance(one, other)
