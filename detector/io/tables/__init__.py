"""Rows of every table format, read in one way: CSV, TSV, JSON lines, JSON arrays and Parquet.

To add a format, write a module with a function that takes a stream and `Columns` and yields `Row`s,
and give it a line in `TABLE_FORMATS`: scoring, pairs files and drift then read it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from detector.io.compression import decompress, strip_compression
from detector.io.faults import Fault, UnreadableError
from detector.io.tables.csv_rows import read_csv, read_tsv
from detector.io.tables.json_rows import opens_json, read_json
from detector.io.tables.parquet_rows import read_parquet
from detector.io.tables.rows import Columns, Row

__all__ = [
    "TABLE_FORMATS",
    "Columns",
    "Fault",
    "Row",
    "TableFormat",
    "UnreadableError",
    "find_table_format",
    "iterate_rows",
    "iterate_whole_rows",
]

_ALL_COLUMNS = Columns()


@dataclass(frozen=True)
class TableFormat:
    """A format of tables.

    Attributes:
        name: what the format is called in options.
        title: what it is called in messages.
        endings: of the names of such files, in small letters.
        read: reads the rows of a stream.
        magic: the first bytes of every such file; b"" where they differ.
        opens: whether the first characters of a file are those of this format; None where a
            file's content does not tell it.
        typed: values have types; in the others all are text.
        may_be_empty: a file of no bytes is a table of no rows.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    read: Callable[[io.BufferedReader, Columns], Iterator[Row]]
    magic: bytes = b""
    opens: Callable[[str], bool] | None = None
    typed: bool = True
    may_be_empty: bool = True


TABLE_FORMATS = (
    TableFormat("jsonl", "JSON", (".jsonl", ".ndjson", ".json"), read_json, opens=opens_json),
    TableFormat("csv", "CSV", (".csv",), read_csv, typed=False),
    TableFormat("tsv", "TSV", (".tsv",), read_tsv, typed=False),
    TableFormat("parquet", "Parquet", (".parquet",), read_parquet, b"PAR1", may_be_empty=False),
)
"""Every format of tables that can be read."""


def find_table_format(name: str) -> TableFormat | None:
    """The format that a file's name announces, whatever the file is compressed with."""
    ending = Path(strip_compression(name)).suffix.lower()
    return next((form for form in TABLE_FORMATS if ending in form.endings), None)


def iterate_rows(path: Path, columns: Columns = _ALL_COLUMNS) -> Iterator[Row]:
    """The rows of a table, one at a time, in bounded memory; none where the file is empty.

    A row that cannot be read has its error and stops nothing: what an error means is for the
    caller to say.

    Args:
        path: the file; its name tells the format, and may end in .gz or .zst besides.
        columns: which columns are wanted.

    Raises:
        UnreadableError: the name announces no format of tables, or the file is damaged.
        OSError: the file cannot be opened or read.
    """
    form = find_table_format(path.name)
    if form is None:
        raise UnreadableError(f"{path.name}: not the name of a table")
    with path.open("rb") as compressed:
        stream = decompress(compressed, path.name)
        if stream.peek(1):
            yield from form.read(stream, columns)


def iterate_whole_rows(path: Path, columns: Columns = _ALL_COLUMNS) -> Iterator[Row]:
    """The rows of a table of which every row must be readable; blank ones are passed over.

    A row with too few cells is taken as it is: what it lacks is missing.

    Args:
        path: see `iterate_rows`.
        columns: which columns are wanted.

    Raises:
        UnreadableError: the file, or one of its rows, cannot be read, or is not UTF-8 and does
            not say what else; the message names the row.
        OSError: the file cannot be opened or read.
    """
    form = find_table_format(path.name)
    title = path.suffix if form is None else form.title
    try:
        for row in iterate_rows(path, columns):
            if row.error is None or row.error.fault is Fault.TOO_FEW_CELLS:
                _refuse_guesses(row)
                yield row
            elif row.error.fault is not Fault.BLANK:
                raise UnreadableError(_describe_row(row.number, row.error, title))
    except UnreadableError as reason:
        if reason.fault is not Fault.DAMAGED:
            raise
        raise UnreadableError(f"not {title} that can be read: {reason}") from reason


def _refuse_guesses(row: Row) -> None:
    if row.guessed:
        raise UnreadableError(f"row {row.number}: not UTF-8 ({row.note}); save the file as UTF-8")


def _describe_row(number: int, error: UnreadableError, title: str) -> str:
    match error.fault:
        case Fault.MALFORMED:
            return f"row {number}: not {title}: {error}"
        case Fault.NOT_AN_OBJECT:
            return f"row {number}: not an object with named fields"
        case Fault.TOO_MANY_CELLS:
            return (
                f"row {number}: has more fields than the header: {error}; put texts that hold "
                "commas between quotation marks"
            )
        case Fault.DAMAGED:
            return f"not {title} that can be read: {error}"
    return f"row {number}: {error}"
