"""Dates as scrapers write them, as seconds: which of two texts came first."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# Seconds or thousandths of seconds since 1970, for the years 1990 to 2100.
_FIRST, _LAST = 631_152_000, 4_102_444_800


def read_date(value: Any) -> float | None:
    """Seconds since 1970 of a date in ISO 8601, as in e-mail, or in seconds or milliseconds.

    A date without a zone is taken for UTC; None stands for what is no date.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _read_number(value)
    text = str(value).strip()
    # Milliseconds come first, for ISO 8601 takes "1611012312345" for a day of the year 1611. A date
    # of digits, "20240101", is too small a number to be either.
    with suppress(ValueError):
        if (seconds := _read_number(float(text))) is not None:
            return seconds
    with suppress(ValueError):
        return _to_seconds(datetime.fromisoformat(text))
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return _to_seconds(parsedate_to_datetime(text))
    return None


def _read_number(value: float) -> float | None:
    for unit in (1, 1000):
        # No whole number is made a float before it is known to be one that a float holds.
        if _FIRST * unit <= value <= _LAST * unit:
            return value / unit
    return None


def _to_seconds(date: datetime) -> float:
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
