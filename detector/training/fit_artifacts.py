"""Fit what points at artifacts: a memory of machines' words, and a model of each word in its place.

The memory is counted on the training pairs; the model is fitted on development documents, which
the memory has not counted, with the words that alignment with the original shows as substituted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.alignment import align_words
from detector.artifacts import (
    PAIR_BUCKETS,
    WORD_BUCKETS,
    ArtifactFinder,
    WordMemory,
    WordModel,
    hash_neighbours,
    hash_word,
    may_show,
    measure_words,
)
from detector.comparison import PairEvidence, PlacedWords
from detector.evidence import DocumentEvidence
from detector.text import View
from detector.training.fit_network import fit_network
from detector.training.pairs import OWN, LabelledPair

Floats = npt.NDArray[np.float64]

#: Kinds of substitution that are traces: words changed in meaning or idiom, not every reordering.
TRACE_KINDS = ("synonym", "wrong sense", "rephrasing")
#: Shown spans that people's articles may have, by setting: one in so many words.
WORDS_PER_SPAN = {"few": 500, "many": 100}
#: The setting for texts that are known to be a machine's: precision and recall weighed alike.
BALANCED = "all"
_LEAST_SUGGESTED = 4
_LEAST_SHARE = 0.3


def count_words(pairs: Iterable[LabelledPair], with_suggestions: bool = True) -> WordMemory:
    """Count what machines put and people do not, on labelled pairs.

    A person's sentence that stands beside several versions is counted once.
    """
    machine = np.zeros(WORD_BUCKETS), np.zeros(PAIR_BUCKETS)
    people = np.zeros(WORD_BUCKETS), np.zeros(PAIR_BUCKETS)
    seen: set[str] = set()
    instead: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        _count_own(pair, *machine)
        if with_suggestions:
            _count_replaced(pair, instead)
        if pair.original.text not in seen:
            seen.add(pair.original.text)
            _count_view(pair.original, *people)
    return WordMemory.from_counts(machine, people, _choose_suggestions(instead))


def _count_own(pair: LabelledPair, words: Floats, neighbours: Floats) -> None:
    lowered = ["^", *(word.lower() for word in pair.text.words), "$"]
    for i, own in enumerate(pair.text_words, start=1):
        if own == OWN:
            words[hash_word(lowered[i])] += 1
            neighbours[hash_neighbours(lowered[i - 1], lowered[i])] += 1
            neighbours[hash_neighbours(lowered[i], lowered[i + 1])] += 1


def _count_view(view: View, words: Floats, neighbours: Floats) -> None:
    lowered = ["^", *(word.lower() for word in view.words), "$"]
    for word in lowered[1:-1]:
        words[hash_word(word)] += 1
    for first, second in pairwise(lowered):
        neighbours[hash_neighbours(first, second)] += 1


def _count_replaced(pair: LabelledPair, instead: defaultdict[str, Counter[str]]) -> None:
    for link in align_words(pair.text.words, pair.original.words):
        if link.kind in TRACE_KINDS and len(link.words) <= 2 and len(link.original_words) <= 2:
            put = " ".join(pair.text.words[i] for i in link.words).lower()
            taken = " ".join(pair.original.words[j] for j in link.original_words).lower()
            instead[put][taken] += 1


def _choose_suggestions(instead: defaultdict[str, Counter[str]]) -> dict[str, str]:
    """The usual original of a machine's word, where there is a usual one."""
    chosen = {}
    for put, taken in sorted(instead.items()):
        best, count = min(taken.items(), key=lambda item: (-item[1], item[0]))
        if count >= _LEAST_SUGGESTED and count >= _LEAST_SHARE * taken.total():
            chosen[put] = best
    return chosen


@dataclass(frozen=True)
class JudgedWords:
    """Words of documents with what they are judged by, and whether they are traces.

    Attributes:
        columns: (words, WORD_COLUMNS).
        labels: (words,), 1 for a trace.
        weights: (words,).
        article: (words,), number of the document.
    """

    columns: Floats
    labels: npt.NDArray[np.int64]
    weights: Floats
    article: npt.NDArray[np.int64]


