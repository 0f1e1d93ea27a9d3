"""Measure each sentence of a document in named columns.

Three sources measure a sentence, each in log-odds of "translated" and of "spun" against native
English and of a machine's translation against a professional's: the tuned encoder (by the
sentence's embedding and by its words), a linear model of word and character n-grams, and a linear
model of style counts and of an n-gram language model's measures. Discriminants that were fitted on
whole documents measure the embedding a second time. A document's summary is the mean of its
sentences' columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from detector.features.columns import CONTRASTS, FEATURE_COLUMNS
from detector.features.document_features import DocumentFeatures, average_embeddings
from detector.features.encoder import EncodedSentences, SentenceEncoder
from detector.features.ngrams import hash_words, score_ngrams
from detector.model import parts
from detector.model.adapter import MachineFingerprint
from detector.model.classes import SENTENCE_CLASSES
from detector.model.linear import LinearScorer
from detector.text.document import Document, is_judged
from detector.text.language import ENGLISH
from detector.text.masking import MaskedSentence

if TYPE_CHECKING:
    from detector.model.bundle import Bundle


Floats = npt.NDArray[np.float32]

#: Share of a sentence's words whose token scores make up `words_top`.
_TOP_SHARE = 0.15


class FeatureExtractor:
    """Everything that measures sentences: encoder and heads, linear models, language model.

    The columns of a model that is not given are 0.

    Args:
        encoder: the tuned encoder.
        heads: its class head (``class_*``) and token head (``token_*``).
        common_words: words (in lower case) that are usually written small, see
            `detector.text.masking.mask_sentence`.
        lexical: over hashed n-grams, one output for each of `SENTENCE_CLASSES`.
        style: over style counts and the language model's measures, likewise.
        language_model: an n-gram language model of human news.
        directions: over embeddings, one output for each of `DIRECTIONS`.
        fingerprint: measures the machine that a model was retrained on, if it was.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        heads: dict[str, npt.NDArray[Any]],
        common_words: frozenset[str],
        lexical: LinearScorer | None = None,
        style: LinearScorer | None = None,
        language_model: Any = None,
        directions: LinearScorer | None = None,
        fingerprint: MachineFingerprint | None = None,
    ) -> None:
        self.encoder = encoder
        self.heads = heads
        self.common_words = common_words
        self.lexical = lexical
        self.style = style
        self.language_model = language_model
        self.directions = directions
        self.fingerprint = fingerprint
        self._class_head = LinearScorer.from_arrays(heads, "class")

    @classmethod
    def from_bundle(cls, bundle: Bundle, threads: int | None = None) -> FeatureExtractor:
        """The extractor that a model folder holds."""
        from detector.features.ngram_language_model import NgramLanguageModel

        arrays = bundle.read_arrays(parts.FEATURES)
        fingerprint = None
        if parts.FINGERPRINT in bundle.manifest.files:
            fingerprint = MachineFingerprint.from_arrays(bundle.read_arrays(parts.FINGERPRINT))
        return cls(
            SentenceEncoder(bundle.path(parts.ENCODER), threads),
            {k: v for k, v in arrays.items() if k.startswith(("class_", "token_"))},
            frozenset(bundle.read_json(parts.COMMON_WORDS)),
            LinearScorer.from_arrays(arrays, "lexical"),
            LinearScorer.from_arrays(arrays, "style"),
            NgramLanguageModel.from_arrays(bundle.read_arrays(parts.NGRAM_LANGUAGE_MODEL)),
            LinearScorer.from_arrays(arrays, "directions"),
            fingerprint,
        )

    def measure_style(self, masked_sentences: Sequence[MaskedSentence]) -> Floats:
        """Style counts and language-model measures (n, features) of n masked sentences."""
        from detector.features.style import measure_style

        words = [masked.words for masked in masked_sentences]
        return np.hstack([measure_style(words), self.language_model.measure(words)]).astype(
            np.float32
        )

    def read(self, text: str) -> Document:
        """The document of a text that is known to be English, as training texts are."""
        return Document.make(text, self.common_words, ENGLISH)

    def extract(self, document: Document) -> DocumentFeatures:
        """Measure the judged sentences of a document."""
        judged = find_judged(document)
        chosen = [document.masked_sentences[index] for index in judged]
        matrix, encoded = self.score_masked(chosen)
        fingerprint = None
        if self.fingerprint is not None:
            mean = average_embeddings(encoded.embeddings)
            fingerprint = self.fingerprint.measure(mean, hash_words(chosen))
        return DocumentFeatures(
            document,
            judged,
            matrix,
            tuple(encoded.word_scores),
            sum(masked.word_count for masked in chosen),
            encoded.embeddings,
            fingerprint,
            tuple(encoded.word_embeddings),
        )

    def score_masked(
        self, masked_sentences: Sequence[MaskedSentence]
    ) -> tuple[Floats, EncodedSentences]:
        """`FEATURE_COLUMNS` (n, columns) of n sentences of one document, and their encoding.

        Give the sentences of one document at a time: in models that ONNX Runtime quantised, those
        that are encoded together change each other's last digits (see `SentenceEncoder.encode`),
        and a verdict depends on its text alone.
        """
        matrix = np.zeros((len(masked_sentences), len(FEATURE_COLUMNS)), dtype=np.float32)
        if not masked_sentences:
            return matrix, EncodedSentences(np.zeros((0, self.encoder.width), np.float32), [], [])
        encoded = self.encoder.encode(
            [masked.words for masked in masked_sentences],
            self.heads["token_weights"].astype(np.float32),
            float(self.heads["token_bias"][0]),
        )
        matrix[:, 0:3] = _contrast(self._class_head(encoded.embeddings))
        matrix[:, 3:5] = [_summarize_words(scores) for scores in encoded.word_scores]
        if self.lexical is not None:
            matrix[:, 5:8] = _contrast(score_ngrams(masked_sentences, self.lexical))
        if self.style is not None:
            matrix[:, 8:11] = _contrast(self.style(self.measure_style(masked_sentences)))
        if self.directions is not None:
            matrix[:, 11:17] = self.directions(encoded.embeddings)
        return matrix, encoded


def _contrast(logits: Floats) -> Floats:
    """Class logits (n, SENTENCE_CLASSES) as the log-odds (n, 3) of each contrast."""
    place = SENTENCE_CLASSES.index
    return np.column_stack(
        [logits[:, place(one)] - logits[:, place(other)] for one, other in CONTRASTS.values()]
    )


def find_judged(document: Document) -> tuple[int, ...]:
    """Indices of the sentences that are judged; one that comes again is no new evidence."""
    pairs = zip(document.sentences, document.masked_sentences, strict=True)
    first: dict[str, int] = {}
    for index, (sentence, masked) in enumerate(pairs):
        if is_judged(sentence, masked):
            first.setdefault(sentence.text, index)
    return tuple(first.values())


def _summarize_words(scores: Floats) -> tuple[float, float]:
    """Mean of a sentence's word scores, and mean of its highest."""
    known = np.sort(scores[~np.isnan(scores)])
    if not len(known):
        return 0.0, 0.0
    top = max(1, round(_TOP_SHARE * len(known)))
    return float(known.mean()), float(known[-top:].mean())
