"""Fit on a user's documents beside the replay data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.model import parts
from detector.results import ORIGINAL
from detector.training.corpora.validation import find_contradicted, note_contradicted
from detector.training.evaluation.regression_check import ScoredSet, describe_scores, score_directly
from detector.training.evaluation.statistics import FEWEST_ARTICLES as FEWEST_TO_MEASURE
from detector.training.fitting.adapter import AdaptedClassifier, fit_adapter, refit_guarantees
from detector.training.fitting.classifier import FittedClassifier, fit_classifier, refit_thresholds
from detector.training.fitting.feature_table import ARTICLES_OF_A_FULL_GROUP, FeatureTable
from detector.training.retraining.replay_data import (
    fill_columns,
    join_replay_data,
    load_replay_data,
)
from detector.training.retraining.settings import (
    CLASSIFIER,
    ENCODER,
    HELD_OUT_SET,
    HUMAN_SET,
    PROJECT_SET,
    THRESHOLDS,
    USER_SET,
    Run,
)

_ROW_COLUMNS = ["file", "row"]


def fit_run(run: Run, gathered: FeatureTable, before: FeatureTable) -> tuple[Fit, list[ScoredSet]]:
    """The new classifier, and documents judged by both models.

    Args:
        run: the retraining.
        gathered: the user's documents as the new model's encoder reads them.
        before: the same documents as the old one's reads them.
    """
    held_out = gathered.frame["held_out"].astype(bool).to_numpy()
    fingerprint = gathered.select(~held_out)
    fits: Mapping[str, Callable[[Run, FeatureTable], Fit]] = {
        THRESHOLDS: _fit_thresholds,
        CLASSIFIER: _fit_classifier,
        ENCODER: _fit_on_user_alone,
    }
    fit = fits[run.settings.depth](run, fingerprint)
    if fit.adapted.figures is not None:
        run.say(_describe_adapter(fit.adapted.figures))
    _find_label_noise(run, fingerprint, fit)
    return fit, [_score_user_set(run, fit, gathered, before), *fit.project]


@dataclass(frozen=True)
class Fit:
    """A fit, with the user's documents as it scored them out of fold."""

    adapted: AdaptedClassifier
    joined: FeatureTable
    of_user: npt.NDArray[np.float64]
    project: list[ScoredSet]

    @property
    def fitted(self) -> FittedClassifier:
        return self.adapted.fitted


def _mark(documents: FeatureTable, fitted: bool, guaranteed: bool) -> FeatureTable:
    """The user's documents as they are kept in a model: without file and row."""
    human = documents.frame["label"] == ORIGINAL
    frame = documents.frame.drop(columns=_ROW_COLUMNS).assign(
        added=True, fitted=fitted, guaranteed=human & guaranteed
    )
    return replace(documents.learn(None), frame=frame)


def _fit_thresholds(run: Run, fingerprint: FeatureTable) -> Fit:
    human = (fingerprint.frame["label"] == ORIGINAL).to_numpy()
    new = _mark(fingerprint.select(human), fitted=False, guaranteed=True)
    old, joined = _join(run, new)
    adapted = refit_guarantees(joined, run.classifier)
    if adapted.fingerprint is not None:
        run.parts[parts.FINGERPRINT] = adapted.fingerprint.to_arrays()
    seen = fingerprint.learn(adapted.fingerprint)
    scores, _ = adapted.fitted.classifier.score(seen.summaries, seen.words)
    return Fit(adapted, joined, scores, [_score_project_set(run, old, adapted.fitted)])


def _fit_classifier(run: Run, fingerprint: FeatureTable) -> Fit:
    """The base's scorer with an alarm for the user's machine; a new scorer where that does not do.

    Few pairs move the scorer, and with it what it finds of everything else, more than they teach
    it; enough of them are learnt from by both.
    """
    old, joined = _join(run, _mark(fingerprint, fitted=False, guaranteed=False))
    machine = (joined.frame["label"] != ORIGINAL).to_numpy()
    adapted = machine & joined.frame["added"].to_numpy(dtype=bool)
    joined = replace(joined, frame=joined.frame.assign(adapted=adapted))
    if joined.frame["article_id"][adapted].nunique() < ARTICLES_OF_A_FULL_GROUP:
        kept = refit_thresholds(joined, replace(run.classifier, adapter=None))
        fit = fit_adapter(joined, kept)
        if fit.fingerprint is not None:
            return _finish_classifier(run, old, joined, fit)
    joined = replace(joined, frame=joined.frame.assign(fitted=True))
    return _finish_classifier(run, old, joined, fit_adapter(joined, fit_classifier(joined)))


