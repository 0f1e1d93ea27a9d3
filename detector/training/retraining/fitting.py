"""Fit on a user's documents beside the replay data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from detector.results import ORIGINAL
from detector.training.evaluation.regression_check import (
    ScoredSet,
    describe_scores,
    read_stopped,
    score_directly,
)
from detector.training.evaluation.statistics import FEWEST_ARTICLES as FEWEST_TO_MEASURE
from detector.training.fitting.adapter import AdaptedClassifier, fit_adapter, refit_guarantees
from detector.training.fitting.classifier import FittedClassifier, fit_classifier, refit_thresholds
from detector.training.fitting.feature_table import ARTICLES_OF_A_FULL_GROUP, FeatureTable
from detector.training.retraining.replay_data import fill_columns, join_replay_data
from detector.training.retraining.settings import CLASSIFIER, ENCODER, THRESHOLDS
from detector.training.retraining.user_features import BaseModel, UserFeatures

PROJECT_SET = "the replay data of the old model, out of fold"

HELD_OUT_SET = "your held-out articles"

USER_SET = "your articles, out of fold"

#: Of the thresholds' depth: the scorer has not seen them, but the thresholds were chosen on them.
HUMAN_SET = "your articles, on which the thresholds rest"

_ROW_COLUMNS = ["file", "row"]

#: Relative and absolute: how far features of one text differ from processor to processor.
_SAME_FEATURES = (0.01, 0.01)


@dataclass(frozen=True)
class UserFit:
    """A new classifier, with the documents that it was fitted on.

    Attributes:
        adapted: the classifier, its adapter and its figures.
        joined: what is kept of the replay data, and after it the user's documents.
        of_user: (documents,), scores of the user's documents that are not held out, out of fold.
        kept: (replay documents,), which of them were not brought again by the user.
    """

    adapted: AdaptedClassifier
    joined: FeatureTable
    of_user: npt.NDArray[np.float64]
    kept: npt.NDArray[np.bool_]

    @property
    def fitted(self) -> FittedClassifier:
        """The classifier with its out-of-fold scores of `joined`."""
        return self.adapted.fitted


def fit_on_user(base: BaseModel, user: FeatureTable, depth: str) -> UserFit:
    """Fit at one of `DEPTHS`.

    Args:
        base: the model to start from.
        user: the user's documents that are not held out, as the new model measures them.
        depth: what is fitted anew.
    """
    fits: Mapping[str, Callable[[BaseModel, FeatureTable], UserFit]] = {
        THRESHOLDS: _fit_thresholds,
        CLASSIFIER: _fit_classifier,
        ENCODER: _fit_on_user_alone,
    }
    return fits[depth](base, user)


def _mark(documents: FeatureTable, fitted: bool, guaranteed: bool) -> FeatureTable:
    """The user's documents as they are kept in replay data: without file and row."""
    human = documents.frame["label"] == ORIGINAL
    frame = documents.frame.drop(columns=_ROW_COLUMNS).assign(
        added=True, fitted=fitted, guaranteed=human & guaranteed
    )
    return replace(documents.with_fingerprint(None), frame=frame)


def _fit_thresholds(base: BaseModel, user: FeatureTable) -> UserFit:
    human = (user.frame["label"] == ORIGINAL).to_numpy()
    joined, kept = _join(base, _mark(user.select(human), fitted=False, guaranteed=True))
    adapted = refit_guarantees(joined, base.classifier)
    seen = user.with_fingerprint(adapted.fingerprint)
    scores, _ = adapted.fitted.classifier.score(seen.summaries, seen.words)
    return UserFit(adapted, joined, scores, kept)


def _fit_classifier(base: BaseModel, user: FeatureTable) -> UserFit:
    """The base's scorer with an adapter to the user's machine; a new scorer where that fails.

    Few pairs move the scorer, and with it what it finds of everything else, more than they teach
    it; from enough of them both are fitted.
    """
    joined, kept = _join(base, _mark(user, fitted=False, guaranteed=False))
    machine = (joined.frame["label"] != ORIGINAL).to_numpy()
    adapted_to = machine & joined.frame["added"].to_numpy(dtype=bool)
    joined = replace(joined, frame=joined.frame.assign(adapted=adapted_to))
    adapted = None
    if joined.frame["article_id"][adapted_to].nunique() < ARTICLES_OF_A_FULL_GROUP:
        same_scorer = refit_thresholds(joined, replace(base.classifier, adapter=None))
        adapted = fit_adapter(joined, same_scorer)
    if adapted is None or adapted.fingerprint is None:
        joined = replace(joined, frame=joined.frame.assign(fitted=True))
        adapted = fit_adapter(joined, _fit_anew(base, joined))
    return UserFit(adapted, joined, adapted.fitted.out_of_fold[kept.sum() :], kept)


def _fit_anew(base: BaseModel, documents: FeatureTable) -> FittedClassifier:
    # Some pairs more tell nothing of how scores depend on the length.
    return fit_classifier(
        documents,
        likelier_people=base.classifier.likelier_people,
        length_power=base.classifier.length_power,
    )


