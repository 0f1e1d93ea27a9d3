"""Words are exchanged only where the other fits."""

import random

import pytest

from detector.training.generation.word_exchanges import exchange_words


def see_all(sentence: str) -> set[str]:
    return {exchange_words(sentence, random.Random(seed), 0.7) for seed in range(200)}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("He sold about 40 boats.", {
            "He sold around 40 boats.", "He sold roughly 40 boats.", "He sold some 40 boats."
        }),
        ("They hope to buy a boat.", {"They want to purchase a boat."}),
        ("Rents rose by a third.", {"Rents increased by a third."}),
        ("The police said no.", {"The officers said no."}),
        # A capital is kept at the start, and the article fits the new word.
        ("Companies saw an attack on the film.", {"Firms saw an assault on the movie."}),
        ("It was an important match.", {"It was a key match."}),
        ("A key match, an assault on the hill.", {"A key match, an attack on the hill."}),
        ("He read it before the meeting in May.", {"He read it ahead of the meeting in May."}),
    ],
)  # fmt: skip
def test_a_word_is_exchanged_where_its_equal_fits(sentence: str, expected: set[str]) -> None:
    assert expected <= see_all(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "They will cease to post prices at the end of the month.",
        "Talking about it helps a lot.",
        "He wrote it before she left.",
        "The purchase of oil goes on.",
        "They need help, and they will increase in number.",
        "Prices have increased by a tenth.",
        "Here is what you need to know.",
        "She believes in it as the World Bank does.",
        "A police station is a quiet place.",
        "Because of the storm the ferry sank.",
    ],
)
def test_a_word_stays_where_its_equal_does_not_fit(sentence: str) -> None:
    assert see_all(sentence) == {sentence}


def test_the_rate_is_the_share_of_words_that_are_exchanged() -> None:
    sentence = " ".join(["They bought a film."] * 400)
    edited = exchange_words(sentence, random.Random(1), 0.25)
    assert 60 < edited.count("purchased") < 140
    assert exchange_words(sentence, random.Random(1), 0.0) == sentence
    assert exchange_words(sentence, random.Random(1), 1.0).count("purchased a movie") == 400
