"""Thresholds are found by their rate, and come back from arrays."""

import numpy as np
import pytest

from detector.model.thresholds import Thresholds

THRESHOLDS = Thresholds({0.05: 1.5, 0.001: 3.25, 0.01: 2.5})


def test_rates_rise() -> None:
    assert list(THRESHOLDS.items()) == [(0.001, 3.25), (0.01, 2.5), (0.05, 1.5)]
    assert THRESHOLDS == {0.05: 1.5, 0.01: 2.5, 0.001: 3.25}


@pytest.mark.parametrize(
    ("rate", "expected"), [(0.01, 2.5), (1 / 100 + 1e-13, 2.5), (0.02, None), (0.0100001, None)]
)
def test_a_rate_is_found_in_spite_of_rounding(rate: float, expected: float | None) -> None:
    assert THRESHOLDS.find(rate) == expected


def test_nothing_is_guaranteed_by_no_thresholds() -> None:
    assert Thresholds({}).find(0.01) is None
    assert Thresholds.from_arrays(Thresholds({}).to_arrays()) == {}


def test_arrays_bring_them_back_to_the_last_digit() -> None:
    odd = Thresholds({0.01: float(np.nextafter(0.1, 1)), 0.05: 1 / 3})
    assert Thresholds.from_arrays(odd.to_arrays()) == odd
