"""Read a user's labelled pairs from tables, row numbers kept, size limited."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from detector.errors import DetectorError
from detector.io.readers.sources import explain
from detector.io.tables import Columns, UnreadableError, find_table_format, iterate_whole_rows

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

_MOST_ROWS_NAMED = 5

_WHOLE_NUMBER = re.compile(r"^(-?\d+)\.0$")


class PairsError(DetectorError):
    """Labelled pairs that cannot be trained on; the message names file and rows."""


def read_pairs(paths: Sequence[Path], most_bytes: int = MOST_BYTES) -> pd.DataFrame:
    """Labelled pairs from tables of any format that `detector.io.tables` reads, as text, unchecked.

    Args:
        paths: the files, each of which is read once; their names tell their formats.
        most_bytes: how much text they may hold, all together.

    Returns:
        `COLUMNS`, all of them text with ``""`` for what is missing, and `PLACE_COLUMNS`.

    Raises:
        PairsError: a file cannot be read, holds neither ``original`` nor ``text``, has no rows,
            or the files hold more than `most_bytes`; the message names the file and the row.
    """
    if not paths:
        raise PairsError("no file of pairs was given")
    budget = _Budget(most_bytes)
    frames = [_read_file(path, budget) for path in drop_repeated(paths)]
    return pd.concat(frames, ignore_index=True)


def drop_repeated(paths: Sequence[Path]) -> list[Path]:
    """The paths in their order, of those that lead to one file the first alone."""
    first: dict[Path, Path] = {}
    for path in paths:
        first.setdefault(path.resolve(), path)
    return list(first.values())


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
    if find_table_format(path.name) is None:
        raise PairsError(
            f"{path}: give pairs as .csv, .jsonl or .parquet; .tsv, .json and, with .gz or .zst "
            "behind the name, compressed files are read too"
        )
    try:
        rows = _collect(path, budget)
    except UnreadableError as reason:
        raise PairsError(f"{path}: {reason}") from reason
    except OSError as error:
        raise PairsError(f"{path}: {explain(error)}") from error
    if not rows:
        raise PairsError(f"{path}: has no rows")
    return pd.DataFrame(rows, columns=[*COLUMNS, *PLACE_COLUMNS])


def _collect(path: Path, budget: _Budget) -> list[tuple[Any, ...]]:
    form = find_table_format(path.name)
    is_typed = form is not None and form.typed
    collected = []
    seen: set[str] = set()
    columns = Columns(known=COLUMNS, check=seen.update, wants=_may_be_used)
    for count, row in enumerate(iterate_whole_rows(path, columns), start=1):
        # Spreadsheets count rows, not lines, and the header is the first.
        number = row.number if is_typed else count + 1
        if not seen.issuperset(row.fields):
            seen |= set(row.fields)
        values = [_as_text(row.fields.get(name), path, number, name) for name in COLUMNS]
        if not is_typed:
            values = [_drop_decimals(value) for value in values]
        budget.take(sum(map(len, values)), path)
        collected.append((*values, str(path), number))
    if collected:
        _check_columns(path, seen)
    return collected


def _may_be_used(name: str, kind: type | None) -> bool:
    """Whether a column is read; those of a Parquet file that we do not use stay on the disk."""
    return kind is None or name in COLUMNS


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
    return _drop_decimals(str(value))


def _drop_decimals(number: str) -> str:
    """A whole number as such: pandas writes 1.0 where another row has none."""
    return _WHOLE_NUMBER.sub(r"\1", number)


def name_rows(frame: pd.DataFrame) -> str:
    """Where rows stand, for a message: "pairs.csv row 3, 9 …; more.csv row 2"."""
    parts = []
    for file, of_file in frame.groupby("file", sort=False):
        rows = [str(row) for row in of_file["row"].head(_MOST_ROWS_NAMED)]
        more = " …" if len(of_file) > _MOST_ROWS_NAMED else ""
        parts.append(f"{Path(str(file)).name} row {', '.join(rows)}{more}")
    return "; ".join(parts)
