"""Dates as scrapers write them."""

from __future__ import annotations

import pytest

from detector.io.dates import read_date

DAY = 1_700_006_400.0  # 15 November 2023, in UTC


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2023-11-15", DAY),
        ("2023-11-15T01:00:00+01:00", DAY),
        ("2023-11-15T00:00:00Z", DAY),
        ("Wed, 15 Nov 2023 00:00:00 GMT", DAY),
        (1_700_006_400, DAY),
        (1_700_006_400_000, DAY),
        ("1700006400", DAY),
        ("", None),
        ("yesterday", None),
        (7, None),
        (True, None),
        (None, None),
        (["2023-11-15"], None),
    ],
)
def test_dates_are_read_as_seconds(written: object, seconds: float | None) -> None:
    assert read_date(written) == seconds
