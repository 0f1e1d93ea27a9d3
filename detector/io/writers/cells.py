"""Plain values as JSON or text."""

from __future__ import annotations

import json
from typing import Any


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
