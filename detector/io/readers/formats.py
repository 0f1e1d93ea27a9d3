"""Every format that can be read, a line each: its name, its files' endings, its reader.

To add one, write a module with a function that takes a stream, its name and `FieldNames` and yields
records, and give it a line in `FORMATS`. A format of tables goes into `detector.io.tables` instead.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from detector.io.compression import strip_compression
from detector.io.encodings import find_mark
from detector.io.faults import UnreadableError
from detector.io.readers.html import Page, opens_page, read_page
from detector.io.readers.records import BadInput, FieldNames, Record, read_table, read_text
from detector.io.readers.warc import read_arc, read_warc
from detector.io.tables import TABLE_FORMATS
from detector.io.tables.csv_rows import opens_csv
from detector.io.tables.json_rows import opens_rows

LOOKED_AT = 4096
"""So many of a file's first bytes tell its format where its name does not."""


@dataclass(frozen=True)
class Format:
    """A format that can be read.

    Attributes:
        name: what the format is called in options and messages.
        endings: of the names of such files, in small letters.
        read: reads the records of a stream; pages are extracted afterwards.
        magic: the first bytes of every such file; b"" where they differ.
        opens: whether the first characters of a file are those of this format; None where a
            file's content does not tell it.
        holds_rows: a file holds a text a row.
        may_be_empty: a file of no bytes holds no text, and that is no fault.
        reads_gzip: the reader takes a gzip file as it is.
    """

    name: str
    endings: tuple[str, ...]
    read: Callable[[io.BufferedReader, str, FieldNames], Iterator[Record | BadInput | Page]]
    magic: bytes = b""
    opens: Callable[[str], bool] | None = None
    holds_rows: bool = False
    may_be_empty: bool = False
    reads_gzip: bool = False


_TEXT = Format("text", (".txt",), read_text)

FORMATS = (
    _TEXT,
    Format("html", (".html", ".htm", ".xhtml"), read_page, opens=opens_page),
    *(
        Format(
            form.name,
            form.endings,
            partial(read_table, form.read),
            form.magic,
            form.opens,
            holds_rows=True,
            may_be_empty=form.may_be_empty,
        )
        for form in TABLE_FORMATS
    ),
    # An archive's gzip members are told apart, so that one may be broken.
    Format("warc", (".warc",), read_warc, b"WARC/", reads_gzip=True),
    Format("arc", (".arc",), read_arc, b"filedesc:", reads_gzip=True),
)

INPUT_FORMATS = tuple(form.name for form in FORMATS)
"""What `read_records` can read, by the names that it takes."""

_PDF = "PDF files are not read: take their text, pdftotext FILE.pdf, and give FILE.txt"

_OFFICE = (
    "documents of word processors are not read: save as plain text, or "
    "pandoc FILE.docx -t plain --wrap=none -o FILE.txt, and give FILE.txt"
)

_SHEET = "spreadsheets are not read: save the sheet as CSV, and name its column with --text-column"

_MAIL = (
    "mails, and pages that a browser saved as one, are not read: save the page as HTML, or the "
    "text alone, and give that"
)

_PACKED = "such archives are not read: unpack them, and give the folder (.gz and .zst are read)"

# Scored as plain text, markup would pass for an author's style.
_REFUSED = {
    ".xml": f".xml files are not read: give {', '.join(form.name for form in FORMATS)}",
    ".pdf": _PDF,
}
_REFUSED |= dict.fromkeys((".docx", ".doc", ".odt", ".rtf", ".pages"), _OFFICE)
_REFUSED |= dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), _SHEET)
_REFUSED |= dict.fromkeys((".mht", ".mhtml", ".eml", ".mbox"), _MAIL)
_REFUSED |= dict.fromkeys((".zip", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar"), _PACKED)

_REFUSED_STARTS = {
    b"%PDF-": _PDF,
    b"{\\rtf": _OFFICE,
    b"\xd0\xcf\x11\xe0": _OFFICE,
    b"PK\x03\x04": _PACKED,
    b"\xfd7zXZ\0": _PACKED,
}
"""First bytes of files that are not read, whatever they are called."""


def get_format(name: str) -> Format:
    """The format of one of the names in `INPUT_FORMATS`."""
    return next(form for form in FORMATS if form.name == name)


def find_named_format(source: str) -> Format | None:
    """The format that a file's name announces, whatever the file is compressed with.

    Raises:
        UnreadableError: files of that name are not read.
    """
    ending = Path(strip_compression(source)).suffix
    found = next((form for form in FORMATS if ending.lower() in form.endings), None)
    if found is None and ending.lower() in _REFUSED:
        raise UnreadableError(_REFUSED[ending.lower()])
    return found


def holds_rows(source: str) -> bool:
    """Whether a file's name says that it holds a text a row."""
    try:
        form = find_named_format(source)
    except UnreadableError:
        return False
    return form is not None and form.holds_rows


def recognise(start: bytes, named: Format | None, column: str) -> Format:
    """The format of a file whose name announces none, or text, which may be a page or rows.

    Args:
        start: its first bytes.
        named: the format that its name announces.
        column: the one that holds the texts in files of rows.

    Raises:
        UnreadableError: files that begin so are not read.
    """
    if named not in (None, _TEXT):
        return named
    for opening, reason in _REFUSED_STARTS.items():
        if start.startswith(opening):
            raise UnreadableError(reason)
    text = start[:LOOKED_AT].decode(find_mark(start) or "utf-8", errors="ignore")
    if opens_page(text):
        return get_format("html")
    if named is not None and opens_rows(text):
        return get_format("jsonl")
    if named is None:
        for form in FORMATS:
            if form.magic and start.startswith(form.magic):
                return form
        if found := next((form for form in FORMATS if form.opens and form.opens(text)), None):
            return found
    return get_format("csv") if opens_csv(text, column) else _TEXT
