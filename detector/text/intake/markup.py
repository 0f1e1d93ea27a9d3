"""Read HTML that was given as text, every offset kept.

Columns of crawls and feeds hold articles with their tags, or whole pages. The tags go, blocks
become paragraphs, and what is no prose (scripts, menus, captions, blocks of links) goes too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from detector.text.normalization import Normalized, compose, replace_spans, substitute

# What the first two hold is no HTML; in the others, shown to few, stand some pages' articles.
_RAW, _RESERVE = frozenset(("script", "style")), frozenset(("noscript", "template"))

_NEVER_PROSE = _RAW | _RESERVE | frozenset("head svg math iframe object select figcaption".split())

# An icon or a script within a sentence does not end it.
_UNSEEN_IN_LINES = _NEVER_PROSE - {"head", "figcaption"}

# A term with an explanation is such an element too, and stands within a sentence.
_WORDS_IN_LINES = frozenset(("button", "label"))

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

_USUAL = _BLOCKS | _INLINE

# Words that stand in angle brackets in manuals, too: see `_is_markup`.
_RARE_BLOCKS = frozenset(
    "colgroup datalist frameset hgroup marquee noframes plaintext search xmp".split()
)

# How a word is said, in small print above it.
_READINGS = frozenset(("rp", "rt", "rtc"))

_RARE = (_RARE_BLOCKS | _READINGS).union(
    "area base basefont bgsound blink canvas col data embed frame map meter nobr output param "
    "progress rb ruby slot track".split()
)

# "<html:p>" is "<p>", but Word's "<o:p>" and a site's own "<glossary-term>" stay in the line.
_PREFIX = re.compile(r"(?:x?html|svg|mml):")

_OWN_BLOCK = re.compile(r"[:-](?:para|paragraph|heading|headline|section|block|body)(?![a-z])")

# Attributes may hold ">" in quotation marks. A "<" is that of another tag, unless the attribute
# goes on to a quotation mark that ends it: a blank, "/" or ">" follows. "srcdoc" holds a page.
_TAG = re.compile(
    r"""<(/?)([A-Za-z][A-Za-z0-9]{0,19}+(?:[:-][A-Za-z0-9_.:-]{1,40}+)?+)(?=[\s/>])
        (?:(?:[^<>"']|"[^"<]*"|'[^'<]*')*+>
          |(?:[^<>"'=]|(?<!srcdoc)=\s*+(?:"[^"]*+"(?=[\s/>])|'[^']*+'(?=[\s/>]))?+)*+>
          |[^<>]*+>)""",
    re.VERBOSE,
)

_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")

_DECLARATION = re.compile(
    r"(?i)<!doctype\b[^<>]*>|<\?[^<>]*>|<!\[(?:CDATA\[|(?:end)?if\b[^<>]*>)|\]\]>"
)

# What WordPress puts in the place of pictures and columns.
_SHORTCODE = re.compile(
    r"""\[(caption|embed|video|audio|playlist)\b[^\[\]]*\](?:[^\[]|\[(?!/?\1\b)){0,3000}+\[/\1\]
      |\[gallery\]|\[(?:gallery|video|audio|playlist)\s+\w+=[^\[\]]*\]
      |\[/?(?:vc|et_pb|fusion)_\w+[^\[\]]*\]""",
    re.VERBOSE,
)

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

#: Of the letters, those outside of `<noscript>` and `<template>`: where there are fewer, likewise.
_FEWEST_SHOWN = 0.2

#: Letters that are left of a whole page without its comments, of which there may be more.
_FEWEST_LEFT = 500

_WHOLE_PAGE = frozenset(("html", "head", "body"))

# No name or style takes these away.
_HOLDS_ALL = _WHOLE_PAGE | {"main", "article"}

# A quick look for what the next three tell from one another.
_NAMES_HINT = re.compile(
    r"(?i)hidden|display|for-sr|sr-|screen-?reader|comment|related|newsletter|subscri|disqus|cookie"
)

_UNSEEN_STYLE = re.compile(r"(?i)(?:display\s*:\s*none|visibility\s*:\s*hidden)(?![\w-])")

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

_LONGEST_NOTE, _LONGEST_LINK = 12, 5_000

#: Characters that tell whether a sentence ends with them.
_LONGEST_END = 40

# "bus<svg></svg>, which" and "bus<svg></svg> which"
_GOES_ON = frozenset(",.;:!?)%")

_ENDS_SENTENCE = re.compile(r"[.!?][\"'\u201d\u2019)\]]*\s*$")

# "after all.<sup>3</sup>", but "10<sup>th</sup>"
_NOTE_FOLLOWS = re.compile(r"[.!?,;:\"'\u201d\u2019)\]]\s?$")

_LETTER = re.compile(r"[^\W\d_]")

_WRAPPED = re.compile(r"(?<=\S)[ \t]*\r?\n[ \t]*(?=\S)")

Span = tuple[int, int]

#: A span, and what stands in its place.
Piece = tuple[int, int, str]

Element = tuple["_Tag", "_Tag"]


@dataclass(frozen=True, slots=True)
class _Tag:
    """A tag; or a comment or an element taken as one.

    Attributes:
        start: its offset in a text.
        end: likewise.
        name: in small letters; "" where it is no tag.
        closes: it is an end tag.
        gap: what stands in its place.
        is_block: no line of text goes on behind it.
    """

    start: int
    end: int
    name: str
    closes: bool = False
    gap: str = "\n\n"
    is_block: bool = True


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
    found = list(_find_tags(text))
    if not _is_markup(found):
        return replace_spans(text, ()), 0
    tags = list(_join_lines(text, list(_take_as_one(text, found))))
    elements = list(_pair_tags(tags))
    shortcodes = [(*match.span(), "\n\n") for match in _SHORTCODE.finditer(text)]
    pieces = _merge([*shortcodes, *_find_hidden(text, tags, elements)])
    pieces += [(*_span(element), "") for element in elements if _is_note(text, *element)]
    pieces += [(*match.span(), "") for match in _DECLARATION.finditer(text)]
    pieces += [(tag.start, tag.end, tag.gap) for tag in tags]
    if any(tag.name in ("p", "div") for tag in tags):
        pieces += [(*match.span(), " ") for match in _WRAPPED.finditer(text)]
    return replace_spans(text, list(_drop_overlaps(pieces))), len(found)


def _drop_overlaps(pieces: list[Piece]) -> Iterator[Piece]:
    """The pieces in order, without those that start within another."""
    at = 0
    for start, end, plain in sorted(pieces, key=lambda piece: (piece[0], -piece[1])):
        if start >= at:
            yield start, end, plain
            at = end


def _merge(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces in order, those that overlap joined; what ends a paragraph still does."""
    merged: list[Piece] = []
    for start, end, gap in sorted(pieces, key=lambda piece: (piece[0], -piece[1])):
        if not merged or start > merged[-1][1]:
            merged.append((start, end, gap))
        elif end > merged[-1][1]:
            merged[-1] = merged[-1][0], end, max(merged[-1][2], gap, key=len)
    return merged


# --------------------------------------------------------------------------------------
# Tags and elements
# --------------------------------------------------------------------------------------


def _find_tags(text: str) -> Iterator[_Tag]:
    for match in _TAG.finditer(text):
        name = _PREFIX.sub("", match[2].lower())
        is_own = not name.isalnum()
        if not is_own and name not in _USUAL and name not in _RARE:
            continue
        is_block = name in _BLOCKS or name in _RARE_BLOCKS or bool(_OWN_BLOCK.search(name))
        gap = "\n\n" if is_block else ""
        if name in _LINES:
            gap = " " if match[1] else "\n"
        yield _Tag(match.start(), match.end(), name, bool(match[1]), gap, is_block)


def _is_markup(tags: Sequence[_Tag]) -> bool:
    """Whether a text is HTML and not one that tells of a tag.

    A rare name, or a site's own, counts by half, and only where it is closed: a manual writes
    "cp <old-name> <new-name>".
    """
    closed = {tag.name for tag in tags if tag.closes}
    usual = [tag for tag in tags if tag.name in _USUAL]
    rare = [tag for tag in tags if tag.name not in _USUAL and tag.name in closed]
    if len(usual) + len(rare) / 2 < _FEWEST_TAGS:
        return False
    return any(tag.closes or tag.is_block for tag in (*usual, *rare))


def _take_as_one(text: str, tags: Sequence[_Tag]) -> Iterator[_Tag]:
    """The tags, but each comment, script and style as one: what is in it is no tag."""
    ends = _find_raw_ends(tags)
    at, comment = 0, text.find("<!--")
    for tag in [*tags, _Tag(len(text), len(text), "")]:
        while 0 <= comment < tag.start:
            if comment >= at:
                end = text.find("-->", comment) + 3
                if end < 3:  # never closed
                    comment = -1
                    break
                yield _Tag(comment, end, "")
                at = end
            comment = text.find("<!--", at)
        if at <= tag.start < len(text):
            at = ends.get(tag.start, tag.end)
            yield _Tag(tag.start, at, "") if tag.start in ends else tag


def _find_raw_ends(tags: Sequence[_Tag]) -> dict[int, int]:
    """Where each script and style ends: at the first tag that says so, by where it starts."""
    ends, following = {}, dict[str, int]()
    for tag in reversed(tags):
        if tag.name in _RAW and tag.closes:
            following[tag.name] = tag.end
        elif tag.name in following:
            ends[tag.start] = following[tag.name]
    return ends


def _pair_tags(tags: Iterable[_Tag]) -> Iterator[Element]:
    """Each element's two tags; one that is never closed holds nothing."""
    opened: dict[str, list[_Tag]] = defaultdict(list)
    for tag in tags:
        if not tag.closes:
            opened[tag.name].append(tag)
        elif opened[tag.name]:
            yield opened[tag.name].pop(), tag


def _span(element: Element) -> Span:
    return element[0].start, element[1].end


def _is_note(text: str, opening: _Tag, closing: _Tag) -> bool:
    """Whether an element is the mark of a footnote."""
    if opening.name != "sup":
        return False
    start, end = opening.end, closing.start
    before = text[max(0, opening.start - 2) : opening.start]
    if text.find("<a", start, min(end, start + _LONGEST_LINK)) >= 0:
        return True
    return end - start <= _LONGEST_NOTE and bool(_NOTE_FOLLOWS.search(before))


# --------------------------------------------------------------------------------------
# What stands amid a line of text
# --------------------------------------------------------------------------------------


def _join_lines(text: str, tags: Sequence[_Tag]) -> Iterator[_Tag]:
    """The tags, changed where a comment, an icon or a button stands amid a line of text."""
    elements = {opening.start: closing for opening, closing in _pair_tags(tags)}
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
            yield _Tag(tag.start, at, "", gap=gap, is_block=False)


def _find_amid(text: str, tags: Sequence[_Tag], elements: Mapping[int, _Tag]) -> set[int]:
    """Where what is no part of a line starts, if text stands before and after it in that line."""
    amid, waiting = set[int](), list[int]()
    at, before, block, is_broken = 0, "", "", False
    for tag in [*tags, _Tag(len(text), len(text), "p")]:
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
            if before and block in ("p", "li") and not _ENDS_SENTENCE.search(before):
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
    return is_same or not (is_broken or _ENDS_SENTENCE.search(before))


# --------------------------------------------------------------------------------------
# What is no prose
# --------------------------------------------------------------------------------------


def _find_hidden(text: str, tags: Sequence[_Tag], elements: Sequence[Element]) -> list[Piece]:
    """What of a page is no prose: some elements, and blocks of links."""
    never = _NEVER_PROSE | _READINGS
    hidden, without = _find_named(elements, never), _find_named(elements, never - _RESERVE)
    if hidden != without:
        shown = _count_letters(text, tags, hidden)
        if shown < _FEWEST_SHOWN * _count_letters(text, tags, without):
            hidden = without
    linked = list(_find_linked(text, tags, hidden))
    most = _count_letters(text, tags, hidden)
    is_page = any(tag.name in _WHOLE_PAGE for tag in tags)
    apart, *others = _find_by_attributes(text, elements)
    for group in (_find_named(elements, _AROUND_PROSE), *others, apart):
        more = _merge([*hidden, *group])
        if not group or _count_letters(text, tags, more) >= (1 - _MOST_AROUND) * most:
            hidden = more
        elif is_page and group is apart:
            left = _count_letters(text, tags, _merge([*more, *linked]))
            hidden = more if left >= _FEWEST_LEFT else hidden
    return [*hidden, *linked]


def _find_named(elements: Iterable[Element], names: frozenset[str]) -> list[Piece]:
    return _merge(_piece(element) for element in elements if element[0].name in names)


def _piece(element: Element) -> Piece:
    return *_span(element), element[0].gap


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


def _find_linked(text: str, tags: Sequence[_Tag], hidden: Sequence[Piece]) -> Iterator[Piece]:
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
            if linked and linked >= _MOST_LINKED * letters and not _ENDS_SENTENCE.search(last):
                yield start, span[1], "\n\n"
            start, letters, linked, depth, last = tag.end, 0, 0, 0, ""


def _walk(
    text: str, tags: Sequence[_Tag], hidden: Sequence[Piece]
) -> Iterator[tuple[str, Span, _Tag]]:
    """What stands before each tag, its offsets, and the tag; nothing where that is hidden."""
    at, pieces = 0, iter([*hidden, (len(text) + 1, len(text) + 1, "")])
    start, end, _ = next(pieces)
    for tag in tags:
        while end < tag.start:
            start, end, _ = next(pieces)
        is_hidden = start <= at < end
        yield ("" if is_hidden else text[at : tag.start]), (at, tag.start), tag
        at = tag.end


def _count_letters(text: str, tags: Sequence[_Tag], hidden: Sequence[Piece]) -> int:
    return sum(len(_LETTER.findall(piece)) for piece, _, _ in _walk(text, tags, hidden))
