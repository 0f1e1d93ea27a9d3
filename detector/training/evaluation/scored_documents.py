"""Documents with scores: found at a rate, falsely flagged, by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.choices import DEFAULT_FALSE_POSITIVE_RATE, VERDICT_RATES
from detector.model.document_classifier import DocumentClassifier
from detector.results import ORIGINAL
from detector.training.evaluation.statistics import (
    FEWEST_ARTICLES,
    bootstrap,
    bound_above,
    measure_auroc,
    weigh_share,
)
from detector.training.fitting.feature_table import DocumentAverages, FeatureTable, read_column

Floats = npt.NDArray[np.float64]

RESAMPLES = 400

#: Human documents from which on their highest hundredth is more than one of them.
_FEWEST_FOR_A_RATE = 200


@dataclass(frozen=True)
class ScoredDocuments:
    """Documents of the evaluation with what the model says of them.

    `shares` are those (documents, 2) of translated and of spun in the probability of either.
    """

    frame: pd.DataFrame
    scores: Floats
    shares: Floats
    flagged: dict[float, npt.NDArray[np.bool_]]
    words: npt.NDArray[np.int64]
    probabilities: Floats
    thresholds: Mapping[float, float]

    def to_frame(self, rate: float = DEFAULT_FALSE_POSITIVE_RATE) -> pd.DataFrame:
        """The documents as `detector.training.evaluation.metrics` and `plots` take them.

        ``score`` is how far a score lies above the threshold for `rate`, ``outlet`` the corpus or
        outlet. At a rate that is not guaranteed nothing is flagged.
        """
        nothing = np.zeros(len(self.frame), dtype=bool)
        return self.frame.rename(columns={"group": "outlet"}).assign(
            score=self.scores - self.thresholds.get(rate, 0.0),
            probability=self.probabilities,
            flagged=self.flagged.get(rate, nothing),
            words=self.words,
        )

    def compare(
        self, human: npt.NDArray[np.bool_], machine: npt.NDArray[np.bool_]
    ) -> dict[str, Any]:
        """AUROC of `machine` against `human` documents, and the share of `machine` flagged.

        All at the usual rate. ``found`` is the share above the score that so many of these `human`
        documents exceed: what a threshold that fits them exactly would give. ``pair`` is the share
        of `machine` documents that score above their own originals among the `human` ones, None
        where these are not among them.
        """
        rate = DEFAULT_FALSE_POSITIVE_RATE
        rows = np.flatnonzero(human | machine)
        positive, scores = machine[rows], self.scores[rows]
        ids = self.frame["article_id"].to_numpy()
        result: dict[str, Any] = {
            "documents": int(machine.sum()),
            "articles": int(self.frame["article_id"][machine].nunique()),
            "human": int(human.sum()),
            "auroc": None,
            "tpr": None,
            "found": None,
            "pair": self._compare_pairs(human, machine),
        }
        if human.any():
            figure = bootstrap(
                lambda weights: measure_auroc(positive, scores, weights), ids[rows], RESAMPLES
            )
            result["auroc"] = figure and figure.to_dict()
        enough = human.sum() >= _FEWEST_FOR_A_RATE
        if enough and result["articles"] >= FEWEST_ARTICLES:
            figure = bootstrap(
                lambda weights: _measure_found(positive, scores, weights, rate),
                ids[rows],
                RESAMPLES,
            )
            result["found"] = figure and figure.to_dict()
        if rate in self.flagged and machine.any():
            flagged = self.flagged[rate][machine]
            figure = bootstrap(
                lambda weights: weigh_share(flagged, weights), ids[machine], RESAMPLES
            )
            result["tpr"] = figure and figure.to_dict()
        return result

    def _compare_pairs(
        self, human: npt.NDArray[np.bool_], machine: npt.NDArray[np.bool_]
    ) -> dict[str, float] | None:
        keys = list(zip(self.frame["group"], self.frame["article_id"], strict=True))
        own = {keys[row]: self.scores[row] for row in np.flatnonzero(human)}
        rows = [row for row in np.flatnonzero(machine) if keys[row] in own]
        if not rows:
            return None
        originals = np.array([own[keys[row]] for row in rows])
        wins = (self.scores[rows] > originals) + 0.5 * (self.scores[rows] == originals)
        ids = self.frame["article_id"].to_numpy()[rows]
        figure = bootstrap(lambda weights: weigh_share(wins, weights), ids, RESAMPLES)
        return None if figure is None else figure.to_dict()


def _measure_found(
    positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats, rate: float
) -> Floats:
    """Share of `positive` above the score that `rate` of the others exceed, per row of weights."""
    order = np.argsort(scores, kind="stable")
    human = np.cumsum((weights * ~positive)[:, order], axis=1)
    at = (human < (1 - rate) * human[:, -1:]).sum(axis=1)
    least = scores[order][np.minimum(at, len(order) - 1)]
    machine = weights * positive
    with np.errstate(invalid="ignore"):  # a draw without machine documents says nothing
        return np.asarray((machine * (scores > least[:, None])).sum(1) / machine.sum(1))


def score_documents(
    documents: FeatureTable | DocumentAverages, classifier: DocumentClassifier
) -> ScoredDocuments:
    """Scores of whole documents, and which are flagged at each rate; what is stopped is not."""
    words = documents.words
    scores, log_shares = classifier.score(documents.summaries, words)
    free = ~read_column(documents.frame, "stopped", False)
    flagged = {rate: free & (scores >= at) for rate, at in classifier.thresholds.items()}
    probabilities = classifier.calibrate(scores, words)
    return ScoredDocuments(
        documents.frame,
        scores,
        np.exp(log_shares),
        flagged,
        words,
        probabilities,
        classifier.thresholds,
    )


def tabulate_false_positives(scored: ScoredDocuments) -> list[dict[str, Any]]:
    """Share of human articles flagged, by group, with the upper 95 % bound."""
    human = (scored.frame["label"] == ORIGINAL).to_numpy()
    table = []
    for group in sorted(scored.frame["group"][human].unique()):
        of_group = human & (scored.frame["group"] == group).to_numpy()
        row: dict[str, Any] = {"outlet": group, "articles": int(of_group.sum())}
        for rate in VERDICT_RATES:
            if rate in scored.flagged:
                count = int(scored.flagged[rate][of_group].sum())
                row[f"flagged at {rate:g}"] = count
                row[f"share at {rate:g}"] = round(count / of_group.sum(), 4)
                row[f"bound at {rate:g}"] = round(bound_above(count, int(of_group.sum())), 4)
        table.append(row)
    return table
