"""Fit what points at artifacts: a memory of machines' words, and a model of words in place.

The memory is counted on the training pairs; the model is fitted on development documents, which
the memory has not counted, with the words that alignment with the original shows as substituted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.comparison.pair_features import PairFeatures, PlacedWords
from detector.comparison.word_alignment import align_words
from detector.features.document_features import DocumentFeatures, summarize
from detector.model.mlp import MultilayerPerceptron
from detector.results import SPUN, TRANSLATED
from detector.spans.co_occurrence import CooccurrenceCounts
from detector.spans.finder import ArtifactFinder, join_words, may_show
from detector.spans.word_features import WORD_COLUMNS, measure_words
from detector.spans.word_memory import (
    PAIR_BUCKETS,
    WORD_BUCKETS,
    WordMemory,
    locate_neighbours,
    locate_word,
)
from detector.spans.word_model import WordModel
from detector.text.masking import MaskedSentence
from detector.text.words import split_words
from detector.training.corpora.labelled_pairs import OWN, LabelledPair
from detector.training.fitting.linear import fit_linear
from detector.training.fitting.networks import fit_word_network, measure_columns
from detector.training.generation.spinner import SpunText

Floats = npt.NDArray[np.float64]

#: Kinds of substitution that give a machine away: words changed in meaning, no reordering.
TRACE_KINDS = ("synonym", "wrong sense", "rephrasing")

#: Shown spans that human articles may have, by setting: one in so many words. Fewer than one in
#: 500, which a reader would bear with, so that more of what is shown on a machine's is right.
WORDS_PER_SPAN = {"few": 1300, "many": 125}

#: The setting for texts that are known to be a machine's: precision and recall weighed alike.
BALANCED = "all"

_LEAST_SUGGESTED = 4

_LEAST_SHARE = 0.3


def count_machine_words(
    pairs: Iterable[LabelledPair], kinds: Collection[str] = (TRANSLATED, SPUN)
) -> WordMemory:
    """Count what machines put and humans do not, on labelled pairs.

    A human sentence that stands beside several versions is counted once.

    Args:
        pairs: see `detector.training.corpora.labelled_pairs.label_pair`.
        kinds: which machines' words are counted; suggestions come from all. A list of synonyms
            that the memory knows by heart would be trusted too much beside an unknown one.
    """
    machine = np.zeros(WORD_BUCKETS), np.zeros(PAIR_BUCKETS)
    human = np.zeros(WORD_BUCKETS), np.zeros(PAIR_BUCKETS)
    seen: set[str] = set()
    instead: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        if pair.kind in kinds:
            _count_own(pair, *machine)
        _count_replaced(pair, instead)
        if pair.original.text not in seen:
            seen.add(pair.original.text)
            _count_masked(pair.original, *human)
    return WordMemory.from_counts(machine, human, _choose_suggestions(instead))


def count_cooccurrences(masked_sentences: Iterable[MaskedSentence]) -> CooccurrenceCounts:
    """Count how often humans write what, in sentences of which each is counted once."""
    sentences = {masked.text: masked.words for masked in masked_sentences}
    return CooccurrenceCounts.count([[w.lower() for w in words] for words in sentences.values()])


def _count_own(pair: LabelledPair, words: Floats, neighbours: Floats) -> None:
    lowered = ["^", *(word.lower() for word in pair.text.words), "$"]
    for i, own in enumerate(pair.text_words, start=1):
        if own == OWN:
            words[locate_word(lowered[i])] += 1
            neighbours[locate_neighbours(lowered[i - 1], lowered[i])] += 1
            neighbours[locate_neighbours(lowered[i], lowered[i + 1])] += 1


def _count_masked(masked: MaskedSentence, words: Floats, neighbours: Floats) -> None:
    lowered = ["^", *(word.lower() for word in masked.words), "$"]
    for word in lowered[1:-1]:
        words[locate_word(word)] += 1
    for first, second in pairwise(lowered):
        neighbours[locate_neighbours(first, second)] += 1


def _count_replaced(pair: LabelledPair, instead: defaultdict[str, Counter[str]]) -> None:
    for link in align_words(pair.text.words, pair.original.words):
        if link.kind in TRACE_KINDS and len(link.words) <= 2 and len(link.original_words) <= 2:
            put = [pair.text.words[i] for i in link.words]
            taken = [pair.original.words[j] for j in link.original_words]
            # A placeholder is not what anybody wrote.
            if all(may_show(word) for word in put + taken):
                instead[" ".join(put).lower()][" ".join(taken).lower()] += 1


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
    """Words of documents with what they are judged by, and whether they are a machine's choice.

    Attributes:
        columns: (words, WORD_COLUMNS).
        embeddings: (words, width).
        labels: (words,), 1 for a machine's choice.
        summaries: (documents, SUMMARY_COLUMNS).
        document: (words,), row of `summaries`.
    """

    columns: npt.NDArray[np.float32]
    embeddings: npt.NDArray[np.float16]
    labels: npt.NDArray[np.int64]
    summaries: npt.NDArray[np.float32]
    document: npt.NDArray[np.int64]

    def join(self, other: JudgedWords) -> JudgedWords:
        """These words and others."""
        return JudgedWords(
            np.concatenate([self.columns, other.columns]),
            np.concatenate([self.embeddings, other.embeddings]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.summaries, other.summaries]),
            np.concatenate([self.document, other.document + len(self.summaries)]),
        )


def judge_words(
    memory: WordMemory,
    documents: Iterable[tuple[DocumentFeatures, float, Sequence[float]]],
    counts: CooccurrenceCounts | None = None,
) -> JudgedWords:
    """Measure the words of documents.

    Args:
        memory: see `count_machine_words`.
        documents: features, the document's log-odds, and for each word of its judged sentences 1
            for a machine's choice, 0 for none, NaN for a word that is left out.
        counts: see `count_cooccurrences`.
    """
    counts = CooccurrenceCounts.nothing() if counts is None else counts
    columns, embeddings, labels, rows = [], [], [], []
    summaries: list[npt.NDArray[np.float32]] = []
    for features, log_odds, marks in documents:
        if not features.judged:
            continue
        measured = measure_words(memory, counts, features, log_odds)
        words = [word for masked in features.judged_sentences for word in masked.words]
        chosen = np.array([may_show(word) for word in words]) & ~np.isnan(marks)
        columns.append(measured[chosen].astype(np.float32))
        embeddings.append(np.concatenate(features.word_embeddings)[chosen].astype(np.float16))
        labels.append(np.asarray(marks)[chosen].astype(np.int64))
        rows.append(np.full(int(chosen.sum()), len(summaries)))
        summaries.append(summarize(features.matrix))
    return JudgedWords(
        np.concatenate(columns),
        np.concatenate(embeddings),
        np.concatenate(labels),
        np.stack(summaries),
        np.concatenate(rows),
    )


def mark_traces(features: PairFeatures) -> list[float]:
    """For each word of the copy's judged sentences, whether it was put in another's place.

    Function words that were changed alone are left out (NaN): they say nothing either way.
    """
    words = features.copy_words
    marks = np.zeros(len(words.starts))
    for substitution in features.alignment.substitutions:
        first, last = _find_words(words, substitution.start, substitution.end)
        if substitution.kind in TRACE_KINDS:
            marks[first:last] = 1.0
        else:
            marks[first:last] = np.where(marks[first:last] == 1.0, 1.0, np.nan)
    return marks.tolist()


def find_swapped(copy: str, spun: SpunText) -> list[tuple[int, int]]:
    """Spans of a copy that a spinner put there, by its own record.

    Args:
        copy: the spun text, perhaps cut, or edited by a human afterwards.
        spun: what the spinner wrote and what it swapped.
    """
    ours, theirs = split_words(copy), split_words(spun.text)
    ends = [swap.end for swap in spun.substitutions]
    found: dict[int, tuple[int, int]] = {}
    matcher = SequenceMatcher(
        None, [word.text for word in ours], [word.text for word in theirs], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        for i in range(block.size):
            own, other = ours[block.a + i], theirs[block.b + i]
            at = bisect_right(ends, other.start)
            if at < len(ends) and spun.substitutions[at].start < other.end:
                start, end = found.get(at, (own.start, own.end))
                found[at] = (min(start, own.start), max(end, own.end))
    return sorted(found.values())


def mark_spans(words: PlacedWords, spans: Iterable[tuple[int, int]]) -> list[float]:
    """1 for each word that lies in one of the spans, 0 for the others."""
    marks = np.zeros(len(words.starts))
    for start, end in spans:
        first, last = _find_words(words, start, end)
        marks[first:last] = 1.0
    return marks.tolist()


def _find_words(words: PlacedWords, start: int, end: int) -> tuple[int, int]:
    return (
        int(np.searchsorted(words.ends, start, side="right")),
        int(np.searchsorted(words.starts, end, side="left")),
    )


def fit_word_model(
    human: JudgedWords, translated: JudgedWords, spun: JudgedWords, seed: int
) -> WordModel:
    """What tells a machine's choices from other words; its levels are not chosen yet.

    Args:
        human: words of human documents, none of them a machine's choice.
        translated: words of machine translations.
        spun: words of spun documents.
        seed: of the networks.
    """
    measure = measure_columns([(w.columns, w.embeddings) for w in (human, translated, spun)])
    networks = []
    for machine in (translated, spun):
        words = human.join(machine)
        networks.append(
            fit_word_network(words.columns, words.embeddings, words.labels, seed, measure)
        )
    lean = fit_linear(
        np.concatenate([translated.summaries, spun.summaries]).astype(np.float64),
        np.repeat([0, 1], [len(translated.summaries), len(spun.summaries)]),
    )
    constants = np.concatenate([lean.weights[:, 0], lean.bias]).astype(np.float64)
    return WordModel(_put_side_by_side(*networks), {"few": 0.0}, constants)


def _put_side_by_side(
    one: MultilayerPerceptron, other: MultilayerPerceptron
) -> MultilayerPerceptron:
    """The answers of both networks, which measure the same columns alike."""
    nothing = np.zeros_like(one.output)
    return MultilayerPerceptron(
        one.center,
        one.scale,
        np.hstack([one.weights, other.weights]),
        np.concatenate([one.bias, other.bias]),
        np.block([[one.output, nothing], [np.zeros_like(other.output), other.output]]),
        np.concatenate([one.constants, other.constants]),
    )


def choose_levels(
    finder: ArtifactFinder, human: Iterable[tuple[DocumentFeatures, float]]
) -> WordModel:
    """The log-odds from which human articles show no more than `WORDS_PER_SPAN` allows."""
    words, scores = 0, []
    for features, log_odds in human:
        words += features.words
        scores += finder.score_words(features, log_odds)
    levels = {}
    for name, per_span in WORDS_PER_SPAN.items():
        low, high = -6.0, 8.0
        for _ in range(24):
            middle = (low + high) / 2
            spans = sum(1 for s in scores for _ in join_words(s, middle))
            low, high = (middle, high) if spans * per_span > words else (low, middle)
        levels[name] = high
    return replace(finder.model, levels=levels)


def choose_balance(model: WordModel, words: JudgedWords) -> float:
    """The log-odds from which shown words have the best F1, by characters, among a machine's."""
    scores = model.score(words.columns, words.embeddings, words.summaries[words.document])
    order = np.argsort(-scores)
    length = words.columns[order, WORD_COLUMNS.index("length")].astype(np.float64)
    right = np.cumsum(length * words.labels[order])
    f1 = 2 * right / (np.cumsum(length) + right[-1])
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
