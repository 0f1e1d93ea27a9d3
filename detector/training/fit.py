"""Fit everything above the encoder: lexical and style models, the document classifier, thresholds.

The encoder and the sentence models learn from the training split; the document classifier, its
calibration and its thresholds from documents of the development split, out of fold, so that no
score that a promise rests on was fitted to the article it comes from (but for the discriminants of
the rows that its scorer learnt from).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import nnls
from scipy.sparse import csr_matrix
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

from detector.classifier import (
    QUESTIONS,
    DocumentClassifier,
    HumanScale,
    calibration_columns,
    expand,
    relative_length,
)
from detector.evidence import (
    HASHES,
    SENTENCE_CLASSES,
    DocumentEvidence,
    EvidenceGatherer,
    LearntTraces,
    LinearScorer,
    hash_ngrams,
    hash_words,
    summarize,
)
from detector.text import View
from detector.training.pairs import LabelledPair, hash_fraction
from detector.training.traces import Traces, join_traces
from detector.verdict import ORIGINAL

Floats = npt.NDArray[np.float64]

#: False-positive rates for which a threshold is sought.
FALSE_POSITIVE_RATES = (0.05, 0.01, 0.001)
#: Documents are also learnt from in runs of so many sentences: short texts must be judged too.
CROPS = (4, 8, 16)
#: Confidence of the bound on a promised false-positive rate.
CONFIDENCE = 0.95
_MINIMUM_CROP_WORDS = 50
#: False-positive rate at which both answers count alike.
_TAIL = 0.01
#: Documents by professional translators, and how many times the promised rate they may have.
TRANSLATOR_GROUP = "translators"
TRANSLATOR_TOLERANCE = 3
#: A group that was added by retraining weighs as much as one of the recipe's from so many articles
#: on, and less with fewer: fifty articles at full weight cost round trips .16 of what is found at
#: 1 % false positives (measured), and gained nothing that a quarter of it does not.
ARTICLES_OF_A_FULL_GROUP = 200


# --------------------------------------------------------------------------------------
# Sentence models
# --------------------------------------------------------------------------------------


def fit_lexical(views: Sequence[View], labels: npt.NDArray[np.int64]) -> LinearScorer:
    """Multinomial logistic regression on hashed n-grams, one output for each sentence class."""
    hashed = [hash_ngrams(view) for view in views]
    lengths = np.array([len(h) for h in hashed])
    values = np.repeat(1.0 / np.sqrt(np.maximum(lengths, 1)), lengths)
    matrix = csr_matrix(
        (values, np.concatenate(hashed), np.concatenate([[0], np.cumsum(lengths)])),
        shape=(len(views), HASHES),
    )
    model = LogisticRegression(C=2.0, max_iter=60, class_weight="balanced", tol=1e-3)
    model.fit(matrix, labels)
    return LinearScorer(model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32))


def fit_linear(
    features: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[Any] | None = None,
    strength: float = 0.1,
) -> LinearScorer:
    """Logistic regression on standardised columns, with the standardisation folded in.

    Two classes give one output (log-odds of the second), more give one each.
    """
    center, scale = features.mean(0), features.std(0)
    scale[scale < 1e-6] = np.inf
    model = LogisticRegression(
        C=strength, max_iter=300, class_weight="balanced" if weights is None else None
    )
    model.fit((features - center) / scale, labels, sample_weight=weights)
    coefficients = (model.coef_ / scale).T
    bias = model.intercept_ - center @ coefficients
    return LinearScorer(coefficients.astype(np.float32), bias.astype(np.float32))


def unpack_pairs(
    pairs: Sequence[LabelledPair],
) -> tuple[list[View], npt.NDArray[np.int64], list[View]]:
    """Both sides of pairs as one list of views, with labels, and each one's person's version."""
    views = [view for pair in pairs for view in (pair.original, pair.text)]
    labels = np.array(
        [
            SENTENCE_CLASSES.index(name)
            for pair in pairs
            for name in ("human_translation" if pair.is_translation else "native", pair.kind)
        ]
    )
    return views, labels, [pair.original for pair in pairs for _ in range(2)]


# --------------------------------------------------------------------------------------
# Documents as evidence
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GatheredDocuments:
    """Documents reduced to what the classifier learns from.

    Attributes:
        frame: one row per document: label, group, article_id, pivot, system, rate, split, held_out,
            and by_translator, whether a person wrote it as a translation. Retraining adds: `added`,
            whether it came that way; `weight`; `fitted`, whether the scorer learns from it or
            only thresholds do; `promised`, whether its outlet has a rate promised to itself;
            `taught`, whether it is of the machine that the model is taught.
        matrices: for each document the evidence of its judged sentences.
        counts: for each document the words of its judged sentences.
        traces: of whole documents, where they are known.
        learnt: (documents, 2), what a model that was taught a machine measured of them.
        embeddings: for each document those of its judged sentences, of which discriminants are
            fitted; None where they were not kept.
    """

    frame: pd.DataFrame
    matrices: list[npt.NDArray[np.float32]]
    counts: list[npt.NDArray[np.int32]]
    traces: Traces | None = None
    learnt: npt.NDArray[np.float32] | None = None
    embeddings: list[npt.NDArray[np.float16]] | None = None

    def select(self, mask: npt.NDArray[np.bool_]) -> GatheredDocuments:
        """The documents where `mask` holds."""
        rows = np.flatnonzero(mask)
        return GatheredDocuments(
            self.frame.iloc[rows].reset_index(drop=True),
            [self.matrices[i] for i in rows],
            [self.counts[i] for i in rows],
            None if self.traces is None else self.traces.select(rows),
            None if self.learnt is None else self.learnt[rows],
            None if self.embeddings is None else [self.embeddings[i] for i in rows],
        )

    def learn(self, learnt: LearntTraces | None) -> GatheredDocuments:
        """The same documents as a model sees them that was taught this machine, or none."""
        if learnt is None or self.traces is None:
            return replace(self, learnt=None)
        return replace(self, learnt=self.traces.measure(learnt))

    @property
    def summaries(self) -> npt.NDArray[np.float32]:
        """(documents, SUMMARY_COLUMNS), and `learnt` after them if it is known."""
        summaries = np.stack([summarize(m) for m in self.matrices])
        return summaries if self.learnt is None else np.hstack([summaries, self.learnt])

    @property
    def words(self) -> npt.NDArray[np.int64]:
        """Judged words of each document."""
        return np.array([c.sum() for c in self.counts])

    def crop(self, sentences: int) -> GatheredDocuments:
        """A run of `sentences` sentences of each document that has more, its place fixed by id."""
        rows = [i for i, m in enumerate(self.matrices) if len(m) > sentences]
        matrices, counts = [], []
        for i in rows:
            key = f"{sentences}{self.frame['article_id'].iloc[i]}"
            start = int(hash_fraction(key) * (len(self.matrices[i]) - sentences + 1))
            matrices.append(self.matrices[i][start : start + sentences])
            counts.append(self.counts[i][start : start + sentences])
        cropped = GatheredDocuments(self.frame.iloc[rows].reset_index(drop=True), matrices, counts)
        return cropped.select(cropped.words >= _MINIMUM_CROP_WORDS)

    def with_crops(self) -> GatheredDocuments:
        """The documents and their crops."""
        return concatenate([self.learn(None), *(self.crop(n) for n in CROPS)])


def concatenate(parts: Sequence[GatheredDocuments]) -> GatheredDocuments:
    """Several collections as one."""
    embeddings = None
    if all(p.embeddings is not None for p in parts):
        embeddings = [e for p in parts for e in p.embeddings or []]
    return GatheredDocuments(
        pd.concat([p.frame for p in parts], ignore_index=True),
        [m for p in parts for m in p.matrices],
        [c for p in parts for c in p.counts],
        join_traces([p.traces for p in parts]),
        embeddings=embeddings,
    )


def gather_documents(
    frame: pd.DataFrame,
    gatherer: EvidenceGatherer,
    batch: int = 64,
    keep_embeddings: bool = False,
) -> GatheredDocuments:
    """The evidence of each document of `frame` (column ``text``); those with none are left out."""
    matrices, counts, kept = [], [], []
    embeddings, means, words = [], [], []
    texts = frame["text"].tolist()
    for at in range(0, len(texts), batch):
        for offset, document in enumerate(gatherer.gather(texts[at : at + batch])):
            if document.judged:
                kept.append(at + offset)
                matrices.append(document.matrix)
                counts.append(_count_words(document))
                means.append(document.embedding)
                words.append(hash_words([document.views[i] for i in document.judged]))
                if keep_embeddings:
                    embeddings.append(document.embeddings.astype(np.float16))
    rest = frame.drop(columns="text").iloc[kept].reset_index(drop=True)
    traces = Traces(np.stack(means), words) if kept else None
    gathered = GatheredDocuments(rest, matrices, counts, traces).learn(gatherer.learnt)
    return replace(gathered, embeddings=embeddings if keep_embeddings else None)


def _count_words(document: DocumentEvidence) -> npt.NDArray[np.int32]:
    return np.array([document.views[i].word_count for i in document.judged], dtype=np.int32)


# --------------------------------------------------------------------------------------
# The document classifier
# --------------------------------------------------------------------------------------


def balance(frame: pd.DataFrame) -> Floats:
    """Sample weights: classes count alike, within a class its groups, within a group its documents.

    So an outlet with thousands of articles does not speak for all outlets. Where the frame says so
    (see `GatheredDocuments`), documents weigh more or less within their group, and a group that
    was added counts by its articles until there are `ARTICLES_OF_A_FULL_GROUP`.
    """
    source = frame["group"].where(frame["label"] != "spun", frame["system"])
    keys = [frame["label"], source]
    own = pd.Series(read_column(frame, "weight", 1.0), index=frame.index)
    share = own / own.groupby(keys).transform("sum") * _weigh_groups(frame, keys)
    weights = share / share.groupby(frame["label"]).transform("sum")
    return np.asarray(weights / weights.mean(), dtype=np.float64)


def _weigh_groups(frame: pd.DataFrame, keys: list[pd.Series]) -> Any:
    """How much the group of each document counts: 1, or less for a small one that was added."""
    added = pd.Series(read_column(frame, "added", False), index=frame.index)
    if not added.any():
        return 1.0
    articles = frame.groupby(keys)["article_id"].transform("nunique")
    share = np.minimum(1.0, articles / ARTICLES_OF_A_FULL_GROUP)
    return np.where(added.groupby(keys).transform("all"), share, 1.0)


def read_column(frame: pd.DataFrame, name: str, default: Any) -> npt.NDArray[Any]:
    """A column that documents of the recipe do not have; they are answered with `default`."""
    if name not in frame.columns:
        return np.full(len(frame), default)
    column = frame[name]
    return column.where(column.notna(), default).astype(type(default)).to_numpy()


def fit_scorer(
    summaries: npt.ArrayLike, words: npt.ArrayLike, frame: pd.DataFrame, strength: float
) -> tuple[Floats, Floats, LinearScorer]:
    """Center, scale and the logistic regression of documents."""
    columns = np.asarray(summaries, dtype=np.float64)
    center, scale = columns.mean(0), columns.std(0)
    scale[scale < 1e-6] = 1.0
    classes = frame["label"].replace(ORIGINAL, "native").astype(object)
    classes[frame["by_translator"].astype(bool)] = "human_translation"
    labels = classes.map(SENTENCE_CLASSES.index).to_numpy()
    model = LogisticRegression(C=strength, max_iter=1000)
    model.fit(expand(columns, words, center, scale), labels, sample_weight=balance(frame))
    return center, scale, _spread_classes(model)


def _spread_classes(model: LogisticRegression) -> LinearScorer:
    """One output for each of `SENTENCE_CLASSES`; a class that no document had is impossible."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn then gives the log-odds of the second alone
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    weights = np.zeros((coefficients.shape[1], len(SENTENCE_CLASSES)), dtype=np.float32)
    bias = np.full(len(SENTENCE_CLASSES), -np.inf, dtype=np.float32)
    weights[:, model.classes_], bias[model.classes_] = coefficients.T, intercepts
    return LinearScorer(weights, bias)


