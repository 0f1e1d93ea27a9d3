"""The detector as a scikit-learn classifier of texts, for pipelines and cross-validation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from detector.choices import DEFAULT_FALSE_POSITIVE_RATE, check_rate
from detector.detector import Detector
from detector.errors import MissingPackageError
from detector.features.columns import FEATURE_COLUMNS
from detector.results import LABELS, ORIGINAL, Verdict

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
except ModuleNotFoundError as error:
    raise MissingPackageError("DetectorClassifier", "scikit-learn", "scikit-learn") from error


# scikit-learn takes columns to be in this order, whatever `classes_` says.
_CLASSES = tuple(sorted(LABELS))


class DetectorClassifier(ClassifierMixin, TransformerMixin, BaseEstimator):
    """Tells original, translated and spun texts apart with a model that was trained before.

    Fitting loads the model and learns nothing of the texts: `detector train` does that. So it knows
    three labels whatever `y` holds, and what scikit-learn makes of probabilities needs a `y` that
    holds all three: with two, `cross_val_predict` raises IndexError, and "neg_log_loss" ValueError.

    Args:
        model: model folder; the shipped one, or ``$DETECTOR_MODEL``, for None.
        false_positive_rate: see `Detector.score`.

    Attributes:
        classes_: (3,), `detector.results.LABELS`, sorted.
        detector_: what scores.

    >>> from sklearn.pipeline import make_pipeline
    >>> make_pipeline(DetectorClassifier(), SimpleImputer(), LogisticRegression())
    """

    def __init__(
        self,
        model: str | None = None,
        false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
    ) -> None:
        self.model = model
        self.false_positive_rate = false_positive_rate

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Load the model; the texts may be any, and are not looked at.

        Raises:
            BundleError: it cannot be loaded.
            ValueError: `false_positive_rate` is none of `detector.choices.VERDICT_RATES`.
        """
        check_rate("false_positive_rate", self.false_positive_rate)
        self.detector_ = Detector.load(self.model)
        self.classes_ = np.array(_CLASSES, dtype=object)
        return self

    def predict(self, X: Iterable[str]) -> npt.NDArray[Any]:
        """The label (n,) of each text that is flagged, and "original" of the others."""
        return np.array(
            [verdict.label if verdict.flagged else ORIGINAL for verdict in self._score(X)],
            dtype=object,
        )

    def predict_proba(self, X: Iterable[str]) -> npt.NDArray[np.float64]:
        """Probability (n, 3) of each of `classes_`; NaN where a text cannot be judged."""
        return np.array(
            [
                [verdict.class_probabilities.get(label, np.nan) for label in _CLASSES]
                for verdict in self._score(X)
            ],
            dtype=np.float64,
        ).reshape(-1, len(_CLASSES))

    def decision_function(self, X: Iterable[str]) -> npt.NDArray[np.float64]:
        """Logarithm (n, 3) of `predict_proba`, its columns in the same order.

        Its largest value names the likeliest class; `predict` is stricter, and asks for the
        threshold of a text of that length.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def transform(self, X: Iterable[str]) -> npt.NDArray[np.float64]:
        """What each feature contributes (n, features) to a text's sentences, on average.

        Log-odds of "not original", see `SentenceScore.contributions`; NaN where a text cannot be
        judged.
        """
        return np.array(
            [_average_contributions(verdict) for verdict in self._score(X)], dtype=np.float64
        ).reshape(-1, len(FEATURE_COLUMNS))

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Names (features,) of the columns of `transform`."""
        return np.array(FEATURE_COLUMNS, dtype=object)

    def _score(self, texts: Iterable[str]) -> list[Verdict]:
        if isinstance(texts, str):
            raise TypeError("X is str; give a list of texts, of one if need be")
        if not hasattr(self, "detector_"):
            self.fit(())
        return self.detector_.score(
            texts, false_positive_rate=self.false_positive_rate, artifacts="none"
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Always: what there is to learn was learnt before."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Texts, one-dimensional, and no target needed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.target_tags.required = False
        tags.requires_fit = False
        tags.no_validation = True
        return tags


def _average_contributions(verdict: Verdict) -> list[float]:
    judged = [s.contributions for s in verdict.sentences if s.contributions]
    if not judged:
        return [np.nan] * len(FEATURE_COLUMNS)
    return [float(np.mean([row[name] for row in judged])) for name in FEATURE_COLUMNS]
