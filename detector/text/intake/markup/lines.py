"""What stands amid a line of text: a comment, an icon or a button that does not end it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from detector.text.intake.markup.tags import NEVER_PROSE, Tag, pair_tags

# An icon or a script within a sentence does not end it.
_UNSEEN_IN_LINES = NEVER_PROSE - {"head", "figcaption"}

# A term with an explanation is such an element too, and stands within a sentence.
_WORDS_IN_LINES = frozenset(("button", "label"))

#: Characters that tell whether a sentence ends with them.
_LONGEST_END = 40

# "bus<svg></svg>, which" and "bus<svg></svg> which"
_GOES_ON = frozenset(",.;:!?)%")

_ENDS_SENTENCE = re.compile(r"[.!?][\"'\u201d\u2019)\]]*\s*$")


def join_lines(text: str, tags: Sequence[Tag]) -> Iterator[Tag]:
    """The tags, changed where a comment, an icon or a button stands amid a line of text."""
    elements = {opening.start: closing for opening, closing in pair_tags(tags)}
    amid = _find_amid(text, tags, elements)
    at, inline = 0, set[int]()
    for tag in tags:
        if tag.start < at:
            continue
        if tag.start in inline:
            yield replace(tag, name="span", gap="", is_block=False)
        elif tag.start not in amid:
            yield tag
        elif tag.name in _WORDS_IN_LINES:
            inline.add(elements[tag.start].start)
            yield replace(tag, name="span", gap="", is_block=False)
        else:
            at = elements[tag.start].end if tag.name else tag.end
            gap = "" if text.startswith("<!--", tag.start) else " "
            yield Tag(tag.start, at, "", gap=gap, is_block=False)


def _find_amid(text: str, tags: Sequence[Tag], elements: Mapping[int, Tag]) -> set[int]:
    """Where what is no part of a line starts, if text stands before and after it in that line."""
    amid, waiting = set[int](), list[int]()
    at, before, block, is_broken = 0, "", "", False
    for tag in [*tags, Tag(len(text), len(text), "p")]:
        if tag.start < at:
            continue
        piece = text[at : tag.start]
        if piece.strip():
            is_broken = is_broken or "\n" in piece[: len(piece) - len(piece.lstrip())]
            if waiting and _goes_on(before, piece, is_broken):
                amid.update(waiting)
            before, waiting = piece.rstrip()[-_LONGEST_END:], []
            is_broken = "\n" in piece[len(piece.rstrip()) :]
        elif "\n" in piece:
            is_broken = True
        if not tag.name or (tag.name in _UNSEEN_IN_LINES and tag.start in elements):
            at = elements[tag.start].end if tag.name else tag.end
            if before:
                waiting.append(tag.start)
        elif tag.name in _WORDS_IN_LINES and tag.start in elements:
            at = elements[tag.start].end
            if before and block in ("p", "li") and not ends_sentence(before):
                waiting.append(tag.start)
        else:
            at = tag.end
            if tag.is_block:
                before, waiting = "", []
                block = block if tag.name in ("br", "hr") else "" if tag.closes else tag.name
    return amid


def _goes_on(before: str, after: str, is_broken: bool) -> bool:
    """Whether what stands before and after something is one line, and no sentence ends there."""
    first = after.lstrip()[:1]
    is_same = first.islower() or first in _GOES_ON
    return is_same or not (is_broken or ends_sentence(before))


def ends_sentence(text: str) -> bool:
    """Whether a sentence ends where a text does."""
    return bool(_ENDS_SENTENCE.search(text))
