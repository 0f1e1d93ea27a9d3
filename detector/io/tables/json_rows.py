"""JSON: an object a line, and pretty-printed arrays and objects over many lines."""

from __future__ import annotations

import codecs
import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeAlias

from detector.io.encodings import decode, find_mark
from detector.io.faults import ROW_LIMIT_BYTES, ROW_TOO_LONG, Fault, UnreadableError, name_type
from detector.io.tables.lines import read_lines
from detector.io.tables.rows import Columns, Row, leave_blank_end

_PIECE = 64 * 1024

# An array of objects, at the start of a file.
_ARRAY = re.compile(r"\s*\[\s*(\{|\]|\Z)")

# One object over several lines: its first line ends open, and its second starts with a key.
_PRETTY = re.compile(r'\s*\{[ \t\r]*("[^\n]*,[ \t\r]*)?\n\s*"')

# The start of an object with a first key and value, which no article opens with.
_ROWS = re.compile(r'[\s\ufeff]*(\[\s*)?\{\s*"[^"\\\n]{1,100}"\s*:\s*(["{\[\d-]|true|false|null)')

# An object in which a text begins.
_OPEN_TEXT = re.compile(r'\{.*:\s*"')

_BLANKS = re.compile(r"\s*")

_SEPARATORS = re.compile(r"[\s,]*")

_INDENT = re.compile(r"\n([ \t]*)\Z")

_DEEPEST_INDENT = 100

_MOST_LEVELS = 100

_ESCAPED_BYTE = re.compile(r"[\udc80-\udcff]")

_MOST_JOINED = 2_000

_RAW_BREAKS = "line breaks in a string taken as they stand"

# An error this near to the end may only mean that the rest is still to be read.
_LONGEST_TOKEN = 12


def opens_json(start: str) -> bool:
    """Whether the first characters of a file of no known kind are those of JSON."""
    return start.lstrip().startswith("{") or bool(re.match(r"\s*\[\s*\{", start))


def opens_rows(start: str) -> bool:
    """Whether the first characters of a file that is named as a text are those of JSON objects."""
    return bool(_ROWS.match(start))


def read_json(stream: io.BufferedReader, columns: Columns) -> Iterator[Row]:
    """A row a line, or an object of an array; the first characters tell which.

    No header names the columns: each row has those of its own.

    Args:
        stream: what to read.
        columns: which columns are wanted.

    Raises:
        UnreadableError: the file breaks off.
    """
    start = stream.peek(_PIECE)
    encoding = find_mark(start)
    text = start.decode(encoding or "utf-8", errors="replace")
    values: Iterable[_Value] = ()
    if (in_array := bool(_ARRAY.match(text))) or _PRETTY.match(text):
        values = _Values(_decode_pieces(stream, encoding), in_array=in_array)
        numbered: Iterable[tuple[int, _Value]] = enumerate(values, start=1)
    else:
        numbered = _parse_lines(read_lines(stream, encoding))
    yield from leave_blank_end(_make_row(number, value, columns) for number, value in numbered)
    if isinstance(values, _Values) and values.failure is not None:
        raise values.failure


def _make_row(number: int, value: _Value, columns: Columns) -> Row:
    if isinstance(value, UnreadableError):
        return Row(number, error=value)
    fields, note = value
    wanted = {k: v for k, v in fields.items() if columns.wants(k, None)}
    return Row(number, wanted, note, note is not None)


def _parse_lines(lines: Iterable[bytes | str | None]) -> Iterator[tuple[int, _Value]]:
    """The objects of each line, with the line's number: usually one."""
    numbered = _Numbered(lines)
    for number, line in numbered:
        try:
            content, note = _read_line(line)
            for value in _parse_objects(content):
                yield number, (value, note)
        except _OpenRowError as reason:
            for joined in _join_lines(content, note, reason, numbered):
                yield number, joined
        except UnreadableError as reason:
            yield number, reason


class _Numbered:
    """Lines with their numbers, of which the last may be put back."""

    def __init__(self, lines: Iterable[bytes | str | None]) -> None:
        self._lines = enumerate(lines, start=1)
        self._waiting: list[tuple[int, bytes | str | None]] = []

    def __iter__(self) -> Iterator[tuple[int, bytes | str | None]]:
        return self

    def __next__(self) -> tuple[int, bytes | str | None]:
        return self._waiting.pop() if self._waiting else next(self._lines)

    def put_back(self, number: int, line: bytes | str | None) -> None:
        """Have this line come next."""
        self._waiting.append((number, line))


