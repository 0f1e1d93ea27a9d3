"""The originals of a crawl's texts among its other texts, for whoever judges one at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from detector.clusters.settling import Standing
from detector.clusters.store import CrawlStore


class Sibling(NamedTuple):
    """A text of the crawl, with the id of the row in which it came first."""

    id: Any
    text: str


class Siblings:
    """A crawl that was grouped, asked for originals.

    Args:
        path: file of its `CrawlStore`.

    Raises:
        ClusterError: there is none, or it was not grouped to the end.
    """

    def __init__(self, path: str) -> None:
        self._store = CrawlStore.open_whole(Path(path))

    def find_original(self, text: str) -> Sibling | None:
        """The text that this one was made of; None of an original, and of one that stands alone.

        None as well of a text that the crawl does not hold. Where a copy of a copy shares too
        little with the original, it is the copy between them.
        """
        number = self._store.find_text(text)
        said = None if number is None else self._store.find_standing(number)
        if said is None:
            return None
        link = Standing.from_dict(said).link
        if link is None:
            return None
        original = link.original
        identity = self._store.get_id(self._store.find_first(original))
        return Sibling(identity, self._store.read_text(original))
