"""From what a caller names to open files: folders, patterns, formats by name."""

from __future__ import annotations

import glob
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from detector.io.readers.compression import SUFFIXES
from detector.io.readers.records import STANDARD_INPUT, BadInput, UnreadableError

TEXT, HTML, JSON_LINES, CSV, TSV, PARQUET, WARC = INPUT_FORMATS = (
    "text",
    "html",
    "jsonl",
    "csv",
    "tsv",
    "parquet",
    "warc",
)
"""What `read_records` can read, by the names that it takes."""

_FORMATS = {
    ".csv": CSV,
    ".htm": HTML,
    ".html": HTML,
    ".json": JSON_LINES,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".parquet": PARQUET,
    ".tsv": TSV,
    ".txt": TEXT,
    ".warc": WARC,
    ".xhtml": HTML,
}

# Scored as plain text, their markup would pass for an author's style.
_REFUSED = frozenset({".xml"})

_OF_ROWS = frozenset({JSON_LINES, CSV, TSV, PARQUET})

# What Spark and Hive lay beside the files of a table.
_TABLE_LITTER = frozenset({"_SUCCESS", "_committed", "_common_metadata", "_metadata", "_temporary"})


def find_named_compression(source: str) -> str | None:
    """The compression that a file's name announces."""
    return SUFFIXES.get(Path(source).suffix.lower())


def find_named_format(source: str) -> str | None:
    """The format that a file's name announces, whatever it is compressed with.

    Raises:
        UnreadableError: files of that name are not read.
    """
    path = Path(source)
    suffix = Path(path.stem).suffix if find_named_compression(source) else path.suffix
    if suffix.lower() in _REFUSED:
        raise UnreadableError(f"{suffix} files are not read: give {', '.join(INPUT_FORMATS)}")
    return _FORMATS.get(suffix.lower())


def holds_rows(source: str) -> bool:
    """Whether a file's name says that it holds a document a row."""
    try:
        return find_named_format(source) in _OF_ROWS
    except UnreadableError:
        return False


def expand_source(source: str) -> Iterator[str | BadInput]:
    """The files that a name stands for: itself, those of a folder, those that a pattern matches.

    Folders are searched to the bottom in the order of names; hidden files, and what Spark lays
    beside a table's, are left out.
    """
    path = Path(source)
    if source == STANDARD_INPUT or path.is_file():
        yield source
    elif path.is_dir():
        yield from _list_folder(path, source)
    elif glob.has_magic(source) and not path.exists():
        yield from _match_pattern(source)
    else:
        yield source


def _list_folder(folder: Path, source: str) -> Iterator[str | BadInput]:
    found = False
    for item in _walk(folder):
        found = True
        yield item
    if not found:
        yield BadInput(source, source, None, "a folder without a file to read")


def _walk(folder: Path) -> Iterator[str | BadInput]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        yield BadInput(str(folder), str(folder), None, explain(error))
        return
    for path in paths:
        if path.name.startswith(".") or path.name in _TABLE_LITTER:
            continue
        if path.is_dir():
            # A link to a folder may lead back to where it lies.
            if not path.is_symlink():
                yield from _walk(path)
        elif path.is_file():
            yield str(path)
        else:
            yield BadInput(str(path), str(path), None, "neither a file nor a folder")


def _match_pattern(pattern: str) -> Iterator[str | BadInput]:
    found = False
    for name in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207 - keeps names as given
        path = Path(name)
        if not path.is_dir():
            found = True
            yield name
        elif "**" not in pattern:
            # Two stars have the files of every folder match already.
            found = True
            yield from _list_folder(path, name)
    if not found:
        yield BadInput(pattern, pattern, None, "no file matches the pattern")


@contextmanager
def open_source(source: str, standard_input: BinaryIO | None) -> Iterator[io.BufferedReader]:
    """The bytes of a file, or of what stands for standard input."""
    if source != STANDARD_INPUT:
        with Path(source).open("rb") as stream:
            yield stream
        return
    given = standard_input or sys.stdin.buffer
    if isinstance(given, io.BufferedReader):
        yield given
    else:
        yield io.BufferedReader(given)  # type: ignore[arg-type]


def explain(error: OSError) -> str:
    """Why a file cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {error.strerror or error}"
