"""Retrain a model on a user's labelled pairs: validate, augment, fit, compare, and only then write.

Three depths: ``thresholds`` (calibration and thresholds for a new outlet, from human articles),
``classifier`` (an alarm for the user's machine beside the base's classifier or, where that does not
do, a new classifier on the base's evidence and the new), ``encoder`` (the encoder tuned anew on the
pairs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.bundle import MANIFEST, Bundle, write_bundle
from detector.classifier import DocumentClassifier
from detector.detector import LOG_ODDS_FILE
from detector.errors import DetectorError
from detector.evidence import LEARNT_FILE, EvidenceGatherer, SentenceScorer
from detector.training.augmentation import Maker, augment_documents, list_makers
from detector.training.fit import (
    ARTICLES_OF_A_FULL_GROUP,
    FittedClassifier,
    GatheredDocuments,
    fit_classifier,
    gather_documents,
    refit_thresholds,
)
from detector.training.fit_alarm import TaughtClassifier, refit_promises, teach_machine
from detector.training.gate import (
    RATE,
    Comparison,
    ScoredSet,
    compare_sets,
    describe_scores,
    list_some,
    score_directly,
)
from detector.training.kept_evidence import (
    classifier_parts,
    fill_columns,
    join_evidence,
    load_evidence,
    pack_evidence,
    round_evidence,
    unpack_evidence,
)
from detector.training.metrics import FEWEST_ARTICLES as FEWEST_TO_MEASURE
from detector.training.metrics import measure_documents
from detector.training.model_card import format_card, make_card
from detector.training.pairs import checksum_file
from detector.training.pairs_files import PairsError, read_pairs
from detector.training.user_documents import make_documents
from detector.training.validation import (
    ValidationReport,
    check_numbers,
    count_documents,
    find_contradicted,
    note_contradicted,
    validate_documents,
    validate_pairs,
)
from detector.verdict import ORIGINAL

__all__ = [
    "DEPTHS",
    "PairsError",
    "RetrainSettings",
    "WorseModelError",
    "classifier_parts",
    "pack_evidence",
    "retrain",
    "summarize_fit",
    "unpack_evidence",
]

THRESHOLDS, CLASSIFIER, ENCODER = "thresholds", "classifier", "encoder"
DEPTHS = (THRESHOLDS, CLASSIFIER, ENCODER)
PROJECT_SET = "the evidence of the old model, out of fold"
HELD_OUT_SET = "your held-out articles"
USER_SET = "your articles, out of fold"
#: Of the thresholds' depth: the scorer has not seen them, but the thresholds were chosen on them.
HUMAN_SET = "your articles, on which the thresholds rest"
_WEIGHTS_LICENCE = "Apache-2.0"
_KEPT_PARTS = ("encoder", "evidence.safetensors", "common_words.json", "idiom.safetensors")
#: Kept where the base holds them and the encoder that they were fitted on stays.
_KEPT_WITH_ENCODER = ("comparison.safetensors", "artifacts.safetensors", "suggestions.json")
_ROW_COLUMNS = ["file", "row"]


class WorseModelError(DetectorError):
    """The new model is worse than the old one beyond noise, or breaks its promise.

    Attributes:
        comparison: the figures of both.
    """

    def __init__(self, comparison: Comparison) -> None:
        super().__init__(
            "the new model is not written, since it is worse than the old one:\n"
            f"{list_some(comparison.faults)}\n"
            "look at the pairs again, or write it all the same with --accept-regression"
        )
        self.comparison = comparison


@dataclass(frozen=True)
class RetrainSettings:
    """How to retrain.

    Attributes:
        depth: one of `DEPTHS`.
        augment: ways to make more versions, see `detector.training.augmentation.list_makers`.
        round_trips: languages to send originals through with `translators`.
        translators: model folders or hub names, see `list_makers`.
        accept_regression: write the model even if it is worse.
        seed: of spinners and encoder tuning; recorded.
        encoder_base: for the depth ``encoder``: what to start from.
        work: for the depth ``encoder``: where its checkpoint lies.
        resume: for the depth ``encoder``: go on from the checkpoint.
        data_licence: licence of the pairs, for the model card.
        command: what was called, for the model card.
    """

    depth: str = CLASSIFIER
    augment: tuple[str, ...] = ()
    round_trips: tuple[str, ...] = ()
    translators: tuple[str, ...] = ()
    accept_regression: bool = False
    seed: int = 20260101
    encoder_base: str | None = None
    work: Path = Path("build/retrained-encoder")
    resume: bool = False
    data_licence: str = ""
    command: str = ""


@dataclass
class _Run:
    """What one retraining has come to so far."""

    settings: RetrainSettings
    base: Bundle
    classifier: DocumentClassifier
    report: ValidationReport
    say: Callable[[str], None]
    made: dict[str, int] = field(default_factory=dict)
    not_installed: list[str] = field(default_factory=list)
    evidence: GatheredDocuments | None = None
    kept: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    parts: dict[str, Any] = field(default_factory=dict)
    tuned_on: int = 0


def retrain(
    paths: Sequence[Path],
    base: Path | None,
    output: Path,
    settings: RetrainSettings | None = None,
    say: Callable[[str], None] = print,
) -> Bundle:
    """Retrain a model on labelled pairs and write it, if it is no worse than its base.

    Args:
        paths: files of pairs, see `detector.training.pairs_files.read_pairs`.
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
    _check_settings(settings, output)
    bundle = Bundle.open(base)
    run = _Run(
        settings,
        bundle,
        DocumentClassifier.from_arrays(bundle.read_arrays("classifier.safetensors")),
        ValidationReport(),
        say,
    )
    makers, run.not_installed = list_makers(
        settings.augment, settings.seed, settings.round_trips, settings.translators
    )
    documents = _prepare_documents(run, paths, makers)
    if settings.depth == ENCODER:
        gatherer, documents = _tune(run, documents)
    else:
        gatherer = EvidenceGatherer.from_bundle(bundle)
    is_new = settings.depth == ENCODER
    gathered = gather_documents(documents, gatherer, keep_embeddings=is_new)
    if gathered.frame.empty:
        raise PairsError("no document holds a whole sentence; give texts, not words")
    if is_new:
        gathered = _fit_discriminant(run, gathered)
    gathered = round_evidence(gathered)
    before = gathered
    if settings.depth == ENCODER:
        before = gather_documents(documents, EvidenceGatherer.from_bundle(bundle))
    fit, sets = _fit(run, gathered, before)
    comparison = _judge(run, fit, sets)
    written = _write(run, output, paths, fit, sets, comparison)
    _draw(run, output, sets, fit.fitted.classifier)
    return written


