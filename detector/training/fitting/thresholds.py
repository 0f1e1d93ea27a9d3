"""Choose thresholds with a bound on false positives."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.model.thresholds import Thresholds
from detector.training.evaluation.statistics import bound_above

Floats = npt.NDArray[np.float64]

#: False-positive rates for which a threshold is sought.
FALSE_POSITIVE_RATES = (0.05, 0.01, 0.001)

#: Documents by professional translators, and how many times the guaranteed rate they may have.
TRANSLATOR_GROUP = "translators"

TRANSLATOR_TOLERANCE = 3


def choose_threshold(scores: Floats, rate: float) -> float | None:
    """The least threshold that at most `rate` of human scores reach, by the confidence bound.

    None where there are too few scores for the bound.
    """
    ordered = np.sort(scores)[::-1]
    allowed = -1
    while allowed + 1 < len(ordered) and bound_above(allowed + 1, len(ordered)) <= rate:
        allowed += 1
    if allowed < 0:
        return None
    # Just above the first score that must not be flagged.
    return float(np.nextafter(ordered[allowed], np.inf))


def fit_thresholds(
    scores: Floats,
    groups: pd.Series | None = None,
    guaranteed: Collection[str] = (),
    rates: Sequence[float] = FALSE_POSITIVE_RATES,
    least: float = -np.inf,
) -> tuple[Thresholds, list[dict[str, Any]]]:
    """Thresholds that hold for all negatives together and for each group that is large enough.

    Args:
        scores: out-of-fold scores of the negative class: whole human articles, say.
        groups: their outlets (human translations are one), each of which counts by itself.
        guaranteed: groups for which the rate must hold by its confidence bound, like that of all
            together, as far as they have the articles for it.
        rates: false-positive rates for which a threshold is sought.
        least: no threshold is lower.

    Returns:
        Rate → threshold, and for the model card what each rests on.
    """
    found: dict[float, float] = {}
    table = []
    for rate in rates:
        record: dict[str, Any] = {"false_positive_rate": rate, "articles": len(scores)}
        chosen = choose_threshold(scores, rate)
        if chosen is None:
            record["withheld"] = f"too few human articles to promise {rate:g}"
        else:
            if groups is not None:
                chosen = max(chosen, *_iterate_group_thresholds(scores, groups, guaranteed, rate))
            found[rate] = max(chosen, least)
            record |= _describe_threshold(scores, found[rate])
        table.append(record)
    return Thresholds(found), table


def _describe_threshold(scores: Floats, threshold: float) -> dict[str, Any]:
    flagged = int((scores >= threshold).sum())
    bound = bound_above(flagged, len(scores))
    return {"score": threshold, "flagged": flagged, "upper_bound": bound}


def _iterate_group_thresholds(
    scores: Floats, groups: pd.Series, guaranteed: Collection[str], rate: float
) -> Iterator[float]:
    """The least threshold of each group."""
    yield -np.inf
    for of_group, allowed in _iterate_groups(scores, groups, rate):
        # Nor may an outlet's own share exceed the rate, as far as it can be told.
        ordered = np.sort(of_group)[::-1]
        yield float(np.nextafter(ordered[int(np.floor(allowed * len(ordered)))], np.inf))
    for name in guaranteed:
        own = choose_threshold(scores[(groups == name).to_numpy()], rate)
        yield -np.inf if own is None else own


def _iterate_groups(
    scores: Floats, groups: pd.Series, rate: float
) -> Iterator[tuple[Floats, float]]:
    """Scores of each group in which `rate` is at least one article, and the share it may have.

    The smaller groups count as one. Professionals' translations may have `TRANSLATOR_TOLERANCE`
    times the share: they are the hardest originals there are.
    """
    sizes = groups.map(groups.value_counts())
    names = groups.where((sizes * rate >= 1) | (groups == TRANSLATOR_GROUP), "the smaller groups")
    for name, rows in names.groupby(names.to_numpy()):
        allowed = rate * (TRANSLATOR_TOLERANCE if name == TRANSLATOR_GROUP else 1)
        if len(rows) * allowed >= 1:
            yield scores[rows.index.to_numpy()], allowed
