"""Adapt a model to a user's machine: fit an adapter for it beside the classifier.

The classifier sums up a few columns of features, and fifty pairs cannot move these towards a new
spinner's words; made to weigh them, it finds less of everything else. So features of their own are
fitted on the pairs: which words the copies have that their originals have not, against the words
of humans, and which way the copies' embeddings lie from their originals', against how human
articles vary (a linear discriminant, Fisher 1936: the difference comes from the pairs, the spread
from the thousands of human articles of the replay data). The adapter may only raise a score, and
only as far as the thresholds of everything else bear it.

Everything that a threshold or a figure rests on is measured out of fold: no article is scored by
anything that was fitted on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.choices import DEFAULT_FALSE_POSITIVE_RATE
from detector.errors import DetectorError
from detector.model.adapter import FEWEST_WORDS, Adapter, MachineFingerprint
from detector.model.document_classifier import QUESTIONS, DocumentClassifier
from detector.model.length_scale import HumanScale
from detector.results import ORIGINAL
from detector.training.fitting.classifier import (
    FittedClassifier,
    keep_guarantees,
    name_outlets,
    refit_thresholds,
)
from detector.training.fitting.feature_table import (
    FOLDS,
    FeatureTable,
    assign_folds,
    balance,
    read_column,
)
from detector.training.fitting.fingerprints import DocumentFingerprints
from detector.training.fitting.length_scale import fit_human_scale
from detector.training.fitting.thresholds import fit_thresholds

Floats = npt.NDArray[np.float64]

Bools = npt.NDArray[np.bool_]

Ints = npt.NDArray[np.int64]

#: Articles with a copy from which an adapter can be fitted; with fewer the classifier is all.
FEWEST_PAIRS = 20

#: Share of the machine's copies that an adapter must find beyond the classifier, or none is fitted.
LEAST_GAIN = 0.02

#: What an adapter may cost any group of the base's machine documents, as a share of them.
MOST_LOST = 0.005

#: The threshold that must not give way.
_RATE = DEFAULT_FALSE_POSITIVE_RATE

#: Human articles whose scores an adapter may lift to the threshold, as shares.
_SHARES = (
    0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.008, 0.01,
)  # fmt: skip

#: A group with fewer human articles says too little of how they vary, or machine's, of a loss.
_FEWEST_OF_GROUP = 40

#: Ridge of the embeddings' covariance, in parts of their mean variance.
_RIDGE = 1.0

#: Of counts of words: taken off what the copies have, and added to what humans have.
_DISCOUNT, _PRIOR, _PRIOR_WORDS = 0.5, 1.0, 3e4

#: A word that copies lack counts from so many on, and as no less than this factor.
_FEWEST_LOST, _LEAST_LOST = 3, 0.5


@dataclass(frozen=True)
class AdaptedClassifier:
    """A fitted classifier, with an adapter to a machine if one was fitted.

    Attributes:
        fitted: the classifier; its out-of-fold scores heed the adapter.
        fingerprint: what the adapter measures documents by; None without an adapter.
        figures: for the model card.
    """

    fitted: FittedClassifier
    fingerprint: MachineFingerprint | None = None
    figures: dict[str, Any] | None = None


def fit_adapter(documents: FeatureTable, fitted: FittedClassifier) -> AdaptedClassifier:
    """Fit an adapter to the machine documents marked for it, if they are enough and it helps.

    Args:
        documents: those that `fitted` rests on, the base's and the user's.
        fitted: its out-of-fold scores come from scorers that saw nothing of a document's article.
    """
    task = _Task.of(documents, fitted)
    if task is None or _RATE not in fitted.classifier.thresholds:
        return AdaptedClassifier(fitted)
    crossed = task.cross_fit()
    shift = _choose_shift(task, crossed, fitted.classifier.thresholds[_RATE])
    if shift is None:
        return AdaptedClassifier(fitted)
    weights, fingerprint = task.fit(crossed)
    kind = pd.Series(task.frame["label"].to_numpy()[task.versions]).mode()[0]
    adapter = Adapter(weights, crossed.human, shift, QUESTIONS.index(kind))
    raised = _raise_scores(task, fitted, crossed.standard + shift)
    adapted = replace(raised, classifier=replace(raised.classifier, adapter=adapter))
    own = task.is_user_machine
    without, with_it = (f.classifier.thresholds[_RATE] for f in (fitted, adapted))
    figures = {
        "kind": kind,
        "articles": len(set(task.articles[task.versions])),
        "words": len(fingerprint.words),
        "found without it": float((task.standard[own] >= without).mean()),
        "found with it": float((task.raise_to(crossed, shift)[own] >= with_it).mean()),
    }
    return AdaptedClassifier(adapted, fingerprint, figures)


def refit_guarantees(documents: FeatureTable, classifier: DocumentClassifier) -> AdaptedClassifier:
    """`refit_thresholds` around a classifier that may have an adapter.

    The adapter is fitted anew on the same pairs, with the new human articles beside the old ones,
    so that what a guarantee was measured with is what is written. How far it may raise scores
    stays as it was.

    Raises:
        DetectorError: it has one, and the fingerprints that it is fitted on are not kept.
    """
    fitted = refit_thresholds(documents, replace(classifier, adapter=None))
    if classifier.adapter is None:
        return AdaptedClassifier(fitted)
    task = _Task.of(documents, fitted)
    if task is None:
        raise DetectorError(
            "a model that was taught a machine needs the traces that it learnt from, and this one "
            "no longer keeps them: start from the model that it was retrained from"
        )
    crossed = task.cross_fit()
    weights, fingerprint = task.fit(crossed)
    adapter = replace(classifier.adapter, weights=weights, human=crossed.human)
    raised = _raise_scores(task, fitted, crossed.standard + adapter.shift)
    return AdaptedClassifier(
        replace(raised, classifier=replace(raised.classifier, adapter=adapter)), fingerprint
    )


def _raise_scores(task: _Task, fitted: FittedClassifier, standard: Floats) -> FittedClassifier:
    """Out-of-fold scores, thresholds and their table with an adapter's scores heeded."""
    raised = np.maximum(task.standard, standard)
    human = task.is_human
    thresholds, table = keep_guarantees(task.frame[human], raised[human])
    return replace(
        fitted,
        classifier=replace(fitted.classifier, thresholds=thresholds),
        out_of_fold=raised,
        threshold_table=table,
    )


