"""Candidates share rare words in the same order; nobody looks at all pairs."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from detector.clusters.candidates import CandidateFinder, choose_rare_words
from detector.clusters.words import CrawlWords, encode_words


def write_article(seed: int, words: int = 200) -> str:
    """Common words of a made-up language, with some of the article's own among them."""
    rng = random.Random(seed)
    own = [f"name{seed}x{i}" for i in range(30)]
    common = [f"word{i}" for i in range(400)]
    return " ".join(rng.choice(own if rng.random() < 0.2 else common) for _ in range(words))


def swap(text: str, share: float, seed: int = 0) -> str:
    rng = random.Random(seed)
    return " ".join(f"other{rng.random():.9f}".replace(".", "") if rng.random() < share else word
                    for word in text.split())  # fmt: skip


def shuffle(text: str) -> str:
    words = text.split()
    random.Random(1).shuffle(words)
    return " ".join(words)


def make_finder(texts: list[str], folder: Path) -> CandidateFinder:
    encoded = [encode_words(text) for text in texts]
    return CandidateFinder(CrawlWords(lambda: iter(encoded), folder), folder)


ARTICLES = [write_article(seed) for seed in range(60)]


def test_a_rewriting_finds_its_original_and_nothing_else(tmp_path: Path) -> None:
    finder = make_finder([*ARTICLES, swap(ARTICLES[7], 0.4)], tmp_path)
    assert finder.find(60, 8) == [7]
    assert finder.find(7, 8) == [60]
    assert finder.find(8, 8) == []


def test_half_an_article_finds_the_whole(tmp_path: Path) -> None:
    half = " ".join(ARTICLES[3].split()[:90])
    finder = make_finder([*ARTICLES, half], tmp_path)
    assert finder.find(60, 8) == [3]


def test_the_same_words_in_another_order_are_another_article(tmp_path: Path) -> None:
    finder = make_finder([*ARTICLES, shuffle(ARTICLES[5])], tmp_path)
    assert finder.find(60, 8) == []


def test_no_more_than_k_are_found_the_nearest_first(tmp_path: Path) -> None:
    copies = [swap(ARTICLES[0], share, seed=i) for i, share in enumerate((0.5, 0.1, 0.3, 0.2))]
    finder = make_finder([*ARTICLES, *copies], tmp_path)
    assert finder.find(0, 8) == [61, 63, 62, 60]
    assert finder.find(0, 2) == [61, 63]


@pytest.mark.parametrize("text", ["", "the of and", "one two"])
def test_what_holds_next_to_nothing_finds_nothing(text: str, tmp_path: Path) -> None:
    finder = make_finder([*ARTICLES, text, text], tmp_path)
    assert finder.find(60, 8) == []


def test_a_crawl_without_a_word_can_be_asked(tmp_path: Path) -> None:
    assert make_finder(["", ""], tmp_path).find(0, 8) == []


@pytest.mark.parametrize(
    ("frequencies", "chosen"),
    [
        ([4, 2, 1, 3], [1, 3]),  # no word that is the text's own, and 9 postings are too many
        ([9, 9, 1, 8], [3]),  # all are frequent, and one is asked all the same
        ([1, 1, 1, 1], []),
    ],
)
def test_a_text_asks_its_rarest_words_and_one_at_least(
    frequencies: list[int], chosen: list[int]
) -> None:
    words = np.arange(4, dtype=np.uint32)
    assert choose_rare_words(words, np.array(frequencies), postings=8).tolist() == chosen
