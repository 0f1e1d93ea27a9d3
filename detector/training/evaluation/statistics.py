"""Shares, AUROC and intervals: the bootstrap by article, and exact bounds of a share.

Sides: "human" is the negative class, "machine" the positive one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

Floats = npt.NDArray[np.float64]

Flags = npt.NDArray[np.bool_]

RESAMPLES = 1000

#: Confidence of the bound on a guaranteed false-positive rate.
CONFIDENCE = 0.95

#: Under so many articles a figure says too little, and the table shows a dash.
FEWEST_ARTICLES = 10

_SEED = 7

_CHUNK = 100


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
    return summarize_resamples(np.concatenate(values))


def summarize_resamples(values: Floats) -> Figure | None:
    """The first value, with the interval of the others; None where nothing was defined."""
    drawn = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or not len(drawn):
        return None
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Figure(float(values[0]), float(low), float(high))


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
    return share and widen_share(share, len(set(articles)))


def widen_share(share: Figure, articles: int) -> Figure:
    """A share whose interval is not empty where all rows are alike."""
    if 0 < share.value < 1:
        return share
    count, one_sided = round(share.value * articles), 1 - (1 - CONFIDENCE) / 2
    low, high = bound_below(count, articles, one_sided), bound_above(count, articles, one_sided)
    return Figure(share.value, low, high)


def bound_above(count: float, total: float, confidence: float = CONFIDENCE) -> float:
    """Upper one-sided confidence bound of a share (Clopper and Pearson 1934)."""
    if count >= total:
        return 1.0
    return float(beta.ppf(confidence, count + 1, total - count))


def bound_below(count: float, total: float, confidence: float = CONFIDENCE) -> float:
    """Lower one-sided confidence bound of a share (Clopper and Pearson 1934)."""
    if not count:
        return 0.0
    return float(beta.ppf(1.0 - confidence, count, total - count + 1))


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


def trace_roc(positive: Flags, scores: Floats) -> tuple[Floats, Floats]:
    """The ROC curve from (0, 0) to (1, 1): false and true positive rates, one step per score."""
    human, machine = _gather_levels(positive, scores, np.ones((1, len(scores))))
    false, true = (np.r_[0.0, np.cumsum(side[0, ::-1]) / side.sum()] for side in (human, machine))
    return false, true
