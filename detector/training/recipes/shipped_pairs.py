"""The recipe of what the shipped model compares with and points at, beside `recipe`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.comparison.pair_features import PairFeatures, PlacedWords
from detector.comparison.relation_classifier import PairClassifier
from detector.detector import Detector
from detector.features.document_features import DocumentFeatures
from detector.model.bundle import Bundle
from detector.model.bundle_writing import write_bundle
from detector.results import EDITED, MACHINE_REWRITTEN, TRANSLATED
from detector.spans.co_occurrence import CooccurrenceCounts
from detector.spans.finder import ArtifactFinder
from detector.spans.word_memory import WordMemory
from detector.text.masking import MaskedSentence, mask_sentence
from detector.text.sentences import split_sentences
from detector.training.corpora.comparison_pairs import load_pairs
from detector.training.corpora.documents import held_out_sources
from detector.training.corpora.labelled_pairs import LabelledPair
from detector.training.corpora.loading import load_error_spans, load_human_news
from detector.training.corpora.splits import hash_fraction
from detector.training.evaluation.model_card import format_card
from detector.training.fitting.comparison import (
    PairFeatureTable,
    collect_equals,
    extract_pair_features,
    fit_pair_classifier,
    measure_comparison,
)
from detector.training.fitting.spans import (
    BALANCED,
    TRACE_KINDS,
    JudgedWords,
    choose_balance,
    choose_levels,
    count_cooccurrences,
    count_machine_words,
    find_swapped,
    fit_word_model,
    judge_words,
    mark_spans,
    mark_traces,
    measure_spans,
    summarize_spans,
)
from detector.training.generation.freedict import FreeDictPivotSource
from detector.training.generation.spinner import Spinner
from detector.training.generation.synonym_sources import SynonymSource, WordNetSource
from detector.training.recipes.shipped import SEED, SPIN_RATES, assemble_tuning_pairs

#: Documents of a kind, at most.
MOST_PAIRS = 250

#: Documents of a group whose words are marked, at most.
MOST_MARKED = {"dev": 800, "test": 120}

#: Spun copies of each article that the model of words is fitted on, beside those.
SPUN_FOR_WORDS = 4

#: Spinners of the same lists and rate, whose habits are drawn.
_HABITS = 3

#: Share of systems' versions of articles with experts' marks that the model of words is fitted on:
#: a tenth of its documents, so that traces elsewhere are not forgotten for what experts mark.
EXPERTS_SHARE = 0.35

#: Share of the development articles that the model of words is fitted on.
_FITTED_SHARE = 0.6

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
        group: "translated", "spun", "experts" or "people".
        split: "dev" or "test".
        article_id: which article it is of.
        held_out: its pivot, system or synonyms were never trained on.
    """

    text: str
    features: DocumentFeatures
    log_odds: float
    marks: Sequence[float]
    gold: Sequence[tuple[int, int]]
    group: str
    split: str
    article_id: str
    held_out: bool


@cache
def _training_synonyms() -> dict[str, Sequence[SynonymSource]]:
    """More than the encoder is tuned on: the judge of words must not know its lists by heart."""
    return {
        "wordnet": [WordNetSource()],
        **{
            f"freedict-{pivot}": [FreeDictPivotSource(pivot)]
            for pivot in ("deu", "spa", "hrv", "hun")
        },
    }


@cache
def _open_spinner(system: str, rate: float) -> Spinner:
    """The spinner that made the copies of a system and rate."""
    sources = _training_synonyms() | held_out_sources()
    return Spinner(sources[system], rate=rate, seed=SEED)


def load_shipped_pairs(folder: Path) -> pd.DataFrame:
    """The pairs of copies and originals that the shipped model is fitted and measured on."""
    return load_pairs(folder, _training_synonyms(), SEED, MOST_PAIRS)


def list_human_sentences(
    folder: Path,
    pairs: Sequence[LabelledPair],
    common_words: frozenset[str],
    frame: pd.DataFrame,
) -> Iterator[MaskedSentence]:
    """People's sentences whose words are counted: of the tuning pairs, and of articles beside.

    Articles that are fitted or measured on are left out, and so are all of the test split.

    Args:
        folder: where the training corpora lie.
        pairs: see `detector.training.recipes.shipped.assemble_tuning_pairs`.
        common_words: what their views were made with.
        frame: the pairs of copies and originals.
    """
    yield from (pair.original for pair in pairs)
    human = load_human_news(folder)
    used = set(frame["article_id"])
    for row in human[human["split"] != "train"].itertuples():
        is_test = hash_fraction(f"pair {row.article_id}") < 0.5
        if not is_test and row.article_id not in used:
            for sentence in split_sentences(str(row.text)):
                if sentence.kind == "sentence":
                    yield mask_sentence(sentence.text, common_words)


