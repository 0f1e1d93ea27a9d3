"""Tables in Markdown, and as columns of plain text."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence

DASH = "–"

GAP = "  "
"""What stands between two columns of plain text."""


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines
    )


def align_columns(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows of as many cells each as lines of text, each column as wide as its widest cell."""
    rows = list(rows)
    widths = measure_columns(rows)
    for row in rows:
        yield join_cells(fit_cells(row, widths))


def measure_columns(rows: Iterable[Sequence[str]]) -> list[int]:
    """How many columns of a terminal the widest cell of each of a table's columns takes."""
    return [max(map(measure_width, column)) for column in zip(*rows, strict=True)]


def fit_cells(
    row: Sequence[str], widths: Sequence[int], to_the_right: Collection[int] = ()
) -> list[str]:
    """Cells that are cut or filled with blanks to their widths.

    Args:
        row: the cells.
        widths: in columns of a terminal.
        to_the_right: indices of cells that are filled from the left, such as numbers.
    """
    return [
        _fit(cell, width, to_the_right=i in to_the_right)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def join_cells(cells: Iterable[str]) -> str:
    """Fitted cells as a line."""
    return GAP.join(cells).rstrip()


def measure_width(text: str) -> int:
    """Columns that a text takes on a terminal: none for marks, two for wide letters and emoji."""
    return len(text) if text.isascii() else sum(map(measure_character, text))


def measure_character(character: str) -> int:
    """Columns that a character takes on a terminal."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fit(text: str, width: int, *, to_the_right: bool) -> str:
    if measure_width(text) > width:
        text = _cut(text, width)
    blanks = " " * (width - measure_width(text))
    return blanks + text if to_the_right else text + blanks


def _cut(text: str, width: int) -> str:
    """The start of a text that is wider, with an ellipsis."""
    used = 0
    for position, character in enumerate(text):
        used += measure_character(character)
        if used > width - 1:
            return text[:position] + "…"
    return text