def _choose_shift(task: _Task, crossed: _Crossed, before: float) -> float | None:
    """As much as the thresholds of everything else bear; None where that is not worth it."""
    human, machine = task.is_human, ~task.is_human & ~task.is_added
    groups = [
        rows.index.to_numpy()
        for name in ("system", "group")
        for _, rows in task.frame[machine].groupby(name)
        if len(rows) >= _FEWEST_OF_GROUP
    ]
    chosen, gain = None, 0.0
    for share in _SHARES:
        shift = before - float(np.quantile(crossed.standard[human], 1 - share))
        raised = task.raise_to(crossed, shift)
        after = keep_guarantees(task.frame[human], raised[human])[0].get(_RATE)
        if after is None:
            continue
        found, kept = task.standard >= before, raised >= after
        lost = max((found[rows].mean() - kept[rows].mean() for rows in groups), default=0.0)
        own = task.is_user_machine
        if lost <= MOST_LOST and kept[own].mean() - found[own].mean() > gain:
            chosen, gain = shift, kept[own].mean() - found[own].mean()
    return chosen if gain >= LEAST_GAIN else None


def _even_tails(
    scale: HumanScale, answers: Floats, words: npt.ArrayLike, groups: pd.Series
) -> HumanScale:
    """The scale in units in which human articles reach 1 equally seldom, whatever is scored."""
    standard = scale.standardize(answers, words)
    thresholds, _ = fit_thresholds(standard, groups.reset_index(drop=True))
    least = thresholds.get(_RATE, float(np.quantile(standard, 1 - _RATE)))
    return replace(scale, variance=scale.variance * max(least, 1.0) ** 2)


def _measure_unit(fitted: FittedClassifier, human: Bools) -> float:
    """From human articles' mean score to the threshold; 1 where there is none."""
    threshold = fitted.classifier.thresholds.get(_RATE)
    return 1.0 if threshold is None else threshold - float(fitted.out_of_fold[human].mean())


@dataclass(frozen=True)
class _Crossed:
    """What the adapter says of each document out of fold, and the human scale of that.

    Attributes:
        columns: (n, 2 + width), what it judges by.
        standard: (n,), its scores on the human scale.
        human: how human documents score.
    """

    columns: Floats
    standard: Floats
    human: HumanScale


