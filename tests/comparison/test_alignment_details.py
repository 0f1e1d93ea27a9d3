"""An alignment is the same in every process, in the copy's order, and grows with its texts only."""

import os
import subprocess
import sys

import pytest

from detector.comparison import anchors
from detector.comparison.alignment import DescribedText, find_substitutions
from detector.comparison.relation_classifier import name_sense
from detector.comparison.sentence_similarity import SentenceForms, Sentences
from detector.comparison.word_alignment import align_words
from detector.comparison.word_columns import find_moved
from detector.comparison.word_forms import describe
from detector.results import Substitution
from detector.text.document import Document
from detector.text.language import ENGLISH


def read(text: str) -> Document:
    return Document.make(text, frozenset(), language=ENGLISH)


_WORDS = (
    "harbour ferry pilot anchor lantern cargo tariff warden council beacon jetty mooring".split()
)

# Each has half of the words, so that all of them are as like a sentence with all.
_ROTATED = [
    "It was the {}, a {}, some {}, one {}, that {} and the {}.".format(
        *(_WORDS + _WORDS)[place : place + 6]
    )
    for place in range(12)
]


def test_an_alignment_does_not_depend_on_the_seed_of_hashes() -> None:
    code = """
import sys
from detector.comparison.alignment import align
from detector.text.document import Document
print(align(*[Document.make(text, frozenset(), language="en") for text in sys.argv[1:]]))
"""
    copy, original = "It was " + ", the ".join(_WORDS) + ".", " ".join(_ROTATED)
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, copy, original],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "1467"
    }
    assert len(outputs) == 1


def test_of_sentences_that_share_as_much_the_nearest_in_place_are_compared() -> None:
    sentences = [_WORDS[:6]] * 20
    forms = SentenceForms([[describe(word) for word in words] for words in sentences])
    copy = SentenceForms([[describe(word) for word in _WORDS[:5]]] * 20)
    candidates = [j for i, j in Sentences(copy, forms).find_candidates() if i == 10]
    assert sorted(candidates) == [8, 9, 10, 11, 12, 13] or sorted(candidates) == [7, *range(8, 13)]


@pytest.mark.parametrize(
    ("copy", "original"),
    [("sixth-nine", "sixth"), ("three-two", "five"), ("two-one", "three"), ("forty-zero", "forty")],
)
def test_a_score_or_an_ordinal_is_no_number_of_two_words(copy: str, original: str) -> None:
    (_, link, _) = align_words(
        f"They came {copy} in July".split(), f"They came {original} in July".split()
    )
    assert link.kind != "spelling"


def test_tens_and_ones_are_one_number() -> None:
    assert describe("forty-three").key == "43"
    assert describe("twenty-one").key == "21"


def test_substitutions_come_in_the_copys_order() -> None:
    copy = read(
        "Big building police officers said yesterday evening near the river bank house today."
    )
    original = read(
        "Red house collapsed yesterday evening fully near the river bank said police officers "
        "quickly today."
    )
    for first, second in ((copy, original), (original, copy)):
        places = [(s.start, s.end) for s in find_substitutions(first, second)]
        assert len(places) > 3
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        (
            '"I came to the town. I saw the old bridge," he said on Monday. "It fell."',
            "i came to the town i saw the old bridge it fell",
        ),
        (
            'He saw it. "No," she said.\n"I never did. Not once. Nobody did.',
            "no i never did not once nobody did",
        ),
        ('"One," he said.\n"Two. Three.\nFour he kept to himself.', "one two three"),
        ('A 12" pipe burst. It was old. "So what?" said Ann.', "so what"),
        ('She said no." Then they left. "Yes," he said.', "yes"),
    ],
)
def test_a_quotation_goes_on_over_the_end_of_a_sentence(text: str, quoted: str) -> None:
    words = DescribedText.describe(read(text)).words.values()
    found = [
        form.lower
        for of_one in words
        for form, is_quoted in zip(of_one.forms, of_one.quoted, strict=True)
        if is_quoted
    ]
    assert " ".join(found) == quoted


def test_a_table_of_words_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = []
    measured = anchors._find_heaviest

    def note(first, second, is_function):  # type: ignore[no-untyped-def]
        tables.append(len(first) * len(second))
        return measured(first, second, is_function)

    monkeypatch.setattr(anchors, "_find_heaviest", note)
    monkeypatch.setattr(anchors, "_MOST_CELLS", 100)
    letters = [describe(letter * 4) for letter in "bcdfghjklm"]
    moved = [describe(letter * 3) for letter in "npqrstvwxz"]
    anchors.find_anchors(
        [*letters * 4, *moved, *letters[:2] * 10], [*letters[2:4] * 10, *moved, *letters * 4]
    )
    assert max(tables) <= 100


def test_a_moved_phrase_is_measured_once() -> None:
    phrase = [describe(word) for word in "the old stone bridge of the town".split()]
    (moved,) = find_moved(phrase, phrase, [])
    assert (moved.start, moved.end, moved.original_start, moved.original_end) == (0, 7, 0, 7)
    again = [describe("spam")] * 6
    assert [column.end - column.start for column in find_moved(again[:2], again, [])] == [2]


def test_a_sense_is_told_by_whole_words_alone() -> None:
    # What is 120 characters away begins amid a word: "red".
    original = f"A hund{'red men came, and each of them got a':120}card from the office."
    at = original.index("card")
    assert original[at - 120 :].startswith("red men")
    item = Substitution(0, 6, "letter", at, at + 4, "card", "synonym")
    phrases = [describe("letter")], [describe("card")]
    assert name_sense(item, phrases, original) == "synonym"
