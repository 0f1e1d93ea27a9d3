"""Group texts that stem from one another, and name the likeliest original of each group.

For each text an index over the crawl itself names a few others that share rare words with it, so
that never all pairs are compared. Each of these pairs is compared once. Texts that stem from one
another make a group (reports of the same event do not), and its original is the text of which the
others were rather made than the other way round.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from detector.clusters.links import Comparer, Link
from detector.io.readers import BadInput, Record
from detector.references.index import ReferenceIndex
from detector.results import DEFAULT_COMPARISON_RATE, RELATIONS, VERBATIM
from detector.text.document import MAXIMUM_CHARACTERS

ORIGINAL_ROLE, COPY_ROLE, ALONE_ROLE = ROLES = ("original", "copy", "alone")

#: Texts of which what was measured is kept: a megabyte each.
_MEASURED_AT_HAND = 64

#: How many likely relatives of a text are compared with it.
_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Member:
    """A text in its group.

    Attributes:
        id: the caller's.
        role: one of `ROLES`.
        relation: what it is to the group's original, one of `detector.results.RELATIONS`; None of
            the original itself, and where the two cannot be compared.
        machine: probability that a machine made it of the original; None where `relation` is.
        flagged: that probability reaches the threshold of comparisons.
        coverage: share of its words in sentences that stem from the original.
    """

    id: object
    role: str
    relation: str | None = None
    machine: float | None = None
    flagged: bool = False
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that stem from one another; a text that stems from no other is one by itself.

    Attributes:
        original: the likeliest original, or the only text.
        copies: the others, in the order of the input.
    """

    original: Member
    copies: tuple[Member, ...] = ()

    @property
    def members(self) -> tuple[Member, ...]:
        """The original, then its copies."""
        return (self.original, *self.copies)

    def __len__(self) -> int:
        return 1 + len(self.copies)


def group(
    documents: Iterable[tuple[object, str]],
    detector: Comparer,
    *,
    false_positive_rate: float = DEFAULT_COMPARISON_RATE,
    candidates: int = _CANDIDATES,
    folder: Path | None = None,
) -> list[Group]:
    """Group documents: every one is in one group, in the order of their first members.

    The texts are kept on disk; memory holds an id and a few numbers of each.

    Args:
        documents: pairs of id and text. Ids need not differ.
        detector: compares two texts.
        false_positive_rate: share of other pairs that may be flagged by mistake, see
            `Detector.compare`.
        candidates: how many likely relatives of a text are compared with it, at most.
        folder: where the index of the texts is made; a temporary one unless told.

    Raises:
        ReferenceIndexError: the index cannot be written.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        crawl = _Crawl.read(documents, Path(place) / "index")
        comparer = _PairComparer(crawl, detector, false_positive_rate)
        links = list(_compare_candidates(crawl, comparer, candidates))
        components = _join(len(crawl.ids), links)
        return [_make_group(crawl, members, found, comparer) for members, found in components]


@dataclass(frozen=True)
class _Crawl:
    """The texts of a crawl by number; those that hold nothing to compare are in no index."""

    ids: list[object]
    index: ReferenceIndex
    refused: frozenset[int]

    @classmethod
    def read(cls, documents: Iterable[tuple[object, str]], folder: Path) -> _Crawl:
        ids: list[object] = []
        refused: set[int] = set()

        def number() -> Iterator[Record]:
            for place, (identity, text) in enumerate(documents):
                ids.append(identity)
                yield Record(place, text, source="crawl", row=place + 1)

        def refuse(bad: BadInput) -> None:
            refused.add(int(str(bad.id)))

        index = ReferenceIndex.create(folder)
        index.add(number(), report=refuse)
        return cls(ids, index, frozenset(refused))

    def read_text(self, number: int) -> str:
        return self.index.text(number)[:MAXIMUM_CHARACTERS]


class _PairComparer:
    """Compares texts of a crawl by their numbers; what was measured of a text is kept for a while.

    Args:
        crawl: holds the texts.
        detector: compares them.
        rate: see `group`.
    """

    def __init__(self, crawl: _Crawl, detector: Comparer, rate: float) -> None:
        self._detector = detector
        self._rate = rate
        self._measure = lru_cache(_MEASURED_AT_HAND)(
            lambda number: detector.measure(crawl.read_text(number))
        )

    def compare(self, copy: int, original: int) -> Link:
        """What the one text did to the other."""
        comparison = self._detector.compare(
            self._measure(copy),
            self._measure(original),
            false_positive_rate=self._rate,
            artifacts="none",
        )
        return Link(copy, original, comparison)


def _compare_candidates(crawl: _Crawl, comparer: _PairComparer, candidates: int) -> Iterator[Link]:
    """Links of pairs that stem from one another, both ways where one was reworded."""
    seen: set[tuple[int, int]] = set()
    for number in range(len(crawl.ids)):
        if number in crawl.refused:
            continue
        for found in crawl.index.find(crawl.read_text(number), candidates + 1):
            other = int(str(found.id))
            pair = (min(number, other), max(number, other))
            if other == number or pair in seen:
                continue
            seen.add(pair)
            link = comparer.compare(number, other)
            if link.is_related:
                yield link
                if link.comparison.relation != VERBATIM:  # a rewriting shows from one side only
                    yield comparer.compare(other, number)


def _join(count: int, links: list[Link]) -> list[tuple[list[int], list[Link]]]:
    """The connected texts, each with the links among them, in the order of their first text."""
    parent = list(range(count))

    def find(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for link in links:
        one, other = sorted((find(link.copy), find(link.original)))
        parent[other] = one
    members: defaultdict[int, list[int]] = defaultdict(list)
    for number in range(count):
        members[find(number)].append(number)
    links_of: defaultdict[int, list[Link]] = defaultdict(list)
    for link in links:
        links_of[find(link.copy)].append(link)
    return [(numbers, links_of[root]) for root, numbers in members.items()]


def _make_group(
    crawl: _Crawl, members: list[int], links: list[Link], comparer: _PairComparer
) -> Group:
    if len(members) == 1:
        return Group(Member(crawl.ids[members[0]], ALONE_ROLE))
    original = _choose_original(members, links)
    known = {(link.copy, link.original): link for link in links}
    copies = []
    for number in members:
        if number == original:
            continue
        link = known.get((number, original)) or comparer.compare(number, original)
        found = link.comparison
        copies.append(
            Member(
                crawl.ids[number],
                COPY_ROLE,
                relation=found.relation,
                machine=found.probability,
                flagged=found.flagged,
                coverage=found.coverage,
            )
        )
    return Group(Member(crawl.ids[original], ORIGINAL_ROLE), tuple(copies))


def _choose_original(members: list[int], links: list[Link]) -> int:
    """The text of which the others were rather made; of equals the first that was read."""
    scores = dict.fromkeys(members, 0.0)
    surest: dict[tuple[int, int], Link] = {}
    for link in links:
        pair = (min(link.copy, link.original), max(link.copy, link.original))
        if pair not in surest or surest[pair].probability < link.probability:
            surest[pair] = link
    for link in surest.values():
        scores[link.original] += link.log_odds
        scores[link.copy] -= link.log_odds
    return max(members, key=lambda number: (scores[number], -number))


def count_relations(groups: Iterable[Group]) -> dict[str, int]:
    """How many copies there are of each relation, of those that occur, in `RELATIONS`' order."""
    found = [copy.relation for one in groups for copy in one.copies]
    return {relation: found.count(relation) for relation in RELATIONS if relation in found}
