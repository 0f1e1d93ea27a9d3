"""Search a snapshot of an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.references.manifest import Manifest, ReferenceIndexError, read_manifest
from detector.references.segments import Array, Segment
from detector.references.stored_texts import Id
from detector.references.vectors import (
    BUCKETS,
    WORD_BUCKETS,
    Vector,
    count_leading_words,
    make_vector,
)

# As if so many documents with none of these words were in the index: in a small one, each word
# would otherwise seem common, and the same pair of texts would score otherwise in a large one.
_PRIOR_DOCUMENTS = 1000

# A query reads the posting lists of its most telling words, until either is reached.
_QUERY_WORDS = 128

_QUERY_POSTINGS = 2_000_000

# So many candidates are compared in full, or some more than are asked for. The posting lists alone
# put 1,511 of 1,516 originals first among 8,869 articles, and the other 5 second.
_COMPARED = 8

_COMPARED_BEYOND = 3

_OPEN_ATTEMPTS = 10


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


class Snapshot:
    """An index as one manifest describes it; it does not change."""

    def __init__(self, manifest: Manifest, segments: Sequence[Segment]) -> None:
        self.manifest = manifest
        self.segments = tuple(segments)
        self.documents = sum(segment.entry.documents for segment in segments)

    @cached_property
    def _frequencies(self) -> npt.NDArray[np.uint32]:
        """In how many documents each feature stands; a writer never asks."""
        frequencies = np.zeros(BUCKETS, np.uint32)
        for segment in self.segments:
            sizes = np.diff(segment["term_ends"], prepend=0)
            frequencies[segment["terms"]] += sizes.astype(np.uint32)
            frequencies[WORD_BUCKETS + segment["grams"]] += segment["gram_counts"]
        return frequencies

    @classmethod
    def open(cls, folder: Path, before: Snapshot | None = None) -> Snapshot:
        """The index as it is now; files that `before` has mapped are not mapped again.

        A writer may replace the manifest, and delete what it named, between our two looks.
        """
        manifest = read_manifest(folder)
        for _ in range(_OPEN_ATTEMPTS):
            try:
                return cls(manifest, list(_open_segments(folder, manifest, before)))
            except FileNotFoundError as error:
                missed, manifest = manifest, read_manifest(folder)
                if manifest == missed:
                    raise ReferenceIndexError(
                        f"{error.filename}: missing: the index is damaged, build it anew"
                    ) from error
            except OSError as error:
                raise ReferenceIndexError(
                    f"{error.filename}: cannot be read: {error.strerror}"
                ) from error
        raise ReferenceIndexError(f"{folder}: rewritten faster than it can be opened: try again")

    def weigh(self, features: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
        """Inverse document frequency of each feature, at least 0."""
        rarity = (self.documents + _PRIOR_DOCUMENTS) / (self._frequencies[features] + 1.0)
        return np.log(np.maximum(rarity, 1.0))

    def find(self, text: str, k: int, minimum: float) -> list[Candidate]:
        """The k documents nearest to a text."""
        query = make_vector(text)
        chosen = self._choose_candidates(query, max(_COMPARED, k + _COMPARED_BEYOND))
        texts = [segment.read_text(document) for segment, document in chosen]
        scores = [self._compare(query, text) for text in texts]
        ranked = sorted(range(len(chosen)), key=lambda i: -scores[i])
        candidates = []
        for i in ranked[:k]:
            if scores[i] >= minimum:
                segment, document = chosen[i]
                identity, place = segment.read_record(document)
                candidates.append(Candidate(identity, scores[i], place, texts[i]))
        return candidates

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

    def _choose_candidates(self, query: Vector, depth: int) -> list[tuple[Segment, int]]:
        """The documents that share the most telling words with the query, best first."""
        words = count_leading_words(query.features)
        features, counts = query.features[:words], query.weights[:words]
        rarity = self.weigh(features)
        order = np.argsort(-rarity * counts, kind="stable")[:_QUERY_WORDS]
        read = np.cumsum(self._frequencies[features[order]], dtype=np.int64)
        order = order[: max(1, int(np.searchsorted(read, _QUERY_POSTINGS)))]
        weights = counts[order] * rarity[order] ** 2
        found: list[tuple[float, int, int]] = []
        for number, segment in enumerate(self.segments):
            scores = _score_documents(segment, features[order], weights)
            best = _take_largest(scores, depth)
            found += [(float(scores[d]), number, int(d)) for d in best]
        found.sort(key=lambda item: (-item[0], item[1:]))
        return [(self.segments[number], document) for _, number, document in found[:depth]]


def _open_segments(folder: Path, manifest: Manifest, before: Snapshot | None) -> Iterator[Segment]:
    known = {s.entry.name: s for s in before.segments} if before else {}
    for entry in manifest.entries:
        held = known.get(entry.name)
        if held is None:
            yield Segment(folder, entry)
        else:
            yield held if held.entry == entry else held.with_entry(folder, entry)


def _score_documents(
    segment: Segment, features: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Summed weights of the words that each document shares, by the root of its length."""
    starts, ends = segment.locate_terms(features)
    postings = segment["postings"]
    lists = [postings[a:b] for a, b in zip(starts, ends, strict=True) if a < b]
    if not lists:
        return np.zeros(0)
    numbers, shares = np.concatenate(lists), np.repeat(weights, ends - starts)
    scores: Array = np.bincount(numbers, shares, segment.entry.documents) * segment["scales"]
    scores[segment.deleted] = 0.0
    return scores


def _take_largest(scores: npt.NDArray[np.float64], count: int) -> Array:
    """Places of the largest scores above zero, in no order."""
    if len(scores) > count:
        places = np.argpartition(scores, -count)[-count:]
        return places[scores[places] > 0]
    return np.flatnonzero(scores)
