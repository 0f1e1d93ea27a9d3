"""Which text of a group the others stem from, which are copies of copies, which are merged."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.clusters.links import Link, pair_up

Array = npt.NDArray[Any]

#: What an earlier date counts for: dates are evidence, but a scraper's may be anything.
_DATE_LOG_ODDS = 3.0

#: Dates without a time of day are whole days apart; less than that says nothing.
_SECONDS_APART = 86_400.0

#: So much more of a copy's word triples has to stand in another copy than in the original.
_CHAIN_MARGIN = 0.15

#: A copy that has so many triples of another is that text, touched up.
_ALMOST_THE_SAME = 0.85

#: So much farther from the original than the text that it was made of is a copy of a copy.
_DRIFT = 0.07

#: Texts whose heights differ by less stand side by side.
_AS_HIGH = 0.25

#: Mean doubts that differ by less are the same.
_AS_DOUBTFUL = 0.1

_NEVER = 1e9

#: What it counts for that another text shares more with the one than with the other, by so much,
#: how much at most, and how many others are asked.
_VOTE_LOG_ODDS = 1.5

_VOTE_OF_REWRITTEN = 0.5

_MORE_SHARED = 0.01

_MOST_VOTES = 4.0

_ASKED = 12

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

    Every pair that was compared tells how much rather the one was made of the other. The original
    is the text against which least speaks. Of several the one on top of the heights that fit all
    of these differences best (least squares, as in Jiang et al., "Statistical ranking and
    combinatorial Hodge theory", 2011), and of several that stand there side by side the shortest:
    reposts add a notice.
    """
    places = {number: place for place, number in enumerate(members)}
    rewritten = _list_rewritten(links)
    told = {
        ends: odds + compare_dates(*ends, dates) + _ask_others(*ends, members, rewritten, triples)
        for ends, odds in pair_up(links).items()
        if ends[0] in places and ends[1] in places
    }
    if not told:
        return min(members)
    ends = np.array([(places[original], places[copy]) for copy, original in told])
    odds = np.array(list(told.values()))
    against = _weigh_doubts(len(members), ends, odds)
    heights = _fit_heights(len(members), ends, odds)
    first = np.flatnonzero(against <= against.min() + _AS_DOUBTFUL)
    first = first[heights[first] > heights[first].max() - _AS_HIGH]
    top = [members[place] for place in first.tolist()]
    return min(top, key=lambda number: (len(triples(number)), number))


def _weigh_doubts(count: int, ends: Array, odds: Array) -> Array:
    """What speaks against each text (count,) as the original, over the texts it was compared with.

    Args:
        count: of the texts.
        ends: original and copy of each pair (n, 2), as places among the texts.
        odds: log-odds (n,) that the copy was made of the original.
    """
    pairs = np.bincount(ends.reshape(-1), minlength=count)
    doubts = np.bincount(ends[:, 0], np.maximum(-odds, 0.0), count)
    doubts += np.bincount(ends[:, 1], np.maximum(odds, 0.0), count)
    # Who was compared with nobody is the last to be thought the original.
    return np.where(pairs > 0, doubts / np.maximum(pairs, 1), _NEVER)


def _ask_others(
    copy: int, original: int, members: Sequence[int], rewritten: Collection[int], triples: Triples
) -> float:
    """What the other texts say of two: what they were made of, they have more words in a row of.

    Machines write alike, so that what one rewrote says less.
    """
    votes = 0.0
    for other in members[:_ASKED]:
        if other not in (copy, original):
            own = triples(other)
            more = _share(own, triples(original)) - _share(own, triples(copy))
            vote = (more > _MORE_SHARED) - (more < -_MORE_SHARED)
            votes += vote * (_VOTE_OF_REWRITTEN if other in rewritten else 1.0)
    return max(-_MOST_VOTES, min(_MOST_VOTES, _VOTE_LOG_ODDS * votes))


