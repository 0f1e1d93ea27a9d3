"""Texts that a caller has at hand, as frames and Spark do, taken as readers take those of files."""

from __future__ import annotations

from detector.io.faults import UnreadableError
from detector.io.readers import BadInput, Record
from detector.io.readers.records import check_text, take_original


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
        checked = check_text(text)
        reference = take_original(original, original_name)
        return Record(row, checked, source, row, reference=reference)
    except UnreadableError as reason:
        return BadInput(row, source, row, str(reason), fault=reason.fault)