def fit_human_scale(
    scores: Floats, words: npt.ArrayLike, weights: Floats, outlets: npt.ArrayLike
) -> HumanScale:
    """Mean and variance of human scores over length, by weighted least squares.

    Slope and variance are those within outlets: that an outlet's articles are short and read
    unlike others must not pass for what length does, nor one odd outlet for how people vary.
    """
    length, groups = relative_length(words), np.unique(outlets, return_inverse=True)[1]

    def center(values: Floats) -> Floats:
        total = np.bincount(groups, weights)
        return np.asarray(values - (np.bincount(groups, weights * values) / total)[groups])

    within, own = center(length), center(np.asarray(scores, dtype=np.float64))
    spread = float((weights * within * within).sum())
    slope = float((weights * within * own).sum()) / spread if spread > 1e-9 else 0.0
    mean = float(np.average(scores - slope * length, weights=weights))
    squares = (own - slope * within) ** 2
    design = np.column_stack([np.ones_like(length), np.exp(-length)]) * np.sqrt(weights)[:, None]
    variance, _ = nnls(design, squares * np.sqrt(weights))
    variance = np.maximum(variance, [1e-3 * squares.mean(), 0.0])
    return HumanScale(np.array([mean, slope]), np.asarray(variance))


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
    promised: Collection[str] = (),
) -> tuple[dict[float, float], list[dict[str, Any]]]:
    """Thresholds that hold for all human articles together and for each group that is large enough.

    Args:
        scores: out-of-fold scores of whole human articles.
        groups: their outlets (human translations are one).
        promised: groups for which the rate must hold by its confidence bound, like that of all
            together, as far as they have the articles for it.

    Returns:
        Rate → threshold, and for the model card what each rests on.
    """
    thresholds, table = {}, []
    for rate in FALSE_POSITIVE_RATES:
        chosen = choose_threshold(scores, rate)
        record: dict[str, Any] = {"false_positive_rate": rate, "articles": len(scores)}
        if chosen is not None:
            for of_group, allowed in _iterate_groups(scores, groups, rate):
                # Nor may an outlet's own share exceed the promise, as far as it can be told.
                ordered = np.sort(of_group)[::-1]
                least = ordered[int(np.floor(allowed * len(ordered)))]
                chosen = max(chosen, float(np.nextafter(least, np.inf)))
            for name in promised:
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
    return thresholds, table


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


