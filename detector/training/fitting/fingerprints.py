"""Fingerprints of documents, against which that of a new machine is fitted.

A user's machine is known by fifty pairs, and human writing by thousands of articles. We keep none
of their texts: only hashes of each document's words, and the mean of its sentence embeddings, in a
byte each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.model.adapter import MachineFingerprint

Floats = npt.NDArray[np.float32]

Hashes = npt.NDArray[np.uint32]

#: A byte counts steps of this, a tenth of the least standard deviation of a column; embeddings are
#: means of normalised layers and lie within three of zero.
_STEP = 0.025

_MOST_OF_TWO_BYTES = 1 << 16


@dataclass(frozen=True)
class DocumentFingerprints:
    """Hashed words and mean embeddings of documents.

    Attributes:
        embeddings: (documents, width), means of their sentence embeddings.
        words: for each document, see `detector.features.ngrams.hash_words`.
    """

    embeddings: Floats
    words: list[Hashes]

    def select(self, rows: npt.NDArray[np.int64]) -> DocumentFingerprints:
        """The fingerprints of some documents, by their rows (n,)."""
        return DocumentFingerprints(self.embeddings[rows], [self.words[i] for i in rows])

    def measure(self, fingerprint: MachineFingerprint) -> Floats:
        """(documents, 2), see `MachineFingerprint.measure`."""
        rows = [fingerprint.measure(e, w) for e, w in zip(self.embeddings, self.words, strict=True)]
        return np.array(rows, dtype=np.float32).reshape(-1, 2)

    def round(self) -> DocumentFingerprints:
        """The same as they come back out of a replay folder."""
        return DocumentFingerprints.from_arrays(self.to_arrays())

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads; a word is two bytes there, its place among all words."""
        steps = np.clip(np.rint(self.embeddings / _STEP), -127, 127)
        hashes, places = np.unique(self.flat_words, return_inverse=True)
        return {
            "embeddings": steps.astype(np.int8),
            "hashes": hashes,
            "words": places.astype(np.uint16 if len(hashes) <= _MOST_OF_TWO_BYTES else np.uint32),
            "sizes": np.array([len(w) for w in self.words], dtype=np.int32),
        }

    @property
    def flat_words(self) -> Hashes:
        """The words of all documents, one document after the other."""
        return np.concatenate([*self.words, np.zeros(0, dtype=np.uint32)])

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> DocumentFingerprints:
        """The fingerprints that a replay folder holds.

        Raises:
            ValueError, IndexError: the arrays do not fit together.
        """
        sizes = arrays["sizes"]
        if len(sizes) != len(arrays["embeddings"]) or sizes.sum() != len(arrays["words"]):
            raise ValueError("words and embeddings are not of the same documents")
        flat = arrays["hashes"].astype(np.uint32)[arrays["words"]]
        embeddings = arrays["embeddings"].astype(np.float32) * np.float32(_STEP)
        return cls(embeddings, np.split(flat, np.cumsum(sizes)[:-1])[: len(sizes)])


def join_fingerprints(parts: Sequence[DocumentFingerprints | None]) -> DocumentFingerprints | None:
    """Several collections as one; None where one is missing, or of another encoder's width."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None
    if len({part.embeddings.shape[1] for part in known}) > 1:
        return None
    return DocumentFingerprints(
        np.concatenate([part.embeddings for part in known]),
        [w for part in known for w in part.words],
    )
