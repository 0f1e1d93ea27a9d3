"""Word lists kept as files of data, so that a linguist can change one without reading code.

A list stands in the folder ``data`` of the room that uses it. A line that begins with ``#`` says
why a list is as it is; ``[name]`` opens a list. Files are read from disk beside the code, as a
model folder is: `importlib.resources` would take longer to import than all lists to read.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def read_words(path: str) -> dict[str, tuple[str, ...]]:
    """The lists of a file by name, each of words in the order of the file.

    Args:
        path: of the file, within the package: ``"text/data/calendar.txt"``.
    """
    return {name: tuple(" ".join(lines).split()) for name, lines in _read_lists(path).items()}


def read_lines(path: str) -> dict[str, tuple[str, ...]]:
    """The lists of a file by name, of whole lines: for entries that hold blanks.

    Args:
        path: of the file, within the package.
    """
    return {name: tuple(lines) for name, lines in _read_lists(path).items()}


def read_pairs(path: str) -> dict[str, str]:
    """A table of two columns with a tab between them, as first column → second.

    Args:
        path: of the file, within the package: ``"text/data/british_words.tsv"``.
    """
    rows = (line.partition("\t") for line in _list_entries(path))
    return {first: second for first, _, second in rows}


@cache
def _read_lists(path: str) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in _list_entries(path):
        if line.startswith("["):
            lines = lists.setdefault(line[1:-1], [])
        else:
            lines.append(line)
    return lists


def _list_entries(path: str) -> list[str]:
    """The lines of a file that hold an entry: neither blank nor a remark."""
    text = (_PACKAGE / path).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
