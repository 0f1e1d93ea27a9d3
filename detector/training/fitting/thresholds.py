"""Choose thresholds with a bound on false positives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.choices import VERDICT_RATES
from detector.model.thresholds import Thresholds
from detector.training.evaluation.statistics import bound_above, bound_below

Floats = npt.NDArray[np.float64]

#: The register of documents by professional translators, whatever corpus they are of.
TRANSLATOR_GROUP = "translators"

#: A register counts by its articles up to so many: beyond, all registers count alike. From so many
#: on, its own share is tested, too.
ARTICLES_OF_A_REGISTER = 300


def choose_threshold(
    scores: Floats, rate: float, articles: pd.Series | None = None
) -> float | None:
    """The least threshold that at most `rate` of human scores reach, by the confidence bound.

    Of an article that comes in several versions the highest score counts. None where there are too
    few scores for the bound.
    """
    if articles is not None:
        scores = pd.Series(scores).groupby(articles.to_numpy()).max().to_numpy()
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
    rates: Sequence[float] = VERDICT_RATES,
    least: float = -np.inf,
    own_rates: Mapping[str, float] | None = None,
    articles: pd.Series | None = None,
) -> tuple[Thresholds, list[dict[str, Any]]]:
    """Thresholds that hold for all negatives together and for each group that is large enough.

    The share of all that are flagged is that of groups which count alike, and its upper bound
    (Clopper and Pearson 1934, of as many articles as carry the weight, Kish 1965) may not exceed
    the rate. Texts of one article tell no more than one. Nor may a group of
    `ARTICLES_OF_A_REGISTER` articles and more lie significantly above the rate: its lower bound may
    not exceed it.

    Args:
        scores: out-of-fold scores of the negative class: whole human articles, say.
        groups: their registers or outlets (human translations are one).
        guaranteed: groups for which the rate must hold by its upper bound, like that of all
            together, as far as they have the articles for it.
        rates: false-positive rates for which a threshold is sought.
        least: no threshold is lower.
        own_rates: groups of a kind that is known to be the hardest, with the share above which they
            may not lie significantly, instead of the test of large groups. They count in the share
            of all.
        articles: ids of the articles that scores are of; each is its own unless told.

    Returns:
        Rate → threshold, and for the model card what each rests on.
    """
    names, labels = (np.zeros(len(scores), int), [""]) if groups is None else pd.factorize(groups)
    limits = np.array([(own_rates or {}).get(label, np.nan) for label in labels])
    weights = weigh_alike(names)
    clusters = None if articles is None else pd.factorize(articles)[0]
    size = _count_effectively(weights, clusters)
    found: dict[float, float] = {}
    table = []
    for rate in rates:
        record: dict[str, Any] = {"false_positive_rate": rate, "articles": len(scores)}
        chosen = _choose_for_all(scores, names, weights, size, rate, limits)
        if chosen is None:
            record["withheld"] = f"too few human articles to guarantee {rate:g}"
        else:
            of_groups = [(groups == name).to_numpy() for name in guaranteed if groups is not None]
            own = [
                choose_threshold(scores[rows], rate, None if articles is None else articles[rows])
                for rows in of_groups
            ]
            found[rate] = max(chosen, least, *(at for at in own if at is not None))
            flagged = scores >= found[rate]
            record |= {
                "score": found[rate],
                "flagged": int(flagged.sum()),
                "upper_bound": bound_above_weighted(flagged, weights, clusters),
            }
        table.append(record)
    return Thresholds(found), table


def weigh_alike(names: npt.NDArray[np.int64]) -> Floats:
    """Weights of articles under which each group counts by its articles, up to a full register."""
    sizes = np.bincount(names)[names]
    return np.minimum(1.0, ARTICLES_OF_A_REGISTER / sizes)


def bound_above_weighted(
    flagged: npt.NDArray[np.bool_], weights: Floats, clusters: npt.NDArray[np.int64] | None = None
) -> float:
    """Upper confidence bound of a weighted share.

    Args:
        flagged: of each text.
        weights: likewise.
        clusters: number of the article that each is of, as though what is said of one of its texts
            were said of all; each is its own unless told.
    """
    share = float(weights[flagged].sum() / weights.sum())
    size = _count_effectively(weights, clusters)
    return bound_above(share * size, size)


def _count_effectively(weights: Floats, clusters: npt.NDArray[np.int64] | None) -> float:
    """As many articles of equal weight tell as much (Kish 1965, "Survey sampling")."""
    if not len(weights):
        return 0.0
    of_articles = weights if clusters is None else np.bincount(clusters, weights)
    return float(weights.sum() ** 2 / (of_articles**2).sum())


def _choose_for_all(
    scores: Floats,
    names: npt.NDArray[np.int64],
    weights: Floats,
    size: float,
    rate: float,
    limits: Floats,
) -> float | None:
    """The least threshold that keeps the rate for all, and for each group.

    Args:
        scores: of each article.
        names: number of each article's group.
        weights: of each article.
        size: as many of equal weight tell as much.
        rate: of all together, by the upper bound; of a large group, by the lower.
        limits: of each group's own share; NaN for those that have none.
    """
    order = np.argsort(scores, kind="stable")[::-1]
    total = weights.sum()
    counts = np.zeros(names.max(initial=0) + 1, dtype=int)
    sizes = np.bincount(names, minlength=len(counts))
    share = 0.0
    for place, row in enumerate(order):
        counts[names[row]] += 1
        share += weights[row] / total
        name, own = names[row], sizes[names[row]]
        if np.isnan(limits[name]):
            is_over = own >= ARTICLES_OF_A_REGISTER and bound_below(counts[name], own) > rate
        else:
            is_over = bound_below(counts[name], own) > max(rate, limits[name])
        if is_over or bound_above(share * size, size) > rate:
            # Just above the first score that must not be flagged, if none need be.
            keeps = place > 0 or bound_above(0, size) <= rate
            return float(np.nextafter(scores[row], np.inf)) if keeps else None
    return None
