"""Which lines of a CSV file start a row: behind a broken row, reading goes on at one of these."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

_WORD = re.compile(r"[^\W_]+")

_SLUG = re.compile(r"w([-_./:]w)+")

_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+\b(?!,)")

_MOST_SHAPES = 100

# So many rows in succession make sure that the first of them is one.
_ENOUGH_ROWS = 50

# Likewise rows that hold an article each, whatever their ids look like.
_ENOUGH_ARTICLES = 3

_LOOKED_AHEAD = 50

_MOST_LINES = 5_000


class Line(Protocol):
    """A line of the file; `text` is None where it is too long to be held."""

    @property
    def text(self) -> str | None:
        """The line with its end."""


class Lines(Protocol):
    """The lines that are still to be read."""

    def peek(self, ahead: int = 0) -> Line | None:
        """The next line, or one further ahead, left where it is."""


class Dialect(NamedTuple):
    """How cells are told apart: by what, and how quotes in them are written."""

    delimiter: str
    escape: str | None = None


class RowStarts:
    """Tells a line that starts a row from a line of an article that a broken row holds.

    A row starts as those before did: ids look alike, or every row starts with a quoted cell. Where
    cells of earlier rows hold line breaks, such a line may also be one of an article. Then it must
    be a whole row, and what follows it too.

    Args:
        delimiter: stands between cells.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._opening = re.compile(rf'(?:^|{re.escape(delimiter)})"')
        self._shapes: set[str] = set()
        self._rows = 0
        self._start_quoted = False
        self.over_lines = False

    def learn(self, lines: Sequence[str | None], *, good: bool) -> None:
        """Take in the lines of a row that was read, or of which at least the first starts one."""
        first = lines[0] or ""
        if len(self._shapes) < _MOST_SHAPES:
            self._shapes.add(_find_shape(first.partition(self._delimiter)[0]))
        if good:
            self._rows += 1
            self.over_lines |= len(lines) > 1
            self._start_quoted |= first.startswith('"') and len(lines) > 1

    @property
    def regular(self) -> bool:
        """Whether every row so far began with an id that no line of prose begins with."""
        return self._rows > 1 and all(s.startswith("0") and " " not in s for s in self._shapes)

    def find(self, lines: Lines, width: int | None, dialect: Dialect) -> bool:
        """Whether a row, be it good or bad, starts at the next line.

        Args:
            lines: what is still to be read.
            width: cells of a row.
            dialect: of the rows before.
        """
        line = lines.peek()
        if line is None or not (line.text or "").strip():
            return False
        if self.opens(line.text, width) and self._go_on(lines, width):
            return True
        return self._starts_rows(lines, width, dialect)

    def _go_on(self, lines: Lines, width: int | None) -> bool:
        """Whether a line is a row in this file, so that one that looks like a start is one."""
        if self.over_lines:
            return False
        ahead = [lines.peek(n) for n in range(_LOOKED_AHEAD)]
        texts = [line.text for line in ahead if line is not None and (line.text or "").strip()]
        return sum(self.opens(text, width) for text in texts) * 2 > len(texts)

    def _starts_rows(self, lines: Lines, width: int | None, dialect: Dialect) -> bool:
        """Whether whole rows stand from the next line on, up to one that leaves no doubt.

        That is one with an article in it: a quote is opened in its first line and not closed there.
        Rows whose ids look otherwise than those before have to be several.
        """
        at = rows = articles = 0
        familiar = True
        while rows < _ENOUGH_ROWS and (first := lines.peek(at)) is not None:
            text = first.text or ""
            if not text.strip():
                at += 1
                continue
            familiar = familiar and self.opens(first.text, width)
            opened = self._opens_quote(text, dialect)
            if not opened and _is_unbalanced(text, dialect):
                return False
            cells, used = _read_ahead(lines, at, dialect)
            if len(cells) != width:
                return familiar and opened and self._has_id(text)
            if not familiar and _is_prose(cells):
                return False
            at, rows, articles = at + used, rows + 1, articles + opened
            if opened and (familiar or articles >= _ENOUGH_ARTICLES):
                return True
        return familiar or rows >= _ENOUGH_ROWS

    def opens(self, line: str | None, width: int | None) -> bool:
        """Whether a line looks as if it started a row, be it good or bad.

        Args:
            line: None where it is too long to be held.
            width: cells of a row.
        """
        if not line:
            return False
        if self._start_quoted and line.startswith('"'):
            return not line.startswith('""')
        first, delimiter, rest = line.partition(self._delimiter)
        shape = _find_shape(first)
        if not delimiter or shape not in self._shapes:
            return False
        if not shape.startswith("0") or " " in shape:
            return self._opens_with_words(line, width)
        if delimiter == "," and _THOUSANDS.match(line):
            return False
        return not rest[:1].isspace() or 2 < (width or 0) <= line.count(delimiter) + 1

    def _opens_with_words(self, line: str, width: int | None) -> bool:
        """Likewise where it starts with words, of which an article's lines are made too."""
        if self.over_lines and self._opens_quote(line, Dialect(self._delimiter)):
            return True
        return self._is_whole(line, width)

    def holds_row(self, line: str, width: int | None) -> bool:
        """Whether a line may be a row, good or bad, and is not only prose."""
        return self.opens(line, width) or self._is_whole(line, width)

    def _is_whole(self, line: str, width: int | None) -> bool:
        cells = self._split(line)
        return len(cells) == width and not _is_prose(cells)

    def opens_whole(self, line: str | None, width: int | None) -> bool:
        """Whether a line is a good row by itself."""
        return bool(line) and self.opens(line, width) and len(self._split(line or "")) == width

    def _opens_quote(self, line: str, dialect: Dialect) -> bool:
        return _is_unbalanced(line, dialect) and bool(self._opening.search(line))

    def _has_id(self, line: str) -> bool:
        shape = _find_shape(line.partition(self._delimiter)[0])
        return shape in self._shapes and shape.startswith("0") and " " not in shape

    def _split(self, line: str) -> list[str]:
        if line.count('"') % 2:
            return []
        try:
            return next(csv.reader([line], delimiter=self._delimiter, strict=True), [])
        except csv.Error:
            return []


