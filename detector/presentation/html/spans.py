"""Lay spans over a text, and colour them by kind and strength.

The browser counts UTF-16 units where Python counts code points: all offsets are applied here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from detector.presentation.html.markup import Html, element, escape_body, open_tag
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

    def open(self, again: bool) -> str:
        """The start tag of the first piece, or of a later one, which has no id and no focus."""
        return open_tag(
            self.tag, self.attributes if again else {**self.attributes, **self.first_only}
        )


def mark_up(text: str, spans: Iterable[Span]) -> Html:
    """Lay spans over a text; where they cross, one is cut in pieces, so that all are nested.

    Longer spans go outside, equal ones by rank; an empty span marks a place. What the browser
    shows of the text is the text, code point for code point, less what cannot be written.

    Raises:
        ValueError: a span lies outside the text, which is therefore another than was judged.
    """
    waiting = sorted(spans, key=lambda span: (span.start, -span.end, span.rank))
    for span in waiting:
        if span.end > len(text):
            raise ValueError(
                f"span {span.start}:{span.end} lies outside a text of {len(text):,} characters: "
                "give the text that was judged"
            )
    boundaries = sorted({at for span in waiting for at in (span.start, span.end)} | {len(text)})
    waiting.reverse()
    parts: list[str] = []
    stack: list[Span] = []
    position = 0
    for boundary in boundaries:
        parts.append(escape_body(text[position:boundary]))
        position = boundary
        _close_ended(stack, boundary, parts)
        while waiting and waiting[-1].start == boundary:
            span = waiting.pop()
            parts.append(span.open(again=False))
            if span.end == boundary:
                parts.append(f"</{span.tag}>")
            else:
                stack.append(span)
    return Html("".join(parts))


def _close_ended(stack: list[Span], boundary: int, parts: list[str]) -> None:
    """Close the spans that end here, and open again what had to be closed on the way."""
    lowest = next((i for i, span in enumerate(stack) if span.end == boundary), None)
    if lowest is None:
        return
    cut = stack[lowest:]
    parts.extend(f"</{span.tag}>" for span in reversed(cut))
    kept = [span for span in cut if span.end != boundary]
    parts.extend(span.open(again=True) for span in kept)
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
    ("name form", "name or spelling"),
)

_OWN_SLOTS = {kind: slot for slot, kinds in enumerate(_KINDS_BY_SLOT) for kind in kinds}


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

    def name(self, kind: str) -> Html:
        """A kind's name, underlined as its spans are."""
        return element("span", kind, class_=f"kind k{self.find_slot(kind)}")

    def make_legend(self, kinds: Iterable[str]) -> Html:
        """One button a kind, which shows or hides its spans."""
        counts = Counter(kinds)
        buttons = (
            element(
                "li",
                element(
                    "button",
                    self.name(kind),
                    f" {count:,}",
                    type="button",
                    aria_pressed="true",
                    data_slot=self.find_slot(kind),
                ),
            )
            for kind, count in counts.most_common()
        )
        return element("ul", *buttons, class_="legend", aria_label="Kinds, shown or not")


def make_mark(
    key: str, place: tuple[int, int], kind: str, score: float, palette: Palette, side: str = "a"
) -> Span:
    """A span that can be focused, and names its reason: the tip of the same key."""
    style = palette.style(kind, score)
    return Span(
        *place,
        "mark",
        {"class_": f"gap {style}" if place[0] == place[1] else style, "data_n": key},
        {"id": f"{side}{key}", "tabindex": 0, "aria_describedby": f"t{key}"},
        rank=1,
    )


def make_tip(key: str, *parts: str | None) -> Html:
    """The reason of a span, bar or sentence."""
    return element("span", *parts, id=f"t{key}", role="tooltip")


def make_tips(tips: Iterable[Html]) -> Html:
    """Reasons out of sight: screen readers read them where `aria-describedby` points at them."""
    return element("div", *tips, hidden=True)


def check_offsets(text: str, pieces: Iterable[SentenceScore | Artifact]) -> None:
    """Refuse a text other than the one that was judged.

    Raises:
        ValueError: a piece lies outside it.
    """
    for piece in pieces:
        if piece.end > len(text):
            raise ValueError(
                f"span {piece.start}:{piece.end} lies outside a text of {len(text):,} characters: "
                "give the text that was judged"
            )
