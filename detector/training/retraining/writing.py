"""Write the retrained model folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from detector.errors import DetectorError
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.bundle_writing import NewBundle, write_bundles
from detector.model.document_classifier import DocumentClassifier
from detector.model.sentence_scorer import SentenceScorer
from detector.training.corpora.splits import checksum_file
from detector.training.evaluation.metrics import measure_documents
from detector.training.evaluation.model_card import format_card, make_card
from detector.training.evaluation.regression_check import RATE, ScoredSet, SetComparison
from detector.training.fitting.classifier import summarize_fit
from detector.training.retraining.fitting import Fit
from detector.training.retraining.replay_data import draft_replay_data, pack_classifier
from detector.training.retraining.settings import ENCODER, Run

_WEIGHTS_LICENCE = "Apache-2.0"

_KEPT_PARTS = (parts.ENCODER, parts.FEATURES, parts.COMMON_WORDS, parts.NGRAM_LANGUAGE_MODEL)

#: Kept where the base holds them and the encoder that they were fitted on stays.
_KEPT_WITH_ENCODER = (parts.COMPARISON, parts.SPANS, parts.SUGGESTIONS)


def write_run(
    run: Run,
    output: Path,
    paths: Sequence[Path],
    fit: Fit,
    sets: list[ScoredSet],
    comparison: SetComparison,
) -> Bundle:
    thresholds = {str(row["false_positive_rate"]): row for row in fit.fitted.threshold_table}
    corpora = dict(run.base.manifest.corpora) if run.settings.depth != ENCODER else {}
    corpora |= _describe_files(run, paths)
    figures = {
        "retraining": _describe_run(run, fit, comparison),
        "your documents": {"set": sets[0].name} | _measure(sets[0]),
        "out of fold": summarize_fit(fit.fitted, fit.joined),
    }
    provenance = (
        f"{run.settings.depth} refitted on {', '.join(p.name for p in paths)}, on top of "
        f"{run.base.identifier}. {run.base.manifest.provenance}"
    )
    licence = run.base.manifest.licence or _WEIGHTS_LICENCE
    described = (output.name, corpora, thresholds, figures, licence, provenance)
    card = make_card(*described, seed=run.settings.seed)
    kept = {name: run.base.path(name) for name in _KEPT_PARTS}
    beside = [name for name in _KEPT_WITH_ENCODER if name in run.base.manifest.files]
    if run.settings.depth != ENCODER:
        kept |= {name: run.base.path(name) for name in beside}
        if beside:
            held = parts.LOG_ODDS in run.base.manifest.files
            source = parts.LOG_ODDS if held else parts.CLASSIFIER
            kept[parts.LOG_ODDS] = run.base.path(source)
    elif beside:
        run.say("the new encoder's model neither compares copies nor points at artifacts")
    fitted = {
        parts.CLASSIFIER: pack_classifier(fit.fitted.classifier, _choose_scorer(run, fit)),
        parts.MODEL_CARD: format_card(*described).encode(),
        parts.MODEL_CARD_FIGURES: card,
    }
    model = NewBundle(
        output,
        kept | run.parts | fitted,
        name=output.name,
        seed=run.settings.seed,
        corpora=corpora,
        thresholds=thresholds,
        figures=figures,
        licence=licence,
        provenance=provenance,
    )
    try:
        return write_bundles([model, draft_replay_data(model, fit.joined)])[0]
    except OSError as error:
        raise DetectorError(
            f"{output}: the model could not be written ({error}); what was there is as it was"
        ) from error


def draw_run(run: Run, output: Path, sets: list[ScoredSet], classifier: DocumentClassifier) -> None:
    """The pictures of the new model, in a folder beside it: a model holds no pictures."""
    from detector.training.evaluation.plots import plot_evaluation

    folder = output.with_name(f"{output.name}-plots")
    scored = pd.concat([s.documents.join(s.new) for s in sets], ignore_index=True)
    flagged_at = {
        rate: (scored["score"] >= at).to_numpy() for rate, at in classifier.thresholds.items()
    }
    above = scored.assign(score=scored["score"] - classifier.thresholds.get(RATE, 0.0))
    try:
        paths = plot_evaluation(above, flagged_at, folder)
    except DetectorError as error:
        run.say(f"no plots: {error}")
        return
    run.say(f"{len(paths)} plots in {folder}")


def _choose_scorer(run: Run, fit: Fit) -> SentenceScorer:
    """The base's scorer of sentences, or a new one where sentences are read by another encoder."""
    if run.settings.depth != ENCODER:
        return SentenceScorer.from_arrays(run.base.read_arrays(parts.CLASSIFIER))
    from detector.training.fitting.sentence_models import fit_sentence_scorer

    return fit_sentence_scorer(fit.joined)


def _describe_files(run: Run, paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """SHA-256, rows and licence of each file; files of one name are numbered."""
    described: dict[str, dict[str, Any]] = {}
    for path in paths:
        name, number = path.name, 2
        while name in described:
            name, number = f"{path.name} ({number})", number + 1
        described[name] = {
            "sha256": checksum_file(path),
            "rows": run.report.rows_of_files[str(path)],
            "licence": run.settings.data_licence or "not stated",
        }
    return described


def _describe_run(run: Run, fit: Fit, comparison: SetComparison) -> dict[str, Any]:
    return {
        "depth": run.settings.depth,
        "base": run.base.identifier,
        "command": run.settings.command,
        "seed": run.settings.seed,
        "validation": run.report.to_dict(),
        "augmented": run.made,
        "documents of the base replaced": int((~run.kept).sum()),
        "sentence pairs of the encoder": run.tuned_on,
        "a machine of its own": fit.adapted.figures,
        "comparison": comparison.to_dict(),
        "regression accepted": bool(comparison.faults),
    }


def _measure(scored: ScoredSet) -> dict[str, Any]:
    columns = scored.new.columns
    return measure_documents(scored.documents.assign(**{c: scored.new[c] for c in columns}))
