"""Idioms put into English word for word, and names as other languages spell them."""

import pytest

from detector.spans.phrasebook import LITERAL_IDIOMS, NAME_FORMS, find_in_phrasebook
from detector.text.masking import mask_sentence

COMMON = frozenset(
    "the two men met under four eyes six and were late president had a meeting in it was blue "
    "paint miracle kreml said".split()
)


def list_entries(sentence: str) -> list[tuple[str, str, str]]:
    masked = mask_sentence(sentence, COMMON)
    return [
        (sentence[e.start : e.end], e.kind, e.suggestion)
        for e in find_in_phrasebook(sentence, masked.words, masked.places)
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The two men met under four eyes.", ("under four eyes", "literal idiom", "in private")),
        ("Under four eyes they met.", ("Under four eyes", "literal idiom", "in private")),
        ("President Selenskyj was late.", ("Selenskyj", "name form", "Zelenskyy")),
        ("It was the Kreml's meeting.", ("Kreml", "name form", "Kremlin")),
        ("They met in Nueva York.", ("Nueva York", "name form", "New York")),
        ("The EE.UU. said no.", ("EE.UU", "name form", "US")),
    ],
)
def test_an_entry_is_found_where_it_stands(sentence: str, expected: tuple[str, str, str]) -> None:
    assert list_entries(sentence) == [expected]


@pytest.mark.parametrize(
    "sentence",
    [
        "They met under four bright eyes.",
        "The blue paint was a miracle.",
        "The president had a meeting in Kiev with Zelenskiy.",
        "The Neu-Moskau estate and the Moskauer Platz were late.",
        "He spoke of ungarn and moskau.",
        "The city's only train station closed.",
        "He threw the shotgun in the canal.",
        "The toddler sat in a puddle.",
        "Heavy rain fell from the clouds.",
        "He had a nose full of dust.",
        "Water overflowed the glass.",
        "Florenz Ziegfeld met Kopenhagen Fur in Atenas.",
    ],
)
def test_plain_english_has_none(sentence: str) -> None:
    assert list_entries(sentence) == []


def test_entries_are_written_as_masked_sentences_are() -> None:
    assert all(phrase == phrase.lower() for phrase in LITERAL_IDIOMS)
    assert all(
        mask_sentence(phrase, frozenset(phrase.split())).text == phrase for phrase in LITERAL_IDIOMS
    )
    assert not set(NAME_FORMS) & set(NAME_FORMS.values())
