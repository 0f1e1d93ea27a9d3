"""Replay data: what a model was fitted on, kept so that retraining does not forget it.

The features of each sentence, what each document was, and the fingerprints that a new machine is
fitted against; no text. It lies in a folder of its own beside the model's, with a manifest of the
same kind, since scoring does not need it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.errors import DetectorError
from detector.features.columns import FEATURE_COLUMNS
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.bundle_writing import NewBundle, pack_arrays
from detector.model.document_classifier import DocumentClassifier
from detector.model.manifest import MANIFEST
from detector.model.sentence_scorer import SentenceScorer
from detector.results import LABELS, ORIGINAL
from detector.training.fitting.feature_table import FeatureTable, concatenate, read_column
from detector.training.fitting.fingerprints import DocumentFingerprints

FEATURES_FILE = "features.safetensors"

DOCUMENTS_FILE = "documents.json"

FINGERPRINTS_FILE = "fingerprints.safetensors"

#: What retraining adds to a document of the recipe, and what stands for it there.
ADDED_COLUMNS: dict[str, Any] = {
    "added": False,
    "fitted": True,
    "guaranteed": False,
    "adapted": False,
    "weight": 1.0,
}

_NEEDED = ("label", "group", "article_id", "system", "by_translator")

#: As many as pandas writes; of the least weight that a row may have, ten digits are left.
_DECIMALS = 15

# The figure of a replay folder's manifest that says whose replay data it is.
_CLASSIFIER_CHECKSUM = "classifier"


class ReplayDataError(DetectorError):
    """The replay data of a model cannot be found or used."""


def locate_replay_data(model: Path) -> Path:
    """Where the replay data of a model folder lies: ``replay`` beside ``default``.

    A model of another name has it in ``NAME-replay``.
    """
    name = model.resolve().name
    return model.resolve().with_name("replay" if name == "default" else f"{name}-replay")


def open_replay_data(model: Bundle, folder: Path | None = None) -> Bundle:
    """Open the replay data of a model: in `folder`, or where `locate_replay_data` says.

    Raises:
        ReplayDataError: there is none, or it is another model's.
        BundleError: the folder is damaged or of another format version.
    """
    place = folder or locate_replay_data(model.folder)
    if not (place / MANIFEST).is_file():
        raise ReplayDataError(
            f"{place}: no replay data. {model.identifier} cannot be retrained without it: it holds "
            "the features of the documents that the model was fitted on, which are fitted on again "
            "beside yours. The wheel does not carry it; a checkout and the source archive have it "
            "in models/replay, and retraining writes it beside the new model: name its folder with "
            "--replay"
        )
    replay = Bundle.open(place)
    own = model.manifest.files.get(parts.CLASSIFIER)
    if own is None or replay.manifest.figures.get(_CLASSIFIER_CHECKSUM) != own.sha256:
        raise ReplayDataError(
            f"{place}: not the replay data of {model.identifier}; name the right folder with "
            "--replay"
        )
    return replay


def load_replay_data(model: Bundle, folder: Path | None = None) -> FeatureTable:
    """The replay data of a model to start from, with every one of `ADDED_COLUMNS`.

    Raises:
        ReplayDataError: there is none, it is another model's, of another version or damaged.
        BundleError: the folder is damaged or of another format version.
    """
    replay = open_replay_data(model, folder)
    documents = _unpack_features(replay)
    if FINGERPRINTS_FILE in replay.manifest.files:
        fingerprints = _unpack_fingerprints(replay, len(documents.frame))
        documents = replace(documents, fingerprints=fingerprints)
    return fill_columns(documents)


def draft_replay_data(model: NewBundle, documents: FeatureTable) -> NewBundle:
    """The replay folder of a new model, to be written with it.

    Args:
        model: holds what `pack_classifier` gave.
        documents: those that it was fitted on.
    """
    checksum = sha256(model.parts[parts.CLASSIFIER]).hexdigest()
    return replace(
        model,
        folder=locate_replay_data(model.folder),
        name="replay",
        parts=pack_replay_data(documents),
        thresholds={},
        figures={_CLASSIFIER_CHECKSUM: checksum},
    )


def pack_classifier(classifier: DocumentClassifier, scorer: SentenceScorer) -> bytes:
    """The part of a model folder that every refit replaces."""
    return pack_arrays(classifier.to_arrays() | scorer.to_arrays())


def pack_replay_data(documents: FeatureTable) -> dict[str, Any]:
    """The parts of a replay folder: features as compact arrays, and what each document was."""
    features = {
        "matrix": np.concatenate(documents.matrices).astype(np.float16),
        "counts": np.concatenate(documents.counts).astype(np.uint16),
        "sizes": np.array([len(m) for m in documents.matrices], dtype=np.int32),
    }
    packed: dict[str, Any] = {
        FEATURES_FILE: features,
        DOCUMENTS_FILE: json.loads(
            documents.frame.to_json(orient="records", double_precision=_DECIMALS)
        ),
    }
    if documents.fingerprints is not None:
        packed[FINGERPRINTS_FILE] = documents.fingerprints.to_arrays()
    return packed


def round_replay_data(documents: FeatureTable) -> FeatureTable:
    """Documents as they come back out of a replay folder, so that refitting gives the same."""
    return replace(
        documents,
        matrices=[m.astype(np.float16).astype(np.float32) for m in documents.matrices],
        fingerprints=None if documents.fingerprints is None else documents.fingerprints.round(),
        embeddings=None,
    )


def _unpack_features(replay: Bundle) -> FeatureTable:
    arrays = replay.read_arrays(FEATURES_FILE)
    if arrays["matrix"].shape[1] != len(FEATURE_COLUMNS):
        raise ReplayDataError(f"{replay.folder}: of another version; use a newer model's")
    frame = pd.DataFrame(replay.read_json(DOCUMENTS_FILE))
    sizes = arrays["sizes"].astype(np.int64)
    if (
        not set(_NEEDED) <= set(frame.columns)
        or len(sizes) != len(frame)
        or not sizes.sum() == len(arrays["matrix"]) == len(arrays["counts"])
        or not frame["label"].isin(LABELS).all()
    ):
        raise _report_damage(replay)
    bounds = np.cumsum(sizes)[:-1]
    return FeatureTable(
        frame,
        np.split(arrays["matrix"].astype(np.float32), bounds),
        np.split(arrays["counts"].astype(np.int32), bounds),
    )


def _unpack_fingerprints(replay: Bundle, documents: int) -> DocumentFingerprints:
    try:
        fingerprints = DocumentFingerprints.from_arrays(replay.read_arrays(FINGERPRINTS_FILE))
    except (ValueError, KeyError, IndexError) as error:
        raise _report_damage(replay) from error
    if len(fingerprints.words) != documents:
        raise _report_damage(replay)
    return fingerprints


def _report_damage(replay: Bundle) -> ReplayDataError:
    return ReplayDataError(f"{replay.folder}: its parts do not fit together; use another folder")


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

    What was brought again of an article replaces what was kept of it: human texts human ones, a
    machine's versions a machine's.
    """
    brought = set(_list_sides(new.frame))
    stay = np.array([side not in brought for side in _list_sides(old.frame)], dtype=bool)
    return concatenate([old.select(stay), new]), stay


def _list_sides(frame: pd.DataFrame) -> list[tuple[str, bool]]:
    return list(zip(frame["article_id"], frame["label"] == ORIGINAL, strict=True))
