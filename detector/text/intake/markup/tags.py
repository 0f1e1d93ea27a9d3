"""Find the tags of HTML, and pair them to elements."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# What the first two hold is no HTML; in the others, shown to few, stand some pages' articles.
_RAW, RESERVE = frozenset(("script", "style")), frozenset(("noscript", "template"))

NEVER_PROSE = _RAW | RESERVE | frozenset("head svg math iframe object select figcaption".split())

AROUND_PROSE = frozenset("nav footer aside button textarea dialog menu label".split())

_LINES = frozenset("br dd dt hr legend li option td th tr".split())

_BLOCKS = (NEVER_PROSE | AROUND_PROSE | _LINES).union(
    "address article blockquote body caption center details div dl fieldset figure form h1 h2 h3 "
    "h4 h5 h6 header html main ol p pre section summary table tbody tfoot thead title ul".split()
)

_INLINE = frozenset(
    "a abbr acronym audio b bdi bdo big cite code del dfn em font i img input ins kbd link mark "
    "meta picture q samp small source span strike strong sub sup time tt u var video wbr".split()
)

_USUAL = _BLOCKS | _INLINE

# Words that stand in angle brackets in manuals, too: see `is_markup`.
_RARE_BLOCKS = frozenset(
    "colgroup datalist frameset hgroup marquee noframes plaintext search xmp".split()
)

# How a word is said, in small print above it.
READINGS = frozenset(("rp", "rt", "rtc"))

_RARE = (_RARE_BLOCKS | READINGS).union(
    "area base basefont bgsound blink canvas col data embed frame map meter nobr output param "
    "progress rb ruby slot track".split()
)

# Elements that many leave open, or that a text was cut within: others are none unless one closes.
_LEFT_OPEN = frozenset("article br dd div dt hr li main p section td th tr".split())

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

#: Fewer tags are no markup, but what a text tells of.
FEWEST_TAGS = 2

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tag:
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


Element = tuple[Tag, Tag]


def find_tags(text: str) -> Iterator[Tag]:
    """The tags of HTML, in order; what else stands in angle brackets is none."""
    for match in _TAG.finditer(text):
        name = _PREFIX.sub("", match[2].lower())
        is_own = not name.isalnum()
        if not is_own and name not in _USUAL and name not in _RARE:
            continue
        is_block = name in _BLOCKS or name in _RARE_BLOCKS or bool(_OWN_BLOCK.search(name))
        gap = "\n\n" if is_block else ""
        if name in _LINES:
            gap = " " if match[1] else "\n"
        yield Tag(match.start(), match.end(), name, bool(match[1]), gap, is_block)


def is_markup(tags: Sequence[Tag]) -> bool:
    """Whether a text is HTML and not one that tells of a tag.

    A rare name, or a site's own, counts by half, and only where it is closed: a manual writes
    "cp <old-name> <new-name>", or "send <title> <address>".
    """
    closed = {tag.name for tag in tags if tag.closes}
    usual = [tag for tag in tags if tag.name in _USUAL]
    rare = [tag for tag in tags if tag.name not in _USUAL and tag.name in closed]
    if len(usual) + len(rare) / 2 < FEWEST_TAGS:
        return False
    return any(tag.closes or tag.name in _LEFT_OPEN for tag in (*usual, *rare))


def take_as_one(text: str, tags: Sequence[Tag]) -> Iterator[Tag]:
    """The tags, but each comment, script and style as one: what is in it is no tag."""
    ends = _find_raw_ends(tags)
    at, comment = 0, text.find("<!--")
    for tag in [*tags, Tag(len(text), len(text), "")]:
        while 0 <= comment < tag.start:
            if comment >= at:
                end = text.find("-->", comment) + 3
                if end < 3:  # never closed
                    comment = -1
                    break
                yield Tag(comment, end, "")
                at = end
            comment = text.find("<!--", at)
        if at <= tag.start < len(text):
            at = ends.get(tag.start, tag.end)
            yield Tag(tag.start, at, "") if tag.start in ends else tag


def _find_raw_ends(tags: Sequence[Tag]) -> dict[int, int]:
    """Where each script and style ends: at the first tag that says so, by where it starts."""
    ends, following = {}, dict[str, int]()
    for tag in reversed(tags):
        if tag.name in _RAW and tag.closes:
            following[tag.name] = tag.end
        elif tag.name in following:
            ends[tag.start] = following[tag.name]
    return ends


def pair_tags(tags: Iterable[Tag]) -> Iterator[Element]:
    """Each element's two tags; one that is never closed holds nothing."""
    opened: dict[str, list[Tag]] = defaultdict(list)
    for tag in tags:
        if not tag.closes:
            opened[tag.name].append(tag)
        elif opened[tag.name]:
            yield opened[tag.name].pop(), tag


def get_span(element: Element) -> Span:
    """Where an element starts and ends, its tags included."""
    return element[0].start, element[1].end
