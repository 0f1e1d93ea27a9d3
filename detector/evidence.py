"""Gather the evidence of each sentence, and sum it up for the document.

Three sources speak about a sentence, each as log-odds of ``translated`` and of ``spun`` against
``original``: the tuned encoder (its sentence embedding and its words), a lexical model of word and
character n-grams, and counted features of style and idiom. A document is what its sentences say
together: how much on average, how evenly, how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from detector.encoder import SentenceEncoder
from detector.text import Sentence, View, make_view, split_sentences
from detector.verdict import ORIGINAL

if TYPE_CHECKING:
    from detector.bundle import Bundle

Floats = npt.NDArray[np.float32]

#: A sentence under so many words is read but has no say.
MINIMUM_SENTENCE_WORDS = 4
#: Share of a sentence's words whose token scores make up `words_top`.
_TOP_SHARE = 0.15
HASH_BITS = 18

EVIDENCE_COLUMNS = (
    "encoder_translated",
    "encoder_spun",
    "words_mean",
    "words_top",
    "lexical_translated",
    "lexical_spun",
    "style_translated",
    "style_spun",
)
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_STATISTICS = ("mean", "sd", *(f"q{round(100 * q)}" for q in _QUANTILES))
SUMMARY_COLUMNS = tuple(f"{column}:{s}" for column in EVIDENCE_COLUMNS for s in _STATISTICS)


@dataclass(frozen=True, slots=True)
class LinearScorer:
    """A fitted linear model: what is left of a scikit-learn pipeline when it is stored as arrays.

    Attributes:
        weights: (features, outputs).
        bias: (outputs,).
    """

    weights: Floats
    bias: Floats

    def __call__(self, features: Any) -> Floats:
        """Scores (n, outputs) of features (n, features), dense or sparse."""
        return np.asarray(features @ self.weights + self.bias, dtype=np.float32)

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]], name: str) -> LinearScorer:
        """The model stored as ``{name}_weights`` and ``{name}_bias``."""
        return cls(
            arrays[f"{name}_weights"].astype(np.float32), arrays[f"{name}_bias"].astype(np.float32)
        )

    def to_arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads."""
        return {f"{name}_weights": self.weights, f"{name}_bias": self.bias}


@dataclass(frozen=True, slots=True)
class DocumentEvidence:
    """The evidence of one document.

    Attributes:
        sentences: all its sentences, boilerplate too.
        views: for each, what the evidence was gathered from.
        judged: indices of the sentences that have a say.
        matrix: (judged, columns), one row per judged sentence, columns `EVIDENCE_COLUMNS`.
        word_scores: for each judged sentence, the token head's log-odds of each word of its view.
        words: number of words in judged sentences.
    """

    sentences: tuple[Sentence, ...]
    views: tuple[View, ...]
    judged: tuple[int, ...]
    matrix: Floats
    word_scores: tuple[Floats, ...]
    words: int

    @property
    def summary(self) -> Floats:
        """Mean, spread and quantiles of each column: (SUMMARY_COLUMNS,); zeros if nothing has a say."""
        return summarize(self.matrix)


def summarize(matrix: Floats) -> Floats:
    """`SUMMARY_COLUMNS` of a document's evidence matrix (sentences, columns)."""
    if not len(matrix):
        return np.zeros(len(SUMMARY_COLUMNS), dtype=np.float32)
    parts = np.concatenate(
        [matrix.mean(0)[None], matrix.std(0)[None], np.quantile(matrix, _QUANTILES, axis=0)]
    )
    return np.ascontiguousarray(parts.T).reshape(-1).astype(np.float32)