@dataclass(frozen=True)
class FittedClassifier:
    """A document classifier with the out-of-fold figures that it rests on.

    Attributes:
        classifier: the fit.
        out_of_fold: (n,) score of each document, by a scorer that saw nothing of its article.
        threshold_table: what each threshold rests on.
    """

    classifier: DocumentClassifier
    out_of_fold: Floats
    threshold_table: list[dict[str, Any]]


def fit_classifier(
    documents: GatheredDocuments, strength: float = 0.01, folds: int = 5
) -> FittedClassifier:
    """Fit the document classifier, its calibration, human scales and thresholds.

    Args:
        documents: whole documents of the development split, all three labels.
        strength: inverse regularisation of the logistic regression.
        folds: of the cross-fitting, split by article.
    """
    cropped = _Cropped.of(documents)
    answers = cropped.answer_out_of_fold(strength, folds)
    learnt = cropped.learnt
    parts = fit_scorer(
        cropped.summaries[learnt], cropped.words[learnt], cropped.frame[learnt], strength
    )
    return _promise(documents, cropped, answers, _bare_classifier(*parts))


def refit_thresholds(
    documents: GatheredDocuments,
    classifier: DocumentClassifier,
    strength: float = 0.01,
    folds: int = 5,
) -> FittedClassifier:
    """Fit calibration, human scales and thresholds anew around a scorer that stays as it is.

    Args:
        documents: those that the scorer was fitted on, and others (``fitted`` is False).
        classifier: whose scorer it is. Documents that it was fitted on are scored out of fold,
            the others by itself.
        strength: as in `fit_classifier`.
        folds: as in `fit_classifier`.
    """
    cropped = _Cropped.of(documents)
    answers = cropped.answer_out_of_fold(strength, folds)
    new = ~cropped.learnt
    if new.any():
        answers[new] = classifier.answer(cropped.summaries[new], cropped.words[new])
    return _promise(documents, cropped, answers, classifier)


