"""Hashed n-grams of words and letters, and the linear model over them."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from detector.features.ngrams import HASHES, hash_ngrams, score_ngrams
from detector.model.linear import LinearScorer
from detector.text.masking import MaskedSentence, mask_sentence

COMMON = frozenset("the boats sail at night".split())


def masked(*words: str) -> MaskedSentence:
    return MaskedSentence(" ".join(words), words, tuple((0, 0) for _ in words))


def test_hashes_stay_what_models_were_fitted_to() -> None:
    assert hash_ngrams(masked("a")).tolist() == [245315]
    assert sorted(hash_ngrams(masked("it", "is"))) == [20405, 161588, 189079]
    boat = [29769, 63531, 76474, 140443, 142975, 164682, 209579, 228869]
    assert sorted(hash_ngrams(masked("boat"))) == boat


def test_each_ngram_counts_once() -> None:
    # one word, one pair, one triple; "boats" alone has 5 + 4 character n-grams
    assert len(hash_ngrams(masked("boats"))) == 1 + 5 + 4
    assert len(hash_ngrams(masked("boats", "boats", "boats", "boats"))) == 3 + 5 + 4


def test_short_words_have_no_character_ngrams() -> None:
    assert len(hash_ngrams(masked("is"))) == 1
    assert len(hash_ngrams(masked("was"))) == 1 + 3 + 2
    assert len(hash_ngrams(masked())) == 0


def test_hashes_fit_the_table_and_tell_order() -> None:
    forth, back = hash_ngrams(masked("old", "men")), hash_ngrams(masked("men", "old"))
    assert forth.dtype == np.int64
    assert 0 <= forth.min() <= forth.max() < HASHES
    assert len(set(forth) ^ set(back)) == 2


def test_scores_are_the_product_with_the_scaled_matrix() -> None:
    rng = np.random.default_rng(5)
    model = LinearScorer(
        rng.normal(size=(HASHES, 4)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    )
    masked_sentences = [
        mask_sentence(s, COMMON) for s in ("The boats sail at night.", "", "At night the boats.")
    ]
    rows = [hash_ngrams(v) for v in masked_sentences]
    lengths = [len(r) for r in rows]
    matrix = csr_matrix(
        (
            np.repeat([1 / np.sqrt(max(n, 1)) for n in lengths], lengths),
            np.concatenate(rows),
            np.cumsum([0, *lengths]),
        ),
        shape=(3, HASHES),
    )
    np.testing.assert_allclose(score_ngrams(masked_sentences, model), model(matrix), atol=1e-5)
    np.testing.assert_allclose(score_ngrams(masked_sentences, model)[1], model.bias)


def test_linear_scorer_comes_back_from_its_arrays() -> None:
    model = LinearScorer(
        np.arange(6, dtype=np.float32).reshape(3, 2), np.array([0.5, -1], np.float32)
    )
    arrays = model.to_arrays("style")
    assert sorted(arrays) == ["style_bias", "style_weights"]
    again = LinearScorer.from_arrays(arrays, "style")
    features = np.array([[1.0, 0.0, 2.0]])
    np.testing.assert_array_equal(again(features), model(features))
    np.testing.assert_array_equal(model(features), [[8.5, 10.0]])
    assert model(features).dtype == np.float32
