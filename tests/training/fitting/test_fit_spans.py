"""What machines put and people do not, counted, fitted and measured."""

from dataclasses import replace

import numpy as np
import pytest

from detector.comparison.pair_features import PairFeatures
from detector.detector import Detector
from detector.features.document_features import DocumentFeatures
from detector.spans.finder import ArtifactFinder
from detector.spans.word_features import WORD_COLUMNS
from detector.training.corpora.labelled_pairs import LabelledPair, label_pair
from detector.training.fitting.spans import (
    WORDS_PER_SPAN,
    choose_balance,
    choose_levels,
    count_cooccurrences,
    count_machine_words,
    find_swapped,
    fit_word_model,
    judge_words,
    mark_spans,
    mark_traces,
    measure_spans,
    summarize_spans,
)
from detector.training.generation.spinner import SpunText, Swap

COMMON = frozenset(
    "the harbour haven boats came back into before a storm tempest began men".split()
)
ORIGINAL = "The boats came back into the harbour before the storm began and the men went home."
COPY = "The boats came back into the haven before the tempest began and the men went home."


@pytest.fixture(scope="module")
def pairs() -> list[LabelledPair]:
    return [label_pair(ORIGINAL, COPY, "spun", COMMON) for _ in range(6)]


@pytest.fixture(scope="module")
def features(tiny_detector: Detector) -> PairFeatures:
    extractor = tiny_detector.extractor
    copy, original = (extractor.extract(extractor.read(text)) for text in (COPY, ORIGINAL))
    return PairFeatures.measure(copy, original, 0.0, 0.0)


def test_a_machines_words_have_high_log_odds(pairs: list[LabelledPair]) -> None:
    memory = count_machine_words(pairs)
    assert memory.find_word("haven") > memory.find_word("boats")
    assert memory.find_pair("the", "haven") > memory.find_pair("the", "boats")


def test_a_name_is_not_suggested() -> None:
    named = label_pair(
        "The boats came back into Lindholm before the storm.",
        "The boats came back into haven before the storm.",
        "spun",
        COMMON,
    )
    assert count_machine_words([named] * 6).suggestions == {}


def test_what_people_write_is_suggested(pairs: list[LabelledPair]) -> None:
    assert count_machine_words(pairs).suggestions == {"haven": "harbor", "tempest": "storm"}
    assert count_machine_words(pairs[:2]).suggestions == {}


def test_an_uncounted_kind_gives_suggestions_alone(pairs: list[LabelledPair]) -> None:
    memory = count_machine_words(pairs, kinds=("translated",))
    assert memory.find_word("haven") <= memory.find_word("nowhere")
    assert memory.suggestions == {"haven": "harbor", "tempest": "storm"}


def test_people_are_counted_once_a_sentence(pairs: list[LabelledPair]) -> None:
    usage = count_cooccurrences(pair.original for pair in pairs)
    once = count_cooccurrences([pairs[0].original])
    assert usage.words == once.words
    assert np.array_equal(usage.table, once.table)
    assert usage.measure([["boats"]])[0, 0] == pytest.approx(np.log(2), abs=1 / 32)


SPUN = SpunText(
    "The boats came back into the safe haven before the tempest began.",
    (Swap(29, 39, "harbour", "safe haven"), Swap(51, 58, "storm", "tempest")),
)


@pytest.mark.parametrize(
    ("copy", "swapped"),
    [
        (SPUN.text, ["safe haven", "tempest"]),
        ("The boats came back into the safe", ["safe"]),
        ("Before the tempest began.", ["tempest"]),
        ("The old boats came back into the safe haven, before the gale began.", ["safe haven"]),
        ("Nothing of this was kept there.", []),
    ],
    ids=["whole", "cut", "its end", "edited", "another text"],
)
def test_what_a_spinner_put_is_found_again(copy: str, swapped: list[str]) -> None:
    assert [SPUN.text[s.start : s.end] for s in SPUN.substitutions] == ["safe haven", "tempest"]
    assert [copy[start:end] for start, end in find_swapped(copy, SPUN)] == swapped


def test_words_in_a_span_are_marked(features: PairFeatures) -> None:
    words = features.copy_words
    marks = mark_spans(words, [(words.starts[2], words.ends[3])])
    assert [i for i, mark in enumerate(marks) if mark] == [2, 3]
    assert not any(mark_spans(words, []))


def test_traces_are_the_words_that_were_put(features: PairFeatures) -> None:
    marks = mark_traces(features)
    words = features.copy_words
    marked = {COPY[words.starts[i] : words.ends[i]] for i, mark in enumerate(marks) if mark == 1.0}
    assert marked == {"haven", "tempest"}


def _lean(features: DocumentFeatures, far: float) -> DocumentFeatures:
    """The same evidence of a document that is of another kind."""
    return replace(features, matrix=features.matrix + np.float32(far))


def test_a_model_learns_the_marked_words(
    features: PairFeatures, pairs: list[LabelledPair], tiny_detector: Detector
) -> None:
    memory = count_machine_words(pairs)
    clean = [0.0] * len(features.original_words.starts)
    human = judge_words(memory, [(features.original, 0.0, clean)] * 300)
    marks = mark_traces(features)
    spinner = np.where(np.array(marks) == 1.0, 0.0, marks)  # it marks another word
    spinner[np.flatnonzero(spinner == 0.0)[0]] = 1.0
    translated = judge_words(memory, [(features.copy, 0.0, marks)] * 300)
    spun = judge_words(memory, [(_lean(features.copy, 5.0), 0.0, spinner.tolist())] * 300)
    assert translated.columns.shape == (len(translated.labels), len(WORD_COLUMNS))
    width = tiny_detector.extractor.encoder.width
    assert translated.embeddings.shape == (len(translated.labels), width)
    model = fit_word_model(human, translated, spun, seed=1)
    words = human.join(translated).join(spun)
    assert len(words.summaries) == 900
    assert words.document[-1] == 899
    scores = model.score(words.columns, words.embeddings, words.summaries[words.document])
    assert scores[words.labels == 1].min() > scores[words.labels == 0].max()
    finder = ArtifactFinder(memory, model)
    fitted = choose_levels(finder, [(features.original, 0.0)])
    assert set(fitted.levels) == set(WORDS_PER_SPAN)
    chosen = ArtifactFinder(memory, fitted)
    assert chosen.find(features.original, 0.0) == ()
    shown = " ".join(a.text for a in chosen.find(features.copy, 0.0))
    assert "haven" in shown
    assert "tempest" in shown
    balance = choose_balance(model, words)
    assert ((scores >= balance) == (words.labels == 1)).all()


def test_spans_are_measured_by_characters() -> None:
    counts = [measure_spans([(0, 4), (2, 6)], [(4, 8)]), measure_spans([], [(0, 2)])]
    assert counts[0] == {"shared": 2, "shown": 6, "gold": 4}
    figures = summarize_spans(counts)
    assert figures["precision"] == pytest.approx(2 / 6)
    assert figures["recall"] == pytest.approx(2 / 6)
    assert figures["f1"] == pytest.approx(4 / 12)


def test_nothing_shown_has_no_precision() -> None:
    assert summarize_spans([measure_spans([], [(0, 2)])])["precision"] is None


def test_left_out_words_are_not_judged(features: PairFeatures, pairs: list[LabelledPair]) -> None:
    memory = count_machine_words(pairs)
    marks = np.full(len(features.copy_words.starts), np.nan)
    marks[0] = 1.0
    assert len(judge_words(memory, [(features.copy, 0.0, marks.tolist())]).labels) == 1
