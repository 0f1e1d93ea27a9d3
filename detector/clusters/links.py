"""What a comparison says of two texts of a crawl: all that is kept of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from detector.choices import ArtifactSetting
from detector.comparison.alignment import LinkedTexts
from detector.results import EDITED, INDEPENDENT, MACHINE_REWRITTEN, RETOLD, VERBATIM, Comparison

#: Of two texts that stem from one another, the one has at least this share of the other's words.
_LEAST_COVERAGE = 0.3

#: Outlets that report the same speech or rumour tell some sentences alike, so that of what was
#: reworded the two coverages have to be so much on average. Among 20,000 texts with 2,000 planted
#: families .989 of the copies are found and 58 people's articles are joined wrongly; where the
#: larger coverage had to be .5 and .7, it was .987 and 95.
_LEAST_MEAN_COVERAGE_REWORDED = {MACHINE_REWRITTEN: 0.45, RETOLD: 0.65}

#: The larger coverage of what was edited: two articles share some quotations. In another crawl of
#: that size all 666 people's edits are found with it, and it joins no two articles.
_LEAST_COVERAGE_EDITED = 0.5

#: How far a text has to cover another by more than it is covered, to count as its source.
_COVERAGE_WEIGHT = 6.0

#: Coverages that differ by less say nothing.
_AS_LONG = 0.05

#: What it weighs that one text looks more like a machine's beside the other than the other way.
_ODDNESS_WEIGHT = 0.6

#: Log-odds under which there is no trace of a machine, and a difference says nothing.
_NO_TRACE = -4.0

_MOST_LOG_ODDS = 6.0

_SUBSTITUTIONS = 5

#: Decimals of what is kept: products of matrices differ in the tenth from run to run.
_DECIMALS = 6


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
        linked: LinkedTexts | None = ...,
    ) -> Comparison:
        """What `text` did to `reference`; `linked` only where both were read."""
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
        covered: the sentences of the copy that stem from the original.
        original_covered: the sentences of the original that the copy has.
        substitutes: the strongest substitutions, each as what stood there and what does now.
        outlined: nothing but how much they cover was measured, and that is too little for more.
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
    covered: tuple[int, ...] = ()
    original_covered: tuple[int, ...] = ()
    substitutes: tuple[tuple[str, str], ...] = ()
    outlined: bool = False

    @classmethod
    def outline(cls, copy: int, original: int, coverages: tuple[float, float]) -> Link | None:
        """The link of two texts that cover too little of one another to be related.

        None where they may be.
        """
        if max(coverages) >= _LEAST_COVERAGE:
            return None
        said = None, None, False, None, *coverages, None, None, ""
        return cls(copy, original, *said, outlined=True)

    @classmethod
    def make(cls, copy: int, original: int, found: Comparison) -> Link:
        """What is kept of a comparison of two texts with these numbers."""
        pairs = [link for link in found.alignment if link.sentences and link.original_sentences]
        return cls(
            copy,
            original,
            found.relation,
            _round(found.probability),
            found.flagged,
            found.threshold,
            found.coverage,
            found.original_coverage,
            _round(found.direction),
            found.reason,
            found.signature,
            tuple(n for link in pairs for n in link.sentences),
            tuple(n for link in pairs for n in link.original_sentences),
            tuple(_pick_substitutes(found)),
        )

    @property
    def is_related(self) -> bool:
        """Whether the one stems from the other, or both from a third."""
        if self.relation in (None, INDEPENDENT):
            return False
        least = _LEAST_MEAN_COVERAGE_REWORDED.get(str(self.relation))
        if least is not None:
            return (self.coverage + self.original_coverage) / 2 >= least
        least = _LEAST_COVERAGE_EDITED if self.relation == EDITED else _LEAST_COVERAGE
        return max(self.coverage, self.original_coverage) >= least

    @property
    def tells_all(self) -> bool:
        """Whether looking at it the other way round can tell no more.

        A rewriting shows from one side only.
        """
        is_plain = self.relation == VERBATIM or (self.direction or 0.0) >= 0.9
        return is_plain or not self.is_related

    def to_json(self) -> str:
        """What `from_json` reads."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, content: str) -> Link:
        """The link that `to_json` was called on."""
        data = json.loads(content)
        for name in ("covered", "original_covered"):
            data[name] = tuple(data[name])
        data["substitutes"] = tuple((one, other) for one, other in data["substitutes"])
        return cls(**data)


Compare = Callable[[int, int], Link]
"""Says what the one text did to the other, by their numbers."""


def look_both_ways(pair: tuple[int, int], look: Compare, compare: Compare) -> list[Link]:
    """What a pair's comparison says; turned round as well where the one does not tell all.

    Args:
        pair: numbers of two texts.
        look: may say no more than that they are not related.
        compare: says all.
    """
    link = look(*pair)
    return [link] if link.tells_all else [link, compare(*pair[::-1])]


def pair_up(links: Iterable[Link]) -> dict[tuple[int, int], float]:
    """Of each two texts how much rather the first was made of the second, in log-odds."""
    known = {(link.copy, link.original): link for link in links if link.copy != link.original}
    return {
        ends: tell_descent(link, known.get((link.original, link.copy)))
        for ends, link in known.items()
        if ends[0] > ends[1] or (ends[1], ends[0]) not in known
    }


def tell_descent(link: Link, turned: Link | None) -> float:
    """Log-odds that the link's copy was made of its original, and not the other way round.

    Where a machine rewrote the one, its traces tell: they are plainer in the copy beside the
    original than in the original beside the copy. Otherwise the copy is the text that the other has
    more of, for who copies cuts rather than adds.

    Args:
        link: compares the two.
        turned: compares them the other way round, if that was done.
    """
    ways = [link] if turned is None else [link, turned]
    odds = 0.0
    for sign, way in zip((1, -1), ways, strict=False):
        odds += sign * _limit(_to_log_odds(way.direction))
    if VERBATIM not in {way.relation for way in ways} and turned is not None:
        odds += _ODDNESS_WEIGHT * _limit(
            max(_to_log_odds(link.probability), _NO_TRACE)
            - max(_to_log_odds(turned.probability), _NO_TRACE)
        )
    if MACHINE_REWRITTEN not in {way.relation for way in ways}:
        # A notice below a repost, or another headline, is no source that the copy was cut from.
        more = link.coverage - link.original_coverage
        odds += 0.0 if abs(more) < _AS_LONG else _COVERAGE_WEIGHT * more
    return _limit(odds)


def _pick_substitutes(found: Comparison) -> list[tuple[str, str]]:
    named = [item for item in found.list_strongest() if item.text and item.original_text]
    return [(item.original_text, item.text) for item in named][:_SUBSTITUTIONS]


def _round(probability: float | None) -> float | None:
    return None if probability is None else round(probability, _DECIMALS)


def _to_log_odds(probability: float | None) -> float:
    if probability is None:
        return 0.0
    share = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(share / (1 - share))


def _limit(log_odds: float) -> float:
    return max(-_MOST_LOG_ODDS, min(_MOST_LOG_ODDS, log_odds))
