"""``detector evaluate``: measure a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detector.cli.options import (
    SOME_FAILED,
    CannotRunError,
    RateChoice,
    figures_format_option,
    load_detector,
    model_option,
)
from detector.errors import DetectorError

if TYPE_CHECKING:
    import pandas as pd

    from detector.detector import Detector


_SAME, _MISSING = "the same", "missing"

_SHOWN_FILES = 6


@click.command(short_help="Measure a model on labelled pairs or training corpora.")
@click.option(
    "--pairs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Labelled pairs: CSV, JSON lines or Parquet. May be given several times.",
)
@click.option(
    "--corpora",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where the training corpora lie.",
)
@click.option(
    "--compare",
    "other",
    metavar="FOLDER",
    help="With --pairs: another model, measured on the same documents, figure by figure.",
)
@click.option(
    "--held-out", is_flag=True, help="With --pairs: only rows whose split is test or held-out."
)
@click.option(
    "--fpr",
    type=RateChoice(["0.05", "0.01", "0.001"]),
    default="0.01",
    show_default=True,
    help="With --pairs: the guaranteed false-positive rate to flag at.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Draw the figures of --model there as PNG and SVG; needs the extra plots.",
)
@click.option(
    "--replay",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="With --corpora: the replay data of --model.  [default: beside it]",
)
@click.option(
    "--check",
    is_flag=True,
    help="With --corpora: only tell whether its files are those that --model was trained on.",
)
@figures_format_option
@model_option
@click.pass_context
def evaluate(
    context: click.Context,
    pairs: tuple[Path, ...],
    corpora: Path | None,
    other: str | None,
    held_out: bool,
    fpr: str,
    plots: Path | None,
    replay: Path | None,
    check: bool,
    form: str,
    model: str | None,
) -> None:
    """Measure a model: on labelled pairs, or on the test split of the training corpora.

    Pairs have the columns original and text, and if there kind (translated, spun, edited), pivot,
    system, article_id, outlet and split. A row with original alone is human text; one with text
    and kind has no original. Parquet needs pyarrow.

    Both need the extra: pip install 'mt-artifact-detector[train]'. --corpora takes minutes, and
    needs Debian's libaiksaurus-1.2-data, dict-freedict-eng-fra and dict-freedict-fra-eng for the
    synonyms.
    """
    if bool(pairs) == bool(corpora):
        raise click.UsageError(
            "give --pairs FILE to measure on pairs of your own, or --corpora FOLDER to measure "
            "on the training corpora; one of the two"
        )
    if corpora and (other or held_out):
        raise click.UsageError("--compare and --held-out go with --pairs")
    if pairs and (replay or check):
        raise click.UsageError(f"{'--replay' if replay else '--check'} goes with --corpora")
    if corpora is not None:
        changes = _compare_corpora(corpora, model)
        if check:
            _tell_changes(context, changes)
            return
        if missing := [name for name, state in changes.items() if state == _MISSING]:
            raise CannotRunError(_explain_missing(corpora, missing, len(changes)))
    try:
        if plots is not None:
            from detector.presentation.plots import check_matplotlib

            check_matplotlib()
        if corpora is not None:
            print_figures = _measure_corpora(corpora, plots, model, replay)
        else:
            print_figures = _measure_pairs(pairs, model, other, held_out, float(fpr), plots)
    except ImportError as error:
        raise CannotRunError(
            f"{error.name} is missing: pip install 'mt-artifact-detector[train]'"
        ) from error
    except (DetectorError, FileNotFoundError) as error:
        raise CannotRunError(str(error)) from error
    click.echo(print_figures(form))


def _compare_corpora(corpora: Path, model: str | None) -> dict[str, str]:
    """What has become of each corpus that a model, or the one it was retrained from, rests on."""
    from detector.model.bundle import Bundle
    from detector.model.manifest import compute_checksum
    from detector.training.recipes.shipped_settings import TRAINING_CORPORA

    try:
        corpora_of_model = Bundle.open(model).manifest.corpora
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    states = {}
    for name in (f"{corpus}.parquet" for corpus in TRAINING_CORPORA):
        record = corpora_of_model.get(name, {})
        path = corpora / name
        if not path.is_file():
            states[name] = _MISSING
        elif compute_checksum(path) != record.get("sha256"):
            states[name] = f"another file: {record.get('rows', 0):,} rows were trained on"
        else:
            states[name] = _SAME
    return states


def _explain_missing(corpora: Path, missing: list[str], wanted: int) -> str:
    """What was looked for, what is there instead, and where the corpora come from."""
    there = sorted(path.name for path in corpora.iterdir())
    shown = ", ".join(there[:_SHOWN_FILES]) + (", …" if len(there) > _SHOWN_FILES else "")
    return (
        f"{corpora}: lacks {len(missing)} of the {wanted} files of the training corpora: "
        f"{', '.join(missing)}; the folder holds {shown or 'nothing'}. docs/corpora.md says what "
        "each file holds and which public sources it is made of "
        "(detector evaluate --corpora FOLDER --check lists them)"
    )


def _tell_changes(context: click.Context, changes: Mapping[str, str]) -> None:
    width = max(map(len, changes), default=0)
    for name, state in changes.items():
        click.echo(f"{name:{width}}  {state}")
    if any(state != _SAME for state in changes.values()):
        click.echo("docs/corpora.md says what each file holds and where it comes from", err=True)
        context.exit(SOME_FAILED)


def _measure_corpora(
    corpora: Path, plots: Path | None, model: str | None, replay: Path | None
) -> Callable[[str], str]:
    from detector.model.bundle import Bundle
    from detector.training.evaluation.corpora.figures import evaluate_corpora
    from detector.training.evaluation.model_card import format_figures
    from detector.training.evaluation.scored_documents import ScoredDocuments
    from detector.training.retraining.replay_data import load_replay_data

    def draw(scored: ScoredDocuments) -> None:
        if plots is not None:
            _draw(scored.to_frame(), scored.flagged, plots, 0.01)

    detector = load_detector(model)
    development = load_replay_data(Bundle.open(model), replay)
    figures = evaluate_corpora(
        corpora,
        detector.extractor,
        detector.classifier,
        development,
        detector.sentence_scorer,
        draw,
    )
    return lambda form: _to_json(figures) if form == "json" else format_figures(figures)


def _measure_pairs(
    pairs: tuple[Path, ...],
    model: str | None,
    other: str | None,
    held_out: bool,
    rate: float,
    plots: Path | None,
) -> Callable[[str], str]:
    from detector.model.manifest import compute_checksum
    from detector.training.evaluation.metrics import measure_documents
    from detector.training.evaluation.pair_documents import (
        flag_at_rates,
        read_pair_documents,
        score_pair_documents,
    )

    # Both models first: a fault of either is told before any work.
    detector = load_detector(model)
    second = load_detector(other) if other else None
    documents, report = read_pair_documents(pairs, held_out)
    for finding in report.findings:
        click.echo(str(finding), err=True)
    judged = score_pair_documents(detector, documents, rate)
    result: dict[str, Any] = {
        "model": detector.model,
        "false_positive_rate": rate,
        "files": {str(path): compute_checksum(path) for path in pairs},
        "validation": report.to_dict(),
        "figures": measure_documents(judged),
    }
    if plots is not None:
        _draw(judged, flag_at_rates(detector, judged), plots, rate)
    if second is not None:
        result |= _compare(second, documents, judged, rate)
    return lambda form: _to_json(result) if form == "json" else _format_pairs(result)


def _compare(
    second: Detector, documents: pd.DataFrame, judged: pd.DataFrame, rate: float
) -> dict[str, Any]:
    from detector.training.evaluation.model_comparison import compare_models
    from detector.training.evaluation.pair_documents import score_pair_documents

    other = score_pair_documents(second, documents, rate)
    return {
        "compared_model": second.model,
        "comparison": compare_models(documents, judged, other),
    }


def _draw(scored: pd.DataFrame, flagged_at: Any, folder: Path, rate: float) -> None:
    from detector.training.evaluation.plots import plot_evaluation

    for path in plot_evaluation(scored, flagged_at, folder, rate=rate):
        click.echo(f"wrote {path}", err=True)


def _format_pairs(result: dict[str, Any]) -> str:
    from detector.training.evaluation.metric_tables import (
        format_measurement,
        format_model_comparison,
    )

    parts = [
        f"{result['model']}, flagging at {100 * result['false_positive_rate']:g} % false positives",
        format_measurement(result["figures"]),
    ]
    if "comparison" in result:
        parts += [
            f"{result['compared_model']} (B) against {result['model']} (A)",
            format_model_comparison(result["comparison"]),
        ]
    return "\n\n".join(parts)


def _to_json(figures: dict[str, Any]) -> str:
    return json.dumps(figures, ensure_ascii=False, indent=1)