def _finish_classifier(
    run: Run, old: FeatureTable, joined: FeatureTable, adapted: AdaptedClassifier
) -> Fit:
    if adapted.fingerprint is not None:
        run.parts[parts.FINGERPRINT] = adapted.fingerprint.to_arrays()
    of_user = adapted.fitted.out_of_fold[len(old.frame) :]
    return Fit(adapted, joined, of_user, [_score_project_set(run, old, adapted.fitted)])


def _fit_on_user_alone(run: Run, fingerprint: FeatureTable) -> Fit:
    joined = fill_columns(_mark(fingerprint, fitted=True, guaranteed=False))
    fitted = fit_classifier(joined)
    return Fit(AdaptedClassifier(fitted), joined, fitted.out_of_fold, [])


def _join(run: Run, new: FeatureTable) -> tuple[FeatureTable, FeatureTable]:
    """What is kept of the base's evidence, and that with the new."""
    run.features = load_replay_data(run.base, run.settings.replay)
    # The base's scorer has seen these articles: they must not be scored as if it had not.
    frame = run.features.frame
    seen = new.frame["article_id"].isin(set(frame["article_id"][frame["fitted"].astype(bool)]))
    new = replace(new, frame=new.frame.assign(fitted=new.frame["fitted"].astype(bool) | seen))
    joined, run.kept = join_replay_data(run.features, new)
    old = np.arange(len(joined.frame)) < run.kept.sum()
    return joined.select(old), joined


def _describe_adapter(figures: Mapping[str, Any]) -> str:
    return (
        f"learnt your machine from {figures['articles']:,} articles, {figures['words']:,} words: "
        f"out of fold, {figures['found without it']:.0%} of its copies are found without that and "
        f"{figures['found with it']:.0%} with it"
    )


def _score_project_set(run: Run, old: FeatureTable, fitted: FittedClassifier) -> ScoredSet:
    """Both models on the base's evidence, either out of fold, in the same folds."""
    assert run.features is not None
    before = refit_guarantees(run.features, run.classifier).fitted.out_of_fold[run.kept]
    after = fitted.out_of_fold[: len(old.frame)]
    return ScoredSet.of(
        PROJECT_SET,
        old.frame,
        describe_scores(run.classifier, before, old.words),
        describe_scores(fitted.classifier, after, old.words),
    )


def _score_user_set(run: Run, fit: Fit, gathered: FeatureTable, before: FeatureTable) -> ScoredSet:
    """Both models on the user's documents: held out ones if there are enough, else out of fold."""
    held_out = gathered.frame["held_out"].astype(bool).to_numpy()
    new = fit.fitted.classifier
    if gathered.frame["article_id"][held_out].nunique() >= FEWEST_TO_MEASURE:
        name, chosen = HELD_OUT_SET, held_out
        scores = score_directly(new, gathered.select(chosen).learn(fit.adapted.fingerprint))
    else:
        name = HUMAN_SET if run.settings.depth == THRESHOLDS else USER_SET
        chosen = ~held_out
        scores = describe_scores(new, fit.of_user, gathered.select(chosen).words)
    old_scores = score_directly(run.classifier, before.select(chosen))
    return ScoredSet.of(name, gathered.select(chosen).frame, old_scores, scores, of_user=True)


def _find_label_noise(run: Run, fingerprint: FeatureTable, fit: Fit) -> None:
    """Say which rows' labels the new model contradicts most."""
    known = len(run.report.findings)
    note_contradicted(find_contradicted(fingerprint.frame, fit.of_user), run.report)
    for finding in run.report.findings[known:]:
        run.say(str(finding))
