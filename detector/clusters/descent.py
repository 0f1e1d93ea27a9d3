"""Which text of a group the others stem from, which are copies of copies, which are merged."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.clusters.links import Link, pick_telling

Array = npt.NDArray[Any]

#: What an earlier date counts for: dates are evidence, but a scraper's may be anything.
_DATE_LOG_ODDS = 2.0

#: Dates without a time of day are whole days apart; less than that says nothing.
_SECONDS_APART = 86_400.0

#: So much more of a copy's word triples has to stand in another copy than in the original.
_CHAIN_MARGIN = 0.15

#: Texts whose heights differ by less stand side by side.
_AS_HIGH = 0.75

#: So many of the other texts say which of those that stand side by side they are nearest to.
_ASKED = 50

_WORD = re.compile(r"\w+")

#: Gives the word triples of a text by its number, see `list_triples`.
Triples = Callable[[int], frozenset[int]]

#: Two sources of a merged text share hardly a sentence of it.
_MOST_OVERLAP = 0.2

_FEWEST_SENTENCES = 2

#: A source that is whole in another text may as well be cut from it; below that share it is not.
_WHOLE = 0.85

_MERGED_LOG_ODDS = 1.0


@dataclass(frozen=True, slots=True)
class Merger:
    """A text that holds sentences of two which do not stem from one another.

    Attributes:
        source: of which it has the most.
        further: another one.
        foreign: links to the texts that it has nothing in common with but the further source's.
    """

    source: int
    further: int
    foreign: frozenset[int]


def choose_original(
    members: Sequence[int],
    links: Sequence[Link],
    dates: Mapping[int, float],
    triples: Triples,
) -> int:
    """The text of which the others were made; of equals the first.

    Every pair that was compared tells how much rather the one was made of the other. The heights
    that fit all of these differences best (least squares, as in Jiang et al., "Statistical ranking
    and combinatorial Hodge theory", 2011) put the original on top, also of chains. Where several
    stand there, as reposts do, it is the one that the other texts share most with.
    """
    places = {number: place for place, number in enumerate(members)}
    telling = [
        link
        for link in pick_telling(links)
        if link.copy in places and link.original in places and link.copy != link.original
    ]
    if not telling:
        return min(members)
    ends = np.array([(places[link.original], places[link.copy]) for link in telling])
    odds = np.array([link.log_odds + _compare_dates(link, dates) for link in telling])
    heights = _fit_heights(len(members), ends, odds)
    top = [number for number in members if heights[places[number]] > heights.max() - _AS_HIGH]
    if len(top) == 1:
        return top[0]
    others = [number for number in members if number not in set(top)][:_ASKED]
    return max(top, key=lambda number: (_count_shared(number, others, triples), -number))


def _count_shared(number: int, others: Sequence[int], triples: Triples) -> float:
    own = triples(number)
    return round(sum(_share(triples(other), own) for other in others), 6)


def _compare_dates(link: Link, dates: Mapping[int, float]) -> float:
    copy, original = dates.get(link.copy), dates.get(link.original)
    if copy is None or original is None or abs(copy - original) < _SECONDS_APART:
        return 0.0
    return _DATE_LOG_ODDS if original < copy else -_DATE_LOG_ODDS


def _fit_heights(count: int, ends: Array, odds: Array) -> Array:
    """Heights (count,) whose differences over the ends (n, 2) are nearest to the odds (n,).

    Conjugate gradients, so that a group of thousands takes no matrix of millions.
    """

    def spread(differences: Array) -> Array:
        up = np.bincount(ends[:, 0], differences, count)
        return up - np.bincount(ends[:, 1], differences, count)

    heights = np.zeros(count)
    rest = spread(odds)
    step, size = rest.copy(), float(rest @ rest)
    for _ in range(min(count, 500)):
        if size < 1e-12:
            break
        image = spread(step[ends[:, 0]] - step[ends[:, 1]])
        length = size / float(step @ image)
        heights += length * step
        rest -= length * image
        size, before = float(rest @ rest), size
        step = rest + size / before * step
    return heights


def find_parents(
    members: Collection[int], original: int, links: Sequence[Link], triples: Triples
) -> dict[int, int]:
    """The copies that were made of another copy, and of which.

    A copy of a copy shares with it what the original does not have: more of its word triples stand
    there than in the original. Copies made side by side share less with one another.
    """
    within = set(members) - {original}
    kin: defaultdict[int, set[int]] = defaultdict(set)
    for link in links:
        if link.is_related and {link.copy, link.original} <= within:
            kin[link.copy].add(link.original)
            kin[link.original].add(link.copy)
    source = triples(original)
    near = {number: _share(triples(number), source) for number in kin}
    parents: dict[int, int] = {}
    for number in sorted(kin):
        nearer = [
            other
            for other in sorted(kin[number] - {number})
            if (-near[other], other) < (-near[number], number)
        ]
        shares = {other: _share(triples(number), triples(other)) for other in nearer}
        best = max(nearer, key=lambda other: (shares[other], -other), default=None)
        if best is not None and shares[best] >= near[number] + _CHAIN_MARGIN:
            parents[number] = best
    return parents


def list_triples(text: str) -> frozenset[int]:
    """Every three words of a text in a row, hashed."""
    words = _WORD.findall(text.lower())
    return frozenset(hash(tuple(words[i : i + 3])) for i in range(len(words) - 2))


def _share(triples: frozenset[int], others: frozenset[int]) -> float:
    return len(triples & others) / len(triples) if triples else 0.0


def find_mergers(links: Sequence[Link], dates: Mapping[int, float]) -> dict[int, Merger]:
    """The texts that were put together of two others, and what of.

    Two halves of one article, cut out by two outlets, lie in it just so: where both sources are
    whole in the text, it passes for merged only if machine or dates say that it came after them.
    """
    sides = _list_sides(links)
    mergers: dict[int, Merger] = {}
    for number, others in sorted(sides.items()):
        if len(others) < 2:
            continue
        by_extent = sorted(others, key=lambda other: (-len(others[other].sentences), other))
        found = next(
            (
                pair
                for pair in combinations(by_extent, 2)
                if pair[1] not in sides[pair[0]]
                and _is_merged(others[pair[0]], others[pair[1]], number, pair, dates)
            ),
            None,
        )
        if found is not None:
            source, further = found
            kept = others[source].sentences
            foreign = frozenset(
                other
                for other, side in others.items()
                if len(side.sentences & kept) <= _MOST_OVERLAP * len(side.sentences)
            )
            mergers[number] = Merger(source, further, foreign)
    return mergers


@dataclass(frozen=True, slots=True)
class _Side:
    """What a text has of another: which of its own sentences, and how much of the other's words."""

    sentences: frozenset[int]
    of_other: float
    log_odds: float


def _list_sides(links: Sequence[Link]) -> dict[int, dict[int, _Side]]:
    """Of each text, what it has of each other that it is related to."""
    sides: defaultdict[int, dict[int, _Side]] = defaultdict(dict)
    for link in links:
        if link.is_related and link.copy != link.original:
            copy = _Side(frozenset(link.covered), link.original_coverage, link.log_odds)
            other = _Side(frozenset(link.original_covered), link.coverage, -link.log_odds)
            sides[link.copy][link.original] = copy
            sides[link.original].setdefault(link.copy, other)
    return sides


def _is_merged(
    one: _Side, other: _Side, number: int, pair: tuple[int, int], dates: Mapping[int, float]
) -> bool:
    fewer = min(len(one.sentences), len(other.sentences))
    if fewer < _FEWEST_SENTENCES or len(one.sentences & other.sentences) > _MOST_OVERLAP * fewer:
        return False
    if one.of_other < _WHOLE and other.of_other < _WHOLE:
        return True
    known = [dates.get(source) for source in pair]
    own = dates.get(number)
    later = own is not None and all(d is not None and d + _SECONDS_APART <= own for d in known)
    return later or min(one.log_odds, other.log_odds) >= _MERGED_LOG_ODDS
