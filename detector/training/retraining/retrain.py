"""Retrain a model on labelled pairs: validate, augment, fit and compare; writing comes after.

Three depths: ``thresholds`` (calibration and thresholds for a new outlet, from human articles),
``classifier`` (an adapter to the user's machine beside the base's classifier or, where that fails,
a new classifier on the replay data and the user's documents), ``encoder`` (the encoder tuned anew
on the pairs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.errors import DetectorError
from detector.training.corpora.validation import find_contradicted, note_contradicted
from detector.training.evaluation.regression_check import (
    ScoredSet,
    SetComparison,
    compare_sets,
    list_some,
)
from detector.training.retraining.fitting import UserFit, fit_on_user, score_sets
from detector.training.retraining.result import Retrained, describe_retraining
from detector.training.retraining.settings import (
    ENCODER,
    THRESHOLDS,
    RetrainSettings,
    check_settings,
)
from detector.training.retraining.user_features import (
    BaseModel,
    UserDocuments,
    UserFeatures,
    measure_documents,
    prepare_documents,
)


class WorseModelError(DetectorError):
    """The new model is worse than the old one beyond noise, or breaks its guarantee.

    Attributes:
        comparison: the figures of both.
    """

    def __init__(self, comparison: SetComparison) -> None:
        super().__init__(
            "the new model is not written, since it is worse than the old one:\n"
            f"{list_some(comparison.faults)}\n"
            "look at the pairs again, or write it all the same with --accept-regression"
        )
        self.comparison = comparison


def retrain(
    paths: Sequence[Path],
    base: Path | None,
    settings: RetrainSettings | None = None,
    say: Callable[[str], None] = print,
) -> Retrained:
    """Retrain a model on labelled pairs; nothing is written, see `write_retrained`.

    Args:
        paths: files of pairs, see `detector.training.corpora.pairs_files.read_pairs`.
        base: the model folder to start from; the shipped one unless told.
        settings: see `RetrainSettings`.
        say: receives the validation report, the comparison and progress.

    Raises:
        PairsError: the pairs cannot be used.
        WorseModelError: the new model is worse, and that was not accepted.
        DetectorError: the base cannot be used, or something that was asked for is not installed.
    """
    settings = settings or RetrainSettings()
    check_settings(settings)
    old = BaseModel.open(base, settings)
    user = prepare_documents(paths, settings, say)
    features = measure_documents(user.frame, old, settings, say)
    fit = _fit(old, user, features, settings, say)
    sets = score_sets(old, features, fit, settings.depth)
    comparison = _check_regression(old, fit, sets, settings, say)
    return describe_retraining(paths, settings, old, user, features, fit, sets, comparison)


def _fit(
    base: BaseModel,
    user: UserDocuments,
    features: UserFeatures,
    settings: RetrainSettings,
    say: Callable[[str], None],
) -> UserFit:
    """Fit, and say what was learnt and which rows' labels it contradicts most."""
    held_out = features.new.frame["held_out"].astype(bool).to_numpy()
    fitted_on = features.new.select(~held_out)
    fit = fit_on_user(base, fitted_on, settings.depth)
    if fit.adapted.figures is not None:
        say(_describe_adapter(fit.adapted.figures))
    known = len(user.report.findings)
    note_contradicted(find_contradicted(fitted_on.frame, fit.of_user), user.report)
    for finding in user.report.findings[known:]:
        say(str(finding))
    return fit


def _describe_adapter(figures: Mapping[str, Any]) -> str:
    return (
        f"learnt your machine from {figures['articles']:,} articles, {figures['words']:,} words: "
        f"out of fold, {figures['found without it']:.0%} of its copies are found without that and "
        f"{figures['found with it']:.0%} with it"
    )


def _check_regression(
    base: BaseModel,
    fit: UserFit,
    sets: list[ScoredSet],
    settings: RetrainSettings,
    say: Callable[[str], None],
) -> SetComparison:
    """Compare, say the outcome, and refuse a worse model unless that is accepted."""
    # New scales weigh the two answers anew, so they may move the order of documents, too.
    priced = ("true_positive_rate", "auroc") if settings.depth == THRESHOLDS else ()
    comparison = compare_sets(sets, base.classifier, fit.fitted.classifier, priced)
    if settings.depth == ENCODER:
        comparison.faults.append(
            "the features that the old model keeps were measured by its own encoder and cannot be "
            "read by another: what the new model forgot is not known"
        )
    say(str(comparison))
    if comparison.faults and not settings.accept_regression:
        raise WorseModelError(comparison)
    if comparison.faults:
        say("worse than its base, and accepted:\n" + list_some(comparison.faults))
    return comparison
