"""The features of one document: a matrix of its sentences and its summary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.features.columns import SUMMARY_COLUMNS
from detector.text.document import Document
from detector.text.masking import MaskedSentence

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DocumentFeatures:
    """What is measured of one document.

    Attributes:
        document: what was measured.
        judged: indices of its sentences that are judged: no boilerplate, not too short, no repeats.
        matrix: (judged, columns), one row per judged sentence, columns `FEATURE_COLUMNS`.
        word_scores: for each judged sentence, the token head's log-odds of each masked word.
        words: number of words in judged sentences.
        embeddings: (judged, width), of the judged sentences.
        fingerprint: (2,), what `MachineFingerprint` measured; None where the model was not
            retrained on a machine's texts.
        word_embeddings: for each judged sentence (words, width), of its masked words.
    """

    document: Document
    judged: tuple[int, ...]
    matrix: Floats
    word_scores: tuple[Floats, ...]
    words: int
    embeddings: Floats
    fingerprint: Floats | None = None
    word_embeddings: tuple[Floats, ...] = ()

    @property
    def judged_sentences(self) -> list[MaskedSentence]:
        """The masked sentences that are judged, in the order of `matrix`."""
        return [self.document.masked_sentences[index] for index in self.judged]

    @property
    def embedding(self) -> Floats:
        """The mean (width,) of the judged sentences' embeddings; zeros if there are none."""
        return average_embeddings(self.embeddings)

    @property
    def summary(self) -> Floats:
        """`SUMMARY_COLUMNS` of `matrix`, zeros if nothing is judged; then `fingerprint`, if any."""
        summary = summarize(self.matrix)
        return summary if self.fingerprint is None else np.concatenate([summary, self.fingerprint])


def average_embeddings(embeddings: Floats) -> Floats:
    """The mean (width,) of a document's sentence embeddings (sentences, width)."""
    if not len(embeddings):
        return np.zeros(embeddings.shape[1], dtype=np.float32)
    return np.asarray(embeddings.mean(0), dtype=np.float32)


def summarize(matrix: Floats) -> Floats:
    """`SUMMARY_COLUMNS` of a document's feature matrix (sentences, columns)."""
    if not len(matrix):
        return np.zeros(len(SUMMARY_COLUMNS), dtype=np.float32)
    return np.asarray(matrix.mean(0), dtype=np.float32)
