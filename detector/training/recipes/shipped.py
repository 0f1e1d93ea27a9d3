"""The recipe of the shipped model: its steps, from a folder of corpora to a model folder.

Each step is a function that reads files of the work folder and writes others; `list_steps` says
which. `detector train --corpora` runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet

from detector.errors import DetectorError
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.bundle_writing import NewBundle, write_bundles
from detector.model.manifest import compute_checksum
from detector.training.corpora.broad.documents import DOCUMENT_FILES, HUMAN_FILES
from detector.training.corpora.comparison_pairs import COMPARISON_PIVOTS
from detector.training.corpora.documents import HELD_OUT_SPINNERS
from detector.training.evaluation.model_card import format_card
from detector.training.recipes import comparison, documents, pairs, spans, work_files
from detector.training.recipes.broad import steps as broad
from detector.training.recipes.shipped_settings import (
    COMPARISON_SPINNERS,
    DEVELOPMENT_SPINNERS,
    ENCODERS,
    LICENCE,
    PERMISSIVE_LICENCE,
    PERMISSIVE_PROVENANCE,
    PROVENANCE,
    TRAINING_CORPORA,
    TUNING_SPINNERS,
    WORD_SPINNERS,
    ShippedSettings,
    describe_licence,
)
from detector.training.recipes.steps import Step, choose_steps, read_log, run_steps
from detector.training.recipes.work_files import SCORING_FILES
from detector.training.retraining.replay_data import draft_replay_data, locate_replay_data

# Code that decides what a step makes: the rooms that its functions come from.
_FILES_CODE = "training/recipes/work_files.py"
_PAIRS_CODE = (
    "text", "training/corpora", "training/generation", "training/recipes/pairs.py", _FILES_CODE,
)  # fmt: skip
_JOINT_CODE = (
    "features/encoder.py", "training/fitting/encoder/joint_graph.py",
    "training/recipes/broad/steps.py", _FILES_CODE,
)  # fmt: skip
_MIX_CODE = (*_PAIRS_CODE, "comparison", "training/recipes/broad")
_MODEL_CODE = ("text", "features", "model", "training/corpora", "training/fitting", _FILES_CODE)
_THRESHOLDS_CODE = ("choices.py", "training/evaluation/statistics.py")
_DOCUMENTS_CODE = (
    *_MODEL_CODE, *_THRESHOLDS_CODE, "reasons.py", "training/generation",
    "training/recipes/documents.py", "training/recipes/fold_models.py",
)  # fmt: skip
_COMPARISON_CODE = (
    *_MODEL_CODE, *_THRESHOLDS_CODE, "comparison", "detector.py", "measured_text.py",
    "training/generation", "training/recipes/comparison.py", "training/recipes/excerpts.py",
    "training/recipes/fold_models.py",
)  # fmt: skip
_SPANS_CODE = (*_COMPARISON_CODE, "spans", "training/recipes/spans.py")


def _name_lists(*spinners: Iterable[Sequence[str]]) -> frozenset[str]:
    return frozenset(name for some in spinners for names in some for name in names)


_TUNING_LISTS = _name_lists(TUNING_SPINNERS)

_COMPARISON_LISTS = _name_lists(COMPARISON_SPINNERS.values(), HELD_OUT_SPINNERS.values())

_LISTS_OF_STEPS = {
    "broad_mix": _TUNING_LISTS,
    "memory_pairs": _TUNING_LISTS,
    "development_documents": _name_lists(DEVELOPMENT_SPINNERS.values()),
    "evaluation_documents": _name_lists(HELD_OUT_SPINNERS.values()),
    "comparison_pairs": _COMPARISON_LISTS,
    "comparison_features": _COMPARISON_LISTS,
    "comparison": _name_lists([("wordnet",)]),
    "marked_texts": _name_lists(WORD_SPINNERS),
}

_PARALLEL = ("roundtrip_news", "roundtrip_flores_dev", "translated_news", "human_news")

_EXPERTS = "error_spans_zh_en"

_SENTENCE_FILES = (
    work_files.ENCODER, work_files.HEADS, work_files.COMMON_WORDS, work_files.SENTENCE_MODELS,
    work_files.LANGUAGE_MODEL,
)  # fmt: skip


def train_shipped_model(
    settings: ShippedSettings,
    work: Path,
    until: str | None = None,
    only: str | None = None,
    report: Callable[[str], None] = print,
) -> Bundle | None:
    """Make the shipped model, or the part of it that is asked for.

    Args:
        settings: what it is made of, and where it goes.
        work: the folder of the steps' files.
        until: see `run_steps`.
        only: see `run_steps`.
        report: receives a line of progress for each step.

    Returns:
        The model; None where its last step was not to be run.

    Raises:
        DetectorError: lists of synonyms are not installed, there is no tuned encoder, or a step
            cannot be run.
    """
    steps = list_steps(settings)
    chosen = choose_steps(steps, until, only)
    _check_lists(settings, [s.name for s in chosen if only is not None or not s.is_done(work)])
    _, heads = settings.name_tuned()
    needs_encoder = any(heads in step.inputs for step in chosen)
    is_tuned = settings.encoder_base is not None or (work / heads).is_file()
    if needs_encoder and not is_tuned:
        raise DetectorError(
            f"{work}: holds no tuned encoder ({heads} is missing); name its folder with --work, or "
            "tune one first with --encoder-base"
        )
    run_steps(steps, work, until, only, report=report)
    return Bundle.open(settings.output) if chosen[-1].name == "bundle" else None


def _check_lists(settings: ShippedSettings, names: Sequence[str]) -> None:
    """See that all lists of synonyms are installed that some steps take words from."""
    lists = sorted({name for step in names for name in _LISTS_OF_STEPS.get(step, ())})
    if lists:
        of_steps = {
            "memory_pairs": settings.apertium_pivots,
            "comparison_pairs": COMPARISON_PIVOTS.values(),
        }
        pivots = {pivot for step in names for pivot in of_steps.get(step, ())}
        settings.lists.check(lists, sorted(pivots))


def list_steps(settings: ShippedSettings) -> list[Step]:
    """The recipe; without an encoder to start from, the tuned one is taken from the work folder."""
    steps = [
        *_list_sentence_steps(settings),
        *_list_document_steps(settings),
        *_list_comparison_steps(settings),
        *_list_span_steps(settings),
    ]
    return [*steps, _make_bundle_step(settings, steps)]


def _list_sentence_steps(settings: ShippedSettings) -> list[Step]:
    encoder = (
        []
        if settings.encoder_base is None
        else [_make_encoder_step(settings, settings.encoder_base)]
    )
    return [
        _make_mix_step(settings),
        *encoder,
        *([] if settings.beside is None else [_make_joint_step(settings, settings.beside)]),
        Step(
            "sentence_models",
            (broad.MIX, work_files.COMMON_WORDS),
            (work_files.SENTENCE_MODELS, work_files.LANGUAGE_MODEL),
            broad.write_sentence_models,
            code=(*_MODEL_CODE, "training/recipes/broad"),
        ),
    ]


def _make_encoder_step(settings: ShippedSettings, encoder_base: str) -> Step:
    base = Path(encoder_base)
    inputs = (broad.MIX, work_files.COMMON_WORDS)
    return Step(
        "encoder",
        (*inputs, str(base.resolve())) if base.is_dir() else inputs,
        (*settings.name_tuned(), work_files.TUNING_LOG),
        partial(broad.write_encoder, settings),
        {
            "base": base.name if base.is_dir() else encoder_base,
            "layers": settings.amounts.layers,
            "single versions": settings.amounts.single_versions,
            "seed": settings.seed,
            "tuning": dict(settings.amounts.tuning),
        },
        broad.ENCODER_CODE,
    )


def _make_joint_step(settings: ShippedSettings, beside: Path) -> Step:
    return Step(
        "joint_encoder",
        (*settings.name_tuned(), str(beside.resolve())),
        (work_files.ENCODER, work_files.HEADS),
        partial(broad.write_joint_encoder, beside),
        code=_JOINT_CODE,
    )


def _make_mix_step(settings: ShippedSettings) -> Step:
    return Step(
        "broad_mix",
        (
            *_name_corpora(settings, *_PARALLEL, _EXPERTS, *DOCUMENT_FILES),
            *_find_lists(settings, "broad_mix"),
        ),
        (broad.MIX, work_files.COMMON_WORDS),
        partial(broad.write_mix, settings),
        {"seed": settings.seed, "mix": asdict(settings.mix), "spinners": TUNING_SPINNERS},
        _MIX_CODE,
    )


def _list_document_steps(settings: ShippedSettings) -> list[Step]:
    amounts = settings.amounts
    corpora = _name_corpora(settings, *_PARALLEL, *DOCUMENT_FILES, *HUMAN_FILES)
    return [
        Step(
            "development_documents",
            (*corpora, *_find_lists(settings, "development_documents")),
            (documents.DOCUMENTS,),
            partial(documents.write_development_documents, settings),
            {
                "seed": settings.seed,
                "machine": amounts.machine_documents,
                "human": amounts.human_documents,
                "spun": amounts.spun_documents,
                "spinners": DEVELOPMENT_SPINNERS,
                "permissive": settings.mix.permissive,
            },
            _DOCUMENTS_CODE,
        ),
        Step(
            "development_features",
            (documents.DOCUMENTS, *_SENTENCE_FILES),
            (documents.FEATURES,),
            documents.write_development_features,
            code=_DOCUMENTS_CODE,
        ),
        Step(
            "document_classifier",
            (documents.FEATURES,),
            (
                work_files.DIRECTIONS, work_files.CLASSIFIER, work_files.FOLD_MODELS,
                documents.FITTED_FEATURES, documents.FIT_FIGURES,
            ),
            partial(documents.write_document_classifier, settings),
            {"likelier people": amounts.likelier_people},
            _DOCUMENTS_CODE,
        ),
        Step(
            "evaluation_documents",
            (*corpora, *_find_lists(settings, "evaluation_documents")),
            (documents.EVALUATION_DOCUMENTS,),
            partial(documents.write_evaluation_documents, settings),
            {"documents": amounts.evaluated_documents},
            (*_DOCUMENTS_CODE, "training/evaluation"),
        ),
        Step(
            "evaluation_features",
            (documents.EVALUATION_DOCUMENTS, *_SENTENCE_FILES),
            (documents.EVALUATION_FEATURES,),
            documents.write_evaluation_features,
            code=_DOCUMENTS_CODE,
        ),
        Step(
            "evaluation",
            (documents.FEATURES, documents.EVALUATION_FEATURES, *SCORING_FILES, *corpora),
            (documents.EVALUATION,),
            partial(documents.write_evaluation, settings),
            code=(*_DOCUMENTS_CODE, "training/evaluation"),
        ),
    ]  # fmt: skip


def _list_comparison_steps(settings: ShippedSettings) -> list[Step]:
    amounts = settings.amounts
    corpora = _name_corpora(settings, *_PARALLEL, _EXPERTS, *DOCUMENT_FILES, *HUMAN_FILES)
    return [
        Step(
            "comparison_pairs",
            (*corpora, *_find_lists(settings, "comparison_pairs")),
            (comparison.PAIRS,),
            partial(comparison.write_comparison_pairs, settings),
            {
                "seed": settings.seed,
                "pairs": dict(amounts.pairs),
                "spinners": COMPARISON_SPINNERS,
                "permissive": settings.mix.permissive,
            },
            _COMPARISON_CODE,
        ),
        Step(
            "comparison_features",
            (
                comparison.PAIRS,
                documents.DOCUMENTS,
                work_files.FOLD_MODELS,
                *SCORING_FILES,
                *_find_lists(settings, "comparison_features"),
            ),
            (comparison.FEATURES, comparison.MARKED_COPIES),
            partial(comparison.write_comparison_features, settings),
            {
                "seed": settings.seed,
                "marked": dict(amounts.marked_documents),
                "spinners": COMPARISON_SPINNERS,
            },
            _COMPARISON_CODE,
        ),
        Step(
            "comparison",
            (comparison.FEATURES, *_find_lists(settings, "comparison")),
            (comparison.CLASSIFIER, comparison.FIGURES),
            partial(comparison.write_comparison, settings),
            {"seed": settings.seed},
            (*_COMPARISON_CODE, "training/evaluation"),
        ),
    ]


def _list_span_steps(settings: ShippedSettings) -> list[Step]:
    amounts = settings.amounts
    return [
        Step(
            "memory_pairs",
            (
                *_name_corpora(settings, *_PARALLEL, _EXPERTS),
                *_find_lists(settings, "memory_pairs"),
            ),
            (work_files.MEMORY_PAIRS,),
            partial(pairs.write_memory_pairs, settings),
            {
                "seed": settings.seed,
                "apertium": list(settings.apertium_pivots),
                "versions": dict(amounts.memory_versions),
                "spinners": TUNING_SPINNERS,
            },
            _PAIRS_CODE,
        ),
        Step(
            "marked_texts",
            (
                comparison.PAIRS, *_name_corpora(settings, _EXPERTS),
                *_find_lists(settings, "marked_texts"),
            ),
            (spans.MARKED_TEXTS,),
            partial(spans.write_marked_texts, settings),
            {
                "seed": settings.seed,
                "spun": amounts.spun_for_words,
                "experts": amounts.experts_share,
                "spinners": WORD_SPINNERS,
            },
            _SPANS_CODE,
        ),
        Step(
            "word_counts",
            (
                work_files.MEMORY_PAIRS, work_files.COMMON_WORDS, comparison.PAIRS,
                *_name_corpora(settings, "human_news"),
            ),
            (spans.WORD_COUNTS,),
            partial(spans.write_word_counts, settings),
            code=_SPANS_CODE,
        ),
        Step(
            "spans",
            (
                comparison.MARKED_COPIES, spans.MARKED_TEXTS, spans.WORD_COUNTS,
                documents.DOCUMENTS, work_files.FOLD_MODELS, *SCORING_FILES,
            ),
            (spans.FINDER, spans.FIGURES),
            partial(spans.write_spans, settings),
            {"seed": settings.seed},
            _SPANS_CODE,
        ),
    ]  # fmt: skip


def _make_bundle_step(settings: ShippedSettings, steps: list[Step]) -> Step:
    output = settings.output.resolve()
    return Step(
        "bundle",
        (
            *SCORING_FILES, work_files.TUNING_LOG, documents.FITTED_FEATURES,
            documents.FIT_FIGURES, documents.EVALUATION, comparison.CLASSIFIER, comparison.FIGURES,
            spans.FINDER, spans.FIGURES, *_name_corpora(settings, *TRAINING_CORPORA),
            *([] if settings.beside is None else [str(settings.beside.resolve())]),
        ),
        (str(output), str(locate_replay_data(output))),
        partial(write_model, settings, steps),
        {"seed": settings.seed, "permissive": settings.mix.permissive},
        (
            "model", "training/corpora/broad/licences.py", "training/recipes",
            "training/retraining", "training/evaluation/model_card.py",
        ),
    )  # fmt: skip


def _name_corpora(settings: ShippedSettings, *names: str) -> tuple[str, ...]:
    folder = settings.corpora.resolve()
    return tuple(str(folder / f"{name}.parquet") for name in names)


def _find_lists(settings: ShippedSettings, step: str) -> tuple[str, ...]:
    return settings.lists.list_files(sorted(_LISTS_OF_STEPS[step]))


def write_model(settings: ShippedSettings, steps: Iterable[Step], work: Path, fresh: Path) -> None:
    """The model folder with everything that it scores, compares and points with, and its card."""
    fit = work_files.read_json(work / documents.FIT_FIGURES)
    figures: dict[str, Any] = {"out of fold": fit["out of fold"]}
    figures |= work_files.read_json(work / documents.EVALUATION)
    figures["comparison"] = work_files.read_json(work / comparison.FIGURES)
    figures["artifacts"] = work_files.read_json(work / spans.FIGURES)
    permissive = settings.mix.permissive
    corpora = {
        Path(path).name: {
            "sha256": compute_checksum(Path(path)),
            "rows": pyarrow.parquet.ParquetFile(path).metadata.num_rows,
            "licence": describe_licence(Path(path).stem, permissive),
        }
        for path in _name_corpora(settings, *TRAINING_CORPORA)
    }
    thresholds = {str(row["false_positive_rate"]): row for row in fit["thresholds"]}
    encoder = f"{ENCODERS[settings.name]} (Apache-2.0), tuned"
    if settings.beside is not None:
        encoder += f", and beside it that of {Bundle.open(settings.beside).identifier}"
    provenance = f"encoder: {encoder}; {PERMISSIVE_PROVENANCE if permissive else PROVENANCE}"
    licence = PERMISSIVE_LICENCE if permissive else LICENCE
    card = format_card(settings.name, corpora, thresholds, figures, licence, provenance)
    model = NewBundle(
        settings.output,
        {
            parts.ENCODER: work / work_files.ENCODER,
            parts.FEATURES: work_files.pack_sentence_features(work),
            parts.COMMON_WORDS: work / work_files.COMMON_WORDS,
            parts.NGRAM_LANGUAGE_MODEL: work / work_files.LANGUAGE_MODEL,
            parts.CLASSIFIER: (work / work_files.CLASSIFIER).read_bytes(),
            parts.COMPARISON: work / comparison.CLASSIFIER,
            parts.MODEL_CARD: card.encode(),
            "encoder_tuning": work / work_files.TUNING_LOG,
            parts.TRAINING_LOG: read_log(work, list(steps)),
        }
        | {path.name: path for path in sorted((work / spans.FINDER).iterdir())},
        name=settings.name,
        seed=settings.seed,
        corpora=corpora,
        thresholds=thresholds,
        figures=figures,
        licence=licence,
        provenance=provenance,
    )
    fitted = work_files.read_feature_table(work / documents.FITTED_FEATURES)
    write_bundles([model, draft_replay_data(model, fitted)])
