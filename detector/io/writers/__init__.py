"""Rows into files: JSON lines, CSV, TSV or Parquet, by extension, whole or not at all.

A file is written under a temporary name in its folder and put in place when all of it has reached
the disk: who looks there finds the old file, the new one or none, never a part of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from detector.io.atomic_files import replace_whole
from detector.io.writers.formats import find_output_format
from detector.io.writers.rows import FormatError, RowWriter


@contextmanager
def open_writer(path: Path, columns: Sequence[str]) -> Iterator[RowWriter]:
    """A writer of rows to a file, which is put in place when the context ends without an error.

    Args:
        path: what to write; the name ends in .jsonl, .ndjson, .json, .csv or .tsv, each with .gz
            or .zst behind it if it is to be compressed, or in .parquet.
        columns: the columns in their order. A row may lack some; in JSON lines and Parquet it may
            have others, which follow.

    Raises:
        FormatError: the name announces no format.
        MissingPackageError: the library for the format is missing.
        OSError: the file cannot be written, the disk is full say; the old one is untouched.
        ValueError: from `write`, a row of CSV has a column that was not announced.
    """
    form = find_output_format(path)
    with replace_whole(path) as stream:
        writer = form.open(stream, path, columns)
        try:
            yield writer
            writer.finish()
        finally:
            writer.close()


def concatenate(parts: Sequence[Path], target: Path, columns: Sequence[str]) -> None:
    """Join files that `open_writer` wrote into one, in their order; whole or not at all.

    Args:
        parts: files of the target's format; their columns may differ.
        target: the file to make; the parts are left where they are.
        columns: all the columns, in their order; one that a part lacks is null there.

    Raises:
        FormatError: a name announces no format, or a part's another than the target's.
        MissingPackageError: the library for the format is missing.
        OSError: a part cannot be read, or the target not be written.
    """
    form = find_output_format(target)
    if other := next((part for part in parts if find_output_format(part) != form), None):
        raise FormatError(f"{other}: not of the format of {target}")
    with replace_whole(target) as stream:
        form.join(parts, stream, target, columns)
