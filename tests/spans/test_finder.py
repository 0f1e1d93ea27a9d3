"""Spans that gave a machine away: memory, model, joining of words, storage."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from span_models import make_memory, make_model

from detector.detector import Detector
from detector.features.columns import FEATURE_COLUMNS, SUMMARY_COLUMNS
from detector.features.document_features import DocumentFeatures
from detector.model.bundle import Bundle
from detector.model.mlp import MultilayerPerceptron
from detector.spans.co_occurrence import CooccurrenceCounts
from detector.spans.finder import ArtifactFinder, may_show
from detector.spans.word_features import WORD_COLUMNS, measure_words, name_kind
from detector.spans.word_memory import (
    PAIR_BUCKETS,
    WORD_BUCKETS,
    WordMemory,
    locate_neighbours,
    locate_word,
)
from detector.spans.word_model import WordModel
from detector.text.document import Document
from detector.text.language import ENGLISH


def read(detector: Detector, text: str) -> DocumentFeatures:
    return detector.extractor.extract(detector.extractor.read(text))


@pytest.fixture
def finder() -> ArtifactFinder:
    return ArtifactFinder(
        make_memory({"haven": "harbour", "aqueous": None, "tempest": "storm"}), make_model()
    )


def test_spans_stand_in_the_callers_text(
    finder: ArtifactFinder, tiny_detector: Detector, machine_article: str
) -> None:
    text = machine_article.replace("Monday, a", "Monday — a").replace("'", "’")
    features = read(tiny_detector, text)
    found = finder.find(features, 0.0)
    assert {a.text for a in found} == {"haven", "aqueous tempest", "aqueous"}
    assert all(text[a.start : a.end] == a.text for a in found)
    assert [a.start for a in found] == sorted(a.start for a in found)
    assert {a.suggestion for a in found if a.text == "haven"} == {"harbour"}


def test_a_word_can_be_judged_by_its_embedding(
    tiny_detector: Detector, machine_article: str
) -> None:
    features = read(tiny_detector, machine_article)
    words = [word for masked in features.judged_sentences for word in masked.words]
    embeddings = np.concatenate(features.word_embeddings)
    assert embeddings.shape == (len(words), tiny_detector.extractor.encoder.width)
    count = len(WORD_COLUMNS) + embeddings.shape[1]
    weights = np.zeros((count, 1), np.float32)
    weights[len(WORD_COLUMNS) + 3] = 2.0
    bias = np.full(1, 50.0, np.float32)  # no unit is out
    network = MultilayerPerceptron(
        np.zeros(count, np.float32), np.ones(count, np.float32), weights, bias,
        np.ones((1, 2), np.float32), np.repeat(-bias, 2),
    )  # fmt: skip
    lean = np.zeros(len(SUMMARY_COLUMNS) + 1)
    finder = ArtifactFinder(make_memory({}), WordModel(network, {"few": 0.0}, lean))
    scores = np.concatenate(finder.score_words(features, 0.0))
    shown = np.array([may_show(word) for word in words])
    expected = 2.0 * np.clip(embeddings[:, 3], -6, 6)
    np.testing.assert_allclose(scores[shown], expected[shown], atol=1e-4)
    assert np.isnan(scores[~shown]).all()


def test_two_answers_are_weighed_by_the_kind_of_the_document() -> None:
    count = len(WORD_COLUMNS) + 4
    network = MultilayerPerceptron(
        np.zeros(count), np.ones(count), np.zeros((count, 1)), np.ones(1),
        np.array([[2.0, -3.0]]), np.zeros(2),
    )  # fmt: skip
    lean = np.zeros(len(SUMMARY_COLUMNS) + 1)
    lean[1], lean[-1] = 2.0, -1.0
    model = WordModel(network, {"few": 0.0}, lean)
    summaries = np.zeros((3, len(SUMMARY_COLUMNS) + 2), np.float32)  # what was taught comes after
    summaries[:, 1] = [0.5, 60.0, -60.0]
    columns = np.zeros((3, len(WORD_COLUMNS)))
    scores = model.score(columns, np.zeros((3, 4)), summaries)
    chances = 1 / (1 + np.exp([-2.0, 3.0]))
    least = 1 / (1 + np.exp(0.85))  # of the spinner's judge, which is never unheard
    mixed = [chances.mean(), (1 - least) * chances[0] + least * chances[1]]
    even, mostly_first = np.log(mixed) - np.log1p(-np.array(mixed))
    np.testing.assert_allclose(scores, [even, -3.0, mostly_first], atol=1e-9)
    again = WordModel.from_arrays(model.to_arrays())
    alone = again.score(columns[:1], np.zeros((1, 4)), summaries[0])
    np.testing.assert_array_equal(alone, scores[:1])


def test_nothing_is_shown_below_the_level(
    finder: ArtifactFinder, tiny_detector: Detector, machine_article: str
) -> None:
    strict = ArtifactFinder(finder.memory, replace(finder.model, levels={"few": 9.0}))
    features = read(tiny_detector, machine_article)
    assert strict.find(features, 0.0) == ()


def test_a_function_word_between_two_is_not_taken_along(tiny_detector: Detector) -> None:
    finder = ArtifactFinder(make_memory({"haven": None, "tempest": None}), make_model())
    text = "The old men spoke of the haven of tempest and of nothing else that day."
    features = read(tiny_detector, text)
    assert [a.text for a in finder.find(features, 0.0)] == ["haven", "tempest"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["on", "the"], "article or preposition"),
        (["had", "been"], "tense"),
        (["nicht"], "untranslated word"),
        (["boom"], "unidiomatic word choice"),
        (["pour"], "unidiomatic word choice"),
        (["jest"], "unidiomatic word choice"),
        (["of", "boom"], "unidiomatic word choice"),
        (["make", "decision"], "collocation"),
    ],
)
def test_kinds(words: list[str], kind: str) -> None:
    assert name_kind(words) == kind


@pytest.mark.parametrize(
    ("word", "shown"), [("boom", True), ("xx", False), ("0", False), ("-", False), ('"', False)]
)
def test_names_numbers_and_marks_are_never_shown(word: str, shown: bool) -> None:
    assert may_show(word) is shown


def test_a_foreign_word_is_shown_whatever_the_model_says(tiny_detector: Detector) -> None:
    finder = ArtifactFinder(make_memory({}), make_model())
    text = "The men stood beside the pier nicht and waited for the boats to come back in."
    features = read(tiny_detector, text)
    assert [(a.text, a.kind) for a in finder.find(features, 0.0)] == [
        ("nicht", "untranslated word")
    ]


@pytest.fixture
def measured(tiny_detector: Detector, machine_article: str) -> DocumentFeatures:
    return read(tiny_detector, machine_article)


def make_features(measured: DocumentFeatures, *sentences: str) -> DocumentFeatures:
    """Features of sentences whose words score 0, 1, 2 ... along the document."""
    document = Document.make("\n\n".join(sentences), {*" ".join(sentences).split()}, ENGLISH)
    assert len(document.sentences) == len(sentences)
    sizes = [len(masked.words) for masked in document.masked_sentences]
    matrix = np.arange(len(sentences) * len(FEATURE_COLUMNS), dtype=np.float32)
    scores = np.arange(sum(sizes), dtype=np.float32)
    return replace(
        measured,
        document=document,
        judged=tuple(range(len(sentences))),
        matrix=matrix.reshape(len(sentences), -1),
        word_scores=tuple(np.split(scores, np.cumsum(sizes)[:-1])),
        words=sum(sizes),
        word_embeddings=tuple(np.zeros((size, 16), np.float32) for size in sizes),
    )


def name_columns(measured: DocumentFeatures, *sentences: str) -> list[dict[str, float]]:
    """The columns of each word, by name, beside a memory and counts that know some of them."""
    memory = make_memory({"haven": None})
    memory.pairs[locate_neighbours("the", "haven")] = 16
    counts = CooccurrenceCounts.count([["the", "harbour", "closed"]] * 3)
    columns = measure_words(memory, counts, make_features(measured, *sentences), log_odds=0.7)
    return [dict(zip(WORD_COLUMNS, row, strict=True)) for row in columns]


def test_literal_idioms_and_foreign_names_are_shown_whatever_the_model_says(
    tiny_detector: Detector,
) -> None:
    finder = ArtifactFinder(make_memory({"four": None}), make_model())
    text = "The men from Moskau met the owner  under four eyes beside the old pier on Monday."
    features = read(tiny_detector, text)
    found = finder.find(features, 0.0)
    assert [(a.text, a.kind, a.suggestion) for a in found] == [
        ("Moskau", "name form", "Moscow"),
        ("under four eyes", "literal idiom", "in private"),
    ]
    assert all(text[a.start : a.end] == a.text for a in found)


def test_columns_say_what_they_are_called(measured: DocumentFeatures) -> None:
    first, named, last = name_columns(measured, "the haven closed")
    assert (named["token_before"], named["token"], named["token_after"]) == (0.0, 1.0, 2.0)
    assert (named["token_rank"], last["token_rank"]) == (0.5, 1.0)
    assert (named["sentence_token"], named["sentence_top"]) == (1.0, 2.0)
    assert (named["word_odds"], named["left_odds"], named["right_odds"]) == (3.0, 1.0, 0.0)
    assert (last["odds_before"], first["odds_after"], last["sentence_odds"]) == (3.0, 3.0, 1.0)
    assert named["encoder_translated"] == FEATURE_COLUMNS.index("encoder_translated")
    assert named["document"] == 0.7
    assert [word["is_first"] for word in (first, named, last)] == [1.0, 0.0, 0.0]
    assert [word["is_function"] for word in (first, named, last)] == [1.0, 0.0, 0.0]
    assert [word["place"] for word in (first, named, last)] == [0.0, 0.5, 1.0]
    assert first["count"] == pytest.approx(np.log(4), abs=0.04)
    assert named["count"] == 0.0


def test_neighbours_end_with_their_sentence(measured: DocumentFeatures) -> None:
    words = name_columns(measured, "the haven closed", "the boats left")
    assert words[3]["token_before"] == 0.0
    assert words[2]["token_after"] == 0.0
    assert words[3]["odds_before"] == 0.0
    assert words[3]["count_before"] == words[0]["count_before"]


def test_a_document_says_how_a_word_stands_out_in_it(measured: DocumentFeatures) -> None:
    words = name_columns(measured, "the haven closed", "the boats left")
    assert words[0]["repeated"] == pytest.approx(np.log(2))
    assert words[1]["repeated"] == 0.0
    assert [word["document_rank"] for word in words] == pytest.approx(np.arange(6) / 5)


def test_log_odds_are_smoothed_counts() -> None:
    machine = np.zeros(WORD_BUCKETS), np.ones(PAIR_BUCKETS)
    human = np.ones(WORD_BUCKETS), np.ones(PAIR_BUCKETS)
    machine[0][locate_word("boom")] = 100
    machine[0][locate_word("rare")] = 1
    memory = WordMemory.from_counts(machine, human, {})
    assert memory.find_word("boom") > memory.find_word("rare") > memory.find_word("usual") - 1e-9
    assert memory.find_pair("a", "b") == 0.0


def test_a_model_survives_storage() -> None:
    model = make_model()
    again = WordModel.from_arrays(model.to_arrays())
    columns = np.random.default_rng(1).normal(size=(5, len(WORD_COLUMNS)))
    words = columns, np.zeros((5, 16)), np.zeros(len(SUMMARY_COLUMNS))
    assert np.array_equal(again.score(*words), model.score(*words))
    assert again.levels == model.levels


def test_a_finder_survives_storage(
    finder: ArtifactFinder, tmp_path: Path, tiny_detector: Detector, machine_article: str
) -> None:
    counts = CooccurrenceCounts.count([["the", "harbour", "closed"]])
    finder = ArtifactFinder(finder.memory, finder.model, counts)
    folder = tmp_path / "model"
    write_bundle(folder, finder.to_parts(), name="tiny", seed=1, corpora={}, thresholds={})
    again = ArtifactFinder.from_bundle(Bundle.open(folder))
    assert again is not None
    assert again.counts.words == counts.words
    assert np.array_equal(again.counts.table, counts.table)
    features = read(tiny_detector, machine_article)
    found = finder.find(features, 0.0)
    assert found
    assert again.find(features, 0.0) == found


def test_a_text_without_a_whole_sentence_shows_none(
    finder: ArtifactFinder, measured: DocumentFeatures
) -> None:
    features = replace(measured, judged=(), word_scores=())
    assert finder.find(features, 0.0) == ()


def test_a_model_folder_without_artifacts_shows_none(
    tiny_detector: Detector, machine_article: str
) -> None:
    assert tiny_detector.score(machine_article, artifacts="many").artifacts == ()


def test_an_unknown_setting_is_refused(tiny_detector: Detector, machine_article: str) -> None:
    with pytest.raises(ValueError, match=r"must be one of 'few', .*, not 'loud'"):
        tiny_detector.score(machine_article, artifacts="loud")
