"""Discriminants find what a machine changes, and not what sets outlets apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")

from drawn_articles import MACHINE, SPUN, TRANSLATED, WIDTH, draw_articles

from detector.features.columns import DIRECTIONS, FEATURE_COLUMNS
from detector.training.fitting.directions import (
    cross_fit_averages,
    cross_fit_directions,
    fill_averages,
    fill_directions,
    fit_contrasts,
    fit_directions,
    fit_discriminants,
    fit_fold_directions,
    prepare_contrasts,
)
from detector.training.fitting.feature_table import FOLDS, FeatureTable, assign_folds

PLACES = [FEATURE_COLUMNS.index(name) for name in DIRECTIONS]


def test_each_discriminant_follows_its_own_change() -> None:
    weights = fit_discriminants(draw_articles().average().whole).weights
    assert weights.shape == (WIDTH, 3)
    for column, place in enumerate((TRANSLATED, SPUN, MACHINE)):
        strengths = np.abs(weights[:, column])
        assert strengths.argmax() == place
        assert weights[place, column] > 0
        assert strengths[place] > 4 * np.delete(strengths, place).max()


def test_discriminants_are_in_spreads_of_one_outlets_articles() -> None:
    documents = draw_articles(articles=300).average().whole
    scorer = fit_discriminants(documents)
    human = (documents.frame["label"] == "original").to_numpy()
    assert documents.embeddings is not None
    scores = scorer(documents.embeddings[human])
    groups = documents.frame["group"][human].to_numpy()
    spreads = [scores[groups == group].std(0) for group in ("gazette", "courier", "foreign")]
    np.testing.assert_allclose(np.mean(spreads, axis=0), 1.0, atol=0.1)
    means = [scores[groups == group].mean(0) for group in ("gazette", "courier", "foreign")]
    np.testing.assert_allclose(np.mean(means, axis=0), 0.0, atol=0.05)


def test_contrasts_are_log_odds_of_the_regression() -> None:
    documents = draw_articles(articles=200).average().whole
    scores = fit_contrasts(documents)(documents.embeddings)
    labels, spun = documents.frame["label"], 1
    assert scores[labels == "spun", spun].mean() > 1 + scores[labels == "original", spun].mean()
    translators = documents.frame["group"] == "foreign"
    machine = (translators & (labels == "translated")).to_numpy()
    human = (translators & (labels == "original")).to_numpy()
    assert scores[machine, 2].mean() > 0.5 + scores[human, 2].mean()


def test_directions_are_discriminants_and_contrasts() -> None:
    documents = draw_articles().average()
    directions = fit_directions(documents)
    assert directions.weights.shape == (WIDTH, len(DIRECTIONS))
    parts = fit_discriminants(documents.whole), fit_contrasts(documents)
    np.testing.assert_array_equal(directions.weights, np.hstack([p.weights for p in parts]))
    np.testing.assert_array_equal(directions.bias, np.concatenate([p.bias for p in parts]))


def test_columns_of_a_document_come_from_a_fit_without_its_article() -> None:
    documents = draw_articles()
    scorer, filled = cross_fit_directions(documents)
    direct = fill_directions(documents, scorer)
    crossed = np.concatenate(filled.matrices)[:, PLACES]
    assert not np.allclose(crossed, np.concatenate(direct.matrices)[:, PLACES])
    # and leave the rest alone
    rest = [i for i in range(len(FEATURE_COLUMNS)) if i not in PLACES]
    assert not np.concatenate(filled.matrices)[:, rest].any()


def test_directions_of_a_fold_do_not_depend_on_its_articles() -> None:
    documents = draw_articles()
    folds = assign_folds(documents.frame["article_id"], FOLDS)
    assert documents.embeddings is not None
    moved = [e + np.float16(fold == 2) for e, fold in zip(documents.embeddings, folds, strict=True)]
    before = fit_fold_directions(documents.average())
    after = fit_fold_directions(replace(documents, embeddings=moved).average())
    assert sorted(before) == list(range(FOLDS))
    for fold, scorer in before.items():
        assert np.array_equal(scorer.weights, after[fold].weights) == (fold == 2)
    matrices = cross_fit_directions(documents, before)[1].matrices
    for one, other in zip(matrices, cross_fit_directions(documents)[1].matrices, strict=True):
        np.testing.assert_array_equal(one, other)


def test_averages_get_the_means_of_what_sentences_get() -> None:
    documents = draw_articles()
    scorer, filled = cross_fit_directions(documents)
    same_scorer, averages = cross_fit_averages(documents.average())
    np.testing.assert_array_equal(scorer.weights, same_scorer.weights)
    np.testing.assert_allclose(averages.summaries, filled.average().summaries, atol=1e-5)
    direct = fill_averages(documents.average(), scorer).summaries
    expected = fill_directions(documents, scorer).average().summaries
    np.testing.assert_allclose(direct, expected, atol=1e-5)
    assert np.abs(direct - averages.summaries).max() > 1e-3


def test_a_warm_start_ends_where_a_cold_one_does() -> None:
    documents = draw_articles().average()
    start = prepare_contrasts(documents)
    assert start is not None
    some = documents.select((documents.frame["group"] != "courier").to_numpy())
    cold, warm = fit_contrasts(some), fit_contrasts(some, start)
    assert not np.array_equal(warm.weights, cold.weights)
    np.testing.assert_allclose(warm.weights, cold.weights, atol=2e-3)
    np.testing.assert_allclose(warm.bias, cold.bias, atol=2e-3)
    assert np.abs(warm.weights - fit_contrasts(documents).weights).max() > 0.02


def test_a_start_of_other_classes_is_not_used() -> None:
    start = prepare_contrasts(draw_articles().average())
    without = draw_articles(spun=False).average()
    np.testing.assert_array_equal(
        fit_contrasts(without, start).weights, fit_contrasts(without).weights
    )
    two_classes = without.select((without.frame["group"] != "foreign").to_numpy())
    assert prepare_contrasts(two_classes) is None


def test_noise_is_not_told_apart_out_of_fold() -> None:
    few = draw_articles(articles=8)
    rng = np.random.default_rng(2)
    noise = [rng.normal(size=(6, WIDTH)).astype(np.float16) for _ in few.counts]
    blind = replace(few, embeddings=noise)
    scorer, crossed = cross_fit_directions(blind)
    spun = (few.frame["label"] == "spun").to_numpy()

    def tell_apart(documents: FeatureTable) -> float:
        means = np.stack([matrix[:, PLACES[1]].mean() for matrix in documents.matrices])
        return abs(float(means[spun].mean() - means[~spun].mean())) / float(means.std())

    assert tell_apart(crossed) < 0.35 < tell_apart(fill_directions(blind, scorer))


def test_a_version_without_its_original_is_held_against_its_outlet() -> None:
    documents = draw_articles(articles=200)
    alone = documents.frame["article_id"].where(
        documents.frame["label"] == "original", documents.frame["article_id"] + " elsewhere"
    )
    unpaired = replace(documents, frame=documents.frame.assign(article_id=alone))
    weights = fit_discriminants(unpaired.average().whole).weights
    assert np.abs(weights[:, 1]).argmax() == SPUN


def test_a_contrast_without_documents_says_nothing() -> None:
    weights = fit_directions(draw_articles(spun=False).average()).weights
    for kind in ("discriminant", "logistic"):
        assert not weights[:, DIRECTIONS.index(f"{kind}_spun")].any()
        assert weights[:, DIRECTIONS.index(f"{kind}_translated")].any()


def test_documents_without_embeddings_are_refused() -> None:
    documents = draw_articles(articles=3)
    bare = FeatureTable(documents.frame, documents.matrices, documents.counts)
    with pytest.raises(ValueError, match="without embeddings"):
        fit_directions(bare.average())
