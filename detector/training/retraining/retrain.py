"""Retrain a model on a user's labelled pairs: validate, augment, fit, compare, and only then write.

Three depths: ``thresholds`` (calibration and thresholds for a new outlet, from human articles),
``classifier`` (an alarm for the user's machine beside the base's classifier or, where that does not
do, a new classifier on the base's evidence and the new), ``encoder`` (the encoder tuned anew on the
pairs).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from detector.features.extractor import FeatureExtractor
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.training.corpora.findings import ValidationReport
from detector.training.corpora.pairs_files import PairsError, read_pairs
from detector.training.corpora.user_documents import make_documents
from detector.training.corpora.validation import (
    check_numbers,
    count_documents,
    validate_documents,
    validate_pairs,
)
from detector.training.evaluation.regression_check import (
    ScoredSet,
    SetComparison,
    compare_sets,
    list_some,
)
from detector.training.fitting.classifier import summarize_fit
from detector.training.fitting.feature_table import FeatureTable, extract_features
from detector.training.generation.augmentation import Maker, augment_documents, list_makers
from detector.training.retraining.fitting import Fit, fit_run
from detector.training.retraining.replay_data import open_replay_data, round_replay_data
from detector.training.retraining.settings import (
    DEPTHS,
    ENCODER,
    THRESHOLDS,
    RetrainSettings,
    Run,
    WorseModelError,
    check_settings,
)
from detector.training.retraining.writing import draw_run, write_run

__all__ = [
    "DEPTHS",
    "PairsError",
    "RetrainSettings",
    "WorseModelError",
    "retrain",
    "summarize_fit",
]


def retrain(
    paths: Sequence[Path],
    base: Path | None,
    output: Path,
    settings: RetrainSettings | None = None,
    say: Callable[[str], None] = print,
) -> Bundle:
    """Retrain a model on labelled pairs and write it, if it is no worse than its base.

    Args:
        paths: files of pairs, see `detector.training.corpora.pairs_files.read_pairs`.
        base: the model folder to start from; the shipped one unless told.
        output: where the new model goes; a model that is there is replaced once all is well.
        settings: see `RetrainSettings`.
        say: receives the validation report, the comparison and progress.

    Raises:
        PairsError: the pairs cannot be used.
        WorseModelError: the new model is worse, and that was not accepted.
        DetectorError: the base cannot be used, something that was asked for is not installed, or
            the model cannot be written. Whatever is raised, `output` is as it was.
    """
    settings = settings or RetrainSettings()
    check_settings(settings, output)
    bundle = Bundle.open(base)
    if settings.depth != ENCODER:
        open_replay_data(bundle, settings.replay)  # a fault of it is told before any work
    run = Run(
        settings,
        bundle,
        DocumentClassifier.from_arrays(bundle.read_arrays(parts.CLASSIFIER)),
        ValidationReport(),
        say,
    )
    makers, run.not_installed = list_makers(
        settings.augment, settings.seed, settings.round_trips, settings.translators
    )
    documents = _prepare_documents(run, paths, makers)
    if settings.depth == ENCODER:
        extractor, documents = _tune(run, documents)
    else:
        extractor = FeatureExtractor.from_bundle(bundle)
    is_new = settings.depth == ENCODER
    gathered = extract_features(documents, extractor, keep_embeddings=is_new)
    if gathered.frame.empty:
        raise PairsError("no document holds a whole sentence; give texts, not words")
    if is_new:
        gathered = _fit_discriminant(run, gathered)
    gathered = round_replay_data(gathered)
    before = gathered
    if settings.depth == ENCODER:
        before = extract_features(documents, FeatureExtractor.from_bundle(bundle))
    fit, sets = fit_run(run, gathered, before)
    comparison = _judge(run, fit, sets)
    written = write_run(run, output, paths, fit, sets, comparison)
    draw_run(run, output, sets, fit.fitted.classifier)
    return written


def _prepare_documents(run: Run, paths: Sequence[Path], makers: Sequence[Maker]) -> pd.DataFrame:
    """Read, validate and augment; says the report, and stops at anything fatal."""
    pairs, run.report = validate_pairs(read_pairs(paths))
    run.report.stop_if_fatal()
    documents = validate_documents(make_documents(pairs), run.report)
    run.report.stop_if_fatal()
    if makers:
        documents, run.made = augment_documents(documents, makers)
    count_documents(documents, run.report)
    fingerprint = documents[~documents["held_out"].astype(bool)]
    check_numbers(fingerprint, run.report, run.settings.depth == THRESHOLDS)
    run.say(str(run.report))
    for name, count in run.made.items():
        run.say(f"augmented by {name}: {count:,} documents")
    for name in run.not_installed:
        run.say(f"not used, since it is not installed: {name}")
    run.report.stop_if_fatal()
    return documents


def _tune(run: Run, documents: pd.DataFrame) -> tuple[FeatureExtractor, pd.DataFrame]:
    """Tune the encoder on a third of the articles; the documents of the others are left."""
    from detector.training.retraining.encoder import is_for_tuning, tune_encoder

    settings = run.settings
    assert settings.encoder_base is not None
    for_tuning = is_for_tuning(documents["article_id"]) & ~documents["held_out"].astype(bool)
    rest = documents[~for_tuning].reset_index(drop=True)
    if rest.loc[~rest["held_out"].astype(bool), "label"].nunique() < 2:
        raise PairsError(
            "too few articles are left for the classifier beside those that the encoder learns "
            "from; give more articles, or use --depth classifier"
        )
    tuned = tune_encoder(
        documents[for_tuning],
        FeatureExtractor.from_bundle(run.base),
        settings.encoder_base,
        settings.work,
        settings.seed,
        settings.resume,
        run.say,
    )
    run.tuned_on = tuned.pairs
    features = run.base.read_arrays(parts.FEATURES)
    run.parts = {parts.ENCODER: tuned.folder, parts.FEATURES: features | tuned.extractor.heads}
    return tuned.extractor, rest


def _fit_discriminant(run: Run, gathered: FeatureTable) -> FeatureTable:
    """Fit the discriminant of a new encoder, and fill its columns in."""
    from detector.training.fitting.discriminant import cross_fit_discriminant, fill_discriminants

    held_out = gathered.frame["held_out"].astype(bool).to_numpy()
    scorer, fingerprint = cross_fit_discriminant(gathered.select(~held_out))
    matrices = fill_discriminants(gathered, scorer).matrices
    for row, matrix in zip(np.flatnonzero(~held_out), fingerprint.matrices, strict=True):
        matrices[row] = matrix
    run.parts[parts.FEATURES] |= scorer.to_arrays("discriminant")
    return replace(gathered, matrices=matrices)


def _judge(run: Run, fit: Fit, sets: list[ScoredSet]) -> SetComparison:
    """Compare, say the outcome, and refuse a worse model unless that is accepted."""
    # New scales weigh the two answers anew, so they may move the order of documents, too.
    priced = ("true_positive_rate", "auroc") if run.settings.depth == THRESHOLDS else ()
    comparison = compare_sets(sets, run.classifier, fit.fitted.classifier, priced)
    if run.settings.depth == ENCODER:
        comparison.faults.append(
            "the evidence that the old model keeps was gathered by its encoder and cannot be read "
            "by another: what the new model forgot is not known"
        )
    run.say(str(comparison))
    if comparison.faults and not run.settings.accept_regression:
        raise WorseModelError(comparison)
    if comparison.faults:
        run.say("worse than its base, and accepted:\n" + list_some(comparison.faults))
    return comparison
