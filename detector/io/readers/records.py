"""What readers hand out, and the checks that every text passes, whatever format it came in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

STANDARD_INPUT = "-"

DOCUMENT_LIMIT = 1024 * 1024
"""Longest text that is scored, in bytes: some 170,000 words, which no article has."""

ROW_LIMIT = 16 * DOCUMENT_LIMIT
"""Longest row or page that is read, in bytes: other fields may hold a whole page."""

# Longest first: the mark of UTF-16 is also the start of that of UTF-32.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")

_SURROGATE = re.compile(r"[\ud800-\udfff]")

# A scraped page may hold a stray control character; a binary file is full of them.
_CONTROL_SHARE = 0.01

_TOO_LONG = f"too long for an article: more than {DOCUMENT_LIMIT:,} bytes of text"

ROW_TOO_LONG = f"too long for a row: more than {ROW_LIMIT:,} bytes"

BINARY = "binary, not text"

_TYPE_NAMES = {
    bool: "truth value",
    dict: "object",
    float: "number",
    int: "number",
    list: "list",
    str: "string",
    type(None): "null",
}


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
    """A file or row that holds no text to score, and why; the attributes are `Record`'s."""

    id: Any
    source: str
    row: int | None
    reason: str
    fields: dict[str, Any] = field(default_factory=dict)

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


class UnreadableError(Exception):
    """A reason, on its way to becoming a `BadInput`."""


def _format_place(source: str, row: int | None) -> str:
    name = "standard input" if source == STANDARD_INPUT else source
    return name if row is None else f"{name}, row {row}"


def find_mark(content: bytes) -> str | None:
    """The encoding that a byte-order mark at the start announces."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    return None


def decode(content: bytes, encoding: str | None = None) -> tuple[str, str | None]:
    """The text, and a note where its encoding had to be guessed.

    What is neither marked nor UTF-8 is read as Windows-1252, by far the most common encoding of
    older English pages; text in another one comes out as gibberish that is not English.

    Raises:
        UnreadableError: it is in none of these encodings.
    """
    try:
        return content.decode(encoding or "utf-8"), None
    except UnicodeDecodeError as error:
        fault = f"byte {error.start} is not {error.encoding.upper()}"
        if encoding is not None:
            raise UnreadableError(f"not text in a known encoding: {fault}") from error
    try:
        return content.decode("cp1252"), f"{fault}: read as Windows-1252"
    except UnicodeDecodeError as error:
        raise UnreadableError(f"not text in a known encoding: {fault}") from error


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


def read_text(content: bytes, source: str) -> Record | BadInput:
    """A file whose whole content is the text; `content` may end behind `DOCUMENT_LIMIT`."""
    encoding = find_mark(content)
    try:
        if len(content) > DOCUMENT_LIMIT:
            raise UnreadableError(_TOO_LONG)
        if encoding in (None, "utf-8-sig") and b"\0" in content:
            raise UnreadableError(f"{BINARY} (byte {content.index(0)} is zero)")
        text, note = decode(content, encoding)
        return Record(source, check_text(text), source, note=note)
    except UnreadableError as reason:
        return BadInput(source, source, None, str(reason))


def name_type(value: object) -> str:
    """What a value is called in a message."""
    return _TYPE_NAMES.get(type(value), type(value).__name__)


def make_record(
    fields: dict[str, Any], names: FieldNames, source: str, row: int, note: str | None = None
) -> Record | BadInput:
    """The document in a row of named fields.

    Args:
        fields: the row; the fields that are named are taken out of it.
        names: which fields hold text, id and original.
        source: the file.
        row: its place there.
        note: what had to be assumed to read it.
    """
    identity = fields.pop(names.id, None)
    if identity is None:
        identity = f"{source}:{row}"
    try:
        text = check_text(_take_string(fields, names.text))
        reference = None if names.reference is None else _take_reference(fields, names.reference)
    except UnreadableError as reason:
        return BadInput(identity, source, row, str(reason), fields)
    return Record(identity, text, source, row, fields, note, reference)


def _take_string(fields: dict[str, Any], name: str) -> str:
    value = _take(fields, name)
    if not isinstance(value, str):
        raise UnreadableError(f"field {name!r} holds a {name_type(value)}, not text")
    return value


def _take_reference(fields: dict[str, Any], name: str) -> str | None:
    """The row's own original; a row without one holds null or nothing but blanks there."""
    value = _take(fields, name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str):
        raise UnreadableError(f"field {name!r} holds a {name_type(value)}, not text")
    try:
        return check_text(value)
    except UnreadableError as reason:
        raise UnreadableError(f"field {name!r}: {reason}") from reason


def _take(fields: dict[str, Any], name: str) -> Any:
    if name not in fields:
        held = ", ".join(map(repr, fields)) or "nothing else"
        raise UnreadableError(f"no field {name!r}: the row holds {held}")
    return fields.pop(name)


def check_columns(columns: Iterable[str], names: FieldNames) -> None:
    """Refuse a table that lacks the columns of texts or originals, naming those that it has."""
    present = list(columns)
    held = ", ".join(map(repr, present)) or "none"
    if names.text not in present:
        raise UnreadableError(f"no column {names.text!r} (columns: {held}): give --text-column")
    if names.reference is not None and names.reference not in present:
        raise UnreadableError(
            f"no column {names.reference!r} (columns: {held}): give --reference-column"
        )


def name_columns(header: Iterable[str]) -> list[str]:
    """Column names without blanks around them, each of its own: "", "x", "x" → column_1, x, x_2."""
    named: list[str] = []
    taken: set[str] = set()
    for number, cell in enumerate(header, start=1):
        base = cell.strip() or f"column_{number}"
        name, copy = base, 1
        while name in taken:
            copy += 1
            name = f"{base}_{copy}"
        taken.add(name)
        named.append(name)
    return named
