"""Features of a pair to its relation, and to which substitutions a machine made."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.comparison.alignment_features import EXCHANGES
from detector.comparison.pair_features import PAIR_COLUMNS, PairFeatures, select_directed
from detector.comparison.word_forms import IRREGULAR, Form, Forms, describe
from detector.model.linear import LinearScorer
from detector.model.mlp import MultilayerPerceptron
from detector.model.thresholds import Thresholds
from detector.result_base import LEAST_DIRECTION
from detector.results import (
    EDITED,
    INDEPENDENT,
    MACHINE_REWRITTEN,
    RELATIONS,
    RETOLD,
    SPELLING,
    VERBATIM,
    Substitution,
)
from detector.text.hashing import hash_unordered_pair
from detector.text.normalization import normalize_text
from detector.text.word_lists import read_lines, read_words
from detector.text.words import tokenize

Floats = npt.NDArray[np.float64]

_STRENGTHS = {
    "wrong sense": 0.5,
    "synonym": 0.4,
    "rephrasing": 0.35,
    "name or number": 0.25,
    "inflection": 0.15,
    "function word": 0.1,
    "word order": 0.08,
    "dropped": 0.05,
    "added": 0.05,
    SPELLING: 0.0,
}

_OF_CONTENT = ("wrong sense", "synonym", "rephrasing", "name or number")

WRONG_SENSE = "wrong sense"

# A phrase of more words is rather a stretch that could not be aligned.
_LONGEST_PHRASE = 4

#: What stems from an original is no machine's rewriting where more of the words were kept, on
#: average of both texts, or fewer exchanged for others: such as a preview that stops in the middle
#: of a word, or an article that quotes another.
_MOST_KEPT, _FEWEST_EXCHANGES = 0.985, 3

#: Nor where exchanges are fewer of the changes: who puts the past for the present, or mends
#: grammar, changes endings and function words.
_LEAST_EXCHANGED = 0.2

#: Nor is a text of which less stems from the original: a sentence or two tell nothing of the rest.
_FEWEST_COVERED = 0.15

#: Nor where less of the names and numbers was kept and in 100 words so many stand for others: two
#: days' reports of one market say other facts by one template.
_FEWEST_NAMES_KEPT, _MOST_NAMES_EXCHANGED = 0.7, 3.5

#: So much of the probability of what is excluded remains, so that such pairs keep their order.
_LEFT = 0.1

_COVERAGE, _KEPT_WORDS, _EXCHANGES, _CHANGES, _SYNONYMS, _NAMES_KEPT, _NAMES_EXCHANGED = (
    PAIR_COLUMNS.index(name)
    for name in (
        "coverage", "kept words", "exchanges", "changes per 100", "synonym per 100", "names kept",
        "name or spelling per 100",
    )
)  # fmt: skip

_EXCHANGE_RATES = [PAIR_COLUMNS.index(f"{kind} per 100") for kind in EXCHANGES]

#: Where fewer words are compared, chance has a larger part, and other thresholds hold.
SHORT_PAIR_WORDS = 150

# So many characters before and behind a word tell which sense is meant.
_NEAR = 120

_DAYS = frozenset(read_words("text/data/calendar.txt")["days"])

# Verbs that are exchanged without much ado: "say", "get", "hold".
_PLAIN = frozenset(IRREGULAR.values()) | frozenset(
    describe(word).stem for word in read_words("text/data/word_classes.txt")["reporting"]
)

_WORD = re.compile(r"\w")


def _read_wrong_senses() -> dict[str, list[tuple[frozenset[str], frozenset[str]]]]:
    """Stem → stems that are wrong for it, and those of which one must be near (none: always)."""
    senses = defaultdict(list)
    for line in read_lines("comparison/data/wrong_senses.txt")["wrong senses"]:
        word, _, rest = line.partition(": ")
        wrong, near = (
            frozenset(describe(w).stem for w in part.split())
            for part in (rest + "@").split("@")[:2]
        )
        senses[describe(word).stem].append((wrong, near))
    return dict(senses)


_WRONG_SENSES = _read_wrong_senses()


def judge_relations(network: MultilayerPerceptron, columns: npt.ArrayLike) -> Floats:
    """Probabilities (n, RELATIONS) by a network, of pairs with `PAIR_COLUMNS` (n, k).

    What speaks for a machine speaks for a person's edit where hardly a word was exchanged for
    another, for no copy where next to nothing stems from the original, and for what is told anew
    where the facts are others. A copy with synonyms is not verbatim.
    """
    logits = network(columns)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    rows = np.asarray(columns)
    is_apart = rows[:, _COVERAGE] < _FEWEST_COVERED
    is_kept = ~is_apart & (
        (rows[:, _KEPT_WORDS] >= _MOST_KEPT)
        | (rows[:, _EXCHANGES] < _FEWEST_EXCHANGES)
        | (rows[:, _EXCHANGE_RATES].sum(1) < _LEAST_EXCHANGED * rows[:, _CHANGES])
    )
    _move(shares, is_kept, MACHINE_REWRITTEN, EDITED)
    _move(shares, is_apart, MACHINE_REWRITTEN, INDEPENDENT)
    has_other_facts = rows[:, _NAMES_KEPT] < _FEWEST_NAMES_KEPT
    has_other_facts &= rows[:, _NAMES_EXCHANGED] >= _MOST_NAMES_EXCHANGED
    _move(shares, has_other_facts, MACHINE_REWRITTEN, RETOLD)
    _move(shares, rows[:, _SYNONYMS] > 0.0, VERBATIM, EDITED)
    return np.asarray(shares)


def _move(shares: Floats, rows: npt.NDArray[np.bool_], relation: str, instead: str) -> None:
    """Give most of what speaks for a relation to another, in some rows."""
    place = RELATIONS.index(relation)
    moved = (1.0 - _LEFT) * shares[rows, place]
    shares[rows, RELATIONS.index(instead)] += moved
    shares[rows, place] -= moved


@dataclass(frozen=True)
class PairClassifier:
    """`PairFeatures` → probability of each relation, and log-odds of each substitution.

    Attributes:
        relations: `PAIR_COLUMNS` → logits of `RELATIONS`.
        substitutions: `_SUBSTITUTION_COLUMNS` → log-odds of a machine's choice.
        direction: `select_directed` → log-odds that the copy was made of the original; asked of
            both orders.
        thresholds: share of other pairs that may be flagged → least probability, of pairs of which
            `SHORT_PAIR_WORDS` and more are compared.
        short_thresholds: the same of pairs of which fewer are.
        equals: sorted hashes of word pairs that a dictionary gives for one another.
    """

    relations: MultilayerPerceptron
    substitutions: LinearScorer
    direction: MultilayerPerceptron
    thresholds: Thresholds
    short_thresholds: Thresholds
    equals: npt.NDArray[np.uint32]

    def judge(self, columns: npt.ArrayLike) -> Floats:
        """Probabilities (n, RELATIONS) of pairs with `PAIR_COLUMNS` (n, k)."""
        return judge_relations(self.relations, columns)

    def tell_direction(self, columns: npt.ArrayLike) -> Floats:
        """Probability (n,) that the copy was made of the original, if a machine made the one.

        It answers 1 − p where copy and original change places, but for what the alignment depends
        on their order, and for synonyms being counted in a hundred of the copy's words.
        """
        forward, back = (
            self.direction(select_directed(columns, swapped))[:, 0] for swapped in (False, True)
        )
        return np.asarray(0.5 * (1.0 + np.tanh(0.25 * (forward - back))))

    def choose_thresholds(self, compared_words: float) -> Thresholds:
        """The thresholds that hold for a pair of which so many words are compared."""
        return self.short_thresholds if compared_words < SHORT_PAIR_WORDS else self.thresholds

    def flag(
        self, columns: npt.ArrayLike, compared_words: npt.ArrayLike, rate: float
    ) -> npt.NDArray[np.bool_]:
        """Which pairs (n,) are flagged at a rate, by `PAIR_COLUMNS` (n, k) and words (n,).

        None is where the original is likelier the copy, see `LEAST_DIRECTION`.
        """
        machine = self.judge(columns)[:, RELATIONS.index(MACHINE_REWRITTEN)]
        found = (of_length.find(rate) for of_length in (self.thresholds, self.short_thresholds))
        long, short = (np.inf if least is None else least for least in found)
        is_short = np.asarray(compared_words) < SHORT_PAIR_WORDS
        is_high = machine >= np.where(is_short, short, long)
        return np.asarray(is_high & (self.tell_direction(columns) >= LEAST_DIRECTION))

    def name_substitutions(self, features: PairFeatures) -> tuple[Substitution, ...]:
        """The alignment's substitutions with their scores, strength and wrong senses.

        Spelling keeps the score 0: it is nobody's choice.
        """
        found, scores = features.alignment.substitutions, self._score(features)
        texts = features.copy.document.text, features.original.document.text
        return measure_strength(*texts, found, scores, self._are_known)

    def _score(self, features: PairFeatures) -> list[float]:
        columns = features.substitution_columns
        scores = self.substitutions(columns)[:, 0].tolist() if len(columns) else []
        return [round(score, 4) for score in scores]

    def _are_known(self, phrase: str, other: str) -> bool:
        """Whether a dictionary gives the one word for the other, in some of its senses."""
        forms = list(_list_forms(other))
        return any(self._are_equals(a, b) for a in _list_forms(phrase) for b in forms)

    def _are_equals(self, one: str, other: str) -> bool:
        # In the array's own type: for another one, numpy would copy all of it.
        key = np.uint32(hash_unordered_pair(one, other))
        at = int(self.equals.searchsorted(key))
        return at < len(self.equals) and bool(self.equals[at] == key)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder."""
        return {
            **self.thresholds.to_arrays(),
            **self.short_thresholds.to_arrays("short_"),
            "equals": self.equals,
            **self.relations.to_arrays("relations"),
            **self.substitutions.to_arrays("substitutions"),
            **self.direction.to_arrays("direction"),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> PairClassifier:
        """What `to_arrays` gave."""
        return cls(
            MultilayerPerceptron.from_arrays(arrays, "relations"),
            LinearScorer.from_arrays(arrays, "substitutions"),
            MultilayerPerceptron.from_arrays(arrays, "direction"),
            Thresholds.from_arrays(arrays),
            Thresholds.from_arrays(arrays, "short_"),
            arrays["equals"],
        )


def _list_forms(phrase: str) -> Iterator[str]:
    """A phrase in lower case, and without the ending of a plural, a past or a participle.

    All base forms that it may have, to look each up: no stemmer, which gives one for each word.
    """
    word = phrase.lower()
    yield word
    for ending, instead in (
        ("ies", "y"), ("ied", "y"), ("es", ""), ("s", ""), ("ed", ""), ("ed", "e"), ("d", ""),
        ("ing", ""), ("ing", "e"), ("est", ""), ("est", "e"), ("iest", "y"), ("er", ""),
        ("er", "e"),
    ):  # fmt: skip
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            yield stem + instead
            if not instead and len(stem) > 3 and stem[-1] == stem[-2]:
                yield stem[:-1]


def measure_strength(
    copy: str,
    original: str,
    found: Sequence[Substitution],
    scores: Sequence[float],
    are_known: Callable[[str, str], bool],
) -> tuple[Substitution, ...]:
    """Substitutions with score and strength, and words put for another sense by that name.

    Args:
        copy: the copy's text.
        original: the original's.
        found: the substitutions, in the copy's order.
        scores: log-odds of being a machine's choice, of each that is more than spelling.
        are_known: whether a dictionary gives two words for one another.
    """
    reworded = [s for s in found if s.kind != SPELLING]
    sides = _list_sides(copy, original, reworded)
    measured = iter(
        [
            _measure(item, score, both, original, are_known)
            for item, score, both in zip(reworded, scores, sides, strict=True)
        ]
    )
    return tuple(s if s.kind == SPELLING else next(measured) for s in found)


def _list_sides(
    copy: str, original: str, reworded: Sequence[Substitution]
) -> Iterator[tuple[bool, bool]]:
    """For each reworded phrase whether both texts have a word, which then was kept, beside it."""
    ends = [(0, 0), *((s.end, s.original_end) for s in reworded)]
    starts = [*((s.start, s.original_start) for s in reworded), (len(copy), len(original))]
    return pairwise(
        bool(_WORD.search(copy[end:start]) and _WORD.search(original[original_end:original_start]))
        for (end, original_end), (start, original_start) in zip(ends, starts, strict=True)
    )


def _measure(
    item: Substitution,
    score: float,
    sides: tuple[bool, bool],
    original: str,
    are_known: Callable[[str, str], bool],
) -> Substitution:
    kind, strength = item.kind, _STRENGTHS[item.kind]
    if kind in _OF_CONTENT:
        phrases = _describe_phrase(item.text), _describe_phrase(item.original_text)
        kind = name_sense(item, phrases, original)
        is_known = kind == WRONG_SENSE or are_known(item.text, item.original_text)
        strength = _weigh(_STRENGTHS[kind], phrases, sides, is_known)
    return replace(item, kind=kind, score=score, strength=strength)


def _weigh(
    strength: float, phrases: Sequence[Forms], sides: tuple[bool, bool], is_known: bool
) -> float:
    """How much an exchange shows: its kind, what was kept beside it, and what was exchanged."""
    contents = [[form for form in forms if not form.is_function] for forms in phrases]
    strength += 0.15 * sum(sides)
    if is_known:
        strength += 0.1
    if all(any(form.stem not in _PLAIN for form in forms) for forms in contents):
        strength += 0.1
    if _is_title_or_date(phrases):
        strength += 0.3
    if not all(contents) or max(map(len, phrases)) > _LONGEST_PHRASE:
        strength -= 0.2
    if len(phrases[0]) != len(phrases[1]):
        strength -= 0.05
    return round(min(strength, 1.0), 4)


def _is_title_or_date(phrases: Sequence[Forms]) -> bool:
    """Whether both are such as "Secretary of State" or "earlier Tuesday": people leave these."""
    if all(any(form.lower in _DAYS for form in forms) for forms in phrases):
        return True
    return all(sum(form.is_capitalized for form in forms) > 1 for forms in phrases)


def name_sense(item: Substitution, phrases: Sequence[Forms], original: str) -> str:
    """The kind of a substitution: "wrong sense" for a synonym that is none where it stands.

    Args:
        item: the substitution.
        phrases: the words that were put and those that were taken out.
        original: the original's text: what stands near tells the sense that was meant.
    """
    if item.kind != "synonym":
        return item.kind
    contents = [[form.stem for form in forms if not form.is_function] for forms in phrases]
    if [len(stems) for stems in contents] != [1, 1]:
        return item.kind
    put, taken = contents[0][0], contents[1][0]
    needed = [stems for wrong, stems in _WRONG_SENSES.get(taken, ()) if put in wrong]
    if not needed:
        return item.kind
    near = _cut_around(original, item.original_start, item.original_end)
    stems = {form.stem for form in _describe_phrase(near)}
    return WRONG_SENSE if any(not some or some & stems for some in needed) else item.kind


def _cut_around(text: str, start: int, end: int) -> str:
    """A span with the whole words within `_NEAR` characters on either side."""
    before, after = text[:start][-_NEAR:], text[end:][:_NEAR]
    if start > _NEAR:
        before = before.partition(" ")[2]
    if end + _NEAR < len(text):
        after = after.rpartition(" ")[0]
    return before + text[start:end] + after


def _describe_phrase(text: str) -> list[Form]:
    return [describe(word) for word in tokenize(normalize_text(text)) if word[0].isalnum()]
