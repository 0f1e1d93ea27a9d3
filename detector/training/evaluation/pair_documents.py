"""Score a file of labelled pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.batch.summary import name_kind
from detector.choices import DEFAULT_FALSE_POSITIVE_RATE
from detector.detector import Detector
from detector.results import ORIGINAL
from detector.training.corpora.findings import ValidationReport
from detector.training.corpora.pairs_files import PairsError, read_pairs
from detector.training.corpora.user_documents import UNNAMED_OUTLET, UNNAMED_SYSTEM, make_documents
from detector.training.corpora.validation import validate_pairs


def read_pair_documents(
    paths: Sequence[Path], held_out_only: bool = False
) -> tuple[pd.DataFrame, ValidationReport]:
    """The documents of labelled pairs, and what was found wrong with the rows.

    A row with ``original`` alone is human text, one with ``text`` and ``kind`` an unpaired
    positive; the original of several versions is there once.

    Args:
        paths: files of pairs, see `detector.training.corpora.pairs_files.read_pairs`.
        held_out_only: leave out the rows that training would learn from.

    Returns:
        ``text``, ``label``, ``article_id``, ``held_out``, ``pivot``, ``system``, ``kind`` and
        ``outlet``, "" where they are not known.

    Raises:
        PairsError: a file or row cannot be used, or nothing is left to measure.
    """
    pairs, report = validate_pairs(read_pairs(paths))
    report.stop_if_fatal()
    documents = make_documents(pairs)
    if held_out_only:
        documents = documents[documents["held_out"].astype(bool)]
    if documents.empty:
        left = "no row has the split test" if held_out_only else "no row is left"
        raise PairsError(f"{', '.join(map(str, paths))}: nothing to measure: {left}")
    machine = documents["label"] != ORIGINAL
    documents = documents.assign(
        kind=documents["label"].where(machine, ""),
        outlet=documents["group"].replace(UNNAMED_OUTLET, ""),
        system=documents["system"].replace(UNNAMED_SYSTEM, ""),
    )
    columns = ["text", "label", "article_id", "held_out", "pivot", "system", "kind", "outlet"]
    return documents[columns].reset_index(drop=True), report


def score_pair_documents(
    detector: Detector, documents: pd.DataFrame, rate: float = DEFAULT_FALSE_POSITIVE_RATE
) -> pd.DataFrame:
    """The documents with ``probability``, ``threshold``, ``flagged``, ``words`` and ``reason``.

    Each different text is scored once.

    Args:
        detector: the model.
        documents: with ``text``.
        rate: the guaranteed false-positive rate at which documents are flagged.
    """
    codes, texts = pd.factorize(documents["text"])
    verdicts = detector.score([str(text) for text in texts], false_positive_rate=rate)
    columns = ("probability", "threshold", "flagged", "words", "reason")
    judged = pd.DataFrame([[getattr(v, name) for name in columns] for v in verdicts])
    judged = judged.set_axis(list(columns), axis=1).iloc[codes].set_index(documents.index)
    numbers = {"probability": "float64", "threshold": "float64", "flagged": bool}
    return documents.assign(**judged.astype(numbers))


def flag_at_rates(detector: Detector, judged: pd.DataFrame) -> dict[float, npt.NDArray[np.bool_]]:
    """Which documents are flagged at each rate that the model guarantees.

    Args:
        detector: the model that judged them.
        judged: of `score_pair_documents`.
    """
    probability = judged["probability"].to_numpy(dtype=np.float64)
    words = judged["words"].to_numpy(dtype=np.int64)
    thresholds = {
        rate: detector.classifier.find_threshold(rate, words)
        for rate in detector.false_positive_rates
    }
    kinds = judged["reason"].fillna("").map(name_kind)
    free = kinds.isin(["", "no threshold"]).to_numpy(dtype=bool)  # that of the rate asked for
    return {
        rate: free & (probability >= threshold)
        for rate, threshold in thresholds.items()
        if threshold is not None
    }
