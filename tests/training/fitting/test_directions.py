"""Discriminants find what a machine changes, and not what sets outlets apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")

from detector.features.columns import DIRECTIONS, FEATURE_COLUMNS
from detector.training.fitting.directions import (
    average_documents,
    cross_fit_directions,
    fill_directions,
    fit_contrasts,
    fit_directions,
    fit_discriminants,
)
from detector.training.fitting.feature_table import FeatureTable

WIDTH = 12
#: What each direction of the made-up embeddings carries.
OUTLET, TRANSLATED, SPUN, MACHINE = range(4)
PLACES = [FEATURE_COLUMNS.index(name) for name in DIRECTIONS]


def draw_articles(seed: int = 5, articles: int = 60, spun: bool = True) -> FeatureTable:
    """Three outlets far apart, each article with its versions; one outlet's are translators'.

    Articles differ widely along every direction, so that only the difference from a version's own
    original, or a mean over many, tells what a machine did.
    """
    rng = np.random.default_rng(seed)
    rows, embeddings = [], []
    for outlet, (group, by_translator) in enumerate(
        [("gazette", False), ("courier", False), ("foreign", True)]
    ):
        for number in range(articles):
            base = rng.normal(size=WIDTH)
            base[OUTLET] += 6.0 * outlet
            for label in ("original", "translated", "spun")[: 3 if spun else 2]:
                moved = base.copy()
                if label == "translated":
                    moved[MACHINE if by_translator else TRANSLATED] += 1.5
                elif label == "spun":
                    moved[SPUN] += 1.5
                sentences = rng.normal(size=(6, WIDTH)) * 0.3 + moved
                embeddings.append(sentences.astype(np.float16))
                is_original = label == "original"
                rows.append((label, group, f"{group}/{number}", by_translator and is_original))
    frame = pd.DataFrame(rows, columns=["label", "group", "article_id", "by_translator"])
    frame["system"] = ""
    zeros = [np.zeros((6, len(FEATURE_COLUMNS)), dtype=np.float32) for _ in rows]
    counts = [np.full(6, 20, dtype=np.int32) for _ in rows]
    return FeatureTable(frame, zeros, counts, embeddings=embeddings)


def test_each_discriminant_follows_its_own_change() -> None:
    weights = fit_discriminants(draw_articles()).weights
    assert weights.shape == (WIDTH, 3)
    for column, place in enumerate((TRANSLATED, SPUN, MACHINE)):
        strengths = np.abs(weights[:, column])
        assert strengths.argmax() == place
        assert weights[place, column] > 0
        assert strengths[place] > 4 * np.delete(strengths, place).max()


def test_discriminants_are_in_spreads_of_one_outlets_articles() -> None:
    documents = draw_articles(articles=300)
    scorer = fit_discriminants(documents)
    human = (documents.frame["label"] == "original").to_numpy()
    scores = scorer(average_documents(documents)[human].astype(np.float32))
    groups = documents.frame["group"][human].to_numpy()
    spreads = [scores[groups == group].std(0) for group in ("gazette", "courier", "foreign")]
    np.testing.assert_allclose(np.mean(spreads, axis=0), 1.0, atol=0.1)
    means = [scores[groups == group].mean(0) for group in ("gazette", "courier", "foreign")]
    np.testing.assert_allclose(np.mean(means, axis=0), 0.0, atol=0.05)


def test_contrasts_are_log_odds_of_the_regression() -> None:
    documents = draw_articles(articles=200)
    scores = fit_contrasts(documents)(average_documents(documents).astype(np.float32))
    labels, spun = documents.frame["label"], 1
    assert scores[labels == "spun", spun].mean() > 1 + scores[labels == "original", spun].mean()
    translators = documents.frame["group"] == "foreign"
    machine = (translators & (labels == "translated")).to_numpy()
    human = (translators & (labels == "original")).to_numpy()
    assert scores[machine, 2].mean() > 0.5 + scores[human, 2].mean()


def test_directions_are_discriminants_and_contrasts() -> None:
    documents = draw_articles()
    directions = fit_directions(documents)
    assert directions.weights.shape == (WIDTH, len(DIRECTIONS))
    parts = fit_discriminants(documents), fit_contrasts(documents.with_crops())
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
    weights = fit_discriminants(unpaired).weights
    assert np.abs(weights[:, 1]).argmax() == SPUN


def test_a_contrast_without_documents_says_nothing() -> None:
    weights = fit_directions(draw_articles(spun=False)).weights
    for kind in ("discriminant", "logistic"):
        assert not weights[:, DIRECTIONS.index(f"{kind}_spun")].any()
        assert weights[:, DIRECTIONS.index(f"{kind}_translated")].any()


def test_documents_without_embeddings_are_refused() -> None:
    documents = draw_articles(articles=3)
    bare = FeatureTable(documents.frame, documents.matrices, documents.counts)
    with pytest.raises(ValueError, match="without embeddings"):
        fit_directions(bare)
