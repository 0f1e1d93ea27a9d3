"""Search an index as it was at one moment."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.references.database import COUNTED_TOGETHER, DamagedError
from detector.references.postings import (
    PLACE,
    SCALE,
    Array,
    join_number,
    key_lists,
    unpack_counts,
)
from detector.references.stored_texts import Id, decode_id, decompress_text
from detector.references.vectors import (
    BUCKETS,
    Vector,
    count_leading_words,
    make_vector,
)

# As if so many documents with none of these words were in the index: in a small one, each word
# would otherwise seem common, and the same pair of texts would score otherwise in a large one.
_PRIOR_DOCUMENTS = 1000

# A query reads the posting lists of its most telling words, until either is reached. Four times as
# many postings find no more among a million articles, and take twice the time; half as many lose
# one copy in 500.
_QUERY_WORDS = 128

_QUERY_POSTINGS = 500_000

# So many candidates are compared in full, or some more than are asked for. The posting lists alone
# put 1,511 of 1,516 originals first among 8,869 articles, and the other 5 second.
_COMPARED = 8

_COMPARED_BEYOND = 3

_READ_LISTS = f"SELECT key, documents FROM postings WHERE key IN ({', '.join('?' * _QUERY_WORDS)})"


@dataclass(frozen=True)
class Candidate:
    """A stored document that a text may be a copy of.

    Attributes:
        id: the id it was added with.
        score: cosine of the two texts' vectors, 0 (nothing in common) to 1 (the same words).
        place: file and row it was read from; "" if it was added by hand.
        text: the stored original.
    """

    id: Id
    score: float
    place: str
    text: str


class _Stored(NamedTuple):
    identity: Id
    place: str
    text: str


class Snapshot:
    """What a search needs to have at hand of an index; it does not change.

    Attributes:
        changes: how many times the index had been added to.
        documents: how many it held.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        ((self.changes, self.documents),) = connection.execute(
            "SELECT changes, documents FROM state"
        )
        self._frequencies = np.zeros((BUCKETS // COUNTED_TOGETHER, COUNTED_TOGETHER), np.uint32)
        for chunk, counts in connection.execute("SELECT chunk, counts FROM counts"):
            self._frequencies[chunk] = unpack_counts(counts)
        self._frequencies.shape = (BUCKETS,)
        self._scales = {
            block: np.frombuffer(scales, SCALE)
            for block, scales in connection.execute("SELECT block, scales FROM scales")
        }

    def weigh(self, features: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
        """Inverse document frequency of each feature, at least 0."""
        rarity = (self.documents + _PRIOR_DOCUMENTS) / (self._frequencies[features] + 1.0)
        return np.log(np.maximum(rarity, 1.0))

    def find(
        self, connection: sqlite3.Connection, text: str, k: int, minimum: float
    ) -> list[Candidate]:
        """The k documents nearest to a text.

        Args:
            connection: in a transaction that sees the index as the snapshot has it.
            text: the copy.
            k: how many candidates at most.
            minimum: the least score of a candidate.
        """
        query = make_vector(text)
        numbers = self._choose_candidates(connection, query, max(_COMPARED, k + _COMPARED_BEYOND))
        stored = [_read_document(connection, number) for number in numbers]
        scored = [(self._compare(query, document.text), document) for document in stored]
        scored.sort(key=lambda item: -item[0])
        return [
            Candidate(document.identity, score, document.place, document.text)
            for score, document in scored[:k]
            if score >= minimum
        ]

    def _compare(self, query: Vector, text: str) -> float:
        """Cosine of a text with the query."""
        other = make_vector(text)
        shared, own, others = np.intersect1d(
            query.features, other.features, assume_unique=True, return_indices=True
        )
        product = query.weights[own] * other.weights[others] @ self.weigh(shared) ** 2
        lengths = self._measure(query) * self._measure(other)
        return min(1.0, float(product) / lengths) if lengths else 0.0

    def _measure(self, vector: Vector) -> float:
        """Length of a vector once its features are weighed."""
        return float(np.linalg.norm(vector.weights * self.weigh(vector.features)))

    def _choose_candidates(
        self, connection: sqlite3.Connection, query: Vector, depth: int
    ) -> list[int]:
        """The documents that share the most telling words with the query, best first."""
        words = count_leading_words(query.features)
        features, counts = query.features[:words], query.weights[:words]
        rarity = self.weigh(features)
        order = np.argsort(-rarity * counts, kind="stable")[:_QUERY_WORDS]
        read = np.cumsum(self._frequencies[features[order]], dtype=np.int64)
        order = order[: max(1, int(np.searchsorted(read, _QUERY_POSTINGS)))]
        weights = counts[order] * rarity[order] ** 2
        found: list[tuple[float, int]] = []
        for block, scales in self._scales.items():
            scores = _score_block(connection, key_lists(block, features[order]), weights, scales)
            least = -found[-1][0] if len(found) == depth else 0.0
            best = _take_largest(scores, depth, least)
            found += [(-float(scores[place]), join_number(block, int(place))) for place in best]
            found = sorted(found)[:depth]
        return [number for _, number in found]


def _score_block(
    connection: sqlite3.Connection,
    keys: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    scales: npt.NDArray[np.float32],
) -> npt.NDArray[np.float64]:
    """Summed weights of the words that each document shares, by the root of its length."""
    asked = dict(zip(keys.tolist(), weights.tolist(), strict=True))
    padding = [-1] * (_QUERY_WORDS - len(asked))
    lists = connection.execute(_READ_LISTS, [*asked, *padding]).fetchall()
    if not lists:
        return np.zeros(0)
    lengths = [len(documents) // PLACE.itemsize for _, documents in lists]
    places = np.frombuffer(b"".join(documents for _, documents in lists), PLACE)
    shares = np.repeat([asked[key] for key, _ in lists], lengths)
    scores: Array = np.bincount(places, shares, len(scales))
    if len(scores) > len(scales):
        raise DamagedError("a document beyond the last one")
    scores *= scales
    return scores


def _read_document(connection: sqlite3.Connection, number: int) -> _Stored:
    row = connection.execute(
        "SELECT id, place, text FROM documents WHERE number = ?", (number,)
    ).fetchone()
    if row is None:
        raise DamagedError("a document that is not stored")
    return _Stored(decode_id(row[0]), row[1], decompress_text(row[2]))


def _take_largest(scores: npt.NDArray[np.float64], count: int, least: float) -> Array:
    """Places of the largest scores above the least, in no order."""
    places = np.flatnonzero(scores > least)
    if len(places) > count:
        places = places[np.argpartition(scores[places], -count)[-count:]]
    return places
