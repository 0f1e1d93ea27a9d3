"""Texts as sparse vectors of hashed words and character n-grams."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.text.hashing import fold, hash_encoded_word
from detector.text.word_lists import read_words

# Features are hashed: words into one range of numbers, character n-grams into the next.
WORD_BUCKETS = 1 << 22

GRAM_BUCKETS = 1 << 18

BUCKETS = WORD_BUCKETS + GRAM_BUCKETS

NO_FEATURE = np.uint32(0xFFFFFFFF)

_GRAM = 4

_CACHED_WORDS = 1 << 17

_LONGEST_WORD = 40

# Bytes outside ASCII belong to words; the marks among them are blanked beforehand.
_TO_BLANKS = bytes(b if b > 127 or chr(b).isalnum() else 32 for b in range(256))

# Accents, once they are taken apart from their letters, and characters that nobody sees.
_ACCENTS = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff]+")

_MARKS = re.compile(r"[^\w\x00-\x7f]+")

_STOP_WORDS = frozenset(
    word.encode() for word in read_words("text/data/function_words.txt")["unindexed"]
)


@lru_cache(maxsize=_CACHED_WORDS)
def _hash_word(word: bytes) -> npt.NDArray[np.uint32]:
    """Features of a word: its stem's and those of its n-grams; a stop word or letter has none."""
    if word in _STOP_WORDS or len(word) < 2:
        return np.empty(0, np.uint32)
    padded = b" %b " % word
    grams = [padded[i : i + _GRAM] for i in range(len(padded) - _GRAM + 1)]
    hashes = [WORD_BUCKETS + fold(hash_encoded_word(gram), GRAM_BUCKETS) for gram in grams]
    stem = fold(hash_encoded_word(_stem(word)), WORD_BUCKETS)
    return np.array([stem, *hashes], dtype=np.uint32)


def _stem(word: bytes) -> bytes:
    """A word without the commonest endings: "reports", "reported", "reporting" become one.

    Cruder than the comparison's stems, and much quicker; what indexes hold depends on it.
    """
    for ending, shortest, instead in (
        (b"ies", 6, b"y"), (b"ing", 6, b""), (b"ed", 5, b""), (b"es", 5, b""), (b"s", 4, b""),
    ):  # fmt: skip
        if word.endswith(ending) and len(word) >= shortest and not word.endswith(b"ss"):
            return word[: -len(ending)] + instead
    return word


def _split_words(text: str) -> list[bytes]:
    """The words of a text in their order, in small letters, without accents, as UTF-8."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _MARKS.sub(" ", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
    return text.lower().encode().translate(_TO_BLANKS).split()


def list_words(text: str) -> npt.NDArray[np.uint32]:
    """The hashed stems of a text's words in their order, each below `WORD_BUCKETS`.

    Stop words and single letters are left out.
    """
    hashes = [_hash_stem(word[:_LONGEST_WORD]) for word in _split_words(text)]
    return np.array([word for word in hashes if word is not None], np.uint32)


@lru_cache(maxsize=_CACHED_WORDS)
def _hash_stem(word: bytes) -> int | None:
    features = _hash_word(word)
    return int(features[0]) if len(features) else None


def _count_words(text: str) -> Counter[bytes]:
    """How often each word stands in a text, see `_split_words`."""
    counts = Counter(_split_words(text))
    if counts and max(map(len, counts)) > _LONGEST_WORD:
        # A text without blanks, or with an image in it: one such "word" must not cost more.
        return Counter(word[:_LONGEST_WORD] for word in counts.elements())
    return counts


def list_features(text: str) -> npt.NDArray[np.uint32]:
    """The hashed features of a text, each once, in rising order: words, then n-grams."""
    hashes = list(map(_hash_word, _count_words(text)))
    features = np.sort(np.concatenate(hashes)) if hashes else np.empty(0, np.uint32)
    # quicker by far than numpy.unique, which hashes
    return features[np.flatnonzero(np.diff(features, prepend=NO_FEATURE))]


class Vector(NamedTuple):
    """Features of a text as `list_features` has them, with the logarithm of their counts."""

    features: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float64]


def make_vector(text: str) -> Vector:
    """The vector of a text."""
    counts = _count_words(text)
    if not counts:
        return Vector(np.empty(0, np.uint32), np.empty(0))
    hashes = list(map(_hash_word, counts))
    repeats = np.repeat(
        np.fromiter(counts.values(), np.float64, len(counts)),
        np.fromiter(map(len, hashes), np.int64, len(counts)),
    )
    features, places = np.unique(np.concatenate(hashes), return_inverse=True)
    return Vector(features, 1.0 + np.log(np.bincount(places, repeats)))


def count_leading_words(features: npt.NDArray[np.uint32]) -> int:
    """How many of a text's features are words; these come first."""
    return int(np.searchsorted(features, np.uint32(WORD_BUCKETS)))
