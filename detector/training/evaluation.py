"""Measure a model on documents it never saw, with confidence intervals by article.

The tables of README and model card come from `evaluate_corpora`, which `detector evaluate` calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from detector.classifier import DocumentClassifier
from detector.evidence import EvidenceGatherer, SentenceScorer
from detector.training.documents import (
    held_out_sources,
    load_documents,
    spin_documents,
    subsample_documents,
)
from detector.training.fit import GatheredDocuments, bound_rate, fit_classifier, gather_documents
from detector.training.pairs import (
    HELD_OUT_OUTLETS,
    HELD_OUT_PIVOTS,
    choose_pairs,
    load_roundtrip_news,
)
from detector.verdict import ORIGINAL, SPUN, TRANSLATED

Floats = npt.NDArray[np.float64]

RESAMPLES = 400
#: Under so many articles a figure says too little, and the table shows a dash.
FEWEST_ARTICLES = 10
_SEED = 7
_LONG_ARTICLE = 600


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


def bootstrap(
    measure: Callable[[npt.NDArray[np.int64]], float], articles: Sequence[str]
) -> Figure | None:
    """`measure` on all rows, and its spread when whole articles are drawn with replacement.

    Args:
        measure: takes row numbers.
        articles: the article of each row.

    Returns:
        None where there are fewer than `FEWEST_ARTICLES` articles.
    """
    codes, names = pd.factorize(np.asarray(articles, dtype=object))
    if len(names) < FEWEST_ARTICLES:
        return None
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    rng = np.random.default_rng(_SEED)
    values = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(members), size=len(members))
        value = measure(np.concatenate([members[i] for i in drawn]))
        if not np.isnan(value):
            values.append(value)
    if not values:
        return None
    low, high = np.quantile(values, [0.025, 0.975])
    return Figure(measure(np.arange(len(codes))), float(low), float(high))


def _auroc(positive: npt.NDArray[np.bool_], scores: Floats) -> float:
    if positive.all() or not positive.any():
        return float("nan")
    return float(roc_auc_score(positive, scores))


@dataclass(frozen=True)
class ScoredDocuments:
    """Documents of the evaluation with what the model says of them."""

    frame: pd.DataFrame
    scores: Floats
    flagged: dict[float, npt.NDArray[np.bool_]]
    words: npt.NDArray[np.int64]

    def compare(
        self, human: npt.NDArray[np.bool_], machine: npt.NDArray[np.bool_], rate: float = 0.01
    ) -> dict[str, Any]:
        """AUROC of `machine` against `human` documents, and the share of `machine` flagged."""
        rows = np.flatnonzero(human | machine)
        positive, scores = machine[rows], self.scores[rows]
        ids = self.frame["article_id"].to_numpy()
        result: dict[str, Any] = {
            "documents": int(machine.sum()),
            "articles": int(self.frame["article_id"][machine].nunique()),
            "human": int(human.sum()),
            "auroc": None,
            "tpr": None,
        }
        if human.any():
            figure = bootstrap(lambda r: _auroc(positive[r], scores[r]), ids[rows])
            result["auroc"] = figure and figure.to_dict()
        if rate in self.flagged and machine.any():
            flagged = self.flagged[rate][machine].astype(float)
            figure = bootstrap(lambda r: float(flagged[r].mean()), ids[machine])
            result["tpr"] = figure and figure.to_dict()
        return result


def score_documents(
    documents: GatheredDocuments, classifier: DocumentClassifier
) -> ScoredDocuments:
    """Scores of documents, standardised for their length, and which are flagged at each rate."""
    words = documents.words
    raw, _ = classifier.score(documents.summaries, words)
    standard = classifier.human.standardize(raw, words)
    flagged = {rate: standard >= at for rate, at in classifier.thresholds.items()}
    return ScoredDocuments(documents.frame, standard, flagged, words)


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
                row[f"bound at {rate:g}"] = round(bound_rate(count, int(of_group.sum())), 4)
        table.append(row)
    return table


def leave_one_outlet_out(
    development: GatheredDocuments, outlets: Sequence[str]
) -> list[dict[str, Any]]:
    """False positives of each outlet under a classifier and thresholds that never saw it."""
    table = []
    for outlet in outlets:
        own = (development.frame["group"] == outlet).to_numpy()
        fitted = fit_classifier(development.select(~own))
        table += tabulate_false_positives(
            score_documents(development.select(own), fitted.classifier)
        )
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


def measure_sentences(
    folder: Path, gatherer: EvidenceGatherer, scorer: SentenceScorer
) -> dict[str, Any]:
    """AUROC of one sentence, and how often a pair is ranked rightly, on test articles."""
    from detector.text import make_view

    pairs = load_roundtrip_news(folder)
    pairs = pairs[(pairs["split"] == "test") & ~pairs["held_out"]]
    pairs = choose_pairs(pairs[pairs["original"] != pairs["text"]], 1, _SEED)
    matrices = [
        gatherer.score_views([make_view(t, gatherer.common_words) for t in side])[0]
        for side in (pairs["original"], pairs["text"])
    ]
    ids = pairs["article_id"].tolist()
    result: dict[str, Any] = {"pairs": len(pairs)}
    for name, score in {
        "all evidence": scorer.score,
        "encoder, translated against native": lambda matrix: matrix[:, 0],
    }.items():
        human, machine = (score(matrix).astype(np.float64) for matrix in matrices)
        result[name] = _compare_sides(human, machine, ids)
    return result


def _compare_sides(human: Floats, machine: Floats, ids: list[str]) -> dict[str, Any]:
    both, positive = np.concatenate([human, machine]), np.repeat([False, True], len(ids))
    wins = (machine > human) + 0.5 * (machine == human)
    auroc = bootstrap(lambda r: _auroc(positive[r], both[r]), ids * 2)
    ranking = bootstrap(lambda r: float(wins[r].mean()), ids)
    return {
        "auroc": auroc and auroc.to_dict(),
        "pair ranked rightly": ranking and ranking.to_dict(),
    }


def load_evaluation_documents(folder: Path, most: int = 400) -> pd.DataFrame:
    """The documents that figures rest on.

    The test split, other outlets, and articles of both spun by synonym sources that training
    never saw; at most `most` of each group, label and whether it is held out.
    """
    documents = load_documents(folder)
    test = documents[(documents["split"] == "test") | documents["group"].isin(HELD_OUT_OUTLETS)]
    test = subsample_documents(test, most, _SEED)
    originals = test[
        (test["label"] == ORIGINAL)
        & (test["group"].isin(HELD_OUT_OUTLETS) | (test["group"] == "roundtrip_news"))
    ]
    spun = [
        spin_documents(originals.assign(split="test"), held_out_sources(), [rate], _SEED)
        for rate in (0.1, 0.2, 0.5)
    ]
    return pd.concat([test, *spun], ignore_index=True)


def evaluate_corpora(
    folder: Path,
    gatherer: EvidenceGatherer,
    development: GatheredDocuments,
    scorer: SentenceScorer,
) -> dict[str, Any]:
    """All figures of the model card.

    A model's thresholds rest on every outlet there is. So that figures are of outlets it never
    saw, they come from the same fit with those outlets left out.

    Args:
        folder: where the training corpora lie.
        gatherer: the model's evidence.
        development: the documents that its classifier was fitted on.
        scorer: its sentence scorer.
    """
    known = ~development.frame["group"].isin(HELD_OUT_OUTLETS).to_numpy()
    classifier = fit_classifier(development.select(known)).classifier
    documents = gather_documents(load_evaluation_documents(folder), gatherer)
    outlets = sorted({str(g) for g in development.frame["group"] if "flores" not in str(g)})
    scored = score_documents(documents, classifier)
    return {
        "documents": tabulate_test(scored),
        "sentences": measure_sentences(folder, gatherer, scorer),
        "false_positives_test": tabulate_false_positives(scored),
        "leave one outlet out": leave_one_outlet_out(development, outlets),
    }
