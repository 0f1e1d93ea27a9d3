"""What is known of a word whatever stands beside it: its classes, its shape, its letters.

The classes are those that the literature on translationese counts; see `detector.features.style`.
"""

from __future__ import annotations

import os
import re
import threading

import numpy as np
import numpy.typing as npt

from detector.text.masking import NAME_PLACEHOLDER
from detector.text.word_lists import read_lines, read_words

# Word caches are emptied beyond this many forms (some 20 MB).
CACHE_LIMIT = 1 << 17

# What is longer is no word; only so much of it is looked at.
LONGEST_WORD = 48

#: Function words of which each has a column of style features, in the columns' order.
FUNCTION_WORDS = read_words("text/data/function_words.txt")["columns"]

_WORD_CLASSES = read_words("text/data/word_classes.txt")

_PARTICIPLES = frozenset(read_words("text/data/irregular_forms.txt")["participles"])

# Closed-class words: what is left of the lower-case words carries the content.
_CLOSED_CLASS = frozenset(FUNCTION_WORDS).union(
    *(words for name, words in _WORD_CLASSES.items() if name not in ("reporting", "clause subject"))
) - {"said", "according"}

_MARKS = {
    "comma": ",",
    "colon": ":",
    "semicolon": ";",
    "dash": "-",
    "opening": "([",
    "closing": ")]",
    "question": "?",
    "exclamation": "!",
    "stop": ".",
}

_NOMINAL = re.compile(r".{3}(?:tion|sion|ment|ness|ity|ance|ence|ism|ship)s?$|.{3}ities$")

_CONTRACTION = re.compile(r"(?:n't|'(?:re|ve|ll|d|m))$|^(?:it|he|she|that|there|what|who|let)'s$")


def is_contraction(lowered: str) -> bool:
    """Whether a word in lower case is contracted from two ("it's", "don't")."""
    return "'" in lowered and bool(_CONTRACTION.search(lowered))


def is_genitive(lowered: str) -> bool:
    """Whether a word in lower case ends in a genitive "'s"."""
    return lowered.endswith("'s") and not is_contraction(lowered)


def _find_shape(form: str) -> dict[str, bool]:
    """What the letters of a form tell; a capital means a name, of which little is asked."""
    lowered = form.lower()
    is_word, is_lower, length = form[:1].isalpha(), form.islower(), len(form)
    is_open = form not in _CLOSED_CLASS
    return {
        "word": is_word,
        "small": form[:1].islower() and form != NAME_PLACEHOLDER,
        "long": is_word and length >= 9,
        "short": is_word and length <= 3,
        "hyphenated": is_word and "-" in form,
        "contraction": is_contraction(lowered),
        "contracted not": form.endswith("n't"),
        "genitive": form.endswith("'s") and is_genitive(lowered),
        "nominalisation": is_lower and bool(_NOMINAL.search(form)),
        "adverb": is_lower and length > 4 and form.endswith("ly"),
        "ing": is_lower and length > 4 and form.endswith("ing") and is_open,
        "opening ing": length > 5 and form.endswith("ing") and lowered not in _CLOSED_CLASS,
        "participle": form in _PARTICIPLES or (length > 4 and form.endswith("ed")),
        "comparative": length > 4 and form.endswith("er") and is_open,
        "content": form[:1].islower() and is_open and form != NAME_PLACEHOLDER,
    }


_SHAPES = tuple(_find_shape(""))

_TRAITS = (*_WORD_CLASSES, *_MARKS, *_SHAPES)

#: The column of each trait in `Lexicon.traits`.
TRAIT = {name: place for place, name in enumerate(_TRAITS)}

_MARKER_PAIRS = read_lines("text/data/markers.txt")

PAIR_KINDS = tuple(_MARKER_PAIRS)

_PAIRS = tuple((*pair.split(), kind) for kind, pairs in _MARKER_PAIRS.items() for pair in pairs)

_PAIR_WORDS = {
    word: number for number, word in enumerate(sorted({w for pair in _PAIRS for w in pair[:2]}), 1)
}

_FUNCTION_NUMBERS = {word: number for number, word in enumerate(FUNCTION_WORDS)}


def _tabulate_pairs() -> npt.NDArray[np.uint8]:
    table = np.zeros((len(_PAIR_WORDS) + 1,) * 2, np.uint8)
    for first, second, kind in _PAIRS:
        table[_PAIR_WORDS[first], _PAIR_WORDS[second]] = PAIR_KINDS.index(kind) + 1
    return table


#: Kind (from 1) of the marker that two words open, by their marker numbers; 0 for no marker.
PAIR_TABLE = _tabulate_pairs()


def _list_classes() -> dict[str, list[int]]:
    members = {**_WORD_CLASSES, **_MARKS}
    classes: dict[str, list[int]] = {}
    for name, words in members.items():
        for word in words:
            classes.setdefault(word, []).append(TRAIT[name])
    return classes


_CLASSES_OF = _list_classes()

#: The columns of `Lexicon.facts`.
TYPE, FUNCTION, LETTERS, MARKER = range(4)


class Lexicon(dict[str, int]):
    """The place of every word form met so far in tables of what is known of it.

    A form is worked out when it is first asked for. Threads may share one lexicon: a form gets
    its place only after its entries are written.

    Attributes:
        traits: (forms, traits), 1 where a form has a trait; columns by `TRAIT`.
        facts: (forms, 4), numbers: of its lower-case form, of its function word (or one more than
            there are), of its letters, and among the words of markers (or 0).
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._types: dict[str, int] = {}
        self.traits = np.zeros((4096, len(_TRAITS)), np.uint8)
        self.facts = np.zeros((4096, 4), np.int64)

    def __missing__(self, form: str) -> int:
        if len(form) > LONGEST_WORD:
            return self[form[:LONGEST_WORD]]
        with self._lock:
            if form not in self:
                if len(self) == len(self.traits):
                    self.traits = np.concatenate([self.traits, np.zeros_like(self.traits)])
                    self.facts = np.concatenate([self.facts, np.zeros_like(self.facts)])
                self._describe(form, len(self))
                self[form] = len(self)
            return self[form]

    def _describe(self, form: str, place: int) -> None:
        lowered = form.lower()
        self.traits[place, _CLASSES_OF.get(lowered, [])] = 1
        self.traits[place, -len(_SHAPES) :] = list(_find_shape(form).values())
        self.facts[place] = (
            self._types.setdefault(lowered, len(self._types)),
            _FUNCTION_NUMBERS.get(lowered, len(FUNCTION_WORDS)),
            len(form),
            _PAIR_WORDS.get(lowered, 0),
        )


_lexicon = Lexicon()


def _unlock_after_fork() -> None:
    """Free the lock that another thread of the parent may have held, which no child has."""
    _lexicon._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_after_fork)


def open_lexicon() -> Lexicon:
    """The shared lexicon; a full one is replaced, and whoever still holds it goes on with it."""
    global _lexicon
    if len(_lexicon) > CACHE_LIMIT:
        _lexicon = Lexicon()
    return _lexicon
