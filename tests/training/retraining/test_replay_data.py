"""Replay data is found beside its model, and refused beside another."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.errors import BundleError
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.training.corpora.validation import find_contradicted
from detector.training.fitting.adapter import refit_guarantees
from detector.training.retraining.replay_data import (
    ReplayDataError,
    load_replay_data,
    locate_replay_data,
    open_replay_data,
    pack_replay_data,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def model(tiny_base_bundle: Path, tmp_path: Path) -> Path:
    """A model folder that may be changed, with its replay data beside it."""
    for source in (tiny_base_bundle, locate_replay_data(tiny_base_bundle)):
        shutil.copytree(source, tmp_path / source.name)
    return tmp_path / tiny_base_bundle.name


@pytest.mark.parametrize(
    ("model", "expected"),
    [("models/default", "models/replay"), ("models/mine", "models/mine-replay")],
)
def test_it_lies_beside_the_model(tmp_path: Path, model: str, expected: str) -> None:
    assert locate_replay_data(tmp_path / model) == tmp_path / expected


def test_the_shipped_model_has_it_in_a_checkout() -> None:
    documents = load_replay_data(Bundle.open(ROOT / "models" / "default"))
    assert len(documents.frame) == len(documents.matrices) == 10925
    assert documents.fingerprints is not None


def test_it_may_lie_elsewhere_and_is_named_then(model: Path, tmp_path: Path) -> None:
    bundle, elsewhere = Bundle.open(model), tmp_path / "elsewhere"
    locate_replay_data(model).rename(elsewhere)
    with pytest.raises(ReplayDataError, match=r"base-replay: no replay data.*--replay"):
        open_replay_data(bundle)
    assert len(load_replay_data(bundle, elsewhere).frame) > 0


def test_that_of_another_model_is_refused(model: Path) -> None:
    other = Bundle.open(ROOT / "models" / "default")
    with pytest.raises(ReplayDataError, match=r"not the replay data of default@.*--replay"):
        open_replay_data(other, locate_replay_data(model))
    with pytest.raises(ReplayDataError, match=r"not the replay data of base@"):
        open_replay_data(Bundle.open(model), other.folder)


def test_an_altered_part_is_refused(model: Path) -> None:
    path = locate_replay_data(model) / "documents.json"
    path.write_text(path.read_text().replace('"original"', '"unoriginal"', 1)[:-2])
    with pytest.raises(BundleError, match=r"documents\.json: (altered|[\d,]+ bytes)"):
        load_replay_data(Bundle.open(model))


def test_matrices_come_back_as_they_were_rounded(model: Path) -> None:
    documents = load_replay_data(Bundle.open(model))
    for matrix in documents.matrices[:5]:
        np.testing.assert_array_equal(matrix, matrix.astype(np.float16).astype(np.float32))
    assert set(documents.frame["guaranteed"]) == {False}


def test_small_weights_are_kept(model: Path) -> None:
    documents = load_replay_data(Bundle.open(model))
    weights = np.linspace(1e-6, 2e-6, len(documents.frame))
    packed = pack_replay_data(replace(documents, frame=documents.frame.assign(weight=weights)))
    kept = [row["weight"] for row in packed["documents.json"]]
    np.testing.assert_allclose(kept, weights, rtol=1e-8)


@pytest.mark.slow
def test_one_in_a_hundred_right_labels_is_doubted() -> None:
    bundle = Bundle.open(ROOT / "models" / "default")
    documents = load_replay_data(bundle)
    classifier = DocumentClassifier.from_arrays(bundle.read_arrays(parts.CLASSIFIER))
    scores = refit_guarantees(documents, classifier).fitted.out_of_fold
    frame = documents.frame.assign(file="replay", row=0)
    doubtful = find_contradicted(frame, scores)
    assert 0.005 <= len(doubtful) / (frame["label"] != "original").sum() <= 0.015
