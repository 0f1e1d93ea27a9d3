"""Texts that a caller has at hand, as frames and Spark do, taken as readers take those of files."""

from __future__ import annotations

from detector.io.faults import UnreadableError
from detector.io.readers import BadInput, Record
from detector.io.readers.records import check_text


def take_given(
    text: str, original: str | None, original_name: str, *, source: str, row: int
) -> Record | BadInput:
    """A record of a text and its original, or why a file with them could not be read.

    A blank text is left to the detector, which says so; a blank original is none.

    Args:
        text: to be scored.
        original: of which it may be a copy, if there is one.
        original_name: what the column of originals is called.
        source: what the caller's table is called.
        row: the text's place there.
    """
    if not text.strip():
        return Record(row, text, source, row)
    try:
        return Record(
            row, check_text(text), source, row, reference=_take_original(original, original_name)
        )
    except UnreadableError as reason:
        return BadInput(row, source, row, str(reason), fault=reason.fault)


def _take_original(original: str | None, name: str) -> str | None:
    if original is None or not original.strip():
        return None
    try:
        return check_text(original)
    except UnreadableError as reason:
        raise UnreadableError(f"field {name!r}: {reason}") from reason
