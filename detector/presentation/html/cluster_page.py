"""The groups of a crawl as a page: the largest first, each opens, copies beside the original."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TextIO

from markupsafe import Markup

from detector.choices import ArtifactSetting
from detector.clusters.grouping import COPY_ROLE, Member, Place, list_places
from detector.clusters.settling import Standing
from detector.clusters.store import CrawlStore
from detector.model.bundle import Bundle
from detector.presentation.html.article import IN_A_ROW
from detector.presentation.html.comparison import PairView, make_pair_view
from detector.presentation.html.page import SIZE_LIMIT, write_page
from detector.presentation.html.rendering import render
from detector.presentation.html.sources import Source, describe_source
from detector.presentation.html.spans import Palette
from detector.presentation.wording import clip
from detector.results import RELATIONS, VERBATIM, Comparison
from detector.text.document import MAXIMUM_CHARACTERS, Document

GROUP_LIMIT = 200
"""Groups that a page lists at most."""

MEMBER_LIMIT = 40
"""Copies of a group that a page lists at most; of these the first can be opened."""

_OPENED_LIMIT = 8

_NAME_LIMIT = 160

_NOTE_LIMIT = 320

_TABLE_SHARE = 0.75
"""Of a page's bytes, for the groups' tables before any text."""

_FRAME_BYTES = 200_000
"""Kept back for everything else: style, script, header, guide."""


class PageDetector(Protocol):
    """What is asked of a detector: it measures, compares, and says which folder it came from."""

    @property
    def bundle(self) -> Bundle | None:
        """The model folder, for the false positives that were measured of it."""

    def measure(self, text: str, /) -> Any:
        """What `compare` takes in place of a text."""

    def compare(
        self,
        text: Any,
        reference: Any,
        /,
        *,
        false_positive_rate: float,
        artifacts: ArtifactSetting,
    ) -> Comparison:
        """What a copy did to its original."""


@dataclass
class _Members:
    """A group of two and more: its original, the strongest of its copies, and counts of all."""

    size: int
    flagged: int = 0
    original: Place | None = None
    _strongest: list[tuple[float, int, Place]] = field(default_factory=list)

    def add(self, place: Place) -> None:
        """Take a row of the group."""
        if place.member.role != COPY_ROLE:
            self.original = place
            return
        self.flagged += place.member.flagged
        entry = (place.member.machine or 0.0, -place.place, place)
        if len(self._strongest) < MEMBER_LIMIT:
            heapq.heappush(self._strongest, entry)
        else:
            heapq.heappushpop(self._strongest, entry)

    def list_copies(self) -> list[Place]:
        """The copies in which most is of a machine, these first."""
        return [place for *_, place in sorted(self._strongest, reverse=True)]


@dataclass
class _Counts:
    """Counts over all rows, and the groups of two and more by their number."""

    texts: int = 0
    alone: int = 0
    flagged: int = 0
    relations: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RELATIONS, 0))
    groups: dict[int, _Members] = field(default_factory=dict)


@dataclass(frozen=True)
class _Row:
    """A copy in its group's table."""

    name: str
    note: str
    member: Member


@dataclass(frozen=True)
class _Group:
    """A group on the page: its heading with its table, and what opens below."""

    copies: Sequence[Place]
    left_out: int
    table: Markup
    views: Mapping[int, Markup] = field(default_factory=dict)


def write_cluster_report(
    target: str | os.PathLike[str] | TextIO,
    store: CrawlStore,
    detector: PageDetector,
    *,
    rate: float,
    title: str | None = None,
) -> None:
    """Write the page of a crawl that was grouped.

    The largest groups are listed, and of these the strongest copies open beside their original, as
    far as there is room. What was left out is said on the page.

    Args:
        target: a file, which is put in place when all of it is written, or a text stream.
        store: the crawl, after a `detector.clusters.grouping.Grouping` has run.
        detector: compares what the page shows.
        rate: share of other pairs that may be flagged by mistake.
        title: what the crawl is.

    Raises:
        OSError: the file cannot be written.
    """
    counts = _count_rows(store)
    order = sorted(counts.groups, key=lambda number: (-counts.groups[number].size, number))
    room = SIZE_LIMIT - _FRAME_BYTES
    largest = (counts.groups[number] for number in order[:GROUP_LIMIT])
    groups = _list_groups(largest, store, int(_TABLE_SHARE * room))
    room -= sum(len(group.table.encode()) for group in groups)
    pairs = _PairViews(store, detector, rate, room)
    groups = [replace(group, views=_open_copies(group.copies, pairs)) for group in groups]
    bundle = detector.bundle
    write_page(
        target,
        "cluster_page.html",
        title=title or "Copies in a crawl",
        summary=_explain(counts),
        figures=_name_facts(counts),
        left_out=list(_name_omissions(groups, len(order))),
        groups=groups,
        signatures=[pairs.signature],
        rates=[],
        pair_rates=[rate],
        model_card=bundle.manifest.to_dict() if bundle is not None else None,
    )


def _count_rows(store: CrawlStore) -> _Counts:
    counts = _Counts()
    for place in list_places(store):
        counts.texts += 1
        counts.flagged += place.member.flagged
        if place.size == 1:
            counts.alone += 1
            continue
        if place.member.relation is not None:
            counts.relations[place.member.relation] += 1
        counts.groups.setdefault(place.group, _Members(place.size)).add(place)
    return counts


def _list_groups(largest: Iterable[_Members], store: CrawlStore, room: int) -> list[_Group]:
    """The groups with their tables, up to the first for which there is no room."""
    listed: list[_Group] = []
    for members in largest:
        group = _make_group(members, store)
        room -= len(group.table.encode())
        if room < 0 and listed:
            break
        listed.append(group)
    return listed