# --------------------------------------------------------------------------------------
# Before the fit
# --------------------------------------------------------------------------------------


def _check_settings(settings: RetrainSettings, output: Path) -> None:
    if settings.depth not in DEPTHS:
        raise DetectorError(f"no depth is called {settings.depth!r}: {', '.join(DEPTHS)}")
    if settings.depth == ENCODER and not settings.encoder_base:
        raise DetectorError(
            "--depth encoder needs --encoder-base, a sentence-transformers model to start from "
            "(a folder, or a name where a hub can be reached): a model folder of this package "
            "holds its encoder as int8 ONNX, which can be run but not trained"
        )
    if output.exists() and not output.is_dir():
        raise DetectorError(f"{output}: not a folder; name another place for the model")
    if output.is_dir() and any(output.iterdir()) and not (output / MANIFEST).is_file():
        raise DetectorError(f"{output}: holds something other than a model; it is left as it is")


def _prepare_documents(run: _Run, paths: Sequence[Path], makers: Sequence[Maker]) -> pd.DataFrame:
    """Read, validate and augment; says the report, and stops at anything fatal."""
    pairs, run.report = validate_pairs(read_pairs(paths))
    run.report.stop_if_fatal()
    documents = validate_documents(make_documents(pairs), run.report)
    run.report.stop_if_fatal()
    if makers:
        documents, run.made = augment_documents(documents, makers)
    count_documents(documents, run.report)
    learnt = documents[~documents["held_out"].astype(bool)]
    check_numbers(learnt, run.report, run.settings.depth == THRESHOLDS)
    run.say(str(run.report))
    for name, count in run.made.items():
        run.say(f"augmented by {name}: {count:,} documents")
    for name in run.not_installed:
        run.say(f"not used, since it is not installed: {name}")
    run.report.stop_if_fatal()
    return documents


