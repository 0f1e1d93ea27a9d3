"""Features of a pair to its relation, and to which substitutions a machine made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.comparison.pair_features import PairFeatures, select_directed
from detector.model.linear import LinearScorer
from detector.model.mlp import MultilayerPerceptron
from detector.model.thresholds import Thresholds
from detector.results import SPELLING, Substitution
from detector.text.hashing import hash_unordered_pair

Floats = npt.NDArray[np.float64]

# A word of the copy that no dictionary gives for the original's, and that is rather a machine's
# choice than a human's, was picked for another sense of it.
_WRONG_SENSE = 0.0


def judge_relations(network: MultilayerPerceptron, columns: npt.ArrayLike) -> Floats:
    """Probabilities (n, RELATIONS) by a network, of pairs with `PAIR_COLUMNS` (n, k)."""
    logits = network(columns)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


@dataclass(frozen=True)
class PairClassifier:
    """`PairFeatures` → probability of each relation, and log-odds of each substitution.

    Attributes:
        relations: `PAIR_COLUMNS` → logits of `RELATIONS`.
        substitutions: `_SUBSTITUTION_COLUMNS` → log-odds of a machine's choice.
        direction: `select_directed` → log-odds that the copy was made of the original.
        thresholds: share of other pairs that may be flagged → least probability.
        equals: sorted hashes of word pairs that a dictionary gives for one another.
    """

    relations: MultilayerPerceptron
    substitutions: LinearScorer
    direction: LinearScorer
    thresholds: Thresholds
    equals: npt.NDArray[np.uint32]

    def judge(self, columns: npt.ArrayLike) -> Floats:
        """Probabilities (n, RELATIONS) of pairs with `PAIR_COLUMNS` (n, k)."""
        return judge_relations(self.relations, columns)

    def tell_direction(self, columns: npt.ArrayLike) -> Floats:
        """Probability (n,) that the copy was made of the original, if a machine made the one.

        It answers 1 − p where copy and original change places, but for what the alignment of
        sentences depends on their order.
        """
        log_odds = self.direction(select_directed(columns))[:, 0].astype(np.float64)
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)))

    def find_threshold(self, rate: float) -> float | None:
        """Least probability that is flagged; None where none is guaranteed at that rate."""
        return self.thresholds.find(rate)

    def name_substitutions(self, features: PairFeatures) -> tuple[Substitution, ...]:
        """The alignment's substitutions with their scores, wrong senses told from synonyms.

        Spelling keeps the score 0: it is nobody's choice.
        """
        if not features.reworded:
            return features.alignment.substitutions
        scores = iter(self.substitutions(features.substitution_columns)[:, 0].tolist())
        return tuple(
            s if s.kind == SPELLING else self._weigh(s, next(scores))
            for s in features.alignment.substitutions
        )

    def _weigh(self, substitution: Substitution, score: float) -> Substitution:
        kind = self._refine(substitution, score)
        return replace(substitution, score=round(score, 4), kind=kind)

    def _refine(self, substitution: Substitution, score: float) -> str:
        if substitution.kind != "synonym" or score < _WRONG_SENSE:
            return substitution.kind
        known = any(
            self._are_equals(put, taken)
            for put in _list_forms(substitution.text)
            for taken in _list_forms(substitution.original_text)
        )
        return "synonym" if known else "wrong sense"

    def _are_equals(self, one: str, other: str) -> bool:
        # In the array's own type: for another one, numpy would copy all of it.
        key = np.uint32(hash_unordered_pair(one, other))
        at = int(np.searchsorted(self.equals, key))
        return at < len(self.equals) and bool(self.equals[at] == key)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder."""
        return {
            **self.thresholds.to_arrays(),
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
            LinearScorer.from_arrays(arrays, "direction"),
            Thresholds.from_arrays(arrays),
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
