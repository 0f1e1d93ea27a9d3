"""Turn files and standard input into records, one at a time.

Whatever cannot be read becomes a `BadInput` in its place, with file, row and reason, so that one
bad row stops nothing. Every row of the input ends as exactly one `Record` or `BadInput`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from detector.io.compression import GZIP, decompress, find_compression
from detector.io.faults import DOCUMENT_LIMIT, ROW_LIMIT_BYTES, UnreadableError
from detector.io.readers.formats import (
    INPUT_FORMATS,
    LOOKED_AT,
    find_named_format,
    get_format,
    holds_rows,
    recognise,
)
from detector.io.readers.html import HtmlLimits, Page, extract_pages
from detector.io.readers.records import STANDARD_INPUT, BadInput, FieldNames, Record
from detector.io.readers.sources import expand_source, explain, open_source

__all__ = [
    "DOCUMENT_LIMIT",
    "INPUT_FORMATS",
    "ROW_LIMIT_BYTES",
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


def read_records(
    sources: Iterable[str],
    names: FieldNames = _USUAL_NAMES,
    standard_input: BinaryIO | None = None,
    *,
    input_format: str | None = None,
    html_limits: HtmlLimits = _USUAL_LIMITS,
) -> Iterator[Record | BadInput]:
    """Every text of the given files, in order.

    A file's name tells its format: .txt, .html, .jsonl, .ndjson or .json, .csv, .tsv, .parquet,
    .warc or .arc, each also with .gz or .zst behind it. Of any other, standard input included, the
    first bytes do. A .txt file that holds a page or rows is read as such.

    Args:
        sources: files, folders (with all that is in them), patterns such as "crawl/**/*.html";
            "-" is standard input.
        names: the fields or columns that hold the text, the id and the original.
        standard_input: what "-" reads; `sys.stdin` unless given.
        input_format: one of `INPUT_FORMATS`, for all the sources, whatever they are called.
        html_limits: what a page may cost before it is given up.

    Raises:
        TypeError: `sources` is a single name.
        ValueError: there is no such format.
    """
    if isinstance(sources, str | bytes | os.PathLike):
        # Each character of it would be a name, and "/" holds all the files that there are.
        raise TypeError(f"sources is {type(sources).__name__}; give a list of names: [{sources!r}]")
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
                count = 0
                with open_source(name, standard_input) as stream:
                    for count, item in enumerate(  # noqa: B007 - told afterwards
                        _read_source(stream, name, names, input_format), start=1
                    ):
                        yield item
                # Programs that write in parts leave files without rows in their folders.
                if not count and name == source:
                    yield BadInput(name, name, None, "empty: no rows")
            except UnreadableError as reason:
                yield BadInput(name, name, None, str(reason), fault=reason.fault)
            except OSError as error:
                yield BadInput(name, name, None, explain(error))


def _read_source(
    stream: io.BufferedReader, source: str, names: FieldNames, input_format: str | None
) -> Iterator[Record | BadInput | Page]:
    form = get_format(input_format) if input_format else find_named_format(source)
    is_gzip = find_compression(stream.peek(LOOKED_AT)) == GZIP
    if not (is_gzip and form is not None and form.reads_gzip):
        stream = decompress(stream, source)
    start = stream.peek(LOOKED_AT)
    if not start and form is not None and form.may_be_empty:
        return
    if not start:
        raise UnreadableError("empty: no text")
    if form is None or input_format is None:
        form = recognise(start, form, names.text)
    yield from form.read(stream, source, names)
