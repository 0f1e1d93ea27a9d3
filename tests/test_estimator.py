"""The detector stands in scikit-learn's pipelines, and says there what it says elsewhere."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks as checks

from detector.detector import Detector
from detector.estimator import DetectorClassifier
from detector.features.columns import FEATURE_COLUMNS
from detector.results import LABELS

ARTICLES = Path(__file__).parents[1] / "data" / "example_articles"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt"))]
KINDS = [path.stem for path in sorted(ARTICLES.glob("*.txt"))]
FOREIGN = "Der Stadtrat hat am Montag beschlossen, das Schwimmbad zu schließen."


@pytest.fixture
def classifier(tiny_bundle: Path) -> DetectorClassifier:
    return DetectorClassifier(str(tiny_bundle), 0.05)


def test_it_says_what_the_detector_says(
    classifier: DetectorClassifier, tiny_detector: Detector
) -> None:
    verdicts = tiny_detector.score(TEXTS, false_positive_rate=0.05)
    probabilities = classifier.predict_proba(TEXTS)
    assert probabilities.shape == (len(TEXTS), 3)
    for row, verdict in zip(probabilities, verdicts, strict=True):
        assert row.tolist() == [verdict.class_probabilities[label] for label in sorted(LABELS)]
    assert classifier.predict(TEXTS).tolist() == [
        verdict.label if verdict.flagged else "original" for verdict in verdicts
    ]
    np.testing.assert_allclose(np.exp(classifier.decision_function(TEXTS)), probabilities)


def test_a_text_that_cannot_be_judged_has_no_figures(classifier: DetectorClassifier) -> None:
    texts = [TEXTS[0], FOREIGN, ""]
    assert np.isnan(classifier.predict_proba(texts)).all(axis=1).tolist() == [False, True, True]
    assert np.isnan(classifier.transform(texts)).all(axis=1).tolist() == [False, True, True]
    assert classifier.predict(texts)[1:].tolist() == ["original", "original"]
    assert classifier.predict_proba([]).shape == (0, 3)


def test_contributions_have_names_and_feed_another_model(classifier: DetectorClassifier) -> None:
    assert classifier.get_feature_names_out().tolist() == list(FEATURE_COLUMNS)
    assert classifier.transform(TEXTS).shape == (len(TEXTS), len(FEATURE_COLUMNS))
    pipeline = make_pipeline(classifier, StandardScaler(), LogisticRegression(C=1e4))
    assert pipeline.fit(TEXTS, KINDS).predict(TEXTS).tolist() == KINDS


def test_it_is_cloned_by_its_parameters(classifier: DetectorClassifier) -> None:
    other = clone(classifier.fit(TEXTS))
    assert other.get_params() == classifier.get_params()
    assert not hasattr(other, "detector_")
    assert classifier.classes_.tolist() == sorted(LABELS)


# --------------------------------------------------------------------------------------
# scikit-learn's protocol
# --------------------------------------------------------------------------------------

#: The checks of `check_estimator` that need no data. It skips all others but the first of these,
#: since they pass numbers in two dimensions, and this estimator takes texts in one.
CHECKS_WITHOUT_DATA = (
    checks.check_estimator_cloneable,
    checks.check_estimator_tags_renamed,
    checks.check_valid_tag_types,
    checks.check_estimator_repr,
    checks.check_no_attributes_set_in_init,
    checks.check_mixin_order,
    checks.check_do_not_raise_errors_in_init_or_set_params,
    checks.check_parameters_default_constructible,
    checks.check_get_params_invariance,
    checks.check_set_params,
)

METHODS = ("predict", "predict_proba", "decision_function", "transform")


def test_it_keeps_to_scikit_learns_protocol(classifier: DetectorClassifier) -> None:
    with pytest.warns(checks.SkipTestWarning, match="Can't test estimator DetectorClassifier"):
        checks.check_estimator(classifier)


@pytest.mark.parametrize("check", CHECKS_WITHOUT_DATA, ids=lambda check: check.__name__)
def test_checks_that_need_no_data_pass(
    check: Callable[[str, DetectorClassifier], None], classifier: DetectorClassifier
) -> None:
    check("DetectorClassifier", classifier)


# The demands of the checks that are skipped, made on texts.


def test_fitting_returns_self_and_changes_no_parameter(classifier: DetectorClassifier) -> None:
    before = dict(classifier.get_params())
    assert classifier.fit(TEXTS, ["original"] * len(TEXTS)) is classifier
    assert classifier.get_params() == before
    fitted = {name for name in vars(classifier) if name not in before}
    assert fitted == {"classes_", "detector_"}
    first = classifier.predict_proba(TEXTS)
    np.testing.assert_array_equal(classifier.fit(TEXTS).predict_proba(TEXTS), first)


def test_columns_are_where_scikit_learn_looks_for_them(
    classifier: DetectorClassifier, tiny_detector: Detector, machine_article: str
) -> None:
    shares = [verdict.class_probabilities for verdict in tiny_detector.score(TEXTS)]
    assert shares[0]["spun"] != pytest.approx(shares[0]["translated"])
    whole = [(list(range(len(TEXTS))), list(range(len(TEXTS))))]
    loss = -sum(math.log(by_label[kind]) for by_label, kind in zip(shares, KINDS, strict=True))
    scores = cross_val_score(
        classifier, TEXTS, KINDS, cv=whole, scoring="neg_log_loss", error_score="raise"
    )
    assert scores.tolist() == [pytest.approx(-loss / len(TEXTS))]
    predicted = cross_val_predict(classifier, TEXTS, KINDS, cv=whole, method="predict_proba")
    assert predicted[:, 2].tolist() == [by_label["translated"] for by_label in shares]
    vote = VotingClassifier([("only", classifier)], voting="soft").fit(TEXTS, KINDS)
    label = tiny_detector.score(machine_article).label
    assert label != "original"
    assert vote.predict([machine_article]).tolist() == [label]


@pytest.mark.parametrize("method", METHODS)
def test_a_texts_answer_depends_on_no_other_text(
    classifier: DetectorClassifier, method: str
) -> None:
    texts = [*TEXTS, FOREIGN, TEXTS[0][:700]]
    answer = getattr(classifier, method)
    together = answer(texts)
    state = dict(vars(classifier))
    one_by_one = np.concatenate([answer([text]) for text in texts])
    np.testing.assert_array_equal(together, one_by_one)
    order = [3, 0, 4, 2, 1]
    np.testing.assert_array_equal(together[order], answer([texts[i] for i in order]))
    assert vars(classifier) == state  # answering changes nothing


@pytest.mark.parametrize("collect", [tuple, pd.Series, np.array, iter], ids=lambda c: c.__name__)
def test_texts_may_come_in_any_collection_of_one_dimension(
    classifier: DetectorClassifier, collect: Callable[[list[str]], Any]
) -> None:
    expected = classifier.predict_proba(TEXTS)
    np.testing.assert_array_equal(classifier.predict_proba(collect(TEXTS)), expected)


def test_what_is_no_collection_of_texts_is_refused(classifier: DetectorClassifier) -> None:
    with pytest.raises(TypeError, match="X is str; give a list of texts"):
        classifier.predict(TEXTS[0])
    with pytest.raises(TypeError, match="not a DataFrame"):
        classifier.predict(pd.DataFrame({"text": TEXTS}))
    with pytest.raises(TypeError, match="text 0 is ndarray"):
        classifier.predict(np.array([TEXTS]).T)
    with pytest.raises(TypeError, match="text 0 is int"):
        classifier.predict([1, 2])
    with pytest.raises(ValueError, match=r"must be 0.05, 0.01 or 0.001, not 0.02"):
        DetectorClassifier(classifier.model, 0.02).fit(TEXTS)


def test_it_is_pickled(classifier: DetectorClassifier) -> None:
    expected = classifier.fit(TEXTS).predict_proba(TEXTS)
    again = pickle.loads(pickle.dumps(classifier))  # noqa: S301  # our own
    np.testing.assert_array_equal(again.predict_proba(TEXTS), expected)


def test_a_table_of_other_columns_goes_through_one_pipeline(classifier: DetectorClassifier) -> None:
    frame = pd.DataFrame({"text": TEXTS, "year": [2020, 2021, 2022]})
    columns = ColumnTransformer([("read", classifier, "text"), ("rest", "passthrough", ["year"])])
    names = columns.fit(frame).get_feature_names_out().tolist()
    assert names == [*(f"read__{name}" for name in FEATURE_COLUMNS), "rest__year"]
    assert columns.transform(frame).shape == (len(TEXTS), len(names))