def _list_rewritten(links: Iterable[Link]) -> set[int]:
    """The texts that a machine made of another, as a comparison says."""
    told = [link for link in links if link.direction is not None]
    return {link.copy if (link.direction or 0.0) >= 0.5 else link.original for link in told}


def compare_dates(copy_number: int, original_number: int, dates: Mapping[int, float]) -> float:
    """What dates say, in log-odds, of whether the one text was made of the other.

    Above 0 the copy is the later one, below 0 the earlier; 0 where a date is missing, or less than
    a day lies between them.
    """
    copy, original = dates.get(copy_number), dates.get(original_number)
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
    there than in the original, and it is either almost the same text or farther from the original.
    Machines write alike, so that two translations of one text share much, but are as far from it.
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
        if best is not None and _is_made_of(shares[best], near[number], near[best]):
            parents[number] = best
    return parents


def _is_made_of(share: float, near: float, parent_near: float) -> bool:
    """Whether a copy was made of another one, by what it shares with that and with the original.

    Args:
        share: of its word triples in the other copy.
        near: of its word triples in the original.
        parent_near: of the other copy's in the original.
    """
    drifted = share >= _ALMOST_THE_SAME or parent_near >= near + _DRIFT
    return drifted and share >= near + _CHAIN_MARGIN


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
        found = _find_sources(number, sides, dates)
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
    told = pair_up(links)
    for link in links:
        if link.is_related and link.copy != link.original:
            ends = link.copy, link.original
            odds = told[ends] if ends in told else -told[ends[::-1]]
            copy = _Side(frozenset(link.covered), link.original_coverage, odds)
            other = _Side(frozenset(link.original_covered), link.coverage, -odds)
            sides[link.copy][link.original] = copy
            sides[link.original].setdefault(link.copy, other)
    return sides


def _find_sources(
    number: int, sides: Mapping[int, Mapping[int, _Side]], dates: Mapping[int, float]
) -> tuple[int, int] | None:
    """The first two relatives, by how much a text has of each, that it was merged from.

    What speaks for two is known of each by itself, but for the sentences that they share: those are
    counted for one against all at a time, and once for all of which the text has the same. A text
    may have thousands of relatives, too many to look at each two of them.
    """
    others = sides[number]
    known = {other: _tell_merger(number, other, side, dates) for other, side in others.items()}
    asked = [
        other
        for other in sorted(others, key=lambda other: (-len(others[other].sentences), other))
        if any(known[other]) and len(others[other].sentences) >= _FEWEST_SENTENCES
    ]
    if len(asked) < 2:
        return None
    held = np.zeros((len(asked), 1 + max(max(others[n].sentences) for n in asked)), np.float32)
    for row, other in zip(held, asked, strict=True):
        row[list(others[other].sentences)] = 1.0
    sizes = held.sum(axis=1, dtype=np.float64)
    told = np.array([known[other] for other in asked])
    fitting: dict[tuple[frozenset[int], tuple[bool, ...]], list[int]] = {}
    for at, other in enumerate(asked):
        kind = others[other].sentences, known[other]
        if kind not in fitting:
            apart = held @ held[at] <= _MOST_OVERLAP * np.minimum(sizes, sizes[at])
            fitting[kind] = np.flatnonzero(apart & (told & told[at]).any(axis=1)).tolist()
        # Those before it are related to it, or it would have been found from there.
        further = next((asked[n] for n in fitting[kind] if asked[n] not in sides[other]), None)
        if further is not None:
            return other, further
    return None


def _tell_merger(
    number: int, other: int, side: _Side, dates: Mapping[int, float]
) -> tuple[bool, bool, bool]:
    """What speaks for a merger, where the same holds of two of the text's relatives.

    That the other is not whole in the text, that the text came after it, and that a machine made
    the text of it.
    """
    came_after = compare_dates(number, other, dates) > 0
    return side.of_other < _WHOLE, came_after, side.log_odds >= _MERGED_LOG_ODDS
