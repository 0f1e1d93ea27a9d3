"""Read HTML that was given as text, every offset kept.

Columns of crawls and feeds hold articles with their tags, or whole pages. The tags go, blocks
become paragraphs, and what is no prose (scripts, menus, captions, blocks of links) goes too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from detector.text.intake.markup.hidden import Piece, find_hidden
from detector.text.intake.markup.lines import join_lines
from detector.text.intake.markup.tags import (
    FEWEST_TAGS,
    Tag,
    find_tags,
    get_span,
    is_markup,
    pair_tags,
    take_as_one,
)
from detector.text.normalization import Normalized, compose, replace_spans, substitute

_ESCAPED_TAG = re.compile(
    r"&(?:amp;)?lt;/?(?:p|div|br|span|strong|em|a|b|i|h[1-6]|li|ul)\b[^<>&]{0,200}"
    r"(?:&(?:amp;)?quot;[^<>&]{0,200})*&(?:amp;)?gt;",
    re.IGNORECASE,
)

_ESCAPED_MARK = re.compile(r"&(?:amp;)?(lt|gt|quot);")

_MARKS = {"lt": "<", "gt": ">", "quot": '"'}

_DECLARATION = re.compile(
    r"(?i)<!doctype\b[^<>]*>|<\?[^<>]*>|<!\[(?:CDATA\[|(?:end)?if\b[^<>]*>)|\]\]>"
)

_WRAPPED = re.compile(r"(?<=\S)[ \t]*\r?\n[ \t]*(?=\S)")

_LONGEST_NOTE, _LONGEST_LINK = 12, 5_000

_LINK = re.compile(r"<a[\s>]", re.IGNORECASE)

# "after all.<sup>3</sup>", but "10<sup>th</sup>"
_NOTE_FOLLOWS = re.compile(r"[.!?,;:\"'\u201d\u2019)\]]\s?$")


def read_markup(text: str) -> tuple[Normalized, int]:
    """A text without tags of HTML, and how many there were; 0 where it is no HTML.

    What was escaped once too often (``&lt;p&gt;``) is read likewise.
    """
    if sum(1 for _ in islice(_ESCAPED_TAG.finditer(text), FEWEST_TAGS)) < FEWEST_TAGS:
        return _read_tags(text)
    unescaped = substitute(_ESCAPED_MARK, text, lambda match: _MARKS[match[1]])
    plain, count = _read_tags(unescaped.text)
    return compose(unescaped, plain), count


def _read_tags(text: str) -> tuple[Normalized, int]:
    found = list(find_tags(text))
    if not is_markup(found):
        return replace_spans(text, ()), 0
    tags = list(join_lines(text, list(take_as_one(text, found))))
    elements = list(pair_tags(tags))
    pieces = find_hidden(text, tags, elements)
    pieces += [(*get_span(element), "") for element in elements if _is_note(text, *element)]
    pieces += [(*match.span(), "") for match in _DECLARATION.finditer(text)]
    pieces += [(tag.start, tag.end, tag.gap) for tag in tags]
    if any(tag.name in ("p", "div") for tag in tags):
        pieces += [(*match.span(), " ") for match in _WRAPPED.finditer(text)]
    return replace_spans(text, list(_drop_overlaps(pieces))), len(found)


def _is_note(text: str, opening: Tag, closing: Tag) -> bool:
    """Whether an element is the mark of a footnote."""
    if opening.name != "sup":
        return False
    start, end = opening.end, closing.start
    before = text[max(0, opening.start - 2) : opening.start]
    if _LINK.search(text, start, min(end, start + _LONGEST_LINK)):
        return True
    return end - start <= _LONGEST_NOTE and bool(_NOTE_FOLLOWS.search(before))


def _drop_overlaps(pieces: list[Piece]) -> Iterator[Piece]:
    """The pieces in order, without those that start within another."""
    at = 0
    for start, end, plain in sorted(pieces, key=lambda piece: (piece[0], -piece[1])):
        if start >= at:
            yield start, end, plain
            at = end
