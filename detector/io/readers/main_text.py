"""Main texts by trafilatura; imported by the process that extracts them, and by no other."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from trafilatura import bare_extraction

from detector.io.addresses import split_address
from detector.io.readers.page_cleaning import prepare_page
from detector.io.readers.page_parts import is_apart

#: The parser stops at 256 elements within one another unless it is told not to, and then at 2,048.
TOO_DEEP = "nested too deeply: more than 2,048 elements within one another"

#: A page on which less was found is looked through again.
_FEWEST_WORDS = 60

# What the parser stops at, or reads as another character.
_NO_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SELF_CLOSED = re.compile(r"(<html\b[^<>]*?)\s*/>", re.IGNORECASE)

# The extractor passes these over, whatever they hold.
_PASSED_OVER = frozenset({"aside", "form", "noscript", "details", "dialog", "template", "header"})

#: Of a block's letters, those in links: a menu, or the headlines of other articles.
_MOST_LINKED = 0.4

_ROOT = re.compile(r"(?:/(?:[a-z]{2}(?:[-_][a-z]{2})?|home|index\.\w{2,5}))*/?", re.IGNORECASE)

_NAMES_FRONT = re.compile(r"\W*(?:home(?:\s?page)?|front\s?page|welcome)\W*", re.IGNORECASE)

_TITLE_PARTS = re.compile(r"\s[|\u2013\u2014:-]\s|\s?[|\u00bb]\s?")

# A number at the start says little: headlines open with how many homes or people there were. So do
# they with some phrases, which count where the title ends, or goes on with the name of a site.
_NAMES_ERROR = re.compile(
    r"""\W*(?:(?:(?:http|error|status)\s)+[45]\d\d\b
      |[45]\d\d(?:\W*$|\s?[|:\u00bb](?:\s|$)|\s[-\u2013\u2014]\s
        |\W+(?:error\b|(?:page\s)?not\sfound\b|forbidden\b|unauthori[sz]ed\b
          |bad\s(?:request|gateway)\b|internal\s(?:server\s)?error\b
          |service\s(?:temporarily\s)?unavailable\b|gateway\stime-?out\b|page\W*$|gone\W*$
          |access\sdenied\b|too\smany\srequests\b))
      |(?:just\sa\smoment|under\smaintenance|security\scheck)
        (?:\W*$|[.\u2026!]*(?:\s?[|\u00bb]|\s[-\u2013\u2014])\s(?:\S+\s){0,3}\S+$)
      |(?:the\s|this\s|requested\s)*(?:page|file|url|resource|site|content|article)\s
        (?:(?:was|is|could|can(?:not|'t)?|be|has|been|you|requested|were|looking|for|no|longer
            |does|doesn't|not)\s){0,9}(?:not\s)?(?:found|available|exists?|unavailable|removed)\b
      |not\sfound\W*$|access\s(?:is\s)?denied\W*$|forbidden\W*$
      |attention\srequired!|are\syou\sa\s(?:robot|human)|bad\sgateway|gateway\stime-?out
      |service\s(?:temporarily\s)?unavailable|internal\sserver\serror
      |(?:sign|log)\s?in(?:\s(?:to|required)\b|\W*$)|you\shave\sbeen\sblocked
      |(?:sorry|oops|whoops)\b.{0,40}\b(?:page|found|wrong)\b)""",
    re.IGNORECASE | re.VERBOSE,
)

#: A date counts where the page states one: a year in a notice of copyright is no date of the text.
_DATE_SEARCH = {"extensive_search": False, "original_date": True}

#: An error page says little more than that.
_LONGEST_ERROR = 250

# What such a page tells its reader; an article that is titled like one does not.
_SAYS_ERROR = re.compile(
    r"""\bpage\b[^.!?]{0,60}(?:(?:\bnot|n['\u2019]t|\bcannot)\s(?:be\s)?(?:found|exist|available)
          |\b(?:been|was)\s(?:moved|removed|deleted|renamed)|\bno\slonger\s(?:exists?|available))
      |\b(?:moved|removed|deleted)\b[^.!?]{0,30}\bor\b[^.!?]{0,40}\b(?:deleted|removed|moved|renamed)
      |\bnothing\s(?:was\s|could\sbe\s)?found\s(?:at|here)\b
      |\bcheck\s(?:that\s)?(?:the|your)\s(?:address|url|link|spelling|connection)\b
      |\btry\sagain\s(?:later|in\sa\s(?:few|minute|moment))\b
      |\bchecking\s(?:if\sthe\ssite|your\sbrowser)\b
      |\benable\s(?:cookies|javascript)\b|\bpermission\sto\s(?:access|view)\b
      |\b(?:log|sign)\s?in\sto\s(?:continue|read|view|access|your)\b""",
    re.IGNORECASE | re.VERBOSE,
)


def extract_article(page: str, url: str | None) -> dict[str, Any]:
    """The main text of a page ("" where there is none), its title, date, url, outlet and author.

    Where there is no article, "reason" says why; where it stood in an unusual place, "note" does.

    Args:
        page: HTML.
        url: where it came from, if that is known.
    """
    tree, is_endless = _parse(page)
    if is_endless:
        return {"text": "", "reason": TOO_DEEP}
    if tree is None:
        return {"text": ""}
    prepare_page(tree, url)
    found = _extract(tree, url)
    if _count_words(found["text"]) < _FEWEST_WORDS:
        found |= _look_again(tree, found["text"])
    reason = _find_no_article(found, tree) if found["text"] else None
    return found | {"text": "", "reason": reason} if reason else found


def _extract(tree: HtmlElement, url: str | None) -> dict[str, Any]:
    article: Any = bare_extraction(
        tree,
        url=url,
        with_metadata=True,
        include_comments=False,
        date_extraction_params=_DATE_SEARCH,
    )
    if article is None:
        return {"text": ""}
    return {
        "text": article.text or "",
        "title": article.title,
        "date": article.date,
        "url": article.url or url,
        "outlet": article.sitename or article.hostname,
        "author": article.author,
        "kind": article.pagetype,
    }


def _count_words(text: str) -> int:
    return len(text.split())


def _parse(page: str) -> tuple[HtmlElement | None, bool]:
    """The page as a tree, None where it has no element at all, and whether it is nested too deeply.

    The extractor's own parser reads fewer than 256 elements within one another.
    """
    page = _SELF_CLOSED.sub(r"\1>", _NO_CHARACTER.sub("", page), count=1)
    parser = HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        tree = document_fromstring(page.encode("utf-8", errors="replace"), parser=parser)
    except etree.LxmlError:
        return None, False
    return tree, any("Excessive depth" in entry.message for entry in parser.error_log)


# --------------------------------------------------------------------------------------
# Articles in unusual places
# --------------------------------------------------------------------------------------


def _look_again(tree: HtmlElement, text: str) -> dict[str, Any]:
    """The article, with a note, if it stands in an element that the extractor passes over."""
    best, most = None, max(_FEWEST_WORDS, 2 * _count_words(text))
    for element in tree.iter(etree.Element):
        words = _count_own_words(element)
        if words >= most and not is_apart(element):
            best, most = element, words
    if best is None:
        return {}
    page = document_fromstring("<html><body><article></article></body></html>")
    article = page.find(".//article")
    for part in best:
        article.append(deepcopy(part))
    article.text = best.text
    found: Any = bare_extraction(page, include_comments=False, favor_recall=True)
    if found is None or _count_words(found.text or "") < _FEWEST_WORDS:
        return {}
    return {"text": found.text, "note": f"the article was found in <{best.tag}>"}


def _count_own_words(element: HtmlElement) -> int:
    """Words of the paragraphs that an element holds itself, if most are no links."""
    paragraphs = [part for part in element if part.tag == "p"]
    if not paragraphs and element.tag in _PASSED_OVER and element.find(".//p") is None:
        paragraphs = [element]
    words = sum(_count_words(part.text_content()) for part in paragraphs)
    linked = sum(
        _count_words(link.text_content()) for part in paragraphs for link in part.iter("a")
    )
    return words if linked <= _MOST_LINKED * words else 0


# --------------------------------------------------------------------------------------
# Pages without an article
# --------------------------------------------------------------------------------------


def _find_no_article(found: dict[str, Any], tree: HtmlElement) -> str | None:
    """Why a page holds no article, as its title, address and kind tell; None where it may."""
    title = " ".join((tree.findtext(".//title") or found.get("title") or "").split())
    if _NAMES_ERROR.match(title) and _may_be_error(found):
        return f"not an article: the page is titled {title[:80]!r}"
    if _is_root(found.get("url")):
        parts = _TITLE_PARTS.split(title)
        if found.get("kind") == "website" or any(map(_NAMES_FRONT.fullmatch, parts)):
            return "not an article: the page is a site's front page"
    return None


def _may_be_error(found: dict[str, Any]) -> bool:
    """Whether a page so titled is an error page: if it states a date, that must be said in it."""
    words = _count_words(found["text"])
    if found.get("date") or found.get("kind") == "article":
        is_said = words < _FEWEST_WORDS or _SAYS_ERROR.search(found["text"]) is not None
    else:
        is_said = True
    return is_said and words < _LONGEST_ERROR


def _is_root(address: str | None) -> bool:
    """Whether an address is a site's, rather than that of a page told by its query or fragment."""
    parts = split_address(address)
    if not address or parts is None:
        return False
    is_page = parts.query or parts.fragment.startswith(("/", "!"))
    return not is_page and _ROOT.fullmatch(parts.path) is not None
