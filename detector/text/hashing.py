"""Every hash under which a word or an n-gram stands in a table.

Hashing needs no vocabulary (Weinberger et al. 2009, "Feature hashing for large scale multitask
learning"). Fitted models and indexes on disk hold what stands under these hashes, so not a bit of
one may change; all are the same on every machine.

A CRC-32 spreads words over a table well enough and is the quickest that Python has. Where two words
must not be mistaken for one another (a vocabulary, an id), the hash has 64 bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Literal
from zlib import crc32

import numpy as np
import numpy.typing as npt

#: Many 64-bit hashes at once.
Keys = npt.NDArray[np.uint64]

#: Stands between the words of an n-gram.
NGRAM_JOINT = "\x01"

_PAIR_JOINT = "\x00"

# Odd multipliers of 64 bits with their bits well spread: from the golden ratio, and from xxHash.
_ODD = tuple(np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))


def hash_word(word: str) -> int:
    """The CRC-32 of a word, or of anything else that is one string."""
    return crc32(word.encode())


def hash_encoded_word(word: bytes) -> int:
    """The same number as `hash_word`, of a word that is UTF-8 already."""
    return crc32(word)


def hash_ngram(words: Sequence[str]) -> int:
    """The CRC-32 of neighbouring words, in their order."""
    return hash_word(NGRAM_JOINT.join(words))


def hash_unordered_pair(one: str, other: str) -> int:
    """The CRC-32 of two words, whichever comes first."""
    return hash_word(_PAIR_JOINT.join(sorted((one, other))))


def hash_widely(content: bytes, byteorder: Literal["little", "big"] = "little") -> int:
    """64 bits of BLAKE2b: a number of its own for each content, for all that a crawl can hold."""
    return int.from_bytes(blake2b(content, digest_size=8).digest(), byteorder)


def fold(number: int, buckets: int) -> int:
    """The place of a hash in a table of so many buckets, which is a power of two."""
    return number & (buckets - 1)


def fold_all(strings: Iterable[str], buckets: int) -> set[int]:
    """The places of all strings, by `hash_word`, in a table of so many buckets."""
    last = buckets - 1
    # Thousands in an article: two calls a string would take half as long again.
    return {crc32(string.encode()) & last for string in strings}


def mix_words(words: Keys) -> Keys:
    """A 64-bit key for each word, given by its number."""
    return _mix(_mix(words * _ODD[1] + np.uint64(1)))


def mix_pairs(first: Keys, second: Keys) -> Keys:
    """A 64-bit key for each pair of words, given by their numbers."""
    return _mix(_mix(first * _ODD[0] + np.uint64(1)) + second * _ODD[1])


def mix_triples(first: Keys, second: Keys, third: Keys) -> Keys:
    """A 64-bit key for each three words, given by their numbers."""
    return _mix(mix_pairs(first, second) + third * _ODD[2] + np.uint64(7))


def _mix(keys: Keys) -> Keys:
    return (keys ^ (keys >> np.uint64(31))) * _ODD[0]
