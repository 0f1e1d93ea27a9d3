"""From the evidence of sentences to a calibrated verdict on the document.

Two questions are asked apart: does it read as translated rather than as a person's, does it read
as spun rather than as a person's? Added up they drown each other's answer, since what is usual in
people's articles differs. So each is first measured by how people's articles spread, and the
louder answer is the document's score.

An answer's log-odds grow with the amount of text, and so does what can be promised: a score
that is rare among human articles of fifty sentences is common among those of five. So each is
judged against human articles *of its length* (`HumanScale`), and the score calibrated likewise.

Everything is fitted with scikit-learn (`detector.training.fit`) and stored as plain arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.model.adapter import Adapter
from detector.model.classes import SENTENCE_CLASSES
from detector.model.length_scale import HumanScale, relative_length
from detector.model.linear import LinearScorer

Floats = npt.NDArray[np.float64]

#: What is asked of a document: is it this, rather than a person's?
QUESTIONS = ("translated", "spun")

#: Share of the other where an alarm speaks for its machine.
_OTHER_KIND = 0.05


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
        human: how people's articles answer each of `QUESTIONS`, by length.
        thresholds: false-positive rate → score from which a document is flagged; a rate that
            could not be promised is missing.
        alarm: judges the machine that retraining taught, if it did.
    """

    center: Floats
    scale: Floats
    scorer: LinearScorer
    calibration: Floats
    human: tuple[HumanScale, HumanScale]
    thresholds: Mapping[float, float]
    adapter: Adapter | None = None

    def score(self, summaries: npt.ArrayLike, words: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Scores (n,), and log-shares (n, 2) of translated and spun in "not original".

        Args:
            summaries: (n, columns), see `detector.features.document_features.DocumentFeatures.summary`.
            words: (n,), judged words of each document.

        Raises:
            ValueError: there is an `alarm`, and `summaries` lack what it judges by.
        """
        answers = self.answer(summaries, words)
        scores, total = self.combine(answers, words), np.logaddexp(answers[:, 0], answers[:, 1])
        shares = answers - total[:, None]
        if self.adapter is None:
            return scores, shares
        fingerprint = np.asarray(summaries)[:, len(self.center) :]
        return self._apply_adapter(self.adapter, scores, shares, fingerprint, words)

    def answer(self, summaries: npt.ArrayLike, words: npt.ArrayLike) -> Floats:
        """Log-odds (n, `QUESTIONS`) of translated against people's, and of spun against people's.

        People's are native texts and professionals' translations.
        """
        place = SENTENCE_CLASSES.index
        columns = np.asarray(summaries)[:, : len(self.center)]
        logits = self.scorer(expand(columns, words, self.center, self.scale)).astype(np.float64)
        human = np.logaddexp(logits[:, place("native")], logits[:, place("human_translation")])
        return np.asarray(logits[:, [place(question) for question in QUESTIONS]] - human[:, None])

    def combine(self, answers: Floats, words: npt.ArrayLike) -> Floats:
        """Scores (n,): the higher of both answers, each on its human scale."""
        return np.max(
            [
                scale.standardize(answer, words)
                for scale, answer in zip(self.human, answers.T, strict=True)
            ],
            axis=0,
        )

    def _apply_adapter(
        self,
        adapter: Adapter,
        scores: Floats,
        shares: Floats,
        fingerprint: npt.NDArray[Any],
        words: npt.ArrayLike,
    ) -> tuple[Floats, Floats]:
        if fingerprint.shape[1] != len(adapter.weights) - 1:
            raise ValueError("this model was taught a machine; gather documents with it anew")
        raised = adapter.sound(scores, fingerprint, words)
        of_kind = np.log(np.eye(len(QUESTIONS))[adapter.kind] * (1 - 2 * _OTHER_KIND) + _OTHER_KIND)
        return np.maximum(scores, raised), np.where((raised > scores)[:, None], of_kind, shares)

    def calibrate(self, scores: npt.ArrayLike, words: npt.ArrayLike) -> Floats:
        """Probability of "not original" (n,), at equal prior odds."""
        columns = calibration_columns(scores, words)
        return _logistic(columns @ self.calibration[:3] + self.calibration[3])

    def find_threshold(self, false_positive_rate: float, words: npt.ArrayLike) -> Floats | None:
        """Least probability (n,) that is flagged at these lengths; None where none is promised."""
        near = (s for r, s in self.thresholds.items() if math.isclose(r, false_positive_rate))
        least = next(near, None)
        if least is None:
            return None
        return self.calibrate(np.full(np.shape(words), least), words)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder."""
        rates = sorted(self.thresholds)
        return {
            "center": self.center,
            "scale": self.scale,
            "calibration": self.calibration,
            "human_mean": np.stack([scale.mean for scale in self.human]),
            "human_variance": np.stack([scale.variance for scale in self.human]),
            "threshold_rates": np.array(rates, dtype=np.float64),
            "threshold_scores": np.array([self.thresholds[r] for r in rates], dtype=np.float64),
            **self.scorer.to_arrays("document"),
            **(self.adapter.to_arrays() if self.adapter is not None else {}),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> DocumentClassifier:
        """What `to_arrays` gave."""
        rates, scores = arrays["threshold_rates"], arrays["threshold_scores"]
        return cls(
            arrays["center"],
            arrays["scale"],
            LinearScorer.from_arrays(arrays, "document"),
            arrays["calibration"],
            _read_scales(arrays["human_mean"], arrays["human_variance"]),
            {float(r): float(s) for r, s in zip(rates, scores, strict=True)},
            Adapter.from_arrays(arrays),
        )


def _read_scales(means: Floats, variances: Floats) -> tuple[HumanScale, HumanScale]:
    one, other = (HumanScale(m, v) for m, v in zip(means, variances, strict=True))
    return one, other


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
