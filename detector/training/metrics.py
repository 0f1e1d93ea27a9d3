"""Figures of scored documents, overall and by group, with intervals by article.

`measure_documents` measures one model, `compare_models` two on the same documents. Both take a
frame with one row per document:

``label``
    ``original`` (people's English), ``translated`` or ``spun``.
``article_id``
    the article that a document is, or is a version of; whole articles are resampled.
``probability``, ``threshold``, ``flagged``
    what the model says, as `Detector.score_frame` returns it; NaN where it was not judged.
``score``
    optional: what documents are ranked by. Unless it is there, `rank_score` of the others.
``pivot``, ``system``, ``kind``, ``outlet``, ``words``
    optional: what figures are grouped by; empty or missing where a document has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.training.model_card import DASH, format_table
from detector.verdict import LABELS, ORIGINAL

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RESAMPLES = 1000
#: Under so many articles a figure says too little, and the table shows a dash.
FEWEST_ARTICLES = 10
#: With fewer human articles a false-positive rate of 1 % would be less than one of them.
FEWEST_HUMANS_AT_ONE_PERCENT = 100
#: Probabilities are binned in tenths (Guo et al. 2017 use 15 bins, on far larger sets).
CALIBRATION_BINS = 10
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
BETTER, WORSE, UNDECIDED = "better", "worse beyond noise", "no difference to be told"

_SEED = 7
_CHUNK = 100
#: Probabilities of exactly 0 or 1 have no log-odds.
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95 % bootstrap interval by article."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_dict(self) -> dict[str, float]:
        """Rounded, for JSON."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
        }


# --------------------------------------------------------------------------------------
# Resampling
# --------------------------------------------------------------------------------------


def resample_articles(
    articles: Sequence[str] | npt.NDArray[Any], resamples: int = RESAMPLES
) -> Iterator[Floats]:
    """How often each row takes part when whole articles are drawn with replacement.

    The draws depend on the articles alone, so that two models are measured on the same ones.

    Args:
        articles: the article of each of n rows.
        resamples: how many draws.

    Yields:
        (r, n) weights, in pieces; the first row of the first piece is 1 throughout, so that the
        first of all values computed from them is the estimate, the rest its resamples.
    """
    codes, names = pd.factorize(np.asarray(articles, dtype=object))
    rng = np.random.default_rng(_SEED)
    yield np.ones((1, len(codes)))
    for start in range(0, resamples, _CHUNK):
        size = min(_CHUNK, resamples - start)
        draws = [rng.integers(len(names), size=len(names)) for _ in range(size)]
        counts = np.stack([np.bincount(drawn, minlength=len(names)) for drawn in draws])
        yield counts[:, codes].astype(np.float64)


def bootstrap(
    measure: Callable[[Floats], Floats],
    articles: Sequence[str] | npt.NDArray[Any],
    resamples: int = RESAMPLES,
) -> Figure | None:
    """A figure of all rows, and its spread when whole articles are drawn with replacement.

    Args:
        measure: takes (r, n) weights of the rows, gives r values, NaN where it is not defined.
        articles: the article of each of n rows.
        resamples: how many draws.

    Returns:
        None where there are fewer than `FEWEST_ARTICLES` articles.
    """
    if len(set(articles)) < FEWEST_ARTICLES:
        return None
    values = [measure(weights) for weights in resample_articles(articles, resamples)]
    return _summarize(np.concatenate(values))


def _summarize(values: Floats) -> Figure | None:
    """The first value, with the interval of the others; None where nothing was defined."""
    drawn = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or not len(drawn):
        return None
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Figure(float(values[0]), float(low), float(high))


# --------------------------------------------------------------------------------------
# Figures of weighted rows
# --------------------------------------------------------------------------------------


def weigh_share(mask: Flags | Floats, weights: Floats, among: Flags | None = None) -> Floats:
    """Mean (r,) of `mask` over all rows, or those `among`; NaN where there are none."""
    considered = weights if among is None else weights * among
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((considered @ mask.astype(np.float64)) / considered.sum(axis=1))


