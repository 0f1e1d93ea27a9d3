"""Turn files and standard input into documents, one at a time.

Whatever cannot be read becomes a `BadInput` in its place, with file, row and reason, so that one
bad row stops nothing. Every row of the input ends as exactly one `Record` or `BadInput`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from detector.io.readers.compression import GZIP, find_compression, open_decompressed
from detector.io.readers.csv_rows import COMMA, TAB, read_csv
from detector.io.readers.html import HtmlLimits, Page, extract_pages, opens_page, read_page
from detector.io.readers.json_rows import opens_json, read_json
from detector.io.readers.parquet import read_parquet
from detector.io.readers.records import (
    DOCUMENT_LIMIT,
    ROW_LIMIT,
    STANDARD_INPUT,
    BadInput,
    FieldNames,
    Record,
    UnreadableError,
    find_mark,
    read_text,
)
from detector.io.readers.sources import (
    CSV,
    HTML,
    INPUT_FORMATS,
    JSON_LINES,
    PARQUET,
    TEXT,
    TSV,
    WARC,
    expand_source,
    explain,
    find_named_compression,
    find_named_format,
    holds_rows,
    open_source,
)
from detector.io.readers.warc import read_warc

__all__ = [
    "DOCUMENT_LIMIT",
    "INPUT_FORMATS",
    "ROW_LIMIT",
    "STANDARD_INPUT",
    "BadInput",
    "FieldNames",
    "HtmlLimits",
    "Record",
    "holds_rows",
    "read_records",
]

_USUAL_NAMES = FieldNames()

_USUAL_LIMITS = HtmlLimits()

_LOOKED_AT = 4096

_ROWS = frozenset({JSON_LINES, CSV, TSV})

_PARQUET_START = b"PAR1"

_WARC_START = b"WARC/"


def read_records(
    sources: Iterable[str],
    names: FieldNames = _USUAL_NAMES,
    standard_input: BinaryIO | None = None,
    *,
    input_format: str | None = None,
    html_limits: HtmlLimits = _USUAL_LIMITS,
) -> Iterator[Record | BadInput]:
    """Every document of the given files, in order.

    A file's name tells its format: .txt, .html, .jsonl, .ndjson or .json, .csv, .tsv, .parquet,
    .warc, each also with .gz or .zst behind it. Of any other, standard input included, the first
    bytes do. A .txt file that holds a page is read as one.

    Args:
        sources: files, folders (with all that is in them), patterns such as "crawl/**/*.html";
            "-" is standard input.
        names: the fields or columns that hold the text, the id and the original.
        standard_input: what "-" reads; `sys.stdin` unless given.
        input_format: one of `INPUT_FORMATS`, for all the sources, whatever they are called.
        html_limits: what a page may cost before it is given up.

    Raises:
        ValueError: there is no such format.
    """
    if input_format is not None and input_format not in INPUT_FORMATS:
        raise ValueError(f"format must be one of {', '.join(INPUT_FORMATS)}, not {input_format!r}")
    items = _read_all(sources, names, standard_input, input_format)
    return extract_pages(items, html_limits)


def _read_all(
    sources: Iterable[str],
    names: FieldNames,
    standard_input: BinaryIO | None,
    input_format: str | None,
) -> Iterator[Record | BadInput | Page]:
    for source in sources:
        for name in expand_source(source):
            if isinstance(name, BadInput):
                yield name
                continue
            try:
                with open_source(name, standard_input) as stream:
                    yield from _read_source(stream, name, names, input_format)
            except UnreadableError as reason:
                yield BadInput(name, name, None, str(reason))
            except OSError as error:
                yield BadInput(name, name, None, explain(error))


def _read_source(
    stream: io.BufferedReader, source: str, names: FieldNames, input_format: str | None
) -> Iterator[Record | BadInput | Page]:
    form = input_format or find_named_format(source)
    if form in _ROWS and not stream.peek(_LOOKED_AT):
        # Programs that write in parts leave empty ones behind: no rows, and no fault.
        return
    start = _look_at(stream)
    compression = find_compression(start)
    if (named := find_named_compression(source)) not in (None, compression):
        raise UnreadableError(f"no {named} archive, although its name says so")
    # A web archive's gzip members are told apart, so that one may be broken.
    by_members = form == WARC and compression == GZIP
    if compression is not None and not by_members:
        stream = open_decompressed(stream, compression)
        if form in _ROWS and not stream.peek(_LOOKED_AT):
            return
        start = _look_at(stream)
    if input_format is None and form in (None, TEXT):
        form = _recognise(start, form)
    if form == TEXT:
        yield read_text(stream.read(DOCUMENT_LIMIT + 1), source)
    elif form == HTML:
        yield read_page(stream.read(ROW_LIMIT + 1), source, names)
    elif form == JSON_LINES:
        yield from read_json(stream, source, names)
    elif form == PARQUET:
        yield from read_parquet(stream, source, names)
    elif form == WARC:
        yield from read_warc(stream, source, names, by_members=by_members)
    else:
        yield from read_csv(stream, source, names, TAB if form == TSV else COMMA)


def _look_at(stream: io.BufferedReader) -> bytes:
    start = stream.peek(_LOOKED_AT)
    if not start:
        raise UnreadableError("empty: no text")
    return start


def _recognise(start: bytes, form: str | None) -> str:
    """The format that the first bytes of a file announce; text where they announce none."""
    text = start[:_LOOKED_AT].decode(find_mark(start) or "utf-8", errors="ignore")
    if opens_page(text):
        return HTML
    if form == TEXT:
        return TEXT
    if start.startswith(_PARQUET_START):
        return PARQUET
    if start.startswith(_WARC_START):
        return WARC
    return JSON_LINES if opens_json(text) else TEXT
