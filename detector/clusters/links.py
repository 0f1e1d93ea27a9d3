"""Which of two texts of a crawl stems from the other, and how surely."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from detector.results import INDEPENDENT, Comparison

#: Of two texts that stem from one another, the one has at least this share of the other's words.
_LEAST_COVERAGE = 0.3

#: How far a text has to cover another by more than it is covered, to count as its source.
_COVERAGE_WEIGHT = 6.0

_MOST_LOG_ODDS = 6.0


class Comparer(Protocol):
    """What compares two texts: a `detector.Detector`, or anything that speaks like one."""

    def measure(self, text: str, /) -> Any:
        """What `compare` takes in place of a text, so that it is read once."""
        ...

    def compare(
        self, text: Any, reference: Any, /, *, false_positive_rate: float, artifacts: str
    ) -> Comparison:
        """What `text` did to `reference`."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """What a comparison says of two texts.

    Attributes:
        copy: number of the text that was compared as the copy.
        original: number of the other one.
        comparison: what was said.
    """

    copy: int
    original: int
    comparison: Comparison

    @property
    def is_related(self) -> bool:
        """Whether the one stems from the other, or both from a third."""
        found = self.comparison
        covered = max(found.coverage, found.original_coverage)
        return found.relation not in (None, INDEPENDENT) and covered >= _LEAST_COVERAGE

    @property
    def probability(self) -> float:
        """That a machine made the copy of the original; 0 where that could not be told."""
        return self.comparison.probability or 0.0

    @property
    def log_odds(self) -> float:
        """How much rather the copy was made of the original than the other way round.

        Where a machine rewrote the one, its traces tell. Otherwise the copy is the text that the
        other has more of: who copies cuts rather than adds.
        """
        found = self.comparison
        if found.direction is not None:
            share = min(max(found.direction, 1e-9), 1 - 1e-9)
            return max(-_MOST_LOG_ODDS, min(_MOST_LOG_ODDS, math.log(share / (1 - share))))
        return _COVERAGE_WEIGHT * (found.coverage - found.original_coverage)
