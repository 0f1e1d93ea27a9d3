"""One spelling for British and American words."""

from __future__ import annotations

import re
from functools import lru_cache

from detector.text.word_lists import read_pairs, read_words

_STEMS = {
    kind: "|".join(stems) for kind, stems in read_words("text/data/british_stems.txt").items()
}

_BRITISH_STEMS = re.compile(
    rf"""^(?:
      (?P<our>(?:{_STEMS["our"]})our)(?P<our_rest>\w*)
    | (?P<ise>(?:{_STEMS["ise"]})is)(?P<ise_rest>e|es|ed|ing|er|ers|ation|ations|able)
    | (?P<yse>(?:{_STEMS["yse"]})ys)(?P<yse_rest>e|es|ed|ing)
    | (?P<re>(?:{_STEMS["re"]})re)(?P<re_rest>s?)
    | (?P<ll>{_STEMS["ll"]})l(?P<ll_rest>ed|ing|er|ers|ery)
    | (?P<ence>(?:{_STEMS["ence"]})enc|licenc)e(?P<ence_rest>s?)
    )$""",
    re.VERBOSE,
)

# How many letters of a British stem go, and what stands in their place.
_AMERICAN_ENDINGS = {
    "our": (3, "or"),
    "ise": (1, "z"),
    "yse": (1, "z"),
    "re": (2, "er"),
    "ll": (0, ""),
    "ence": (1, "se"),
}

_BRITISH_WORDS = read_pairs("text/data/british_words.tsv")


@lru_cache(maxsize=65536)
def americanize(word: str) -> str:
    """A word as Americans spell it, for spelling is an outlet's choice and not a machine's.

    "percent" becomes two words, "per cent". A capital at the beginning stays.
    """
    lowered = word.lower()
    plain = _BRITISH_WORDS.get(lowered)
    if plain is None:
        match = _BRITISH_STEMS.match(lowered)
        if match is None:
            return word
        kind = next(kind for kind in _STEMS if match[kind])
        dropped, ending = _AMERICAN_ENDINGS[kind]
        stem = match[kind]
        plain = stem[: len(stem) - dropped] + ending + match[kind + "_rest"]
    return plain.capitalize() if word[:1].isupper() else plain