@dataclass(frozen=True)
class _Cropped:
    """Documents and their crops as arrays; the whole documents come first."""

    frame: pd.DataFrame
    summaries: npt.NDArray[np.float32]
    words: npt.NDArray[np.int64]

    @classmethod
    def of(cls, documents: GatheredDocuments) -> _Cropped:
        cropped = replace(documents, embeddings=None).with_crops()
        return cls(cropped.frame, cropped.summaries, cropped.words)

    @property
    def learnt(self) -> npt.NDArray[np.bool_]:
        return read_column(self.frame, "fitted", True)

    def answer_out_of_fold(self, strength: float, folds: int) -> Floats:
        """Answers (n, questions) on each document by a scorer that saw nothing of its article."""
        answers = np.zeros((len(self.frame), len(QUESTIONS)))
        fold_of = assign_folds(self.frame["article_id"], folds)
        for fold in np.unique(fold_of):
            test = fold_of == fold
            train = ~test & self.learnt
            parts = fit_scorer(
                self.summaries[train], self.words[train], self.frame[train], strength
            )
            answers[test] = _bare_classifier(*parts).answer(self.summaries[test], self.words[test])
        return answers


def assign_folds(article_ids: pd.Series, folds: int) -> npt.NDArray[np.int64]:
    """The fold of each row, which depends on its article alone.

    So a model that was fitted on more articles has the old ones in the same folds, and the two
    can be compared on them without the noise of other folds.
    """
    fold_of = {i: int(hash_fraction(f"fold {i}") * folds) for i in article_ids.unique()}
    return article_ids.map(fold_of).to_numpy(dtype=np.int64)


