"""What callers give as texts and documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def check_texts(texts: Any) -> None:
    """Refuse what is no string and no collection of them.

    Raises:
        TypeError: it is neither; the message names what takes it.
    """
    if type(texts).__name__ == "DataFrame":
        raise TypeError("give a string or strings, not a DataFrame: score_frame takes one")
    if isinstance(texts, bytes | bytearray | dict) or not isinstance(texts, Iterable):
        raise TypeError(f"give a string or strings, not {type(texts).__name__}")


def check_text(item: Any, position: int) -> str:
    """An item of a collection of texts; a missing one is an empty text.

    Raises:
        TypeError: it is neither a string nor missing.
    """
    if isinstance(item, str):
        return item
    if item is None or _is_missing(item):
        return ""
    raise TypeError(f"text {position} is {type(item).__name__}; give strings")


def check_pair(item: Any, position: int) -> tuple[Any, Any]:
    """An item of a collection of documents: its id and its text.

    Raises:
        TypeError: it is no pair. A string of two characters is none, either.
    """
    is_one = isinstance(item, str | bytes | dict) or not isinstance(item, Iterable)
    parts = () if is_one else tuple(item)
    if len(parts) != 2:
        raise TypeError(f"document {position} is {type(item).__name__}; give pairs of id and text")
    return parts[0], parts[1]


def _is_missing(item: Any) -> bool:
    """Whether an item is NaN, or pandas' NA, which answers every comparison with itself."""
    unequal = item != item
    return unequal is item or (isinstance(unequal, bool | np.bool_) and bool(unequal))
