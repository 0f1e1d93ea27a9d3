"""The detector stands in scikit-learn's pipelines, and says there what it says elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from detector.detector import Detector
from detector.estimator import DetectorClassifier
from detector.features.columns import FEATURE_COLUMNS
from detector.results import LABELS

ARTICLES = Path(__file__).parents[1] / "data" / "example_articles"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt"))]
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
        assert row.tolist() == [verdict.class_probabilities[label] for label in LABELS]
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
    labels = [path.stem for path in sorted(ARTICLES.glob("*.txt"))]
    assert pipeline.fit(TEXTS, labels).predict(TEXTS).tolist() == labels


def test_it_is_cloned_by_its_parameters(classifier: DetectorClassifier) -> None:
    other = clone(classifier.fit(TEXTS))
    assert other.get_params() == classifier.get_params()
    assert not hasattr(other, "detector_")
    assert classifier.classes_.tolist() == list(LABELS)


@pytest.mark.filterwarnings("ignore:Can't test estimator")
def test_it_keeps_to_scikit_learns_protocol(tiny_bundle: Path) -> None:
    check_estimator(DetectorClassifier(str(tiny_bundle)))