def _tune(run: _Run, documents: pd.DataFrame) -> tuple[EvidenceGatherer, pd.DataFrame]:
    """Tune the encoder on a third of the articles; the documents of the others are left."""
    from detector.training.encoder_depth import is_for_tuning, tune_encoder

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
        EvidenceGatherer.from_bundle(run.base),
        settings.encoder_base,
        settings.work,
        settings.seed,
        settings.resume,
        run.say,
    )
    run.tuned_on = tuned.pairs
    evidence = run.base.read_arrays("evidence.safetensors")
    run.parts = {"encoder": tuned.folder, "evidence.safetensors": evidence | tuned.gatherer.heads}
    return tuned.gatherer, rest


def _fit_discriminant(run: _Run, gathered: GatheredDocuments) -> GatheredDocuments:
    """Fit the discriminant of a new encoder, and fill its columns in."""
    from detector.training.discriminant import cross_fit_discriminant, fill_discriminants

    held_out = gathered.frame["held_out"].astype(bool).to_numpy()
    scorer, learnt = cross_fit_discriminant(gathered.select(~held_out))
    matrices = fill_discriminants(gathered, scorer).matrices
    for row, matrix in zip(np.flatnonzero(~held_out), learnt.matrices, strict=True):
        matrices[row] = matrix
    run.parts["evidence.safetensors"] |= scorer.to_arrays("discriminant")
    return replace(gathered, matrices=matrices)


# --------------------------------------------------------------------------------------
# The fit, and what is compared
# --------------------------------------------------------------------------------------


def _fit(
    run: _Run, gathered: GatheredDocuments, before: GatheredDocuments
) -> tuple[_Fit, list[ScoredSet]]:
    """The new classifier, and documents judged by both models.

    Args:
        run: the retraining.
        gathered: the user's documents as the new model's encoder reads them.
        before: the same documents as the old one's reads them.
    """
    held_out = gathered.frame["held_out"].astype(bool).to_numpy()
    learnt = gathered.select(~held_out)
    fits: Mapping[str, Callable[[_Run, GatheredDocuments], _Fit]] = {
        THRESHOLDS: _fit_thresholds,
        CLASSIFIER: _fit_classifier,
        ENCODER: _fit_on_user_alone,
    }
    fit = fits[run.settings.depth](run, learnt)
    if fit.taught.figures is not None:
        run.say(_describe_taught(fit.taught.figures))
    _find_label_noise(run, learnt, fit)
    return fit, [_score_user_set(run, fit, gathered, before), *fit.project]


@dataclass(frozen=True)
class _Fit:
    """A fit, with the user's documents as it scored them out of fold."""

    taught: TaughtClassifier
    joined: GatheredDocuments
    of_user: npt.NDArray[np.float64]
    project: list[ScoredSet]

    @property
    def fitted(self) -> FittedClassifier:
        return self.taught.fitted


def _mark(documents: GatheredDocuments, fitted: bool, promised: bool) -> GatheredDocuments:
    """The user's documents as they are kept in a model: without file and row."""
    human = documents.frame["label"] == ORIGINAL
    frame = documents.frame.drop(columns=_ROW_COLUMNS).assign(
        added=True, fitted=fitted, promised=human & promised
    )
    return replace(documents.learn(None), frame=frame)


def _fit_thresholds(run: _Run, learnt: GatheredDocuments) -> _Fit:
    human = (learnt.frame["label"] == ORIGINAL).to_numpy()
    new = _mark(learnt.select(human), fitted=False, promised=True)
    old, joined = _join(run, new)
    taught = refit_promises(joined, run.classifier)
    if taught.learnt is not None:
        run.parts[LEARNT_FILE] = taught.learnt.to_arrays()
    seen = learnt.learn(taught.learnt)
    scores, _ = taught.fitted.classifier.score(seen.summaries, seen.words)
    return _Fit(taught, joined, scores, [_score_project_set(run, old, taught.fitted)])


