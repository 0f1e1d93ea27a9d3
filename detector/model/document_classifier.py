"""From the features of sentences to a calibrated verdict on the document.

A multinomial regression over the columns of the summary, each also times the document's length,
gives two answers: the log-odds that the document is translated rather than human, and that it is
spun rather than human. Native texts and professionals' translations are both human: a machine's
odds are against either, or against the likelier of the two (`likelier_people`). What speaks for a
machine may count for more in a long document (`length_power`). The score joins both answers to that
of either machine. Human articles of any length reach a score about equally often,
since the regression also learns from runs of a few sentences; calibration goes by length as well.

`detector.training.fitting.classifier` fits all of it with scikit-learn; it is stored as plain
arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.model.adapter import Adapter
from detector.model.classes import SENTENCE_CLASSES
from detector.model.length_scale import relative_length
from detector.model.linear import LinearScorer
from detector.model.thresholds import Thresholds

Floats = npt.NDArray[np.float64]

#: What is asked of a document: is it this, rather than human?
QUESTIONS = ("translated", "spun")

#: Probability of the other question's class where the adapter speaks for its machine.
_OTHER_CLASS = 0.05


def _logistic(values: Floats) -> Floats:
    # scipy's expit costs an import of a tenth of a second.
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))


@dataclass(frozen=True, slots=True)
class DocumentClassifier:
    """A document's summary → class probabilities and a score with thresholds.

    Attributes:
        center, scale: of the summary's columns.
        scorer: standardised columns, and each times the relative length → logits of
            `SENTENCE_CLASSES`.
        calibration: (4,), weights of score, score × length, length, and a constant.
        thresholds: false-positive rate → score from which a document is flagged.
        adapter: judges the machine of a user's pairs, if retraining fitted one.
        length_power: answers above 0 are multiplied by this power of the document's length against
            300 words: people's highest ones then lie equally high at all lengths, and a threshold
            is as strict on a long document as on a short one.
        likelier_people: whether a machine's odds are against the likelier kind of people, native
            or translating, instead of against both together.
    """

    center: Floats
    scale: Floats
    scorer: LinearScorer
    calibration: Floats
    thresholds: Thresholds
    adapter: Adapter | None = None
    length_power: float = 0.0
    likelier_people: bool = False

    def score(self, summaries: npt.ArrayLike, words: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Scores (n,), and log-shares (n, 2) of translated and spun in "not original".

        Args:
            summaries: (n, columns), see
                `detector.features.document_features.DocumentFeatures.summary`.
            words: (n,), judged words of each document.

        Raises:
            ValueError: there is an adapter, and `summaries` lack the columns that it judges by.
        """
        answers = self.answer(summaries, words)
        scores = combine(answers)
        shares = answers - scores[:, None]
        if self.adapter is None:
            return scores, shares
        fingerprint = np.asarray(summaries)[:, len(self.center) :]
        return self._apply_adapter(self.adapter, scores, shares, fingerprint, words)

    def answer(self, summaries: npt.ArrayLike, words: npt.ArrayLike) -> Floats:
        """Log-odds (n, `QUESTIONS`) of translated against human, and of spun against human.

        See the attributes `likelier_people`, which says what human is, and `length_power`.
        """
        place = SENTENCE_CLASSES.index
        columns = np.asarray(summaries)[:, : len(self.center)]
        logits = self.scorer(expand(columns, words, self.center, self.scale)).astype(np.float64)
        people = logits[:, place("native")], logits[:, place("human_translation")]
        human = np.maximum(*people) if self.likelier_people else np.logaddexp(*people)
        answers = logits[:, [place(question) for question in QUESTIONS]] - human[:, None]
        return raise_answers(answers, words, self.length_power)

    def _apply_adapter(
        self,
        adapter: Adapter,
        scores: Floats,
        shares: Floats,
        fingerprint: npt.NDArray[Any],
        words: npt.ArrayLike,
    ) -> tuple[Floats, Floats]:
        if fingerprint.shape[1] != len(adapter.weights) - 1:
            raise ValueError(
                "this model has an adapter, and the features lack what it judges by; "
                "extract them with this model"
            )
        raised = adapter.score(scores, fingerprint, words)
        of_class = np.eye(len(QUESTIONS))[adapter.kind] * (1 - 2 * _OTHER_CLASS) + _OTHER_CLASS
        louder = (raised > scores)[:, None]
        return np.maximum(scores, raised), np.where(louder, np.log(of_class), shares)

    def calibrate(self, scores: npt.ArrayLike, words: npt.ArrayLike) -> Floats:
        """Probability of "not original" (n,), at equal prior odds."""
        columns = calibration_columns(scores, words)
        return _logistic(columns @ self.calibration[:3] + self.calibration[3])

    def find_threshold(self, false_positive_rate: float, words: npt.ArrayLike) -> Floats | None:
        """Least probability (n,) that is flagged at these lengths; None without a guarantee."""
        least = self.thresholds.find(false_positive_rate)
        if least is None:
            return None
        return self.calibrate(np.full(np.shape(words), least), words)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads."""
        return {
            "center": self.center,
            "scale": self.scale,
            "calibration": self.calibration,
            "length_power": np.array([self.length_power]),
            "likelier_people": np.array([self.likelier_people]),
            **self.thresholds.to_arrays(),
            **self.scorer.to_arrays("document"),
            **(self.adapter.to_arrays() if self.adapter is not None else {}),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> DocumentClassifier:
        """The classifier that a model folder holds."""
        return cls(
            arrays["center"],
            arrays["scale"],
            LinearScorer.from_arrays(arrays, "document"),
            arrays["calibration"],
            Thresholds.from_arrays(arrays),
            Adapter.from_arrays(arrays) if Adapter.is_in(arrays) else None,
            # Models of earlier versions have neither.
            float(arrays["length_power"][0]) if "length_power" in arrays else 0.0,
            bool(arrays["likelier_people"][0]) if "likelier_people" in arrays else False,
        )


def raise_answers(answers: Floats, words: npt.ArrayLike, power: float) -> Floats:
    """Answers (n, k), those above 0 times a power of the documents' lengths against 300 words."""
    return np.where(answers > 0, answers * np.exp(power * relative_length(words))[:, None], answers)


def combine(answers: npt.ArrayLike) -> Floats:
    """Scores (n,), the log-odds of either machine against human, of answers (n, `QUESTIONS`)."""
    given = np.asarray(answers, dtype=np.float64)
    return np.logaddexp(given[:, 0], given[:, 1])


def expand(summaries: npt.ArrayLike, words: npt.ArrayLike, center: Floats, scale: Floats) -> Floats:
    """Standardised columns, the same times the relative length, and the length: (n, 2k + 1).

    So a column may count for more (or less) the longer the document is.
    """
    columns = np.clip((np.asarray(summaries, dtype=np.float64) - center) / scale, -8.0, 8.0)
    length = relative_length(words)[:, None]
    return np.hstack([columns, columns * length, length])


def calibration_columns(scores: npt.ArrayLike, words: npt.ArrayLike) -> Floats:
    """Score, score × length, length: (n, 3)."""
    score, length = np.asarray(scores, dtype=np.float64), relative_length(words)
    return np.column_stack([score, score * length, length])
