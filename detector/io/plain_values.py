"""Values of tables and frames as plain Python, which JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


def make_plain(value: Any, read_bytes: Callable[[bytes], Any] = str) -> Any:
    """What JSON can hold of a value, as deep as it goes.

    Numbers of numpy become Python's and its arrays lists, dates ISO 8601, times that passed
    seconds, and numbers that are none, or beyond what a double holds, None.

    Args:
        value: any.
        read_bytes: makes text of bytes.
    """
    match value:
        case None | bool() | str():
            return value
        case float():
            return float(value) if math.isfinite(value) else None
        case int():
            return int(value)
        case Mapping():
            return {str(key): make_plain(item, read_bytes) for key, item in value.items()}
        case list() | tuple():
            return [make_plain(item, read_bytes) for item in value]
        case datetime() | date() | time():
            # pandas' NaT is a date that is not equal to itself.
            return value.isoformat() if value == value else None
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return _make_number(value)
        case bytes():
            return read_bytes(value)
    plain = value.tolist() if hasattr(value, "tolist") else str(value)
    # A number of numpy's that Python has none for stays what it is.
    return make_plain(plain, read_bytes) if type(plain) is not type(value) else str(value)


def _make_number(value: Decimal) -> int | float | None:
    number = float(value) if value.is_finite() else math.nan
    if not math.isfinite(number):
        return None
    return int(value) if value == value.to_integral_value() else number