def _fit_classifier(run: _Run, learnt: GatheredDocuments) -> _Fit:
    """The base's scorer with an alarm for the user's machine; a new scorer where that does not do.

    Few pairs move the scorer, and with it what it finds of everything else, more than they teach
    it; enough of them are learnt from by both.
    """
    old, joined = _join(run, _mark(learnt, fitted=False, promised=False))
    machine = (joined.frame["label"] != ORIGINAL).to_numpy()
    taught = machine & joined.frame["added"].to_numpy(dtype=bool)
    joined = replace(joined, frame=joined.frame.assign(taught=taught))
    if joined.frame["article_id"][taught].nunique() < ARTICLES_OF_A_FULL_GROUP:
        kept = refit_thresholds(joined, replace(run.classifier, alarm=None))
        fit = teach_machine(joined, kept)
        if fit.learnt is not None:
            return _finish_classifier(run, old, joined, fit)
    joined = replace(joined, frame=joined.frame.assign(fitted=True))
    return _finish_classifier(run, old, joined, teach_machine(joined, fit_classifier(joined)))


def _finish_classifier(
    run: _Run, old: GatheredDocuments, joined: GatheredDocuments, taught: TaughtClassifier
) -> _Fit:
    if taught.learnt is not None:
        run.parts[LEARNT_FILE] = taught.learnt.to_arrays()
    of_user = taught.fitted.out_of_fold[len(old.frame) :]
    return _Fit(taught, joined, of_user, [_score_project_set(run, old, taught.fitted)])


def _fit_on_user_alone(run: _Run, learnt: GatheredDocuments) -> _Fit:
    joined = fill_columns(_mark(learnt, fitted=True, promised=False))
    fitted = fit_classifier(joined)
    return _Fit(TaughtClassifier(fitted), joined, fitted.out_of_fold, [])


def _join(run: _Run, new: GatheredDocuments) -> tuple[GatheredDocuments, GatheredDocuments]:
    """What is kept of the base's evidence, and that with the new."""
    run.evidence = load_evidence(run.base)
    # The base's scorer has seen these articles: they must not be scored as if it had not.
    frame = run.evidence.frame
    seen = new.frame["article_id"].isin(set(frame["article_id"][frame["fitted"].astype(bool)]))
    new = replace(new, frame=new.frame.assign(fitted=new.frame["fitted"].astype(bool) | seen))
    joined, run.kept = join_evidence(run.evidence, new)
    old = np.arange(len(joined.frame)) < run.kept.sum()
    return joined.select(old), joined


def _describe_taught(figures: Mapping[str, Any]) -> str:
    return (
        f"learnt your machine from {figures['articles']:,} articles, {figures['words']:,} words: "
        f"out of fold, {figures['found without it']:.0%} of its copies are found without that and "
        f"{figures['found with it']:.0%} with it"
    )


def _score_project_set(run: _Run, old: GatheredDocuments, fitted: FittedClassifier) -> ScoredSet:
    """Both models on the base's evidence, either out of fold, in the same folds."""
    assert run.evidence is not None
    before = refit_promises(run.evidence, run.classifier).fitted.out_of_fold[run.kept]
    after = fitted.out_of_fold[: len(old.frame)]
    return ScoredSet.of(
        PROJECT_SET,
        old.frame,
        describe_scores(run.classifier, before, old.words),
        describe_scores(fitted.classifier, after, old.words),
    )


def _score_user_set(
    run: _Run, fit: _Fit, gathered: GatheredDocuments, before: GatheredDocuments
) -> ScoredSet:
    """Both models on the user's documents: held out ones if there are enough, else out of fold."""
    held_out = gathered.frame["held_out"].astype(bool).to_numpy()
    new = fit.fitted.classifier
    if gathered.frame["article_id"][held_out].nunique() >= FEWEST_TO_MEASURE:
        name, chosen = HELD_OUT_SET, held_out
        scores = score_directly(new, gathered.select(chosen).learn(fit.taught.learnt))
    else:
        name = HUMAN_SET if run.settings.depth == THRESHOLDS else USER_SET
        chosen = ~held_out
        scores = describe_scores(new, fit.of_user, gathered.select(chosen).words)
    old_scores = score_directly(run.classifier, before.select(chosen))
    return ScoredSet.of(name, gathered.select(chosen).frame, old_scores, scores, of_user=True)


