"""What callers may choose is told apart from what they may not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detector.choices import check_count


def test_a_whole_number_is_taken_whoever_made_it() -> None:
    assert [check_count("workers", one) for one in (1, 8, np.int64(2))] == [1, 8, 2]
    assert type(check_count("workers", np.int64(2))) is int


@pytest.mark.parametrize(
    ("count", "error", "message"),
    [
        (0, ValueError, "workers must be at least 1, not 0"),
        (-1, ValueError, "workers must be at least 1, not -1"),
        ("2", TypeError, r"workers is str \('2'\); give a whole number"),
        (1.5, TypeError, r"workers is float \(1\.5\); give a whole number"),
        (True, TypeError, r"workers is bool \(True\); give a whole number"),
        (None, TypeError, r"workers is NoneType \(None\); give a whole number"),
    ],
)
def test_no_number_of_anything_is_refused_by_name(
    count: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        check_count("workers", count)
