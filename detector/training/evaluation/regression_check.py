"""Old model against new, before the new one is written: is it worse, does it break a guarantee?

Two sets of documents are scored by both models: the user's own, and the replay data of the old
model, which stands for everything that it could do. No document is judged by a
scorer that saw its article: the user's held-out articles by the models as they are, all others
out of fold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.choices import DEFAULT_FALSE_POSITIVE_RATE
from detector.model.document_classifier import DocumentClassifier
from detector.presentation.tables import DASH, format_table
from detector.results import ORIGINAL
from detector.training.evaluation.metrics import FIGURES
from detector.training.evaluation.model_comparison import WORSE, compare_models
from detector.training.evaluation.statistics import bound_below
from detector.training.fitting.feature_table import FeatureTable, read_column

Floats = npt.NDArray[np.float64]

#: A figure may be this much lower before it counts, however sure the difference is. What is found
#: at a threshold moves with the few human articles that set it: 37 in the shipped model, of which
#: chance gives or takes six, and with them a twentieth of what is found.
TOLERANCE = 0.01
_TOLERANCES = {"true_positive_rate": 0.05}

#: A group with fewer machine documents may lose as many times as much: of a hundred systems some
#: lose a little, and a model that finds more of all is not worse for it.
_FEWEST_OF_A_GROUP, _TOLERANCE_OF_FEW = 50, 3

#: What a model may not get worse at; calibration moves with the mix of documents.
_FALSE_POSITIVES = "false_positive_rate"

_JUDGED_FIGURES = ("auroc", "true_positive_rate", _FALSE_POSITIVES)

_JUDGED_GROUPINGS = ("outlet", "system", "kind")

_MOST_LISTED = 8

#: Of the bootstrap: enough for a 95 % interval, and a few seconds.
_RESAMPLES = 400


def describe_scores(
    classifier: DocumentClassifier,
    scores: npt.ArrayLike,
    words: npt.ArrayLike,
    stopped: npt.ArrayLike,
) -> pd.DataFrame:
    """What a classifier says of documents at the usual rate, as `compare_models` takes it.

    Args:
        classifier: gives calibration and thresholds.
        scores: (n,), its own or out-of-fold ones; NaN where it has none.
        words: (n,) judged words.
        stopped: (n,), which ones are flagged at no threshold, see `FeatureTable`.
    """
    free = ~np.asarray(stopped, dtype=bool)
    probability = classifier.calibrate(scores, words)
    threshold = classifier.find_threshold(DEFAULT_FALSE_POSITIVE_RATE, words)
    return pd.DataFrame(
        {
            "probability": probability,
            "threshold": np.nan if threshold is None else threshold,
            "flagged": False if threshold is None else free & (probability >= threshold),
            "score": np.asarray(scores),
            "words": np.asarray(words),
            "stopped": ~free,
        }
    )


@dataclass(frozen=True)
class ScoredSet:
    """Documents that both models judged.

    Attributes:
        name: what they are.
        documents: label, article_id, pivot, system, kind, outlet.
        old: what the old model says, see `describe_scores`.
        new: the same of the new one.
        of_user: whether they are the user's, to whom the rate is guaranteed.
    """

    name: str
    documents: pd.DataFrame
    old: pd.DataFrame
    new: pd.DataFrame
    of_user: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        frame: pd.DataFrame,
        old: pd.DataFrame,
        new: pd.DataFrame,
        of_user: bool = False,
    ) -> ScoredSet:
        """Documents as `FeatureTable` names them, and what both models say."""
        documents = pd.DataFrame(
            {
                "label": frame["label"],
                "article_id": frame["article_id"],
                "system": frame["system"],
                "kind": frame["label"],
                "outlet": frame["group"],
            }
        )
        if of_user:
            documents["pivot"] = frame["pivot"]
        documents = documents.reset_index(drop=True)
        return cls(name, documents, old.reset_index(drop=True), new.reset_index(drop=True), of_user)


@dataclass
class SetComparison:
    """The outcome: figures of each set, and what is wrong with the new model.

    Attributes:
        figures: set → what `compare_models` returned.
        faults: what speaks against the new model, in words; none if it may be written.
        price: what got worse because it was asked for: a higher threshold finds less.
    """

    figures: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    price: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"figures": self.figures, "faults": self.faults, "price": self.price}

    def __str__(self) -> str:
        parts = [
            f"old model → new, {name}\n\n{format_side_by_side(figures)}"
            for name, figures in self.figures.items()
        ]
        if self.price:
            parts.append("the price of the new thresholds:\n" + list_some(self.price))
        return "\n\n".join(parts)


def list_some(lines: Sequence[str]) -> str:
    """The first lines of a list, and how many more there are."""
    left = len(lines) - _MOST_LISTED
    more = [f"… and {left} more"] if left > 0 else []
    return "\n".join(f"  {line}" for line in [*lines[:_MOST_LISTED], *more])


def compare_sets(
    sets: list[ScoredSet],
    old: DocumentClassifier,
    new: DocumentClassifier,
    priced: Collection[str] = (),
) -> SetComparison:
    """Compare both models on every set, and list what is worse in the new one beyond noise.

    Args:
        sets: documents judged by both.
        old: the old model.
        new: the new one.
        priced: figures whose loss is the price of what was asked for, and no fault.
    """
    comparison = SetComparison()
    for scored in sets:
        figures = compare_models(scored.documents, scored.old, scored.new, _RESAMPLES)
        comparison.figures[scored.name] = figures
        judged = [figure for figure in _JUDGED_FIGURES if figure not in priced]
        comparison.faults += find_faults(scored.name, figures, judged)
        comparison.price += find_faults(scored.name, figures, priced)
        comparison.faults += find_broken_guarantees(scored)
    for rate in sorted(set(old.thresholds) - set(new.thresholds)):
        comparison.faults.append(
            f"the new model guarantees no false-positive rate of {rate:g}, and the old one did"
        )
    return comparison


def find_faults(name: str, figures: Mapping[str, Any], judged: Collection[str]) -> list[str]:
    """The `judged` figures of one set that got worse beyond noise and tolerance, in words.

    A false-positive rate that rises and stays within its guarantee is no fault.
    """
    faults = []
    for where, row in _iterate_rows(figures):
        for figure in judged:
            cell = row[figure]
            if cell is None or cell["verdict"] != WORSE:
                continue
            if figure == _FALSE_POSITIVES and cell["b"]["value"] <= DEFAULT_FALSE_POSITIVE_RATE:
                continue
            difference = cell["difference"]
            tolerance = _TOLERANCES.get(figure, TOLERANCE)
            if figure != _FALSE_POSITIVES and row["machine"] < _FEWEST_OF_A_GROUP:
                tolerance *= _TOLERANCE_OF_FEW
            if abs(difference["value"]) > tolerance:
                faults.append(
                    f"{name}, {where}: {FIGURES[figure][1]} {cell['a']['value']:.3f} → "
                    f"{cell['b']['value']:.3f} ({difference['low']:+.3f} to "
                    f"{difference['high']:+.3f})"
                )
    return faults


def _iterate_rows(figures: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    rows = [("overall", figures["overall"])]
    for grouping in _JUDGED_GROUPINGS:
        rows += [
            (f"{grouping} {name}", row) for name, row in figures["by"].get(grouping, {}).items()
        ]
    return rows


def format_side_by_side(figures: Mapping[str, Any]) -> str:
    """The figures that decide, as a Markdown table: old → new, and the interval of the change."""
    rows = [
        [where, f"{row['human']:,}", f"{row['machine']:,}"]
        + [_format_change(row[figure]) for figure in _JUDGED_FIGURES]
        for where, row in _iterate_rows(figures)
    ]
    titles = [FIGURES[figure][1] for figure in _JUDGED_FIGURES]
    return format_table(["documents", "human", "machine", *titles], rows)


def _format_change(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return DASH
    change = cell["difference"]
    return (
        f"{cell['a']['value']:.3f} → {cell['b']['value']:.3f} "
        f"({change['low']:+.3f} to {change['high']:+.3f})"
    )


def find_broken_guarantees(scored: ScoredSet) -> list[str]:
    """Outlets of which the new model surely flags more human documents than it guarantees.

    Surely: the lower confidence bound of the share (Clopper and Pearson 1934) is above what is
    allowed of it. An outlet of the old model's counts only if the new one flags more of it.
    """
    human = (scored.documents["label"] == ORIGINAL).to_numpy()
    faults = []
    for outlet, rows in scored.documents[human].groupby("outlet"):
        flagged, before = (
            int(of["flagged"].to_numpy()[rows.index].sum()) for of in (scored.new, scored.old)
        )
        is_judged = scored.of_user or flagged > before
        # Several versions of an article, edited by people, are no more evidence than one.
        articles = rows["article_id"].nunique()
        least = bound_below(flagged / len(rows) * articles, articles)
        if is_judged and least > DEFAULT_FALSE_POSITIVE_RATE:
            faults.append(
                f"{scored.name}, outlet {outlet}: {flagged} of {len(rows)} human documents are "
                f"flagged, and {DEFAULT_FALSE_POSITIVE_RATE:.0%} is guaranteed (the old model "
                f"flagged {before})"
            )
    return faults


def score_directly(classifier: DocumentClassifier, documents: FeatureTable) -> pd.DataFrame:
    """What a classifier says of documents that it did not see."""
    words = documents.words
    scores, _ = classifier.score(documents.summaries, words)
    return describe_scores(classifier, scores, words, read_stopped(documents))


def read_stopped(documents: FeatureTable) -> npt.NDArray[np.bool_]:
    """Which documents' form or spelling keeps them from being flagged."""
    return read_column(documents.frame, "stopped", False)
