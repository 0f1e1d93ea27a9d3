"""What a new machine's words and sentences are learnt against: every document's, kept compactly.

A machine that a user brings is known by fifty pairs, and so is what people write, by thousands of
articles. Their texts are not kept: only hashes of each document's words, and the mean of its
sentence embeddings.
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

#: Embeddings are kept in steps of this, a tenth of what the steadiest of them varies by: means of
#: normalised layers, they lie within three of zero.
_STEP = 0.025

_MOST_OF_TWO_BYTES = 1 << 16


@dataclass(frozen=True)
class DocumentFingerprints:
    """Words and embeddings of documents.

    Attributes:
        embeddings: (documents, width), means of their sentence embeddings.
        words: for each document, see `detector.features.ngrams.hash_words`.
    """

    embeddings: Floats
    words: list[Hashes]

    def select(self, rows: npt.NDArray[np.int64]) -> DocumentFingerprints:
        """Those of some documents."""
        return DocumentFingerprints(self.embeddings[rows], [self.words[i] for i in rows])

    def measure(self, fingerprint: MachineFingerprint) -> Floats:
        """(documents, 2), see `MachineFingerprint.measure`."""
        rows = [fingerprint.measure(e, w) for e, w in zip(self.embeddings, self.words, strict=True)]
        return np.array(rows, dtype=np.float32).reshape(-1, 2)

    def round(self) -> DocumentFingerprints:
        """The same as they come back out of a model."""
        return DocumentFingerprints.from_arrays(self.to_arrays())

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Plain arrays, for a model folder; a word is two bytes there, its place among them all."""
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
        """What `to_arrays` gave.

        Raises:
            ValueError, IndexError: the arrays do not fit together.
        """
        sizes = arrays["sizes"]
        if len(sizes) != len(arrays["embeddings"]) or sizes.sum() != len(arrays["words"]):
            raise ValueError("traces of words and of embeddings are not of the same documents")
        flat = arrays["hashes"].astype(np.uint32)[arrays["words"]]
        embeddings = arrays["embeddings"].astype(np.float32) * np.float32(_STEP)
        return cls(embeddings, np.split(flat, np.cumsum(sizes)[:-1])[: len(sizes)])


def join_fingerprints(parts: Sequence[DocumentFingerprints | None]) -> DocumentFingerprints | None:
    """Several collections as one; None where one of them is not known."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None
    if len({part.embeddings.shape[1] for part in known}) > 1:
        return None
    return DocumentFingerprints(
        np.concatenate([part.embeddings for part in known]),
        [w for part in known for w in part.words],
    )
