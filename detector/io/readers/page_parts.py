"""Parts of a page: which are its article, and which are others' that the extractor takes for it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement

from detector.io.addresses import split_address

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

#: Names by which content management systems call the container of an article's text.
_BODY = re.compile(
    r"(?:entry|article|story|post|blog)[-_]{0,2}(?:content|body|text)\b|articleBody", re.IGNORECASE
)

_NO_ARTICLE = re.compile(
    r"comment(?!ary|[-_]?(?:piece|article|page|story))|consent|cookie|gdpr|privacy|disqus|related"
    r"|recommend|newsletter|subscri|promo|advert|legal|footer|menu|\bnav",
    re.IGNORECASE,
)

_CONSENT = re.compile(
    r"""(?:^|\s)(?:cookies?|consent|gdpr|privacy|tcf|cmp|qc-cmp\d?|fc-consent|fc-dialog)
    [-_]{1,2}(?:\w+[-_]{1,2})?
    (?:banner|bar|consent|container|dialog|layer|modal|notice|overlay|pop-?up|root|ui|wrapper)
    (?:$|\s|--|__)""",
    re.IGNORECASE | re.VERBOSE,
)

#: What the programs that many sites ask with call their dialogs.
_CONSENT_PROGRAM = re.compile(
    r"""(?:^|\s)(?:onetrust-|cybotcookiebot|sp_message_container|didomi-|usercentrics-|osano-cm-|cky-
    |cmplz-|iubenda-cs-|truste[-_]|cookie-law-info-|moove_gdpr_|borlabs-?cookie)""",
    re.IGNORECASE | re.VERBOSE,
)

_ASKS_FOR_CONSENT = re.compile(r"\b(?:cookies|your (?:consent|choices))\b", re.IGNORECASE)

_PRIVACY_SECTION = re.compile(
    r"(?:^|\s)(?:privacy|cookies?)[-_]{1,2}(?:container|root|wrapper)(?:$|\s)", re.IGNORECASE
)

# A teaser of another article is no longer than this, and there are some of them.
_MOST_WORDS_OF_CARD = 90
_FEWEST_CARDS = 3

_FEWEST_WORDS_OF_HEADLINE = 4
_FEWEST_WORDS_OF_EXCERPT = 5

#: Beside a paragraph of so many words, what looks like a teaser is an item of an article's list.
_FEWEST_WORDS_OF_PARAGRAPH = 10

#: A page that says it is an article keeps what would leave fewer words.
_FEWEST_WORDS_LEFT = 30


_find_texts = etree.XPath("descendant::text()[not(parent::script or parent::style)]")


def count_words(element: HtmlElement) -> int:
    """Words of an element and of all in it, programs aside."""
    return len(" ".join(_find_texts(element)).split())


def is_apart(element: HtmlElement) -> bool:
    """Whether an element or one around it is named as none that holds an article."""
    return any(
        _NO_ARTICLE.search(f"{each.tag} {_get_names(each)}")
        for each in (element, *element.iterancestors())
        if each.tag not in ("html", "body", "main", "article")
    )


def _get_names(element: HtmlElement) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"


# --------------------------------------------------------------------------------------
# What is no article
# --------------------------------------------------------------------------------------


def drop_consent(tree: HtmlElement) -> None:
    """Drop dialogs that ask for consent: they are longer than many an article."""
    for element in list(tree.iter("div", "section", "aside", "dialog")):
        is_dialog = _is_named_for_consent(element) or (
            element.get("role") in ("dialog", "alertdialog")
            and _ASKS_FOR_CONSENT.search(element.text_content()) is not None
        )
        holds_page = any(True for _ in element.iter("h1", "article", "main"))
        if is_dialog and not holds_page and not _may_tell_of_privacy(element, tree):
            element.drop_tree()


def _is_named_for_consent(element: HtmlElement) -> bool:
    names = element.get("class", ""), element.get("id", "")
    return any(form.search(name) for form in (_CONSENT, _CONSENT_PROGRAM) for name in names)


def _may_tell_of_privacy(element: HtmlElement, tree: HtmlElement) -> bool:
    """Whether what is named like a dialog may be an article on its subject: most of the page."""
    named = _PRIVACY_SECTION.search(_get_names(element)) is not None
    return named and 2 * count_words(element) >= count_words(tree)


def drop_later_articles(tree: HtmlElement) -> None:
    """Drop articles that follow the page's own, each under a title of its own (endless pages)."""
    articles = [each for each in tree.iter("article") if not _is_within(each, "article")]
    headed = [article for article in articles if article.find(".//h1") is not None]
    if headed[1:] and headed[0] is articles[0] and _is_own(tree, headed[0]):
        for article in headed[1:]:
            article.drop_tree()


def _is_own(tree: HtmlElement, article: HtmlElement) -> bool:
    """Whether the page is titled as an article is, or that is too long for a teaser."""
    heading = _find_words(article.find(".//h1").text_content())
    title = _find_words(tree.findtext(".//title") or "")
    is_titled = bool(heading) and f" {heading} " in f" {title} "
    return is_titled or count_words(article) > _MOST_WORDS_OF_CARD


