"""Write a retrained model: its folder, its replay data beside it, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from detector.choices import DEFAULT_FALSE_POSITIVE_RATE
from detector.errors import DetectorError
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.bundle_writing import NewBundle, write_bundles
from detector.training.evaluation.model_card import format_card, make_card
from detector.training.retraining.replay_data import draft_replay_data
from detector.training.retraining.result import Retrained


def write_retrained(result: Retrained, output: Path, say: Callable[[str], None] = print) -> Bundle:
    """Write a model and its replay data in one step, and then pictures of it.

    Args:
        result: see `detector.training.retraining.retrain.retrain`.
        output: the model folder, after which it is named; a model that is there is replaced.
        say: is told where the pictures lie, or why there are none.

    Raises:
        DetectorError: the model could not be written; what was there is as it was.
    """
    for note in result.notes:
        say(note)
    model = _draft_model(result, output)
    try:
        written, _ = write_bundles([model, draft_replay_data(model, result.replay)])
    except OSError as error:
        raise DetectorError(
            f"{output}: the model could not be written ({error}); what was there is as it was"
        ) from error
    say(_draw(result, output))
    return written


def _draft_model(result: Retrained, output: Path) -> NewBundle:
    """The model folder, with a card that bears its name."""
    described = (
        output.name, result.corpora, result.thresholds, result.figures, result.licence,
        result.provenance,
    )  # fmt: skip
    cards = {
        parts.MODEL_CARD: format_card(*described).encode(),
        parts.MODEL_CARD_FIGURES: make_card(*described, seed=result.seed),
    }
    return NewBundle(
        output,
        result.parts | cards,
        name=output.name,
        seed=result.seed,
        corpora=result.corpora,
        thresholds=result.thresholds,
        figures=result.figures,
        licence=result.licence,
        provenance=result.provenance,
    )


def _draw(result: Retrained, output: Path) -> str:
    """Pictures of the new model, in a folder beside it: a model holds no pictures."""
    from detector.training.evaluation.plots import plot_evaluation

    folder = output.with_name(f"{output.name}-plots")
    thresholds = result.classifier.thresholds
    scored = pd.concat([s.documents.join(s.new) for s in result.sets], ignore_index=True)
    free = ~scored["stopped"]
    flagged_at = {
        rate: (free & (scored["score"] >= at)).to_numpy() for rate, at in thresholds.items()
    }
    threshold = thresholds.get(DEFAULT_FALSE_POSITIVE_RATE, 0.0)
    above = scored.assign(score=scored["score"] - threshold)
    try:
        paths = plot_evaluation(above, flagged_at, folder)
    except DetectorError as error:
        return f"no plots: {error}"
    return f"{len(paths)} plots in {folder}"
