"""Read HTML that was given as text, every offset kept.

Columns of crawls and feeds hold articles with their tags, or whole pages. The tags go, blocks
become paragraphs, and what is no prose (scripts, menus, captions, blocks of links) goes too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from detector.text.normalization import Normalized, compose, replace_spans, substitute

_NEVER_PROSE = frozenset(
    "head script style template noscript svg math iframe object select figcaption".split()
)

_AROUND_PROSE = frozenset("nav footer aside button textarea dialog menu label".split())

_LINES = frozenset("br dd dt hr legend li option td th tr".split())

_BLOCKS = (_NEVER_PROSE | _AROUND_PROSE | _LINES).union(
    "address article blockquote body caption center details div dl fieldset figure form h1 h2 h3 "
    "h4 h5 h6 header html main ol p pre section summary table tbody tfoot thead title ul".split()
)

_INLINE = frozenset(
    "a abbr acronym audio b bdi bdo big cite code del dfn em font i img input ins kbd link mark "
    "meta picture q samp small source span strike strong sub sup time tt u var video wbr".split()
)

_KNOWN = _BLOCKS | _INLINE

# Attributes may hold ">" in quotation marks; a "<" is always that of another tag.
_TAG = re.compile(
    r"""<(/?)([A-Za-z][A-Za-z0-9]{0,9})(?=[\s/>])
        (?:(?:[^<>"']|"[^"<]*"|'[^'<]*')*+>|[^<>]*+>)""",
    re.VERBOSE,
)

_DECLARATION = re.compile(r"<!doctype\b[^<>]*>|<\?[^<>]*>|<!\[CDATA\[|\]\]>", re.IGNORECASE)

_ESCAPED_TAG = re.compile(
    r"&(?:amp;)?lt;/?(?:p|div|br|span|strong|em|a|b|i|h[1-6]|li|ul)\b[^<>&]{0,200}"
    r"(?:&(?:amp;)?quot;[^<>&]{0,200})*&(?:amp;)?gt;",
    re.IGNORECASE,
)

_ESCAPED_MARK = re.compile(r"&(?:amp;)?(lt|gt|quot);")

_MARKS = {"lt": "<", "gt": ">", "quot": '"'}

#: Fewer tags are no markup, but what a text tells of.
_FEWEST_TAGS = 2

#: Of the letters, those in elements such as `<aside>`: where there are more, the text is there.
_MOST_AROUND = 0.5

#: Of a block's letters, those in links: a menu, or the headlines of other articles.
_MOST_LINKED = 0.8

_LONGEST_NOTE = 12

_ENDS_SENTENCE = re.compile(r"[.!?][\"'\u201d\u2019)\]]*\s*$")

# "after all.<sup>3</sup>", but "10<sup>th</sup>"
_NOTE_FOLLOWS = re.compile(r"[.!?,;:\"'\u201d\u2019)\]]\s?$")

_LETTER = re.compile(r"[^\W\d_]")

_WRAPPED = re.compile(r"(?<=\S)[ \t]*\r?\n[ \t]*(?=\S)")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Tag:
    """A tag and its offsets in a text; `closes` tells that it is an end tag."""

    start: int
    end: int
    name: str
    closes: bool


def read_markup(text: str) -> tuple[Normalized, int]:
    """A text without tags of HTML, and how many there were; 0 where it is no HTML.

    What was escaped once too often (``&lt;p&gt;``) is read likewise.
    """
    if sum(1 for _ in islice(_ESCAPED_TAG.finditer(text), _FEWEST_TAGS)) < _FEWEST_TAGS:
        return _read_tags(text)
    unescaped = substitute(_ESCAPED_MARK, text, lambda match: _MARKS[match[1]])
    plain, count = _read_tags(unescaped.text)
    return compose(unescaped, plain), count


def _read_tags(text: str) -> tuple[Normalized, int]:
    comments = list(_find_comments(text))
    tags = [
        _Tag(match.start(), match.end(), match[2].lower(), bool(match[1]))
        for match in _TAG.finditer(text)
        if match[2].lower() in _KNOWN
    ]
    if len(tags) < _FEWEST_TAGS or not any(tag.closes or tag.name in _BLOCKS for tag in tags):
        return replace_spans(text, ()), 0
    elements = list(_pair_tags(tags))
    pieces = [(*span, "\n\n") for span in _merge([*comments, *_find_hidden(text, tags, elements)])]
    pieces += [(*_span(element), "") for element in elements if _is_note(text, *element)]
    pieces += [(*match.span(), "") for match in _DECLARATION.finditer(text)]
    pieces += [(tag.start, tag.end, _find_gap(tag)) for tag in tags]
    if any(tag.name in ("p", "div") for tag in tags):
        pieces += [(*match.span(), " ") for match in _WRAPPED.finditer(text)]
    return replace_spans(text, list(_drop_overlaps(pieces))), len(tags)


def _find_comments(text: str) -> Iterator[Span]:
    start = text.find("<!--")
    while start >= 0 and (end := text.find("-->", start)) >= 0:
        yield start, end + 3
        start = text.find("<!--", end)


def _find_gap(tag: _Tag) -> str:
    """What stands in the place of a tag."""
    if tag.name in _LINES:
        return " " if tag.closes else "\n"
    return "\n\n" if tag.name in _BLOCKS else ""


def _drop_overlaps(pieces: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """The pieces in order, without those that start within another."""
    at = 0
    for start, end, plain in sorted(pieces, key=lambda piece: (piece[0], -piece[1])):
        if start >= at:
            yield start, end, plain
            at = end


def _merge(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that overlap joined."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _find_hidden(
    text: str, tags: Sequence[_Tag], elements: Sequence[tuple[_Tag, _Tag]]
) -> list[Span]:
    """What of a page is no prose: some elements, and blocks of links."""
    never = _merge(_span(element) for element in elements if element[0].name in _NEVER_PROSE)
    around = _merge(_span(element) for element in elements if element[0].name in _AROUND_PROSE)
    left = _count_letters(text, tags, _merge([*never, *around]))
    if left < (1 - _MOST_AROUND) * _count_letters(text, tags, never):
        around = []
    return [*never, *around, *_find_linked(text, tags, never)]


def _pair_tags(tags: Iterable[_Tag]) -> Iterator[tuple[_Tag, _Tag]]:
    """Each element's two tags; one that is never closed holds nothing."""
    opened: dict[str, list[_Tag]] = defaultdict(list)
    for tag in tags:
        if not tag.closes:
            opened[tag.name].append(tag)
        elif opened[tag.name]:
            yield opened[tag.name].pop(), tag


def _span(element: tuple[_Tag, _Tag]) -> Span:
    return element[0].start, element[1].end


def _is_note(text: str, opening: _Tag, closing: _Tag) -> bool:
    """Whether an element is the mark of a footnote."""
    if opening.name != "sup":
        return False
    mark = text[opening.end : closing.start]
    return "<a" in mark or (
        len(mark) <= _LONGEST_NOTE and bool(_NOTE_FOLLOWS.search(text[: opening.start][-2:]))
    )


def _find_linked(text: str, tags: Sequence[_Tag], hidden: Sequence[Span]) -> Iterator[Span]:
    """Blocks that hold nothing but links, and no sentence."""
    start, letters, linked, depth = 0, 0, 0, 0
    last = ""
    for piece, span, tag in _walk(text, tags, hidden):
        count = len(_LETTER.findall(piece))
        letters += count
        linked += count if depth else 0
        last = piece if piece.strip() else last
        if tag.name == "a":
            depth = 0 if tag.closes else 1
        elif tag.name in _BLOCKS:
            if linked and linked >= _MOST_LINKED * letters and not _ENDS_SENTENCE.search(last):
                yield start, span[1]
            start, letters, linked, depth, last = tag.end, 0, 0, 0, ""


def _walk(
    text: str, tags: Sequence[_Tag], hidden: Sequence[Span]
) -> Iterator[tuple[str, Span, _Tag]]:
    """What stands before each tag, its offsets, and the tag; nothing where that is hidden."""
    at, spans = 0, iter([*hidden, (len(text) + 1, len(text) + 1)])
    start, end = next(spans)
    for tag in tags:
        while end < tag.start:
            start, end = next(spans)
        is_hidden = start <= at < end
        yield ("" if is_hidden else text[at : tag.start]), (at, tag.start), tag
        at = tag.end


def _count_letters(text: str, tags: Sequence[_Tag], hidden: Sequence[Span]) -> int:
    return sum(len(_LETTER.findall(piece)) for piece, _, _ in _walk(text, tags, hidden))
