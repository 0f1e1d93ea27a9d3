"""Measure a model on documents it never saw, with confidence intervals by article.

The tables of README and model card come from `evaluate_corpora`. A user's labelled pairs are read
by `read_pair_documents`, judged by `judge_documents` and measured by `detector.training.metrics`.
`detector evaluate` does either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.classifier import DocumentClassifier
from detector.detector import DEFAULT_FALSE_POSITIVE_RATE, MINIMUM_WORDS, Detector
from detector.evidence import EvidenceGatherer, LinearScorer, SentenceScorer
from detector.training.discriminant import cross_fit_discriminant, fill_discriminants
from detector.training.documents import (
    held_out_sources,
    load_documents,
    spin_documents,
    subsample_documents,
)
from detector.training.fit import GatheredDocuments, bound_rate, fit_classifier, gather_documents
from detector.training.metrics import (
    FEWEST_ARTICLES,
    bootstrap,
    measure_auroc,
    weigh_share,
)
from detector.training.pairs import (
    HELD_OUT_OUTLETS,
    HELD_OUT_PIVOTS,
    choose_pairs,
    load_roundtrip_news,
)
from detector.training.pairs_files import PairsError, read_pairs
from detector.training.user_documents import UNNAMED_OUTLET, UNNAMED_SYSTEM, make_documents
from detector.training.validation import ValidationReport, validate_pairs
from detector.verdict import ORIGINAL, SPUN, TRANSLATED

Floats = npt.NDArray[np.float64]

_RESAMPLES = 400
_SEED = 7
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
        """The documents as `detector.training.metrics` and `plots` take them.

        ``score`` is how far a score lies above the threshold for `rate`, ``outlet`` the corpus or
        outlet. At a rate that is not promised nothing is flagged.
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
                lambda weights: measure_auroc(positive, scores, weights), ids[rows], _RESAMPLES
            )
            result["auroc"] = figure and figure.to_dict()
        enough = human.sum() >= _FEWEST_FOR_A_RATE
        if enough and result["articles"] >= FEWEST_ARTICLES:
            figure = bootstrap(
                lambda weights: _measure_found(positive, scores, weights, rate),
                ids[rows],
                _RESAMPLES,
            )
            result["found"] = figure and figure.to_dict()
        if rate in self.flagged and machine.any():
            flagged = self.flagged[rate][machine]
            figure = bootstrap(
                lambda weights: weigh_share(flagged, weights), ids[machine], _RESAMPLES
            )
            result["tpr"] = figure and figure.to_dict()
        return result


def _measure_found(
    positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats, rate: float
) -> Floats:
    """Share of `positive` above the score that `rate` of the others exceed, per row of weights."""
    order = np.argsort(scores, kind="stable")
    people = np.cumsum((weights * ~positive)[:, order], axis=1)
    at = (people < (1 - rate) * people[:, -1:]).sum(axis=1)
    least = scores[order][np.minimum(at, len(order) - 1)]
    machine = weights * positive
    with np.errstate(invalid="ignore"):  # a draw without machine documents says nothing
        return np.asarray((machine * (scores > least[:, None])).sum(1) / machine.sum(1))


def score_documents(
    documents: GatheredDocuments, classifier: DocumentClassifier
) -> ScoredDocuments:
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
        classifier, scorer = fit_without(development, own)
        left_out = development.select(own)
        if scorer is not None:
            left_out = fill_discriminants(left_out, scorer)
        table += tabulate_false_positives(score_documents(left_out, classifier))
    return table


