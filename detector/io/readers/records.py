"""What readers hand out, and the checks that every text passes, whatever format it came in."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import Any

from detector.io.encodings import decode, find_mark
from detector.io.faults import (
    BINARY,
    DOCUMENT_LIMIT,
    HOLDS_ZERO_BYTE,
    Fault,
    UnreadableError,
    name_type,
)
from detector.io.tables.rows import Columns, Row

STANDARD_INPUT = "-"

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")

_SURROGATE = re.compile(r"[\ud800-\udfff]")

# A scraped page may hold a stray control character; a binary file is full of them.
_CONTROL_SHARE = 0.01

# Ratio of `difflib`; "text" and "outlet" have .6.
_ALIKE = 0.7

_TOO_LONG = f"too long for an article: more than {DOCUMENT_LIMIT:,} bytes of text"


@dataclass(frozen=True)
class Record:
    """One text that came in, with its id and the columns that came along.

    Attributes:
        id: the row's id, or else the file's name (with the row, in files of rows).
        text: what to score.
        source: the file's name as it was given, "-" for standard input.
        row: place in a file of many, from 1: the line where the row starts in JSON lines and CSV,
            the how-manieth it is in the others; None where the whole file is the text.
        fields: the row's other fields, to be passed through: plain values that JSON can hold.
        note: what the reader had to assume, such as an encoding.
        reference: the original that the row itself brings, if any.
    """

    id: Any
    text: str
    source: str
    row: int | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
    reference: str | None = None

    @property
    def place(self) -> str:
        """File and row for a message."""
        return _format_place(self.source, self.row)


@dataclass(frozen=True)
class BadInput:
    """A file or row that holds no text to score, and why; most attributes are `Record`'s.

    Attributes:
        reason: why, in words.
        fault: why, as a code.
    """

    id: Any
    source: str
    row: int | None
    reason: str
    fields: dict[str, Any] = field(default_factory=dict)
    fault: Fault = field(default=Fault.OTHER, compare=False)

    @property
    def place(self) -> str:
        """File and row for a message."""
        return _format_place(self.source, self.row)


@dataclass(frozen=True)
class FieldNames:
    """Which fields of a row hold the text, the id and, where rows bring it, the original."""

    text: str = "text"
    id: str = "id"
    reference: str | None = None


def _format_place(source: str, row: int | None) -> str:
    # No database takes half a character, which a file's name that is not UTF-8 has.
    name = source.encode("utf-8", "backslashreplace").decode("utf-8")
    name = "standard input" if source == STANDARD_INPUT else name
    return name if row is None else f"{name}, row {row}"


def check_text(text: str) -> str:
    """The text, if it is one; UnreadableError where it is empty, binary or endless."""
    if not text.strip():
        raise UnreadableError("empty: no text")
    # A character takes 1 to 4 bytes, so most texts need no count of their bytes.
    if len(text) > DOCUMENT_LIMIT // 4 and len(text.encode(errors="replace")) > DOCUMENT_LIMIT:
        raise UnreadableError(_TOO_LONG)
    if len(_CONTROL.findall(text)) > _CONTROL_SHARE * len(text):
        raise UnreadableError(f"{BINARY} (full of control characters)")
    # Half a surrogate pair is no character, and no encoder takes it.
    return _SURROGATE.sub("\ufffd", text)


def take_original(text: str | None, name: str) -> str | None:
    """An original that a row or a caller brings; a blank one is none.

    Args:
        text: of the original, if there is one.
        name: of the field that holds it.

    Raises:
        UnreadableError: it is binary or endless.
    """
    if text is None or not text.strip():
        return None
    try:
        return check_text(text)
    except UnreadableError as reason:
        raise UnreadableError(f"field {name!r}: {reason}") from reason


def read_text(stream: io.BufferedReader, source: str, names: FieldNames) -> Iterator[Record]:
    """A file whose whole content is the text.

    Args:
        stream: what to read.
        source: its name, which is also the text's id.
        names: of no use to a file without fields.

    Raises:
        UnreadableError: it is too long, or no text.
    """
    content = stream.read(DOCUMENT_LIMIT + 1)
    if len(content) > DOCUMENT_LIMIT:
        raise UnreadableError(_TOO_LONG)
    encoding = find_mark(content)
    if encoding in (None, "utf-8-sig") and b"\0" in content:
        raise UnreadableError(HOLDS_ZERO_BYTE)
    text, note = decode(content, encoding)
    yield Record(source, check_text(text), source, note=note)


def read_table(
    read: Callable[[io.BufferedReader, Columns], Iterator[Row]],
    stream: io.BufferedReader,
    source: str,
    names: FieldNames,
) -> Iterator[Record | BadInput]:
    """A record a row.

    Args:
        read: reads the rows of a stream, see `TableFormat.read`.
        stream: what to read.
        source: its name.
        names: the columns that hold text, id and original.

    Raises:
        UnreadableError: the table lacks one of these columns, or breaks off.
    """
    columns = Columns(known={names.text}, check=partial(_check_columns, names=names))
    for row in read(stream, columns):
        yield _make_record(row, source, names)


def _check_columns(columns: Iterable[str], names: FieldNames) -> None:
    """Refuse a table that lacks the columns of texts or originals, naming those that it has."""
    present = list(columns)
    held = ", ".join(map(repr, present)) or "none"
    asked = {"text": names.text, "reference": names.reference}
    if names.id != FieldNames.id:
        # A table may do without the usual column of ids, but not without one that was named.
        asked["id"] = names.id
    for what, name in asked.items():
        if name is not None and name not in present:
            reason = f"no column {name!r} (columns: {held}{_suggest(name, present)})"
            raise UnreadableError(f"{reason}: give --{what}-column", Fault.MISSING_COLUMN)


def _suggest(name: str, present: Iterable[str]) -> str:
    """The name of a column that was meant, perhaps."""
    by_lower = {str(column).lower(): column for column in present}
    near = get_close_matches(name.lower(), by_lower, 1, _ALIKE)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""


def _make_record(row: Row, source: str, names: FieldNames) -> Record | BadInput:
    fields = dict(row.fields)
    note = row.note
    # Tables with a header that lacks the column are refused; rows without one may each have it.
    if row.error is None and names.id != FieldNames.id and names.id not in fields:
        missing = f"the row's place is its id, for it has no field {names.id!r}"
        note = "; ".join(filter(None, (note, missing + _suggest(names.id, fields))))
    identity = fields.pop(names.id, None)
    # An empty cell is CSV's way to say that there is no id.
    if identity is None or identity == "":
        identity = f"{source}:{row.number}"
    if row.error is not None:
        # Of a row with too few cells, those that there are.
        others = {k: v for k, v in fields.items() if k not in (names.text, names.reference)}
        return BadInput(identity, source, row.number, str(row.error), others, row.error.fault)
    try:
        text = check_text(_take_string(fields, names.text))
        reference = None if names.reference is None else _take_reference(fields, names.reference)
    except UnreadableError as reason:
        return BadInput(identity, source, row.number, str(reason), fields, reason.fault)
    return Record(identity, text, source, row.number, fields, note, reference)


def _take_string(fields: dict[str, Any], name: str) -> str:
    value = _take(fields, name)
    if not isinstance(value, str):
        raise UnreadableError(f"field {name!r} holds a {name_type(value)}, not text")
    return value


def _take_reference(fields: dict[str, Any], name: str) -> str | None:
    """The row's own original, see `take_original`."""
    value = _take(fields, name)
    if value is not None and not isinstance(value, str):
        raise UnreadableError(f"field {name!r} holds a {name_type(value)}, not text")
    return take_original(value, name)


def _take(fields: dict[str, Any], name: str) -> Any:
    if name not in fields:
        held = ", ".join(map(repr, fields)) or "nothing else"
        raise UnreadableError(
            f"no field {name!r}: the row holds {held}{_suggest(name, fields)}", Fault.MISSING_COLUMN
        )
    return fields.pop(name)
