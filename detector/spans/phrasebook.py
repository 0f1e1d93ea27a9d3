"""Idioms put into English word for word, and names left as another language spells them.

No model is asked: nobody writes these in English on purpose. What an English newspaper, a club or
a bank is also called ("München", "Tokio Hotel", "Banque Bruxelles") is not listed, nor is any
spelling that an English style guide allows ("Kiev", "Zelenskiy").
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

LITERAL_IDIOM, NAME_FORM = "literal idiom", "name form"

LITERAL_IDIOMS: Mapping[str, str] = {
    # German
    "under four eyes": "in private",
    "under six eyes": "among the three of them",
    "the nose full of it": "had enough of it",
    "understand only train station": "not understand a word",
    "understood only train station": "did not understand a word",
    "the shotgun into the grain": "in the towel",
    "pressing our thumbs": "keeping our fingers crossed",
    "pressing the thumbs": "keeping fingers crossed",
    "press our thumbs": "keep our fingers crossed",
    "press the thumbs": "keep fingers crossed",
    "pressed the thumbs": "kept fingers crossed",
    "where the shoe presses": "where the shoe pinches",
    "blue miracle": "nasty surprise",
    "tomatoes on the eyes": "blinkers on",
    "tomatoes on their eyes": "blinkers on",
    "tomatoes on his eyes": "blinkers on",
    "the cat in the sack": "a pig in a poke",
    "all cups in the cupboard": "all his marbles",
    "nails with heads": "a proper job of it",
    "leave the church in the village": "keep things in proportion",
    "leaves the church in the village": "keeps things in proportion",
    "like a red thread": "as a common thread",
    "their mustard to it": "their two cents",
    "his mustard to it": "his two cents",
    "her mustard to it": "her two cents",
    "to the general amazement of all": "to everyone's amazement",
    # French
    "an eye of the head": "an arm and a leg",
    "the eyes of the head": "an arm and a leg",
    "the skin of the buttocks": "an arm and a leg",
    "rains ropes": "is pouring",
    "raining ropes": "pouring",
    "the grass under the feet": "the ground from under",
    "have the cockroach": "feel low",
    "has the cockroach": "feels low",
    # Spanish
    "an eye of the face": "an arm and a leg",
    "no hairs on the tongue": "no inhibitions",
    "hairs on his tongue": "qualms about plain words",
    "hairs on her tongue": "qualms about plain words",
    "hairs on their tongues": "qualms about plain words",
    "between the sword and the wall": "between a rock and a hard place",
    "cast the house out of the window": "spared no expense",
    "threw the house out the window": "spared no expense",
    # Russian
    "noodles on the ears": "wool over the eyes",
    "noodles on our ears": "wool over our eyes",
    "noodles on their ears": "wool over their eyes",
    "a bear's service": "a disservice",
    "a bearish service": "a disservice",
    "on seven winds": "in the open",
}
"""Words in lower case, as they stand in a text → what people write."""

NAME_FORMS: Mapping[str, str] = {
    "Alemania": "Germany",
    "Allemagne": "Germany",
    "Athènes": "Athens",
    "Belgrad": "Belgrade",
    "Bruselas": "Brussels",
    "Brüssel": "Brussels",
    "Bucarest": "Bucharest",
    "Bukarest": "Bucharest",
    "Charkiw": "Kharkiv",
    "Charkow": "Kharkiv",
    "Chodorkowski": "Khodorkovsky",
    "Chruschtschow": "Khrushchev",
    "Cisjordania": "West Bank",
    "Copenhague": "Copenhagen",
    "Damaskus": "Damascus",
    "Donezk": "Donetsk",
    "EE.UU": "US",
    "EEUU": "US",
    "Estados Unidos": "United States",
    "Estrasburgo": "Strasbourg",
    "Eltsine": "Yeltsin",
    "Frankreich": "France",
    "Gazastreifen": "Gaza Strip",
    "Gorbatschow": "Gorbachev",
    "Griechenland": "Greece",
    "Jelzin": "Yeltsin",
    "Kairo": "Cairo",
    "Kiew": "Kyiv",
    "Kreml": "Kremlin",
    "Lawrow": "Lavrov",
    "Lissabon": "Lisbon",
    "Londra": "London",
    "Londres": "London",
    "Loukachenko": "Lukashenko",
    "Lukaschenko": "Lukashenko",
    "Medwedew": "Medvedev",
    "Moscou": "Moscow",
    "Moscú": "Moscow",
    "Moskau": "Moscow",
    "Mossul": "Mosul",
    "Nawalny": "Navalny",
    "Nueva York": "New York",
    "OTAN": "NATO",
    "Rumänien": "Romania",
    "Rusia": "Russia",
    "Russie": "Russia",
    "Russland": "Russia",
    "Schoigu": "Shoigu",
    "Selenskij": "Zelenskyy",
    "Selenskyj": "Zelenskyy",
    "Sewastopol": "Sevastopol",
    "Straßburg": "Strasbourg",
    "Tschernobyl": "Chernobyl",
    "Tschetschenien": "Chechnya",
    "Türkei": "Turkey",
    "Ucrania": "Ukraine",
    "Ungarn": "Hungary",
    "Varsovie": "Warsaw",
    "Venedig": "Venice",
    "Vereinigte Staaten": "United States",
    "Warschau": "Warsaw",
    "Weißrussland": "Belarus",
    "Westjordanland": "West Bank",
    "États-Unis": "United States",
}
"""A name as other languages spell it → as English does."""


class PhrasebookEntry(NamedTuple):
    """A literal idiom or a foreign spelling in a sentence.

    Attributes:
        start: offset of its first character in the sentence.
        end: offset behind its last.
        kind: `LITERAL_IDIOM` or `NAME_FORM`.
        suggestion: what people write.
    """

    start: int
    end: int
    kind: str
    suggestion: str


_NAME = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, NAME_FORMS))})(?![\w-])")


def _index_idioms() -> Mapping[str, Sequence[tuple[tuple[str, ...], str]]]:
    index: defaultdict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for phrase, suggestion in LITERAL_IDIOMS.items():
        words = tuple(phrase.split())
        index[words[0]].append((words, suggestion))
    return dict(index)


_IDIOMS = _index_idioms()


def find_in_phrasebook(
    sentence: str, words: Sequence[str], places: Sequence[tuple[int, int]]
) -> Iterator[PhrasebookEntry]:
    """Literal idioms and foreign spellings in a sentence.

    Args:
        sentence: normalised, see `detector.text.sentences.Sentence`.
        words: of the sentence, see `detector.text.masking.MaskedSentence`.
        places: where they stand in it.
    """
    lowered = [word.lower() for word in words]
    for at, word in enumerate(lowered):
        for phrase, suggestion in _IDIOMS.get(word, ()):
            end = at + len(phrase)
            if tuple(lowered[at:end]) == phrase:
                yield PhrasebookEntry(places[at][0], places[end - 1][1], LITERAL_IDIOM, suggestion)
    for match in _NAME.finditer(sentence):
        yield PhrasebookEntry(match.start(), match.end(), NAME_FORM, NAME_FORMS[match.group()])
