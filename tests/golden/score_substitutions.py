"""Measure how well substitutions are found, against the hand-made pairs of substitutions.jsonl.

    python tests/golden/score_substitutions.py dev

Two measures, because a finder may cut the same change into other phrases than the annotator did:

- "matched": predicted and gold substitutions are paired off one to one within each pair, by the
  assignment with the most credit. The credit of two substitutions is the Dice overlap of their
  words, averaged over the copy's and the original's side; a side that both leave empty (something
  dropped or added) is not judged. Precision is the credit over the number predicted, recall the
  credit over the number of gold. What was found as one instead of two is thus paid in part.
- "covered": words, however they are grouped. Precision is the share of the words in predicted
  substitutions, of both sides, that gold ones hold, recall the reverse.

Both are given for all kinds, and without "word order" on either side: whether a clause moved
forward or the rest moved back is a matter of taste. In the second variant nothing is forgiven to
a finder that calls moved words dropped and added.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from detector.comparison.alignment import find_substitutions
from detector.results import SUBSTITUTION_KINDS, Substitution
from detector.text.document import Document
from detector.text.language import ENGLISH
from detector.text.words import split_words

GOLD = Path(__file__).with_name("substitutions.jsonl")
ALL_KINDS, WITHOUT_WORD_ORDER = VARIANTS = ("all kinds", "without word order")

Find = Callable[[str, str], Sequence[Substitution]]
"""Finds the substitutions of a copy, given the copy and its original."""

Words = frozenset[int]
"""Which words of a text, by their position among its words."""


def align_and_find(copy: str, original: str) -> list[Substitution]:
    """What the aligner finds, given both sentences as strings."""
    documents = (Document.make(text, (), ENGLISH) for text in (copy, original))
    return find_substitutions(*documents)


def load_gold(split: str | None = None) -> list[dict[str, Any]]:
    """The hand-made pairs: all, or those of one split ("dev" or "test").

    Raises:
        ValueError: there is no such split.
    """
    lines = GOLD.read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    chosen = [row for row in rows if split in (None, row["split"])]
    if not chosen:
        known = ", ".join(sorted({row["split"] for row in rows}))
        raise ValueError(f"no pairs in split {split!r}: choose one of {known}")
    return chosen


def read_substitutions(row: dict[str, Any]) -> list[Substitution]:
    """The gold substitutions of a pair, in the copy's order."""
    return [Substitution(**substitution) for substitution in row["substitutions"]]


def score(gold_rows: Iterable[dict[str, Any]], find: Find) -> dict[str, Any]:
    """Precision, recall and F1 of a finder over pairs, and its recall of each kind.

    Returns:
        "pairs" and "kinds" (of each kind that gold has: how many there are, the share of them
        that is found by either measure, and "named", the share of the found that is given the
        same kind), and, under each name of `VARIANTS`, which kinds were excluded, the numbers of
        gold and predicted substitutions, and "matched" and "covered" with precision, recall, f1.
    """
    tallies = {ALL_KINDS: _Tally(), WITHOUT_WORD_ORDER: _Tally(excluded=("word order",))}
    pairs = 0
    for row in gold_rows:
        pairs += 1
        spans = WordSpans(row["copy"], row["original"])
        gold, predicted = read_substitutions(row), list(find(row["copy"], row["original"]))
        for tally in tallies.values():
            tally.add(spans, gold, predicted)
    report: dict[str, Any] = {name: tally.report() for name, tally in tallies.items()}
    return {"pairs": pairs, **report, "kinds": tallies[ALL_KINDS].report_kinds()}


class WordSpans:
    """Turns a substitution into the words that it touches on the copy's and original's side."""

    def __init__(self, copy: str, original: str) -> None:
        self._copy = [(w.start, w.end) for w in split_words(copy) if w.is_word]
        self._original = [(w.start, w.end) for w in split_words(original) if w.is_word]

    def __call__(self, substitution: Substitution) -> tuple[Words, Words]:
        s = substitution
        return (
            _touch(self._copy, s.start, s.end),
            _touch(self._original, s.original_start, s.original_end),
        )


def _touch(words: list[tuple[int, int]], start: int, end: int) -> Words:
    return frozenset(i for i, (first, last) in enumerate(words) if first < end and start < last)


def give_credit(one: tuple[Words, Words], other: tuple[Words, Words]) -> float:
    """Dice overlap of two substitutions' words, averaged over the sides that either fills."""
    sides = [(a, b) for a, b in zip(one, other, strict=True) if a or b]
    return sum(2 * len(a & b) / (len(a) + len(b)) for a, b in sides) / max(len(sides), 1)


