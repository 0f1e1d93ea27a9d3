"""Spans that gave a machine away: memory, model, joining of words, storage."""

from dataclasses import replace

import numpy as np
import pytest

from detector.artifacts import (
    PAIR_BUCKETS,
    WORD_BUCKETS,
    WORD_COLUMNS,
    ArtifactFinder,
    WordMemory,
    WordModel,
    hash_neighbours,
    hash_word,
    may_show,
    measure_words,
    name_kind,
)
from detector.detector import Detector
from detector.evidence import EVIDENCE_COLUMNS
from detector.network import Network
from detector.text import make_view


def make_memory(odd: dict[str, str | None]) -> WordMemory:
    """A memory in which some words are a machine's, with what people write instead."""
    words, pairs = np.zeros(WORD_BUCKETS, np.int8), np.zeros(PAIR_BUCKETS, np.int8)
    for word in odd:
        words[hash_word(word)] = 48
    return WordMemory(words, pairs, {k: v for k, v in odd.items() if v})


def make_model(level: float = 2.0) -> WordModel:
    """A model that shows what the memory says of the word alone."""
    count = len(WORD_COLUMNS)
    weights = np.zeros((count, 1))
    weights[WORD_COLUMNS.index("word_odds")] = 1.0
    network = Network(
        np.zeros(count), np.ones(count), weights, np.zeros(1), np.ones((1, 1)), np.zeros(1)
    )
    return WordModel(network, {"few": level, "many": level / 2})


@pytest.fixture
def finder() -> ArtifactFinder:
    return ArtifactFinder(
        make_memory({"haven": "harbour", "aqueous": None, "tempest": "storm"}), make_model()
    )


def test_spans_stand_in_the_callers_text(
    finder: ArtifactFinder, tiny_detector: Detector, machine_article: str
) -> None:
    text = machine_article.replace("Monday, a", "Monday — a").replace("'", "’")
    (evidence,) = tiny_detector.gatherer.gather([text])
    found = finder.find(text, evidence, 0.0)
    assert {a.text for a in found} == {"haven", "aqueous tempest", "aqueous"}
    assert all(text[a.start : a.end] == a.text for a in found)
    assert [a.start for a in found] == sorted(a.start for a in found)
    assert {a.suggestion for a in found if a.text == "haven"} == {"harbour"}


def test_nothing_is_shown_below_the_level(
    finder: ArtifactFinder, tiny_detector: Detector, machine_article: str
) -> None:
    strict = ArtifactFinder(finder.memory, replace(finder.model, levels={"few": 9.0}))
    (evidence,) = tiny_detector.gatherer.gather([machine_article])
    assert strict.find(machine_article, evidence, 0.0) == ()


def test_a_function_word_between_two_is_taken_along(tiny_detector: Detector) -> None:
    finder = ArtifactFinder(make_memory({"haven": None, "tempest": None}), make_model())
    text = "The old men spoke of the haven of tempest and of nothing else that day."
    (evidence,) = tiny_detector.gatherer.gather([text])
    assert [a.text for a in finder.find(text, evidence, 0.0)] == ["haven of tempest"]


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
    (evidence,) = tiny_detector.gatherer.gather([text])
    assert [(a.text, a.kind) for a in finder.find(text, evidence, 0.0)] == [
        ("nicht", "untranslated word")
    ]


def test_columns_say_what_they_are_called() -> None:
    memory = make_memory({"haven": None})
    memory.pairs[hash_neighbours("the", "haven")] = 16
    view = make_view("the haven closed", frozenset({"the", "haven", "closed"}))
    columns = measure_words(
        memory, view, [0.5, 1.5, -1.0], np.arange(len(EVIDENCE_COLUMNS)), log_odds=0.7
    )
    named = dict(zip(WORD_COLUMNS, columns[1], strict=True))
    assert named["token"] == 1.5
    assert (named["token_before"], named["token_after"]) == (0.5, -1.0)
    assert named["token_rank"] == 1.0
    assert (named["word_odds"], named["left_odds"], named["right_odds"]) == (3.0, 1.0, 0.0)
    assert named["encoder_translated"] == EVIDENCE_COLUMNS.index("encoder_translated")
    assert named["document"] == 0.7
    assert named["is_first"] == 0.0
    assert dict(zip(WORD_COLUMNS, columns[0], strict=True))["is_first"] == 1.0


def test_log_odds_are_smoothed_counts() -> None:
    machine = np.zeros(WORD_BUCKETS), np.ones(PAIR_BUCKETS)
    people = np.ones(WORD_BUCKETS), np.ones(PAIR_BUCKETS)
    machine[0][hash_word("boom")] = 100
    machine[0][hash_word("rare")] = 1
    memory = WordMemory.from_counts(machine, people, {})
    assert memory.find_word("boom") > memory.find_word("rare") > memory.find_word("usual") - 1e-9
    assert memory.find_pair("a", "b") == 0.0


def test_a_model_survives_storage() -> None:
    model = make_model()
    again = WordModel.from_arrays(model.to_arrays())
    columns = np.random.default_rng(1).normal(size=(5, len(WORD_COLUMNS)))
    assert np.array_equal(again.network(columns), model.network(columns))
    assert again.levels == model.levels


def test_a_model_folder_without_artifacts_shows_none(
    tiny_detector: Detector, machine_article: str
) -> None:
    assert tiny_detector.score(machine_article, artifacts="many").artifacts == ()


def test_an_unknown_setting_is_refused(tiny_detector: Detector, machine_article: str) -> None:
    with pytest.raises(ValueError, match=r"must be one of 'few', .*, not 'loud'"):
        tiny_detector.score(machine_article, artifacts="loud")
