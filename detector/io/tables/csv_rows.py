"""CSV and TSV: strictly read, so that a stray quote is told and swallows no other row."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Collection, Iterator
from typing import NamedTuple

from detector.io.encodings import decode, find_mark
from detector.io.faults import BINARY, ROW_LIMIT, ROW_TOO_LONG, Fault, UnreadableError
from detector.io.tables.json_rows import read_lines
from detector.io.tables.rows import Columns, Row, name_columns

COMMA, TAB = ",", "\t"

# What spreadsheets write where the comma is the decimal point, and older exports.
_OTHER_DELIMITERS = (";", TAB, "|")

_OLD_MAC_NEWLINE = re.compile(r"(?<=\r)(?=[^\r\n])")


class _Line(NamedTuple):
    """A line of the file; `text` is None where it is too long, `fault` says what is wrong."""

    number: int
    text: str | None
    note: str | None = None
    fault: UnreadableError | None = None


class _Cells(NamedTuple):
    """The cells of a row, or why there are none, and the lines that it came from."""

    cells: list[str]
    line: int
    note: str | None
    guessed: bool
    fault: UnreadableError | None


def read_csv(stream: io.BufferedReader, columns: Columns, delimiter: str = COMMA) -> Iterator[Row]:
    """The rows below a header that names the columns; the header is on line 1.

    A row whose quotes are wrong, or never closed, is one `Row` with an error; the lines that it
    would have swallowed are read again as rows of their own, with a note.

    Args:
        stream: what to read.
        columns: which columns are wanted.
        delimiter: `COMMA` or `TAB`; with a comma, a header that only makes sense with another
            delimiter is read with that.

    Raises:
        UnreadableError: the header is malformed, or the file breaks off.
    """
    # The library's limit is one for the whole process, so that it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT))
    lines = _Lines(_decode_lines(stream))
    if delimiter == COMMA:
        delimiter = _find_delimiter(lines, columns.known)
    wanted: list[tuple[int, str]] | None = None
    for row in _split_rows(lines, delimiter):
        if wanted is not None:
            yield _make_row(row, wanted)
        elif row.fault is None:
            header = name_columns(row.cells)
            columns.check(header)
            lines.width = len(header)
            wanted = [(n, name) for n, name in enumerate(header) if columns.wants(name, None)]
        elif row.fault.fault is Fault.BLANK:
            yield Row(row.line, error=row.fault)
        else:
            raise UnreadableError(f"no header that names the columns: {row.fault}", row.fault.fault)
    if lines.failure is not None:
        raise lines.failure


def read_tsv(stream: io.BufferedReader, columns: Columns) -> Iterator[Row]:
    """The rows of tab-separated values, see `read_csv`."""
    return read_csv(stream, columns, TAB)


def _make_row(row: _Cells, wanted: list[tuple[int, str]]) -> Row:
    if row.fault is None:
        fields = {name: row.cells[n] for n, name in wanted}
        return Row(row.line, fields, row.note, row.guessed)
    fields = {}
    if row.fault.fault is Fault.TOO_FEW_CELLS:
        fields = {name: row.cells[n] for n, name in wanted if n < len(row.cells)}
    return Row(row.line, fields, error=row.fault)


def _decode_lines(stream: io.BufferedReader) -> Iterator[_Line]:
    number = 0
    for content in read_lines(stream, find_mark(stream.peek(4))):
        if content is None:
            number += 1
            yield _Line(number, None)
            continue
        text, note, fault = _decode_line(content)
        # A line that ends as they did on old Macs ends in the middle of this one.
        for part in _OLD_MAC_NEWLINE.split(text) if "\r" in text[:-2] else (text,):
            number += 1
            yield _Line(number, part, note, fault)


def _decode_line(content: bytes | str) -> tuple[str, str | None, UnreadableError | None]:
    """Text, note and fault; a line with a fault keeps its delimiters, and so its row's place."""
    note = None
    try:
        text, note = (content, None) if isinstance(content, str) else decode(content)
    except UnreadableError as reason:
        assert isinstance(content, bytes)
        return content.decode(errors="replace"), None, reason
    if "\0" in text:
        return text, note, UnreadableError(f"{BINARY} (holds a zero byte)", Fault.NOT_TEXT)
    return text, note, None


