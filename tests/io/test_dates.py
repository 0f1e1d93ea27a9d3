"""Dates as scrapers write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.io.dates import is_blank_date, read_date

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
        # What no float or no date can hold is none.
        (10**400, None),
        (float("inf"), None),
        ("9" * 400, None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 +0000", None),
        # Milliseconds in which ISO 8601 sees a day of the year 1611.
        ("1611012312345", 1_611_012_312.345),
        ("1611012312345.0", 1_611_012_312.345),
        ("20231115", DAY),
        ("20231115T000000Z", DAY),
        ("2023/11/15", DAY),
        ("2023/11/15 00:00:00", DAY),
        ("2023/11/15T01:00:00+01:00", DAY),
        ("2023-11-15 00:00:00 UTC", DAY),
        ("2023-11-15T00:00:00 UTC", DAY),
        ("2023/11/15 UTC", DAY),
        ("15/11/2023", None),  # or the fifteenth month: who knows
        ("2023/15/11", None),
        ("2023/11/155", None),
        (" UTC", None),
    ],
)
def test_dates_are_read_as_seconds(written: object, seconds: float | None) -> None:
    assert read_date(written) == seconds


@pytest.mark.parametrize("unit", [1, 1000])
def test_seconds_and_milliseconds_are_read_as_such_in_text_too(unit: int) -> None:
    # 1990 to 2100, some 12 days and 7 h apart.
    for seconds in range(631_152_000, 4_102_444_800, 1_061_111):
        number = seconds * unit + unit // 3
        assert read_date(number) == read_date(str(number)) == number / unit


def test_days_of_digits_are_days() -> None:
    day = datetime(1900, 1, 1, tzinfo=UTC)
    while day.year < 2101:
        assert read_date(f"{day:%Y%m%d}") == read_date(f"{day:%Y-%m-%d}") == day.timestamp()
        day += timedelta(days=1)


def test_what_is_no_date_is_told_from_what_is_nothing() -> None:
    assert all(map(is_blank_date, (None, "", " \n", [], {})))
    assert not any(map(is_blank_date, ("soon", 0, False, 2024, ["2023-11-15"])))
