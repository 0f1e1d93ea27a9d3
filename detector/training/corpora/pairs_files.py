"""Read a user's labelled pairs from CSV, JSON lines and Parquet, row numbers kept, size limited."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from detector.errors import DetectorError

#: Text of all files together, in bytes: some 50,000 articles with a version of each, and 1 GB of
#: memory. The classifier has a few dozen weights to learn; more rows make it no better.
MOST_BYTES = 256 * 1024 * 1024

TEXT_COLUMNS = ("original", "text")

#: What is used where it is there; other columns are left alone.
OPTIONAL_COLUMNS = ("kind", "pivot", "system", "article_id", "outlet", "split", "weight")

COLUMNS = (*TEXT_COLUMNS, *OPTIONAL_COLUMNS)

#: Which file a row stands in, and its number there: 1 is a CSV's header, or the first row of JSON
#: lines and Parquet.
PLACE_COLUMNS = ("file", "row")

_PARQUET_ROWS_AT_ONCE = 64

_WHOLE_NUMBER = re.compile(r"^(-?\d+)\.0$")

Row = tuple[int, Mapping[str, Any]]


class PairsError(DetectorError):
    """Labelled pairs that cannot be trained on; the message names file and rows."""


def read_pairs(paths: Sequence[Path], most_bytes: int = MOST_BYTES) -> pd.DataFrame:
    """Labelled pairs from CSV, JSON lines or Parquet files, as text, unchecked.

    Returns:
        `COLUMNS`, all of them text with ``""`` for what is missing, and `PLACE_COLUMNS`.

    Raises:
        PairsError: a file cannot be read, holds neither ``original`` nor ``text``, has no rows,
            or the files hold more than `most_bytes`; the message names the file and the row.
    """
    if not paths:
        raise PairsError("no file of pairs was given")
    budget = _Budget(most_bytes)
    frames = [_read_file(path, budget) for path in paths]
    return pd.concat(frames, ignore_index=True)


class _Budget:
    """Bytes of text that may still be read, so that no file can fill the memory."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = most

    def take(self, size: int, path: Path) -> None:
        self.left -= size
        if self.left < 0:
            raise PairsError(
                f"{path}: more than {self.most // 2**20:,} MiB of text in all; give a sample: some "
                "thousand articles say as much as all of them"
            )


def _read_file(path: Path, budget: _Budget) -> pd.DataFrame:
    readers = {
        ".csv": _iterate_csv,
        ".jsonl": _iterate_json_lines,
        ".ndjson": _iterate_json_lines,
        ".parquet": _iterate_parquet,
    }
    read = readers.get(path.suffix.lower())
    if read is None:
        raise PairsError(f"{path}: give pairs as .csv, .jsonl or .parquet")
    try:
        rows = _collect(path, read(path), budget)
    except UnicodeDecodeError as error:
        raise PairsError(
            f"{path}: not UTF-8 (at byte {error.start:,}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise PairsError(f"{path}: cannot be read: {error}") from error
    if not rows:
        raise PairsError(f"{path}: has no rows")
    return pd.DataFrame(rows, columns=[*COLUMNS, *PLACE_COLUMNS])


def _collect(path: Path, rows: Iterable[Row], budget: _Budget) -> list[tuple[Any, ...]]:
    collected = []
    seen: set[str] = set()
    for number, row in rows:
        if not seen.issuperset(row):
            seen |= set(row)
        values = [_as_text(row.get(name), path, number, name) for name in COLUMNS]
        budget.take(sum(map(len, values)), path)
        collected.append((*values, str(path), number))
    if collected:
        _check_columns(path, seen)
    return collected


def _check_columns(path: Path, present: set[str]) -> None:
    if present.intersection(TEXT_COLUMNS):
        return
    near = [match for name in TEXT_COLUMNS for match in _find_alike(name, present)]
    hint = f"; rename {', '.join(map(repr, near))}" if near else ""
    raise PairsError(
        f"{path}: has no column 'original' and no column 'text'; it has "
        f"{', '.join(map(repr, sorted(present))) or 'none'}{hint}"
    )


def _find_alike(name: str, present: set[str]) -> list[str]:
    lowered = {column.strip().lower(): column for column in present}
    return [lowered[match] for match in get_close_matches(name, lowered, n=1)]


def _as_text(value: Any, path: Path, number: int, name: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PairsError(
            f"{path}: row {number}: {name} is {type(value).__name__}, not text; write a string"
        )
    # pandas writes whole numbers as 1.0 where one of them is missing.
    return _WHOLE_NUMBER.sub(r"\1", str(value))


def _iterate_csv(path: Path) -> Iterator[Row]:
    # The module's own limit of 128 KiB a field is less than a long article.
    csv.field_size_limit(MOST_BYTES)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            reader = csv.DictReader(stream, strict=True)
            for number, row in enumerate(reader, start=2):
                if None in row:
                    raise PairsError(
                        f"{path}: row {number}: has more fields than the header; put texts that "
                        "hold commas between quotation marks"
                    )
                whole = {k: _WHOLE_NUMBER.sub(r"\1", v or "") for k, v in row.items()}
                yield number, whole
        except csv.Error as error:
            raise PairsError(f"{path}: line {reader.line_num}: not CSV: {error}") from error


def _iterate_json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise PairsError(f"{path}: row {number}: not JSON: {error}") from error
            if not isinstance(row, dict):
                raise PairsError(f"{path}: row {number}: not an object with named fields")
            yield number, row


def _iterate_parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise PairsError(
            f"{path}: reading Parquet needs pyarrow: pip install 'mt-artifact-detector[train]'"
        ) from error
    try:
        file = ParquetFile(path)
        present = file.schema_arrow.names
        number = 0
        # A few rows at a time: what is packed small may unfold to more than the memory holds.
        for batch in file.iter_batches(
            _PARQUET_ROWS_AT_ONCE, columns=[name for name in COLUMNS if name in present]
        ):
            for row in batch.to_pylist():
                number += 1
                yield number, dict.fromkeys(present) | row
    except pyarrow.ArrowException as error:
        raise PairsError(f"{path}: not Parquet that can be read: {error}") from error


def name_rows(frame: pd.DataFrame, most: int = 5) -> str:
    """Where rows stand, for a message: "pairs.csv row 3, 9 …; more.csv row 2"."""
    parts = []
    for file, of_file in frame.groupby("file", sort=False):
        rows = [str(row) for row in of_file["row"].head(most)]
        more = " …" if len(of_file) > most else ""
        parts.append(f"{Path(str(file)).name} row {', '.join(rows)}{more}")
    return "; ".join(parts)
