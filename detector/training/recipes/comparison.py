"""Steps from pairs of copy and original to the classifier of their relation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from detector.comparison.pair_features import PairFeatures
from detector.cores import count_cores
from detector.results import EDITED, MACHINE_REWRITTEN, RETOLD
from detector.training.corpora.comparison_pairs import load_pairs
from detector.training.corpora.documents import HELD_OUT_SPINNERS
from detector.training.fitting.comparison import (
    PairFeatureTable,
    collect_equals,
    extract_pair_features,
    fit_pair_classifier,
    measure_comparison,
    measure_excerpts,
)
from detector.training.fitting.spans import TRACE_KINDS, find_swapped, mark_traces
from detector.training.generation.spinner import Spinner
from detector.training.recipes import work_files
from detector.training.recipes.documents import DOCUMENTS
from detector.training.recipes.excerpts import add_excerpts
from detector.training.recipes.fold_models import FoldModels
from detector.training.recipes.shipped_settings import COMPARISON_SPINNERS, ShippedSettings
from detector.training.recipes.work_files import MarkedText

PAIRS, FEATURES = "comparison_pairs.parquet", "comparison_features"

#: Copies whose words are marked, and human originals.
MARKED_COPIES = "marked_copies.jsonl"

#: How many pairs a process measures before it answers.
_PAIRS_AT_ONCE = 256

#: Copies hold sentences of their originals: so many encodings are kept.
_SENTENCES_KEPT = 4096

CLASSIFIER, FIGURES = "comparison.safetensors", "comparison.json"


def write_comparison_pairs(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """Pairs of copy and original of known relation, whole and some in excerpts."""
    drawn = {
        split: load_pairs(
            settings.corpora,
            COMPARISON_SPINNERS,
            settings.seed,
            most,
            settings.lists,
            permissive=settings.mix.permissive,
        )
        for split, most in settings.amounts.pairs.items()
    }
    pairs = pd.concat([pairs[pairs["split"] == split] for split, pairs in drawn.items()])
    # What is held out is measured on, on the test split.
    pairs = pairs[~((pairs["split"] == "dev") & pairs["held_out"].astype(bool))]
    ordered = pairs.sort_values(["split", "article_id"]).reset_index(drop=True)
    both = add_excerpts(ordered, dict(settings.amounts.pairs), settings.seed)
    # Beside the whole pair, whose sentences are still known, see `SentenceEncoder`.
    both.sort_values(["pair", "is_excerpt"]).reset_index(drop=True).to_parquet(fresh / PAIRS)


def write_comparison_features(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """What is measured of each pair, and the words of some copies and originals, marked."""
    pairs = pd.read_parquet(work / PAIRS)
    models = FoldModels.read(work / work_files.FOLD_MODELS, work / DOCUMENTS)
    named, chosen = models.name_articles(pairs), _choose_copies(pairs, settings)
    # The texts' articles are named, and need not be sent to each process.
    models = replace(models, articles={})
    measured = Parallel(n_jobs=count_cores())(
        delayed(_measure_pairs)(
            settings, work, models, pairs.iloc[rows], named.iloc[rows], chosen[rows]
        )
        for rows in np.array_split(np.arange(len(pairs)), math.ceil(len(pairs) / _PAIRS_AT_ONCE))
    )
    tables, marked = zip(*measured, strict=True)
    work_files.write_pair_features(fresh / FEATURES, PairFeatureTable.concatenate(tables))
    unique = {(text.group, text.text): text for texts in marked for text in texts}
    work_files.write_marked_texts(fresh / MARKED_COPIES, unique.values())


def _measure_pairs(
    settings: ShippedSettings,
    work: Path,
    models: FoldModels,
    pairs: pd.DataFrame,
    named: pd.DataFrame,
    chosen: npt.NDArray[np.bool_],
) -> tuple[PairFeatureTable, list[MarkedText]]:
    """The features of some pairs, and the words of some of their texts, marked.

    Scores of the two texts are among a pair's features: texts of articles that the document
    classifier was fitted on are scored by one that was not.

    Args:
        settings: of the recipe.
        work: the work folder.
        models: of the folds.
        pairs: of copy and original.
        named: the same by the articles that the classifier was fitted on them as.
        chosen: which copies' words are marked.
    """
    detector = work_files.load_detector(work, threads=1, memory=_SENTENCES_KEPT)
    marker = _Marker(settings, named, chosen)
    judge = partial(models.judge, score=detector.measure_log_odds)
    features = extract_pair_features(detector, named, judge)
    return PairFeatureTable.collect(pairs, marker.mark_along(features)), marker.marked


def write_comparison(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """The classifier of relations, and its figures on the test split."""
    pairs = work_files.read_pair_features(work / FEATURES)
    frame = pairs.frame
    is_development = frame["split"] == "dev"
    equals = collect_equals(settings.lists.wordnet)
    classifier, table = fit_pair_classifier(pairs.select(is_development), equals, settings.seed)
    work_files.write_arrays(fresh / CLASSIFIER, classifier.to_arrays())
    # A professional's translation has machine versions in both splits.
    known = frame["original"].isin(frame.loc[is_development, "original"])
    is_test = (frame["split"] == "test") & ~frame["pair"].isin(frame.loc[known, "pair"])
    test = pairs.select(is_test & ~frame["is_excerpt"])
    figures = measure_comparison(classifier, test)
    figures["excerpts"] = measure_excerpts(classifier, pairs.select(is_test & frame["is_excerpt"]))
    copies = test.select(test.frame["group"] != "retranslation")
    rest = measure_comparison(classifier, copies)
    figures["without other people's translations"] = {
        k: v for k, v in rest.items() if k != "by_group"
    }
    everything = {"thresholds": table, "test": figures}
    work_files.write_json(fresh / FIGURES, everything)


class _Marker:
    """Marks the words of some pairs' texts while their features pass by.

    Attributes:
        marked: what was marked so far, in the pairs' order.
    """

    def __init__(
        self, settings: ShippedSettings, pairs: pd.DataFrame, chosen: npt.NDArray[np.bool_]
    ) -> None:
        self.marked: list[MarkedText] = []
        self._settings = settings
        self._pairs = pairs
        self._chosen = chosen
        self._originals: set[str] = set()
        self._open_spinner = cache(self._make_spinner)

    def mark_along(self, features: Iterable[PairFeatures]) -> Iterator[PairFeatures]:
        """The same features, once the pair's text is marked."""
        rows = zip(self._pairs.itertuples(), self._chosen, features, strict=True)
        for row, is_chosen, of_pair in rows:
            if is_chosen:
                self.marked.append(self._mark_copy(row, of_pair))
            elif self._is_new_original(row):
                self._originals.add(str(row.original))
                marks: list[float | None] = [0.0] * len(of_pair.original_words.starts)
                text, split = str(row.original), str(row.split)
                self.marked.append(
                    MarkedText(text, [], "human", split, str(row.article_id), marks=marks)
                )
            yield of_pair

    def _is_new_original(self, row: Any) -> bool:
        is_whole = row.relation in (EDITED, RETOLD) and not row.is_excerpt
        return is_whole and row.original not in self._originals

    def _mark_copy(self, row: Any, features: PairFeatures) -> MarkedText:
        """Mark what a spinner says it swapped, or what alignment says a round trip substituted."""
        marks: list[float | None] | None = None
        is_spun = row.rate > 0.0
        if is_spun:
            spun = self._open_spinner(str(row.system), float(row.rate)).spin(str(row.original))
            gold = find_swapped(str(row.copy), spun)
        else:
            gold = [
                (s.start, s.end)
                for s in features.alignment.substitutions
                if s.kind in TRACE_KINDS and s.end > s.start
            ]
            marks = [None if np.isnan(mark) else mark for mark in mark_traces(features)]
        group = "spun" if is_spun else "translated"
        article, held_out = str(row.article_id), bool(row.held_out)
        return MarkedText(str(row.copy), gold, group, str(row.split), article, held_out, marks)

    def _make_spinner(self, system: str, rate: float) -> Spinner:
        """The spinner that made the copies of a system and rate."""
        names = (COMPARISON_SPINNERS | HELD_OUT_SPINNERS)[system]
        return self._settings.lists.make_spinner(names, rate, self._settings.seed)


def _choose_copies(pairs: pd.DataFrame, settings: ShippedSettings) -> npt.NDArray[np.bool_]:
    """Machines' copies whose words are marked: some of each corpus and split."""
    machine = pairs[(pairs["relation"] == MACHINE_REWRITTEN) & ~pairs["is_excerpt"]]
    shuffled = machine.sample(frac=1.0, random_state=settings.seed)
    rank = shuffled.groupby(["group", "split", "held_out"]).cumcount()
    chosen = np.zeros(len(pairs), dtype=bool)
    chosen[shuffled.index[rank < shuffled["split"].map(settings.amounts.marked_documents)]] = True
    return chosen
