"""Turn files and standard input into documents, one at a time.

Whatever cannot be read becomes a `BadInput` in its place, with file, row and reason, so that one
bad row stops nothing.
"""

from __future__ import annotations

import codecs
import io
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

STANDARD_INPUT = "-"

DOCUMENT_LIMIT = 1024 * 1024
"""Longest text that is scored, in bytes: some 170,000 words, which no article has."""
ROW_LIMIT = 16 * DOCUMENT_LIMIT
"""Longest row that is read, in bytes: other fields may hold a whole page."""

_JSON_LINES = frozenset({".json", ".jsonl", ".ndjson"})
# Scored as plain text, their markup would pass for an author's style.
_MARKUP = frozenset({".csv", ".htm", ".html", ".parquet", ".tsv", ".warc", ".xml"})
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

_JSON_TYPES = {
    bool: "truth value",
    dict: "object",
    float: "number",
    int: "number",
    list: "list",
    str: "string",
    type(None): "null",
}
_TOO_LONG = f"too long for an article: more than {DOCUMENT_LIMIT:,} bytes of text"
_BINARY = "binary, not text"
_PIECE = 64 * 1024


@dataclass(frozen=True)
class Document:
    """One text to score.

    Attributes:
        id: the row's id, or else the file's name (with the row, in files of rows).
        text: what to score.
        source: the file's name as it was given, "-" for standard input.
        row: line number from 1 in files of rows; None where the whole file is the text.
        fields: the row's other fields, to be passed through.
        note: what the reader had to assume, such as an encoding.
    """

    id: Any
    text: str
    source: str
    row: int | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    note: str | None = None

    @property
    def place(self) -> str:
        """File and row for a message."""
        return _format_place(self.source, self.row)


@dataclass(frozen=True)
class BadInput:
    """A file or row that holds no text to score, and why; the attributes are `Document`'s."""

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
    """Which fields of a row hold the text and the id."""

    text: str = "text"
    id: str = "id"


class _UnreadableError(Exception):
    """A reason, on its way to becoming a `BadInput`."""


def _format_place(source: str, row: int | None) -> str:
    name = "standard input" if source == STANDARD_INPUT else source
    return name if row is None else f"{name}, row {row}"


def read_documents(
    sources: Iterable[str],
    names: FieldNames = FieldNames(),
    standard_input: BinaryIO | None = None,
) -> Iterator[Document | BadInput]:
    """Every document of the given files, in order.

    A file ending in .jsonl, .ndjson or .json holds a JSON object a line; .txt is one text; of
    anything else, standard input included, the first character decides: "{" starts JSON lines.

    Args:
        sources: file names; "-" for standard input.
        names: the fields that hold the text and the id in JSON lines.
        standard_input: what "-" reads; `sys.stdin` unless given.
    """
    for source in sources:
        try:
            with _open_source(source, standard_input) as stream:
                yield from _read_stream(stream, source, names)
        except _UnreadableError as reason:
            yield BadInput(source, source, None, str(reason))
        except OSError as error:
            yield BadInput(source, source, None, _explain(error))


def holds_rows(source: str) -> bool:
    """Whether a file's name says that it holds a document a line."""
    return Path(source).suffix.lower() in _JSON_LINES


@contextmanager
def _open_source(source: str, standard_input: BinaryIO | None) -> Iterator[io.BufferedReader]:
    if source == STANDARD_INPUT:
        given = standard_input or sys.stdin.buffer
        if isinstance(given, io.BufferedReader):
            yield given
        else:
            yield io.BufferedReader(given)  # type: ignore[arg-type]
        return
    if (suffix := Path(source).suffix.lower()) in _MARKUP:
        raise _UnreadableError(f"{suffix} files are not read: give text files or JSON lines")
    with Path(source).open("rb") as stream:
        yield stream


