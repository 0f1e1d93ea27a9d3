"""Idioms put into English word for word, and names left as another language spells them.

No model is asked: nobody writes these in English on purpose. The phrasebook itself is two files
of data beside this module.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from detector.text.word_lists import read_pairs

LITERAL_IDIOM, NAME_FORM = "literal idiom", "name form"

#: Words in lower case, as a masked sentence has them → what humans write.
LITERAL_IDIOMS: Mapping[str, str] = read_pairs("spans/data/literal_idioms.tsv")

#: A name as other languages spell it → as English does.
NAME_FORMS: Mapping[str, str] = read_pairs("spans/data/name_forms.tsv")


class PhrasebookEntry(NamedTuple):
    """A literal idiom or a foreign spelling in a sentence.

    Attributes:
        start: offset of its first character in the sentence.
        end: offset behind its last.
        kind: `LITERAL_IDIOM` or `NAME_FORM`.
        suggestion: what humans write.
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
