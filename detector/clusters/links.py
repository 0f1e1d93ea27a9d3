"""What a comparison says of two texts of a crawl: all that is kept of it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from detector.choices import ArtifactSetting
from detector.results import INDEPENDENT, VERBATIM, Comparison

#: Of two texts that stem from one another, the one has at least this share of the other's words.
_LEAST_COVERAGE = 0.3

#: How far a text has to cover another by more than it is covered, to count as its source.
_COVERAGE_WEIGHT = 6.0

#: Coverages that differ by less say nothing.
_AS_LONG = 0.12

#: What the texts' own verdicts weigh where the comparison does not tell which was made of which.
_VERDICT_WEIGHT = 0.5

_MOST_LOG_ODDS = 6.0

_SUBSTITUTIONS = 5


class Comparer(Protocol):
    """What compares two texts: a `detector.Detector`, or anything that speaks like one."""

    def measure(self, text: str, /) -> Any:
        """What `compare` takes in place of a text, so that it is read once."""
        ...

    def compare(
        self,
        text: Any,
        reference: Any,
        /,
        *,
        false_positive_rate: float,
        artifacts: ArtifactSetting,
    ) -> Comparison:
        """What `text` did to `reference`."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """What a comparison says of two texts.

    Attributes:
        copy: number of the text that was compared as the copy.
        original: number of the other one.
        relation: see `detector.results.Comparison`, likewise the following.
        probability: likewise.
        flagged: likewise.
        threshold: likewise.
        coverage: likewise.
        original_coverage: likewise.
        direction: likewise.
        reason: likewise.
        signature: likewise.
        verdicts: probability of either text by itself, the copy's first; None where not judged.
        covered: the sentences of the copy that stem from the original.
        original_covered: the sentences of the original that the copy has.
        substitutes: the strongest substitutions, each as what stood there and what does now.
    """

    copy: int
    original: int
    relation: str | None
    probability: float | None
    flagged: bool
    threshold: float | None
    coverage: float
    original_coverage: float
    direction: float | None
    reason: str | None
    signature: str
    verdicts: tuple[float | None, float | None] = (None, None)
    covered: tuple[int, ...] = ()
    original_covered: tuple[int, ...] = ()
    substitutes: tuple[tuple[str, str], ...] = ()

    @classmethod
    def make(cls, copy: int, original: int, found: Comparison) -> Link:
        """What is kept of a comparison of two texts with these numbers."""
        pairs = [link for link in found.alignment if link.sentences and link.original_sentences]
        return cls(
            copy,
            original,
            found.relation,
            found.probability,
            found.flagged,
            found.threshold,
            found.coverage,
            found.original_coverage,
            found.direction,
            found.reason,
            found.signature,
            (found.verdict.probability, found.original_verdict.probability),
            tuple(n for link in pairs for n in link.sentences),
            tuple(n for link in pairs for n in link.original_sentences),
            tuple(_pick_substitutes(found)),
        )

    @property
    def is_related(self) -> bool:
        """Whether the one stems from the other, or both from a third."""
        covered = max(self.coverage, self.original_coverage)
        return self.relation not in (None, INDEPENDENT) and covered >= _LEAST_COVERAGE

    @property
    def log_odds(self) -> float:
        """How much rather the copy was made of the original than the other way round.

        Where a machine rewrote the one, its traces tell. Otherwise the copy is the text that the
        other has more of (who copies cuts rather than adds), and, unless they are the same word
        for word, the one that reads more like a machine's.
        """
        if self.direction is not None:
            return _limit(_to_log_odds(self.direction))
        odds = self.coverage - self.original_coverage
        # A notice below a repost, or another headline, is no source that the copy was cut from.
        odds = 0.0 if abs(odds) < _AS_LONG else _COVERAGE_WEIGHT * odds
        own, others = self.verdicts
        if self.relation != VERBATIM and own is not None and others is not None:
            odds += _VERDICT_WEIGHT * (_to_log_odds(own) - _to_log_odds(others))
        return _limit(odds)

    @property
    def is_plain(self) -> bool:
        """Whether looking at it the other way round can tell no more."""
        return self.relation == VERBATIM or (self.direction or 0.0) >= 0.9

    def to_json(self) -> str:
        """What `from_json` reads."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, content: str) -> Link:
        """The link that `to_json` was called on."""
        data = json.loads(content)
        for name in ("verdicts", "covered", "original_covered"):
            data[name] = tuple(data[name])
        data["substitutes"] = tuple((one, other) for one, other in data["substitutes"])
        return cls(**data)


def pick_telling(links: Sequence[Link]) -> list[Link]:
    """Of each two texts the link that tells more surely what became of them."""
    surest: dict[tuple[int, int], Link] = {}
    for link in links:
        pair = (min(link.copy, link.original), max(link.copy, link.original))
        if pair not in surest or (surest[pair].probability or 0.0) < (link.probability or 0.0):
            surest[pair] = link
    return list(surest.values())


def _pick_substitutes(found: Comparison) -> list[tuple[str, str]]:
    named = [item for item in found.substitutions if item.text and item.original_text]
    strongest = sorted(named, key=lambda item: (-item.score, item.start))
    pairs = dict.fromkeys((item.original_text, item.text) for item in strongest)
    return list(pairs)[:_SUBSTITUTIONS]


def _to_log_odds(probability: float) -> float:
    share = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(share / (1 - share))


def _limit(log_odds: float) -> float:
    return max(-_MOST_LOG_ODDS, min(_MOST_LOG_ODDS, log_odds))
