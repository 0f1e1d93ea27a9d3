"""WARC and ARC: the pages of a web archive, record by record, on beyond broken records."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from detector.io.addresses import split_address
from detector.io.compression import GZIP, GzipStream, find_compression
from detector.io.faults import UnreadableError, explain_missing
from detector.io.readers.archive_records import ARC, PIECE, WARC, Layout, RawRecord, Records
from detector.io.readers.html import PAGE_TOO_LONG, Page, decode_page, opens_page
from detector.io.readers.http_bodies import decode_body
from detector.io.readers.records import BadInput, FieldNames, Record, check_text

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord


# Pages as they were fetched, and what an archive made of them: Common Crawl's WET files are texts.
_KINDS = frozenset({"response", "resource", "conversion"})

_HTML = frozenset({"text/html", "application/xhtml+xml"})

_TEXT = frozenset({"text/plain"})

# A page with its headers, which the library only parses where the address is one of HTTP.
_MESSAGE = "application/http"

_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.I)

# What is longer is no length, and may have more digits than Python makes a number of.
_LENGTH = re.compile(r"\s*(\d{1,18})\s*", re.ASCII)


def read_archive(
    layout: Layout, stream: io.BufferedReader, source: str, names: FieldNames
) -> Iterator[Record | BadInput | Page]:
    """The HTML pages and plain texts among the archive's records, which are counted from 1.

    Redirects, errors, images and the like are passed over.

    Args:
        layout: of the archive.
        stream: what to read; of a gzip file, whose members are told apart, its bytes as they are.
        source: its name.
        names: which field, such as "url", is the id; the archived record's own unless one is.

    Raises:
        UnreadableError: warcio is missing, or the archive is empty.
        DamagedArchiveError: a compressed stream broke where it is not read by members.
    """
    try:
        import warcio  # noqa: F401
    except ImportError as error:
        raise explain_missing(f"{layout.name} files", "warcio") from error
    is_gzip = find_compression(stream.peek(PIECE)) == GZIP
    records = Records(GzipStream(stream) if is_gzip else stream, layout)
    row = 0
    for row, raw in enumerate(records, start=1):
        try:
            item = _read_record(raw, source, row, names)
        except UnreadableError as reason:
            item = _refuse(raw, source, row, reason)
        except ValueError as error:
            # Whatever a header holds, it costs no other record.
            item = _refuse(raw, source, row, _describe(error))
        if item is not None:
            yield item
    if records.failure is not None:
        raise records.failure
    if row == 0:
        raise UnreadableError("empty: no record")


read_warc, read_arc = partial(read_archive, WARC), partial(read_archive, ARC)


def _refuse(raw: RawRecord, source: str, row: int, reason: UnreadableError) -> BadInput:
    where = f"record at byte {raw.offset:,}"
    return BadInput(f"{source}:{row}", source, row, f"{where}: {reason}", fault=reason.fault)


def _describe(error: Exception) -> UnreadableError:
    reason = str(error).partition("\n")[0][:200] or type(error).__name__
    return UnreadableError(f"malformed: {reason}")


def _read_record(
    raw: RawRecord, source: str, row: int, names: FieldNames
) -> Record | BadInput | Page | None:
    """What the record holds; None where that is neither a page nor a text."""
    if raw.fault is not None:
        raise UnreadableError(raw.fault)
    record = _parse_record(raw.content)
    if record.rec_type not in _KINDS or not _was_found(record):
        return None
    content_type = _find_content_type(record)
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == _MESSAGE and record.http_headers is None:
        address = record.rec_headers.get_header("WARC-Target-URI")
        raise UnreadableError(f"its address {address!r:.200} is none of HTTP")
    if media_type not in _HTML | _TEXT | {""}:
        return None
    if not raw.is_whole:
        raise UnreadableError(PAGE_TOO_LONG)
    charset = _CHARSET.search(content_type)
    content, cut = _read_content(record)
    text, note = decode_page(content, charset and charset[1])
    if media_type == "" and not opens_page(text[:PIECE]):
        return None
    headers = record.rec_headers
    if headers.get_header("WARC-Truncated"):
        cut = "cut off by who archived it"
    note = "; ".join(filter(None, (note, cut))) or None
    # The library draws an identity for a record that has none.
    given = headers.get_header("WARC-Record-ID") if raw.has_identity else None
    identity = (given or "").strip("<> ") or f"{source}:{row}"
    url = headers.get_header("WARC-Target-URI")
    fields = {"captured": headers.get_header("WARC-Date")}
    if media_type not in _TEXT:
        return Page(text, source, names, identity, row, url, note, fields)
    fields = {
        "title": None,
        "date": None,
        "url": url,
        "outlet": parts.hostname if (parts := split_address(url)) else None,
        "author": None,
        **fields,
    }
    identity = fields.pop(names.id, None) or identity
    return _make_text(text, fields, identity, source, row, note)


def _parse_record(content: bytes) -> ArcWarcRecord:
    from warcio.archiveiterator import ArchiveIterator

    try:
        # The library knows no version of HTTP above 1.1; we look ourselves whether it is HTTP.
        record = next(ArchiveIterator(io.BytesIO(content), verify_http=False, arc2warc=True))
    # Malformed headers make the library fail in as many ways as it has lines.
    except Exception as error:
        raise _describe(error) from error
    if record.rec_type == "response" and record.http_headers is not None:
        protocol = record.http_headers.protocol
        if not protocol.startswith("HTTP/"):
            raise UnreadableError(f"malformed: {protocol[:200]!r} where HTTP is meant")
    return record


def _was_found(record: ArcWarcRecord) -> bool:
    """Whether what was fetched is the page itself: no redirect, no error."""
    headers = record.http_headers
    return headers is None or headers.get_statuscode().startswith("2")


def _find_content_type(record: ArcWarcRecord) -> str:
    headers = record.rec_headers if record.http_headers is None else record.http_headers
    given = headers.get_header("Content-Type")
    return given or record.rec_headers.get_header("WARC-Identified-Payload-Type") or ""


def _read_content(record: ArcWarcRecord) -> tuple[bytes, str | None]:
    """The body without its encodings, and a note where it was cut off."""
    body, headers = record.raw_stream.read(), record.http_headers
    if headers is None:
        return body, None
    transfer = headers.get_header("Transfer-Encoding") or ""
    content, cut = decode_body(body, transfer, headers.get_header("Content-Encoding") or "")
    length = _LENGTH.fullmatch(headers.get_header("Content-Length") or "")
    if length and cut is None and not transfer and len(body) < int(length[1]):
        cut = f"cut off: {len(body):,} of {int(length[1]):,} bytes"
    return content, cut


def _make_text(
    text: str, fields: dict[str, Any], identity: str, source: str, row: int, note: str | None
) -> Record | BadInput:
    try:
        return Record(identity, check_text(text), source, row, fields, note)
    except UnreadableError as reason:
        return BadInput(identity, source, row, str(reason), fields)
