"""Find what in an English text stands in another language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from detector.text.language import ENGLISH_FUNCTION_WORDS, find_foreign_language
from detector.text.sentences import Sentence
from detector.text.words import tokenize

FOREIGN = "foreign"

#: Of a sentence's words: English has 47 in 100, and other languages share a few ("in", "was").
_MOST_ENGLISH = 0.25

#: Of a sentence's words, those with a capital: a list of names is in no language.
_MOST_NAMES = 0.6

#: A shorter one goes with its neighbours: "Oui !"
_FEWEST_WORDS = 4


def set_foreign_apart(
    sentences: Sequence[Sentence],
) -> tuple[tuple[Sentence, ...], tuple[str, ...]]:
    """The sentences, those in another language of kind `FOREIGN`, and a note on these.

    A few foreign sentences in a row are told together: one alone may be too short to tell.
    """
    marked = list(sentences)
    languages: Counter[str] = Counter()
    suspicions = [_may_be_foreign(sentence) for sentence in sentences]
    at = 0
    for suspected, group in groupby(_bridge(suspicions)):
        length = sum(1 for _ in group)
        run = range(at, at + length)
        at += length
        language = _tell_language([sentences[index].text for index in run]) if suspected else None
        if language is not None:
            languages[language] += length
            for index in run:
                marked[index] = replace(sentences[index], kind=FOREIGN)
    if not languages:
        return tuple(sentences), ()
    count, names = languages.total(), ", ".join(languages)
    note = f"foreign passages: {count:,} of {len(sentences):,} sentences left out, {names}"
    return tuple(marked), (note,)


def _may_be_foreign(sentence: Sentence) -> bool | None:
    """Whether a sentence has few English function words; None where it has few words at all."""
    words = [token for token in tokenize(sentence.text) if token[0].isalpha()]
    if len(words) < _FEWEST_WORDS:
        return None
    if sum(word[0].isupper() for word in words) > _MOST_NAMES * len(words):
        return False
    known = sum(word.lower() in ENGLISH_FUNCTION_WORDS for word in words)
    return known < _MOST_ENGLISH * len(words)


def _bridge(suspicions: Sequence[bool | None]) -> list[bool]:
    """Suspicions with a short sentence's being that of both its neighbours."""
    following: list[bool | None] = []
    after = None
    for suspicion in reversed(suspicions):
        after = after if suspicion is None else suspicion
        following.append(after)
    bridged, before = [], False
    for suspicion, after in zip(suspicions, reversed(following), strict=True):
        if suspicion is None:
            # At the end, where no neighbour follows, the one before decides.
            bridged.append(before and after is not False)
        else:
            before = suspicion
            bridged.append(suspicion)
    return bridged


def _tell_language(texts: Sequence[str]) -> str | None:
    """Name of the language of a run of sentences; None where it may be English."""
    return find_foreign_language(" ".join(texts))