def _pair_off(
    gold: list[tuple[Words, Words]], predicted: list[tuple[Words, Words]]
) -> Iterator[tuple[int, int, float]]:
    """Positions in both lists and credit of the one-to-one pairing with the most credit."""
    credits = np.array([[give_credit(g, p) for p in predicted] for g in gold])
    if not credits.size:
        return
    for i, j in zip(*linear_sum_assignment(credits, maximize=True), strict=True):
        if credits[i, j] > 0:
            yield int(i), int(j), float(credits[i, j])


def _unite(spans: Iterable[tuple[Words, Words]]) -> set[tuple[int, int]]:
    """All words of some substitutions, each as (side, position)."""
    return {(side, i) for span in spans for side, words in enumerate(span) for i in words}


@dataclass
class _KindTally:
    """What became of the gold substitutions of one kind."""

    gold: int = 0
    credit: float = 0.0
    named_credit: float = 0.0
    words: int = 0
    covered_words: int = 0


@dataclass
class _Tally:
    """Counts over pairs, from which shares are reckoned at the end."""

    excluded: Collection[str] = ()
    gold: int = 0
    predicted: int = 0
    credit: float = 0.0
    gold_words: int = 0
    predicted_words: int = 0
    common_words: int = 0
    kinds: defaultdict[str, _KindTally] = field(default_factory=lambda: defaultdict(_KindTally))

    def add(
        self, spans: WordSpans, gold: list[Substitution], predicted: list[Substitution]
    ) -> None:
        gold = [s for s in gold if s.kind not in self.excluded]
        predicted = [s for s in predicted if s.kind not in self.excluded]
        gold_spans, predicted_spans = [[spans(s) for s in side] for side in (gold, predicted)]
        gold_words, predicted_words = _unite(gold_spans), _unite(predicted_spans)
        self.gold += len(gold)
        self.predicted += len(predicted)
        self.gold_words += len(gold_words)
        self.predicted_words += len(predicted_words)
        self.common_words += len(gold_words & predicted_words)
        for substitution, span in zip(gold, gold_spans, strict=True):
            kind, words = self.kinds[substitution.kind], _unite([span])
            kind.gold += 1
            kind.words += len(words)
            kind.covered_words += len(words & predicted_words)
        for i, j, credit in _pair_off(gold_spans, predicted_spans):
            self.credit += credit
            kind = self.kinds[gold[i].kind]
            kind.credit += credit
            kind.named_credit += credit * (gold[i].kind == predicted[j].kind)

    def report(self) -> dict[str, Any]:
        return {
            "excluded_kinds": list(self.excluded),
            "gold": self.gold,
            "predicted": self.predicted,
            "matched": _rate(self.credit, self.predicted, self.gold),
            "covered": _rate(self.common_words, self.predicted_words, self.gold_words),
        }

    def report_kinds(self) -> dict[str, dict[str, float]]:
        return {
            name: {
                "gold": kind.gold,
                "matched": _share(kind.credit, kind.gold),
                "covered": _share(kind.covered_words, kind.words),
                "named": _share(kind.named_credit, kind.credit),
            }
            for name in SUBSTITUTION_KINDS
            if (kind := self.kinds[name]).gold
        }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _rate(credit: float, predicted: float, gold: float) -> dict[str, float]:
    return {
        "precision": _share(credit, predicted),
        "recall": _share(credit, gold),
        "f1": _share(2 * credit, predicted + gold),
    }


def _print_report(title: str, report: dict[str, Any]) -> None:
    print(f"{title}: {report['pairs']} pairs")
    for variant in VARIANTS:
        figures = report[variant]
        print(f"  {variant}: {figures['gold']} gold, {figures['predicted']} predicted")
        for measure in ("matched", "covered"):
            rates = "  ".join(f"{name} {value:.3f}" for name, value in figures[measure].items())
            print(f"    {measure}  {rates}")


def _main(arguments: list[str]) -> None:
    rows = load_gold(arguments[0] if arguments else None)
    report = score(rows, align_and_find)
    _print_report(arguments[0] if arguments else "all", report)
    for kind in ("translated", "spun"):
        _print_report(kind, score((r for r in rows if r["kind"] == kind), align_and_find))
    print(f"{'recall of each kind':24}{'gold':>6}{'matched':>9}{'covered':>9}{'named':>7}")
    for name, figures in report["kinds"].items():
        shares = (figures[measure] for measure in ("matched", "covered", "named"))
        matched, covered, named = (f"{share:.3f}" for share in shares)
        print(f"  {name:22}{figures['gold']:6}{matched:>9}{covered:>9}{named:>7}")


if __name__ == "__main__":
    _main(sys.argv[1:])