def _read_ahead(lines: Lines, at: int, dialect: Dialect) -> tuple[list[str], int]:
    """The cells of the row that starts so many lines ahead, none if it is broken; its lines."""
    used = 0

    def take() -> str:
        nonlocal used
        line = lines.peek(at + used) if used < _MOST_LINES else None
        if line is None or line.text is None:
            raise StopIteration
        used += 1
        return line.text

    reader = csv.reader(
        iter(take, None), delimiter=dialect.delimiter, strict=True, escapechar=dialect.escape
    )
    try:
        return next(reader, []), used
    except csv.Error:
        return [], used


def _is_prose(cells: Sequence[str]) -> bool:
    """Whether blanks stand behind the delimiters, as they do behind commas."""
    return any(cell[:1].isspace() for cell in cells)


def _is_unbalanced(line: str, dialect: Dialect) -> bool:
    """Whether a quote of the line is opened and not closed in it, or closed and not opened."""
    escaped = line.count(f'{dialect.escape}"') if dialect.escape else 0
    return bool((line.count('"') - escaped) % 2)


def _find_shape(cell: str) -> str:
    """What ids have in common: whether there are digits, and what stands between words.

    >>> _find_shape("real-1"), _find_shape("the-ferry-sank"), _find_shape("However")
    ('0w-w', 'aw-w', 'aw')
    """
    cell = cell.strip().strip('"')
    if cell.startswith(("http://", "https://")):
        return "0url"
    digit = any(map(str.isdigit, cell))
    return ("0" if digit else "a") + _SLUG.sub("w-w", _WORD.sub("w", cell))[:100]
