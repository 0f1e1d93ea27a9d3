"""Pages made ready for the extractor, which loses words, keeps foreign ones and mistakes headings.

What is done here concerns an element by itself; `page_parts` tells which parts are the article.
"""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import islice
from urllib.parse import urljoin

from lxml import etree
from lxml.html import HtmlElement

from detector.io.readers.page_parts import (
    count_words,
    drop_cards,
    drop_consent,
    drop_later_articles,
    join_bodies,
)

# --------------------------------------------------------------------------------------
# Words within sentences
# --------------------------------------------------------------------------------------

_BLOCKS = ("p", "li", "blockquote", "dd", "td")

# The extractor removes these with their words, as parts of a page that no one reads.
_REMOVED_WITH_WORDS = ("time", "button", "label", "output", "math")

_INLINE = ("a", "abbr", "b", "em", "font", "i", "mark", "small", "span", "strong", "sub", "sup")

_FOR_SCREEN_READERS = re.compile(
    r"(?:^|\s)(?:sr-only|visually-?hidden|screen-?reader(?:-only|-text)?)(?:$|\s)", re.IGNORECASE
)

#: A mark of a note is a number or a word or two: "[1]", "[citation needed]".
_MOST_WORDS_OF_MARK = 3

_QUOTATION_MARK = re.compile("[\"'\u2018-\u201f\u00ab\u00bb]")

# --------------------------------------------------------------------------------------
# Tables and bare text
# --------------------------------------------------------------------------------------

#: So much in one cell is no datum: the table is there to lay out the page.
_FEWEST_WORDS_OF_LAYOUT = 40
_FEWEST_WORDS_OF_PARAGRAPH = 12

_ROWS_AND_CELLS = ("thead", "tbody", "tfoot", "tr", "td", "th")

_RUNNING = (*_INLINE, "br", "cite", "code", "q", "s", "time", "u")

_WORD = re.compile(r"\w+")

#: Bare text of fewer words is a label or a crumb.
_FEWEST_BARE_WORDS = 4


def prepare_page(tree: HtmlElement, url: str | None = None) -> None:
    """Change a page, in its place, so that the extractor finds its article and all of that.

    Args:
        tree: the page.
        url: where it came from, if that is known.
    """
    _drop_unread(tree)
    _keep_words(tree)
    _mark_quotations(tree)
    _undo_layout_tables(tree)
    _wrap_bare_text(tree.find("body"))
    _drop_times_beside(tree)
    _complete_address(tree)
    drop_consent(tree)
    drop_later_articles(tree)
    drop_cards(tree, url)
    join_bodies(tree)


def _find_small(elements: list[HtmlElement], *blocks: str) -> list[HtmlElement]:
    """Those elements that hold less than half of the text of the block that they stand in."""
    lengths: dict[HtmlElement, int] = {}
    small = []
    for element in elements:
        for block in islice(element.iterancestors(*blocks), 1):
            if block not in lengths:
                lengths[block] = len(block.text_content())
            if 2 * len(element.text_content()) < lengths[block]:
                small.append(element)
    return small


def _drop_unread(tree: HtmlElement) -> None:
    """Drop what a reader does not see, or does not read as part of the sentence."""
    unread = [element for element in tree.iter(*_INLINE, "del") if _is_unread(element)]
    hidden = [element for element in tree.iter(*_BLOCKS, "div", "section") if _is_hidden(element)]
    small = _find_small(unread, *_BLOCKS, "div") + _find_small(hidden, "article", "main", "body")
    for element in small:
        element.tag = "unread"
    etree.strip_elements(tree, "unread", with_tail=False)


def _is_unread(element: HtmlElement) -> bool:
    if element.tag == "sup":
        links = [*element.iter("a"), *element.iterancestors("a")]
        return bool(links) and count_words(element) <= _MOST_WORDS_OF_MARK
    return (
        element.tag == "del"
        or "hidden" in element.attrib
        or element.get("role") == "tooltip"
        or bool(_FOR_SCREEN_READERS.search(element.get("class", "")))
    )


def _is_hidden(element: HtmlElement) -> bool:
    """Whether a block is shown to nobody, or read to the blind only."""
    if _FOR_SCREEN_READERS.search(element.get("class", "")):
        return True
    # What may be found by a search is shown then, the rest of an article is shown to who reads on,
    # and React sends what it is going to show in hidden parts: "S:0".
    is_shown_later = (
        element.get("hidden", "").lower() == "until-found"
        or element.get("id", "").startswith("S:")
        or sum(1 for _ in element.iter("p")) > 1
    )
    return "hidden" in element.attrib and not is_shown_later


