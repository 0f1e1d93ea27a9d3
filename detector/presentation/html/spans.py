"""Lay spans over a text, and colour them by kind and strength.

The browser counts UTF-16 units where Python counts code points: all offsets are applied here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from detector.presentation.html.rendering import render
from detector.results import Artifact, SentenceScore

_SLOTS = 10

_STRENGTHS = (0.5, 1.0, 2.0, 3.0)
"""Log-odds at which a span is coloured one step more strongly."""


def clean_language(code: str | None) -> str | None:
    """A language code fit for the lang attribute, or none."""
    return code if code and re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", code) else None


@dataclass(frozen=True, slots=True)
class Span:
    """What is laid over ``[start, end)`` of a text: a tag, and what only its first piece has."""

    start: int
    end: int
    tag: str
    attributes: Mapping[str, object]
    first_only: Mapping[str, object]
    rank: int = 0


class Piece(NamedTuple):
    """Some text without a tag, a start tag with its attributes, or an end tag without."""

    text: str = ""
    tag: str = ""
    attributes: Mapping[str, object] | None = None


def mark_up(text: str, spans: Iterable[Span]) -> Markup:
    """The text with its spans as elements; see `cut_into_pieces`.

    What the browser shows of the text is the text, code point for code point, less what cannot be
    written.

    Raises:
        ValueError: a span lies outside the text, which is therefore another than was judged.
    """
    return render("spans.html", pieces=cut_into_pieces(text, spans))


def cut_into_pieces(text: str, spans: Iterable[Span]) -> Iterator[Piece]:
    """Lay spans over a text; where they cross, one is cut in pieces, so that all are nested.

    Longer spans go outside, equal ones by rank; an empty span marks a place, and stands before a
    mark that begins there.

    Raises:
        ValueError: a span lies outside the text, which is therefore another than was judged.
    """
    waiting = sorted(
        spans,
        key=lambda span: (span.start, span.start < span.end and span.rank, -span.end, span.rank),
    )
    for span in waiting:
        _check_end(span, text)
    boundaries = sorted({at for span in waiting for at in (span.start, span.end)} | {len(text)})
    waiting.reverse()
    stack: list[Span] = []
    position = 0
    for boundary in boundaries:
        yield Piece(text[position:boundary])
        position = boundary
        yield from _close_ended(stack, boundary)
        while waiting and waiting[-1].start == boundary:
            span = waiting.pop()
            yield Piece(tag=span.tag, attributes={**span.attributes, **span.first_only})
            if span.end == boundary:
                yield Piece(tag=span.tag)
            else:
                stack.append(span)


def _close_ended(stack: list[Span], boundary: int) -> Iterator[Piece]:
    """Close the spans that end here, and open again what had to be closed on the way.

    A later piece of a span has no id and no focus.
    """
    lowest = next((i for i, span in enumerate(stack) if span.end == boundary), None)
    if lowest is None:
        return
    cut = stack[lowest:]
    yield from (Piece(tag=span.tag) for span in reversed(cut))
    kept = [span for span in cut if span.end != boundary]
    yield from (Piece(tag=span.tag, attributes=span.attributes) for span in kept)
    stack[lowest:] = kept


#: Kinds that mean much the same, with the original or without, share a slot.
_KINDS_BY_SLOT = (
    ("unidiomatic word choice", "synonym"),
    ("collocation", "wrong sense"),
    ("literal idiom", "rephrasing"),
    ("article or preposition", "function word"),
    ("tense", "inflection"),
    ("word order",),
    ("tortured phrase", "added"),
    ("untranslated word", "dropped"),
    ("name form", "name or number"),
)

_OWN_SLOTS = {kind: slot for slot, kinds in enumerate(_KINDS_BY_SLOT) for kind in kinds}


@dataclass(frozen=True, slots=True)
class KindCount:
    """A kind in the legend of a text: its slot, and how many spans are of it."""

    name: str
    slot: int
    count: int


class Palette:
    """Which slot of colour and underline each kind has on a page; a kind keeps its slot."""

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}

    def find_slot(self, kind: str) -> int:
        """The kind's own slot, else a free one, else any: then its name tells it apart."""
        if kind not in self.slots:
            taken = set(self.slots.values())
            wanted = [_OWN_SLOTS.get(kind, _SLOTS - 1), *reversed(range(_SLOTS))]
            free = [slot for slot in wanted if slot not in taken]
            self.slots[kind] = free[0] if free else len(self.slots) % _SLOTS
        return self.slots[kind]

    def style(self, kind: str, score: float) -> str:
        """Classes of a span: its kind's slot and its strength."""
        strength = 1 + sum(score >= step for step in _STRENGTHS)
        return f"k{self.find_slot(kind)} s{strength}"

    def count_kinds(self, kinds: Iterable[str]) -> list[KindCount]:
        """What the legend names, the commonest kind first."""
        return [
            KindCount(kind, self.find_slot(kind), count)
            for kind, count in Counter(kinds).most_common()
        ]


def make_mark(
    key: str, place: tuple[int, int], kind: str, score: float, palette: Palette, side: str = "a"
) -> Span:
    """A span that can be focused, and names its reason: the tip of the same key."""
    style = palette.style(kind, score)
    return Span(
        *place,
        "mark",
        {"class": f"gap {style}" if place[0] == place[1] else style, "data-n": key},
        {"id": f"{side}{key}", "tabindex": 0, "aria-describedby": f"t{key}"},
        rank=1,
    )


def check_offsets(text: str, pieces: Iterable[SentenceScore | Artifact]) -> None:
    """Refuse a text other than the one that was judged.

    Raises:
        ValueError: a piece lies outside it.
    """
    for piece in pieces:
        _check_end(piece, text)


def _check_end(piece: Span | SentenceScore | Artifact, text: str) -> None:
    if piece.end > len(text):
        raise ValueError(
            f"span {piece.start}:{piece.end} lies outside a text of {len(text):,} characters: "
            "give the text that was judged"
        )
