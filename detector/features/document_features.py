"""The features of one document: its sentences, a matrix and its summary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.features.columns import SUMMARY_COLUMNS
from detector.text.masking import MaskedSentence
from detector.text.sentences import Sentence

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DocumentFeatures:
    """The evidence of one document.

    Attributes:
        sentences: all its sentences, boilerplate too.
        views: for each, what the evidence was gathered from.
        judged: indices of the sentences that have a say.
        matrix: (judged, columns), one row per judged sentence, columns `FEATURE_COLUMNS`.
        word_scores: for each judged sentence, the token head's log-odds of each word of its view.
        words: number of words in judged sentences.
        embeddings: (judged, width), of the judged sentences.
        learnt: (2,), what `MachineFingerprint` measured; None where the model was taught no machine.
        word_embeddings: for each judged sentence (words, width), of the words of its view.
    """

    sentences: tuple[Sentence, ...]
    masked_sentences: tuple[MaskedSentence, ...]
    judged: tuple[int, ...]
    matrix: Floats
    word_scores: tuple[Floats, ...]
    words: int
    embeddings: Floats
    fingerprint: Floats | None = None
    word_embeddings: tuple[Floats, ...] = ()

    @property
    def embedding(self) -> Floats:
        """The mean (width,) of the judged sentences' embeddings; zeros if there are none."""
        return average_embeddings(self.embeddings)

    @property
    def summary(self) -> Floats:
        """`SUMMARY_COLUMNS` of `matrix`, zeros if nothing has a say; and `learnt`, if known."""
        summary = summarize(self.matrix)
        return summary if self.fingerprint is None else np.concatenate([summary, self.fingerprint])


def average_embeddings(embeddings: Floats) -> Floats:
    """The mean (width,) of a document's sentence embeddings (sentences, width)."""
    if not len(embeddings):
        return np.zeros(embeddings.shape[1], dtype=np.float32)
    return np.asarray(embeddings.mean(0), dtype=np.float32)


def summarize(matrix: Floats) -> Floats:
    """`SUMMARY_COLUMNS` of a document's evidence matrix (sentences, columns)."""
    if not len(matrix):
        return np.zeros(len(SUMMARY_COLUMNS), dtype=np.float32)
    return np.asarray(matrix.mean(0), dtype=np.float32)
