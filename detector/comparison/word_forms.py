"""What makes two words the same, or nearly: form, stem, family."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import Indel

from detector.text.spelling import americanize
from detector.text.word_classes import TRAIT, open_lexicon
from detector.text.word_lists import read_lines, read_words

_FUNCTION_CLASSES = [
    TRAIT[name]
    for name in (
        "definite", "indefinite", "preposition", "particle", "pronoun", "possessive",
        "demonstrative", "auxiliary", "be", "have", "modal", "coordinating", "subordinating",
        "relative", "that", "not", "more", "than",
    )
]  # fmt: skip

_LISTS = read_words("comparison/data/word_forms.txt")

_LIKE_FUNCTION = frozenset(_LISTS["like function words"])

_NUMBER_WORDS = {
    **{word: str(number) for number, word in enumerate(_LISTS["numbers"])},
    **{word: f"{number}0" for number, word in enumerate(_LISTS["tens"], 3)},
    **{word: f"{number}th" for number, word in enumerate(_LISTS["ordinals"], 4)},
}

_TENS = frozenset(("twenty", *_LISTS["tens"]))

_ONES = frozenset(_LISTS["numbers"][1:10])

# Written small, "us" is a pronoun.
_UNITED_STATES = frozenset(("US", "U.S.", "USA", "U.S.A.", "U.S"))

#: An irregular form → its base form.
IRREGULAR = {
    form: forms[0]
    for forms in map(str.split, read_lines("text/data/irregular_forms.txt")["forms"])
    for form in forms
}

_DOUBLED = re.compile(r"([bdgmnprt])\1$")

_VOWEL = re.compile(r"[aeiouy]")

_INFLECTIONS = re.compile(r"(?:ing|ed|ly)$")

_ENDINGS = frozenset(_LISTS["endings"])

_VARIANT_LETTERS = str.maketrans({"y": "i", "j": "i", "w": "v", "z": "s", "q": "k", "c": "k"})

_SAME_WORD = {
    other: words[0]
    for words in map(str.split, read_lines("comparison/data/word_forms.txt")["same word"])
    for other in words[1:]
}

_SEVERAL_WORDS = {
    first: rest.split()
    for first, _, rest in (
        line.partition(" ")
        for line in read_lines("comparison/data/word_forms.txt")["several words"]
    )
}

_MULTIPLES = {
    word: int(number)
    for word, number in map(str.split, read_lines("comparison/data/word_forms.txt")["multiples"])
}

#: As in "$3.4m" and "5k".
_SHORT_MULTIPLE = re.compile(r"(\d+(?:[.,]\d+)*)(k|m|bn)")

_LETTERS_FOR_MULTIPLES = {"k": "thousand", "m": "million", "bn": "billion"}

_CONTRACTIONS = {"n't": "not", "'re": "are", "'ve": "have", "'ll": "will", "'m": "am"}

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

_THOUSANDS = re.compile(r"[.,](?=\d{3}(?!\d))")

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")

_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")

#: What a scanner takes for another letter or for a digit, and apostrophes and hyphens.
_SCANNED = str.maketrans("0i1568", "ollsbb", "'-")


class Form(NamedTuple):
    """What is asked of a word: as written small, without spelling, without inflection."""

    lower: str
    key: str
    stem: str
    is_function: bool
    is_capitalized: bool
    is_number: bool


Forms = Sequence[Form]


@lru_cache(maxsize=1 << 17)
def describe(word: str) -> Form:
    """The `Form` of a word, as it stands in a text."""
    lower = word.lower().replace("’", "'")
    if word in _UNITED_STATES:
        return Form(lower, "usa", "usa", False, True, False)
    key = _make_key(lower)
    lexicon = open_lexicon()
    place = lexicon[lower]
    is_function = lower in _LIKE_FUNCTION or bool(lexicon.traits[place, _FUNCTION_CLASSES].any())
    return Form(
        lower,
        key,
        key if is_function else _find_stem(key, lower.removesuffix("'s").removesuffix("'")),
        is_function,
        word[:1].isupper() and word != "I",
        any(letter.isdigit() for letter in key),
    )


def _make_key(lower: str) -> str:
    """The word without what its spelling could be otherwise: points, hyphens, accents, British."""
    if lower in _NUMBER_WORDS:
        return _NUMBER_WORDS[lower]
    tens, _, ones = lower.partition("-")
    if tens in _TENS and ones in _ONES:  # "forty-three", but no score: "three-two"
        return str(int(_NUMBER_WORDS[tens]) + int(_NUMBER_WORDS[ones]))
    plain = americanize(lower)
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    bare = _NOT_ALPHANUMERIC.sub("", plain)
    return bare or lower


def _find_stem(key: str, lower: str) -> str:
    """The word without its inflection: one stem for "carry", "carries" and "carried".

    Knows irregular verbs, which the cruder stems of an index (`detector.references.vectors`) need
    not; the fitted pair model depends on it.
    """
    irregular = IRREGULAR.get(lower)
    if irregular is not None:
        return irregular
    stem = key[:-1] if key.endswith("s") and not lower.endswith("s") else key
    if len(stem) <= 3 or not stem.isalpha():
        return stem
    if stem.endswith("ies") and len(stem) > 4:
        stem = stem[:-3] + "y"
    elif stem.endswith(("sses", "xes", "ches", "shes", "zes")):
        stem = stem[:-2]
    elif stem.endswith("s") and not stem.endswith(("ss", "us", "is")):
        stem = stem[:-1]
    elif stem.endswith("ied") and len(stem) > 4:
        stem = stem[:-3] + "y"
    match = _INFLECTIONS.search(stem)
    least = 2 if stem.endswith("ing") else 3
    if match and match.start() >= least and _VOWEL.search(stem, 0, match.start()):
        stem = _DOUBLED.sub(r"\1", stem[: match.start()])
    return stem[:-1] if stem.endswith("e") and len(stem) > 3 else stem


@lru_cache(maxsize=1 << 16)
def are_variants(first: str, second: str, names: bool) -> bool:
    """Whether two stems are one word in two spellings, or of one family ("defence", "defensive").

    Where `names` holds, both are capitalised: other alphabets are put into ours in several ways.
    """
    if first.isdigit() or second.isdigit():
        return False
    if names and first[0].translate(_VARIANT_LETTERS) == second[0].translate(_VARIANT_LETTERS):
        plain, other = (name.translate(_VARIANT_LETTERS) for name in (first, second))
        bare, other_bare = (re.sub(r"[aeiouh]", "", name) for name in (plain, other))
        if bare == other_bare and len(bare) > 1:
            return True
        if min(len(plain), len(other)) > 4 and Indel.normalized_similarity(plain, other) >= 0.8:
            return True
    common = next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    if common < 4 or common < 0.5 * max(len(first), len(second)):
        return False
    return all((stem[common:] or "-") in _ENDINGS for stem in (first, second))


def are_written_otherwise(copy: Forms, original: Forms) -> bool:
    """Whether two phrases are the same, in another spelling or format.

    "US" for "U.S.", "colour" for "color", "per cent" for "%", "2 million" for "two million", "is
    not" for "isn't", "cant" for "can't", "c1osure" for "closure".
    """
    return _spell(copy) == _spell(original) or _have_same_letters(copy, original)


def _have_same_letters(copy: Forms, original: Forms) -> bool:
    """Whether two phrases differ in apostrophes alone, or one has digits scanned for its letters.

    Of several words, since one with a digit is cut there: "counci1", "lors".
    """
    one, other = ("".join(form.lower for form in side) for side in (copy, original))
    if one.replace("'", "") == other.replace("'", ""):
        return True
    if bool(_DIGIT.search(one)) == bool(_DIGIT.search(other)):
        return False
    has_letters = _LETTER.search(one) and _LETTER.search(other)
    return bool(has_letters) and one.translate(_SCANNED) == other.translate(_SCANNED)


def _spell(forms: Forms) -> str:
    """A phrase as any outlet would write it, without blanks and marks."""
    parts: list[str] = []
    for word in (part for form in forms for part in _split_contraction(form.lower)):
        multiple = _MULTIPLES.get(word)
        if multiple is None:
            parts.append(_spell_word(word))
            continue
        number = (
            parts.pop() if parts and (parts[-1] == "a" or _NUMBER.fullmatch(parts[-1])) else "1"
        )
        parts.append(_write_number(float(number.replace("a", "1")) * multiple))
    return "".join(parts)


def _split_contraction(lower: str) -> list[str]:
    if lower in _SEVERAL_WORDS:
        return _SEVERAL_WORDS[lower]
    if short := _SHORT_MULTIPLE.fullmatch(lower):
        return [short[1], _LETTERS_FOR_MULTIPLES[short[2]]]
    if "-" in lower and not _make_key(lower).isdigit():  # not "forty-three"
        return [part for part in lower.split("-") if part]
    for ending, word in _CONTRACTIONS.items():
        if lower.endswith(ending) and len(lower) > len(ending):
            return [lower.removesuffix(ending), word]
    return [lower]


def _spell_word(lower: str) -> str:
    number = _THOUSANDS.sub("", lower).replace(",", ".")
    if _NUMBER.fullmatch(lower) and number.count(".") < 2:  # no date, version or address
        return _write_number(float(number))
    if lower in _SAME_WORD:
        return _SAME_WORD[lower]
    bare = lower.removesuffix("'s")
    key = _make_key(bare)
    return _SAME_WORD.get(key, key) + "s" * (bare != lower)


def _write_number(number: float) -> str:
    """A number with all of the digits that a float holds: 1,234,567 is not 1,234,571."""
    return f"{number:.15g}"
