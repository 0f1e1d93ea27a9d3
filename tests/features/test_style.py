"""Style is counted as stated, each row for itself, and what tells the engine is not counted."""

import random
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.features import word_rows
from detector.features.style import STYLE_COLUMNS, measure_style
from detector.text import word_classes
from detector.text.masking import mask_sentence
from detector.text.word_classes import FUNCTION_WORDS
from detector.text.words import tokenize

DOCUMENT = (
    "The harbour board met on Tuesday. It didn't agree on a plan, but its chair said that another "
    "vote would follow soon. However, the fishermen, who have waited for 3 years, were not told. "
    '"We need the quay," one of them said.'
)


def split(*sentences: str) -> list[list[str]]:
    return [tokenize(sentence) for sentence in sentences]


def measure(row: word_rows.Row, column: str) -> float:
    return float(measure_style([row])[0, STYLE_COLUMNS.index(column)])


@pytest.mark.parametrize(
    ("column", "sentence", "expected"),
    [
        ("function:the", "The cat saw the dog.", 2 / 5),
        ("function:it's", "It's a start.", 1 / 3),
        ("punctuation:comma", "Rain, wind, snow.", 2 / 3),
        ("punctuation:opening", "Rain (and wind).", 1 / 3),
        ("length:sentence_mean", "Two of 14 boats sank.", 4),
        ("length:word_mean", "A boat sank.", 3),
        ("length:long_words", "Fishermen sank.", 1 / 2),
        ("length:hyphenated", "A long-term plan.", 1 / 3),
        ("variety:density", "the boats sank in the bay", 3 / 6),
        ("variety:hapax", "the boats sank in the bay", 4 / 6),
        ("variety:content_repetition", "boats pass boats", 1 / 3),
        ("variety:doubled", "they saw the the boats", 1 / 5),
        ("variety:guiraud", "the the the the", 1 / 2),
        ("grammar:definite_share", "the boats, the crew, a storm", 2.5 / 4),
        ("grammar:of_share", "the end of the day", 1.5 / 2),
        ("grammar:of_share", "the city's mayor", 0.5 / 2),
        ("grammar:explicit_that", "She said that he left.", 1.5 / 2),
        ("grammar:explicit_that", "She said he left.", 0.5 / 2),
        ("grammar:explicit_that", "She left.", 0.5),
        ("grammar:contracted_not", "He didn't go.", 1.5 / 2),
        ("grammar:contracted_not", "He did not go.", 0.5 / 2),
        ("grammar:contracted_pronoun", "It's late.", 1.5 / 2),
        ("grammar:contracted_pronoun", "It is late.", 0.5 / 2),
        ("grammar:contractions", "They don't know.", 1 / 3),
        ("grammar:passive", "It was built here.", 1 / 4),
        ("grammar:passive", "It was quickly opened again.", 1 / 5),
        ("grammar:passive", "It was here. Built well", 0),
        ("grammar:progressive", "They are leaving now.", 1 / 4),
        ("grammar:perfect", "They have been here.", 1 / 4),
        ("grammar:more_than", "It is more costly than that.", 1 / 6),
        ("grammar:er_than", "A boat is faster than that.", 1 / 6),
        ("grammar:of_chain", "the end of the work of years", 1 / 7),
        ("grammar:comma_relative", "the crew, which left,", 1 / 4),
        ("grammar:nominalisations", "the construction stopped", 1 / 3),
        ("grammar:genitives", "the city's boats", 1 / 3),
        ("cohesion:additive", "In addition, it rained.", 1 / 4),
        ("cohesion:contrast", "However, it rained.", 1 / 3),
        ("cohesion:contrast", "On the other hand, it rained.", 1 / 6),
        ("cohesion:causal", "It rained. As a result, they left.", 1 / 7),
        ("cohesion:temporal", "It rained at the same time.", 1 / 6),
        ("cohesion:markers", "However, in fact it rained.", 2 / 5),
        ("opening:conjunction", "But it rained.", 1),
        ("opening:marker", "However, it rained.", 1),
        ("opening:early_comma", "On Friday, it rained.", 1),
        ("opening:early_comma", "It rained on all of the boats and crews, too.", 0),
        ("opening:ing_form", "Leaving the quay was hard.", 1),
        ("bounds:small_start", "it rained.", 1),
        ("bounds:unclosed", "Rain stops play", 1),
        ("bounds:unclosed", '"It rained."', 0),
        ("bounds:odd_parenthesis", "It rained (again.", 1),
    ],
)
def test_sentence_is_counted_as_stated(column: str, sentence: str, expected: float) -> None:
    assert measure(tokenize(sentence), column) == pytest.approx(expected)


def test_document_knows_how_its_sentences_spread() -> None:
    row = split("It rained.", "The crew left the old quay early.", "It rained.")
    lengths = np.array([2, 7, 2])
    assert measure(row, "length:sentence_mean") == pytest.approx(lengths.mean())
    assert measure(row, "length:sentence_sd") == pytest.approx(lengths.std())
    assert measure(row, "length:sentence_evenness") == pytest.approx(lengths.std() / lengths.mean())
    assert measure(row, "length:sentence_step") == pytest.approx(5 / lengths.mean())


def test_constructions_do_not_reach_across_sentences() -> None:
    apart = split("She said", "that he left.")
    assert measure(apart, "grammar:explicit_that") == pytest.approx(0.5)
    assert measure([apart[0] + apart[1]], "grammar:explicit_that") == pytest.approx(0.75)


