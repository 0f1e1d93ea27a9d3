"""Which format a file is written in, told by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from detector.errors import DetectorError

JSON_LINES, CSV, TSV, PARQUET = OUTPUT_FORMATS = ("jsonl", "csv", "tsv", "parquet")
"""What can be written."""

RESULT_SCHEMA: Mapping[str, str] = {
    "id": "string",
    "probability": "double",
    "label": "string",
    "probability_original": "double",
    "probability_translated": "double",
    "probability_spun": "double",
    "flagged": "bool",
    "threshold": "double",
    "false_positive_rate": "double",
    "reason": "string",
    "error": "string",
    "words": "int32",
    "language": "string",
    "signature": "string",
    "original_id": "string",
    "original_score": "double",
    "original_probability": "double",
    "relation": "string",
    "comparison_probability": "double",
    "comparison_flagged": "bool",
    "coverage": "double",
}
"""Types in Parquet of the columns that a result may have, all of them nullable.

Other columns are truth values or doubles where all their values are; all else is a string, in
which what is no text stands as JSON. Types are plain, so that pandas, DuckDB and Spark agree.
"""

_FORMATS = {
    ".csv": CSV,
    ".json": JSON_LINES,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".parquet": PARQUET,
    ".tsv": TSV,
}

_COMPRESSIONS = frozenset({".gz", ".zst"})


class FormatError(DetectorError):
    """A file's name tells no format that can be written, or the library for it is missing."""


class RowWriter(Protocol):
    """What takes rows, one at a time."""

    def write(self, row: Mapping[str, Any]) -> None:
        """Take the next row."""


def format_of(path: Path) -> str:
    """Which of `OUTPUT_FORMATS` a file's name announces; FormatError where it announces none."""
    suffix, compression = split_suffix(path)
    form = _FORMATS.get(suffix)
    if form is None:
        known = ", ".join(sorted(_FORMATS))
        raise FormatError(f"{path}: no known format: end the name in one of {known}")
    if form == PARQUET and compression:
        raise FormatError(f"{path}: Parquet is compressed inside: leave {compression} off the name")
    return form


def split_suffix(path: Path) -> tuple[str, str]:
    last = path.suffix.lower()
    if last not in _COMPRESSIONS:
        return last, ""
    return Path(path.stem).suffix.lower(), last
