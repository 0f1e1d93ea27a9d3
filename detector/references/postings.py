"""Posting lists: which documents of a block hold a word."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.references.vectors import WORD_BUCKETS

Array = npt.NDArray[Any]

# A document's number is its block's and its place there, which fits 16 bits.
_PLACE_BITS = 16

_WORD_BITS = WORD_BUCKETS.bit_length() - 1

BLOCK_DOCUMENTS = 1 << _PLACE_BITS

#: How a document's place in its block is stored.
PLACE = np.dtype("<u2")

#: How one by the root of a document's length is stored.
SCALE = np.dtype("<f4")

_COUNT = np.dtype("<u4")

# The quickest: what is packed is mostly zeros.
_LEAST_COMPRESSION = 1


@dataclass(frozen=True, eq=False)
class PostingLists:
    """Posting lists in the order of their keys.

    Attributes:
        keys: block and word of each list, as one number.
        ends: where each list ends in `places`.
        places: the documents' places in their blocks, rising within a list.
    """

    keys: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    places: Array

    @property
    def words(self) -> npt.NDArray[np.int64]:
        """The word of each list."""
        return self.keys & (WORD_BUCKETS - 1)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """How many documents each list has."""
        return np.diff(self.ends, prepend=0)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Each key with its documents, as they are stored."""
        content = self.places.tobytes()
        start = 0
        stops = (self.ends * PLACE.itemsize).tolist()
        for key, stop in zip(self.keys.tolist(), stops, strict=True):
            yield key, content[start:stop]
            start = stop

    @classmethod
    def of(cls, documents: Mapping[int, npt.NDArray[np.uint32]]) -> PostingLists:
        """The lists of documents, given by number with their words."""
        if not documents:
            empty = np.empty(0, np.int64)
            return cls(empty, empty, np.empty(0, PLACE))
        lengths = [len(words) for words in documents.values()]
        numbers = np.repeat(np.fromiter(documents, np.int64, len(documents)), lengths)
        keys = numbers >> _PLACE_BITS << _WORD_BITS
        keys |= np.concatenate(list(documents.values()))
        keys <<= _PLACE_BITS
        keys |= numbers & (BLOCK_DOCUMENTS - 1)
        keys.sort()
        lists = keys >> _PLACE_BITS
        ends = np.flatnonzero(np.diff(lists, append=-1)) + 1
        return cls(lists[ends - 1], ends, (keys & (BLOCK_DOCUMENTS - 1)).astype(PLACE))


def key_lists(block: int, words: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """The keys of the lists of words in a block."""
    return (block << _WORD_BITS) | words.astype(np.int64)


def split_number(number: int) -> tuple[int, int]:
    """Block and place of a document."""
    return divmod(number, BLOCK_DOCUMENTS)


def join_number(block: int, place: int) -> int:
    """The number of a document."""
    return block * BLOCK_DOCUMENTS + place


def pack_counts(counts: Array) -> bytes:
    """Counts as they are stored."""
    return zlib.compress(counts.astype(_COUNT).tobytes(), _LEAST_COMPRESSION)


def unpack_counts(content: bytes) -> npt.NDArray[np.uint32]:
    """The counts that `pack_counts` was given."""
    return np.frombuffer(zlib.decompress(content), _COUNT)