def fit_without(
    development: GatheredDocuments, left_out: npt.NDArray[np.bool_]
) -> tuple[DocumentClassifier, LinearScorer | None]:
    """The classifier of all other documents, and their discriminant.

    Where no embeddings were kept the discriminant stays the model's own, and None is answered.
    """
    documents = development.select(~left_out)
    scorer = None
    if documents.embeddings is not None:
        scorer, documents = cross_fit_discriminant(documents)
    return fit_classifier(documents).classifier, scorer


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
    auroc = bootstrap(lambda weights: measure_auroc(positive, both, weights), ids * 2, _RESAMPLES)
    ranking = bootstrap(lambda weights: weigh_share(wins, weights), ids, _RESAMPLES)
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
    collect: Callable[[ScoredDocuments], object] | None = None,
) -> dict[str, Any]:
    """All figures of the model card.

    A model's thresholds rest on every outlet there is. So that figures are of outlets it never
    saw, they come from the same fit with those outlets left out.

    Args:
        folder: where the training corpora lie.
        gatherer: the model's evidence.
        development: the documents that its classifier was fitted on. With embeddings, its
            discriminants are fitted without those outlets too.
        scorer: its sentence scorer.
        collect: is handed the scored documents, for plots say.
    """
    unknown = development.frame["group"].isin(HELD_OUT_OUTLETS).to_numpy()
    classifier, discriminant = fit_without(development, unknown)
    documents = gather_documents(
        load_evaluation_documents(folder), gatherer, keep_embeddings=discriminant is not None
    )
    if discriminant is not None:
        documents = fill_discriminants(documents, discriminant)
    outlets = sorted({str(g) for g in development.frame["group"] if "flores" not in str(g)})
    scored = score_documents(documents, classifier)
    if collect is not None:
        collect(scored)
    return {
        "documents": tabulate_test(scored),
        "sentences": measure_sentences(folder, gatherer, scorer),
        "false_positives_test": tabulate_false_positives(scored),
        "leave one outlet out": leave_one_outlet_out(development, outlets),
    }


# --------------------------------------------------------------------------------------
# A user's pairs
# --------------------------------------------------------------------------------------


def read_pair_documents(
    paths: Sequence[Path], held_out_only: bool = False
) -> tuple[pd.DataFrame, ValidationReport]:
    """The documents of labelled pairs, and what was found wrong with the rows.

    A row with ``original`` alone is human text, one with ``text`` and ``kind`` an unpaired
    positive; the original of several versions is there once.

    Args:
        paths: files of pairs, see `detector.training.pairs_files.read_pairs`.
        held_out_only: leave out the rows that training would learn from.

    Returns:
        ``text``, ``label``, ``article_id``, ``held_out``, ``pivot``, ``system``, ``kind`` and
        ``outlet``, "" where they are not known.

    Raises:
        PairsError: a file or row cannot be used, or nothing is left to measure.
    """
    pairs, report = validate_pairs(read_pairs(paths))
    report.stop_if_fatal()
    documents = make_documents(pairs)
    if held_out_only:
        documents = documents[documents["held_out"].astype(bool)]
    if documents.empty:
        left = "no row has the split test" if held_out_only else "no row is left"
        raise PairsError(f"{', '.join(map(str, paths))}: nothing to measure: {left}")
    machine = documents["label"] != ORIGINAL
    documents = documents.assign(
        kind=documents["label"].where(machine, ""),
        outlet=documents["group"].replace(UNNAMED_OUTLET, ""),
        system=documents["system"].replace(UNNAMED_SYSTEM, ""),
    )
    columns = ["text", "label", "article_id", "held_out", "pivot", "system", "kind", "outlet"]
    return documents[columns].reset_index(drop=True), report


def judge_documents(
    detector: Detector, documents: pd.DataFrame, rate: float = DEFAULT_FALSE_POSITIVE_RATE
) -> pd.DataFrame:
    """The documents with ``probability``, ``threshold``, ``flagged``, ``words`` and ``reason``.

    Each different text is scored once.

    Args:
        detector: the model.
        documents: with ``text``.
        rate: the promised false-positive rate at which documents are flagged.
    """
    codes, texts = pd.factorize(documents["text"])
    verdicts = detector.score([str(text) for text in texts], false_positive_rate=rate)
    columns = ("probability", "threshold", "flagged", "words", "reason")
    judged = pd.DataFrame([[getattr(v, name) for name in columns] for v in verdicts])
    judged = judged.set_axis(list(columns), axis=1).iloc[codes].set_index(documents.index)
    numbers = {"probability": "float64", "threshold": "float64", "flagged": bool}
    return documents.assign(**judged.astype(numbers))


def flag_at_rates(detector: Detector, judged: pd.DataFrame) -> dict[float, npt.NDArray[np.bool_]]:
    """Which documents are flagged at each rate that the model promises.

    Args:
        detector: the model that judged them.
        judged: of `judge_documents`.
    """
    probability = judged["probability"].to_numpy(dtype=np.float64)
    words = judged["words"].to_numpy(dtype=np.int64)
    thresholds = {
        rate: detector.classifier.find_threshold(rate, words)
        for rate in detector.false_positive_rates
    }
    return {
        rate: (words >= MINIMUM_WORDS) & (probability >= threshold)
        for rate, threshold in thresholds.items()
        if threshold is not None
    }