def _explain(error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "a folder where a file is meant: name the files in it"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {error.strerror or error}"


def _read_stream(
    stream: io.BufferedReader, source: str, names: FieldNames
) -> Iterator[Document | BadInput]:
    start = stream.peek(64)
    encoding = _find_mark(start)
    if holds_rows(source) or (not _holds_text(source) and _opens_object(start, encoding)):
        yield from _read_rows(_read_lines(stream, encoding), source, names)
    else:
        yield _read_text(stream.read(DOCUMENT_LIMIT + 1), encoding, source)


def _holds_text(source: str) -> bool:
    return Path(source).suffix.lower() == ".txt"


def _find_mark(content: bytes) -> str | None:
    """The encoding that a byte-order mark at the start announces."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    return None


def _opens_object(start: bytes, encoding: str | None) -> bool:
    return start.decode(encoding or "utf-8", errors="ignore").lstrip().startswith("{")


# --------------------------------------------------------------------------------------
# Text
# --------------------------------------------------------------------------------------


def _read_text(content: bytes, encoding: str | None, source: str) -> Document | BadInput:
    try:
        if len(content) > DOCUMENT_LIMIT:
            raise _UnreadableError(_TOO_LONG)
        if encoding in (None, "utf-8-sig") and b"\0" in content:
            raise _UnreadableError(f"{_BINARY} (byte {content.index(0)} is zero)")
        text, note = _decode(content, encoding)
        return Document(source, _check_text(text), source, note=note)
    except _UnreadableError as reason:
        return BadInput(source, source, None, str(reason))


def _decode(content: bytes, encoding: str | None) -> tuple[str, str | None]:
    """The text, and a note where its encoding had to be guessed.

    What is neither marked nor UTF-8 is read as Windows-1252, by far the most common encoding of
    older English pages; text in another one comes out as gibberish that is not English.
    """
    try:
        return content.decode(encoding or "utf-8"), None
    except UnicodeDecodeError as error:
        fault = f"byte {error.start} is not {error.encoding.upper()}"
        if encoding is not None:
            raise _UnreadableError(f"not text in a known encoding: {fault}") from error
    try:
        return content.decode("cp1252"), f"{fault}: read as Windows-1252"
    except UnicodeDecodeError as error:
        raise _UnreadableError(f"not text in a known encoding: {fault}") from error


def _check_text(text: str) -> str:
    """The text, if it is one: not empty, not binary, not endless."""
    if not text.strip():
        raise _UnreadableError("empty: no text")
    # A character takes 1 to 4 bytes, so most texts need no count of their bytes.
    if len(text) > DOCUMENT_LIMIT // 4 and len(text.encode(errors="replace")) > DOCUMENT_LIMIT:
        raise _UnreadableError(_TOO_LONG)
    if len(_CONTROL.findall(text)) > _CONTROL_SHARE * len(text):
        raise _UnreadableError(f"{_BINARY} (full of control characters)")
    # Half a surrogate pair is no character, and no encoder takes it.
    return _SURROGATE.sub("\ufffd", text)


# --------------------------------------------------------------------------------------
# JSON lines
# --------------------------------------------------------------------------------------


def _read_lines(stream: io.BufferedReader, encoding: str | None) -> Iterator[bytes | str | None]:
    """Each line; None stands for one that is too long to be held in memory."""
    if encoding in ("utf-16", "utf-32"):
        # Here a newline is more than a byte, so lines can only be told apart once decoded.
        decoded = io.TextIOWrapper(stream, encoding, errors="replace", newline="\n")
        yield from _split_lines(decoded, "\n")
        decoded.detach()
        return
    if encoding is not None:
        stream.read(len(codecs.BOM_UTF8))
    yield from _split_lines(stream, b"\n")


def _split_lines(
    stream: io.TextIOWrapper | io.BufferedReader, newline: str | bytes
) -> Iterator[bytes | str | None]:
    while line := stream.readline(ROW_LIMIT + 1):
        if len(line) <= ROW_LIMIT or line[-1:] == newline:
            yield line
            continue
        # The rest of it is passed over in small pieces.
        while line and line[-1:] != newline:
            line = stream.readline(_PIECE)
        yield None


def _read_rows(
    lines: Iterable[bytes | str | None], source: str, names: FieldNames
) -> Iterator[Document | BadInput]:
    for row, line in enumerate(lines, start=1):
        identity: Any = f"{source}:{row}"
        fields: dict[str, Any] = {}
        try:
            fields, note = _parse_row(line)
            identity = _take_id(fields, names.id, identity)
            text = _take_text(fields, names.text)
            yield Document(identity, _check_text(text), source, row, fields, note)
        except _UnreadableError as reason:
            yield BadInput(identity, source, row, str(reason), fields)


def _parse_row(line: bytes | str | None) -> tuple[dict[str, Any], str | None]:
    if line is None:
        raise _UnreadableError(f"too long for a row: more than {ROW_LIMIT:,} bytes")
    content, note = (line, None) if isinstance(line, str) else _decode(line, None)
    content = content.strip()
    if not content:
        raise _UnreadableError("blank line: no JSON object")
    try:
        # pandas writes NaN, which JSON has not: passed on, it would make our own output unreadable.
        row = json.loads(content, parse_constant=lambda _: None, parse_float=_parse_finite)
    except json.JSONDecodeError as error:
        problem = f"{error.msg.removesuffix(' at')} at column {error.colno}"
        raise _UnreadableError(f"malformed JSON: {problem}") from error
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(f"malformed JSON: {error}") from error
    if not isinstance(row, dict):
        raise _UnreadableError(f"a JSON {_JSON_TYPES[type(row)]} where an object is meant")
    return row, note


def _parse_finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _take_id(fields: dict[str, Any], name: str, default: str) -> Any:
    identity = fields.pop(name, None)
    return default if identity is None else identity


def _take_text(fields: dict[str, Any], name: str) -> str:
    if name not in fields:
        held = ", ".join(map(repr, fields)) or "nothing else"
        raise _UnreadableError(f"no field {name!r}: the row holds {held}")
    text = fields.pop(name)
    if not isinstance(text, str):
        raise _UnreadableError(f"field {name!r} holds a {_JSON_TYPES[type(text)]}, not text")
    return text