def _fit_on_user_alone(base: BaseModel, user: FeatureTable) -> UserFit:
    joined = fill_columns(_mark(user, fitted=True, guaranteed=False))
    fitted = _fit_anew(base, joined)
    return UserFit(AdaptedClassifier(fitted), joined, fitted.out_of_fold, np.zeros(0, dtype=bool))


def _join(base: BaseModel, new: FeatureTable) -> tuple[FeatureTable, npt.NDArray[np.bool_]]:
    """What stays of the base's replay data with the new documents after it, and what stayed."""
    assert base.replay is not None
    # The base's scorer has seen these articles: they must not be scored as if it had not.
    frame = base.replay.frame
    seen = new.frame["article_id"].isin(set(frame["article_id"][frame["fitted"].astype(bool)]))
    new = replace(new, frame=new.frame.assign(fitted=new.frame["fitted"].astype(bool) | seen))
    return join_replay_data(base.replay, new)


def score_sets(base: BaseModel, user: UserFeatures, fit: UserFit, depth: str) -> list[ScoredSet]:
    """Documents scored by both models: the user's, and what stays of the replay data."""
    if base.replay is None:
        return [_score_user_set(base, user, fit, depth, None)]
    before = refit_guarantees(base.replay, base.classifier).fitted.out_of_fold
    return [
        _score_user_set(base, user, fit, depth, before),
        _score_project_set(base, before[fit.kept], fit),
    ]


def _score_project_set(base: BaseModel, before: npt.NDArray[np.float64], fit: UserFit) -> ScoredSet:
    """Both models on what is kept of the replay data, either out of fold, in the same folds."""
    old = fit.joined.select(np.arange(len(fit.joined.frame)) < fit.kept.sum())
    after = fit.fitted.out_of_fold[: len(old.frame)]
    return ScoredSet.of(
        PROJECT_SET,
        old.frame,
        *(
            describe_scores(classifier, scores, old.words, read_stopped(old))
            for classifier, scores in ((base.classifier, before), (fit.fitted.classifier, after))
        ),
    )


def _score_user_set(
    base: BaseModel,
    user: UserFeatures,
    fit: UserFit,
    depth: str,
    before: npt.NDArray[np.float64] | None,
) -> ScoredSet:
    """Both models on the user's documents: held-out ones if there are enough, else out of fold.

    Args:
        base: the old model.
        user: documents as both models measure them.
        fit: the new model.
        depth: what was fitted anew.
        before: the old model's out-of-fold scores of its replay data, if it has any.
    """
    held_out = user.new.frame["held_out"].astype(bool).to_numpy()
    known = _is_known(base, user.old)
    new = fit.fitted.classifier
    # Both models learnt from an article that is held out now and was not before.
    chosen = held_out & ~known
    if user.new.frame["article_id"][chosen].nunique() >= FEWEST_TO_MEASURE:
        documents = user.new.select(chosen)
        after = score_directly(new, documents.with_fingerprint(fit.adapted.fingerprint))
        old = score_directly(base.classifier, user.old.select(chosen))
        return ScoredSet.of(HELD_OUT_SET, documents.frame, old, after, of_user=True)
    documents, measured = user.new.select(~held_out), user.old.select(~held_out)
    after = describe_scores(new, fit.of_user, documents.words, read_stopped(documents))
    old = score_directly(base.classifier, measured)
    if depth == THRESHOLDS:
        # The scorer stays, so what it has seen flatters both models alike.
        return ScoredSet.of(HUMAN_SET, documents.frame, old, after, of_user=True)
    if base.replay is not None and before is not None:
        scores = old["score"].to_numpy().copy()
        seen = known[~held_out]
        scores[seen] = _look_up(measured.select(seen), base.replay, before)
        old = describe_scores(base.classifier, scores, measured.words, read_stopped(measured))
    return ScoredSet.of(USER_SET, documents.frame, old, after, of_user=True)


def _is_known(base: BaseModel, documents: FeatureTable) -> npt.NDArray[np.bool_]:
    """Which documents are of articles that the base's scorer or adapter was fitted on."""
    if base.replay is None:
        return np.zeros(len(documents.frame), dtype=bool)
    frame = base.replay.frame
    fitted_on = frame["fitted"].astype(bool) | frame["adapted"].astype(bool)
    return documents.frame["article_id"].isin(set(frame["article_id"][fitted_on])).to_numpy()


def _look_up(
    documents: FeatureTable, replay: FeatureTable, scores: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The scores (n,) that replay data has of the same documents.

    NaN, so that it is left out of comparisons, where it has the article in another version.
    """
    places = replay.frame.groupby(["article_id", "label"]).indices
    found = np.full(len(documents.frame), np.nan)
    keys = zip(documents.frame["article_id"], documents.frame["label"], strict=True)
    for row, key in enumerate(keys):
        for place in places.get(key, ()):
            if np.array_equal(documents.counts[row], replay.counts[place]) and np.allclose(
                documents.matrices[row], replay.matrices[place], *_SAME_FEATURES
            ):
                found[row] = scores[place]
                break
    return found
