"""A segment of an index, mapped from disk."""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.references.manifest import Entry, ReferenceIndexError
from detector.references.stored_texts import Id

Array = npt.NDArray[Any]


class Segment:
    """Some of an index's documents: one file, mapped into memory, and what is deleted of it.

    Arrays, for each document: `scales` (one by the root of its length), `text_ends` and
    `record_ends` in the bytes of `texts` (zlib) and `records` (JSON: id, place), `digests` of the
    text. `id_hashes`, in rising order, and `id_documents` find an id. `terms` are the words in
    rising order, whose documents lie in `postings` up to `term_ends`; `grams` and `gram_counts`
    tell in how many documents an n-gram stands.
    """

    def __init__(self, folder: Path, entry: Entry) -> None:
        self.entry = entry
        self._path = folder / entry.name
        content = _map_file(self._path, entry.bytes)
        self.arrays: dict[str, Array] = {
            name: np.ndarray((length,), dtype, content, offset)
            for name, (dtype, offset, length) in entry.arrays.items()
        }
        self.deleted = _read_deleted(folder, entry)

    def with_entry(self, folder: Path, entry: Entry) -> Segment:
        """The same file with the deletions of another entry."""
        other = object.__new__(Segment)
        other.entry, other._path, other.arrays = entry, self._path, self.arrays
        other.deleted = _read_deleted(folder, entry)
        return other

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def read_text(self, document: int) -> str:
        """The text of a document."""
        content = zlib.decompress(self._cut("text", document))
        return content.decode("utf-8", "surrogatepass")

    def read_record(self, document: int) -> tuple[Id, str]:
        """Id and place of a document."""
        identity, place = json.loads(self._cut("record", document))
        return identity, place

    def _cut(self, kind: str, document: int) -> bytes:
        ends = self.arrays[f"{kind}_ends"]
        start = int(ends[document - 1]) if document else 0
        return self.arrays[f"{kind}s"][start : int(ends[document])].tobytes()

    def find_id(self, encoded: str, hashed: int) -> Iterator[int]:
        """The documents that were added with an id; all but one of them are deleted, or all."""
        hashes = self.arrays["id_hashes"]
        at = int(np.searchsorted(hashes, np.uint64(hashed)))
        while at < len(hashes) and hashes[at] == hashed:
            document = int(self.arrays["id_documents"][at])
            if json.dumps(self.read_record(document)[0]) == encoded:
                yield document
            at += 1

    def locate_terms(
        self, features: npt.NDArray[np.uint32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where the postings of each feature start and end; nowhere for an unknown one."""
        terms, ends = self.arrays["terms"], self.arrays["term_ends"]
        if not len(terms):
            return np.zeros(len(features), np.int64), np.zeros(len(features), np.int64)
        at = np.minimum(np.searchsorted(terms, features), len(terms) - 1)
        known = terms[at] == features
        starts = np.where(at > 0, ends[np.maximum(at - 1, 0)], 0)
        return np.where(known, starts, 0), np.where(known, ends[at], 0)


def _map_file(path: Path, size: int) -> mmap.mmap | bytes:
    with path.open("rb") as stream:
        found = os.fstat(stream.fileno()).st_size
        if found != size:
            raise ReferenceIndexError(
                f"{path}: damaged or half written, {found:,} bytes where {size:,} are meant: "
                "build the index anew"
            )
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if size else b""


def _read_deleted(folder: Path, entry: Entry) -> npt.NDArray[np.uint32]:
    if not entry.deleted_name:
        return np.empty(0, np.uint32)
    content = _map_file(folder / entry.deleted_name, 4 * entry.deleted)
    return np.frombuffer(content, np.uint32)
