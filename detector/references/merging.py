"""Merge segments of about one size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.references.manifest import Entry
from detector.references.segment_writing import (
    SegmentWriter,
    write_grams,
    write_ids,
    write_postings,
)
from detector.references.segments import Array, Segment
from detector.references.vectors import (
    GRAM_BUCKETS,
    WORD_BUCKETS,
    count_leading_words,
    list_features,
)

# Segments of about one size are merged when there are so many of them.
_MERGED_SEGMENTS = 8

_MERGED_POSTINGS = 4_000_000

_COPY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class _Kept:
    """A segment that is merged: which of its documents stay, and their numbers in the new one.

    `numbers` holds -1 for the deleted ones.
    """

    segment: Segment
    kept: npt.NDArray[np.bool_]
    numbers: npt.NDArray[np.int64]

    def take(self, name: str) -> Array:
        """An array's values for the documents that stay."""
        return self.compress(self.segment[name])

    def compress(self, values: Array) -> Array:
        """Values of all documents, less those of the deleted ones."""
        return np.compress(self.kept, values)

    def sizes(self, kind: str) -> npt.NDArray[np.int64]:
        """Bytes of each document's text or record."""
        return np.diff(self.segment[f"{kind}_ends"], prepend=0)[self.kept]

    def copy_bytes(self, kind: str) -> Iterator[Array]:
        """The texts or records that stay, in pieces."""
        ends, content = self.segment[f"{kind}_ends"], self.segment[f"{kind}s"]
        edges = np.flatnonzero(np.diff(self.kept, prepend=False, append=False))
        for first, last in edges.reshape(-1, 2):
            start, stop = (int(ends[first - 1]) if first else 0), int(ends[last - 1])
            for at in range(start, stop, _COPY_BYTES):
                yield content[at : min(at + _COPY_BYTES, stop)]

    def select_keys(self, low: int, high: int) -> npt.NDArray[np.uint64]:
        """Keys of the postings of words from `low` up to `high`, with the new numbers."""
        terms, ends = self.segment["terms"], self.segment["term_ends"]
        first, last = np.searchsorted(terms, np.array([low, high], np.uint32)).tolist()
        start = int(ends[first - 1]) if first else 0
        stops = ends[first:last]
        counts = np.diff(stops, prepend=start)
        numbers = self.numbers[self.segment["postings"][start : start + int(counts.sum())]]
        keys: npt.NDArray[np.uint64] = np.repeat(
            terms[first:last].astype(np.uint64) << np.uint64(32), counts
        )
        stay = numbers >= 0
        return keys[stay] | numbers[stay].astype(np.uint64)


def merge_segments(segments: Sequence[Segment], path: Path) -> Entry:
    """Write one segment that holds the documents of several, less the deleted ones.

    Works through the posting lists by ranges of words, so that memory stays bounded.
    """
    parts: list[_Kept] = []
    documents = 0
    for segment in segments:
        kept = np.ones(segment.entry.documents, bool)
        kept[segment.deleted] = False
        numbers = np.where(kept, documents + np.cumsum(kept) - 1, -1)
        parts.append(_Kept(segment, kept, numbers))
        documents += int(kept.sum())
    with SegmentWriter(path) as writer:
        writer.write("scales", np.float32, (part.take("scales") for part in parts))
        writer.write("digests", np.uint64, (part.take("digests") for part in parts))
        for kind in ("text", "record"):
            ends = np.cumsum(np.concatenate([part.sizes(kind) for part in parts]))
            writer.write(f"{kind}_ends", np.int64, [ends])
            writer.write(f"{kind}s", np.uint8, (p for part in parts for p in part.copy_bytes(kind)))
        write_ids(writer, np.concatenate([_hashes_by_document(part) for part in parts]))
        write_postings(writer, _merge_keys(parts))
        write_grams(writer, sum((_count_grams(part) for part in parts), np.zeros(1, np.uint32)))
        return writer.finish(documents)


def _hashes_by_document(part: _Kept) -> npt.NDArray[np.uint64]:
    hashes = np.empty(len(part.kept), np.uint64)
    hashes[part.segment["id_documents"]] = part.segment["id_hashes"]
    return part.compress(hashes)


def _merge_keys(parts: Sequence[_Kept]) -> Iterator[npt.NDArray[np.uint64]]:
    postings = sum(len(part.segment["postings"]) for part in parts)
    ranges = max(1, math.ceil(postings / _MERGED_POSTINGS))
    bounds = np.linspace(0, WORD_BUCKETS, ranges + 1).astype(np.int64).tolist()
    for low, high in pairwise(bounds):
        keys = np.concatenate([part.select_keys(low, high) for part in parts])
        keys.sort()
        yield keys


def _count_grams(part: _Kept) -> npt.NDArray[np.uint32]:
    """In how many of the documents that stay each n-gram stands."""
    counts = np.zeros(GRAM_BUCKETS, np.uint32)
    counts[part.segment["grams"]] = part.segment["gram_counts"]
    for document in part.segment.deleted:
        features = list_features(part.segment.read_text(int(document)))
        counts[features[count_leading_words(features) :] - WORD_BUCKETS] -= 1
    return counts


def choose_merge(segments: Sequence[Segment]) -> list[Segment]:
    """The segments that should become one: enough of about one size, or one half deleted."""
    tiers: dict[int, list[Segment]] = {}
    for segment in segments:
        documents = segment.entry.documents
        if 2 * len(segment.deleted) > documents:
            return [segment]
        tier = tiers.setdefault(int(math.log(documents, _MERGED_SEGMENTS)), [])
        tier.append(segment)
        if len(tier) == _MERGED_SEGMENTS:
            return tier
    return []
