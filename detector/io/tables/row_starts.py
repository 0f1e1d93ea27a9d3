"""Which lines of a CSV file start a row: behind a broken row, reading goes on at one of these."""

from __future__ import annotations

import csv
import re

_WORD = re.compile(r"[^\W_]+")

_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+\b(?!,)")

_MOST_SHAPES = 100


class RowStarts:
    """Tells a line that starts a row from a line of an article by the row's first cell.

    Ids look alike: a line may start a row if its first cell has the shape of those before.

    Args:
        delimiter: stands between cells.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._shapes: set[str] = set()

    def learn(self, line: str) -> None:
        """Take in the first line of a row."""
        if len(self._shapes) < _MOST_SHAPES:
            self._shapes.add(_find_shape(line.partition(self._delimiter)[0]))

    def opens(self, line: str | None, width: int | None) -> bool:
        """Whether a line starts a row, be it good or bad.

        Args:
            line: None where it is too long to be held.
            width: cells of a row.
        """
        if not line:
            return False
        first, delimiter, rest = line.partition(self._delimiter)
        shape = _find_shape(first)
        if not delimiter or shape not in self._shapes:
            return False
        if not shape.startswith("0") or " " in shape:
            # Words, of which an article's lines are made too.
            cells = self._split(line)
            return len(cells) == width and not any(cell[:1].isspace() for cell in cells)
        if delimiter == "," and _THOUSANDS.match(line):
            return False
        return not rest[:1].isspace() or 2 < (width or 0) <= line.count(delimiter) + 1

    def opens_whole(self, line: str | None, width: int | None) -> bool:
        """Whether a line is a good row by itself."""
        return bool(line) and self.opens(line, width) and len(self._split(line or "")) == width

    def _split(self, line: str) -> list[str]:
        if line.count('"') % 2:
            return []
        try:
            return next(csv.reader([line], delimiter=self._delimiter, strict=True), [])
        except csv.Error:
            return []


def _find_shape(cell: str) -> str:
    """What ids have in common: whether there are digits, and what stands between words.

    >>> _find_shape("real-1"), _find_shape("17"), _find_shape("However")
    ('0w-w', '0w', 'aw')
    """
    cell = cell.strip().strip('"')
    if cell.startswith(("http://", "https://")):
        return "0url"
    digit = any(map(str.isdigit, cell))
    return ("0" if digit else "a") + _WORD.sub("w", cell)[:100]