def measure_share(
    mask: Flags, articles: Sequence[str] | npt.NDArray[Any], resamples: int = RESAMPLES
) -> Figure | None:
    """Share of the rows in `mask`, with its interval by article; None where there are too few.

    Where all rows are alike there is nothing to resample, and chance could still have it
    otherwise: then the interval is that of as many articles (Clopper and Pearson 1934).
    """
    share = bootstrap(partial(weigh_share, mask), articles, resamples)
    return share and _widen_share(share, len(set(articles)))


def _widen_share(share: Figure, articles: int) -> Figure:
    """A share whose interval is not empty where all rows are alike."""
    if 0 < share.value < 1:
        return share
    from scipy.stats import binomtest

    exact = binomtest(round(share.value * articles), articles).proportion_ci(0.95, method="exact")
    return Figure(share.value, float(exact.low), float(exact.high))


def measure_auroc(positive: Flags, scores: Floats, weights: Floats) -> Floats:
    """Area (r,) under the ROC curve, a tie counting half; NaN where one side is missing.

    Args:
        positive: (n,), whether a row should score high.
        scores: (n,).
        weights: (r, n), of the rows.
    """
    human, machine = _gather_levels(positive, scores, weights)
    below = np.cumsum(human, axis=1) - human / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs = human.sum(axis=1) * machine.sum(axis=1)
        return np.asarray((machine * below).sum(axis=1) / pairs)


