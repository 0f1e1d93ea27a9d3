"""Fit what judges a copy beside its original, on pairs whose relation is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.comparison.pair_features import PairFeatures
from detector.comparison.relation_classifier import PairClassifier
from detector.detector import Detector
from detector.features.document_features import DocumentFeatures
from detector.model.linear import LinearScorer
from detector.model.mlp import MultilayerPerceptron
from detector.model.thresholds import Thresholds
from detector.model.thresholds import Thresholds
from detector.results import EDITED, MACHINE_REWRITTEN, RELATIONS
from detector.text.hashing import hash_unordered_pair
from detector.training.fitting.networks import fit_network
from detector.training.fitting.thresholds import bound_rate, choose_threshold

FALSE_POSITIVE_RATES = (0.05, 0.01, 0.005)

_FOLDS = 5

_BATCH = 64

#: What dictionaries are asked for equals, by part of speech.
_PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")

#: Other people's translations of the same article are few and the hardest: they count more.
_HARDEST, _HARDEST_WEIGHT = "retranslation", 4.0


def extract_pair_features(detector: Detector, frame: pd.DataFrame) -> Iterator[PairFeatures]:
    """The evidence of each row's `copy` and `original`; texts that come twice are read once."""
    known: dict[str, tuple[DocumentFeatures, float]] = {}
    for at in range(0, len(frame), _BATCH):
        part = frame.iloc[at : at + _BATCH]
        texts = [t for t in {*part["copy"], *part["original"]} if t not in known]
        if texts:
            gathered = [detector.extractor.extract(detector.extractor.read(t)) for t in texts]
            scores = [detector.measure_log_odds(features) for features in gathered]
            known |= dict(zip(texts, zip(gathered, scores, strict=True), strict=True))
        for copy, original in zip(part["copy"], part["original"], strict=True):
            (one, own), (other, theirs) = known[copy], known[original]
            yield PairFeatures.measure(one, other, own, theirs)
        copies = set(part["copy"])
        known = {text: v for text, v in known.items() if text not in copies}


@dataclass(frozen=True)
class PairFeatureTable:
    """Pairs with everything that is fitted on them.

    Attributes:
        frame: a row per pair, with `relation`, `group` and `article_id`.
        columns: (pairs, PAIR_COLUMNS).
        substitutions: for each pair, (n, k) measures of its substitutions.
    """

    frame: pd.DataFrame
    columns: npt.NDArray[np.float64]
    substitutions: list[npt.NDArray[np.float64]]

    @classmethod
    def gather(cls, detector: Detector, frame: pd.DataFrame) -> PairFeatureTable:
        """Gather the evidence of all pairs; minutes for thousands."""
        columns, substitutions = [], []
        for features in extract_pair_features(detector, frame):
            columns.append(features.columns)
            substitutions.append(features.substitution_columns)
        return cls(frame.reset_index(drop=True), np.stack(columns), substitutions)

    def select(self, mask: npt.ArrayLike) -> PairFeatureTable:
        """The pairs where `mask` is true."""
        rows = np.flatnonzero(np.asarray(mask))
        return PairFeatureTable(
            self.frame.iloc[rows].reset_index(drop=True),
            self.columns[rows],
            [self.substitutions[i] for i in rows],
        )


