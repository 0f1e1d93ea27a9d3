"""Measure scored documents, whole and by group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.results import LABELS, ORIGINAL
from detector.training.evaluation.calibration import measure_calibration
from detector.training.evaluation.statistics import (
    FEWEST_ARTICLES,
    RESAMPLES,
    Figure,
    Floats,
    bound_above,
    measure_auroc,
    measure_tpr,
    resample_articles,
    summarize_resamples,
    weigh_share,
    widen_share,
)

#: With fewer human articles a false-positive rate of 1 % would be less than one of them.
FEWEST_HUMANS_AT_ONE_PERCENT = 100

GROUPINGS = ("pivot", "system", "kind", "outlet", "length")

#: Judged words of a document, lower bound included, upper one not.
LENGTH_BANDS = ((0, 60), (60, 150), (150, 300), (300, 600), (600, None))

#: The figures by name, whether more of each is better, and what a table calls them.
FIGURES = {
    "auroc": (True, "AUROC"),
    "tpr_at_1_percent_fpr": (True, "TPR at 1 % FPR"),
    "true_positive_rate": (True, "TPR at the threshold"),
    "false_positive_rate": (False, "FPR at the threshold"),
    "calibration_error": (False, "calibration error"),
}

#: The figures that are shares of documents, and the articles that each rests on.
_SHARES = {
    "true_positive_rate": "machine_articles",
    "false_positive_rate": "human_articles",
}

#: Probabilities of exactly 0 or 1 have no log-odds.
_LEAST = 1e-12


def rank_score(frame: pd.DataFrame) -> Floats:
    """What documents are ranked by: log-odds above the document's own threshold.

    A threshold differs with the length of the text. Ranked by this, the operating point lies on
    the ROC curve. Where there is no threshold, the log-odds themselves.
    """
    if "score" in frame.columns:
        return np.asarray(frame["score"], dtype=np.float64)
    scores = _log_odds(frame["probability"])
    if "threshold" in frame.columns and frame["threshold"].notna().any():
        scores = scores - _log_odds(frame["threshold"])
    return scores


def _log_odds(probabilities: pd.Series) -> Floats:
    bounded = np.clip(np.asarray(probabilities, dtype=np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(bounded) - np.log1p(-bounded))


def name_length(words: npt.ArrayLike) -> list[str]:
    """The name of the `LENGTH_BANDS` in which each number of words lies."""
    starts = [low for low, _ in LENGTH_BANDS[1:]]
    names = [_name_band(*band) for band in LENGTH_BANDS]
    return [names[i] for i in np.searchsorted(starts, np.asarray(words), side="right")]


def _name_band(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} words and more"
    return f"under {high} words" if low == 0 else f"{low}-{high - 1} words"


def check_documents(frame: pd.DataFrame) -> None:
    """Refuse a frame that cannot be measured.

    Raises:
        ValueError: a column is missing, or a label is none of `LABELS`.
    """
    needed = ["label", "article_id", "probability", "flagged"]
    if missing := [name for name in needed if name not in frame.columns]:
        raise ValueError(f"no column {', '.join(map(repr, missing))}")
    if strange := sorted(set(frame["label"]) - set(LABELS)):
        raise ValueError(f"label must be one of {', '.join(LABELS)}, not {strange[0]!r}")


def prepare_documents(frame: pd.DataFrame) -> pd.DataFrame:
    """The documents that were judged, with what figures are computed from."""
    check_documents(frame)
    prepared = frame.assign(
        positive=(frame["label"] != ORIGINAL).astype(bool),
        article_id=frame["article_id"].astype(str),
        rank=rank_score(frame),
        flagged=frame["flagged"].astype(bool),
    )
    if "words" in frame.columns:
        prepared["length"] = name_length(frame["words"].fillna(0))
    return prepared[prepared["probability"].notna()].reset_index(drop=True)


def _measure(documents: pd.DataFrame, weights: Floats) -> dict[str, Floats]:
    """Each of `FIGURES` of prepared documents, r values each."""
    positive, flagged = documents["positive"].to_numpy(), documents["flagged"].to_numpy()
    rank, probability = documents["rank"].to_numpy(), documents["probability"].to_numpy()
    return {
        "auroc": measure_auroc(positive, rank, weights),
        "tpr_at_1_percent_fpr": measure_tpr(positive, rank, weights),
        "true_positive_rate": weigh_share(flagged, weights, positive),
        "false_positive_rate": weigh_share(flagged, weights, ~positive),
        "calibration_error": measure_calibration(positive, probability, weights),
    }


def resample_figures(documents: pd.DataFrame, resamples: int) -> dict[str, Floats]:
    """Each of `FIGURES`: the estimate, then its resamples."""
    pieces = [
        _measure(documents, weights)
        for weights in resample_articles(documents["article_id"].to_numpy(), resamples)
    ]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in FIGURES}


def count_rows(documents: pd.DataFrame) -> dict[str, int]:
    """Documents and articles of both sides."""
    human, machine = (documents[documents["positive"] == side] for side in (False, True))
    return {
        "human": len(human),
        "human_articles": human["article_id"].nunique(),
        "machine": len(machine),
        "machine_articles": machine["article_id"].nunique(),
    }


def find_too_few(counts: Mapping[str, int]) -> dict[str, str]:
    """The figures that rest on too few articles, each with how few."""
    needs = {
        "auroc": (FEWEST_ARTICLES, FEWEST_ARTICLES),
        "tpr_at_1_percent_fpr": (FEWEST_HUMANS_AT_ONE_PERCENT, FEWEST_ARTICLES),
        "true_positive_rate": (0, FEWEST_ARTICLES),
        "false_positive_rate": (FEWEST_ARTICLES, 0),
        "calibration_error": (FEWEST_ARTICLES, FEWEST_ARTICLES),
    }
    found = {}
    for name, (human, machine) in needs.items():
        lacks = [
            f"{counts[f'{side}_articles']} {side} articles, {need} needed"
            for side, need in (("human", human), ("machine", machine))
            if counts[f"{side}_articles"] < need
        ]
        if lacks:
            found[name] = "; ".join(lacks)
    return found


def iterate_groups(documents: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame, bool]]:
    """Grouping, group, its documents, and whether its human documents are those of all groups.

    People's articles have neither pivot nor system, so a group without any is measured against
    all of them; not so a length, at which other lengths are no measure. A group that holds all
    documents would say again what is said overall.
    """
    human = ~documents["positive"]
    for grouping in GROUPINGS:
        if grouping not in documents.columns:
            continue
        names = documents[grouping].fillna("").astype(str)
        for name in _order_groups(grouping, set(names) - {""}):
            own = names == name
            borrowed = grouping != "length" and not (own & human).any()
            of_group = documents[own | human if borrowed else own]
            if len(of_group) < len(documents):
                yield grouping, name, of_group, borrowed


def _order_groups(grouping: str, names: set[str]) -> list[str]:
    if grouping == "length":
        return [name for band in LENGTH_BANDS if (name := _name_band(*band)) in names]
    return sorted(names)


def measure_documents(frame: pd.DataFrame, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Every one of `FIGURES`, overall and by each of `GROUPINGS` that the frame has.

    Documents that were not judged (no probability) are counted and left out; one that is too
    short to be flagged counts as not flagged. A group that has human documents is measured
    against these, another against all human documents ("against": "all human documents").

    Args:
        frame: scored documents, see the module's text.
        resamples: of the bootstrap by article.

    Returns:
        ``overall`` and ``by`` (grouping → group), rows of counts and figures: each ``value``,
        ``low`` and ``high`` (95 %), or None, with the reason in ``too_few``. The rate of false
        positives has an ``upper_bound`` too (Clopper and Pearson 1934, one-sided, 95 %, of as many
        articles), which stays above 0 where nothing was flagged. Besides ``not_judged``, a count.

    Raises:
        ValueError: a column is missing or a label unknown.
    """
    documents = prepare_documents(frame)
    by: dict[str, dict[str, Any]] = {}
    for grouping, name, of_group, borrowed in iterate_groups(documents):
        row = _measure_row(of_group, resamples)
        if borrowed:
            # The rate of all human articles says nothing about the group.
            row |= {"against": "all human documents", "false_positive_rate": None}
            row["too_few"]["false_positive_rate"] = "no human documents of its own"
        by.setdefault(grouping, {})[name] = row
    return {
        "not_judged": len(frame) - len(documents),
        "overall": _measure_row(documents, resamples),
        "by": by,
    }


