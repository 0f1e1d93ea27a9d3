"""The rows of a batch's table: what each says, and which are kept where room is short."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

from detector.presentation.html.rendering import leads_to_the_web
from detector.presentation.wording import clip
from detector.results import Verdict

_ID_LIMIT = 160


@dataclass(frozen=True)
class ReportRow:
    """One scored article, or an input that could not be scored.

    Attributes:
        id: the article's id or file name.
        verdict: what the detector said; None where the input could not be read.
        text: the article, without which its row cannot be opened.
        reason: why there is no verdict.
        url: where it came from; linked if it leads to the web.
    """

    id: str
    verdict: Verdict | None
    text: str = ""
    reason: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Strength:
    """What is kept first when there is no room for all: the flagged, then the most probable."""

    flagged: bool
    probability: float
    age: int


@dataclass(frozen=True, slots=True)
class Cells:
    """What a row of the table says."""

    id: str
    url: str | None
    probability: float | None
    label: str
    flagged: bool
    words: int
    spans: int
    remark: str
    has_text: bool


def make_cells(row: ReportRow) -> Cells:
    """What the table says of an article, clipped to what a row has room for."""
    verdict = row.verdict
    url = row.url if row.url and len(row.url) <= 2 * _ID_LIMIT else None
    return Cells(
        id=clip(row.id, _ID_LIMIT),
        url=url if url and leads_to_the_web(url) else None,
        probability=verdict.probability if verdict else None,
        label=(verdict.label if verdict else None) or "not judged",
        flagged=verdict.flagged if verdict else False,
        words=verdict.words if verdict else 0,
        spans=len(verdict.artifacts) if verdict else 0,
        remark=_make_remark(verdict, row.reason),
        has_text=verdict is not None and bool(row.text),
    )


def _make_remark(verdict: Verdict | None, reason: str | None) -> str:
    """What stands in small letters under an article's name."""
    if verdict is None or verdict.reason:
        return clip((verdict.reason if verdict else reason) or "", 120)
    if not verdict.artifacts:
        return ""
    strongest = max(verdict.artifacts, key=lambda artifact: artifact.score)
    return f"“{clip(strongest.text)}” ({clip(strongest.kind)})"


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
