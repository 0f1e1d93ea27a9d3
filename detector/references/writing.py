"""Add documents to an index, and replace them."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict

import numpy as np
import numpy.typing as npt

from detector.references.database import COUNTED_TOGETHER, DamagedError
from detector.references.postings import (
    BLOCK_DOCUMENTS,
    PLACE,
    SCALE,
    PostingLists,
    pack_counts,
    split_number,
    unpack_counts,
)
from detector.references.stored_texts import (
    Addition,
    RefusedError,
    compress_text,
    decompress_text,
)
from detector.references.vectors import (
    GRAM_BUCKETS,
    WORD_BUCKETS,
    count_leading_words,
    list_features,
)

# Posting lists are written when so many entries are held in memory, which bounds it.
_HELD_POSTINGS = 8_000_000

_ADD_DOCUMENT = "INSERT INTO documents VALUES (?, ?, ?, ?, ?)"

_EXTEND_LIST = """
INSERT INTO postings VALUES (?, ?)
ON CONFLICT DO UPDATE SET documents = CAST(documents || excluded.documents AS BLOB)
"""


class Writer:
    """One writer's changes, inside a transaction of the database.

    Texts are stored at once. Posting lists are held until there are enough of them.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        ((self._documents, self._next_number),) = connection.execute(
            "SELECT documents, next_number FROM state"
        )
        self._fresh: dict[int, npt.NDArray[np.uint32]] = {}
        self._gone: dict[int, npt.NDArray[np.uint32]] = {}
        self._held = 0
        self._grams = np.zeros(GRAM_BUCKETS, np.int64)
        self.counts: Counter[str] = Counter()

    def add(self, item: Addition) -> None:
        """Take a document in.

        Raises:
            RefusedError: it holds nothing to find it by.
        """
        stored = self._connection.execute(
            "SELECT number, digest FROM documents WHERE id = ?", (item.encoded_id,)
        ).fetchone()
        if stored is not None and stored[1] == item.digest:
            self.counts["unchanged"] += 1
            return
        features = list_features(item.text)
        if not len(features):
            raise RefusedError("empty: no words to find it by")
        if stored is not None:
            self._remove(stored[0])
        self.counts["added" if stored is None else "replaced"] += 1
        self._store(item, features)
        if self._held >= _HELD_POSTINGS or self._next_number % BLOCK_DOCUMENTS == 0:
            self._flush()

    def _store(self, item: Addition, features: npt.NDArray[np.uint32]) -> None:
        number = self._next_number
        self._connection.execute(
            _ADD_DOCUMENT,
            (number, item.encoded_id, item.digest, item.place, compress_text(item.text)),
        )
        self._fresh[number] = self._count(features, 1)
        self._next_number += 1

    def _remove(self, number: int) -> None:
        content = self._read("SELECT text FROM documents WHERE number = ?", number)
        assert content is not None  # the caller has just seen the row
        self._connection.execute("DELETE FROM documents WHERE number = ?", (number,))
        words = self._count(list_features(decompress_text(content)), -1)
        if self._fresh.pop(number, None) is None:
            self._gone[number] = words

    def _count(self, features: npt.NDArray[np.uint32], change: int) -> npt.NDArray[np.uint32]:
        """Count the n-grams among a document's features; its words, which are held."""
        words = count_leading_words(features)
        self._grams[features[words:] - WORD_BUCKETS] += change
        self._documents += change
        self._held += words
        return features[:words].copy()

    def finish(self) -> None:
        """Write what is held; nothing is changed where nothing was added."""
        self._flush()
        if self.counts["added"] or self.counts["replaced"]:
            self._connection.execute(
                "UPDATE state SET changes = changes + 1, documents = ?, next_number = ?",
                (self._documents, self._next_number),
            )

    def _flush(self) -> None:
        if not self._fresh and not self._gone:
            return
        fresh, gone = PostingLists.of(self._fresh), PostingLists.of(self._gone)
        self._connection.executemany(_EXTEND_LIST, fresh)
        for key, places in gone:
            self._shorten_list(key, np.frombuffer(places, PLACE))
        grams = np.flatnonzero(self._grams)
        self._change_counts(
            np.concatenate([fresh.words, gone.words, WORD_BUCKETS + grams]),
            np.concatenate([fresh.lengths, -gone.lengths, self._grams[grams]]),
        )
        self._change_scales()
        self._fresh, self._gone, self._held = {}, {}, 0
        self._grams[:] = 0

    def _shorten_list(self, key: int, gone: npt.NDArray[np.uint16]) -> None:
        content = self._read("SELECT documents FROM postings WHERE key = ?", key)
        if content is None:
            raise DamagedError("a posting list that is missing")
        kept = np.setdiff1d(np.frombuffer(content, PLACE), gone, assume_unique=True)
        if len(kept):
            self._connection.execute(
                "UPDATE postings SET documents = ? WHERE key = ?", (kept.tobytes(), key)
            )
        else:
            self._connection.execute("DELETE FROM postings WHERE key = ?", (key,))

    def _change_counts(
        self, features: npt.NDArray[np.int64], changes: npt.NDArray[np.int64]
    ) -> None:
        order = np.argsort(features, kind="stable")
        features, changes = features[order], changes[order]
        chunks = features // COUNTED_TOGETHER
        starts = np.flatnonzero(np.diff(chunks, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], len(chunks)], strict=True):
            chunk = int(chunks[start])
            places = features[start:stop] % COUNTED_TOGETHER
            counts = np.bincount(places, changes[start:stop], COUNTED_TOGETHER)
            stored = self._read("SELECT counts FROM counts WHERE chunk = ?", chunk)
            if stored is not None:
                counts += unpack_counts(stored)
            self._connection.execute(
                "INSERT OR REPLACE INTO counts VALUES (?, ?)", (chunk, pack_counts(counts))
            )

    def _change_scales(self) -> None:
        changes: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        for documents in (self._gone, self._fresh):
            for number, words in documents.items():
                block, place = split_number(number)
                scale = 0.0 if documents is self._gone else 1.0 / np.sqrt(len(words))
                changes[block].append((place, scale))
        for block, changed in changes.items():
            places, fresh = zip(*changed, strict=True)
            stored = np.frombuffer(
                self._read("SELECT scales FROM scales WHERE block = ?", block) or b"", SCALE
            )
            scales = np.zeros(max(1 + max(places), len(stored)), SCALE)
            scales[: len(stored)] = stored
            scales[list(places)] = fresh
            self._connection.execute(
                "INSERT OR REPLACE INTO scales VALUES (?, ?)", (block, scales.tobytes())
            )

    def _read(self, query: str, key: int) -> bytes | None:
        row = self._connection.execute(query, (key,)).fetchone()
        return None if row is None else row[0]