def weigh_pairs(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Weights by which each relation, and each group within one, counts alike, but the hardest."""
    sizes = frame.groupby(["relation", "group"])["article_id"].transform("size")
    groups = frame.groupby("relation")["group"].transform("nunique")
    weights = 1.0 / (sizes * groups).to_numpy(dtype=np.float64)
    weights *= np.where(frame["group"] == _HARDEST, _HARDEST_WEIGHT, 1.0)
    return np.asarray(weights / weights.mean())


def fit_relations(
    columns: npt.NDArray[np.float64],
    relations: Sequence[str],
    weights: npt.NDArray[np.float64],
    seed: int,
) -> MultilayerPerceptron:
    """A network over `RELATIONS`: a rewriting lies between a copy and another article."""
    labels = np.array([RELATIONS.index(r) for r in relations])
    return fit_network(columns, labels, weights, units=16, alpha=0.1, seed=seed, networks=4)


def fit_substitutions(pairs: PairFeatureTable) -> LinearScorer:
    """Log-odds that a substitution is a machine's, against people's edits and translations.

    A pair has as much weight as another, however many substitutions it has.
    """
    from sklearn.linear_model import LogisticRegression

    relation = pairs.frame["relation"]
    of_machine = (relation == MACHINE_REWRITTEN).to_numpy()
    usable = of_machine | (relation == EDITED).to_numpy()
    chosen = [i for i in np.flatnonzero(usable) if len(pairs.substitutions[i])]
    weights = weigh_pairs(pairs.frame.iloc[chosen])
    sizes = [len(pairs.substitutions[i]) for i in chosen]
    rows = np.concatenate([pairs.substitutions[i] for i in chosen])
    labels = np.repeat(of_machine[chosen].astype(int), sizes)
    each = np.repeat(weights / np.array(sizes), sizes)
    model = LogisticRegression(C=1.0, max_iter=2000)
    model.fit(rows, labels, sample_weight=each / each.mean())
    return LinearScorer(model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32))


def fit_pair_classifier(
    pairs: PairFeatureTable, equals: npt.NDArray[np.uint32], seed: int = 0
) -> tuple[PairClassifier, list[dict[str, Any]]]:
    """The classifier of relations, its thresholds held out of fold, and what they rest on."""
    from sklearn.model_selection import GroupKFold

    frame = pairs.frame
    weights = weigh_pairs(frame)
    machine = RELATIONS.index(MACHINE_REWRITTEN)
    substitutions = fit_substitutions(pairs)
    held_out = np.zeros(len(frame))
    articles = frame["article_id"].to_numpy()
    for rest, fold in GroupKFold(_FOLDS).split(pairs.columns, groups=articles):
        relations = fit_relations(
            pairs.columns[rest], frame["relation"].iloc[rest].tolist(), weights[rest], seed
        )
        part = PairClassifier(relations, substitutions, Thresholds({}), equals)
        held_out[fold] = part.judge(pairs.columns[fold])[:, machine]
    others = held_out[(frame["relation"] != MACHINE_REWRITTEN).to_numpy()]
    thresholds: dict[float, float] = {}
    table = []
    for rate in FALSE_POSITIVE_RATES:
        chosen = choose_threshold(others, rate)
        record: dict[str, Any] = {"false_positive_rate": rate, "other_pairs": len(others)}
        if chosen is not None:
            # Who is told that a machine did it may expect it to be likelier than not.
            chosen = min(max(chosen, 0.5), 1.0)
            flagged = int((others >= chosen).sum())
            thresholds[rate] = chosen
            record |= {
                "threshold": chosen,
                "flagged": flagged,
                "upper_bound": bound_rate(flagged, len(others)),
            }
        table.append(record)
    relations = fit_relations(pairs.columns, frame["relation"].tolist(), weights, seed)
    return PairClassifier(relations, substitutions, Thresholds(thresholds), equals), table


def measure_comparison(
    classifier: PairClassifier, pairs: PairFeatureTable, rate: float = 0.005, seed: int = 0
) -> dict[str, Any]:
    """AUROC of machine-rewritten against the rest, shares flagged by group, and the confusions."""
    from sklearn.metrics import roc_auc_score

    frame = pairs.frame
    shares = classifier.judge(pairs.columns)
    machine = shares[:, RELATIONS.index(MACHINE_REWRITTEN)]
    truth = (frame["relation"] == MACHINE_REWRITTEN).to_numpy()
    threshold = classifier.find_threshold(rate)
    flagged = machine >= (1.1 if threshold is None else threshold)
    said = np.array(RELATIONS)[shares.argmax(1)]
    groups = frame["relation"] + " / " + frame["group"]
    by_group = {
        str(name): {
            "pairs": len(rows),
            "flagged": float(flagged[rows].mean()),
            "said right": float((said[rows] == frame["relation"].to_numpy()[rows]).mean()),
        }
        for name, rows in groups.groupby(groups).indices.items()
    }
    resamples = _bootstrap_auroc(machine, truth, frame["article_id"].to_numpy(), seed)
    return {
        "auroc": float(roc_auc_score(truth, machine)),
        "auroc_interval": resamples,
        "others_flagged": float(flagged[~truth].mean()),
        "others": int((~truth).sum()),
        "machine_flagged": float(flagged[truth].mean()),
        "machine": int(truth.sum()),
        "by_group": by_group,
    }


def _bootstrap_auroc(
    scores: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_], articles: npt.NDArray[Any],
    seed: int, rounds: int = 300,
) -> list[float]:  # fmt: skip
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    rows_of = list(pd.Series(range(len(articles))).groupby(articles).indices.values())
    figures = []
    for _ in range(rounds):
        rows = np.concatenate([rows_of[i] for i in rng.integers(len(rows_of), size=len(rows_of))])
        figures.append(roc_auc_score(truth[rows], scores[rows]))
    return [float(q) for q in np.quantile(figures, [0.025, 0.975])]


def collect_equals(folder: Path = Path("/usr/share/wordnet")) -> npt.NDArray[np.uint32]:
    """Hashes of all pairs of single words that share a sense in WordNet, sorted.

    Needs Debian's wordnet-base. A kind and its head word count as equals too ("soldier" and
    "trooper"), since people exchange them.
    """
    pairs: set[int] = set()
    for part_of_speech in _PARTS_OF_SPEECH:
        synsets, above = _read_synsets(folder / f"data.{part_of_speech}")
        for offset, words in synsets.items():
            wider = [w for parent in above[offset] for w in synsets.get(parent, ())]
            pairs |= {hash_unordered_pair(a, b) for a, b in combinations(words, 2)}
            pairs |= {hash_unordered_pair(a, b) for a in words for b in wider if a != b}
    return np.array(sorted(pairs), dtype=np.uint32)


def _read_synsets(path: Path) -> tuple[dict[int, list[str]], dict[int, list[int]]]:
    """Single words of each synset of a WordNet data file, and the synsets above it."""
    synsets: dict[int, list[str]] = {}
    above: dict[int, list[int]] = {}
    for line in path.read_text().splitlines():
        if line.startswith("  "):
            continue
        fields = line.split(" | ")[0].split()
        count = int(fields[3], 16)
        words = [w.lower() for w in fields[4 : 4 + 2 * count : 2]]
        synsets[int(fields[0])] = [w.split("(")[0] for w in words if "_" not in w]
        pointers = fields[5 + 2 * count :]
        above[int(fields[0])] = [
            int(offset) for mark, offset in pairwise(pointers)
            if mark in ("@", "&") and offset.isdigit()
        ]  # fmt: skip
    return synsets, above
