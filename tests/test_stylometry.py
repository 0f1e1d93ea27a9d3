"""The transformers give what scoring measures, cut strings, and keep scikit-learn's contract."""

import random
from itertools import product
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from detector.features.ngram_language_model import NgramLanguageModel
from detector.features.style import measure_style
from detector.text.words import tokenize
from detector.training.fitting.stylometry import NgramMeasures, StylometricFeatures

DOCUMENT = (
    "The harbour board met on Tuesday. It didn't agree on a plan, but its chair said that another "
    "vote would follow soon. However, the fishermen, who have waited for 3 years, were not told. "
    '"We need the quay," one of them said.'
)


def split(*sentences: str) -> list[list[str]]:
    return [tokenize(sentence) for sentence in sentences]


SUBJECTS = ("the old ferry", "a small boat", "the night train", "a local bus")
VERBS = ("left", "reached", "passed", "crossed")
OBJECTS = ("the quiet harbour", "the long bridge", "a narrow bay")
ENDINGS = ("on Monday .", "in March .", "with 40 people .", "after dark , said Anna Lind .")


def compose(*parts: str) -> list[str]:
    words = " ".join(parts).split()
    return [words[0].capitalize(), *words[1:]]


CORPUS = [compose(*parts) for parts in product(SUBJECTS, VERBS, OBJECTS, ENDINGS)]


@pytest.mark.parametrize("kind", [StylometricFeatures, NgramMeasures])
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_cloneable,
    ],
)
def test_estimator_keeps_the_contract(kind: Any, check: Any) -> None:
    check(kind.__name__, kind())


def test_clone_forgets_what_was_learnt() -> None:
    copy = clone(NgramMeasures(least_count=3).fit(CORPUS))
    assert copy.least_count == 3
    assert not hasattr(copy, "table_")


def test_unfitted_model_is_refused() -> None:
    with pytest.raises(NotFittedError):
        NgramMeasures().transform(CORPUS)
    with pytest.raises(NotFittedError):
        NgramMeasures().to_arrays()


def test_transformers_give_what_scoring_measures() -> None:
    model = NgramMeasures(max_bigrams=50).fit(CORPUS)
    table = NgramLanguageModel.fit(CORPUS, max_bigrams=50)
    assert np.array_equal(model.transform(CORPUS), table.measure(CORPUS))
    assert np.array_equal(model.transform(CORPUS, counted=CORPUS), table.measure(CORPUS, CORPUS))
    assert np.array_equal(StylometricFeatures(9).transform(CORPUS), measure_style(CORPUS, 9))


def test_arrays_bring_the_model_back() -> None:
    model = NgramMeasures().fit(CORPUS)
    again = NgramMeasures.from_arrays(model.to_arrays())
    assert again.max_bigrams == len(model.to_arrays()["bigram_keys"])
    assert np.array_equal(again.transform(CORPUS), model.transform(CORPUS))


def test_string_is_cut_into_sentences_and_words() -> None:
    features = StylometricFeatures()
    sentences = [
        "The harbour board met on Tuesday.",
        "It didn't agree on a plan, but its chair said that another vote would follow soon.",
        "However, the fishermen, who have waited for 3 years, were not told.",
        '"We need the quay," one of them said.',
    ]
    assert np.array_equal(features.transform([DOCUMENT]), features.transform([split(*sentences)]))


def test_transformers_stand_in_a_pipeline_and_name_their_columns() -> None:
    shuffled = [random.Random(n).sample(words, len(words)) for n, words in enumerate(CORPUS)]
    labels = [0] * len(CORPUS) + [1] * len(shuffled)
    pipeline = make_pipeline(StylometricFeatures(), LogisticRegression(max_iter=500))
    assert pipeline.fit([*CORPUS, *shuffled], labels).score([*CORPUS, *shuffled], labels) > 0.9
    frame = NgramMeasures().set_output(transform="pandas").fit_transform(CORPUS)
    assert list(frame.columns) == list(NgramMeasures().get_feature_names_out())
