"""CSV and TSV: strictly read, so that a stray quote is told and swallows no other row."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Collection, Iterator
from typing import NamedTuple

from detector.io.encodings import decode, find_mark
from detector.io.faults import (
    HOLDS_ZERO_BYTE,
    ROW_LIMIT_BYTES,
    ROW_TOO_LONG,
    Fault,
    UnreadableError,
)
from detector.io.tables.lines import read_lines
from detector.io.tables.row_starts import Dialect, RowStarts
from detector.io.tables.rows import Columns, Row, leave_blank_end, name_columns

COMMA, TAB = ",", "\t"

# What spreadsheets write where the comma is the decimal point, and older exports.
_OTHER_DELIMITERS = (";", TAB, "|")

_SEPARATOR_LINE = re.compile(r"sep=([^\w\s\"]|\t)\r?\n?", re.IGNORECASE)

_MOST_ABOVE_HEADER = 10

# Prose has blanks behind its commas and between its words. pandas calls a column "Unnamed: 0".
_COLUMN_NAME = re.compile(r"\w[\w.:/@#-]{0,49}|Unnamed: \d+")

_OLD_MAC_NEWLINE = re.compile(r"(?<=\r)(?=[^\r\n])")


def opens_csv(start: str, column: str) -> bool:
    """Whether the first characters of a file are a header that names a column, and a row.

    Args:
        start: the first characters.
        column: the one that must be among several.
    """
    header, *rows = start.rstrip().splitlines()[:2] or [""]
    for delimiter in (COMMA, *_OTHER_DELIMITERS):
        cells = _split_cells(header, delimiter)
        if column in cells and _are_names(cells, column):
            # A cell in quotes may go on beyond its line.
            return all(delimiter in row or row.startswith('"') for row in rows)
    return False


def _are_names(cells: list[str], column: str) -> bool:
    """Whether these can be the names of columns; what pandas writes has none above its index."""
    names = cells[1:] if cells[0] == "" else cells
    plain = all(name == column or _COLUMN_NAME.fullmatch(name) for name in names)
    return plain and 1 < len(cells) == len(set(cells))


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

    A row with a cell too many or too few, or with wrong quotes, is one `Row` with an error; its
    lines are no rows. Where a quote is never closed, reading goes on at the next line that starts
    as the rows do (see `RowStarts`), with a note. Quotes in cells are doubled, or escaped with
    backslashes. Above the header may stand comments, and Excel's line ``sep=;``.

    Args:
        stream: what to read.
        columns: which columns are wanted.
        delimiter: `COMMA` or `TAB`; with a comma, a header that only makes sense with another
            delimiter is read with that.

    Raises:
        UnreadableError: the header is malformed, or the file breaks off.
    """
    # The library's limit is one for the whole process, so that it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT_BYTES))
    lines = _Lines(_decode_lines(stream))
    if delimiter == COMMA:
        delimiter = _find_delimiter(lines, columns.known)
    yield from leave_blank_end(_read_rows(lines, delimiter, columns))
    if lines.failure is not None:
        raise lines.failure


def _read_rows(lines: _Lines, delimiter: str, columns: Columns) -> Iterator[Row]:
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
        return text, note, UnreadableError(HOLDS_ZERO_BYTE, Fault.NOT_TEXT)
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
        if line.text is None or self._size > ROW_LIMIT_BYTES:
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

    def peek(self, ahead: int = 0) -> _Line | None:
        """The next line, or one further ahead, left where it is."""
        while len(self._waiting) <= ahead:
            try:
                self._waiting.append(self._read())
            except StopIteration:
                return None
        return self._waiting[ahead]

    def drop(self, count: int = 1) -> None:
        """Pass over lines that `peek` has shown."""
        for _ in range(count):
            self._waiting.popleft()