def _measure_row(documents: pd.DataFrame, resamples: int) -> dict[str, Any]:
    counts = count_rows(documents)
    too_few = find_too_few(counts)
    row: dict[str, Any] = dict(counts)
    values = {} if len(too_few) == len(FIGURES) else resample_figures(documents, resamples)
    for name in FIGURES:
        figure = None if name in too_few else summarize_figure(name, values[name], counts)
        row[name] = figure and figure.to_dict()
    if row["false_positive_rate"] is not None:
        # Several human documents of an article say no more than one of it.
        share = float(documents.loc[~documents["positive"], "flagged"].mean())
        articles = counts["human_articles"]
        bound = bound_above(share * articles, articles)
        row["false_positive_rate"]["upper_bound"] = round(bound, 4)
    return row | {"too_few": too_few}


def summarize_figure(name: str, values: Floats, counts: Mapping[str, int]) -> Figure | None:
    """One of `FIGURES` with its interval, which is not empty where all documents are alike.

    Args:
        name: of the figure.
        values: of `resample_figures`.
        counts: of `count_rows`.
    """
    figure = summarize_resamples(values)
    if figure is None or name not in _SHARES:
        return figure
    return widen_share(figure, counts[_SHARES[name]])


def iterate_rows(result: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every row of what `measure_documents` or `compare_models` returned, with what it is of."""
    yield "overall", result["overall"]
    for grouping, groups in result["by"].items():
        for name, row in groups.items():
            yield f"{grouping} {name}", row