def judge_words(
    memory: WordMemory, documents: Sequence[tuple[DocumentEvidence, float, Sequence[float]]]
) -> JudgedWords:
    """Measure the words of documents.

    Args:
        memory: see `count_words`.
        documents: evidence, the document's log-odds, and for each word of its judged sentences 1
            for a trace, 0 for none, NaN for a word that is left out.
    """
    columns, labels, articles = [], [], []
    for number, (evidence, log_odds, marks) in enumerate(documents):
        at = 0
        for row, index in enumerate(evidence.judged):
            view = evidence.views[index]
            measured = measure_words(
                memory, view, evidence.word_scores[row], evidence.matrix[row], log_odds
            )
            for i, word in enumerate(view.words):
                mark = marks[at + i]
                if may_show(word) and not np.isnan(mark):
                    columns.append(measured[i])
                    labels.append(int(mark))
                    articles.append(number)
            at += len(view.words)
    return JudgedWords(
        np.array(columns), np.array(labels), np.ones(len(labels)), np.array(articles)
    )


def mark_traces(evidence: PairEvidence, kinds: Sequence[str] = TRACE_KINDS) -> list[float]:
    """For each word of the copy's judged sentences, whether it was put in another's place.

    Function words that were changed alone are left out (NaN): neither a trace nor clean.
    """
    words = evidence.copy_words
    marks = np.zeros(len(words.starts))
    for substitution in evidence.alignment.substitutions:
        first, last = _find_words(words, substitution.start, substitution.end)
        if substitution.kind in kinds:
            marks[first:last] = 1.0
        else:
            marks[first:last] = np.where(marks[first:last] == 1.0, 1.0, np.nan)
    return marks.tolist()


def _find_words(words: PlacedWords, start: int, end: int) -> tuple[int, int]:
    return (
        int(np.searchsorted(words.ends, start, side="right")),
        int(np.searchsorted(words.starts, end, side="left")),
    )


def fit_word_model(words: JudgedWords, seed: int) -> WordModel:
    """A small network over the words' columns; its levels are not chosen yet."""
    network = fit_network(
        words.columns, words.labels, words.weights, units=24, alpha=1e-3, seed=seed, networks=2,
        epochs=12, batch=512,
    )  # fmt: skip
    return WordModel(network, {"few": 0.0})


def choose_levels(
    finder: ArtifactFinder, people: Sequence[tuple[str, DocumentEvidence, float]]
) -> WordModel:
    """The log-odds from which people's articles show no more than `WORDS_PER_SPAN` allows."""
    words = sum(evidence.words for _, evidence, _ in people)
    levels = {}
    for name, per_span in WORDS_PER_SPAN.items():
        low, high = -6.0, 8.0
        for _ in range(24):
            middle = (low + high) / 2
            model = replace(finder.model, levels={"few": middle})
            trial = ArtifactFinder(finder.memory, model)
            spans = sum(len(trial.find(text, e, odds)) for text, e, odds in people)
            low, high = (middle, high) if spans * per_span > words else (low, middle)
        levels[name] = high
    return replace(finder.model, levels=levels)


def choose_balance(model: WordModel, words: JudgedWords) -> float:
    """The log-odds from which shown words have the best F1 among a machine's."""
    scores = model.network(words.columns)[:, 0]
    order = np.argsort(-scores)
    right = np.cumsum(words.labels[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + words.labels.sum())
    return float(scores[order[int(f1.argmax())]])


def measure_spans(
    shown: Sequence[tuple[int, int]], gold: Sequence[tuple[int, int]]
) -> dict[str, float]:
    """Character counts of shown and true spans and of what they share."""
    ours, theirs = _cover(shown), _cover(gold)
    return {"shared": len(ours & theirs), "shown": len(ours), "gold": len(theirs)}


def _cover(spans: Sequence[tuple[int, int]]) -> set[int]:
    return {i for start, end in spans for i in range(start, end)}


def summarize_spans(counts: Iterable[dict[str, float]]) -> dict[str, Any]:
    """Precision, recall and F1 over characters, pooled over documents."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    precision = total["shared"] / total["shown"] if total["shown"] else None
    recall = total["shared"] / total["gold"] if total["gold"] else None
    f1 = 2 * total["shared"] / (total["shown"] + total["gold"]) if total["gold"] else None
    return {"precision": precision, "recall": recall, "f1": f1}
