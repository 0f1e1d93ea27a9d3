"""The counted features of a text as scikit-learn transformers with named columns.

Thin: what is counted is in `detector.counting` and `detector.idiom`, which scoring calls directly,
because importing scikit-learn takes longer than scoring an article.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from detector.features.ngram_language_model import NGRAM_COLUMNS, NgramLanguageModel
from detector.features.style import STYLE_COLUMNS, measure_style
from detector.features.word_rows import Row, list_rows
from detector.text.sentences import split_sentences
from detector.text.words import tokenize

# A sentence is its words, a document its sentences; a string is cut into both.
Text = str | Row


def _cut_rows(texts: Iterable[Text]) -> list[Row]:
    """Cut the strings among some texts into sentences and words."""
    return [
        [tokenize(sentence.text) for sentence in split_sentences(text)]
        if isinstance(text, str)
        else text
        for text in list_rows(texts)
    ]


class _TextTransformer(TransformerMixin, BaseEstimator):
    """What scikit-learn is told of a transformer whose rows are texts."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


class StylometricFeatures(_TextTransformer):
    """Counts what a text's style is made of (`detector.features.style`); nothing is learnt.

    A row of the input is a sentence (a sequence of words), a document (a sequence of such
    sentences) or a string, which is cut into sentences and words first.

    Args:
        window: words in a window of the moving-average type-token ratio.
    """

    def __init__(self, window: int = 50) -> None:
        self.window = window

    def fit(self, X: Iterable[Text], y: object = None) -> Self:
        """Learn nothing; there for pipelines."""
        return self

    def transform(self, X: Iterable[Text]) -> npt.NDArray[np.float32]:
        """Features of each row: float32 of shape (rows, columns), all finite.

        Raises TypeError for a row that is no text, ValueError for a window under 1.
        """
        return measure_style(_cut_rows(X), self.window)

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Names of the columns, in order."""
        return np.array(STYLE_COLUMNS, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True


class NgramMeasures(_TextTransformer):
    """Measures how usual a text's words and their combinations are (`detector.features.ngram_language_model`).

    Rows are as for `StylometricFeatures`.

    Args:
        least_count: n-grams and words seen less often are forgotten.
        max_bigrams: how many pairs to keep, the most frequent first (6 bytes each).
        max_trigrams: how many triples to keep (8 bytes each).

    Attributes:
        table_: what was learnt.
    """

    def __init__(
        self, least_count: int = 2, max_bigrams: int = 500_000, max_trigrams: int = 500_000
    ) -> None:
        self.least_count = least_count
        self.max_bigrams = max_bigrams
        self.max_trigrams = max_trigrams

    def fit(self, X: Iterable[Text], y: object = None) -> Self:
        """Count the words and n-grams of human texts; see `NgramLanguageModel.fit`."""
        self.table_ = NgramLanguageModel.fit(
            _cut_rows(X), self.least_count, self.max_bigrams, self.max_trigrams
        )
        return self

    def transform(
        self, X: Iterable[Text], counted: Iterable[Text] | None = None
    ) -> npt.NDArray[np.float32]:
        """Features of each row: float32 of shape (rows, columns), all finite.

        `counted` gives for each row the text that `fit` counted and that is left out for it; see
        `NgramLanguageModel.measure`. Raises NotFittedError before `fit`, TypeError for a row that is no
        text, ValueError where there are not as many counted texts as rows.
        """
        check_is_fitted(self, "table_")
        return self.table_.measure(_cut_rows(X), None if counted is None else _cut_rows(counted))

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Names of the columns, in order."""
        return np.array(NGRAM_COLUMNS, dtype=object)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Give what was learnt as plain arrays, for storing without pickle."""
        check_is_fitted(self, "table_")
        return self.table_.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Build a fitted transformer from what `to_arrays` gave; see `NgramLanguageModel.from_arrays`."""
        table = NgramLanguageModel.from_arrays(arrays)
        model = cls(table.least_count, len(arrays["bigram_keys"]), len(arrays["trigram_words"]))
        model.table_ = table
        return model
