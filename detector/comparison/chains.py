"""Longest and heaviest chains of pairs that rise on both sides."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence


def find_rising(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Indices of a longest run of `pairs` (sorted by the first) that rises in the second."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, (_, value) in enumerate(pairs):
        at = bisect_left(ends, value)
        before.append(places[at - 1] if at else -1)
        ends[at : at + 1], places[at : at + 1] = [value], [place]
    chain = []
    place = places[-1] if places else -1
    while place >= 0:
        chain.append(place)
        place = before[place]
    return chain[::-1]


def find_chain(rated: Iterable[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """The pairs, rising on both sides, whose similarities have the greatest sum."""
    pairs = sorted(rated, key=lambda pair: (pair[0], -pair[1]))
    size = max((j for _, j, _ in pairs), default=-1) + 2
    best: list[tuple[float, int]] = [(0.0, -1)] * size  # a Fenwick tree of maxima over j
    before: list[int] = []
    for number, (_, j, similarity) in enumerate(pairs):
        total, last = 0.0, -1
        at = j
        while at:
            if best[at][0] > total:
                total, last = best[at]
            at -= at & -at
        before.append(last)
        at = j + 1
        while at < size:
            if total + similarity > best[at][0]:
                best[at] = (total + similarity, number)
            at += at & -at
    last = max(best, default=(0.0, -1))[1]
    chain = []
    while last >= 0:
        chain.append(pairs[last])
        last = before[last]
    return chain[::-1]
