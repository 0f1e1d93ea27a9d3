"""What is measured of each sentence, and how a document's sentences are summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from detector.features.columns import FEATURE_COLUMNS, SUMMARY_COLUMNS
from detector.features.document_features import DocumentFeatures, summarize
from detector.features.extractor import FeatureExtractor, _contrast, _summarize_words
from detector.features.ngrams import score_ngrams
from detector.model.classes import SENTENCE_CLASSES
from detector.text.document import MINIMUM_SENTENCE_WORDS

if TYPE_CHECKING:
    from detector.detector import Detector


def measure(extractor: FeatureExtractor, text: str) -> DocumentFeatures:
    return extractor.extract(extractor.read(text))


@pytest.fixture(scope="module")
def extractor(tiny_detector: Detector) -> FeatureExtractor:
    return tiny_detector.extractor


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
# Extracting
# --------------------------------------------------------------------------------------


def test_boilerplate_and_scraps_are_not_judged(
    extractor: FeatureExtractor, person_article: str
) -> None:
    features = measure(extractor, person_article + "\nNobody knows why.\n")
    sentences = features.document.sentences
    assert "boilerplate" in {sentence.kind for sentence in sentences}
    assert "boilerplate" not in {sentences[i].kind for i in features.judged}
    assert sentences[-1].text == "Nobody knows why."
    assert len(sentences) - 1 not in features.judged
    assert MINIMUM_SENTENCE_WORDS == 4


def test_features_have_a_row_for_each_judged_sentence(
    extractor: FeatureExtractor, person_article: str
) -> None:
    features = measure(extractor, person_article)
    assert features.matrix.shape == (len(features.judged), len(FEATURE_COLUMNS))
    assert np.isfinite(features.matrix).all()
    words = [masked.words for masked in features.judged_sentences]
    assert [len(scores) for scores in features.word_scores] == [len(w) for w in words]
    assert features.words == sum(word[0].isalnum() for w in words for word in w)
    np.testing.assert_array_equal(features.summary, summarize(features.matrix))


def test_columns_are_filled_by_their_sources(
    extractor: FeatureExtractor, person_article: str
) -> None:
    features = measure(extractor, person_article)
    masked_sentences = features.judged_sentences
    heads = extractor.heads
    encoded = extractor.encoder.encode(
        [v.words for v in masked_sentences], heads["token_weights"], float(heads["token_bias"][0])
    )
    class_logits = encoded.embeddings @ heads["class_weights"] + heads["class_bias"]
    assert extractor.lexical is not None
    assert extractor.style is not None
    assert extractor.directions is not None
    expected = np.hstack(
        [
            _contrast(class_logits),
            [_summarize_words(scores) for scores in encoded.word_scores],
            _contrast(score_ngrams(masked_sentences, extractor.lexical)),
            _contrast(extractor.style(extractor.measure_style(masked_sentences))),
            extractor.directions(encoded.embeddings),
        ]
    )
    np.testing.assert_array_equal(features.embeddings, encoded.embeddings)
    np.testing.assert_allclose(features.matrix, expected, atol=1e-5)


def test_machine_words_raise_the_lexical_column(
    extractor: FeatureExtractor, person_article: str, machine_article: str
) -> None:
    column = FEATURE_COLUMNS.index("lexical_translated")
    human, machine = (measure(extractor, text) for text in (person_article, machine_article))
    assert machine.matrix[:, column].min() > human.matrix[:, column].max()


@pytest.mark.parametrize("text", ["", "Print", "12 13"])
def test_a_text_without_sentences_has_no_features(extractor: FeatureExtractor, text: str) -> None:
    features = measure(extractor, text)
    assert (features.judged, features.words) == ((), 0)
    assert features.matrix.shape == (0, len(FEATURE_COLUMNS))
    assert not features.summary.any()


def test_columns_of_models_that_are_not_given_are_zero(
    extractor: FeatureExtractor, person_article: str
) -> None:
    bare = FeatureExtractor(extractor.encoder, extractor.heads, extractor.common_words)
    features = measure(bare, person_article)
    assert features.matrix[:, :5].any()
    assert not features.matrix[:, 5:].any()
