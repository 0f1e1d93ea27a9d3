"""What an article is called and where it came from, as a page names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detector.presentation.html.rendering import leads_to_the_web
from detector.presentation.wording import clip
from detector.results import Verdict

_NAMES = {
    "title": ("title", "headline"),
    "outlet": ("outlet", "publisher", "site", "site_name", "source"),
    "date": ("date", "published", "published_at", "publication_date"),
    "url": ("url", "link"),
}
"""Fields of a row in which each is looked for, the first first."""

_TITLE_LIMIT = 160

_WORD_LIMIT = 60

_URL_LIMIT = 320


@dataclass(frozen=True, slots=True)
class Source:
    """An article beside its text; what is not known is "".

    Attributes:
        title: its headline, or else its id.
        outlet: who published it.
        date: when.
        url: where it came from, if that leads to the web.
        name: its file or id; "" where the title says it.
    """

    title: str
    outlet: str = ""
    date: str = ""
    url: str = ""
    name: str = ""


def describe_source(
    name: str, fields: Mapping[str, Any], text: str = "", verdict: Verdict | None = None
) -> Source:
    """Name an article by what came with it: its title, or else its headline, or else its file.

    Args:
        name: its file or id.
        fields: what came with it, by the usual names of such fields.
        text: the article.
        verdict: tells whether its first sentence is a headline.
    """
    found = {kind: _find(fields, names) for kind, names in _NAMES.items()}
    title = found["title"] or _find_headline(text, verdict)
    url = found["url"]
    return Source(
        title=clip(title or name, _TITLE_LIMIT),
        outlet=clip(found["outlet"], _WORD_LIMIT),
        date=clip(found["date"], _WORD_LIMIT),
        url=url if len(url) <= _URL_LIMIT and leads_to_the_web(url) else "",
        name=clip(name, _TITLE_LIMIT) if title else "",
    )


def _find(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of these fields that holds words."""
    values = (fields.get(name) for name in names)
    return next((" ".join(v.split()) for v in values if isinstance(v, str) and v.strip()), "")


def _find_headline(text: str, verdict: Verdict | None) -> str:
    first = verdict.sentences[0] if verdict is not None and verdict.sentences else None
    return text[first.start : first.end] if first is not None and first.kind == "headline" else ""
