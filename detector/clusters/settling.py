"""Texts that may hang together, compared: which make groups, and what each is in its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from detector.clusters.descent import (
    Merger,
    choose_original,
    compare_dates,
    find_mergers,
    find_parents,
    list_triples,
)
from detector.clusters.links import Compare, Link, look_both_ways

#: Texts of which the word triples are kept: some 30 kB each.
_TRIPLES_AT_HAND = 512


@dataclass(frozen=True, slots=True)
class Standing:
    """What a text is in its group.

    Attributes:
        original: number of the group's original; its own where it is that.
        link: its comparison with the original, or with its parent if the original shares too
            little with it; None of the original itself.
        parent: the copy that it was made of, where it is a copy of a copy.
        further: the other text that it holds sentences of, where it was merged from two.
        predates: its date lies before the original's, by a day at least.
    """

    original: int
    link: Link | None = None
    parent: int | None = None
    further: int | None = None
    predates: bool = False

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` reads."""
        return asdict(self) | {"link": None if self.link is None else self.link.to_json()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Standing:
        """The standing that `to_dict` was called on."""
        link = data["link"]
        return cls(**{**data, "link": None if link is None else Link.from_json(link)})


@dataclass(frozen=True)
class Evidence:
    """Where what is known of texts comes from.

    Attributes:
        look: the comparison of two texts, if only by outline where they are not related.
        compare: the comparison of a copy with an original, by their numbers; the same pair, the
            same way round, may be asked for again.
        read_text: a text.
        find_date: its date in seconds; None where it has none.
    """

    look: Compare
    compare: Compare
    read_text: Callable[[int], str]
    find_date: Callable[[int], float | None]


def settle(pairs: Sequence[tuple[int, int]], evidence: Evidence) -> dict[int, Standing]:
    """What becomes of texts that may hang together; who stands alone is left out.

    Args:
        pairs: candidates, by their numbers.
        evidence: what is known of them.
    """
    looks = [look_both_ways(pair, evidence.look, evidence.compare) for pair in pairs]
    links = [link for found in looks if found[0].is_related for link in found]
    members = sorted({number for link in links for number in (link.copy, link.original)})
    found = {number: evidence.find_date(number) for number in members}
    dates = {number: date for number, date in found.items() if date is not None}
    mergers = find_mergers(links, dates)
    kept = [link for link in links if not _is_foreign(link, mergers)]
    standings: dict[int, Standing] = {}
    for group in join_pairs((link.copy, link.original) for link in kept):
        standings |= _settle_group(group, kept, mergers, dates, evidence)
    return standings


def _is_foreign(link: Link, mergers: Mapping[int, Merger]) -> bool:
    return any(
        number in mergers and other in mergers[number].foreign
        for number, other in ((link.copy, link.original), (link.original, link.copy))
    )


def join_pairs(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected numbers, each set in rising order, in the order of their least."""
    parent: dict[int, int] = {}

    def find(number: int) -> int:
        parent.setdefault(number, number)
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for one, other in pairs:
        low, high = sorted((find(one), find(other)))
        parent[high] = low
    connected: defaultdict[int, list[int]] = defaultdict(list)
    for number in sorted(parent):
        connected[find(number)].append(number)
    return [connected[root] for root in sorted(connected)]


def _settle_group(
    group: Sequence[int],
    links: Sequence[Link],
    mergers: Mapping[int, Merger],
    dates: Mapping[int, float],
    evidence: Evidence,
) -> dict[int, Standing]:
    within = set(group)
    own = [link for link in links if link.copy in within and link.original in within]
    # What was put together of others is no original, whatever it covers.
    simple = [number for number in group if number not in mergers]
    triples = lru_cache(_TRIPLES_AT_HAND)(lambda n: list_triples(evidence.read_text(n)))
    original = choose_original(simple or group, own, dates, triples)
    parents = find_parents(group, original, own, triples)
    standings = {original: Standing(original)}
    for number in group:
        if number != original:
            parent = parents.get(number)
            standings[number] = Standing(
                original,
                _find_telling_link(number, original, parent, own, evidence),
                parent,
                mergers[number].further if number in mergers else None,
                compare_dates(number, original, dates) < 0,
            )
    return standings


def _find_telling_link(
    number: int, original: int, parent: int | None, links: Sequence[Link], evidence: Evidence
) -> Link:
    """The comparison with the original; where that shares too little, with the nearest relative."""
    link = evidence.compare(number, original)
    if link.is_related:
        return link
    relatives = [parent] if parent is not None else sorted(
        {one.original for one in links if one.copy == number}
        | {one.copy for one in links if one.original == number}
    )  # fmt: skip
    others = [evidence.compare(number, relative) for relative in relatives]
    related = [other for other in others if other.is_related]
    return max(related, key=lambda other: (other.coverage, -other.original), default=link)
