"""What is gathered of a sentence, and how a document's sentences are summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from detector.features.columns import FEATURE_COLUMNS, SUMMARY_COLUMNS
from detector.features.document_features import summarize
from detector.features.extractor import (
    MINIMUM_SENTENCE_WORDS,
    FeatureExtractor,
    _contrast,
    _summarize_words,
)
from detector.features.ngrams import HASHES, hash_ngrams, score_ngrams
from detector.model.classes import SENTENCE_CLASSES
from detector.model.linear import LinearScorer
from detector.text.masking import MaskedSentence, mask_sentence

if TYPE_CHECKING:
    from detector.detector import Detector

COMMON = frozenset("the boats sail at night".split())


def masked(*words: str) -> MaskedSentence:
    return MaskedSentence(" ".join(words), words, tuple((0, 0) for _ in words))


@pytest.fixture(scope="module")
def extractor(tiny_detector: Detector) -> FeatureExtractor:
    return tiny_detector.extractor


# --------------------------------------------------------------------------------------
# n-grams
# --------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------
# Summing up
# --------------------------------------------------------------------------------------


def test_contrasts_are_the_first_class_against_the_second() -> None:
    assert SENTENCE_CLASSES == ("native", "translated", "spun", "human_translation")
    logits = np.array([[1.0, 10.0, 100.0, 1000.0], [0.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    np.testing.assert_array_equal(_contrast(logits), [[9.0, 99.0, -990.0], [0.0, 0.0, 0.0]])


def test_columns_of_a_summary_are_named_in_order() -> None:
    matrix = np.random.default_rng(1).normal(size=(9, len(FEATURE_COLUMNS))).astype(np.float32)
    values = dict(zip(SUMMARY_COLUMNS, summarize(matrix), strict=True))
    assert list(values) == list(FEATURE_COLUMNS)
    for i, name in enumerate(FEATURE_COLUMNS):
        assert values[name] == pytest.approx(matrix[:, i].mean(), abs=1e-6)


def test_summary_of_nothing_is_zeros() -> None:
    empty = summarize(np.zeros((0, len(FEATURE_COLUMNS)), dtype=np.float32))
    assert empty.shape == (len(SUMMARY_COLUMNS),)
    assert not empty.any()


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], (0.0, 0.0)),
        ([np.nan], (0.0, 0.0)),
        ([2.0, np.nan], (2.0, 2.0)),
        # 15 % of twenty words are three
        ([*range(20)], (9.5, 18.0)),
    ],
)
def test_words_are_summed_up_by_mean_and_top(
    scores: list[float], expected: tuple[float, float]
) -> None:
    assert _summarize_words(np.array(scores, dtype=np.float32)) == expected


# --------------------------------------------------------------------------------------
# Gathering
# --------------------------------------------------------------------------------------


def test_boilerplate_and_scraps_have_no_say(
    extractor: FeatureExtractor, person_article: str
) -> None:
    (document,) = extractor.gather([person_article + "\nNobody knows why.\n"])
    kinds = [document.sentences[i].kind for i in document.judged]
    assert "boilerplate" not in kinds
    assert "boilerplate" in {s.kind for s in document.sentences}
    assert document.sentences[-1].text == "Nobody knows why."
    assert len(document.sentences) - 1 not in document.judged
    assert MINIMUM_SENTENCE_WORDS == 4


def test_evidence_has_a_row_for_each_judged_sentence(
    extractor: FeatureExtractor, person_article: str
) -> None:
    (document,) = extractor.gather([person_article])
    assert document.matrix.shape == (len(document.judged), len(FEATURE_COLUMNS))
    assert np.isfinite(document.matrix).all()
    words = [len(document.masked_sentences[i].words) for i in document.judged]
    assert [len(scores) for scores in document.word_scores] == words
    marked = [document.masked_sentences[i].words for i in document.judged]
    assert document.words == sum(w[0].isalnum() for words in marked for w in words)
    np.testing.assert_array_equal(document.summary, summarize(document.matrix))


def test_columns_are_filled_by_their_sources(
    extractor: FeatureExtractor, person_article: str
) -> None:
    (document,) = extractor.gather([person_article])
    masked_sentences = [document.masked_sentences[i] for i in document.judged]
    heads = extractor.heads
    encoded = extractor.encoder.encode(
        [v.words for v in masked_sentences], heads["token_weights"], float(heads["token_bias"][0])
    )
    class_logits = encoded.embeddings @ heads["class_weights"] + heads["class_bias"]
    assert extractor.lexical is not None
    assert extractor.style is not None
    assert extractor.discriminant is not None
    expected = np.hstack(
        [
            _contrast(class_logits),
            [_summarize_words(scores) for scores in encoded.word_scores],
            _contrast(score_ngrams(masked_sentences, extractor.lexical)),
            _contrast(extractor.style(extractor.measure_style(masked_sentences))),
            extractor.discriminant(encoded.embeddings),
        ]
    )
    np.testing.assert_array_equal(document.embeddings, encoded.embeddings)
    np.testing.assert_allclose(document.matrix, expected, atol=1e-5)


def test_machine_words_raise_the_lexical_column(
    extractor: FeatureExtractor, person_article: str, machine_article: str
) -> None:
    column = FEATURE_COLUMNS.index("lexical_translated")
    human, machine = extractor.gather([person_article, machine_article])
    assert machine.matrix[:, column].min() > human.matrix[:, column].max()


def test_texts_without_sentences_have_no_evidence(extractor: FeatureExtractor) -> None:
    documents = extractor.gather(["", "Print", "12 13"])
    assert [d.judged for d in documents] == [(), (), ()]
    assert [d.words for d in documents] == [0, 0, 0]
    assert [d.matrix.shape for d in documents] == [(0, len(FEATURE_COLUMNS))] * 3
    assert extractor.gather([]) == []


def test_texts_gathered_together_are_those_gathered_one_by_one(
    tiny_detector: Detector, tiny_encoder: object, person_article: str, machine_article: str
) -> None:
    from detector.features.encoder import SentenceEncoder

    shipped = tiny_detector.extractor
    # int8 states are scaled by the batch (see test_detector): float ones are not.
    exact = FeatureExtractor(
        SentenceEncoder(tiny_encoder.plain, threads=1),  # type: ignore[attr-defined]
        shipped.heads,
        shipped.common_words,
        shipped.lexical,
        shipped.style,
        shipped.language_model,
        shipped.discriminant,
    )
    texts = [person_article, machine_article, "", person_article[:200]]
    together = exact.gather(texts)
    for text, document in zip(texts, together, strict=True):
        (alone,) = exact.gather([text])
        np.testing.assert_allclose(document.matrix, alone.matrix, atol=1e-4)
        assert document.judged == alone.judged
        assert document.sentences == alone.sentences


def test_gatherer_without_models_leaves_their_columns_empty(
    extractor: FeatureExtractor, person_article: str
) -> None:
    bare = FeatureExtractor(extractor.encoder, extractor.heads, extractor.common_words)
    (document,) = bare.gather([person_article])
    assert document.matrix[:, :5].any()
    assert not document.matrix[:, 5:].any()
