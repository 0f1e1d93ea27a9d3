"""Choose thresholds with a bound on false positives."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

from detector.model.thresholds import Thresholds

Floats = npt.NDArray[np.float64]

#: False-positive rates for which a threshold is sought.
FALSE_POSITIVE_RATES = (0.05, 0.01, 0.001)

#: Confidence of the bound on a promised false-positive rate.
CONFIDENCE = 0.95

#: Documents by professional translators, and how many times the promised rate they may have.
TRANSLATOR_GROUP = "translators"

TRANSLATOR_TOLERANCE = 3


def bound_rate(flagged: int, articles: int, confidence: float = CONFIDENCE) -> float:
    """Upper confidence bound of a rate (Clopper and Pearson 1934), one-sided."""
    if flagged >= articles:
        return 1.0
    return float(beta.ppf(confidence, flagged + 1, articles - flagged))


def choose_threshold(scores: Floats, rate: float) -> float | None:
    """The least score whose exceedance among human articles is at most `rate`.

    Held by its upper confidence bound; None where there are too few articles to hold it.
    """
    ordered = np.sort(scores)[::-1]
    allowed = -1
    while allowed + 1 < len(ordered) and bound_rate(allowed + 1, len(ordered)) <= rate:
        allowed += 1
    if allowed < 0:
        return None
    # Just above the first score that must not be flagged.
    return float(np.nextafter(ordered[allowed], np.inf))


def fit_thresholds(
    scores: Floats,
    groups: pd.Series,
    guaranteed: Collection[str] = (),
) -> tuple[Thresholds, list[dict[str, Any]]]:
    """Thresholds that hold for all human articles together and for each group that is large enough.

    Args:
        scores: out-of-fold scores of whole human articles.
        groups: their outlets (human translations are one).
        guaranteed: groups for which the rate must hold by its confidence bound, like that of all
            together, as far as they have the articles for it.

    Returns:
        Rate → threshold, and for the model card what each rests on.
    """
    thresholds: dict[float, float] = {}
    table = []
    for rate in FALSE_POSITIVE_RATES:
        chosen = choose_threshold(scores, rate)
        record: dict[str, Any] = {"false_positive_rate": rate, "articles": len(scores)}
        if chosen is not None:
            for of_group, allowed in _iterate_groups(scores, groups, rate):
                # Nor may an outlet's own share exceed the promise, as far as it can be told.
                ordered = np.sort(of_group)[::-1]
                least = ordered[int(np.floor(allowed * len(ordered)))]
                chosen = max(chosen, float(np.nextafter(least, np.inf)))
            for name in guaranteed:
                own = choose_threshold(scores[(groups == name).to_numpy()], rate)
                chosen = chosen if own is None else max(chosen, own)
            flagged = int((scores >= chosen).sum())
            thresholds[rate] = chosen
            record |= {
                "score": chosen,
                "flagged": flagged,
                "upper_bound": bound_rate(flagged, len(scores)),
            }
        else:
            record["withheld"] = f"too few human articles to promise {rate:g}"
        table.append(record)
    return Thresholds(thresholds), table


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
