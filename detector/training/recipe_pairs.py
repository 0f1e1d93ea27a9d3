"""The recipe of what the shipped model compares with and points at, beside `recipe`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.artifacts import ArtifactFinder, WordMemory
from detector.bundle import Bundle, write_bundle
from detector.comparison import PairClassifier, PairEvidence
from detector.detector import Detector
from detector.evidence import DocumentEvidence
from detector.training.comparisons import load_pairs
from detector.training.fit_artifacts import (
    BALANCED,
    TRACE_KINDS,
    choose_balance,
    choose_levels,
    count_words,
    fit_word_model,
    judge_words,
    mark_traces,
    measure_spans,
    summarize_spans,
)
from detector.training.fit_comparison import (
    GatheredPairs,
    collect_equals,
    fit_pair_classifier,
    gather_pairs,
    measure_comparison,
)
from detector.training.model_card import format_card
from detector.training.pairs import hash_fraction, load_error_spans
from detector.training.recipe import SEED, assemble_tuning_pairs, training_sources
from detector.verdict import EDITED, MACHINE_REWRITTEN

#: Documents of a kind, at most.
MOST_PAIRS = 250
#: Documents of a group whose words are marked, at most.
MOST_MARKED = {"dev": 400, "test": 120}


#: Machine versions of one original that the memory of machines' words is counted on: more than the
#: encoder is tuned on, since counts cannot learn an original by heart.
MEMORY_VERSIONS = {
    "roundtrip_news": 10,
    "roundtrip_flores": 10,
    "translated_news": 7,
    "error_spans_zh_en": 5,
}


@dataclass(frozen=True)
class MarkedDocument:
    """A document with what is known of its words.

    Attributes:
        text: as it was judged.
        evidence: of its sentences.
        log_odds: the document classifier's.
        marks: for each word of its judged sentences 1 for a trace, 0, or NaN for neither.
        gold: spans of `text` that are traces.
        group: "translated", "spun" or "people".
        split: "dev" or "test".
        article_id: which article it is of.
        held_out: its pivot, system or synonyms were never trained on.
    """

    text: str
    evidence: DocumentEvidence
    log_odds: float
    marks: Sequence[float]
    gold: Sequence[tuple[int, int]]
    group: str
    split: str
    article_id: str
    held_out: bool


def load_shipped_pairs(folder: Path) -> pd.DataFrame:
    """The pairs of copies and originals that the shipped model is fitted and measured on."""
    wordnet, german, spanish = (sources[0] for sources in training_sources()[1:4])
    sources = {"wordnet": [wordnet], "freedict-deu": [german], "freedict-spa": [spanish]}
    return load_pairs(folder, sources, SEED, MOST_PAIRS)


def gather_shipped_pairs(
    detector: Detector, frame: pd.DataFrame
) -> tuple[GatheredPairs, list[MarkedDocument]]:
    """The evidence of all pairs, and documents with marked words among them; takes minutes."""
    ordered = frame.sort_values(["split", "article_id"]).reset_index(drop=True)
    chosen = _choose_marked(ordered)
    columns, substitutions, marked = [], [], []
    seen: set[str] = set()
    for row, evidence in zip(ordered.itertuples(), gather_pairs(detector, ordered), strict=True):
        columns.append(evidence.columns)
        substitutions.append(evidence.substitution_columns)
        if chosen[int(str(row.Index))]:
            marked.append(_mark_copy(row, evidence))
        elif row.relation == EDITED and row.original not in seen:
            seen.add(str(row.original))
            marked.append(_mark_person(row, evidence))
    return GatheredPairs(ordered, np.stack(columns), substitutions), marked


def _choose_marked(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Machines' copies whose words are marked: some of each corpus and split."""
    machine = frame["relation"] == MACHINE_REWRITTEN
    shuffled = frame[machine].sample(frac=1.0, random_state=SEED)
    rank = shuffled.groupby(["group", "split", "held_out"]).cumcount()
    chosen = np.zeros(len(frame), dtype=bool)
    chosen[shuffled.index[rank < shuffled["split"].map(MOST_MARKED)]] = True
    return chosen


def _mark_copy(row: Any, evidence: PairEvidence) -> MarkedDocument:
    gold = [
        (s.start, s.end)
        for s in evidence.alignment.substitutions
        if s.kind in TRACE_KINDS and s.end > s.start
    ]
    group = "spun" if row.group == "spun" else "translated"
    return MarkedDocument(
        str(row.copy), evidence.copy, evidence.copy_log_odds, mark_traces(evidence), gold, group,
        str(row.split), str(row.article_id), bool(row.held_out),
    )  # fmt: skip


def _mark_person(row: Any, evidence: PairEvidence) -> MarkedDocument:
    marks = [0.0] * len(evidence.original_words.starts)
    return MarkedDocument(
        str(row.original), evidence.original, evidence.original_log_odds, marks, [], "people",
        str(row.split), str(row.article_id), False,
    )  # fmt: skip


def fit_shipped_comparison(pairs: GatheredPairs) -> tuple[PairClassifier, dict[str, Any]]:
    """The classifier of relations, and its figures on the test split."""
    frame = pairs.frame
    development = (frame["split"] == "dev") & ~frame["held_out"].astype(bool)
    classifier, table = fit_pair_classifier(pairs.select(development), collect_equals(), seed=SEED)
    test = pairs.select(frame["split"] == "test")
    figures = measure_comparison(classifier, test, seed=SEED)
    copies = test.select(test.frame["group"] != "retranslation")
    rest = measure_comparison(classifier, copies, seed=SEED)
    figures["without other people's translations"] = {
        k: v for k, v in rest.items() if k != "by_group"
    }
    return classifier, {"thresholds": table, "test": figures}