def _find_label_noise(run: _Run, learnt: GatheredDocuments, fit: _Fit) -> None:
    """Say which rows' labels the new model contradicts most."""
    known = len(run.report.findings)
    note_contradicted(find_contradicted(learnt.frame, fit.of_user), run.report)
    for finding in run.report.findings[known:]:
        run.say(str(finding))


def _judge(run: _Run, fit: _Fit, sets: list[ScoredSet]) -> Comparison:
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


# --------------------------------------------------------------------------------------
# Writing
# --------------------------------------------------------------------------------------


def _write(
    run: _Run,
    output: Path,
    paths: Sequence[Path],
    fit: _Fit,
    sets: list[ScoredSet],
    comparison: Comparison,
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
            held = LOG_ODDS_FILE in run.base.manifest.files
            source = LOG_ODDS_FILE if held else "classifier.safetensors"
            kept[LOG_ODDS_FILE] = run.base.path(source)
    elif beside:
        run.say("the new encoder's model neither compares copies nor points at artifacts")
    parts = (
        kept
        | run.parts
        | classifier_parts(fit.fitted.classifier, _choose_scorer(run, fit), fit.joined)
    )
    parts |= {"model_card.md": format_card(*described).encode(), "model_card.json": card}
    try:
        return write_bundle(
            output,
            parts,
            name=output.name,
            seed=run.settings.seed,
            corpora=corpora,
            thresholds=thresholds,
            figures=figures,
            licence=licence,
            provenance=provenance,
        )
    except OSError as error:
        raise DetectorError(
            f"{output}: the model could not be written ({error}); what was there is as it was"
        ) from error


def _draw(run: _Run, output: Path, sets: list[ScoredSet], classifier: DocumentClassifier) -> None:
    """The pictures of the new model, in a folder beside it: a model holds no pictures."""
    from detector.training.plots import plot_evaluation

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


def _choose_scorer(run: _Run, fit: _Fit) -> SentenceScorer:
    """The base's scorer of sentences, or a new one where sentences are read by another encoder."""
    if run.settings.depth != ENCODER:
        return SentenceScorer.from_arrays(run.base.read_arrays("classifier.safetensors"))
    from detector.training.recipe import fit_sentence_scorer

    return fit_sentence_scorer(fit.joined)


def _describe_files(run: _Run, paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
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


def _describe_run(run: _Run, fit: _Fit, comparison: Comparison) -> dict[str, Any]:
    return {
        "depth": run.settings.depth,
        "base": run.base.identifier,
        "command": run.settings.command,
        "seed": run.settings.seed,
        "validation": run.report.to_dict(),
        "augmented": run.made,
        "documents of the base replaced": int((~run.kept).sum()),
        "sentence pairs of the encoder": run.tuned_on,
        "a machine of its own": fit.taught.figures,
        "comparison": comparison.to_dict(),
        "regression accepted": bool(comparison.faults),
    }


def _measure(scored: ScoredSet) -> dict[str, Any]:
    columns = scored.new.columns
    return measure_documents(scored.documents.assign(**{c: scored.new[c] for c in columns}))


def summarize_fit(fitted: FittedClassifier, documents: GatheredDocuments) -> dict[str, Any]:
    """Out-of-fold AUROC of each group of machine documents against all human ones."""
    from sklearn.metrics import roc_auc_score

    frame, scores = documents.frame, fitted.out_of_fold
    human = (frame["label"] == ORIGINAL).to_numpy()
    result: dict[str, Any] = {}
    for (group, label), rows in frame[~human].groupby(["group", "label"]):
        chosen = np.concatenate([scores[human], scores[rows.index.to_numpy()]])
        positive = np.concatenate([np.zeros(human.sum()), np.ones(len(rows))])
        result[f"{group}, {label}"] = {
            "documents": len(rows),
            "auroc": round(float(roc_auc_score(positive, chosen)), 4),
        }
    return result