class _Lines:
    """The lines that a csv reader asks for, those of its current row kept, to be put back.

    Attributes:
        taken: the lines of the current row.
        width: how many cells a row must have; None as long as there is no header.
        failure: why the file ended early; None where it did not.
    """

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._lines = lines
        self._waiting: deque[_Line] = deque()
        self._size = 0
        self.taken: list[_Line] = []
        self.width: int | None = None
        self.failure: UnreadableError | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._read()
        self.taken.append(line)
        self._size += len(line.text or "")
        if line.text is None or self._size > ROW_LIMIT:
            raise UnreadableError(ROW_TOO_LONG, Fault.TOO_LONG)
        return line.text

    def _read(self) -> _Line:
        try:
            return next(self._lines)
        except UnreadableError as reason:
            # What was read so far may still hold rows.
            self.failure = reason
            raise StopIteration from reason

    def begin_row(self) -> None:
        """Forget the lines of the row before."""
        self.taken, self._size = [], 0

    def put_back(self, lines: list[_Line]) -> None:
        """Have these read next, in their order."""
        self._waiting.extendleft(reversed(lines))

    def peek(self) -> _Line | None:
        """The next line, left where it is."""
        if not self._waiting:
            try:
                self._waiting.append(self._read())
            except StopIteration:
                return None
        return self._waiting[0]


def _find_delimiter(lines: _Lines, known: Collection[str]) -> str:
    """The delimiter that makes the header name a known column; a comma where none does."""
    header = lines.peek()
    for delimiter in (COMMA, *_OTHER_DELIMITERS):
        try:
            cells = next(csv.reader([(header and header.text) or ""], delimiter=delimiter), [])
        except csv.Error:
            continue
        if any(cell.strip() in known for cell in cells):
            return delimiter
    return COMMA


def _split_rows(lines: _Lines, delimiter: str) -> Iterator[_Cells]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    broken = reread_to = 0
    while True:
        lines.begin_row()
        try:
            cells, note, fault = _read_cells(reader, lines, delimiter)
        except StopIteration:
            return
        taken = lines.taken
        if taken[0].number <= reread_to:
            note = f"may be a piece of the broken row {broken}"
        swallowed = fault is not None
        if fault is None and cells and lines.width not in (None, len(cells)):
            fault = _describe_width(len(cells), lines.width, taken)
            swallowed = any(_could_be_row(line, delimiter, lines.width) for line in taken[1:])
        if swallowed and len(taken) > 1:
            # The quote that opened in the first line may never have been meant to hold the others.
            lines.put_back(taken[1:])
            if taken[0].number > reread_to:
                broken = taken[0].number
            reread_to = max(reread_to, taken[-1].number)
        yield _gather_cells(cells, taken, note, fault)


def _read_cells(
    reader: Iterator[list[str]], lines: _Lines, delimiter: str
) -> tuple[list[str], str | None, UnreadableError | None]:
    """The next row's cells, a note on how they were read, and why they could not be.

    Raises:
        StopIteration: there is no row left.
    """
    try:
        return next(reader), None, None
    except csv.Error as error:
        if (literal := _split_literally(lines.taken, delimiter)) is not None:
            return literal, "quotes taken as they stand", None
        return [], None, _describe_fault(error, lines.taken)
    except UnreadableError as reason:
        return [], None, reason


def _could_be_row(line: _Line, delimiter: str, width: int | None) -> bool:
    """Whether a line would be a good row by itself."""
    if line.text is None or line.text.count('"') % 2:
        return False
    try:
        return len(next(csv.reader([line.text], delimiter=delimiter, strict=True))) == width
    except csv.Error:
        return False


def _describe_width(count: int, width: int | None, taken: list[_Line]) -> UnreadableError:
    first, last = taken[0].number, taken[-1].number
    where = "" if first == last else f" (lines {first} to {last})"
    fault = Fault.TOO_MANY_CELLS if count > (width or 0) else Fault.TOO_FEW_CELLS
    return UnreadableError(f"{count} cells where the header names {width}{where}", fault)


def _split_literally(taken: list[_Line], delimiter: str) -> list[str] | None:
    """A line of a tab-separated file that knows no quoting: a quote in it is only a quote."""
    if delimiter != TAB or len(taken) != 1 or taken[0].text is None:
        return None
    return taken[0].text.rstrip("\r\n").split(TAB)


def _describe_fault(error: csv.Error, taken: list[_Line]) -> UnreadableError:
    where = "" if len(taken) == 1 else f", seen on line {taken[-1].number}"
    if "unexpected end" in str(error):
        reason = "a quote that is never closed"
    elif "expected after" in str(error):
        reason = f"a stray quote, or one that is never closed{where}"
    else:
        reason = f"{error}{where}"
    return UnreadableError(f"malformed CSV: {reason}", Fault.MALFORMED)


def _gather_cells(
    cells: list[str], taken: list[_Line], note: str | None, fault: UnreadableError | None
) -> _Cells:
    fault = fault or next((line.fault for line in taken if line.fault), None)
    guesses = next((line.note for line in taken if line.note), None)
    if fault is None and not cells:
        fault = UnreadableError("blank line: no cells", Fault.BLANK)
    return _Cells(cells, taken[0].number, note or guesses, guesses is not None, fault)