def _find_words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _is_within(element: HtmlElement, *tags: str) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def drop_cards(tree: HtmlElement, url: str | None = None) -> None:
    """Drop teasers of other articles, which together may be longer than the article.

    Args:
        tree: the page.
        url: where it came from; a link to a part of itself is no teaser.
    """
    groups = defaultdict(list)
    for element in tree.iter("div", "article", "li", "section", "a"):
        groups[element.getparent(), element.tag, element.get("class", "")].append(element)
    own_paths = _find_own_paths(tree, url)
    holds_article = cache(_holds_article)
    cards = [
        card
        for (parent, _, _), group in groups.items()
        if len(group) >= _FEWEST_CARDS and not holds_article(parent)
        for card in _find_cards(group, own_paths)
    ]
    if cards and not (_says_article(tree) and _count_left(tree, cards) < _FEWEST_WORDS_LEFT):
        for card in cards:
            if card.getparent() is not None:
                card.drop_tree()


def _holds_article(parent: HtmlElement) -> bool:
    """Whether an element is (in) the text of an article, as its name or a paragraph tells."""
    if any(count_words(part) >= _FEWEST_WORDS_OF_PARAGRAPH for part in parent if part.tag == "p"):
        return True
    around = (parent, *parent.iterancestors())
    return any(each.tag == "article" or _is_body(each) for each in around)


def _is_body(element: HtmlElement) -> bool:
    return _find_body_name(element) is not None


def _find_body_name(element: HtmlElement) -> str | None:
    name = _BODY.search(f"{element.get('itemprop', '')} {_get_names(element)}")
    return name.group().lower() if name else None


def _find_own_paths(tree: HtmlElement, url: str | None) -> frozenset[str]:
    """The paths under which the page is known, but for that of the whole site."""
    addresses = [url, *tree.xpath("//link[@rel='canonical']/@href")]
    return frozenset(_find_path(address) for address in addresses if address) - {"", "/"}


def _find_path(address: str) -> str:
    parts = split_address(address)
    return "" if parts is None else parts.path


def _find_cards(group: list[HtmlElement], own_paths: frozenset[str]) -> list[HtmlElement]:
    cards = [element for element in group if _is_card(element, own_paths)]
    return cards if len(cards) >= _FEWEST_CARDS and 4 * len(cards) >= 3 * len(group) else []


def _is_card(element: HtmlElement, own_paths: frozenset[str] = frozenset()) -> bool:
    length = count_words(element)
    if length > _MOST_WORDS_OF_CARD:
        return False
    hrefs = ((link, link.get("href", "#")) for link in element.iter("a"))
    links = (
        link
        for link, href in hrefs
        if not href.startswith("#") and _find_path(href) not in own_paths
    )
    return any(_is_headline(link, length) for link in links)


def _is_headline(link: HtmlElement, length: int) -> bool:
    """Whether a link of a card of so many words is a heading, holds one or stands above text."""
    if next(link.iter(*_HEADINGS[1:]), None) is not None:
        return True
    heading = next(link.iterancestors(*_HEADINGS), None)
    words = count_words(link)
    if heading is not None:
        # Of a heading that nobody closed no more is looked at than tells.
        return len(list(islice(_iterate_words(heading), 5 * words // 4 + 1))) <= 5 * words // 4
    return (
        words >= _FEWEST_WORDS_OF_HEADLINE
        and length >= words + _FEWEST_WORDS_OF_EXCERPT
        and _stands_alone(link)
    )


def _iterate_words(element: HtmlElement) -> Iterator[str]:
    """Words of an element and of all in it, one text after another."""
    return (word for text in element.itertext() for word in text.split())


def _stands_alone(link: HtmlElement) -> bool:
    parent = link.getparent()
    beside = [parent.text, *(each.tail for each in parent)]
    return parent.tag != "p" and not any(text and text.strip() for text in beside)


def _says_article(tree: HtmlElement) -> bool:
    return bool(tree.xpath("//meta[@property='og:type'][@content='article']"))


def _count_left(tree: HtmlElement, cards: list[HtmlElement]) -> int:
    dropped = {paragraph for card in cards for paragraph in card.iter("p")}
    return sum(
        count_words(each) for each in tree.iter("p") if each not in dropped and not is_apart(each)
    )


# --------------------------------------------------------------------------------------
# Articles in parts
# --------------------------------------------------------------------------------------


def join_bodies(tree: HtmlElement) -> None:
    """Join the containers of an article that something cuts in two, such as an advertisement.

    The extractor takes the first. What follows a heading outside of them is another article's.
    """
    first: HtmlElement | None = None
    seen: set[HtmlElement] = set()
    for element in list(tree.iter("div", "section", "article", "main", "h1", "h2", "h3")):
        if element in seen or _is_within(element, "aside", "footer", "nav"):
            continue
        if element.tag in _HEADINGS:
            if first is not None:
                return
        elif _is_body(element) and element.find(".//p") is not None:
            seen.update(element.iter())
            if first is None:
                first = element
            elif _continues(element, first):
                first.append(element)


def _continues(element: HtmlElement, first: HtmlElement) -> bool:
    return (
        _find_body_name(element) == _find_body_name(first)
        and element.find(".//h1") is None
        and not _is_card(element)
        and not is_apart(element)
    )
