"""Values as plain Python, JSON or text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


def make_plain(value: Any) -> Any:
    """What JSON can hold: numpy's numbers as Python's, dates as ISO 8601, NaN as None."""
    match value:
        case None | bool() | str():
            return value
        case float():
            return float(value) if math.isfinite(value) else None
        case int():
            return int(value)
        case Mapping():
            return {str(key): make_plain(item) for key, item in value.items()}
        case list() | tuple():
            return [make_plain(item) for item in value]
        case datetime() | date() | time():
            # pandas' NaT is a date that is not equal to itself.
            return value.isoformat() if value == value else None
        case Decimal():
            return float(value) if value.is_finite() else None
    return make_plain(value.item()) if hasattr(value, "item") else str(value)


def to_json(value: Any) -> str:
    """A plain value as JSON, letters of all scripts as they are."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


# Half a surrogate pair has no UTF-8; written as \ud83d it does no harm, and in JSON it is even
# the right escape.
ON_SURROGATES = "backslashreplace"


def clean_text(text: str) -> str:
    """The text, half surrogate pairs in it as escapes, so that it has a UTF-8."""
    return text.encode("utf-8", ON_SURROGATES).decode("utf-8")


def spell_value(value: Any) -> str | None:
    """A number or truth value as JSON; a whole number that was made a double is whole again."""
    if value is None:
        return None
    return to_json(int(value) if isinstance(value, float) and value.is_integer() else value)
