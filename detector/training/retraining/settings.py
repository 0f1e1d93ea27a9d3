"""What is asked of a retraining, and whether it can be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.errors import DetectorError
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.model.manifest import MANIFEST
from detector.training.corpora.findings import ValidationReport
from detector.training.evaluation.regression_check import SetComparison, list_some
from detector.training.fitting.feature_table import FeatureTable

THRESHOLDS, CLASSIFIER, ENCODER = "thresholds", "classifier", "encoder"

DEPTHS = (THRESHOLDS, CLASSIFIER, ENCODER)

PROJECT_SET = "the evidence of the old model, out of fold"

HELD_OUT_SET = "your held-out articles"

USER_SET = "your articles, out of fold"

#: Of the thresholds' depth: the scorer has not seen them, but the thresholds were chosen on them.
HUMAN_SET = "your articles, on which the thresholds rest"


class WorseModelError(DetectorError):
    """The new model is worse than the old one beyond noise, or breaks its promise.

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


@dataclass(frozen=True)
class RetrainSettings:
    """How to retrain.

    Attributes:
        depth: one of `DEPTHS`.
        augment: ways to make more versions, see `detector.training.generation.augmentation.list_makers`.
        round_trips: languages to send originals through with `translators`.
        translators: model folders or hub names, see `list_makers`.
        accept_regression: write the model even if it is worse.
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


@dataclass
class Run:
    """What one retraining has come to so far."""

    settings: RetrainSettings
    base: Bundle
    classifier: DocumentClassifier
    report: ValidationReport
    say: Callable[[str], None]
    made: dict[str, int] = field(default_factory=dict)
    not_installed: list[str] = field(default_factory=list)
    features: FeatureTable | None = None
    kept: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    parts: dict[str, Any] = field(default_factory=dict)
    tuned_on: int = 0


def check_settings(settings: RetrainSettings, output: Path) -> None:
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