def extract_shipped_pairs(
    detector: Detector, frame: pd.DataFrame
) -> tuple[PairFeatureTable, list[MarkedDocument]]:
    """The evidence of all pairs, and documents with marked words among them; takes minutes."""
    ordered = frame.sort_values(["split", "article_id"]).reset_index(drop=True)
    chosen = _choose_marked(ordered)
    columns, substitutions, marked = [], [], []
    seen: set[str] = set()
    for row, features in zip(
        ordered.itertuples(), extract_pair_features(detector, ordered), strict=True
    ):
        columns.append(features.columns)
        substitutions.append(features.substitution_columns)
        if chosen[int(str(row.Index))]:
            marked.append(_mark_copy(row, features))
        elif row.relation == EDITED and row.original not in seen:
            seen.add(str(row.original))
            marked.append(_mark_human(row, features))
    return PairFeatureTable(ordered, np.stack(columns), substitutions), marked


def _choose_marked(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Machines' copies whose words are marked: some of each corpus and split."""
    machine = frame["relation"] == MACHINE_REWRITTEN
    shuffled = frame[machine].sample(frac=1.0, random_state=SEED)
    rank = shuffled.groupby(["group", "split", "held_out"]).cumcount()
    chosen = np.zeros(len(frame), dtype=bool)
    chosen[shuffled.index[rank < shuffled["split"].map(MOST_MARKED)]] = True
    return chosen


def _mark_copy(row: Any, features: PairFeatures) -> MarkedDocument:
    """Mark what a spinner says it swapped, and what alignment says a round trip substituted."""
    if row.group == "spun":
        spun = _open_spinner(str(row.system), float(row.rate)).spin(str(row.original))
        gold = find_swapped(str(row.copy), spun)
        marks = mark_spans(features.copy_words, gold)
    else:
        gold = [
            (s.start, s.end)
            for s in features.alignment.substitutions
            if s.kind in TRACE_KINDS and s.end > s.start
        ]
        marks = mark_traces(features)
    return MarkedDocument(
        str(row.copy), features.copy, features.copy_log_odds, marks, gold,
        "spun" if row.group == "spun" else "translated", str(row.split), str(row.article_id),
        bool(row.held_out),
    )  # fmt: skip


def _mark_human(row: Any, features: PairFeatures) -> MarkedDocument:
    marks = [0.0] * len(features.original_words.starts)
    return MarkedDocument(
        str(row.original), features.original, features.original_log_odds, marks, [], "people",
        str(row.split), str(row.article_id), False,
    )  # fmt: skip


def spin_for_words(
    detector: Detector, frame: pd.DataFrame, spinners: Sequence[Spinner]
) -> list[MarkedDocument]:
    """People's development articles spun by many spinners, with what was swapped.

    A judge of words that has met few lists of synonyms knows them by heart, and trusts what it
    knows too much beside a list that it has not met. Copies are cheap here: no alignment is asked.

    Args:
        detector: gathers evidence.
        frame: the pairs of copies and originals; originals are those of people's edits.
        spinners: of which each article gets `SPUN_FOR_WORDS`, drawn by its id.
    """
    human = frame[(frame["relation"] == EDITED) & (frame["split"] == "dev")]
    human = human[human["group"] != "retranslation"].drop_duplicates("original")
    documents: list[MarkedDocument] = []
    for row in human.itertuples():
        chosen = np.random.default_rng(
            int(hash_fraction(f"spinners {row.article_id}") * 2**32)
        ).choice(len(spinners), SPUN_FOR_WORDS, replace=False)
        for spinner in (spinners[i] for i in chosen):
            spun = spinner.spin(str(row.original))
            gold = [(swap.start, swap.end) for swap in spun.substitutions]
            documents += _mark_gold(detector, spun.text, gold, "spun", str(row.article_id))
    return documents


def make_word_spinners() -> list[Spinner]:
    """Spinners of eight lists of synonyms, alone and together, of many rates and habits."""
    wordnet, neighbours = WordNetSource(), WordNetSource(neighbours=True)
    german, spanish, croatian, hungarian, dutch, portuguese = (
        FreeDictPivotSource(pivot) for pivot in ("deu", "spa", "hrv", "hun", "nld", "por")
    )
    lists: list[list[SynonymSource]] = [
        [wordnet], [neighbours], [german], [spanish], [croatian], [hungarian], [portuguese],
        [dutch, portuguese], [wordnet, german], [neighbours, hungarian], [croatian, spanish],
    ]  # fmt: skip
    return [
        Spinner(sources, rate=rate, seed=SEED + habits)
        for sources in lists
        for rate in SPIN_RATES
        for habits in range(_HABITS)
    ]


def fit_shipped_comparison(pairs: PairFeatureTable) -> tuple[PairClassifier, dict[str, Any]]:
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
    memory: WordMemory,
    usage: CooccurrenceCounts,
    marked: Sequence[MarkedDocument],
    beside: Sequence[MarkedDocument],
) -> tuple[ArtifactFinder, dict[str, Any]]:
    """What finds artifacts, and its figures on the test split.

    The model of words is fitted on one part of the development articles, how many are shown is
    chosen on those of the other.

    Args:
        memory: see `count_machine_words`.
        usage: see `count_cooccurrences`.
        marked: documents of both splits.
        beside: further documents to fit on, see `spin_for_words` and `mark_experts_documents`.
    """
    development = [d for d in marked if d.split == "dev" and not d.held_out]
    rest = [d for d in development if not _is_fitted(d)]
    fitted = [d for d in [*development, *beside] if _is_fitted(d)]

    def judge(*groups: str) -> JudgedWords:
        chosen = [(d.features, d.log_odds, d.marks) for d in fitted if d.group in groups]
        return judge_words(memory, chosen, usage)

    model = fit_word_model(judge("people"), judge("translated", "experts"), judge("spun"), SEED)
    human = [(d.features, d.log_odds) for d in rest if d.group == "people"]
    model = choose_levels(ArtifactFinder(memory, model, usage), human)
    translated = [(d.features, d.log_odds, d.marks) for d in rest if d.group == "translated"]
    balance = choose_balance(model, judge_words(memory, translated, usage))
    model = replace(model, levels=dict(model.levels) | {BALANCED: balance})
    finder = ArtifactFinder(memory, model, usage)
    return finder, measure_artifacts(finder, [d for d in marked if d.split == "test"])


