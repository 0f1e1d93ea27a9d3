"""The features of a word → its log-odds of being a machine's choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.features.columns import SUMMARY_COLUMNS
from detector.model.mlp import MultilayerPerceptron

Floats = npt.NDArray[np.float64]

# The spinner's answer always has a share of .3 at least: it knows odd words, which a bad
# translation has too (round trips on development articles, all spans: F1 .419 to .423).
_LEAST_LEAN = -0.85


@dataclass(frozen=True, slots=True)
class WordModel:
    """`WORD_COLUMNS` and the word's embedding → log-odds of being a trace, and what is shown.

    A translation leaves other words than a spinner does, and a network that learns both as one
    shows fewer of each. So the network answers twice, and what the document's features say of its
    kind weighs the answers (Jacobs et al. 1991, "Adaptive mixtures of local experts").

    Attributes:
        network: over the columns and after them the embedding. Two answers a word: that it is a
            translation's trace, that it is a spinner's.
        levels: log-odds from which a word is shown, by setting: "few", "many" and "all".
        lean: (SUMMARY_COLUMNS + 1,), weights and at last constant of the log-odds that a machine's
            document was spun.
    """

    network: MultilayerPerceptron
    levels: Mapping[str, float]
    lean: Floats

    def score(
        self,
        columns: npt.NDArray[Any],
        embeddings: npt.NDArray[Any],
        summary: npt.NDArray[Any],
    ) -> Floats:
        """Log-odds (words,) of words.

        Args:
            columns: (words, WORD_COLUMNS).
            embeddings: (words, width) of the words in their places.
            summary: (SUMMARY_COLUMNS,) of their document, or of each word's document (words, ...).
        """
        rows = np.hstack([columns.astype(np.float32), embeddings])
        answers = np.asarray(self.network(rows), dtype=np.float64)
        lean = summary[..., : len(SUMMARY_COLUMNS)].astype(np.float64) @ self.lean[:-1]
        lean = np.maximum(lean + self.lean[-1], _LEAST_LEAN)
        return _mix_log_odds(answers[:, 0], answers[:, 1], lean)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder."""
        levels = {f"level_{n}": np.array([v]) for n, v in sorted(self.levels.items())}
        return self.network.to_arrays("word") | levels | {"word_lean": self.lean}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> WordModel:
        """What `to_arrays` gave."""
        levels = {k[6:]: float(v[0]) for k, v in arrays.items() if k.startswith("level_")}
        network = MultilayerPerceptron.from_arrays(arrays, "word")
        return cls(network, levels, arrays["word_lean"])


def _mix_log_odds(first: Floats, second: Floats, lean: Floats) -> Floats:
    """Log-odds of a mixture of two chances, the second weighed by the chance of `lean`."""

    def log_chance(odds: Floats) -> Floats:
        return np.asarray(-np.logaddexp(0.0, -odds))

    one, other = log_chance(-lean), log_chance(lean)
    yes = np.logaddexp(one + log_chance(first), other + log_chance(second))
    no = np.logaddexp(one + log_chance(-first), other + log_chance(-second))
    return np.asarray(yes - no)