def test_sentence_is_a_document_of_one() -> None:
    words = tokenize(DOCUMENT)
    assert np.array_equal(measure_style([words]), measure_style([[words]]))


def test_names_and_numbers_are_no_vocabulary() -> None:
    plain = measure(tokenize("The mayor met the press."), "variety:guiraud")
    named = measure(tokenize("The mayor Anna Sand of Lund met the 34 press."), "variety:guiraud")
    assert measure(tokenize("Anna Sand, Lund 34"), "variety:guiraud") == 0
    assert named == pytest.approx(5 / np.sqrt(6))
    assert plain == pytest.approx(4 / np.sqrt(5))


def average_windows(words: Sequence[str], window: int) -> float:
    width = min(window, len(words))
    starts = range(len(words) - width + 1)
    return float(np.mean([len(set(words[at : at + width])) / width for at in starts]))


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=60), st.integers(1, 70))
@settings(deadline=None)
def test_moving_average_ratio_is_that_of_its_windows(letters: list[str], window: int) -> None:
    words = [letter * 3 for letter in letters]
    column = STYLE_COLUMNS.index("variety:mattr")
    # A neighbour on each side must not leak into the row.
    values = measure_style([words[::-1], words, ["ddd", "aaa"]], window)[:, column]
    assert values[1] == pytest.approx(average_windows(words, window), rel=1e-5)


word_lists = st.lists(
    st.sampled_from(
        ["the", "of", "Boats", "sail", ",", '"', "(", "3", "don't", "xx", "é", ".", ""]
    ),
    max_size=12,
)
rows = st.lists(st.one_of(word_lists, st.lists(word_lists, max_size=4)), max_size=6)


@given(rows)
@settings(deadline=None)
def test_each_row_counts_for_itself(rows: list[Any]) -> None:
    together = measure_style(rows)
    assert together.shape == (len(rows), len(STYLE_COLUMNS))
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for row, values in zip(rows, together, strict=True):
        assert np.array_equal(measure_style([row])[0], values)


def test_row_without_words_is_neutral() -> None:
    values = measure_style([[], [[]]])
    assert (values == values[0]).all()
    assert {name for name, value in zip(STYLE_COLUMNS, values[0], strict=True) if value} == {
        "grammar:definite_share",
        "grammar:of_share",
        "grammar:explicit_that",
        "grammar:contracted_not",
        "grammar:contracted_pronoun",
    }


def test_batches_and_full_caches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [split(DOCUMENT, f"Boat {n} sailed{'x' * n} again."[: 20 + n]) for n in range(30)]
    expected = measure_style(rows)
    monkeypatch.setattr(word_rows, "_BATCH_WORDS", 7)
    monkeypatch.setattr(word_classes, "CACHE_LIMIT", 10)
    assert np.array_equal(measure_style(rows), expected)


def test_threads_share_one_lexicon(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(3)
    rows = [["w" + str(rng.randrange(9000)) for _ in range(400)] + ["the"] for _ in range(60)]
    expected = measure_style(rows)
    monkeypatch.setattr(word_classes, "_lexicon", word_classes.Lexicon())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: measure_style([row])[0], rows))
    assert np.array_equal(found, expected)


def test_word_of_a_million_letters_is_measured() -> None:
    assert measure(["a" * 1_000_000, "boat"], "length:word_mean") < 50


def test_columns_have_names_of_their_own() -> None:
    assert len(set(STYLE_COLUMNS)) == len(STYLE_COLUMNS)
    assert list(STYLE_COLUMNS[: len(FUNCTION_WORDS)]) == [
        f"function:{word}" for word in FUNCTION_WORDS
    ]
    assert {name.split(":")[0] for name in STYLE_COLUMNS} == {
        "function",
        "punctuation",
        "length",
        "variety",
        "grammar",
        "cohesion",
        "opening",
        "bounds",
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("one string", "list of texts"),
        ([["fine"], "letters"], "row 1 is no text but str"),
        ([["fine"], None], "row 1 is no text but NoneType"),
        ([["fine"], 3.5], "row 1 is no text but float"),
        ([b"bytes"], "row 0 is no text but bytes"),
        ([[["words"], "string"]], "row 0 mixes words with sentences"),
    ],
)
def test_what_is_no_text_is_refused(rows: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        measure_style(rows)


def test_window_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        measure_style([["text"]], window=0)


def masked(sentence: str) -> tuple[str, ...]:
    common = set("the harbour board met on tuesday we need it she said after vote no".split())
    return mask_sentence(sentence, common).words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('"We need it," she said.', "We need it, she said."),
        ('She said: "No vote.', "She said: No vote."),
        ("The board's 'vote' met.", "The board's vote met."),
        ("The Harbour Board met on Tuesday.", "The harbour board met on tuesday."),
        ("After the vote LIND met Asker.", "After the vote Lind met ASKER."),
    ],
)
def test_quotation_marks_and_capitals_are_hidden(one: str, other: str) -> None:
    assert np.array_equal(measure_style([masked(one)]), measure_style([masked(other)]))


def test_no_column_is_named_after_quotation_marks() -> None:
    assert not [name for name in STYLE_COLUMNS if "quot" in name]


def test_scoring_modules_do_without_scikit_learn() -> None:
    script = (
        "import sys; import detector.features.style, detector.features.ngram_language_model; "
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'sklearn', 'scipy'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
