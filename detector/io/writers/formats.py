"""Every format that can be written, a line each: its name, its files' endings, its writer.

To add one, write a module with a class that is a `RowWriter` and a function that joins finished
files, and give it a line in `OUTPUT_FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from detector.io.tables.csv_rows import COMMA, TAB
from detector.io.writers.compression import split_suffix
from detector.io.writers.csv_table import CsvWriter, join_csv
from detector.io.writers.json_lines import JsonWriter, join_lines
from detector.io.writers.parquet import ParquetWriter, join_parquet
from detector.io.writers.rows import FormatError, RowWriter

__all__ = ["OUTPUT_FORMATS", "FormatError", "OutputFormat", "find_output_format"]


@dataclass(frozen=True)
class OutputFormat:
    """A format that can be written.

    Attributes:
        name: what the format is called.
        endings: of the names of such files, in small letters.
        open: makes a writer to a stream, from the file's path and its columns.
        join: writes finished files into a stream, one after the other, from their paths, the
            path of what is written, and all the columns.
        may_be_compressed: ".gz" or ".zst" may stand behind the ending.
    """

    name: str
    endings: tuple[str, ...]
    open: Callable[[IO[bytes], Path, Sequence[str]], RowWriter]
    join: Callable[[Sequence[Path], IO[bytes], Path, Sequence[str]], None]
    may_be_compressed: bool = True


OUTPUT_FORMATS = (
    OutputFormat("jsonl", (".jsonl", ".ndjson", ".json"), JsonWriter, join_lines),
    OutputFormat("csv", (".csv",), partial(CsvWriter, COMMA), partial(join_csv, COMMA)),
    OutputFormat("tsv", (".tsv",), partial(CsvWriter, TAB), partial(join_csv, TAB)),
    OutputFormat("parquet", (".parquet",), ParquetWriter, join_parquet, may_be_compressed=False),
)
"""What can be written."""


def find_output_format(path: Path) -> OutputFormat:
    """The format that a file's name announces.

    Raises:
        FormatError: it announces none, or one that cannot be compressed as it says.
    """
    ending, compression = split_suffix(path)
    form = next((form for form in OUTPUT_FORMATS if ending in form.endings), None)
    if form is None:
        known = ", ".join(sorted(ending for form in OUTPUT_FORMATS for ending in form.endings))
        raise FormatError(f"{path}: no known format: end the name in one of {known}")
    if compression and not form.may_be_compressed:
        name = form.name.capitalize()
        raise FormatError(f"{path}: {name} is compressed inside: leave {compression} off the name")
    return form
