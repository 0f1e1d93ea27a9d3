"""From what a caller names to open files: folders, patterns, standard input."""

from __future__ import annotations

import errno
import glob
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from detector.io.faults import UnreadableError
from detector.io.readers.records import STANDARD_INPUT, BadInput

# What Spark and Hive lay beside the files of a table.
_TABLE_LITTER = frozenset({"_SUCCESS", "_committed", "_common_metadata", "_metadata", "_temporary"})


_ADDRESS = re.compile(r"(https?|ftp)://", re.IGNORECASE)


def explain_address(source: str) -> str | None:
    """What to do where a name is an address of the web; None where it is none."""
    if not _ADDRESS.match(source):
        return None
    return (
        "an address, and nothing is fetched from the network: save the page, "
        f"curl -o page.html '{source}', and give page.html"
    )


def expand_source(source: str) -> Iterator[str | BadInput]:
    """The files that a name stands for: itself, those of a folder, those that a pattern matches.

    We search folders to the bottom in the order of names, and leave out hidden files and what Spark
    lays beside a table's.
    """
    path = Path(source)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError as error:
        reason = explain_address(source) or _explain_name(source, error)
        yield BadInput(source, source, None, reason)
        return
    if source == STANDARD_INPUT or is_file:
        yield source
    elif address := explain_address(source):
        yield BadInput(source, source, None, address)
    elif is_folder:
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
        is_file, is_folder = _look_up(path)
        if is_folder:
            # A link to a folder may lead back to where it lies.
            if not path.is_symlink():
                yield from _walk(path)
        elif is_file:
            yield str(path)
        else:
            yield BadInput(str(path), str(path), None, "neither a file nor a folder")


def _look_up(path: Path) -> tuple[bool, bool]:
    """Whether it is a file, or a folder; what cannot be told is left to be opened, and refused."""
    try:
        return path.is_file(), path.is_dir()
    except OSError:
        return True, False


def _match_pattern(pattern: str) -> Iterator[str | BadInput]:
    found = False
    for name in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207 - keeps names as given
        path = Path(name)
        if not _look_up(path)[1]:
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
    if standard_input is None and sys.stdin is None:
        raise UnreadableError("standard input is closed")
    given = standard_input or sys.stdin.buffer
    if isinstance(given, io.BufferedReader):
        yield given
    else:
        yield io.BufferedReader(given)  # type: ignore[arg-type]


def _explain_name(source: str, error: OSError) -> str:
    """Why a name cannot be looked up; one that is too long, with blanks, may be a text."""
    reason = explain(error)
    if error.errno == errno.ENAMETOOLONG and " " in source:
        reason += f"; a text itself is read from standard input, with {STANDARD_INPUT} for its name"
    return reason


def explain(error: OSError) -> str:
    """Why a file cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {error.strerror or error}"