@dataclass(frozen=True)
class _Task:
    """Documents, the classifier's scores of them, and the pairs that an adapter is fitted on.

    Attributes:
        frame, words: of the documents.
        fingerprints: of the documents.
        standard: (n,), the classifier's out-of-fold scores.
        originals, versions: (pairs,), rows of both sides of each pair.
        fold: (n,), each document's.
        vocabulary: (words,), the hashes of all words, in order.
        places: (tokens,), each document's words as places in `vocabulary`, one document after the
            other.
        owners: (tokens,), the document of each.
        unit: how far above human articles' mean score the threshold lies: so far above theirs the
            adapter's rarest scores shall lie, too.
    """

    frame: pd.DataFrame
    words: npt.NDArray[np.int64]
    fingerprints: DocumentFingerprints
    standard: Floats
    originals: Ints
    versions: Ints
    fold: Ints
    vocabulary: npt.NDArray[np.uint32]
    places: Ints
    owners: Ints
    unit: float

    @classmethod
    def of(cls, documents: FeatureTable, fitted: FittedClassifier) -> _Task | None:
        """None where there are too few pairs, or nothing that they could be compared with."""
        frame, fingerprints = documents.frame.reset_index(drop=True), documents.fingerprints
        human = (frame["label"] == ORIGINAL).to_numpy()
        adapted = read_column(frame, "adapted", False) & ~human
        if fingerprints is None or read_column(frame, "added", False).all():
            return None
        rows = np.arange(len(frame))
        # An edited version is human, too: the first of an article is what it is a version of.
        own = pd.Series(rows[human], index=frame["article_id"][human])
        first = own[~own.index.duplicated()]
        versions = rows[adapted & frame["article_id"].isin(first.index).to_numpy()]
        articles = frame["article_id"].iloc[versions]
        if articles.nunique() < FEWEST_PAIRS:
            return None
        vocabulary, places = np.unique(fingerprints.flat_words, return_inverse=True)
        return cls(
            frame,
            documents.words,
            fingerprints,
            fitted.out_of_fold,
            first.loc[articles].to_numpy(),
            versions,
            assign_folds(frame["article_id"], FOLDS),
            vocabulary,
            places.astype(np.int64),
            np.repeat(rows, [len(w) for w in fingerprints.words]),
            _measure_unit(fitted, human),
        )

    @property
    def articles(self) -> npt.NDArray[Any]:
        return self.frame["article_id"].to_numpy()

    @property
    def is_human(self) -> Bools:
        return (self.frame["label"] == ORIGINAL).to_numpy()

    @property
    def is_added(self) -> Bools:
        return read_column(self.frame, "added", False)

    @property
    def is_user_machine(self) -> Bools:
        return np.isin(np.arange(len(self.frame)), self.versions)

    def raise_to(self, crossed: _Crossed, shift: float) -> Floats:
        """The classifier's scores, raised by the adapter's."""
        return np.maximum(self.standard, crossed.standard + shift)

    def _count_human(self, rows: Bools) -> Floats:
        """In how many human documents each word stands."""
        chosen = (rows & self.is_human)[self.owners]
        return np.bincount(self.places[chosen], minlength=len(self.vocabulary)).astype(np.float64)

    def _count_pairs(self, pairs: Bools) -> tuple[Floats, Floats, int]:
        """Copies that have each word and originals that lose it, and the copies' words in all."""
        own, lost = np.zeros(len(self.vocabulary)), np.zeros(len(self.vocabulary))
        total = 0
        for original, version in zip(self.originals[pairs], self.versions[pairs], strict=True):
            theirs, its = self.fingerprints.words[original], self.fingerprints.words[version]
            own[self._find(np.setdiff1d(its, theirs, assume_unique=True))] += 1
            lost[self._find(np.setdiff1d(theirs, its, assume_unique=True))] += 1
            total += len(its)
        return own, lost, total

    def _find(self, hashes: npt.NDArray[np.uint32]) -> Ints:
        return np.searchsorted(self.vocabulary, hashes)

    def _weigh_words(self, pairs: Bools, human: Bools) -> Floats:
        """Log-odds of each word of `vocabulary` from some pairs and some human documents."""
        own, lost, total = self._count_pairs(pairs)
        counts = self._count_human(human)
        changed = own.sum()
        if not changed:
            return np.zeros(len(own))
        usual = (counts + _PRIOR) / (counts.sum() + _PRIOR * _PRIOR_WORDS)
        gained, missed = (np.maximum(c - _DISCOUNT, 0.0) / total / usual for c in (own, lost))
        odds = np.log1p(gained)
        rare = (own == 0) & (lost >= _FEWEST_LOST)
        odds[rare] = np.log(np.maximum(_LEAST_LOST, 1 - missed[rare]))
        return odds

    def _sum_odds(self, odds: Floats) -> Floats:
        """Of a hundred words of each document, see `MachineFingerprint.measure`."""
        sizes = np.array([len(w) for w in self.fingerprints.words])
        sums = np.bincount(self.owners, weights=odds[self.places], minlength=len(sizes))
        return 100.0 * sums / np.maximum(sizes, FEWEST_WORDS)

    def _measure_odds(self) -> Floats:
        """Each document's odds, by words that were not counted on its article."""
        result = np.zeros(len(self.frame))
        pair_fold = self.fold[self.versions]
        every = np.ones(len(self.versions), dtype=bool)
        of_user = np.isin(self.articles, self.articles[self.versions])
        for fold in range(FOLDS):
            here, human = self.fold == fold, self.fold != fold
            for rows, pairs in ((here & of_user, pair_fold != fold), (here & ~of_user, every)):
                if rows.any():
                    result[rows] = self._sum_odds(self._weigh_words(pairs, human))[rows]
        return result

    def cross_fit(self) -> _Crossed:
        """Score each document by an adapter that saw nothing of its article."""
        columns = np.column_stack(
            [self.standard, self._measure_odds(), self.fingerprints.embeddings]
        )
        scores = np.zeros(len(columns))
        for fold in range(FOLDS):
            here = self.fold == fold
            scores[here] = columns[here] @ self._discriminate(columns, ~here)
        human = self.is_human
        weights = balance(self.frame)[human]
        outlets = name_outlets(self.frame[human])
        scale = _even_tails(
            fit_human_scale(scores[human], self.words[human], weights, outlets),
            scores[human],
            self.words[human],
            outlets,
        )
        scale = replace(scale, variance=scale.variance / self.unit**2)
        return _Crossed(columns, scale.standardize(scores, self.words), scale)

    def _discriminate(self, columns: Floats, rows: Bools) -> Floats:
        """Weights (2 + width,) that tell copies from originals among human articles."""
        pairs = rows[self.versions]
        away = (columns[self.versions[pairs]] - columns[self.originals[pairs]]).mean(0)
        human = rows & self.is_human
        spread = columns[human].std(0)
        spread[:2] = 1.0
        spread[spread < 1e-6] = np.inf
        covariance = self._vary(columns / spread, human)
        ridge = np.full(len(away), _RIDGE * np.diag(covariance)[2:].mean())
        ridge[:2] = 1e-6
        return np.asarray(np.linalg.solve(covariance + np.diag(ridge), away / spread) / spread)

    def _vary(self, columns: Floats, human: Bools) -> Floats:
        """Covariance of human articles: within their outlets, each alike, and between them."""
        within, centers = [], []
        for _, rows in self.frame[human].groupby("group"):
            if len(rows) >= _FEWEST_OF_GROUP:
                of_group = columns[rows.index.to_numpy()]
                centers.append(of_group.mean(0))
                within.append(np.cov(of_group.T, bias=True))
        if not within:
            return np.cov(columns[human].T)
        between = np.cov(np.array(centers).T) if len(centers) > 1 else 0.0
        return np.asarray(np.mean(within, axis=0) + between)

    def fit(self, crossed: _Crossed) -> tuple[Floats, MachineFingerprint]:
        """The adapter's weights, and its fingerprint of the machine, from all pairs."""
        weights = self._discriminate(crossed.columns, np.ones(len(self.frame), dtype=bool))
        every = np.ones(len(self.frame), dtype=bool)
        odds = self._weigh_words(every[self.versions], every)
        telling = odds != 0
        fingerprint = MachineFingerprint(
            self.vocabulary[telling],
            odds[telling].astype(np.float32),
            weights[2:].astype(np.float32),
        )
        return np.append(weights[:2], 1.0), fingerprint
