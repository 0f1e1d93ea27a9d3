"""The rows of a crawl, each with its place among the groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from detector.clusters.grouping import ORIGINAL_ROLE, Place, list_places
from detector.clusters.store import CrawlStore
from detector.columns import CLUSTER_COLUMNS, rename_clashes
from detector.results import RELATIONS

COLUMNS = ("id", *CLUSTER_COLUMNS)
"""The columns of every row, before the row's own."""


def list_rows(store: CrawlStore) -> Iterator[dict[str, Any]]:
    """A row for each text of a crawl that was grouped, in the order of the input.

    The row's own fields follow ours; one that is named like one of ours gets "input_" put before
    its name.
    """
    names = rename_clashes(store.list_fields(), COLUMNS)
    for place, (identity, fields) in zip(list_places(store), store.rows(), strict=True):
        own = {names[name]: value for name, value in fields.items()}
        yield make_row(identity, place) | own


def list_columns(store: CrawlStore) -> list[str]:
    """The columns that the rows have, in order."""
    return [*COLUMNS, *rename_clashes(store.list_fields(), COLUMNS).values()]


def make_row(identity: Any, place: Place) -> dict[str, Any]:
    """What our columns hold of a row with this id."""
    member = place.member
    substitutes = "; ".join(f"{before} → {now}" for before, now in member.substitutes)
    said = (
        identity, place.group, place.size, member.role, member.relation, member.machine,
        member.flagged, place.original_id, member.coverage, member.copied_from,
        substitutes or None, member.note, member.reason, member.signature,
    )  # fmt: skip
    return dict(zip(COLUMNS, said, strict=True))


@dataclass
class Summary:
    """Counts over the rows of a crawl, in one sentence.

    Attributes:
        texts: all rows.
        groups: of two and more.
        flagged: copies that are.
        relations: copies by their relation.
    """

    texts: int = 0
    groups: int = 0
    flagged: int = 0
    relations: Counter[str] = field(default_factory=Counter)

    def count(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Pass rows on, and count them."""
        for row in rows:
            self.texts += 1
            self.groups += row["role"] == ORIGINAL_ROLE
            self.flagged += bool(row["flagged"])
            if row["relation"] is not None:
                self.relations[row["relation"]] += 1
            yield row

    def __str__(self) -> str:
        texts = f"{self.texts:,} text{'' if self.texts == 1 else 's'}"
        told = f"{texts}; groups of two and more: {self.groups:,}"
        counts = [f"{name} {self.relations[name]:,}" for name in RELATIONS if self.relations[name]]
        if counts:
            told += f"; copies: {', '.join(counts)}; flagged: {self.flagged:,}"
        return told
