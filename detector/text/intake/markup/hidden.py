"""What of a page is no prose: scripts, menus, captions, comments, blocks of links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from detector.text.intake.markup.lines import ends_sentence
from detector.text.intake.markup.tags import (
    AROUND_PROSE,
    NEVER_PROSE,
    READINGS,
    RESERVE,
    Element,
    Span,
    Tag,
    get_span,
)

#: Of the letters, those in elements such as `<aside>`: where there are more, the text is there.
_MOST_AROUND = 0.5

#: Of the letters, those outside of `<noscript>` and `<template>`: where there are fewer, likewise.
_FEWEST_SHOWN = 0.2

#: Letters that are left of a whole page without its comments, of which there may be more.
_FEWEST_LEFT = 500

_WHOLE_PAGE = frozenset(("html", "head", "body"))

# No name or style takes these away.
_HOLDS_ALL = _WHOLE_PAGE | {"main", "article"}

# What WordPress puts in the place of pictures and columns.
_SHORTCODE = re.compile(
    r"""\[(caption|embed|video|audio|playlist)\b[^\[\]]*\](?:[^\[]|\[(?!/?\1\b)){0,3000}+\[/\1\]
      |\[gallery\]|\[(?:gallery|video|audio|playlist)\s+\w+=[^\[\]]*\]
      |\[/?(?:vc|et_pb|fusion)_\w+[^\[\]]*\]""",
    re.VERBOSE,
)

_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")

# A quick look for what the next three tell from one another.
_NAMES_HINT = re.compile(
    r"(?i)hidden|display|for-sr|sr-|screen-?reader|comment|related|newsletter|subscri|disqus|cookie"
)

_UNSEEN_STYLE = re.compile(r"(?i)(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*hidden)(?![\w-])")

# For those who listen to a page.
_SPOKEN = frozenset(
    "sr-only visually-hidden visuallyhidden screen-reader-text screen-reader-only "
    "screenreader-text show-for-sr".split()
)

# Words of a class or id that tell what is apart from the article; those that do so unless they
# name a kind of article ("newsletter-post"), or only with a word for a part of a page ("comment"
# alone is a paper's section of opinions); and what may stand with any of them.
_APART = frozenset("comments commentlist disqus related relatedposts".split())

_OFFERS = frozenset("newsletter subscribe".split())

_APART_PARTS = frozenset("comment cookie cookies".split())

_PARTS = frozenset(
    "area banner bar block box consent form list notice popup respond section thread".split()
)

_ARTICLES = frozenset("article articles news post posts stories story".split())

_BESIDE = frozenset(
    "container header inline item items jp link links module panel promo reader readers sign "
    "signup up user widget wrap wrapper yarpp".split()
)

_ANY_APART = _APART | _OFFERS | _APART_PARTS | _PARTS | _ARTICLES | _BESIDE

_APART_ELEMENTS = frozenset("aside details div dl fieldset footer form ol section ul".split())

_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")

#: Of a block's letters, those in links: a menu, or the headlines of other articles.
_MOST_LINKED = 0.8

_LETTER = re.compile(r"[^\W\d_]")

#: A span, and what stands in its place.
Piece = tuple[int, int, str]


def find_hidden(text: str, tags: Sequence[Tag], elements: Sequence[Element]) -> list[Piece]:
    """What of a page is no prose: some elements, blocks of links, and shortcodes; in order."""
    never = NEVER_PROSE | READINGS
    hidden, without = _find_named(elements, never), _find_named(elements, never - RESERVE)
    if hidden != without:
        shown = _count_letters(text, tags, hidden)
        if shown < _FEWEST_SHOWN * _count_letters(text, tags, without):
            hidden = without
    linked = list(_find_linked(text, tags, hidden))
    most = _count_letters(text, tags, hidden)
    is_page = any(tag.name in _WHOLE_PAGE for tag in tags)
    apart, *others = _find_by_attributes(text, elements)
    for group in (_find_named(elements, AROUND_PROSE), *others, apart):
        more = _merge([*hidden, *group])
        if not group or _count_letters(text, tags, more) >= (1 - _MOST_AROUND) * most:
            hidden = more
        elif is_page and group is apart:
            left = _count_letters(text, tags, _merge([*more, *linked]))
            hidden = more if left >= _FEWEST_LEFT else hidden
    shortcodes = [(*match.span(), "\n\n") for match in _SHORTCODE.finditer(text)]
    return _merge([*shortcodes, *hidden, *linked])


def _find_named(elements: Iterable[Element], names: frozenset[str]) -> list[Piece]:
    return _merge(_piece(element) for element in elements if element[0].name in names)


def _piece(element: Element) -> Piece:
    return *get_span(element), element[0].gap


def _merge(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces in order, those that overlap joined; what ends a paragraph still does."""
    merged: list[Piece] = []
    for start, end, gap in sorted(pieces, key=lambda piece: (piece[0], -piece[1])):
        if not merged or start > merged[-1][1]:
            merged.append((start, end, gap))
        elif end > merged[-1][1]:
            merged[-1] = merged[-1][0], end, max(merged[-1][2], gap, key=len)
    return merged


def _find_by_attributes(text: str, elements: Iterable[Element]) -> tuple[list[Piece], ...]:
    """What is apart from the article, what is only spoken, and what is not shown."""
    apart, spoken, unseen = list[Piece](), list[Piece](), list[Piece]()
    for element in elements:
        opening = element[0]
        if opening.name in _HOLDS_ALL or not _NAMES_HINT.search(text, opening.start, opening.end):
            continue
        attributes = {
            match[1].lower(): match[2] or match[3] or match[4] or ""
            for match in _ATTRIBUTE.finditer(text, opening.start, opening.end)
        }
        names = f"{attributes.get('class', '')} {attributes.get('id', '')}".split()
        if not _SPOKEN.isdisjoint(map(str.lower, names)):
            spoken.append(_piece(element))
        elif "hidden" in attributes or _UNSEEN_STYLE.search(attributes.get("style", "")):
            unseen.append(_piece(element))
        elif opening.name in _APART_ELEMENTS and any(map(_is_apart, names)):
            apart.append(_piece(element))
    return apart, spoken, unseen


def _is_apart(name: str) -> bool:
    """Whether a class or id is that of comments, of other articles' starts, or of an offer."""
    words = {word.lower() for word in _NAME_WORD.findall(name)}
    if not words <= _ANY_APART:
        return False
    is_offer = bool(words & _OFFERS) and not words & _ARTICLES
    return is_offer or bool(words & _APART or (words & _APART_PARTS and words & _PARTS))


def _find_linked(text: str, tags: Sequence[Tag], hidden: Sequence[Piece]) -> Iterator[Piece]:
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
        elif tag.is_block:
            if linked and linked >= _MOST_LINKED * letters and not ends_sentence(last):
                yield start, span[1], "\n\n"
            start, letters, linked, depth, last = tag.end, 0, 0, 0, ""


def _walk(
    text: str, tags: Sequence[Tag], hidden: Sequence[Piece]
) -> Iterator[tuple[str, Span, Tag]]:
    """What stands before each tag and the end, its offsets, and the tag; nothing where hidden."""
    at, pieces = 0, iter([*hidden, (len(text) + 1, len(text) + 1, "")])
    start, end, _ = next(pieces)
    for tag in [*tags, Tag(len(text), len(text), "")]:
        while end < tag.start:
            start, end, _ = next(pieces)
        is_hidden = start <= at < end
        yield ("" if is_hidden else text[at : tag.start]), (at, tag.start), tag
        at = tag.end


def _count_letters(text: str, tags: Sequence[Tag], hidden: Sequence[Piece]) -> int:
    return sum(len(_LETTER.findall(piece)) for piece, _, _ in _walk(text, tags, hidden))
