"""Why a file or a row cannot be read: a code for programs, and a text for whoever wrote it."""

from __future__ import annotations

from enum import Enum

DOCUMENT_LIMIT = 1024 * 1024
"""Longest text that is scored, in bytes: some 170,000 words, which no article has."""

ROW_LIMIT_BYTES = 16 * DOCUMENT_LIMIT
"""Longest row or page that is read, in bytes: other fields may hold a whole page."""

ROW_TOO_LONG = f"too long for a row: more than {ROW_LIMIT_BYTES:,} bytes"

BINARY = "binary, not text"

HOLDS_ZERO_BYTE = f"{BINARY} (holds a zero byte)"

_TYPE_NAMES = {
    bool: "truth value",
    dict: "object",
    float: "number",
    int: "number",
    list: "list",
    str: "string",
    type(None): "null",
}


class Fault(Enum):
    """What is wrong with a file or a row."""

    BLANK = "blank"
    DAMAGED = "damaged"
    MALFORMED = "malformed"
    MISSING_COLUMN = "missing column"
    MISSING_LIBRARY = "missing library"
    NOT_AN_OBJECT = "not an object"
    NOT_TEXT = "not text"
    TOO_FEW_CELLS = "too few cells"
    TOO_LONG = "too long"
    TOO_MANY_CELLS = "too many cells"
    OTHER = "other"


class UnreadableError(Exception):
    """A file or a row cannot be read; the message is the reason.

    Args:
        reason: the fault in words, for a user.
        fault: the fault as a code, for programs, which never read the words.
    """

    def __init__(self, reason: str, fault: Fault = Fault.OTHER) -> None:
        super().__init__(reason)
        self.fault = fault


def explain_missing(what: str, library: str, extra: str = "batch") -> UnreadableError:
    """The error for input that only an optional library can read.

    Args:
        what: cannot be read without it.
        library: is missing.
        extra: of this package that installs it.

    >>> str(explain_missing("WARC files", "warcio"))
    "WARC files need warcio: pip install 'mt-artifact-detector[batch]'"
    """
    reason = f"{what} need {library}: pip install 'mt-artifact-detector[{extra}]'"
    return UnreadableError(reason, Fault.MISSING_LIBRARY)


def name_type(value: object) -> str:
    """What the type of a JSON value is called in a message."""
    return _TYPE_NAMES.get(type(value), type(value).__name__)