def _join_lines(
    content: str, note: str | None, reason: UnreadableError, numbered: _Numbered
) -> list[_Value]:
    """The objects of a line with those behind it, where line breaks stand in a string as they are.

    If they make no object, they are one fault: none of them is a row.
    """
    last, size, parts = 0, len(content), [content]
    for number, line in numbered:
        try:
            text, guessed = ("", None) if line is None else _decode_line(line)
        except UnreadableError:
            text, guessed = "", None
        if line is None or text.lstrip().startswith("{") or len(parts) > _MOST_JOINED:
            numbered.put_back(number, line)
            break
        parts.append(text)
        size += len(text)
        note, last = note or guessed, number
        if size > ROW_LIMIT_BYTES:
            break
        if '"' in text:
            with suppress(UnreadableError):
                joined = _parse_objects("\n".join(parts).strip())
                return [(value, note or _RAW_BREAKS) for value in joined]
    if last:
        told = f"{reason}; what stands down to line {last} is taken for the rest of it"
        return [UnreadableError(told, reason.fault)]
    return [reason]


def _decode_line(line: bytes | str) -> tuple[str, str | None]:
    content, note = (line, None) if isinstance(line, str) else decode(line)
    return content.rstrip("\r\n"), note


def _read_line(line: bytes | str | None) -> tuple[str, str | None]:
    if line is None:
        raise UnreadableError(ROW_TOO_LONG, Fault.TOO_LONG)
    content, note = _decode_line(line)
    # Files that were joined have a byte-order mark where each of them began.
    content = content.strip().removeprefix("\ufeff")
    if not content:
        raise UnreadableError("blank line: no JSON object", Fault.BLANK)
    return content, note


def _parse_row(line: bytes) -> tuple[dict[str, Any], str | None]:
    content, note = _read_line(line)
    return _parse_objects(content)[0], note


def _parse_objects(content: str) -> list[dict[str, Any]]:
    """One object, or several that follow one another, a comma behind each or none."""
    try:
        return [_check_object(_DECODER.decode(content))]
    except json.JSONDecodeError as error:
        if error.msg.startswith("Extra data") and (several := _split_objects(content)):
            return several
        if _OPEN_TEXT.match(content) and not content.rstrip(",").endswith("}"):
            raise _OpenRowError(str(_refuse(_locate(error))), Fault.MALFORMED) from error
        raise _refuse(_locate(error)) from error
    except (ValueError, RecursionError) as error:
        raise _refuse(error) from error


def _split_objects(content: str) -> list[dict[str, Any]]:
    """The objects of a line; none where it holds anything else besides."""
    objects: list[dict[str, Any]] = []
    at = 0
    while at < len(content):
        try:
            value, at = _DECODER.raw_decode(content, at)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        objects.append(_check_object(value))
        separator = _SEPARATORS.match(content, at)
        at = separator.end() if separator else at
    return objects


class _OpenRowError(UnreadableError):
    """An object may go on behind the end of its line."""


def _locate(error: json.JSONDecodeError) -> str:
    return f"{error.msg.removesuffix(' at')} at column {error.colno}"


def _refuse(problem: object) -> UnreadableError:
    return UnreadableError(f"malformed JSON: {problem}", Fault.MALFORMED)


def _check_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableError(
            f"a JSON {name_type(value)} where an object is meant", Fault.NOT_AN_OBJECT
        )
    if _is_deeper(value, _MOST_LEVELS):
        raise _refuse(f"nested more than {_MOST_LEVELS} levels deep")
    return value


def _is_deeper(value: dict[str, Any], levels: int) -> bool:
    """Whether lists and objects stand within one another more than so many times.

    Not told by recursion: what comes of a value later is, and that is what must not end the run.
    """
    held: list[Any] = [value]
    for _ in range(levels):
        held = [
            part
            for item in held
            for part in (item.values() if isinstance(item, dict) else item)
            if isinstance(part, dict | list)
        ]
        if not held:
            return False
    return True


def _parse_finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


# pandas writes NaN, which JSON has not: passed on, it would make our own output unreadable.
# Tabs and line breaks stand in some strings as they are.
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None, parse_float=_parse_finite)


