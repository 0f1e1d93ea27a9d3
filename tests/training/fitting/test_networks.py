"""The network of words learns from columns and embeddings, and says what torch's layers say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from detector.training.fitting.networks import fit_word_network, measure_columns

pytest.importorskip("torch")

WORDS, COLUMNS, WIDTH = 3000, 3, 8


def draw_words(
    seed: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float16], npt.NDArray[np.int64]]:
    """Words that are traces where a column and a dimension of the embedding together are high."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(5.0, 3.0, (WORDS, COLUMNS)).astype(np.float32)
    embeddings = rng.normal(-1.0, 0.2, (WORDS, WIDTH)).astype(np.float16)
    together = (columns[:, 1] - 5.0) / 3.0 + (embeddings[:, 4] + 1.0) / 0.2
    return columns, embeddings, (together > 1.0).astype(np.int64)


def test_traces_are_told_by_columns_and_embeddings() -> None:
    columns, embeddings, labels = draw_words(1)
    measure = measure_columns([(columns, embeddings)])
    network = fit_word_network(columns, embeddings, labels, 3, measure, epochs=150)
    assert network.weights.shape[0] == COLUMNS + WIDTH
    assert network.weights.dtype == np.float32
    columns, embeddings, labels = draw_words(2)

    def count_right(rows: npt.NDArray[np.float32]) -> float:
        return float(((network(rows)[:, 0] > 0) == labels).mean())

    assert count_right(np.hstack([columns, embeddings])) > 0.9
    assert count_right(np.hstack([columns, np.full_like(embeddings, -1.0)])) < 0.85


def test_fit_depends_on_its_seed_alone() -> None:
    columns, embeddings, labels = draw_words(1)
    measure = measure_columns([(columns, embeddings)])
    fits = [
        fit_word_network(columns, embeddings, labels, seed, measure, epochs=1) for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(fits[0].weights, fits[1].weights)
    assert not np.array_equal(fits[0].weights, fits[2].weights)


def test_columns_are_measured_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.training.fitting.networks._ROWS_AT_A_TIME", 700)
    columns, embeddings, _ = draw_words(1)
    columns[:, 2] = 4.0
    center, scale = measure_columns(
        [(columns[:900], embeddings[:900]), (columns[900:], embeddings[900:])]
    )
    joined = np.hstack([columns, embeddings.astype(np.float32)])
    np.testing.assert_allclose(center, joined.mean(0), rtol=1e-4)
    expected = joined.std(0)
    expected[2] = 1.0  # what is always the same has no spread to be measured in
    np.testing.assert_allclose(scale, expected, rtol=1e-3)
