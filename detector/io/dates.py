"""Dates as scrapers write them, as seconds: which of two texts came first."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# Seconds or thousandths of seconds since 1970, for the years 1990 to 2100.
_FIRST, _LAST = 631_152_000, 4_102_444_800

_SLASHES = re.compile(r"^(\d{4})/(\d\d)/(\d\d)(?!\d)")

_ZONE_IN_WORDS = " UTC"


def read_date(value: Any) -> float | None:
    """Seconds since 1970 of a date in ISO 8601, as in e-mail, or in seconds or milliseconds.

    ISO 8601 may have slashes between year, month and day, and end in " UTC". A date without a zone
    is taken for UTC; None stands for what is no date.
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
        return _to_seconds(datetime.fromisoformat(_tidy(text)))
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return _to_seconds(parsedate_to_datetime(text))
    return None


def is_blank_date(value: Any) -> bool:
    """Whether there is nothing to read: null, white space, or an empty list or object."""
    return value in (None, [], {}) or (isinstance(value, str) and not value.strip())


def _tidy(text: str) -> str:
    return _SLASHES.sub(r"\1-\2-\3", text.removesuffix(_ZONE_IN_WORDS))


def _read_number(value: float) -> float | None:
    for unit in (1, 1000):
        # No whole number is made a float before it is known to be one that a float holds.
        if _FIRST * unit <= value <= _LAST * unit:
            return value / unit
    return None


def _to_seconds(date: datetime) -> float:
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
