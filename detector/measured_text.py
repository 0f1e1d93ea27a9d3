"""A text that was read and measured once: what verdicts and comparisons are taken from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from detector.features.document_features import DocumentFeatures
from detector.model.document_classifier import DocumentClassifier
from detector.text.document import Document

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """What is measured of one document; the same at every rate and setting.

    Attributes:
        features: of its sentences, of which at least one is judged.
        probability: calibrated, of not being original.
        shares: of "translated" and "spun" in that probability; they sum to 1.
        log_odds: see `Detector.measure_log_odds`.
        form: see `detector.reasons.explain_form`.
        spelling: see `detector.reasons.explain_spelling`.
    """

    features: DocumentFeatures
    probability: float
    shares: list[float]
    log_odds: float
    form: str | None
    spelling: str | None


class MeasuredText:
    """A text that is read and measured once, to be compared several times.

    Args:
        document: what was read.
        measure: measures it, the first time that this is needed.
    """

    def __init__(self, document: Document, measure: Callable[[Document], Scores | None]) -> None:
        self.document = document
        self._measure = measure

    @cached_property
    def scores(self) -> Scores | None:
        """What was measured; None where nothing of it can be judged."""
        return self._measure(self.document)


def apply_classifier(
    classifier: DocumentClassifier, features: DocumentFeatures
) -> tuple[Floats, Floats]:
    """The score (1,) and log-shares (1, 2) of one document."""
    # One at a time: a matrix product of several rows differs in its last digit.
    return classifier.score(features.summary[None], count_words(features))


def count_words(features: DocumentFeatures) -> npt.NDArray[np.int64]:
    """The judged words (1,) of one document."""
    return np.array([features.words])