def _make_group(members: _Members, store: CrawlStore) -> _Group:
    original = members.original
    assert original is not None  # every group has one
    copies = members.list_copies()
    left_out = members.size - 1 - len(copies)
    table = render(
        "cluster_group.html",
        size=members.size,
        flagged=members.flagged,
        source=_name_source(store, original.place, _read(store, original.number)),
        copies=[_make_row(place) for place in copies],
        left_out=left_out,
    )
    return _Group(copies, left_out, table)


def _make_row(place: Place) -> _Row:
    member = place.member
    return _Row(_name(member.id), clip(member.note or "", _NOTE_LIMIT), member)


def _open_copies(copies: Sequence[Place], pairs: _PairViews) -> dict[int, Markup]:
    """The first copies beside their originals, by their places, as far as there is room."""
    views = ((place.place, pairs.make(place)) for place in copies[:_OPENED_LIMIT])
    return {place: view for place, view in views if view is not None}


class _PairViews:
    """Copies beside their originals, as long as the page has room for them.

    Args:
        store: the crawl.
        detector: compares what is shown.
        rate: share of other pairs that may be flagged by mistake.
        room: bytes that the views may take together.
    """

    def __init__(self, store: CrawlStore, detector: PageDetector, rate: float, room: int) -> None:
        self._store = store
        self._detector = detector
        self._rate = rate
        self._room = room
        self._palette = Palette()
        self._made = 0
        self._measured: tuple[int, Any] = (-1, None)
        self.signature = ""

    def make(self, place: Place) -> Markup | None:
        """A row's text beside the one that it was compared with; None where there is no room."""
        said = self._store.find_standing(place.number)
        if said is None or self._room <= 0:
            return None
        standing = Standing.from_dict(said)
        if standing.link is None:
            return None
        original = standing.link.original
        texts = _read(self._store, place.number), _read(self._store, original)
        comparison = self._compare(texts, original)
        if comparison.relation is None:
            return None
        first = self._store.find_first(original)
        shown = render(
            "cluster_pair.html",
            view=self._lay_out(texts, comparison, (place.place, first)),
            comparison=comparison,
            name=_name(place.member.id),
            # A copy that shares too little with the original stands beside another copy.
            other=None if original == standing.original else _name(self._store.get_id(first)),
        )
        self._room -= len(shown.encode())
        self.signature = comparison.signature
        return shown if self._room > 0 else None

    def _compare(self, texts: tuple[str, str], original: int) -> Comparison:
        if self._measured[0] != original:
            self._measured = original, self._detector.measure(texts[1])
        return self._detector.compare(
            texts[0], self._measured[1], false_positive_rate=self._rate, artifacts="none"
        )

    def _lay_out(
        self, texts: tuple[str, str], comparison: Comparison, places: tuple[int, int]
    ) -> PairView:
        copy, original = (
            _name_source(self._store, place, text)
            for place, text in zip(places, texts, strict=True)
        )
        prefix = f"g{self._made}-"
        self._made += 1
        return make_pair_view(texts, comparison, (copy, original), prefix, self._palette, IN_A_ROW)


def _read(store: CrawlStore, number: int) -> str:
    return store.read_text(number)[:MAXIMUM_CHARACTERS]


def _name(identity: Any) -> str:
    return clip(str(identity), _NAME_LIMIT)


def _name_source(store: CrawlStore, place: int, text: str) -> Source:
    """A row by its title, or else by its text's headline: the same wherever it is named."""
    identity, fields = store.get_row(place)
    if not describe_source("", fields).title:
        fields = fields | {"title": _find_headline(text)}
    return describe_source(str(identity), fields)


def _find_headline(text: str) -> str:
    first = next(iter(Document.make(text, ()).sentences), None)
    return text[first.start : first.end] if first and first.kind == "headline" else ""


def _explain(counts: _Counts) -> str:
    copies = sum(group.size - 1 for group in counts.groups.values())
    if not copies:
        every = f"None of {counts.texts:,} texts stems from another of them."
        return "There is one text alone." if counts.texts == 1 else every
    said = f"{copies:,} of {counts.texts:,} texts are copies of another of them, in "
    said += f"{len(counts.groups):,} group{'' if len(counts.groups) == 1 else 's'}"
    if not counts.flagged:
        return f"{said}; none of them is flagged."
    are = "is flagged: it reads" if counts.flagged == 1 else "are flagged: they read"
    return f"{said}; {counts.flagged:,} of them {are} like the original rewritten by a machine."


def _name_facts(counts: _Counts) -> Mapping[str, str]:
    facts = {"texts": f"{counts.texts:,}", "groups": f"{len(counts.groups):,}"}
    facts |= {name: f"{count:,}" for name, count in counts.relations.items() if count}
    return facts | {"flagged": f"{counts.flagged:,}", "alone": f"{counts.alone:,}"}


def _name_omissions(groups: Sequence[_Group], count: int) -> Iterator[str]:
    if count > len(groups):
        yield f"{count - len(groups):,} of {count:,} groups, the smallest"
    if hidden := sum(group.left_out for group in groups):
        yield f"{hidden:,} {'copy' if hidden == 1 else 'copies'} of large groups"
    closed = [
        place.member.relation
        for group in groups
        for place in group.copies
        if place.place not in group.views
    ]
    if len(closed) == 1:
        yield "the text of 1 copy"
    elif closed:
        verbatim = closed.count(VERBATIM)
        such = f", {verbatim:,} of them verbatim" if verbatim else ""
        yield f"the texts of {len(closed):,} copies{such}"
