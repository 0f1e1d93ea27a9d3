"""A retrained model that is not written yet: its parts, its figures, and what its card says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.model.manifest import compute_checksum
from detector.model.sentence_scorer import SentenceScorer
from detector.training.corpora.findings import ValidationReport
from detector.training.corpora.pairs_files import drop_repeated
from detector.training.evaluation.metrics import measure_documents
from detector.training.evaluation.regression_check import ScoredSet, SetComparison
from detector.training.fitting.classifier import summarize_fit
from detector.training.fitting.feature_table import FeatureTable
from detector.training.retraining.fitting import UserFit
from detector.training.retraining.replay_data import pack_classifier
from detector.training.retraining.settings import ENCODER, RetrainSettings
from detector.training.retraining.user_features import BaseModel, UserDocuments, UserFeatures

_WEIGHTS_LICENCE = "Apache-2.0"

_KEPT_PARTS = (parts.ENCODER, parts.FEATURES, parts.COMMON_WORDS, parts.NGRAM_LANGUAGE_MODEL)

#: Kept where the base holds them and the encoder that they were fitted on stays.
_KEPT_WITH_ENCODER = (parts.COMPARISON, parts.SPANS, parts.SUGGESTIONS)


@dataclass(frozen=True)
class Retrained:
    """What a retraining came to; `detector.training.retraining.writing` writes it.

    Attributes:
        parts: of the model folder, but for the card: path → content.
        replay: documents with features, for the next retraining.
        classifier: the new document classifier.
        sets: documents scored by both models.
        seed, corpora, thresholds, figures, licence, provenance: see
            `detector.model.manifest.Manifest`.
        notes: what the user should be told.
    """

    parts: dict[str, Any]
    replay: FeatureTable
    classifier: DocumentClassifier
    sets: list[ScoredSet]
    seed: int
    corpora: dict[str, Any]
    thresholds: dict[str, Any]
    figures: dict[str, Any]
    licence: str
    provenance: str
    notes: tuple[str, ...] = ()


def describe_retraining(
    paths: Sequence[Path],
    settings: RetrainSettings,
    base: BaseModel,
    user: UserDocuments,
    features: UserFeatures,
    fit: UserFit,
    sets: list[ScoredSet],
    comparison: SetComparison,
) -> Retrained:
    """Put together what a retraining came to."""
    paths = drop_repeated(paths)
    manifest = base.bundle.manifest
    is_tuned = settings.depth == ENCODER
    beside = [name for name in _KEPT_WITH_ENCODER if name in manifest.files]
    run = {
        "depth": settings.depth,
        "base": base.bundle.identifier,
        "command": settings.command,
        "seed": settings.seed,
        "validation": user.report.to_dict(),
        "augmented": user.augmented,
        "documents of the base replaced": int((~fit.kept).sum()),
        "sentence pairs of the encoder": features.sentence_pairs,
        "a machine of its own": fit.adapted.figures,
        "comparison": comparison.to_dict(),
        "regression accepted": bool(comparison.faults),
    }
    figures = {
        "retraining": run,
        "your documents": {"set": sets[0].name} | _measure(sets[0]),
        "out of fold": summarize_fit(fit.fitted, fit.joined),
    }
    files = ", ".join(path.name for path in paths)
    return Retrained(
        parts=_list_kept_parts(base.bundle, [] if is_tuned else beside)
        | features.parts
        | _list_fitted_parts(base.bundle, fit, is_tuned),
        replay=fit.joined,
        classifier=fit.fitted.classifier,
        sets=sets,
        seed=settings.seed,
        corpora=({} if is_tuned else dict(manifest.corpora))
        | _describe_files(paths, user.report, settings.data_licence),
        thresholds={str(row["false_positive_rate"]): row for row in fit.fitted.threshold_table},
        figures=figures,
        licence=manifest.licence or _WEIGHTS_LICENCE,
        provenance=f"{settings.depth} refitted on {files}, on top of {base.bundle.identifier}. "
        f"{manifest.provenance}",
        notes=("the new encoder's model neither compares copies nor points at artifacts",)
        if is_tuned and beside
        else (),
    )


def _list_kept_parts(base: Bundle, beside: Sequence[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {name: base.path(name) for name in (*_KEPT_PARTS, *beside)}
    if beside:
        # What compares and points was fitted on the scores of the classifier of its time.
        held = parts.LOG_ODDS in base.manifest.files
        kept[parts.LOG_ODDS] = base.path(parts.LOG_ODDS if held else parts.CLASSIFIER)
    return kept


def _list_fitted_parts(base: Bundle, fit: UserFit, is_tuned: bool) -> dict[str, Any]:
    """The classifier, with a new scorer of sentences where another encoder reads them."""
    if is_tuned:
        from detector.training.fitting.sentence_models import fit_sentence_scorer

        scorer = fit_sentence_scorer(fit.joined)
    else:
        scorer = SentenceScorer.from_arrays(base.read_arrays(parts.CLASSIFIER))
    fitted: dict[str, Any] = {parts.CLASSIFIER: pack_classifier(fit.fitted.classifier, scorer)}
    if fit.adapted.fingerprint is not None:
        fitted[parts.FINGERPRINT] = fit.adapted.fingerprint.to_arrays()
    return fitted


def _describe_files(
    paths: Sequence[Path], report: ValidationReport, licence: str
) -> dict[str, dict[str, Any]]:
    """SHA-256, rows and licence of each file; files of one name are numbered."""
    described: dict[str, dict[str, Any]] = {}
    for path in paths:
        name, number = path.name, 2
        while name in described:
            name, number = f"{path.name} ({number})", number + 1
        described[name] = {
            "sha256": compute_checksum(path),
            "rows": report.rows_of_files[str(path)],
            "licence": licence or "not stated",
        }
    return described


def _measure(scored: ScoredSet) -> dict[str, Any]:
    columns = scored.new.columns
    return measure_documents(scored.documents.assign(**{c: scored.new[c] for c in columns}))