def fit_shipped_artifacts(
    memory: WordMemory, marked: Sequence[MarkedDocument]
) -> tuple[ArtifactFinder, dict[str, Any]]:
    """What finds artifacts, and its figures on the test split.

    The model of words is fitted on one half of the development articles, how many are shown is
    chosen on people's articles of the other half.
    """
    development = [d for d in marked if d.split == "dev" and not d.held_out]
    half = [d for d in development if hash_fraction(f"words {d.article_id}") < 0.6]
    words = judge_words(memory, [(d.evidence, d.log_odds, d.marks) for d in half])
    finder = ArtifactFinder(memory, fit_word_model(words, SEED))
    others = [
        d for d in development if d.group == "people" and d.article_id not in
        {h.article_id for h in half}
    ]  # fmt: skip
    model = choose_levels(finder, [(d.text, d.evidence, d.log_odds) for d in others])
    translated = [
        (d.evidence, d.log_odds, d.marks)
        for d in development
        if d.group == "translated" and d.article_id not in {h.article_id for h in half}
    ]
    balance = choose_balance(model, judge_words(memory, translated))
    model = replace(model, levels=dict(model.levels) | {BALANCED: balance})
    finder = ArtifactFinder(memory, model)
    return finder, measure_artifacts(finder, [d for d in marked if d.split == "test"])


def measure_artifacts(
    finder: ArtifactFinder, documents: Sequence[MarkedDocument]
) -> dict[str, Any]:
    """Precision, recall and F1 of shown spans by group, and how many people's articles show."""
    figures: dict[str, Any] = {}
    for level in finder.model.levels:
        for group in ("translated", "spun"):
            counts = []
            for d in documents:
                if d.group == group:
                    shown = finder.find(d.text, d.evidence, d.log_odds, level)
                    counts.append(measure_spans([(a.start, a.end) for a in shown], d.gold))
            figures[f"{group}, {level}"] = {"documents": len(counts), **summarize_spans(counts)}
        people = [d for d in documents if d.group == "people"]
        spans = sum(len(finder.find(d.text, d.evidence, d.log_odds, level)) for d in people)
        words = sum(d.evidence.words for d in people)
        figures[f"people, {level}"] = {
            "documents": len(people),
            "spans per 500 words": 500 * spans / max(1, words),
        }
    return figures


def measure_experts_marks(
    detector: Detector, finder: ArtifactFinder, folder: Path, test_set: str = "newstest2021"
) -> dict[str, Any]:
    """Shown spans against what experts marked in machine translations from Chinese."""
    frame = load_error_spans(folder, test_set)
    figures = {}
    for level in finder.model.levels:
        counts = [
            measure_spans(shown, gold)
            for shown, gold in _read_marked_documents(detector, finder, frame, level)
        ]
        figures[level] = {"documents": len(counts), **summarize_spans(counts)}
    return figures


def _read_marked_documents(
    detector: Detector, finder: ArtifactFinder, frame: pd.DataFrame, level: str
) -> Iterator[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
    """Shown and marked spans of each system's version of each article."""
    for _, group in frame.groupby(["system", "article_id"]):
        text, gold = "", []
        for row in group.itertuples():
            gold += [(len(text) + start, len(text) + end) for start, end in row.marks]
            text += f"{row.text}\n"
        (evidence,) = detector.gatherer.gather([text])
        if not evidence.judged:
            continue
        (log_odds,) = detector.measure_log_odds([evidence])
        shown = finder.find(text, evidence, log_odds, level)
        yield [(a.start, a.end) for a in shown], gold


def complete_shipped_model(folder: Path, model: Path) -> Bundle:
    """Add to a model folder what it compares with and points at, with the figures of both.

    Args:
        folder: where the training corpora lie.
        model: what `detector.training.recipe.write_shipped_model` wrote; replaced.
    """
    labelled, _ = assemble_tuning_pairs(folder, SEED, versions=MEMORY_VERSIONS)
    detector = Detector.load(model)
    pairs, marked = gather_shipped_pairs(detector, load_shipped_pairs(folder))
    classifier, comparison = fit_shipped_comparison(pairs)
    finder, artifacts = fit_shipped_artifacts(count_words(labelled), marked)
    experts = measure_experts_marks(detector, finder, folder)
    return add_parts(
        Bundle.open(model),
        {"comparison.safetensors": classifier.to_arrays()} | finder.to_parts(),
        {"comparison": comparison, "artifacts": artifacts | {"experts": experts}},
    )


def add_parts(bundle: Bundle, parts: Mapping[str, Any], figures: Mapping[str, Any]) -> Bundle:
    """Write a model folder anew with more in it, its card with more figures."""
    manifest = bundle.manifest
    kept = {name: bundle.path(name) for name in manifest.files}
    every = dict(manifest.figures) | dict(figures)
    card = format_card(
        manifest.name, manifest.corpora, manifest.thresholds, every, manifest.licence,
        manifest.provenance,
    )  # fmt: skip
    return write_bundle(
        bundle.folder,
        kept | dict(parts) | {"model_card.md": card.encode()},
        name=manifest.name,
        seed=manifest.seed,
        corpora=manifest.corpora,
        thresholds=manifest.thresholds,
        figures=every,
        licence=manifest.licence,
        provenance=manifest.provenance,
    )
