"""Words are exchanged only where the other fits."""

import random

import pytest

from detector.training.generation.word_exchanges import exchange_words


def see_all(sentence: str) -> set[str]:
    return {exchange_words(sentence, random.Random(seed), 0.7) for seed in range(200)}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It lasted for about 40 days.", {
            "It lasted for around 40 days.", "It lasted for roughly 40 days.",
            "It lasted for some 40 days.",
        }),
        ("Then they hope to buy a boat.", {
            "Then they want to buy a boat.", "Then they hope to purchase a boat.",
            "Then they want to purchase a boat.",
        }),
        ("Rents rose by a third.", {"Rents increased by a third."}),
        ("The police said no.", {"The officers said no."}),
        # A capital is kept at the start, and the article fits the new word.
        ("Companies came.", {"Firms came."}),
        ("It was a fierce day, the film was new.", {"It was a fierce day, the movie was new."}),
        ("An attack on the hill.", {"An assault on the hill."}),
        ("An aircraft was seen.", {"A plane was seen."}),
        ("It was an important match.", {"It was a key match."}),
        ("He left before the final in May.", {"He left ahead of the final in May."}),
        ("He rested after the match in May.", {"He rested following the match in May."}),
        ("The boats, but they sank.", {"The boats, yet they sank."}),
        ("There are several reasons.", {"There are a number of reasons."}),
        ("It shut due to the storm.", {"It shut because of the storm."}),
        ("A resident noted that it shut.", {"A resident said that it shut."}),
        ("The council rejected the offer.", {"The council turned down the offer."}),
        ("She turned down their bid.", {"She rejected their bid."}),
        ("They have two children.", {"They have two kids."}),
        ("Two people were hurt.", {"Two people were injured."}),
        ("Local residents came.", {"Local people came."}),
        # What two lines of the table know of one word is put together.
        ("He was injured.", {"He was hurt.", "He was wounded."}),
    ],
)  # fmt: skip
def test_a_word_is_exchanged_where_its_equal_fits(sentence: str, expected: set[str]) -> None:
    assert see_all(sentence) - {sentence} == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "They will cease to post prices at the end of the month.",
        "Talking about it helps a lot.",
        "She spoke about two lions.",
        "He wrote it before she left.",
        "He appeared before the judge in May.",
        "She looks after the man in the car.",
        "The shot came after the man in the car fired.",
        "The purchase of oil goes on.",
        "They need help, and they will increase in number.",
        "Prices have increased by a tenth.",
        "He rose to power.",
        "It fell from the roof.",
        "Here is what you need to know.",
        "She believes in it as the World Bank does.",
        "A police station is a quiet place.",
        "Because of the storm the ferry sank.",
        "The bridge is due to open in May.",
        "Several of them left.",
        "The past several years were dry.",
        "As many as nine came, and how many left?",
        "It made a firm offer to ship the goods and to film the harbour.",
        "They will probe the rock, photograph it and chance it.",
        "The vessel that carries blood burst.",
        "An informed guess is worth a noted one.",
        "He drew a salary of nothing.",
        "The mayor announced the launch.",
        "From start to finish the hope to win was small.",
        "He will help people find work.",
        "Late last year, it snowed.",
        "They asked whether or not it snowed.",
        "Those that plan ahead win.",
        "At least it was dry.",
        "No more than 50 came.",
        "It was started by a spark, and a car got started.",
        "The area of the triangle is a social worker's concern.",
        "They were in the company of wolves.",
        "It was as difficult as that.",
        "He needs help in needs of tens of sorts.",
        "It rained after the attack killed two.",
        "Soon after the match in May it rained.",
        "It shut days after the storm in May.",
        "She spoke before the hearing, and he spoke before the trial in May.",
        "It took over four banks and over 90s music they argued.",
        "They bought time and will buy him out.",
        "The rejected offer was a good one.",
        "The heating was turned down and a car turned down the lane.",
        "The residents of the third floor want to sleep.",
        "It is due to open, and this is because he left.",
        "He was hurt by the remark.",
        "They live in our country home.",
        "He put it to the vote, she said, and left.",
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
