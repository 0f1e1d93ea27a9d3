"""What is asked of a retraining, and whether it can be done."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from detector.errors import BundleError, DetectorError
from detector.model import parts
from detector.model.bundle_writing import check_target

THRESHOLDS, CLASSIFIER, ENCODER = "thresholds", "classifier", "encoder"

DEPTHS = (THRESHOLDS, CLASSIFIER, ENCODER)


@dataclass(frozen=True)
class RetrainSettings:
    """How to retrain.

    Attributes:
        depth: one of `DEPTHS`.
        augment: ways to make more versions, see
            `detector.training.generation.augmentation.list_makers`.
        round_trips: languages to send originals through with `translators`.
        translators: model folders or hub names, see `list_makers`.
        accept_regression: write the model even if it is worse; the depth ``encoder`` asks for it.
        replay: folder of the base's replay data; beside the base unless told. The depth
            ``encoder`` needs none: another encoder gives other features.
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
    replay: Path | None = None
    seed: int = 20260101
    encoder_base: str | None = None
    work: Path = Path("build/retrained-encoder")
    resume: bool = False
    data_licence: str = ""
    command: str = ""


def check_settings(settings: RetrainSettings) -> None:
    """Refuse what cannot be done.

    Raises:
        DetectorError: there is no such depth, it lacks an encoder to start from, or it gives a
            model that would be refused whatever it is worth.
    """
    if settings.depth not in DEPTHS:
        raise DetectorError(f"no depth is called {settings.depth!r}: {', '.join(DEPTHS)}")
    if settings.depth == ENCODER and not settings.encoder_base:
        raise DetectorError(
            "--depth encoder needs --encoder-base, a sentence-transformers model to start from "
            "(a folder, or a name where a hub can be reached): a model folder of this package "
            "holds its encoder as int8 ONNX, which can be run but not trained"
        )
    if settings.depth == ENCODER and not settings.accept_regression:
        raise DetectorError(
            "--depth encoder needs --accept-regression: the features that the old model keeps were "
            "measured by its own encoder and cannot be read by another, so what the new model "
            "forgets cannot be checked"
        )


def check_output(output: Path) -> None:
    """Refuse a place where a model and its replay data cannot be put, before any work is done.

    Raises:
        BundleError: something other than a model or its replay data is there, or nothing can be
            written there.
    """
    from detector.training.retraining.replay_data import DOCUMENTS_FILE, locate_replay_data

    check_target(output, [parts.CLASSIFIER])
    check_target(locate_replay_data(output), [DOCUMENTS_FILE])
    _check_writable(output)


def _check_writable(output: Path) -> None:
    """Write a file that leaves no trace where the folder, or the first that it lacks, would go.

    Raises:
        BundleError: that fails.
    """
    folder = next(parent for parent in output.absolute().parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BundleError(
            f"{output}: nothing can be written in {folder} ({error.strerror}); name another place "
            "for the model"
        ) from error
