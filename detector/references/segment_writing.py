"""Write a segment of an index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.io.atomic_files import flush_to_disk
from detector.references.manifest import Entry
from detector.references.segments import Array
from detector.references.stored_texts import Addition, compress_text
from detector.references.vectors import GRAM_BUCKETS, NO_FEATURE, WORD_BUCKETS, count_leading_words

# A new segment is written when either is reached; together they bound a writer's memory.
_SEGMENT_DOCUMENTS = 50_000

_SEGMENT_BYTES = 96 * 1024 * 1024

_ALIGNMENT = 8


class SegmentWriter:
    """Writes a segment's arrays one after the other, each from pieces of any size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("xb")
        self._arrays: dict[str, tuple[str, int, int]] = {}

    def __enter__(self) -> SegmentWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, name: str, dtype: type[np.generic], pieces: Iterable[Array | bytes]) -> None:
        """Write one array."""
        kind = np.dtype(dtype).newbyteorder("<")
        offset = self._stream.tell()
        for piece in pieces:
            values = piece if isinstance(piece, bytes) else np.ascontiguousarray(piece, kind).data
            self._stream.write(values)
        size = self._stream.tell() - offset
        self._stream.write(b"\0" * (-size % _ALIGNMENT))
        self._arrays[name] = (kind.str, offset, size // kind.itemsize)

    def finish(self, documents: int) -> Entry:
        """Bring the file to the disk; its entry for the manifest."""
        flush_to_disk(self._stream)
        return Entry(self._path.name, self._stream.tell(), documents, self._arrays)


def write_ids(writer: SegmentWriter, hashes: npt.NDArray[np.uint64]) -> None:
    """Write the hash of each document's id, in rising order, with the document's number."""
    order = np.argsort(hashes, kind="stable")
    writer.write("id_hashes", np.uint64, [hashes[order]])
    writer.write("id_documents", np.uint32, [order])


def write_postings(writer: SegmentWriter, ranges: Iterable[npt.NDArray[np.uint64]]) -> None:
    """Write posting lists from keys (word in the upper half, document in the lower), sorted."""
    terms: list[Array] = []
    counts: list[Array] = []

    def take_documents() -> Iterator[Array]:
        for keys in ranges:
            words = (keys >> np.uint64(32)).astype(np.uint32)
            starts = np.flatnonzero(np.diff(words, prepend=NO_FEATURE))
            terms.append(words[starts])
            counts.append(np.diff(starts, append=len(words)))
            yield keys.astype(np.uint32)

    writer.write("postings", np.uint32, take_documents())
    writer.write("terms", np.uint32, terms)
    writer.write("term_ends", np.int64, [np.cumsum(np.concatenate([[0], *counts]))[1:]])


def write_grams(writer: SegmentWriter, counts: npt.NDArray[np.uint32]) -> None:
    """Write in how many documents each n-gram stands: `counts` has all of them by number."""
    present = np.flatnonzero(counts)
    writer.write("grams", np.uint32, [present])
    writer.write("gram_counts", np.uint32, [counts[present]])


class Builder:
    """Documents on their way into a new segment, held in memory."""

    def __init__(self) -> None:
        self.deleted: set[int] = set()
        self.bytes = 0
        self._documents: dict[str, int] = {}
        self._id_hashes: list[int] = []
        self._digests: list[int] = []
        self._words: list[npt.NDArray[np.uint32]] = []
        self._texts: list[bytes] = []
        self._records: list[bytes] = []
        self._gram_counts = np.zeros(GRAM_BUCKETS, np.uint32)

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def is_full(self) -> bool:
        """Whether it is time to write the segment."""
        return len(self) >= _SEGMENT_DOCUMENTS or self.bytes >= _SEGMENT_BYTES

    def add(self, item: Addition, features: npt.NDArray[np.uint32]) -> None:
        """Take a document in; one with its id that was taken in before is deleted."""
        if item.encoded_id in self._documents:
            self.deleted.add(self._documents[item.encoded_id])
        self._documents[item.encoded_id] = len(self)
        words = count_leading_words(features)
        self._words.append(features[:words].copy())
        self._gram_counts[features[words:] - WORD_BUCKETS] += 1
        self._id_hashes.append(item.id_hash)
        self._digests.append(item.digest)
        self._records.append(f"[{item.encoded_id}, {json.dumps(item.place)}]".encode())
        self._texts.append(compress_text(item.text))
        self.bytes += len(self._texts[-1]) + len(self._records[-1]) + 12 * words

    def find_digest(self, encoded_id: str) -> int | None:
        """The digest of the text with an id; None if there is none."""
        document = self._documents.get(encoded_id)
        return None if document is None else self._digests[document]

    def write(self, path: Path) -> Entry:
        """Write the segment."""
        lengths = np.fromiter(map(len, self._words), np.uint32, len(self))
        keys = np.concatenate(self._words).astype(np.uint64) << np.uint64(32)
        keys |= np.repeat(np.arange(len(self), dtype=np.uint64), lengths)
        keys.sort()
        with SegmentWriter(path) as writer:
            writer.write("scales", np.float32, [1.0 / np.sqrt(lengths)])
            writer.write("digests", np.uint64, [np.array(self._digests, np.uint64)])
            for kind, contents in (("text", self._texts), ("record", self._records)):
                writer.write(f"{kind}_ends", np.int64, [np.cumsum([len(c) for c in contents])])
                writer.write(f"{kind}s", np.uint8, contents)
            write_ids(writer, np.array(self._id_hashes, np.uint64))
            write_postings(writer, [keys])
            write_grams(writer, self._gram_counts)
            return writer.finish(len(self))