def _is_fitted(document: MarkedDocument) -> bool:
    """Whether the model of words is fitted on the document's article, rather than its levels."""
    return hash_fraction(f"words {document.article_id}") < _FITTED_SHARE


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
                    shown = finder.find(d.features, d.log_odds, level)
                    counts.append(measure_spans([(a.start, a.end) for a in shown], d.gold))
            figures[f"{group}, {level}"] = {"documents": len(counts), **summarize_spans(counts)}
        human = [d for d in documents if d.group == "people"]
        spans = sum(len(finder.find(d.features, d.log_odds, level)) for d in human)
        words = sum(d.features.words for d in human)
        figures[f"people, {level}"] = {
            "documents": len(human),
            "spans per 500 words": 500 * spans / max(1, words),
        }
    return figures


def measure_experts_marks(
    detector: Detector, finder: ArtifactFinder, folder: Path, test_set: str = "newstest2021"
) -> dict[str, Any]:
    """Shown spans against what experts marked in machine translations from Chinese."""
    frame = load_error_spans(folder, test_set)
    counts: dict[str, list[dict[str, float]]] = {level: [] for level in finder.model.levels}
    for document in _read_marked_documents(detector, frame):
        for level, so_far in counts.items():
            shown = finder.find(document.features, document.log_odds, level)
            so_far.append(measure_spans([(a.start, a.end) for a in shown], document.gold))
    return {
        level: {"documents": len(so_far), **summarize_spans(so_far)}
        for level, so_far in counts.items()
    }


def mark_experts_documents(
    detector: Detector, folder: Path, test_set: str = "newstest2020"
) -> list[MarkedDocument]:
    """Machine translations in which experts marked what is wrong, `EXPERTS_SHARE` of them."""
    frame = load_error_spans(folder, test_set)
    versions = frame["system"] + " " + frame["article_id"]
    chosen = versions.map(lambda v: hash_fraction(f"experts {v}") < EXPERTS_SHARE)
    return list(_read_marked_documents(detector, frame[chosen]))


def _read_marked_documents(detector: Detector, frame: pd.DataFrame) -> Iterator[MarkedDocument]:
    """Each system's version of each article, with its marks."""
    for (_, article_id), group in frame.groupby(["system", "article_id"]):
        text, gold = "", []
        for row in group.itertuples():
            gold += [(len(text) + start, len(text) + end) for start, end in row.marks]
            text += f"{row.text}\n"
        yield from _mark_gold(detector, text, gold, "experts", str(article_id))


def _mark_gold(
    detector: Detector, text: str, gold: Sequence[tuple[int, int]], group: str, article_id: str
) -> Iterator[MarkedDocument]:
    """The development document of a text whose traces are known; none if nothing is judged."""
    features = detector.extractor.extract(detector.extractor.read(text))
    if features.judged:
        log_odds = detector.measure_log_odds(features)
        marks = mark_spans(PlacedWords.locate(features), gold)
        yield MarkedDocument(text, features, log_odds, marks, gold, group, "dev", article_id, False)


def complete_shipped_model(folder: Path, model: Path) -> Bundle:
    """Add to a model folder what it compares with and points at, with the figures of both.

    Args:
        folder: where the training corpora lie.
        model: what `detector.training.recipes.shipped.write_shipped_model` wrote; replaced.
    """
    labelled, common_words = assemble_tuning_pairs(folder, SEED, versions=MEMORY_VERSIONS)
    detector = Detector.load(model)
    frame = load_shipped_pairs(folder)
    pairs, marked = extract_shipped_pairs(detector, frame)
    classifier, comparison = fit_shipped_comparison(pairs)
    memory = count_machine_words(labelled, kinds=(TRANSLATED,))
    usage = count_cooccurrences(list_human_sentences(folder, labelled, common_words, frame))
    beside = spin_for_words(detector, pairs.frame, make_word_spinners())
    beside += mark_experts_documents(detector, folder)
    finder, artifacts = fit_shipped_artifacts(memory, usage, marked, beside)
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