def _find_delimiter(lines: _Lines, known: Collection[str]) -> str:
    """The delimiter that makes the header name a known column; a comma where none does.

    What stands above the header is passed over: Excel's line that names the delimiter, comments.
    """
    first = lines.peek()
    if first and first.text and (named := _SEPARATOR_LINE.fullmatch(first.text)):
        lines.drop()
        return named[1]
    for above in range(_MOST_ABOVE_HEADER):
        line = lines.peek(above)
        if line is None:
            break
        for delimiter in (COMMA, *_OTHER_DELIMITERS):
            if any(cell in known for cell in _split_header(line, delimiter)):
                lines.drop(above)
                return delimiter
        if len(_split_header(line, COMMA)) > 1 and not (line.text or "").startswith("#"):
            break
    return COMMA


def _split_header(line: _Line, delimiter: str) -> list[str]:
    return [cell.strip() for cell in _split_cells(line.text or "", delimiter)]


def _split_cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _split_rows(lines: _Lines, delimiter: str) -> Iterator[_Cells]:
    starts = RowStarts(delimiter)
    readers = _Readers(lines, delimiter, starts)
    broken = reread_to = 0
    while True:
        lines.begin_row()
        try:
            cells, note, fault = readers.read()
        except StopIteration:
            return
        taken = lines.taken
        misread = fault is not None
        fault = fault or _check_width(cells, lines.width, taken)
        fault = fault or _check_end(lines, starts)
        if taken[0].number <= reread_to:
            note = f"may be a piece of the broken row {broken}"
        elif fault is not None:
            broken = taken[0].number
        if lines.width is not None:
            starts.learn([line.text for line in taken], good=fault is None)
        pieces = taken[1:]
        swallowed = misread or (fault is not None and _are_rows(pieces, starts, lines.width))
        if swallowed:
            # The quote that opened in the first line was never meant to hold these.
            lines.put_back(pieces)
            reread_to = max(reread_to, taken[-1].number)
        if fault is not None:
            fault = _pass_over(lines, starts, readers.dialect, taken, fault)
        yield _gather_cells(cells, taken, note, fault)


class _Readers:
    """Reads a row in the dialect of the rows before, or in another if only that makes sense of it.

    Quotes in cells are doubled, or escaped with backslashes as MySQL and Spark write them.
    """

    def __init__(self, lines: _Lines, delimiter: str, starts: RowStarts) -> None:
        self._lines = lines
        self._starts = starts
        self.dialect, self._other = Dialect(delimiter), Dialect(delimiter, "\\")
        self._readers = {
            d: csv.reader(lines, delimiter=d.delimiter, strict=True, escapechar=d.escape)
            for d in (self.dialect, self._other)
        }

    def read(self) -> tuple[list[str], str | None, UnreadableError | None]:
        """The next row's cells, a note on how they were read, and why they could not be.

        Raises:
            StopIteration: there is no row left.
        """
        lines = self._lines
        cells, note, fault = self._read_in(self.dialect)
        taken = lines.taken
        wrong = fault is not None or _check_width(cells, lines.width, taken) is not None
        if not wrong or (fault is not None and fault.fault is Fault.TOO_LONG):
            return cells, note, fault
        if not any(line.text and '\\"' in line.text for line in taken):
            return cells, note, fault
        lines.put_back(taken)
        lines.begin_row()
        again, _, problem = self._read_in(self._other)
        if problem is None and _check_width(again, lines.width, lines.taken) is None:
            self.dialect, self._other = self._other, self.dialect
            return again, None, None
        lines.put_back(lines.taken)
        lines.begin_row()
        for _ in taken:
            next(lines)
        return cells, note, fault

    def _read_in(self, dialect: Dialect) -> tuple[list[str], str | None, UnreadableError | None]:
        taken = self._lines.taken
        try:
            return next(self._readers[dialect]), None, None
        except csv.Error as error:
            # An article over several lines is quoted on purpose.
            literal = None if self._starts.over_lines else _split_literally(taken, dialect)
            if literal is not None:
                return literal, "quotes taken as they stand", None
            return [], None, _describe_fault(error, taken)
        except UnreadableError as reason:
            return [], None, reason