def _promise(
    documents: GatheredDocuments, cropped: _Cropped, answers: Floats, scorer: DocumentClassifier
) -> FittedClassifier:
    """Calibration, human scales and thresholds from out-of-fold answers, put to a scorer."""
    frame, words = cropped.frame, cropped.words
    human = (frame["label"] == ORIGINAL).to_numpy()
    weights = balance(frame)
    groups = name_outlets(frame)
    whole = len(documents.frame)
    is_person = human & (np.arange(len(human)) < whole)
    one, other = (
        _fit_scale(answer, words, weights, groups, human, is_person) for answer in answers.T
    )
    scaled = replace(scorer, human=(one, other))
    scores = scaled.combine(answers, words)
    calibration = LogisticRegression(C=1e3).fit(
        calibration_columns(scores, words), ~human, sample_weight=_even_odds(weights, human)
    )
    thresholds, table = keep_promises(documents.frame[human[:whole]], scores[is_person])
    classifier = replace(
        scaled,
        calibration=np.append(calibration.coef_[0], calibration.intercept_[0]),
        thresholds=thresholds,
    )
    return FittedClassifier(classifier, scores[:whole], table)


def _fit_scale(
    answer: Floats,
    words: npt.NDArray[np.int64],
    weights: Floats,
    groups: pd.Series,
    human: npt.NDArray[np.bool_],
    is_person: npt.NDArray[np.bool_],
) -> HumanScale:
    """The human scale of one answer; people in a fold that had none of its class are left out."""
    known = np.isfinite(answer)
    some, whole = human & known, is_person & known
    if not whole.any():  # no document at all was of the class
        return HumanScale(np.zeros(2), np.ones(2))
    scale = fit_human_scale(answer[some], words[some], weights[some], groups[some])
    return even_tails(scale, answer[whole], words[whole], groups[whole])


def even_tails(
    scale: HumanScale, answers: Floats, words: npt.ArrayLike, groups: pd.Series
) -> HumanScale:
    """The scale in units in which people's articles reach 1 equally seldom, whatever is asked.

    Odd articles look spun far oftener than they look translated. In plain standard deviations the
    tail of the one would set the threshold of both.
    """
    standard = scale.standardize(answers, words)
    thresholds, _ = fit_thresholds(standard, groups.reset_index(drop=True))
    least = thresholds.get(_TAIL, float(np.quantile(standard, 1 - _TAIL)))
    return replace(scale, variance=scale.variance * max(least, 1.0) ** 2)


def name_outlets(frame: pd.DataFrame) -> pd.Series:
    """Whose each document is: its outlet, or professional translators'."""
    return frame["group"].where(~frame["by_translator"].astype(bool), TRANSLATOR_GROUP)


def keep_promises(
    people: pd.DataFrame, scores: Floats
) -> tuple[dict[float, float], list[dict[str, Any]]]:
    """`fit_thresholds` of whole human articles, of which `people` says whose they are."""
    groups = name_outlets(people).reset_index(drop=True)
    promised = sorted(groups[read_column(people, "promised", False)].unique())
    return fit_thresholds(scores, groups, promised)


def _even_odds(weights: Floats, human: npt.NDArray[np.bool_]) -> Floats:
    """Weights under which human and machine documents are as many."""
    return np.where(human, weights / weights[human].sum(), weights / weights[~human].sum())


def _bare_classifier(center: Floats, scale: Floats, scorer: LinearScorer) -> DocumentClassifier:
    nothing = HumanScale(np.zeros(2), np.ones(2))
    return DocumentClassifier(center, scale, scorer, np.zeros(4), (nothing, nothing), {})
