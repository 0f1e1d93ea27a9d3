"""Gather the evidence of each sentence, and sum it up for the document.

Three sources speak about a sentence, each as log-odds of ``translated`` and of ``spun`` against
native English and of a machine's translation against a professional's: the tuned encoder (its
sentence embedding and its words), a lexical model of word and character n-grams, and counted
features of style and idiom. The embedding speaks a second time, through discriminants that were
fitted on whole documents. A document is what its sentences say on average, and how many they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from detector.encoder import EncodedSentences, SentenceEncoder
from detector.text import NAME_PLACEHOLDER, Sentence, View, make_view, split_sentences

if TYPE_CHECKING:
    from detector.bundle import Bundle

Floats = npt.NDArray[np.float32]

#: A sentence under so many words is read but has no say.
MINIMUM_SENTENCE_WORDS = 4
#: Share of a sentence's words whose token scores make up `words_top`.
_TOP_SHARE = 0.15
_HASH_BITS = 18
HASHES = 1 << _HASH_BITS
#: A word of up to two letters is its own character n-gram.
_SHORTEST_CHARACTER_GRAMS = 4
#: Half a character, as broken JSON holds, cannot be encoded; one for one keeps every offset.
_SURROGATES = re.compile(r"[\ud800-\udfff]")

#: Classes of a sentence. A professional's translation is a class of its own here: what sets a
#: round trip apart from native English is mostly that it was translated, and that would be
#: unlearnt if people's translations had to pass for native English. The document classifier,
#: which sees both contrasts, counts both kinds of people as ``original``.
SENTENCE_CLASSES = ("native", "translated", "spun", "human_translation")
#: Each source's log-odds, of the first class against the second.
_CONTRASTS = {
    "translated": ("translated", "native"),
    "spun": ("spun", "native"),
    "machine": ("translated", "human_translation"),
}
EVIDENCE_COLUMNS = (
    *(f"encoder_{contrast}" for contrast in _CONTRASTS),
    "words_mean",
    "words_top",
    *(f"lexical_{contrast}" for contrast in _CONTRASTS),
    *(f"style_{contrast}" for contrast in _CONTRASTS),
    *(f"discriminant_{contrast}" for contrast in _CONTRASTS),
)
DISCRIMINANTS = tuple(c for c in EVIDENCE_COLUMNS if c.startswith("discriminant_"))
#: Means alone: spread or quantiles beside them did not help on outlets left out (measured).
SUMMARY_COLUMNS = EVIDENCE_COLUMNS
#: What a model holds that was taught a machine of its own by retraining.
LEARNT_FILE = "learnt.safetensors"
#: A document of fewer different words does not speak louder for it.
FEWEST_WORDS = 20


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
class SentenceScorer:
    """What each column of a sentence's evidence adds to its log-odds of "not original".

    Attributes:
        weights: (EVIDENCE_COLUMNS,).
        center: (EVIDENCE_COLUMNS,), the evidence of people's average sentence: a column adds
            nothing where it is as usual.
        constant: log-odds of that average sentence.
    """

    weights: Floats
    center: Floats
    constant: float

    def weigh(self, matrix: Floats) -> Floats:
        """Contributions (n, columns) of n sentences; with `constant` they add up to `score`."""
        return np.asarray((matrix - self.center) * self.weights, dtype=np.float32)

    def score(self, matrix: Floats) -> Floats:
        """Log-odds (n,) of n sentences."""
        return np.asarray(self.weigh(matrix).sum(1) + self.constant, dtype=np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads."""
        return {
            "sentence_weights": self.weights,
            "sentence_center": self.center,
            "sentence_constant": np.array([self.constant], dtype=np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> SentenceScorer:
        """The scorer that a model folder holds."""
        return cls(
            arrays["sentence_weights"].astype(np.float32),
            arrays["sentence_center"].astype(np.float32),
            float(arrays["sentence_constant"][0]),
        )


@dataclass(frozen=True, slots=True)
class LearntTraces:
    """What retraining learnt of a user's machine: its words, and which way its sentences lean.

    Attributes:
        words: (n,), hashes in order, of the words that its copies have and their originals have
            not, or the other way round.
        odds: (n,), log-odds of each, against people's.
        direction: (width,), which way its copies' embeddings lie from their originals'.
    """

    words: npt.NDArray[np.uint32]
    odds: Floats
    direction: Floats

    def measure(self, embedding: Floats, words: npt.NDArray[np.uint32]) -> Floats:
        """Log-odds of a hundred words, and how far the document lies in the direction: (2,).

        Args:
            embedding: (width,), the mean of the document's sentence embeddings.
            words: see `hash_words`.
        """
        found = np.isin(self.words, words, assume_unique=True)
        odds = float(self.odds[found].sum(dtype=np.float64))
        far = float(embedding.astype(np.float64) @ self.direction.astype(np.float64))
        return np.array([100.0 * odds / max(len(words), FEWEST_WORDS), far], dtype=np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` reads."""
        return {
            "learnt_words": self.words,
            "learnt_odds": self.odds,
            "learnt_direction": self.direction,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> LearntTraces:
        """The traces that a model folder holds."""
        return cls(
            arrays["learnt_words"].astype(np.uint32),
            arrays["learnt_odds"].astype(np.float32),
            arrays["learnt_direction"].astype(np.float32),
        )


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
        embeddings: (judged, width), of the judged sentences.
        learnt: (2,), what `LearntTraces` measured; None where the model was taught no machine.
        word_embeddings: for each judged sentence (words, width), of the words of its view.
    """

    sentences: tuple[Sentence, ...]
    views: tuple[View, ...]
    judged: tuple[int, ...]
    matrix: Floats
    word_scores: tuple[Floats, ...]
    words: int
    embeddings: Floats
    learnt: Floats | None = None
    word_embeddings: tuple[Floats, ...] = ()

    @property
    def embedding(self) -> Floats:
        """The mean (width,) of the judged sentences' embeddings; zeros if there are none."""
        return average_embeddings(self.embeddings)

    @property
    def summary(self) -> Floats:
        """`SUMMARY_COLUMNS` of `matrix`, zeros if nothing has a say; and `learnt`, if known."""
        summary = summarize(self.matrix)
        return summary if self.learnt is None else np.concatenate([summary, self.learnt])


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


def hash_ngrams(view: View) -> npt.NDArray[np.int64]:
    """Word 1-3-grams and character 3-4-grams of a view, each once, as hashes under 2 ** 18.

    Hashing needs no vocabulary (Weinberger et al. 2009, "Feature hashing for large scale multitask
    learning"); words and characters share one table, told apart by a mark.
    """
    words = view.words
    grams = list(words)
    grams += map("\x01".join, pairwise(words))
    grams += map("\x01".join, zip(words, words[1:], words[2:], strict=False))
    for word in words:
        padded = f" {word} "
        if len(padded) > _SHORTEST_CHARACTER_GRAMS:
            grams += ["\x02" + padded[i : i + 3] for i in range(len(padded) - 2)]
            grams += ["\x02" + padded[i : i + 4] for i in range(len(padded) - 3)]
    hashes = {crc32(gram.encode()) & (HASHES - 1) for gram in grams}
    return np.fromiter(hashes, dtype=np.int64, count=len(hashes))


def hash_words(views: Sequence[View]) -> npt.NDArray[np.uint32]:
    """The different words of a document, names and numbers left out, as hashes in order."""
    words = {word.lower() for view in views for word in view.words if word[0].isalpha()}
    hashes = {crc32(word.encode()) for word in words - {NAME_PLACEHOLDER}}
    return np.array(sorted(hashes), dtype=np.uint32)


def score_ngrams(views: Sequence[View], model: LinearScorer) -> Floats:
    """Scores (n, outputs) of the lexical model: each view's n-grams, scaled to unit length."""
    scores = np.tile(model.bias, (len(views), 1)).astype(np.float32)
    for row, view in enumerate(views):
        hashes = hash_ngrams(view)
        if len(hashes):
            scores[row] += model.weights[hashes].sum(0) / np.sqrt(len(hashes))
    return scores


class EvidenceGatherer:
    """Everything that reads sentences: encoder and heads, lexical model, style and idiom.

    Args:
        encoder: the tuned encoder.
        heads: its class head (``class_*``) and token head (``token_*``).
        common_words: see `detector.text.make_view`.
        lexical: over hashed n-grams, one output for each of `SENTENCE_CLASSES`.
        style: over style and idiom features, likewise.
        idiom: the fitted idiom measures.
        discriminant: over embeddings, one output for each of `DISCRIMINANTS`; without it these
            columns are 0.
        learnt: what retraining taught the model of a machine, if it did.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        heads: dict[str, npt.NDArray[Any]],
        common_words: frozenset[str],
        lexical: LinearScorer | None = None,
        style: LinearScorer | None = None,
        idiom: Any = None,
        discriminant: LinearScorer | None = None,
        learnt: LearntTraces | None = None,
    ) -> None:
        self.encoder = encoder
        self.heads = heads
        self.common_words = common_words
        self.lexical = lexical
        self.style = style
        self.idiom = idiom
        self.discriminant = discriminant
        self.learnt = learnt
        self._class_head = LinearScorer.from_arrays(heads, "class")

    @classmethod
    def from_bundle(cls, bundle: Bundle, threads: int | None = None) -> EvidenceGatherer:
        """The gatherer that a model folder holds."""
        from detector.idiom import IdiomTable

        arrays = bundle.read_arrays("evidence.safetensors")
        learnt = None
        if LEARNT_FILE in bundle.manifest.files:
            learnt = LearntTraces.from_arrays(bundle.read_arrays(LEARNT_FILE))
        return cls(
            SentenceEncoder(bundle.folder / "encoder", threads),
            {k: v for k, v in arrays.items() if k.startswith(("class_", "token_"))},
            frozenset(bundle.read_json("common_words.json")),
            LinearScorer.from_arrays(arrays, "lexical"),
            LinearScorer.from_arrays(arrays, "style"),
            IdiomTable.from_arrays(bundle.read_arrays("idiom.safetensors")),
            LinearScorer.from_arrays(arrays, "discriminant"),
            learnt,
        )

    def measure_style(self, views: Sequence[View]) -> Floats:
        """Style and idiom features (n, features) of views."""
        from detector.counting import measure_style

        words = [view.words for view in views]
        return np.hstack([measure_style(words), self.idiom.measure(words)]).astype(np.float32)

    def gather(self, texts: Sequence[str]) -> list[DocumentEvidence]:
        """The evidence of each text, which depends on that text alone."""
        return self.gather_sentences([split_sentences(_SURROGATES.sub("\ufffd", t)) for t in texts])

    def gather_sentences(self, documents: Sequence[Sequence[Sentence]]) -> list[DocumentEvidence]:
        """The evidence of documents that are cut into sentences already."""
        views = [[make_view(s.text, self.common_words) for s in d] for d in documents]
        judged = [
            [i for i, (s, v) in enumerate(zip(d, vs, strict=True)) if _has_say(s, v)]
            for d, vs in zip(documents, views, strict=True)
        ]
        results = []
        for sentences, vs, rows in zip(documents, views, judged, strict=True):
            chosen = [vs[i] for i in rows]
            # One document at a time: what is said of it must not depend on its neighbours.
            matrix, encoded = self.score_views(chosen)
            learnt = None
            if self.learnt is not None:
                mean = average_embeddings(encoded.embeddings)
                learnt = self.learnt.measure(mean, hash_words(chosen))
            results.append(
                DocumentEvidence(
                    tuple(sentences),
                    tuple(vs),
                    tuple(rows),
                    matrix,
                    tuple(encoded.word_scores),
                    sum(view.word_count for view in chosen),
                    encoded.embeddings,
                    learnt,
                    tuple(encoded.word_embeddings),
                )
            )
        return results

    def score_views(self, views: Sequence[View]) -> tuple[Floats, EncodedSentences]:
        """`EVIDENCE_COLUMNS` (n, columns) of n sentences of one document, and their encoding."""
        matrix = np.zeros((len(views), len(EVIDENCE_COLUMNS)), dtype=np.float32)
        if not views:
            return matrix, EncodedSentences(np.zeros((0, self.encoder.width), np.float32), [], [])
        encoded = self.encoder.encode(
            [view.words for view in views],
            self.heads["token_weights"].astype(np.float32),
            float(self.heads["token_bias"][0]),
        )
        matrix[:, 0:3] = _contrast(self._class_head(encoded.embeddings))
        matrix[:, 3:5] = [_summarize_words(scores) for scores in encoded.word_scores]
        if self.lexical is not None:
            matrix[:, 5:8] = _contrast(score_ngrams(views, self.lexical))
        if self.style is not None:
            matrix[:, 8:11] = _contrast(self.style(self.measure_style(views)))
        if self.discriminant is not None:
            matrix[:, 11:14] = self.discriminant(encoded.embeddings)
        return matrix, encoded


def _contrast(logits: Floats) -> Floats:
    """Class logits (n, SENTENCE_CLASSES) as the log-odds (n, 3) of each contrast."""
    place = SENTENCE_CLASSES.index
    return np.column_stack(
        [logits[:, place(one)] - logits[:, place(other)] for one, other in _CONTRASTS.values()]
    )


def _has_say(sentence: Sentence, view: View) -> bool:
    return sentence.kind != "boilerplate" and view.word_count >= MINIMUM_SENTENCE_WORDS


def _summarize_words(scores: Floats) -> tuple[float, float]:
    """Mean of a sentence's word scores, and mean of its highest."""
    known = np.sort(scores[~np.isnan(scores)])
    if not len(known):
        return 0.0, 0.0
    top = max(1, round(_TOP_SHARE * len(known)))
    return float(known.mean()), float(known[-top:].mean())