def _check_width(cells: list[str], width: int | None, taken: list[_Line]) -> UnreadableError | None:
    if not cells or width in (None, len(cells)):
        return None
    return _describe_width(len(cells), width, taken)


def _check_end(lines: _Lines, starts: RowStarts) -> UnreadableError | None:
    """Whether a text goes on behind its line, though it does not stand in quotes."""
    text = lines.taken[0].text or ""
    if not starts.over_lines or len(lines.taken) > 1 or '"' in text or not text.strip():
        return None
    ahead = 0
    while (line := lines.peek(ahead)) is not None and not (line.text or "").strip():
        ahead += 1
    if line is None or line.text is None or '"' in line.text:
        return None
    if starts.holds_row(line.text, lines.width):
        return None
    reason = "malformed CSV: a text of several lines that does not stand in quotes"
    return UnreadableError(reason, Fault.MALFORMED)


def _are_rows(lines: list[_Line], starts: RowStarts, width: int | None) -> bool:
    """Whether each of the lines that a quoted cell holds is a row, and no line of an article."""
    if len(lines) < 2:
        return False
    *inner, last = lines
    whole = all(starts.opens_whole(line.text, width) for line in inner)
    return whole and starts.opens(last.text, width)


def _pass_over(
    lines: _Lines,
    starts: RowStarts,
    dialect: Dialect,
    taken: list[_Line],
    fault: UnreadableError,
) -> UnreadableError:
    """Leave out the other lines of a broken row, none of which is a row; the fault names them."""
    number = None
    if fault.fault in (Fault.TOO_FEW_CELLS, Fault.TOO_MANY_CELLS):
        goes_on = len(taken) == 1 and '"' not in (taken[0].text or "")
    else:
        goes_on = starts.over_lines or _stays_open(fault, taken)
    if goes_on and (starts.over_lines or fault.fault is Fault.MALFORMED or len(taken) > 1):
        while (line := lines.peek()) is not None and not starts.find(lines, lines.width, dialect):
            number = line.number
            lines.drop()
    elif goes_on and starts.regular:
        number = _drop_prose(lines, starts, dialect.delimiter)
    if number is None:
        return fault
    reason = f"{fault}; what stands down to line {number} is taken for the rest of it"
    return UnreadableError(reason, fault.fault)


def _drop_prose(lines: _Lines, starts: RowStarts, delimiter: str) -> int | None:
    """Pass over what goes on behind a row whose text should have stood in quotes."""
    number, ahead = None, 0
    while (line := lines.peek(ahead)) is not None:
        text = line.text or ""
        ahead += 1
        if not text.strip():
            continue
        if starts.opens(text, lines.width) or '"' in text or text.startswith(delimiter):
            break
        lines.drop(ahead)
        number, ahead = line.number, 0
    return number


def _stays_open(fault: UnreadableError, taken: list[_Line]) -> bool:
    """Whether the cell in which a fault was met goes on behind the lines that were read."""
    if fault.fault is Fault.TOO_LONG or len(taken) > 1:
        return len(taken) > 1
    return bool(sum((line.text or "").count('"') for line in taken) % 2)


def _describe_width(count: int, width: int | None, taken: list[_Line]) -> UnreadableError:
    first, last = taken[0].number, taken[-1].number
    where = "" if first == last else f" (lines {first} to {last})"
    fault = Fault.TOO_MANY_CELLS if count > (width or 0) else Fault.TOO_FEW_CELLS
    cells = "1 cell" if count == 1 else f"{count} cells"
    return UnreadableError(f"{cells} where the header names {width}{where}", fault)


def _split_literally(taken: list[_Line], dialect: Dialect) -> list[str] | None:
    """A line of a tab-separated file that knows no quoting: a quote in it is only a quote."""
    if dialect.delimiter != TAB or len(taken) != 1 or taken[0].text is None:
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
