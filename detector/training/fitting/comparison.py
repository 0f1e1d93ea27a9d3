"""Fit the classifier that judges a copy beside its original, on pairs of known relation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.choices import DEFAULT_COMPARISON_RATE
from detector.comparison.pair_features import PairFeatures, select_directed
from detector.comparison.relation_classifier import (
    SHORT_PAIR_WORDS,
    PairClassifier,
    judge_relations,
)
from detector.detector import Detector
from detector.features.document_features import DocumentFeatures
from detector.model.linear import LinearScorer
from detector.model.mlp import MultilayerPerceptron
from detector.model.thresholds import Thresholds
from detector.results import EDITED, MACHINE_REWRITTEN, RELATIONS, RETOLD
from detector.text.hashing import hash_unordered_pair
from detector.training.corpora.broad.labelled_documents import TRANSLATED_DOCUMENTS
from detector.training.corpora.comparison_pairs import SPUN_COPIES
from detector.training.evaluation.statistics import bootstrap, measure_auroc
from detector.training.fitting.networks import fit_network
from detector.training.fitting.thresholds import fit_thresholds
from detector.training.generation.inflection import WORDNET_FOLDER

PAIR_FALSE_POSITIVE_RATES = (0.05, 0.01, 0.005)

#: What the figures of `fit_thresholds` are called where pairs are counted.
_PAIR_THRESHOLD_KEYS = {
    "false_positive_rate": "false_positive_rate",
    "articles": "other_pairs",
    "score": "threshold",
    "flagged": "flagged",
    "upper_bound": "upper_bound",
}

_FOLDS = 5

#: The features and the score of a text, of which article it is (its id) being known.
Judge = Callable[[DocumentFeatures, str], tuple[DocumentFeatures, float]]

#: Texts whose features are kept at hand.
_MOST_KNOWN = 128

_RESAMPLES = 400

#: What dictionaries are asked for equals, by part of speech.
_PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")

#: What is hardest to tell apart counts more, by relation and group: other humans' translations of
#: an article, teachers' versions of it, and round trips of sentences that read like translations.
_HARDEST = {
    (RETOLD, "retranslation"): 4.0,
    (RETOLD, "teachers"): 4.0,
    (MACHINE_REWRITTEN, "roundtrip_flores"): 3.0,
}

#: Of those that are no machine's, up to so many may be flagged, whatever the rate of all other
#: pairs is: they tell an article anew, and none is a copy that someone would be accused of.
_HARDEST_RATE = 0.02

#: Excerpts by what they are of, as figures name them.
_EXCERPT_KINDS = {
    (RETOLD, "teachers"): "teachers' versions",
    (RETOLD, "retranslation"): "second translations by people",
    (RETOLD, TRANSLATED_DOCUMENTS): "a machine's translation beside a person's",
    (MACHINE_REWRITTEN, "roundtrip_news"): "news round trips",
    (MACHINE_REWRITTEN, SPUN_COPIES): "spun copies",
}

_OTHER_COPIES, _OTHER_PAIRS = "other machine-made copies", "all other people's pairs"

#: Where the next length of excerpts begins, in words that are compared, and what they are called.
_EXCERPT_LENGTHS = (60, 100, SHORT_PAIR_WORDS)

EXCERPT_LABELS = (
    "under 60 words", "60 to 100", f"100 to {SHORT_PAIR_WORDS}", f"{SHORT_PAIR_WORDS} and more",
)  # fmt: skip


def extract_pair_features(
    detector: Detector, frame: pd.DataFrame, judge: Judge | None = None
) -> Iterator[PairFeatures]:
    """The features of each row's `copy` and `original`; a text that comes again is read once.

    Originals are kept for a while: rows of one article stand together.

    Args:
        detector: reads the texts, and judges them unless told otherwise.
        frame: with `copy` and `original`, and the `article_id` and `original_article_id` of these.
        judge: of texts that the detector's classifier was fitted on.
    """
    known: dict[tuple[str, str], tuple[DocumentFeatures, float]] = {}

    def read(key: tuple[str, str]) -> tuple[DocumentFeatures, float]:
        if key not in known:
            text, article = key
            features = detector.extractor.extract(detector.extractor.read(text))
            if judge is None:
                known[key] = features, detector.measure_log_odds(features)
            else:
                known[key] = judge(features, article)
        return known[key]

    copies = zip(frame["copy"], frame["article_id"], strict=True)
    originals = zip(frame["original"], frame["original_article_id"], strict=True)
    for copy, original in zip(copies, originals, strict=True):
        (one, own), (other, theirs) = read(copy), read(original)
        yield PairFeatures.measure(one, other, own, theirs)
        known.pop(copy, None)
        while len(known) > _MOST_KNOWN:
            known.pop(next(iter(known)))


@dataclass(frozen=True)
class PairFeatureTable:
    """Pairs with everything that is fitted on them.

    Attributes:
        frame: a row per pair, with `relation`, `group`, `article_id`, `rate` and `compared_words`,
            see `PairFeatures`.
        columns: (pairs, PAIR_COLUMNS).
        substitutions: for each pair, (n, k) measures of its substitutions.
    """

    frame: pd.DataFrame
    columns: npt.NDArray[np.float64]
    substitutions: list[npt.NDArray[np.float64]]

    @classmethod
    def collect(cls, frame: pd.DataFrame, features: Iterable[PairFeatures]) -> PairFeatureTable:
        """The features of each row of `frame`, in order; see `extract_pair_features`."""
        columns, substitutions, words = [], [], []
        for of_pair in features:
            columns.append(of_pair.columns)
            substitutions.append(of_pair.substitution_columns)
            words.append(of_pair.compared_words)
        measured = frame.reset_index(drop=True).assign(compared_words=words)
        return cls(measured, np.stack(columns), substitutions)

    @classmethod
    def concatenate(cls, tables: Sequence[PairFeatureTable]) -> PairFeatureTable:
        """Several tables as one."""
        return cls(
            pd.concat([table.frame for table in tables], ignore_index=True),
            np.concatenate([table.columns for table in tables]),
            [rows for table in tables for rows in table.substitutions],
        )

    def select(self, mask: npt.ArrayLike) -> PairFeatureTable:
        """The pairs where `mask` is true."""
        rows = np.flatnonzero(np.asarray(mask))
        return PairFeatureTable(
            self.frame.iloc[rows].reset_index(drop=True),
            self.columns[rows],
            [self.substitutions[i] for i in rows],
        )


def _name_kinds(frame: pd.DataFrame) -> pd.Series:
    """What each pair is and what it is made from, as figures and thresholds name it."""
    return frame["relation"] + " / " + frame["group"]


def weigh_pairs(frame: pd.DataFrame, by_rate: bool = False) -> npt.NDArray[np.float64]:
    """Weights by which each relation, and each group within one, counts alike, but the hardest.

    Args:
        frame: see `PairFeatureTable`; with `rate`, of words that were spun.
        by_rate: copies of which a tenth of the words is spun are a group, those of which half are
            another.
    """
    kinds = _name_kinds(frame)
    if by_rate:
        is_spun = (frame["relation"] == MACHINE_REWRITTEN) & (frame["group"] == SPUN_COPIES)
        kinds += np.where(is_spun, frame["rate"].astype(str), "")
    sizes = kinds.groupby(kinds).transform("size")
    weights = 1.0 / (sizes * kinds.groupby(frame["relation"]).transform("nunique")).to_numpy(float)
    keys = zip(frame["relation"], frame["group"], strict=True)
    weights *= [_HARDEST.get(key, 1.0) for key in keys]
    return np.asarray(weights / weights.mean())


def fit_relations(
    columns: npt.NDArray[np.float64],
    relations: Sequence[str],
    weights: npt.NDArray[np.float64],
    seed: int,
) -> MultilayerPerceptron:
    """Networks over `RELATIONS`: a rewriting lies between a copy and another article."""
    labels = np.array([RELATIONS.index(r) for r in relations])
    return fit_network(columns, labels, weights, units=16, alpha=0.1, seed=seed, networks=12)


def fit_substitutions(pairs: PairFeatureTable) -> LinearScorer:
    """Log-odds that a substitution is a machine's, against human edits and translations.

    A pair has as much weight as another, however many substitutions it has.
    """
    from sklearn.linear_model import LogisticRegression

    relation = pairs.frame["relation"]
    of_machine = (relation == MACHINE_REWRITTEN).to_numpy()
    usable = of_machine | relation.isin((EDITED, RETOLD)).to_numpy()
    chosen = [i for i in np.flatnonzero(usable) if len(pairs.substitutions[i])]
    weights = weigh_pairs(pairs.frame.iloc[chosen])
    sizes = [len(pairs.substitutions[i]) for i in chosen]
    rows = np.concatenate([pairs.substitutions[i] for i in chosen])
    labels = np.repeat(of_machine[chosen].astype(int), sizes)
    each = np.repeat(weights / np.array(sizes), sizes)
    model = LogisticRegression(C=1.0, max_iter=2000)
    model.fit(rows, labels, sample_weight=each / each.mean())
    return LinearScorer(model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32))


def fit_direction(pairs: PairFeatureTable, seed: int) -> MultilayerPerceptron:
    """Log-odds that the copy was made of the original, on pairs of which a machine made one.

    Each pair is learnt from in both orders: neither is likelier.
    """
    of_machine = (pairs.frame["relation"] == MACHINE_REWRITTEN).to_numpy()
    columns = pairs.columns[of_machine]
    both = [select_directed(columns, swapped) for swapped in (False, True)]
    labels = np.repeat([1, 0], len(columns))
    weights = np.tile(weigh_pairs(pairs.frame[of_machine]), 2)
    rows = np.concatenate(both)
    return fit_network(rows, labels, weights, units=16, alpha=1.0, seed=seed, networks=4)


def fit_pair_classifier(
    pairs: PairFeatureTable, equals: npt.NDArray[np.uint32], seed: int = 0
) -> tuple[PairClassifier, list[dict[str, Any]]]:
    """The classifier of relations, its thresholds held out of fold, and what they rest on.

    A machine's translation beside a professional's of the same article (`TRANSLATED_DOCUMENTS`) is
    no copy, but much like a round trip whose first half a human did. No threshold rests on these,
    nor does it count what a machine put there as a person's choice.

    Args:
        pairs: of the development split.
        equals: see `collect_equals`.
        seed: of the networks.
    """
    copies = pairs.select(pairs.frame["group"] != TRANSLATED_DOCUMENTS)
    substitutions, direction = fit_substitutions(copies), fit_direction(copies, seed)
    frame, weights = pairs.frame, weigh_pairs(pairs.frame, by_rate=True)
    scores = _score_out_of_fold(pairs, weights, seed)
    # Pairs of which nothing is compared are never flagged: no threshold rests on them.
    is_long = frame["compared_words"] >= SHORT_PAIR_WORDS
    is_short = ~is_long & (frame["compared_words"] > 0)
    thresholds, rests_on = _fit_pair_thresholds(scores, frame, is_long.to_numpy())
    of_short, also_on = _fit_pair_thresholds(scores, frame, is_short.to_numpy())
    relations = fit_relations(pairs.columns, frame["relation"].tolist(), weights, seed)
    classifier = PairClassifier(relations, substitutions, direction, thresholds, of_short, equals)
    lengths = f"{SHORT_PAIR_WORDS} and more", f"fewer than {SHORT_PAIR_WORDS}"
    return classifier, [
        {"compared_words": length, **row}
        for length, rows in zip(lengths, (rests_on, also_on), strict=True)
        for row in rows
    ]


def _fit_pair_thresholds(
    scores: npt.NDArray[np.float64], frame: pd.DataFrame, chosen: npt.NDArray[np.bool_]
) -> tuple[Thresholds, list[dict[str, Any]]]:
    """Thresholds of some pairs by their scores out of fold, and what they rest on."""
    is_other = (frame["relation"] != MACHINE_REWRITTEN) & (frame["group"] != TRANSLATED_DOCUMENTS)
    others = is_other.to_numpy() & chosen
    # Whoever is told that a machine did it may expect that to be likelier than not.
    thresholds, table = fit_thresholds(
        scores[others],
        _name_kinds(frame)[others].reset_index(drop=True),
        rates=PAIR_FALSE_POSITIVE_RATES,
        least=0.5,
        own_rates={
            f"{relation} / {group}": _HARDEST_RATE
            for relation, group in _HARDEST
            if relation != MACHINE_REWRITTEN
        },
        articles=frame["article_id"][others].reset_index(drop=True),
    )
    return thresholds, [
        {name: row[key] for key, name in _PAIR_THRESHOLD_KEYS.items() if key in row}
        for row in table
    ]


def _score_out_of_fold(
    pairs: PairFeatureTable, weights: npt.NDArray[np.float64], seed: int
) -> npt.NDArray[np.float64]:
    """The share of "machine-rewritten" (pairs,) by networks that saw nothing of the article."""
    from sklearn.model_selection import GroupKFold

    frame, scores = pairs.frame, np.zeros(len(pairs.frame))
    articles = frame["article_id"].to_numpy()
    for rest, fold in GroupKFold(_FOLDS).split(pairs.columns, groups=articles):
        relations = fit_relations(
            pairs.columns[rest], frame["relation"].iloc[rest].tolist(), weights[rest], seed
        )
        shares = judge_relations(relations, pairs.columns[fold])
        scores[fold] = shares[:, RELATIONS.index(MACHINE_REWRITTEN)]
    return scores


def measure_comparison(classifier: PairClassifier, pairs: PairFeatureTable) -> dict[str, Any]:
    """AUROC of machine-rewritten against the rest, and by group what is flagged and said rightly.

    Pairs are flagged at `DEFAULT_COMPARISON_RATE`. Of a kind that there are no pairs of, nothing is
    known: None.
    """
    frame = pairs.frame
    shares = classifier.judge(pairs.columns)
    machine = shares[:, RELATIONS.index(MACHINE_REWRITTEN)]
    truth = (frame["relation"] == MACHINE_REWRITTEN).to_numpy()
    flagged = classifier.flag(pairs.columns, frame["compared_words"], DEFAULT_COMPARISON_RATE)
    said = np.array(RELATIONS)[shares.argmax(1)]
    forward = classifier.tell_direction(pairs.columns) > 0.5
    groups = _name_kinds(frame)
    by_group = {
        str(name): {
            "pairs": len(rows),
            "flagged": float(flagged[rows].mean()),
            "said right": float((said[rows] == frame["relation"].to_numpy()[rows]).mean()),
            "direction right": float(forward[rows].mean()) if truth[rows].all() else None,
        }
        for name, rows in groups.groupby(groups).indices.items()
    }
    auroc = bootstrap(
        lambda weights: measure_auroc(truth, machine, weights),
        frame["article_id"].to_numpy(),
        _RESAMPLES,
    )
    return {
        "auroc": auroc and auroc.value,
        "auroc_interval": auroc and [auroc.low, auroc.high],
        "others_flagged": float(flagged[~truth].mean()) if not truth.all() else None,
        "others": int((~truth).sum()),
        "machine_flagged": float(flagged[truth].mean()) if truth.any() else None,
        "machine": int(truth.sum()),
        "by_group": by_group,
    }


def measure_excerpts(classifier: PairClassifier, pairs: PairFeatureTable) -> list[dict[str, Any]]:
    """How many excerpts are flagged at `DEFAULT_COMPARISON_RATE`, by kind and words compared.

    Those of which nothing is compared are left out.
    """
    pairs = pairs.select(pairs.frame["compared_words"] > 0)
    words = pairs.frame["compared_words"]
    flagged = classifier.flag(pairs.columns, words, DEFAULT_COMPARISON_RATE)
    kinds = _name_excerpts(pairs.frame)
    of_length = np.searchsorted(_EXCERPT_LENGTHS, words, side="right")
    rows = []
    for name in (*_EXCERPT_KINDS.values(), _OTHER_COPIES, _OTHER_PAIRS):
        is_kind = (kinds == name).to_numpy()
        counts = {
            label: [int((is_kind & (of_length == n)).sum()),
                    int(flagged[is_kind & (of_length == n)].sum())]
            for n, label in enumerate(EXCERPT_LABELS)
        }  # fmt: skip
        rows.append({"kind": name, **counts})
    return rows


def _name_excerpts(frame: pd.DataFrame) -> pd.Series:
    keys = zip(frame["relation"], frame["group"], strict=True)
    rest = np.where(frame["relation"] == MACHINE_REWRITTEN, _OTHER_COPIES, _OTHER_PAIRS)
    return pd.Series(
        [_EXCERPT_KINDS.get(key, other) for key, other in zip(keys, rest, strict=True)]
    )


def collect_equals(folder: Path = WORDNET_FOLDER) -> npt.NDArray[np.uint32]:
    """Hashes of all pairs of single words that share a sense in WordNet, sorted.

    Needs Debian's wordnet-base. A kind and its head word count as equals too ("soldier" and
    "trooper"), since humans exchange them.
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
