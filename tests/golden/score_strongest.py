"""Measure the substitutions of whole articles, the strongest first, against round_trips.txt.

    python tests/golden/score_strongest.py dev

A substitution is right if it shares words with one of gold on both sides, and two thirds of its
words and of gold's. Spelling is no substitution, in gold as in what is found.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from golden.score_substitutions import WordSpans, give_credit

from detector.results import SPELLING, Comparison, Substitution

ARTICLES = Path(__file__).with_name("round_trips.txt")

SHOWN = 12

_KINDS = {
    "w": "wrong sense", "f": "function word", "i": "inflection", "n": "name or number",
    "r": "rephrasing", "s": SPELLING, "": "synonym",
}  # fmt: skip

_CHANGE = re.compile(r"\{([^|{}]*)\|([^|{}]*)\|?([a-z]?)\}( ?)")

_RIGHT = 2 / 3


class RoundTrip(NamedTuple):
    """An article, what a round trip made of it, and what was substituted."""

    name: str
    split: str
    original: str
    copy: str
    substitutions: list[Substitution]


def read_round_trips(split: str | None = None) -> list[RoundTrip]:
    """The articles: all, or those of one split ("dev" or "test")."""
    blocks = re.findall(r"^\[(\w+): (.+)\]\n(.+)$", ARTICLES.read_text(encoding="utf-8"), re.M)
    articles = [_read_article(*block) for block in blocks]
    return [article for article in articles if split in (None, article.split)]


def _read_article(split: str, name: str, marked: str) -> RoundTrip:
    copy = original = ""
    end = 0
    found = []
    for change in _CHANGE.finditer(marked):
        copy += marked[end : change.start()]
        original += marked[end : change.start()]
        before, after, kind, blank = change.groups()
        named = _KINDS[kind] if before and after else "added" if after else "dropped"
        at, was = len(copy), len(original)
        found.append(
            Substitution(at, at + len(after), after, was, was + len(before), before, named)
        )
        copy += after + blank * bool(after)
        original += before + blank * bool(before)
        end = change.end()
    return RoundTrip(name, split, original + marked[end:], copy + marked[end:], found)


def list_wrong(article: RoundTrip, shown: Sequence[Substitution]) -> list[Substitution]:
    """Those of the substitutions shown that are none by gold."""
    spans = WordSpans(article.copy, article.original)
    gold = [spans(s) for s in article.substitutions if s.kind != SPELLING]

    def is_right(item: Substitution) -> bool:
        words = spans(item)
        return any(
            give_credit(words, other) >= _RIGHT
            and all(bool(a & b) or not (a or b) for a, b in zip(words, other, strict=True))
            for other in gold
        )

    return [item for item in shown if not is_right(item)]


def compare_all(articles: Sequence[RoundTrip]) -> Iterator[tuple[RoundTrip, Comparison]]:
    """Each article beside its original, by the shipped model."""
    from detector import Detector

    detector = Detector.load(threads=1)
    for article in articles:
        yield article, detector.compare(article.copy, article.original, artifacts="none")


def _main(split: str | None) -> None:
    shown_of_all, wrong_of_all = 0, 0
    for article, comparison in compare_all(read_round_trips(split)):
        shown = comparison.list_strongest(SHOWN)
        wrong = list_wrong(article, shown)
        shown_of_all, wrong_of_all = shown_of_all + len(shown), wrong_of_all + len(wrong)
        print(f"{article.name}: {len(shown) - len(wrong)} of {len(shown)} right")
        for item in shown:
            print(f"  {item.strength:.2f} {item}{'  WRONG' if item in wrong else ''}")
    print(f"{shown_of_all - wrong_of_all} of {shown_of_all}: {1 - wrong_of_all / shown_of_all:.3f}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    _main(*sys.argv[1:] or [None])
