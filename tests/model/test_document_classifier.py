"""Scores of documents are calibrated by length, and held against thresholds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from detector.features.columns import SUMMARY_COLUMNS
from detector.model.document_classifier import DocumentClassifier, calibration_columns, expand
from detector.model.length_scale import HumanScale, relative_length
from detector.model.linear import LinearScorer
from detector.model.thresholds import Thresholds

if TYPE_CHECKING:
    from conftest import DrawDocuments

LENGTHS = np.array([20, 60, 300, 1000, 3000])


def make_classifier(calibration: tuple[float, ...] = (1.0, 0.2, -0.3, 0.1)) -> DocumentClassifier:
    """A classifier over two columns: the first speaks for translated, the second for spun."""
    weights = np.zeros((5, 4), dtype=np.float32)
    weights[0, 1] = weights[1, 2] = 1.0
    return DocumentClassifier(
        np.array([1.0, 0.0]),
        np.array([2.0, 1.0]),
        LinearScorer(weights, np.array([0.5, 0.0, 0.0, -np.inf], dtype=np.float32)),
        np.array(calibration),
        Thresholds({0.05: 1.6, 0.01: 2.4}),
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (300, 0.0),
        (600, np.log(2)),
        (150, -np.log(2)),
        (20, np.log(20 / 300)),
        (0, np.log(20 / 300)),
        (3000, np.log(10)),
        (2_000_000, np.log(10)),
    ],
)
def test_relative_length_is_kept_within_bounds(words: int, expected: float) -> None:
    assert relative_length([words])[0] == pytest.approx(expected)


def test_expand_puts_columns_beside_columns_by_length() -> None:
    expanded = expand([[3.0, 1.0]], [600], np.array([1.0, 0.0]), np.array([2.0, 1.0]))
    two = np.log(2)
    np.testing.assert_allclose(expanded, [[1.0, 1.0, two, two, two]])


def test_expand_clips_what_is_far_out() -> None:
    expanded = expand([[1e9, -1e9]], [300], np.zeros(2), np.ones(2))
    np.testing.assert_allclose(expanded, [[8.0, -8.0, 0.0, 0.0, 0.0]])


def test_calibration_columns_are_score_product_and_length() -> None:
    two = np.log(2)
    np.testing.assert_allclose(calibration_columns([3.0], [600]), [[3.0, 3 * two, two]])


def test_human_scale_grows_as_texts_shorten() -> None:
    scale = HumanScale(np.array([0.0, 0.0]), np.array([1.0, 3.0]))
    # at 300 words the variance is 1 + 3, at 100 words 1 + 9
    assert scale.standardize([4.0, 4.0], [300, 100]) == pytest.approx([2.0, 4 / np.sqrt(10)])


def test_answers_are_log_odds_of_each_machine_against_humans() -> None:
    answers = make_classifier().answer([[3.0, 2.0]], [300])
    # logits: original .5, translated 1, spun 2
    np.testing.assert_allclose(answers, [[0.5, 1.5]], atol=1e-6)


def test_answers_grow_with_the_length_to_its_power() -> None:
    bare = make_classifier()
    raised = replace(bare, length_power=0.5)
    columns = [[3.0, 2.0]] * 3
    ratios = raised.answer(columns, [75, 300, 1200]) / bare.answer(columns, [75, 300, 1200])
    np.testing.assert_allclose(ratios, [[0.5, 0.5], [1, 1], [2, 2]])
    # Answers below 0 do not grow.
    human = [[-9.0, -3.0]]
    assert (bare.answer(human, [1200]) < 0).all()
    np.testing.assert_array_equal(raised.answer(human, [1200]), bare.answer(human, [1200]))
    again = DocumentClassifier.from_arrays(raised.to_arrays())
    assert again.length_power == 0.5


def test_a_machine_is_told_from_the_likelier_kind_of_people() -> None:
    weights = np.zeros((5, 4), dtype=np.float32)
    either = replace(
        make_classifier(), scorer=LinearScorer(weights, np.array([1, 0, 2, 0.5], np.float32))
    )
    likelier = replace(either, likelier_people=True)
    np.testing.assert_allclose(likelier.answer([[0, 0]], [300]), [[-1, 1]], atol=1e-6)
    human = np.logaddexp(1, 0.5)
    np.testing.assert_allclose(either.answer([[0, 0]], [300]), [[-human, 2 - human]], atol=1e-6)
    assert DocumentClassifier.from_arrays(likelier.to_arrays()).likelier_people
    assert not DocumentClassifier.from_arrays(either.to_arrays()).likelier_people


def test_a_model_of_an_earlier_version_has_neither() -> None:
    arrays = replace(make_classifier(), length_power=0.5, likelier_people=True).to_arrays()
    del arrays["length_power"], arrays["likelier_people"]
    earlier = DocumentClassifier.from_arrays(arrays)
    assert (earlier.length_power, earlier.likelier_people) == (0.0, False)


def test_score_is_the_log_odds_of_either_machine() -> None:
    scores, shares = make_classifier().score([[3.0, 2.0], [-9.0, 6.5]], [300, 300])
    # answers .5 and 1.5; then -5.5 and 6
    assert scores == pytest.approx([np.logaddexp(0.5, 1.5), np.logaddexp(-5.5, 6.0)], abs=1e-5)
    assert np.exp(shares[0]) == pytest.approx([1 / (1 + np.e), np.e / (1 + np.e)], abs=1e-6)
    np.testing.assert_allclose(np.exp(shares).sum(1), 1.0)


def test_a_class_that_no_document_had_is_never_the_louder() -> None:
    classifier = make_classifier()
    classifier.scorer.bias[2] = -np.inf
    scores, shares = classifier.score([[3.0, 2.0]], [300])
    assert scores == pytest.approx([0.5], abs=1e-5)
    np.testing.assert_allclose(np.exp(shares), [[1.0, 0.0]])


@pytest.mark.parametrize("words", LENGTHS)
def test_probability_rises_with_the_score_at_every_length(
    synthetic_classifier: DocumentClassifier, words: int
) -> None:
    scores = np.linspace(-12, 12, 200)
    for classifier in (make_classifier(), synthetic_classifier):
        probabilities = classifier.calibrate(scores, np.full(200, words))
        # Towards 0 and 1 neighbours can no longer be told apart.
        assert (np.diff(probabilities) >= -1e-15).all()
        between = (probabilities > 1e-6) & (probabilities < 1 - 1e-6)
        assert between.sum() > 10
        assert (np.diff(probabilities[between]) > 0).all()
        assert 0 <= probabilities[0] < 0.5 < probabilities[-1] <= 1


def test_extreme_scores_stay_probabilities() -> None:
    probabilities = make_classifier().calibrate([-1e6, 1e6], [300, 300])
    np.testing.assert_array_equal(probabilities, [0.0, 1.0])


def test_threshold_is_the_probability_of_the_least_score() -> None:
    classifier = make_classifier()
    found = classifier.find_threshold(0.01, LENGTHS)
    expected = classifier.calibrate(np.full(len(LENGTHS), 2.4), LENGTHS)
    assert found is not None
    np.testing.assert_array_equal(found, expected)
    lenient = classifier.find_threshold(0.05, LENGTHS)
    assert lenient is not None
    assert (lenient < found).all()


@pytest.mark.parametrize("rate", [0.001, 0.02, 0.0100001])
def test_rate_without_a_guarantee_has_no_threshold(rate: float) -> None:
    assert make_classifier().find_threshold(rate, LENGTHS) is None


def test_reaching_the_threshold_is_exceeding_the_least_score(
    synthetic_classifier: DocumentClassifier, draw_documents: DrawDocuments
) -> None:
    documents = draw_documents(60, 30, seed=91)
    scores, _ = synthetic_classifier.score(documents.summaries, documents.words)
    threshold = synthetic_classifier.find_threshold(0.05, documents.words)
    assert threshold is not None
    by_probability = synthetic_classifier.calibrate(scores, documents.words) >= threshold
    by_score = scores >= synthetic_classifier.thresholds[0.05]
    np.testing.assert_array_equal(by_probability, by_score)
    assert 0 < by_score.sum() < len(scores)


def test_arrays_bring_the_classifier_back(
    synthetic_classifier: DocumentClassifier, draw_documents: DrawDocuments
) -> None:
    again = DocumentClassifier.from_arrays(synthetic_classifier.to_arrays())
    documents = draw_documents(10, 5, seed=17)
    assert documents.summaries.shape == (20, len(SUMMARY_COLUMNS))
    for one, other in zip(
        synthetic_classifier.score(documents.summaries, documents.words),
        again.score(documents.summaries, documents.words),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    assert again.thresholds == dict(synthetic_classifier.thresholds)
    np.testing.assert_array_equal(again.calibration, synthetic_classifier.calibration)


def test_arrays_of_a_classifier_without_thresholds() -> None:
    bare = make_classifier()
    arrays = bare.to_arrays() | {"threshold_rates": np.zeros(0), "threshold_values": np.zeros(0)}
    assert DocumentClassifier.from_arrays(arrays).thresholds == {}
