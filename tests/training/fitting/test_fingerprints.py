"""What is kept of documents' words and embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from detector.model.adapter import MachineFingerprint
from detector.training.fitting.fingerprints import DocumentFingerprints, join_fingerprints

WORDS = [
    np.array([3, 70_000, 4_000_000_000], dtype=np.uint32),
    np.array([], dtype=np.uint32),
    np.array([3, 5], dtype=np.uint32),
]


@pytest.fixture
def fingerprints() -> DocumentFingerprints:
    embeddings = np.random.default_rng(1).normal(0.0, 0.5, (3, 6)).astype(np.float32)
    return DocumentFingerprints(embeddings, WORDS)


def test_words_come_back_and_embeddings_nearly(fingerprints: DocumentFingerprints) -> None:
    arrays = fingerprints.to_arrays()
    assert arrays["embeddings"].dtype == np.int8
    assert arrays["words"].dtype == np.uint16
    again = DocumentFingerprints.from_arrays(arrays)
    for one, other in zip(fingerprints.words, again.words, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(again.embeddings, fingerprints.embeddings, atol=0.0126)


def test_rounding_twice_changes_nothing(fingerprints: DocumentFingerprints) -> None:
    once = fingerprints.round()
    np.testing.assert_array_equal(once.embeddings, once.round().embeddings)


def test_many_words_take_four_bytes() -> None:
    words = np.arange(70_000, dtype=np.uint32)
    arrays = DocumentFingerprints(np.zeros((1, 2), dtype=np.float32), [words]).to_arrays()
    assert arrays["words"].dtype == np.uint32
    np.testing.assert_array_equal(DocumentFingerprints.from_arrays(arrays).words[0], words)


def test_arrays_of_different_documents_are_refused(fingerprints: DocumentFingerprints) -> None:
    arrays = fingerprints.to_arrays()
    with pytest.raises(ValueError, match="not of the same documents"):
        DocumentFingerprints.from_arrays(arrays | {"sizes": arrays["sizes"][:-1]})


def test_joined_fingerprints_are_all_of_them_or_none(fingerprints: DocumentFingerprints) -> None:
    both = join_fingerprints([fingerprints, fingerprints.select(np.array([2, 0]))])
    assert both is not None
    assert [len(w) for w in both.words] == [3, 0, 2, 2, 3]
    np.testing.assert_array_equal(both.embeddings[3], fingerprints.embeddings[2])
    assert join_fingerprints([fingerprints, None]) is None
    wider = DocumentFingerprints(np.zeros((1, 9), dtype=np.float32), [WORDS[0]])
    assert join_fingerprints([fingerprints, wider]) is None


def test_learnt_words_and_direction_are_measured(fingerprints: DocumentFingerprints) -> None:
    fingerprint = MachineFingerprint(
        np.array([3, 4, 70_000], dtype=np.uint32),
        np.array([0.5, 9.0, 1.5], dtype=np.float32),
        np.eye(6, dtype=np.float32)[2],
    )
    measured = fingerprints.measure(fingerprint)
    # twenty words at least are reckoned with, so that three do not shout
    np.testing.assert_allclose(measured[:, 0], [10.0, 0.0, 2.5])
    np.testing.assert_allclose(measured[:, 1], fingerprints.embeddings[:, 2])
    again = MachineFingerprint.from_arrays(fingerprint.to_arrays())
    np.testing.assert_array_equal(fingerprints.measure(again), measured)
