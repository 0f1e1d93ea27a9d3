"""Fit the models of single sentences: n-grams, style, and what each column contributes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detector.features.ngram_language_model import NgramLanguageModel
from detector.features.style import measure_style
from detector.model.linear import LinearScorer
from detector.model.sentence_scorer import SentenceScorer
from detector.results import ORIGINAL
from detector.training.corpora.labelled_pairs import LabelledPair
from detector.training.fitting.feature_table import FeatureTable, balance
from detector.training.fitting.linear import fit_lexical, fit_linear, unpack_pairs


def fit_sentence_models(
    pairs: Sequence[LabelledPair],
) -> tuple[LinearScorer, LinearScorer, NgramLanguageModel]:
    """Fit the lexical model, the style model and the n-gram language model on the tuning pairs."""
    masked_sentences, labels, human = unpack_pairs(pairs)
    lexical = fit_lexical(masked_sentences, labels)
    words = [masked.words for masked in masked_sentences]
    own = [masked.words for masked in human]
    language_model = NgramLanguageModel.fit(list(dict.fromkeys(own)))
    # It has counted each pair's human sentence: both sides are measured without it.
    features = np.hstack([measure_style(words), language_model.measure(words, counted=own)])
    return lexical, fit_linear(features.astype(np.float64), labels), language_model


def fit_sentence_scorer(documents: FeatureTable) -> SentenceScorer:
    """Log-odds of "not original" of one sentence from its features, on development documents."""
    rows = np.concatenate(documents.matrices).astype(np.float64)
    sizes = [len(m) for m in documents.matrices]
    machine = (documents.frame["label"] != ORIGINAL).to_numpy()
    weights = np.repeat(balance(documents.frame), sizes)
    labels = np.repeat(machine.astype(np.int64), sizes)
    share = np.where(labels == 1, weights[labels == 1].sum(), weights[labels == 0].sum())
    fitted = fit_linear(rows, labels, weights / share * len(labels))
    center = np.average(rows[labels == 0], axis=0, weights=weights[labels == 0])
    column = fitted.weights[:, 0]
    return SentenceScorer(
        column, center.astype(np.float32), float(fitted.bias[0] + center @ column)
    )
