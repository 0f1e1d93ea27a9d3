"""``detector evaluate``: measure a model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from detector.cli.common import CannotRunError, figures_format_option, load_detector, model_option
from detector.errors import DetectorError


@click.command()
@click.option(
    "--corpora",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where the training corpora lie.",
)
@figures_format_option
@model_option
def evaluate(corpora: Path, form: str, model: str | None) -> None:
    """Measure a model on the test split of the corpora, which training never saw.

    Takes minutes, and needs the extra: pip install 'mt-artifact-detector[train]', and Debian's
    libaiksaurus-1.2-data, dict-freedict-eng-fra and dict-freedict-fra-eng for the synonyms.
    """
    from detector.bundle import Bundle

    detector = load_detector(model)
    try:
        from detector.training.evaluation import evaluate_corpora
        from detector.training.model_card import format_figures
        from detector.training.retrain import unpack_evidence
    except ImportError as error:
        raise CannotRunError(
            f"{error.name} is missing: pip install 'mt-artifact-detector[train]'"
        ) from error
    bundle = Bundle.open(model)
    try:
        development = unpack_evidence(bundle.read_arrays("training_evidence.safetensors"), bundle)
        figures = evaluate_corpora(
            corpora, detector.gatherer, development, detector.sentence_scorer
        )
    except (DetectorError, FileNotFoundError) as error:
        raise CannotRunError(str(error)) from error
    click.echo(
        json.dumps(figures, ensure_ascii=False, indent=1)
        if form == "json"
        else format_figures(figures)
    )