class EvidenceGatherer:
    """Everything that reads sentences: encoder and heads, lexical model, style and idiom.

    Args:
        encoder: the tuned encoder.
        heads: its class head (``class_*``) and token head (``token_*``).
        common_words: see `detector.text.make_view`.
        lexical: over hashed n-grams, outputs (original, translated, spun).
        style: over style and idiom features, likewise.
        idiom: the fitted idiom measures.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        heads: dict[str, npt.NDArray[Any]],
        common_words: frozenset[str],
        lexical: LinearScorer | None = None,
        style: LinearScorer | None = None,
        idiom: Any = None,
    ) -> None:
        self.encoder = encoder
        self.heads = heads
        self.common_words = common_words
        self.lexical = lexical
        self.style = style
        self.idiom = idiom
        self._class_head = LinearScorer.from_arrays(heads, "class")

    @classmethod
    def from_bundle(cls, bundle: Bundle, threads: int | None = None) -> EvidenceGatherer:
        """The gatherer that a model folder holds."""
        from detector.stylometry import NgramIdiomaticity

        arrays = bundle.read_arrays("evidence.safetensors")
        return cls(
            SentenceEncoder(bundle.folder / "encoder", threads),
            {k: v for k, v in arrays.items() if k.startswith(("class_", "token_"))},
            frozenset(bundle.read_json("common_words.json")),
            LinearScorer.from_arrays(arrays, "lexical"),
            LinearScorer.from_arrays(arrays, "style"),
            NgramIdiomaticity.from_arrays(bundle.read_arrays("idiom.safetensors")),
        )

    @cached_property
    def _hashers(self) -> tuple[Any, Any]:
        from sklearn.feature_extraction.text import HashingVectorizer

        common = {"n_features": 2 ** (HASH_BITS - 1), "alternate_sign": False, "norm": "l2"}
        return (
            HashingVectorizer(
                ngram_range=(1, 3), tokenizer=str.split, token_pattern=None, lowercase=False, **common
            ),
            HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4), lowercase=False, **common),
        )

    def hash_ngrams(self, views: Sequence[View]) -> Any:
        """Word 1-3-grams and character 3-4-grams of views: sparse (n, 2 ** HASH_BITS)."""
        from scipy.sparse import hstack

        texts = [view.text for view in views]
        return hstack([hasher.transform(texts) for hasher in self._hashers], format="csr")

    def measure_style(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """Style and idiom features of sentences given as the words of the normalised text."""
        from detector.stylometry import StylometricFeatures

        style = StylometricFeatures().transform(list(sentences))
        return np.hstack([style, self.idiom.transform(list(sentences))]).astype(np.float32)

    def gather(self, texts: Sequence[str]) -> list[DocumentEvidence]:
        """The evidence of each text; all their sentences are encoded together."""
        documents = [split_sentences(text) for text in texts]
        return self.gather_sentences(documents)

    def gather_sentences(
        self, documents: Sequence[Sequence[Sentence]]
    ) -> list[DocumentEvidence]:
        """The evidence of documents that are cut into sentences already."""
        views = [[make_view(s.text, self.common_words) for s in d] for d in documents]
        judged = [
            [i for i, (s, v) in enumerate(zip(d, vs, strict=True)) if _has_say(s, v)]
            for d, vs in zip(documents, views, strict=True)
        ]
        chosen = [vs[i] for vs, rows in zip(views, judged, strict=True) for i in rows]
        texts = [d[i].text for d, rows in zip(documents, judged, strict=True) for i in rows]
        matrix, word_scores = self.score_views(chosen, texts)
        results, at = [], 0
        for sentences, vs, rows in zip(documents, views, judged, strict=True):
            until = at + len(rows)
            results.append(
                DocumentEvidence(
                    tuple(sentences),
                    tuple(vs),
                    tuple(rows),
                    matrix[at:until],
                    tuple(word_scores[at:until]),
                    sum(_count(v) for v in chosen[at:until]),
                )
            )
            at = until
        return results

    def score_views(
        self, views: Sequence[View], sentences: Sequence[str]
    ) -> tuple[Floats, list[Floats]]:
        """`EVIDENCE_COLUMNS` (n, columns) and word scores of n sentences."""
        from detector.text import tokenize

        matrix = np.zeros((len(views), len(EVIDENCE_COLUMNS)), dtype=np.float32)
        if not views:
            return matrix, []
        encoded = self.encoder.encode(
            [view.words for view in views],
            self.heads["token_weights"].astype(np.float32),
            float(self.heads["token_bias"][0]),
        )
        logits = self._class_head(encoded.embeddings)
        matrix[:, 0:2] = logits[:, 1:] - logits[:, :1]
        matrix[:, 2:4] = [_summarize_words(scores) for scores in encoded.word_scores]
        if self.lexical is not None:
            logits = self.lexical(self.hash_ngrams(views))
            matrix[:, 4:6] = logits[:, 1:] - logits[:, :1]
        if self.style is not None:
            logits = self.style(self.measure_style([tokenize(s) for s in sentences]))
            matrix[:, 6:8] = logits[:, 1:] - logits[:, :1]
        return matrix, encoded.word_scores


def _has_say(sentence: Sentence, view: View) -> bool:
    return sentence.kind != "boilerplate" and _count(view) >= MINIMUM_SENTENCE_WORDS


def _count(view: View) -> int:
    return sum(word[0].isalnum() for word in view.words)


def _summarize_words(scores: Floats) -> tuple[float, float]:
    """Mean of a sentence's word scores, and mean of its highest."""
    known = np.sort(scores[~np.isnan(scores)])
    if not len(known):
        return 0.0, 0.0
    top = max(1, round(_TOP_SHARE * len(known)))
    return float(known.mean()), float(known[-top:].mean())


__all__ = [
    "EVIDENCE_COLUMNS",
    "ORIGINAL",
    "SUMMARY_COLUMNS",
    "DocumentEvidence",
    "EvidenceGatherer",
    "LinearScorer",
    "summarize",
]
