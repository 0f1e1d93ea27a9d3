"""The rows of a batch's table: what each says, and which are kept where room is short."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

from detector.presentation.html.sources import Source, describe_source
from detector.presentation.wording import (
    clip,
    find_clear_substitutions,
    find_strongest_trace,
    pick_result,
)
from detector.results import MACHINE_REWRITTEN, SPUN, TRANSLATED, Comparison, Verdict

HELD = "cannot be flagged"
"""The label of what would be a machine's, but for a reason."""


@dataclass(frozen=True)
class ReportRow:
    """One scored article, or an input that could not be scored.

    Attributes:
        id: the article's id or file name.
        verdict: what the detector said; None where the input could not be read.
        text: the article, without which its row cannot be opened.
        reason: why there is no verdict.
        url: where it came from; linked if it leads to the web.
        fields: what else is known of it: its title, outlet and date, by the usual names.
        comparison: what it is to its original, where one is known.
        original: the original's text.
        original_id: the original's id.
    """

    id: str
    verdict: Verdict | None
    text: str = ""
    reason: str | None = None
    url: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    comparison: Comparison | None = None
    original: str | None = None
    original_id: str | None = None

    @cached_property
    def result(self) -> Verdict | Comparison | None:
        """What decides whether it is flagged; None where the input could not be read."""
        return self.verdict and pick_result(self.verdict, self.comparison)

    @cached_property
    def source(self) -> Source:
        """How it is named."""
        fields = {**self.fields, "url": self.url} if self.url else self.fields
        return describe_source(self.id, fields, self.text, self.verdict)

    @cached_property
    def original_name(self) -> str:
        """How its original is named; "" where it stems from none that is known."""
        if not isinstance(self.result, Comparison):
            return ""
        source = describe_source(
            self.original_id or "", {}, self.original or "", self.result.original_verdict
        )
        return source.title or clip(self.original or "")


@dataclass(frozen=True, slots=True, order=True)
class Strength:
    """What is kept first when there is no room for all: the flagged, then the most probable."""

    flagged: bool
    probability: float
    age: int


@dataclass(frozen=True, slots=True)
class Cells:
    """What a row of the table says; `group` tells which original it stems from."""

    source: Source
    probability: float | None
    label: str
    flagged: bool
    words: int
    spans: int
    remark: str
    has_text: bool
    original: str = ""
    group: int | None = None


def make_cells(row: ReportRow, group: int | None = None) -> Cells:
    """What the table says of an article, clipped to what a row has room for.

    Args:
        row: the article.
        group: the number of its original.
    """
    verdict, result = row.verdict, row.result
    if isinstance(result, Comparison):
        spans = len(result.reworded)
    else:
        spans = len(verdict.artifacts) if verdict else 0
    return Cells(
        source=row.source,
        probability=result.probability if result else None,
        label=name_label(result),
        flagged=result.flagged if result else False,
        words=verdict.words if verdict else 0,
        spans=spans,
        remark=_make_remark(result, row.reason),
        has_text=verdict is not None and bool(row.text),
        original=clip(row.original_name),
        group=group,
    )


def name_label(result: Verdict | Comparison | None) -> str:
    """What an article is: its label, or its relation to its original.

    What cannot be flagged is not called a machine's either.
    """
    name = result.relation if isinstance(result, Comparison) else result and result.label
    if result and result.reason and name in (TRANSLATED, SPUN, MACHINE_REWRITTEN):
        return HELD
    return name or "not judged"


def _make_remark(result: Verdict | Comparison | None, reason: str | None) -> str:
    """What stands in small letters under an article's name."""
    if result is None or result.reason:
        return clip((result.reason if result else reason) or "", 120)
    if isinstance(result, Comparison):
        telling = find_clear_substitutions(result, 1)
        return "".join(f"“{clip(s.text)}” for “{clip(s.original_text)}”" for s in telling)
    strongest = find_strongest_trace(result)
    return f"“{clip(strongest.text)}” ({clip(strongest.kind)})" if strongest else ""


@dataclass(slots=True)
class OriginalCount:
    """An original and how many articles of a batch stem from it."""

    number: int
    name: str
    copies: int = 0
    flagged: int = 0


class OriginalCounts:
    """The originals of a batch, each with its copies; of endlessly many, the first so many."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._counts: dict[bytes, OriginalCount] = {}

    def add(self, row: ReportRow) -> int | None:
        """Count an article; the number of its original, None where it has none or it is beyond."""
        if not isinstance(row.result, Comparison):
            return None
        name = row.original_id or row.original or ""
        key = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in self._counts:
            if len(self._counts) >= self.limit:
                return None
            self._counts[key] = OriginalCount(len(self._counts) + 1, row.original_name)
        count = self._counts[key]
        count.copies += 1
        count.flagged += row.result.flagged
        return count.number

    def most_copied_first(self) -> list[OriginalCount]:
        """All that were counted."""
        return sorted(self._counts.values(), key=lambda count: (-count.copies, count.number))


class StrongestFirst:
    """The strongest of many, as much as a budget holds; what fell out is only counted."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.spent = 0
        self.floor: Strength | None = None
        self.items: list[tuple[Strength, int, Any]] = []

    def takes(self, strength: Strength) -> bool:
        """Whether nothing stronger had to go already."""
        return self.floor is None or strength > self.floor

    def add(self, strength: Strength, cost: int, item: Any) -> None:
        """Keep an item, and let the weakest go while the budget is exceeded."""
        heapq.heappush(self.items, (strength, cost, item))
        self.spent += cost
        while self.spent > self.budget:
            self.floor, cost, _ = heapq.heappop(self.items)
            self.spent -= cost

    def strongest_first(self) -> list[tuple[Strength, int, Any]]:
        """All that was kept."""
        return sorted(self.items, key=lambda entry: entry[0], reverse=True)
