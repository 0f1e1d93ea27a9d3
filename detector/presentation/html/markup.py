"""Markup that untrusted text cannot break out of.

What stands in an article, its id or its address is untrusted. `element` is the only way to a tag,
and it escapes every string that was not made by it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

# Not those of SVG: there, an HTML parser would take what follows for their content.
_VOID = frozenset({"br", "input"})

# What HTML or UTF-8 cannot hold; one for one, so that offsets keep their meaning.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Html(str):
    """Markup, made by this module from escaped parts; any other string is text."""

    __slots__ = ()


NOTHING = Html()


def escape(text: str) -> Html:
    """Text as it may stand between tags and in quoted attributes."""
    return text if isinstance(text, Html) else Html(html.escape(_UNWRITABLE.sub("\ufffd", text)))


def escape_body(text: str) -> str:
    """Text as it may stand between tags only: quotation marks, of which news is full, stay."""
    return html.escape(_UNWRITABLE.sub("\ufffd", text), quote=False)


def join(parts: Iterable[str]) -> Html:
    """Parts one after another; what is not `Html` is escaped."""
    return Html("".join(map(escape, parts)))


def open_tag(name: str, attributes: Mapping[str, object]) -> str:
    """A start tag; True stands for a bare attribute, None and False for none.

    ``class_`` is written ``class``, ``data_n`` ``data-n``.
    """
    written = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        plain = key.rstrip("_").replace("_", "-")
        written.append(plain if value is True else f'{plain}="{escape(str(value))}"')
    return f"<{' '.join(written)}>"


def element(_name: str, *children: str | None, **attributes: object) -> Html:
    """An element; children that are not `Html` are escaped, None is left out."""
    start = open_tag(_name, attributes)
    if _name in _VOID:
        return Html(start)
    body = "".join(escape(child) for child in children if child is not None)
    return Html(f"{start}{body}</{_name}>")


def isolate(text: str) -> Html:
    """Somebody else's words amid ours: right-to-left letters must not reorder what is around."""
    return element("bdi", text)


def link(url: str | None, shown: str) -> Html:
    """An address as a link, if it leads to the web; anything else, javascript: too, as text."""
    if url is not None and leads_to_the_web(url):
        return element("a", isolate(shown), href=url, rel="noopener noreferrer", target="_blank")
    return isolate(shown)


def leads_to_the_web(url: str) -> bool:
    """Whether it is a whole http or https address, with nothing that browsers read otherwise."""
    if re.search(r"[\x00-\x20\x7f\\]", url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all, such as "https://[half"
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
