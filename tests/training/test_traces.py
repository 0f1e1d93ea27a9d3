"""Traces of documents: what is kept of their words and embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from detector.model.fingerprint import LearntTraces
from detector.training.retraining.fingerprints import Traces, join_traces

WORDS = [
    np.array([3, 70_000, 4_000_000_000], dtype=np.uint32),
    np.array([], dtype=np.uint32),
    np.array([3, 5], dtype=np.uint32),
]


@pytest.fixture
def traces() -> Traces:
    embeddings = np.random.default_rng(1).normal(0.0, 0.5, (3, 6)).astype(np.float32)
    return Traces(embeddings, WORDS)


def test_words_come_back_and_embeddings_nearly(traces: Traces) -> None:
    arrays = traces.to_arrays()
    assert arrays["embeddings"].dtype == np.int8
    assert arrays["words"].dtype == np.uint16
    again = Traces.from_arrays(arrays)
    for one, other in zip(traces.words, again.words, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(again.embeddings, traces.embeddings, atol=0.0126)


def test_rounding_twice_changes_nothing(traces: Traces) -> None:
    once = traces.round()
    np.testing.assert_array_equal(once.embeddings, once.round().embeddings)


def test_many_words_take_four_bytes() -> None:
    words = np.arange(70_000, dtype=np.uint32)
    arrays = Traces(np.zeros((1, 2), dtype=np.float32), [words]).to_arrays()
    assert arrays["words"].dtype == np.uint32
    np.testing.assert_array_equal(Traces.from_arrays(arrays).words[0], words)


def test_arrays_of_different_documents_are_refused(traces: Traces) -> None:
    arrays = traces.to_arrays()
    with pytest.raises(ValueError, match="not of the same documents"):
        Traces.from_arrays(arrays | {"sizes": arrays["sizes"][:-1]})


def test_joined_traces_are_all_of_them_or_none(traces: Traces) -> None:
    both = join_traces([traces, traces.select(np.array([2, 0]))])
    assert both is not None
    assert [len(w) for w in both.words] == [3, 0, 2, 2, 3]
    np.testing.assert_array_equal(both.embeddings[3], traces.embeddings[2])
    assert join_traces([traces, None]) is None
    wider = Traces(np.zeros((1, 9), dtype=np.float32), [WORDS[0]])
    assert join_traces([traces, wider]) is None


def test_learnt_words_and_direction_are_measured(traces: Traces) -> None:
    learnt = LearntTraces(
        np.array([3, 4, 70_000], dtype=np.uint32),
        np.array([0.5, 9.0, 1.5], dtype=np.float32),
        np.eye(6, dtype=np.float32)[2],
    )
    measured = traces.measure(learnt)
    # twenty words at least are reckoned with, so that three do not shout
    np.testing.assert_allclose(measured[:, 0], [10.0, 0.0, 2.5])
    np.testing.assert_allclose(measured[:, 1], traces.embeddings[:, 2])
    again = LearntTraces.from_arrays(learnt.to_arrays())
    np.testing.assert_array_equal(traces.measure(again), measured)
