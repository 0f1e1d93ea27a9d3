"""Misspelt words are told from rare, British and foreign ones; such texts are not flagged."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from detector import Detector
from detector.reasons import explain_spelling
from detector.text.intake.misspellings import find_misspellings, is_slip

SPUN = Path(__file__).parents[3] / "data/example_articles/spun.txt"
ORIGINAL = SPUN.with_name("original.txt")


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load()


@pytest.mark.parametrize(
    "word",
    ["becouse", "necesary", "untill", "shcool", "beleive", "diferent", "experiance", "recieve"],
)
def test_a_slip_is_misspelt(word: str) -> None:
    assert find_misspellings([f"They were {word} there."]).misspelt == (word,)


@pytest.mark.parametrize(
    "word",
    [
        # rightly spelt here or there
        "colour", "color", "harbour", "organised", "theatre", "travelled", "cognizance",
        "colors", "harbor", "theater", "traveled", "neighbors", "analyze", "enrollment", "tumor",
        # jargon, dialect, borrowed: unknown, and near to nothing frequent
        "kubernetes", "mzungu", "bhangra", "tokenizer", "gendarmerie",
        # names are spelt as people please; short words are near to too many others
        "Jonson", "Smyth", "teh", "wich",
        # not alone
        "well-knwon", "o'clok",
    ],
)  # fmt: skip
def test_what_is_no_slip_is_not(word: str) -> None:
    assert find_misspellings([f"They were {word} there."]).misspelt == ()


def test_words_of_all_sentences_are_counted() -> None:
    found = find_misspellings(["These things happen.", "They happen untill somebody stops them."])
    assert found.misspelt == ("untill",)
    assert found.words == len(["things", "happen", "happen", "untill", "somebody", "stops"])
    assert found.share == pytest.approx(1 / 6)
    assert find_misspellings([]).share == 0.0


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("publised", "published"), ("recieve", "receive"), ("volontary", "voluntary"),
        ("govemment", "government"), ("philos", "philosophy"),
        # of a rarer word, at its head and at its end
        ("potohles", "potholes"), ("bired", "hired"), ("drivc", "drive"),
    ],
)  # fmt: skip
def test_a_word_and_its_slip_are_one_whichever_comes_first(wrong: str, right: str) -> None:
    assert is_slip(wrong, right)
    assert is_slip(right, wrong)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        # both are words, or neither is
        ("reading", "readout"), ("loaned", "leaned"), ("mzungu", "mzunga"), ("house", "house"),
        # a form that nobody uses is a choice
        ("informations", "information"), ("desilted", "desilter"), ("gnoming", "gnomings"),
        # words that the list has not, or has only one of
        ("haddock", "paddock"), ("mutton", "button"), ("ferries", "berries"), ("clinch", "flinch"),
        # another word altogether
        ("kubernetes", "government"), ("", "house"), ("t", "there"),
    ],
)  # fmt: skip
def test_another_word_is_no_slip(word: str, other: str) -> None:
    assert not is_slip(word, other)
    assert not is_slip(other, word)


def misspell(text: str, most: int) -> str:
    """The text with some words without their third letter, a word in ten."""
    words, done = text.split(" "), 0
    for place in range(0, len(words), 10):
        for at in range(place, min(place + 10, len(words))):
            word = words[at]
            short = word[:2] + word[3:]
            if word.isalpha() and done < most and find_misspellings([short]).misspelt:
                words[at], done = short, done + 1
                break
    assert done == most
    return " ".join(words)


def test_what_a_learner_misspells_is_not_flagged(detector: Detector) -> None:
    spun = SPUN.read_text(encoding="utf-8")
    assert detector.score(spun).flagged
    verdict = detector.score(misspell(spun, 9))
    assert not verdict.flagged
    assert verdict.reason_code == "misspelt"
    assert verdict.reason is not None
    assert "9 of " in verdict.reason
    assert verdict.probability is not None
    assert verdict.probability > 0.9, "the probability is still said"


def test_two_slips_are_no_reason(detector: Detector) -> None:
    assert detector.score(misspell(SPUN.read_text(encoding="utf-8"), 2)).flagged


def test_beside_its_original_a_misspelt_copy_is_flagged(detector: Detector) -> None:
    spun, original = (path.read_text(encoding="utf-8") for path in (SPUN, ORIGINAL))
    found = detector.compare(misspell(spun, 9), original)
    assert found.flagged
    assert found.reason is None
    assert found.verdict.reason_code == "misspelt"


def test_each_slip_is_shown_once(detector: Detector) -> None:
    sentence = "He was late becouse of the necesary repairs untill noon. "
    text = " ".join(sentence.replace("noon", f"noon on day {n}") for n in range(8))
    features = detector.extractor.extract(detector.extractor.read(text))
    said = explain_spelling(features)
    assert said is not None
    assert "(“becouse”, “necesary”, “untill”)" in said
    none_judged = dataclasses.replace(features, judged=())
    assert explain_spelling(none_judged) is None


def test_one_word_again_and_again_is_jargon(detector: Detector) -> None:
    text = " ".join(f"Nobody would rebase the branch of day {n}." for n in range(9))
    assert find_misspellings([text]).misspelt == ("rebase",) * 9
    assert explain_spelling(detector.extractor.extract(detector.extractor.read(text))) is None
