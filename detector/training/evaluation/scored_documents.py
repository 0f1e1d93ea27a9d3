"""Documents with scores: found at a rate, falsely flagged, by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.model.document_classifier import DocumentClassifier
from detector.results import ORIGINAL, SPUN, TRANSLATED
from detector.training.corpora.splits import HELD_OUT_OUTLETS, HELD_OUT_PIVOTS
from detector.training.evaluation.statistics import (
    FEWEST_ARTICLES,
    bootstrap,
    bound_above,
    measure_auroc,
    weigh_share,
)
from detector.training.fitting.feature_table import FeatureTable

Floats = npt.NDArray[np.float64]

RESAMPLES = 400

_LONG_ARTICLE = 600

#: Human documents from which on their highest hundredth is more than one of them.
_FEWEST_FOR_A_RATE = 200


@dataclass(frozen=True)
class ScoredDocuments:
    """Documents of the evaluation with what the model says of them."""

    frame: pd.DataFrame
    scores: Floats
    flagged: dict[float, npt.NDArray[np.bool_]]
    words: npt.NDArray[np.int64]
    probabilities: Floats
    thresholds: Mapping[float, float]

    def to_frame(self, rate: float = 0.01) -> pd.DataFrame:
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
        self, human: npt.NDArray[np.bool_], machine: npt.NDArray[np.bool_], rate: float = 0.01
    ) -> dict[str, Any]:
        """AUROC of `machine` against `human` documents, and the share of `machine` flagged.

        ``found`` is the share above the score that `rate` of these `human` documents exceed: what
        a threshold that fits them exactly would give.
        """
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


def score_documents(documents: FeatureTable, classifier: DocumentClassifier) -> ScoredDocuments:
    """Scores of documents, and which are flagged at each rate."""
    words = documents.words
    scores, _ = classifier.score(documents.summaries, words)
    flagged = {rate: scores >= at for rate, at in classifier.thresholds.items()}
    probabilities = classifier.calibrate(scores, words)
    return ScoredDocuments(
        documents.frame, scores, flagged, words, probabilities, classifier.thresholds
    )


def tabulate_false_positives(
    scored: ScoredDocuments, rates: Sequence[float] = (0.05, 0.01, 0.001)
) -> list[dict[str, Any]]:
    """Share of human articles flagged, by group, with the upper 95 % bound."""
    human = (scored.frame["label"] == ORIGINAL).to_numpy()
    table = []
    for group in sorted(scored.frame["group"][human].unique()):
        of_group = human & (scored.frame["group"] == group).to_numpy()
        row: dict[str, Any] = {"outlet": group, "articles": int(of_group.sum())}
        for rate in rates:
            if rate in scored.flagged:
                count = int(scored.flagged[rate][of_group].sum())
                row[f"flagged at {rate:g}"] = count
                row[f"share at {rate:g}"] = round(count / of_group.sum(), 4)
                row[f"bound at {rate:g}"] = round(bound_above(count, int(of_group.sum())), 4)
        table.append(row)
    return table


def tabulate_test(scored: ScoredDocuments) -> dict[str, dict[str, Any]]:
    """The rows of the main table: what is told from what, on the test split."""
    frame, test = scored.frame, (scored.frame["split"] == "test").to_numpy()
    group, label = frame["group"].to_numpy(), frame["label"].to_numpy()
    held_out = frame["held_out"].to_numpy(dtype=bool)
    pivot_unseen = frame["pivot"].isin(HELD_OUT_PIVOTS).to_numpy()
    human = label == ORIGINAL
    others = human & np.isin(group, list(HELD_OUT_OUTLETS))
    news = test & (group == "roundtrip_news") & (label == TRANSLATED)
    flores = test & (group == "roundtrip_flores")
    foreign = test & (group == "translated_news")
    known = news & ~held_out
    rows = {
        "news round trip, against other outlets": (others, known),
        "news round trip, against its own originals": (
            test & human & (group == "roundtrip_news"), known,
        ),
        f"news round trip above {_LONG_ARTICLE} words": (
            others & (scored.words > _LONG_ARTICLE), known & (scored.words > _LONG_ARTICLE),
        ),
        "news round trip, 300-600 words": (
            others & _between(scored.words, 300, 600), known & _between(scored.words, 300, 600),
        ),
        "news round trip, 150-300 words": (
            others & _between(scored.words, 150, 300), known & _between(scored.words, 150, 300),
        ),
        "news round trip, 60-150 words": (
            others & _between(scored.words, 60, 150), known & _between(scored.words, 60, 150),
        ),
        "news round trip, unseen system": (others, news & held_out & ~pivot_unseen),
        "news round trip, unseen pivot": (others, news & pivot_unseen),
        "news round trip, NLLB from Romanian (both unseen)": (
            others, news & pivot_unseen & (frame["system"] == "nllb").to_numpy(),
        ),
        "FLORES blocks, against their originals": (flores & human, flores & ~human & ~held_out),
        "FLORES blocks, unseen system or pivot": (flores & human, flores & ~human & held_out),
        "foreign news by Google or Microsoft, against professionals": (
            foreign & human,
            foreign & ~human & np.isin(frame["system"].to_numpy(), ["google", "microsoft"]),
        ),
    }  # fmt: skip
    for source in sorted(frame["system"][label == SPUN].unique()):
        spun = test & (label == SPUN) & (frame["system"] == source).to_numpy()
        for rate in sorted(frame["rate"][spun].unique(), reverse=True):
            rows[f"spun by {source}, {100 * rate:.0f} % of words"] = (
                others | (test & human & (group == "roundtrip_news")),
                spun & (frame["rate"] == rate).to_numpy(),
            )
    return {name: scored.compare(*masks) for name, masks in rows.items()}


def _between(words: npt.NDArray[np.int64], low: int, high: int) -> npt.NDArray[np.bool_]:
    return (words > low) & (words <= high)