def _keep_words(tree: HtmlElement) -> None:
    """Keep words that the extractor would remove from sentences that go on behind them."""
    removed = tree.iter(*_REMOVED_WITH_WORDS)
    within = [element for element in removed if (element.tail or "").strip()]
    for element in _find_small(within, *_BLOCKS):
        if element.get("datetime"):
            element.addprevious(element.makeelement("time", dict(element.attrib)))
        etree.strip_elements(element, "annotation", "annotation-xml", with_tail=False)
        etree.strip_tags(element, "*")
        element.tag = "span"


def _mark_quotations(tree: HtmlElement) -> None:
    """Write the marks that a browser puts around <q>, unless the page has its own."""
    for quotation in list(tree.iter("q")):
        text = quotation.text_content().strip()
        if text and not _QUOTATION_MARK.match(text):
            quotation.text = "\u201c" + (quotation.text or "").lstrip()
            if len(quotation):
                quotation[-1].tail = (quotation[-1].tail or "").rstrip() + "\u201d"
            else:
                quotation.text = quotation.text.rstrip() + "\u201d"
        quotation.tag = "span"


def _undo_layout_tables(tree: HtmlElement) -> None:
    """Turn tables that lay out a page into blocks: the extractor writes tables as rows."""
    parts: dict[HtmlElement, list[HtmlElement]] = {table: [] for table in tree.iter("table")}
    for part in tree.iter(*_ROWS_AND_CELLS, "table"):
        table = next(part.iterancestors("table"), None)
        if table is not None:
            parts[table].append(part)
    # The inner ones come first: an outer one lays out what they turn out to be.
    for table, own in reversed(parts.items()):
        if table.get("role") == "presentation" or _lays_out(table, own):
            for part in (table, *(part for part in own if part.tag in _ROWS_AND_CELLS)):
                part.tag = "div"
                part.attrib.clear()
                _wrap_bare_text(part)


def _lays_out(table: HtmlElement, parts: list[HtmlElement]) -> bool:
    """Whether most words of a table stand in cells of prose, and none of its cells heads others."""
    cells = [part for part in parts if part.tag in ("td", "th")]
    if any(cell.tag == "th" or cell.find(".//pre") is not None for cell in cells):
        return False
    if len(cells) == 1 and next(table.iterancestors("td"), None) is not None:
        return True
    return 2 * sum(map(_count_prose, cells)) > sum(map(count_words, cells))


def _count_prose(cell: HtmlElement) -> int:
    """Words of a cell, less those of tables in it, if they are too many for a datum."""
    tables = [table for table in cell.iter("table") if next(table.iterancestors("td")) is cell]
    words = count_words(cell) - sum(map(count_words, tables))
    paragraphs = max(map(count_words, cell.iter("p")), default=0)
    is_prose = words >= _FEWEST_WORDS_OF_LAYOUT or (
        min(words, paragraphs) >= _FEWEST_WORDS_OF_PARAGRAPH
    )
    return words if is_prose else 0


def _wrap_bare_text(container: HtmlElement | None) -> None:
    """Put bare text into paragraphs: beside other paragraphs, it would be lost."""
    if container is None or container.find(".//p") is None:
        return
    before: HtmlElement | None = None
    run: list[HtmlElement] = []
    for part in [*container, None]:
        if part is not None and part.tag in _RUNNING:
            run.append(part)
        else:
            _wrap_run(container, before, run)
            before, run = part, []


def _wrap_run(container: HtmlElement, before: HtmlElement | None, run: list[HtmlElement]) -> None:
    text = container.text if before is None else before.tail
    bare = " ".join([text or "", *(element.tail or "" for element in run)])
    if len(_WORD.findall(bare)) < _FEWEST_BARE_WORDS:
        return
    paragraph = container.makeelement("p")
    paragraph.text = text
    if before is None:
        container.text = None
        container.insert(0, paragraph)
    else:
        before.tail = None
        before.addnext(paragraph)
    paragraph.extend(run)


# --------------------------------------------------------------------------------------
# What a page says of itself
# --------------------------------------------------------------------------------------


def _drop_times_beside(tree: HtmlElement) -> None:
    """Drop the times of what stands beside the article, if others are stated."""
    times = list(tree.iter("time"))
    beside = [time for time in times if next(time.iterancestors("aside"), None) is not None]
    if len(beside) < len(times):
        for time in beside:
            time.drop_tree()


def _complete_address(tree: HtmlElement) -> None:
    """Resolve a page's own address against its base."""
    base = tree.find(".//base[@href]")
    address = tree.find(".//link[@rel='canonical'][@href]")
    if base is not None and address is not None:
        # What is no address, such as "http://[x/", resolves to none.
        with suppress(ValueError):
            address.set("href", urljoin(base.get("href"), address.get("href")))