def measure_tpr(positive: Flags, scores: Floats, weights: Floats, rate: float = 0.01) -> Floats:
    """Share (r,) of positives above the lowest score that at most `rate` of the others reach."""
    human, machine = _gather_levels(positive, scores, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        false = np.cumsum(human[:, ::-1], axis=1) / human.sum(axis=1, keepdims=True)
        true = np.cumsum(machine[:, ::-1], axis=1) / machine.sum(axis=1, keepdims=True)
    found = np.where(false <= rate + 1e-12, true, 0.0).max(axis=1, initial=0.0)
    missing = np.isnan(false).any(axis=1) | np.isnan(true).any(axis=1)
    return np.where(missing, np.nan, found)


def _gather_levels(positive: Flags, scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weight of the negatives and of the positives at each different score, lowest first."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    ordered, side = weights[:, order], positive[order]
    return (
        np.add.reduceat(ordered * ~side, starts, axis=1),
        np.add.reduceat(ordered * side, starts, axis=1),
    )


def measure_calibration(positive: Flags, probabilities: Floats, weights: Floats) -> Floats:
    """Expected calibration error (r,): how far stated probabilities lie from what came true.

    Both classes count alike, as probabilities are stated at equal prior odds. Guo et al. (2017),
    On Calibration of Modern Neural Networks. With few documents chance alone makes it large.
    """
    shares = _balance_classes(positive, weights)
    bins = bin_probabilities(probabilities)
    error = np.zeros(len(weights))
    for number in range(CALIBRATION_BINS):
        inside = bins == number
        gap = probabilities[inside] - positive[inside]
        error += np.abs(shares[:, inside] @ gap)
    return np.where(np.isnan(shares).any(axis=1), np.nan, error)


def bin_probabilities(probabilities: Floats) -> npt.NDArray[np.int64]:
    """The bin of each probability, 0 to `CALIBRATION_BINS` - 1."""
    numbers = np.floor(probabilities * CALIBRATION_BINS).astype(np.int64)
    return np.clip(numbers, 0, CALIBRATION_BINS - 1)


def measure_reliability(
    positive: Flags,
    probabilities: Floats,
    articles: Sequence[str] | npt.NDArray[Any],
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """What a reliability diagram shows: how often a stated probability came true, by bin.

    Both classes count alike, as in `measure_calibration`.

    Returns:
        A row per filled bin: mean ``stated`` probability, share that ``came_true`` with ``low``
        and ``high`` (95 %, by article), and ``documents``. No rows where a class is missing.
    """
    bins = bin_probabilities(probabilities)
    filled, documents = np.unique(bins, return_counts=True)
    inside = (bins[:, None] == filled).astype(np.float64)
    stated, true = [], []
    for weights in resample_articles(articles, resamples):
        shares = _balance_classes(positive, weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            stated.append((shares * probabilities) @ inside / (shares @ inside))
            true.append((shares * positive) @ inside / (shares @ inside))
    summaries = [_summarize(values) for values in np.concatenate(true).T]
    rows = [
        {
            "stated": stated[0][0, i],
            "came_true": s.value,
            "low": s.low,
            "high": s.high,
            "documents": n,
        }
        for i, (s, n) in enumerate(zip(summaries, documents.tolist(), strict=True))
        if s is not None
    ]
    return pd.DataFrame(rows, columns=["stated", "came_true", "low", "high", "documents"])


def trace_roc(positive: Flags, scores: Floats) -> tuple[Floats, Floats]:
    """The ROC curve from (0, 0) to (1, 1): false and true positive rates, one step per score."""
    human, machine = _gather_levels(positive, scores, np.ones((1, len(scores))))
    false, true = (np.r_[0.0, np.cumsum(side[0, ::-1]) / side.sum()] for side in (human, machine))
    return false, true


def _balance_classes(positive: Flags, weights: Floats) -> Floats:
    """Weights that add up to a half on each side; NaN in rows where a side is missing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        machine = weights * positive / (weights @ positive.astype(np.float64))[:, None]
        human = weights * ~positive / (weights @ (~positive).astype(np.float64))[:, None]
    return (machine + human) / 2


# --------------------------------------------------------------------------------------
# Documents
# --------------------------------------------------------------------------------------


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


def _prepare(frame: pd.DataFrame) -> pd.DataFrame:
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


def _resample_figures(documents: pd.DataFrame, resamples: int) -> dict[str, Floats]:
    """Each of `FIGURES`: the estimate, then its resamples."""
    pieces = [
        _measure(documents, weights)
        for weights in resample_articles(documents["article_id"].to_numpy(), resamples)
    ]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in FIGURES}


def _count(documents: pd.DataFrame) -> dict[str, int]:
    human, machine = (documents[documents["positive"] == side] for side in (False, True))
    return {
        "human": len(human),
        "human_articles": human["article_id"].nunique(),
        "machine": len(machine),
        "machine_articles": machine["article_id"].nunique(),
    }


def _find_too_few(counts: Mapping[str, int]) -> dict[str, str]:
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


def _iterate_groups(documents: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame, bool]]:
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


# --------------------------------------------------------------------------------------
# One model
# --------------------------------------------------------------------------------------


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
        positives has an ``upper_bound`` too (Clopper and Pearson 1934, one-sided, 95 %), which
        stays above 0 where nothing was flagged. Besides ``not_judged``, a count.

    Raises:
        ValueError: a column is missing or a label unknown.
    """
    documents = _prepare(frame)
    by: dict[str, dict[str, Any]] = {}
    for grouping, name, of_group, borrowed in _iterate_groups(documents):
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
    counts = _count(documents)
    too_few = _find_too_few(counts)
    row: dict[str, Any] = dict(counts)
    values = {} if len(too_few) == len(FIGURES) else _resample_figures(documents, resamples)
    for name in FIGURES:
        figure = None if name in too_few else _summarize(values[name])
        if figure is not None and name in _SHARES:
            figure = _widen_share(figure, counts[_SHARES[name]])
        row[name] = figure and figure.to_dict()
    if row["false_positive_rate"] is not None:
        human = documents.loc[~documents["positive"], "flagged"]
        row["false_positive_rate"]["upper_bound"] = round(_bound(human), 4)
    return row | {"too_few": too_few}


def _bound(flagged: pd.Series) -> float:
    from scipy.stats import binomtest

    test = binomtest(int(flagged.sum()), len(flagged))
    # The upper end of a two-sided interval of 90 % is a one-sided bound of 95 %.
    return float(test.proportion_ci(0.90, method="exact").high)


# --------------------------------------------------------------------------------------
# Two models
# --------------------------------------------------------------------------------------


def compare_models(
    frame: pd.DataFrame,
    scores_a: pd.DataFrame,
    scores_b: pd.DataFrame,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """What model B does otherwise than model A on the same documents, by paired bootstrap.

    Both are measured on the same draws of articles, so what makes an article hard for either is
    not taken for noise. A document that one of them did not judge is left out for both.

    Args:
        frame: documents with ``label``, ``article_id`` and groupings; lengths are those of
            ``words`` in `scores_a`, unless the frame has them.
        scores_a: ``probability``, ``threshold``, ``flagged`` (as `Detector.score_frame` returns
            them) and perhaps ``score``, a row per document of `frame`, in its order.
        scores_b: the same from the other model.
        resamples: of the bootstrap by article.

    Returns:
        ``overall`` and ``by``, as `measure_documents` does; each figure holds ``a``, ``b``,
        ``difference`` (b - a, with interval) and ``verdict``, or is None. Besides ``better`` and
        ``worse``, which name the figures with these verdicts, and ``compared``, the number of
        figures: a fortieth of them comes out better, and one worse, by chance alone.

    Raises:
        ValueError: a column is missing, a label unknown, or the rows are not as many.
    """
    if not len(frame) == len(scores_a) == len(scores_b):
        raise ValueError(
            f"{len(frame)} documents, {len(scores_a)} and {len(scores_b)} scores: "
            "give one row per document"
        )
    a, b = (_prepare(_judged_by_both(frame, of, scores_a, scores_b)) for of in (scores_a, scores_b))
    result: dict[str, Any] = {
        "not_judged": len(frame) - len(a),
        "overall": _compare_row(a, b, False, resamples),
        "by": {},
    }
    for grouping, name, of_group, borrowed in _iterate_groups(a):
        row = _compare_row(of_group, b.loc[of_group.index], borrowed, resamples)
        result["by"].setdefault(grouping, {})[name] = row
    return result | _list_verdicts(result)


def _judged_by_both(
    frame: pd.DataFrame, scores: pd.DataFrame, scores_a: pd.DataFrame, scores_b: pd.DataFrame
) -> pd.DataFrame:
    both = (scores_a["probability"].notna().to_numpy()) & scores_b["probability"].notna().to_numpy()
    # Of both models the lengths must be the same ones, or the groups would differ.
    words = frame if "words" in frame.columns else scores_a
    columns = [c for c in ("probability", "threshold", "flagged", "score") if c in scores.columns]
    values = {name: scores[name].to_numpy() for name in columns}
    if "words" in words.columns:
        values["words"] = words["words"].to_numpy()
    rest = frame.drop(columns=["probability", "threshold", "flagged", "score"], errors="ignore")
    return rest.assign(**values)[both]


def _compare_row(
    a: pd.DataFrame, b: pd.DataFrame, borrowed: bool, resamples: int
) -> dict[str, Any]:
    counts = _count(a)
    too_few = _find_too_few(counts)
    if borrowed:
        too_few["false_positive_rate"] = "no human documents of its own"
    row: dict[str, Any] = dict(counts)
    if len(too_few) < len(FIGURES):
        first, second = _resample_figures(a, resamples), _resample_figures(b, resamples)
    for name, (more_is_better, _) in FIGURES.items():
        row[name] = (
            None if name in too_few else _compare_figure(first[name], second[name], more_is_better)
        )
    return row | {"too_few": too_few}


def _compare_figure(a: Floats, b: Floats, more_is_better: bool) -> dict[str, Any] | None:
    figures = _summarize(a), _summarize(b), _summarize(b - a)
    if any(figure is None for figure in figures):
        return None
    old, new, difference = (figure for figure in figures if figure is not None)
    verdict = UNDECIDED
    if difference.low > 0 or difference.high < 0:
        verdict = BETTER if (difference.low > 0) == more_is_better else WORSE
    return {
        "a": old.to_dict(),
        "b": new.to_dict(),
        "difference": difference.to_dict(),
        "verdict": verdict,
    }


def _list_verdicts(result: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that are better or worse, as "pivot de: auroc", and how many were compared."""
    named: dict[str, list[str]] = {BETTER: [], WORSE: [], UNDECIDED: []}
    for where, row in _iterate_rows(result):
        for name in FIGURES:
            if row[name] is not None:
                named[row[name]["verdict"]].append(f"{where}: {name}")
    return {
        "better": named[BETTER],
        "worse": named[WORSE],
        "compared": sum(map(len, named.values())),
    }


# --------------------------------------------------------------------------------------
# As text
# --------------------------------------------------------------------------------------


def _iterate_rows(result: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "overall", result["overall"]
    for grouping, groups in result["by"].items():
        for name, row in groups.items():
            yield f"{grouping} {name}", row


def format_measurement(result: Mapping[str, Any]) -> str:
    """What `measure_documents` returned, as a Markdown table; a dash where there is too little."""
    rows = [
        [where, f"{row['human']:,}", f"{row['machine']:,}"]
        + [_format_figure(row[name]) for name in FIGURES]
        for where, row in _iterate_rows(result)
    ]
    titles = [title for _, title in FIGURES.values()]
    lines = [format_table(["documents", "human", "machine", *titles], rows), ""]
    lines.append("In brackets 95 % bootstrap intervals by article.")
    if bound := (result["overall"]["false_positive_rate"] or {}).get("upper_bound"):
        lines.append(
            "The overall rate of false positives is at most "
            f"{float(f'{100 * bound:.2g}'):g} % with 95 % confidence."
        )
    return "\n".join([*lines, *_format_notes(result)])


def format_comparison(result: Mapping[str, Any], name_a: str = "A", name_b: str = "B") -> str:
    """What `compare_models` returned: a Markdown table of what is overall and of what differs.

    Of groups only what is better or worse beyond noise gets a row; the rest is counted.
    """
    rows = [
        [
            where,
            title,
            _format_figure(cell["a"]),
            _format_figure(cell["b"]),
            _format_difference(cell["difference"]),
            cell["verdict"],
        ]
        for where, row in _iterate_rows(result)
        for name, (_, title) in FIGURES.items()
        if (cell := row[name]) is not None and (where == "overall" or cell["verdict"] != UNDECIDED)
    ]
    lines = [format_table(["documents", "figure", name_a, name_b, "difference", "verdict"], rows)]
    better, worse, compared = len(result["better"]), len(result["worse"]), result["compared"]
    lines += [
        "",
        f"{name_b} against {name_a}: of {compared} figures {better} better, {worse} worse beyond "
        f"noise, of the rest no difference can be told. By chance alone some {compared / 40:.0f} "
        "of either are to be expected.",
    ]
    return "\n".join([*lines, *_format_notes(result)])


def _format_notes(result: Mapping[str, Any]) -> Iterator[str]:
    if result["not_judged"]:
        yield f"{result['not_judged']:,} documents were not judged and are left out."
    for name, reason in result["overall"]["too_few"].items():
        yield f"{DASH} {FIGURES[name][1]}: {reason}."
    if any(row["too_few"] for where, row in _iterate_rows(result) if where != "overall"):
        yield (
            f"A dash: fewer than {FEWEST_ARTICLES} articles on a side that the figure needs, or "
            f"than {FEWEST_HUMANS_AT_ONE_PERCENT} human ones for 1 %."
        )


def _format_figure(figure: Mapping[str, float] | None) -> str:
    return (
        DASH
        if figure is None
        else f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
    )


def _format_difference(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:+.3f} [{figure['low']:+.3f}, {figure['high']:+.3f}]"