def _decode_pieces(stream: io.BufferedReader, encoding: str | None) -> Iterator[str]:
    """The stream's text; bytes that are not UTF-8 are escaped, to be looked at value by value."""
    errors = "replace" if encoding in ("utf-16", "utf-32") else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")(errors)
    while piece := stream.read1(_PIECE):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


_Value: TypeAlias = "tuple[dict[str, Any], str | None] | UnreadableError"


def _end_with(reason: UnreadableError) -> UnreadableError:
    return UnreadableError(f"{reason}; no object behind it is read", reason.fault)


class _UnfinishedError(UnreadableError):
    """A value that goes on behind the end of the text."""


class _Values:
    """The objects of an array, or of a file of pretty-printed ones, in bounded memory.

    Behind a malformed object it goes on at the next line that opens one with the same indent.

    Attributes:
        failure: why the text ended early; None where it did not.
    """

    def __init__(self, pieces: Iterator[str], *, in_array: bool) -> None:
        self._pieces = pieces
        self._in_array = in_array
        self._text = ""
        self._start = 0
        self._lines = 0  # of the text that is no longer held
        self._indent = None if in_array else ""
        self.failure: UnreadableError | None = None

    def __iter__(self) -> Iterator[_Value]:
        if self._in_array:
            self._skip(_BLANKS)
            self._start += 1
        while self._find_next():
            if self._in_array and self._text[self._start] == "]":
                self._start += 1
                if self._find_next():
                    yield _refuse("more text behind the end of the array")
                return
            try:
                yield self._take_value()
            except _UnfinishedError as reason:
                # A break in the archive is told once, by who reads the file.
                if self.failure is None:
                    yield reason
                return
            except UnreadableError as reason:
                found = self._find_line_that_opens()
                yield reason if found else _end_with(reason)
                if not found:
                    return
        if self._in_array and self.failure is None:
            yield _refuse("the file ends before its array does")

    def _read_more(self) -> bool:
        """Double what is held; False where there is no more."""
        held = [self._text[self._start :]]
        wanted = max(_PIECE, len(held[0]))
        try:
            while wanted > 0 and (piece := next(self._pieces, None)) is not None:
                held.append(piece)
                wanted -= len(piece)
        except UnreadableError as reason:
            self.failure = reason
        self._lines += self._text.count("\n", 0, self._start)
        self._text, self._start = "".join(held), 0
        return len(held) > 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        while True:
            found = pattern.match(self._text, self._start)
            self._start = found.end() if found else self._start
            if self._start < len(self._text) or not self._read_more():
                return

    def _find_next(self) -> bool:
        self._skip(_SEPARATORS)
        if self._indent is None:
            before = self._text[max(0, self._start - _DEEPEST_INDENT) : self._start]
            found = _INDENT.search(before)
            self._indent = found[1] if found else None
        return self._start < len(self._text)

    def _take_value(self) -> _Value:
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._start)
                break
            except (ValueError, RecursionError) as error:
                problem = self._describe(error)
                if not self._may_be_unfinished(error):
                    raise _refuse(problem) from error
                if len(self._text) - self._start > ROW_LIMIT_BYTES:
                    raise UnreadableError(ROW_TOO_LONG, Fault.TOO_LONG) from error
                if not self._read_more():
                    raise _UnfinishedError(str(_refuse(problem)), Fault.MALFORMED) from error
        raw, self._start = self._text[self._start : end], end
        try:
            if _ESCAPED_BYTE.search(raw):
                return _parse_row(raw.encode(errors="surrogateescape"))
            return _check_object(value), None
        except UnreadableError as reason:
            # Bad as it is, where it ends is known.
            return reason

    def _may_be_unfinished(self, error: Exception) -> bool:
        return isinstance(error, json.JSONDecodeError) and (
            error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _LONGEST_TOKEN
        )

    def _describe(self, error: Exception) -> str:
        if not isinstance(error, json.JSONDecodeError):
            return str(error)
        line = self._lines + self._text.count("\n", 0, error.pos) + 1
        return f"{error.msg.removesuffix(' at')} on line {line}"

    def _find_line_that_opens(self) -> bool:
        if self._indent is None:
            return False
        opening = re.compile(rf"\n{self._indent}(?={{)")
        while (found := opening.search(self._text, self._start)) is None:
            # The line may start in this piece and go on in the next.
            self._start = max(self._start, len(self._text) - len(self._indent) - 2)
            if not self._read_more():
                return False
        self._start = found.end()
        return True
