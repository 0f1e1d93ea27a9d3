"""Point at the words that gave a machine away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from detector.features.document_features import DocumentFeatures
from detector.results import Artifact
from detector.spans.co_occurrence import CooccurrenceCounts
from detector.spans.phrasebook import find_in_phrasebook
from detector.spans.word_features import FOREIGN_WORDS, measure_words, name_kind
from detector.spans.word_memory import WordMemory
from detector.spans.word_model import WordModel
from detector.text.masking import NAME_PLACEHOLDER, NUMBER_PLACEHOLDER
from detector.text.sentences import place_words

if TYPE_CHECKING:
    from detector.model.bundle import Bundle


Floats = npt.NDArray[np.float64]

_ARRAYS, _SUGGESTIONS = "spans.safetensors", "suggestions.json"


class ArtifactFinder:
    """Finds the spans of a text that gave it away.

    Args:
        memory: what machines put oftener than people.
        model: judges the words.
        usage: how often people write what.
    """

    def __init__(
        self, memory: WordMemory, model: WordModel, usage: CooccurrenceCounts | None = None
    ) -> None:
        self.memory = memory
        self.model = model
        self.usage = CooccurrenceCounts.nothing() if usage is None else usage

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> ArtifactFinder | None:
        """The finder that a model folder holds; None where it holds none.

        Folders written before people's usage was counted have a model of fewer columns, which
        goes without.
        """
        if _ARRAYS not in bundle.manifest.files:
            return None
        arrays = bundle.read_arrays(_ARRAYS)
        memory = WordMemory(
            arrays["memory_words"].astype(np.int8, copy=False),
            arrays["memory_pairs"].astype(np.int8, copy=False),
            bundle.read_json(_SUGGESTIONS),
        )
        usage = None
        if "co_occurrence_table" in arrays:
            usage = CooccurrenceCounts(
                arrays["co_occurrence_table"].astype(np.uint16, copy=False), float(arrays["co_occurrence_words"][0])
            )
        return cls(memory, WordModel.from_arrays(arrays), usage)

    def to_parts(self) -> dict[str, Any]:
        """Parts of a model folder, for `detector.model.bundle_writing.write_bundle`."""
        tables = {
            "memory_words": self.memory.words,
            "memory_pairs": self.memory.pairs,
            "co_occurrence_table": self.usage.table,
            "co_occurrence_words": np.array([self.usage.words]),
        }
        return {
            _ARRAYS: tables | self.model.to_arrays(),
            _SUGGESTIONS: dict(sorted(self.memory.suggestions.items())),
        }

    def find(
        self, text: str, features: DocumentFeatures, log_odds: float, level: str = "few"
    ) -> tuple[Artifact, ...]:
        """Spans of the caller's text, in order.

        Args:
            text: what `evidence` was gathered from.
            features: of its sentences.
            log_odds: the document classifier's score.
            level: "few", which keeps precision, "many", or "all" for texts known to be a machine's.
        """
        least = self.model.levels[level]
        found: list[Artifact] = []
        judged = self.score_words(features, log_odds)
        for index, scores in zip(features.judged, judged, strict=True):
            sentence, masked = features.sentences[index], features.masked_sentences[index]
            certain = list(find_in_phrasebook(sentence.text, masked.words, masked.places))
            for start, end, _, _ in certain:
                for i, (first, last) in enumerate(masked.places):
                    if first < end and start < last:
                        scores[i] = np.nan
            spans = list(join_words(scores, least))
            if not spans and not certain:
                continue
            words = [masked.words[first:last] for first, last in spans]
            within = [(masked.places[a][0], masked.places[b - 1][1]) for a, b in spans]
            within += [(start, end) for start, end, _, _ in certain]
            kinds = [(name_kind(w), self._suggest(w)) for w in words]
            kinds += [(kind, suggestion) for _, _, kind, suggestion in certain]
            highest = [float(np.nanmax(scores[a:b])) for a, b in spans]
            highest += [_CERTAIN_SCORE] * len(certain)
            for (start, end), (kind, suggestion), score in zip(
                place_words(text, sentence, within), kinds, highest, strict=True
            ):
                found.append(
                    Artifact(start, end, text[start:end], kind, round(score, 4), suggestion)
                )
        return tuple(sorted(found, key=lambda artifact: artifact.start))

    def score_words(self, features: DocumentFeatures, log_odds: float) -> list[Floats]:
        """Log-odds (words,) of the words of each judged sentence; NaN for what is never shown."""
        if not features.judged:
            return []
        columns = measure_words(self.memory, self.usage, features, log_odds)
        embeddings = np.concatenate(features.word_embeddings)
        words = [
            word for index in features.judged for word in features.masked_sentences[index].words
        ]
        shown = np.array([may_show(word) for word in words])
        every = np.full(len(words), np.nan)
        every[shown] = self.model.score(columns[shown], embeddings[shown], features.summary)
        for i, word in enumerate(words):
            if shown[i] and word in FOREIGN_WORDS:
                every[i] = max(every[i], _CERTAIN_SCORE)
        sizes = [len(features.masked_sentences[index].words) for index in features.judged]
        return np.split(every, np.cumsum(sizes)[:-1])

    def _suggest(self, words: Sequence[str]) -> str | None:
        return self.memory.suggestions.get(" ".join(words).lower())


_CERTAIN_SCORE = 4.0


def may_show(word: str) -> bool:
    """Whether a word of a view can be an artifact: no name, no number, no punctuation mark."""
    return word[0].isalpha() and word not in (NAME_PLACEHOLDER, NUMBER_PLACEHOLDER)


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
