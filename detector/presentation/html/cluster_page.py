"""The groups of a crawl as a page: the largest first, each opens, copies beside the original."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

from markupsafe import Markup

from detector.choices import ArtifactSetting
from detector.clusters.grouping import COPY_ROLE, Member, Place, list_places
from detector.clusters.settling import Standing
from detector.clusters.store import CrawlStore
from detector.model.bundle import Bundle
from detector.presentation.html.article import IN_A_ROW
from detector.presentation.html.comparison import make_pair_view
from detector.presentation.html.page import SIZE_LIMIT, write_page
from detector.presentation.html.rendering import render
from detector.presentation.html.sources import Source, describe_source
from detector.presentation.html.spans import Palette
from detector.presentation.wording import clip
from detector.results import RELATIONS, Comparison
from detector.text.document import MAXIMUM_CHARACTERS

GROUP_LIMIT = 200
"""Groups that a page lists at most."""

MEMBER_LIMIT = 40
"""Copies of a group that a page lists at most; of these the first can be opened."""

_OPENED_LIMIT = 8

_FRAME_BYTES = 200_000


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
class _Counts:
    """Counts over all rows, and the groups of two and more by their number."""

    texts: int = 0
    alone: int = 0
    flagged: int = 0
    relations: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RELATIONS, 0))
    groups: dict[int, list[Place]] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Copy:
    """A copy in its group's table."""

    name: str
    member: Member
    view: Markup | None


@dataclass(frozen=True)
class _Group:
    """A group on the page."""

    size: int
    flagged: int
    source: Source
    copies: Sequence[_Copy]
    left_out: int


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
    palette = Palette()
    pairs = _PairViews(store, detector, rate, palette)
    order = sorted(counts.groups, key=lambda number: (-counts.sizes[number], number))
    groups = [
        _make_group(counts.groups[number], counts.sizes[number], store, pairs)
        for number in order[:GROUP_LIMIT]
    ]
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
        counts.sizes[place.group] = place.size
        kept = counts.groups.setdefault(place.group, [])
        if len(kept) <= MEMBER_LIMIT or place.member.role != COPY_ROLE:
            kept.append(place)
    return counts


class _PairViews:
    """Copies beside their originals, as long as the page has room for them."""

    def __init__(
        self, store: CrawlStore, detector: PageDetector, rate: float, palette: Palette
    ) -> None:
        self._store = store
        self._detector = detector
        self._rate = rate
        self._palette = palette
        self._room = SIZE_LIMIT - _FRAME_BYTES
        self._made = 0
        self._measured: tuple[int, Any] = (-1, None)
        self.signature = ""
        self.original: Source | None = None

    def make(self, place: Place) -> Markup | None:
        """A row's text beside the one that it was compared with; None where there is no room."""
        said = self._store.find_standing(place.number)
        link = None if said is None else Standing.from_dict(said).link
        if link is None or self._room <= 0:
            return None
        copy, original = self._read(place.number), self._read(link.original)
        if self._measured[0] != link.original:
            self._measured = link.original, self._detector.measure(original)
        comparison = self._detector.compare(
            copy, self._measured[1], false_positive_rate=self._rate, artifacts="none"
        )
        if comparison.relation is None:
            return None
        sources = (
            _name_source(self._store, place.place, copy, comparison),
            _name_source(self._store, self._store.find_first(link.original), original, comparison),
        )
        self.original = sources[1]
        prefix = f"g{self._made}-"
        view = make_pair_view(
            (copy, original), comparison, sources, prefix, self._palette, IN_A_ROW
        )
        shown = render("cluster_pair.html", view=view, comparison=comparison)
        self._made += 1
        self._room -= len(shown.encode())
        self.signature = comparison.signature
        return shown if self._room > 0 else None

    def _read(self, number: int) -> str:
        return self._store.read_text(number)[:MAXIMUM_CHARACTERS]


def _name_source(
    store: CrawlStore, place: int, text: str = "", comparison: Comparison | None = None
) -> Source:
    identity, fields = store.get_row(place)
    verdict = comparison.verdict if comparison is not None else None
    return describe_source(str(identity), fields, text, verdict)


def _make_group(places: Sequence[Place], size: int, store: CrawlStore, pairs: _PairViews) -> _Group:
    """The group of these rows: the copies in which most is of a machine come first."""
    original = next(place for place in places if place.member.role != COPY_ROLE)
    copies = [place for place in places if place.member.role == COPY_ROLE]
    copies.sort(key=lambda place: (-(place.member.machine or 0.0), place.place))
    pairs.original = None
    listed = [
        _Copy(
            clip(str(place.member.id), 160),
            place.member,
            pairs.make(place) if number < _OPENED_LIMIT else None,
        )
        for number, place in enumerate(copies[:MEMBER_LIMIT])
    ]
    return _Group(
        size=size,
        flagged=sum(place.member.flagged for place in copies),
        source=pairs.original or _name_source(store, original.place),
        copies=listed,
        left_out=size - 1 - len(listed),
    )


def _explain(counts: _Counts) -> str:
    copies = sum(counts.sizes.values()) - len(counts.sizes)
    if not copies:
        every = f"None of {counts.texts:,} texts stems from another of them."
        return "There is one text alone." if counts.texts == 1 else every
    said = f"{copies:,} of {counts.texts:,} texts are copies of another of them, in "
    said += f"{len(counts.sizes):,} group{'' if len(counts.sizes) == 1 else 's'}"
    if not counts.flagged:
        return f"{said}; none of them is flagged."
    are = "is flagged: it reads" if counts.flagged == 1 else "are flagged: they read"
    return f"{said}; {counts.flagged:,} of them {are} like the original rewritten by a machine."


def _name_facts(counts: _Counts) -> Mapping[str, str]:
    facts = {"texts": f"{counts.texts:,}", "groups": f"{len(counts.sizes):,}"}
    facts |= {name: f"{count:,}" for name, count in counts.relations.items() if count}
    return facts | {"flagged": f"{counts.flagged:,}", "alone": f"{counts.alone:,}"}


def _name_omissions(groups: Sequence[_Group], count: int) -> Iterator[str]:
    if count > len(groups):
        yield f"{count - len(groups):,} of {count:,} groups, the smallest"
    if hidden := sum(group.left_out for group in groups):
        yield f"{hidden:,} {'copy' if hidden == 1 else 'copies'} of large groups"
    closed = sum(copy.view is None for group in groups for copy in group.copies)
    if closed:
        many = f"the texts of {closed:,} copies, of which most are their original's word for word"
        yield "the text of 1 copy" if closed == 1 else many
