"""The training evidence that a model keeps, so that what it learnt is not forgotten by the next.

Numbers per sentence, what each document was, and the traces that a new machine is learnt against;
no text.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.features.columns import FEATURE_COLUMNS
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.model.sentence_scorer import SentenceScorer
from detector.results import LABELS, ORIGINAL
from detector.training.corpora.pairs_files import PairsError
from detector.training.fitting.feature_table import FeatureTable, concatenate, read_column
from detector.training.retraining.fingerprints import DocumentFingerprints

REPLAY_FEATURES_FILE = "training_evidence.safetensors"

REPLAY_DOCUMENTS_FILE = "training_documents.json"

FINGERPRINTS_FILE = "training_traces.safetensors"

#: What retraining adds to a document of the recipe, and what stands for it there.
ADDED_COLUMNS: dict[str, Any] = {
    "added": False,
    "fitted": True,
    "guaranteed": False,
    "adapted": False,
    "weight": 1.0,
}

_NEEDED = ("label", "group", "article_id", "system", "by_translator")


def classifier_parts(
    classifier: DocumentClassifier, scorer: SentenceScorer, documents: FeatureTable
) -> dict[str, Any]:
    """The parts of a model folder that a refit replaces."""
    arrays, frame = pack_replay_data(documents)
    fingerprints = (
        {}
        if documents.fingerprints is None
        else {FINGERPRINTS_FILE: documents.fingerprints.to_arrays()}
    )
    return fingerprints | {
        "classifier.safetensors": classifier.to_arrays() | scorer.to_arrays(),
        REPLAY_FEATURES_FILE: arrays,
        REPLAY_DOCUMENTS_FILE: frame,
    }


def pack_replay_data(documents: FeatureTable) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Training evidence as compact arrays (no text), and what each document was."""
    arrays = {
        "matrix": np.concatenate(documents.matrices).astype(np.float16),
        "counts": np.concatenate(documents.counts).astype(np.uint16),
        "sizes": np.array([len(m) for m in documents.matrices], dtype=np.int32),
    }
    return arrays, json.loads(documents.frame.to_json(orient="records"))


def round_replay_data(documents: FeatureTable) -> FeatureTable:
    """Documents as they come back out of a model, so that refitting from it gives the same."""
    return replace(
        documents,
        matrices=[m.astype(np.float16).astype(np.float32) for m in documents.matrices],
        fingerprints=None if documents.fingerprints is None else documents.fingerprints.round(),
        embeddings=None,
    )


def unpack_replay_data(arrays: dict[str, Any], bundle: Bundle) -> FeatureTable:
    """What `pack_replay_data` kept.

    Raises:
        PairsError: it is of another version, or its parts do not fit together.
    """
    if arrays["matrix"].shape[1] != len(FEATURE_COLUMNS):
        raise PairsError(f"{bundle.folder}: its evidence is of another version; use a newer base")
    frame = pd.DataFrame(bundle.read_json(REPLAY_DOCUMENTS_FILE))
    sizes = arrays["sizes"]
    if (
        not set(_NEEDED) <= set(frame.columns)
        or len(sizes) != len(frame)
        or not sizes.sum() == len(arrays["matrix"]) == len(arrays["counts"])
        or not frame["label"].isin(LABELS).all()
    ):
        raise PairsError(f"{bundle.folder}: its training evidence is damaged; use another base")
    bounds = np.cumsum(sizes)[:-1]
    return FeatureTable(
        frame,
        np.split(arrays["matrix"].astype(np.float32), bounds),
        np.split(arrays["counts"].astype(np.int32), bounds),
    )


def load_replay_data(bundle: Bundle) -> FeatureTable:
    """The training evidence of a model to start from, with every one of `ADDED_COLUMNS`.

    Raises:
        PairsError: the model holds none, or not one that can be used.
    """
    if REPLAY_FEATURES_FILE not in bundle.manifest.files:
        raise PairsError(
            f"{bundle.folder}: keeps no training evidence, so it cannot be retrained; start from "
            "the shipped model"
        )
    documents = unpack_replay_data(bundle.read_arrays(REPLAY_FEATURES_FILE), bundle)
    if FINGERPRINTS_FILE in bundle.manifest.files:
        documents = replace(
            documents, fingerprints=_unpack_fingerprints(bundle, len(documents.frame))
        )
    return fill_columns(documents)


def _unpack_fingerprints(bundle: Bundle, documents: int) -> DocumentFingerprints:
    try:
        fingerprints = DocumentFingerprints.from_arrays(bundle.read_arrays(FINGERPRINTS_FILE))
    except (ValueError, KeyError, IndexError) as error:
        raise PairsError(
            f"{bundle.folder}: its training traces are damaged; use another base"
        ) from error
    if len(fingerprints.words) != documents:
        raise PairsError(f"{bundle.folder}: its training traces are damaged; use another base")
    return fingerprints


def fill_columns(documents: FeatureTable) -> FeatureTable:
    """The same documents with `ADDED_COLUMNS` filled in."""
    values = {
        name: read_column(documents.frame, name, default) for name, default in ADDED_COLUMNS.items()
    }
    return replace(documents, frame=documents.frame.assign(**values))


def join_replay_data(
    old: FeatureTable, new: FeatureTable
) -> tuple[FeatureTable, npt.NDArray[np.bool_]]:
    """Both collections, the new ones last, and which old documents stayed.

    What was brought again of an article replaces what was kept of it: people's texts people's,
    a machine's versions a machine's.
    """
    brought = set(_list_sides(new.frame))
    stay = np.array([side not in brought for side in _list_sides(old.frame)], dtype=bool)
    return concatenate([old.select(stay), new]), stay


def _list_sides(frame: pd.DataFrame) -> list[tuple[str, bool]]:
    return list(zip(frame["article_id"], frame["label"] == ORIGINAL, strict=True))
