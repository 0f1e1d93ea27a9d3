"""Main texts by trafilatura; imported by the process that extracts them, and by no other."""

from __future__ import annotations

from typing import Any

from trafilatura import bare_extraction


def extract_article(page: str, url: str | None) -> dict[str, Any]:
    """The main text of a page ("" where there is none), its title, date, url, outlet and author.

    Args:
        page: HTML.
        url: where it came from, if that is known.
    """
    article: Any = bare_extraction(page, url=url, with_metadata=True, include_comments=False)
    if article is None:
        return {"text": ""}
    return {
        "text": article.text or "",
        "title": article.title,
        "date": article.date,
        "url": article.url or url,
        "outlet": article.sitename or article.hostname,
        "author": article.author,
    }
