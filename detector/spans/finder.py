"""Point at the words that gave a machine away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from detector.features.document_features import DocumentFeatures
from detector.model import parts
from detector.results import Artifact
from detector.spans.co_occurrence import CooccurrenceCounts
from detector.spans.phrasebook import PhrasebookEntry, find_in_phrasebook
from detector.spans.word_features import FOREIGN_WORDS, measure_words, name_kind
from detector.spans.word_memory import WordMemory
from detector.spans.word_model import WordModel
from detector.text.document import Document
from detector.text.masking import NAME_PLACEHOLDER

if TYPE_CHECKING:
    from detector.model.bundle import Bundle


Floats = npt.NDArray[np.float64]


_CERTAIN_SCORE = 4.0


class ArtifactFinder:
    """Finds the spans of a text that gave a machine away.

    Args:
        memory: what machines write oftener than humans.
        model: scores the words.
        counts: how often humans write what; nothing was counted unless given.
    """

    def __init__(
        self, memory: WordMemory, model: WordModel, counts: CooccurrenceCounts | None = None
    ) -> None:
        self.memory = memory
        self.model = model
        self.counts = CooccurrenceCounts.nothing() if counts is None else counts

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> ArtifactFinder | None:
        """The finder that a model folder holds; None where it holds none."""
        if parts.SPANS not in bundle.manifest.files:
            return None
        arrays = bundle.read_arrays(parts.SPANS)
        memory = WordMemory(
            arrays["memory_words"].astype(np.int8, copy=False),
            arrays["memory_pairs"].astype(np.int8, copy=False),
            bundle.read_json(parts.SUGGESTIONS),
        )
        counts = CooccurrenceCounts(
            arrays["co_occurrence_table"].astype(np.uint16, copy=False),
            float(arrays["co_occurrence_words"][0]),
        )
        return cls(memory, WordModel.from_arrays(arrays), counts)

    def to_parts(self) -> dict[str, Any]:
        """Parts of a model folder, for `detector.model.bundle_writing.write_bundles`."""
        tables = {
            "memory_words": self.memory.words,
            "memory_pairs": self.memory.pairs,
            "co_occurrence_table": self.counts.table,
            "co_occurrence_words": np.array([self.counts.words]),
        }
        return {
            parts.SPANS: tables | self.model.to_arrays(),
            parts.SUGGESTIONS: dict(sorted(self.memory.suggestions.items())),
        }

    def find(
        self, features: DocumentFeatures, log_odds: float, level: str = "few"
    ) -> tuple[Artifact, ...]:
        """Spans of a document's text, in order.

        Args:
            features: of the document.
            log_odds: the document classifier's score of it.
            level: "few", which keeps precision, "many", or "all" for texts known to be a machine's.
        """
        least = self.model.levels[level]
        scores = self.score_words(features, log_odds)
        found = [
            artifact
            for index, word_scores in zip(features.judged, scores, strict=True)
            for artifact in self._find_in_sentence(features.document, index, word_scores, least)
        ]
        return tuple(sorted(found, key=lambda artifact: artifact.start))

    def _find_in_sentence(
        self, document: Document, index: int, scores: Floats, least: float
    ) -> Iterator[Artifact]:
        """Spans of one sentence: words that score at least `least`, then the phrasebook's."""
        masked = document.masked_sentences[index]
        entries = list(
            find_in_phrasebook(document.sentences[index].text, masked.words, masked.places)
        )
        scores = _leave_out(scores, masked.places, entries)
        traces = [
            _Trace(
                masked.places[first][0],
                masked.places[end - 1][1],
                name_kind(masked.words[first:end]),
                float(scores[first:end].max()),
                self._suggest(masked.words[first:end]),
            )
            for first, end in join_words(scores, least)
        ]
        traces += [_Trace(e.start, e.end, e.kind, _CERTAIN_SCORE, e.suggestion) for e in entries]
        spans = document.place(index, [(trace.start, trace.end) for trace in traces])
        for (start, end), trace in zip(spans, traces, strict=True):
            yield Artifact(
                start,
                end,
                document.text[start:end],
                trace.kind,
                round(trace.score, 4),
                trace.suggestion,
            )

    def score_words(self, features: DocumentFeatures, log_odds: float) -> list[Floats]:
        """Log-odds (words,) of the words of each judged sentence; NaN for what is never shown."""
        if not features.judged:
            return []
        columns = measure_words(self.memory, self.counts, features, log_odds)
        embeddings = np.concatenate(features.word_embeddings)
        sentences = features.judged_sentences
        words = [word for masked in sentences for word in masked.words]
        shown = np.array([may_show(word) for word in words])
        every = np.full(len(words), np.nan)
        every[shown] = self.model.score(columns[shown], embeddings[shown], features.summary)
        for i, word in enumerate(words):
            if shown[i] and word in FOREIGN_WORDS:
                every[i] = max(every[i], _CERTAIN_SCORE)
        sizes = [len(masked.words) for masked in sentences]
        return np.split(every, np.cumsum(sizes)[:-1])

    def _suggest(self, words: Sequence[str]) -> str | None:
        return self.memory.suggestions.get(" ".join(words).lower())


class _Trace(NamedTuple):
    """A span of a sentence, offsets in its text, that is to be shown."""

    start: int
    end: int
    kind: str
    score: float
    suggestion: str | None


def _leave_out(
    scores: Floats, places: Sequence[tuple[int, int]], entries: Iterable[PhrasebookEntry]
) -> Floats:
    """The scores of words, NaN for those in an entry of the phrasebook, which is shown itself."""
    rest = scores.copy()
    for entry in entries:
        for i, (start, end) in enumerate(places):
            if start < entry.end and entry.start < end:
                rest[i] = np.nan
    return rest


def may_show(word: str) -> bool:
    """Whether a masked word can be an artifact: no name, no number, no punctuation mark."""
    return word[0].isalpha() and word != NAME_PLACEHOLDER


def join_words(scores: Floats, least: float) -> Iterator[tuple[int, int]]:
    """Runs of words at or above `least`.

    A function word between two of them is not taken along: it was rarely the machine's (measured on
    development articles: of what is shown of spun text .77 is right without, .73 with it).
    """
    at = 0
    count = len(scores)
    while at < count:
        if not scores[at] >= least:
            at += 1
            continue
        end = at + 1
        while end < count and scores[end] >= least:
            end += 1
        yield at, end
        at = end
