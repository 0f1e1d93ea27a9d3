"""WARC: the pages of a web archive, record by record, on beyond records that are broken."""

from __future__ import annotations

import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from detector.io.compression import GZIP, DamagedError, GzipStream, find_compression
from detector.io.faults import ROW_LIMIT, UnreadableError, explain_missing
from detector.io.readers.html import PAGE_TOO_LONG, Page, decode_page, opens_page
from detector.io.readers.records import BadInput, FieldNames, Record, check_text

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord


_PIECE = 64 * 1024

_LONGEST_HEADER = 64 * 1024

_HEADER_END = re.compile(rb"\r?\n\r?\n")

_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?$", re.I | re.M)

_RECORD_START = re.compile(rb"\n(?=WARC/\d)")

_LONGEST_START = 8

# What may stand behind a record: two ends of line, whatever follows, or any blanks before the next.
_RECORD_TAIL = re.compile(rb"\r\n\r\n|\s*(?:\Z|WARC/\d)")

_TAIL_LENGTH = 16

_FALSE_LENGTH = "its Content-Length is false"

_CUT_OFF = "cut off, or its Content-Length is false"

# Pages as they were fetched, and what an archive made of them: Common Crawl's WET files are texts.
_KINDS = frozenset({"response", "resource", "conversion"})

_HTML = frozenset({"text/html", "application/xhtml+xml"})

_TEXT = frozenset({"text/plain"})

_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.I)

_CODINGS = frozenset({"", "identity", "none", "gzip", "deflate"})


@dataclass(frozen=True)
class _Raw:
    """A record's bytes, not yet looked into, or what is wrong with them."""

    offset: int
    content: bytes = b""
    fault: str | None = None
    is_whole: bool = True


def read_warc(
    stream: io.BufferedReader, source: str, names: FieldNames
) -> Iterator[Record | BadInput | Page]:
    """The HTML pages and plain texts among the archive's records, which are counted from 1.

    Redirects, errors, images and the like are passed over.

    Args:
        stream: what to read; of a gzip file, whose members are told apart, its bytes as they are.
        source: its name.
        names: which field, such as "url", is the id; the archived record's own unless one is.

    Raises:
        UnreadableError: warcio is missing, or the archive is empty.
        DamagedError: a compressed stream broke where it is not read by members.
    """
    try:
        import warcio  # noqa: F401
    except ImportError as error:
        raise explain_missing("WARC files", "warcio") from error
    is_gzip = find_compression(stream.peek(_PIECE)) == GZIP
    records = _Records(GzipStream(stream) if is_gzip else stream)
    row = 0
    for row, raw in enumerate(records, start=1):
        try:
            item = _read_record(raw, source, row, names)
        except UnreadableError as reason:
            where = f"record at byte {raw.offset:,}"
            item = BadInput(f"{source}:{row}", source, row, f"{where}: {reason}")
        if item is not None:
            yield item
    if records.failure is not None:
        raise records.failure
    if row == 0:
        raise UnreadableError("empty: no record")


class _Records:
    """Tells the records of an archive apart, and finds the next one behind a broken one.

    A length is believed only where a record or the end follows it, so that a false one costs
    one record: neither is half a page taken for a whole one, nor are those behind it swallowed.

    Attributes:
        failure: why the archive ended early; None where it did not.
    """

    def __init__(self, stream: BinaryIO | GzipStream) -> None:
        self._stream = stream
        self._held = bytearray()
        self._passed = 0  # bytes before those held
        # Where the bytes of each gzip member start, and where that member is in the file.
        self._members: deque[tuple[int, int]] = deque()
        self._damage: DamagedError | None = None
        self.failure: UnreadableError | None = None

    def __iter__(self) -> Iterator[_Raw]:
        while True:
            try:
                if not self._skip_blanks():
                    return
                yield self._take_record()
            except DamagedError as reason:
                if not isinstance(self._stream, GzipStream):
                    self.failure = reason
                    return
                yield _Raw(self._stream.member_offset, fault=str(reason).partition(":")[0])
                if not self._resume(self._stream):
                    return

    def _resume(self, stream: GzipStream) -> bool:
        self._drop(len(self._held))
        self._members.clear()
        self._damage = None
        return stream.resume()

    def _take_record(self) -> _Raw:
        offset = self._locate()
        self._fill(_LONGEST_HEADER)
        header = _HEADER_END.search(self._held, 0, _LONGEST_HEADER)
        if not self._held.startswith(b"WARC/") or header is None:
            self._find_next(1)
            return _Raw(offset, fault="no header of a WARC record")
        body = header.end()
        length = _LENGTH.search(self._held, 0, body)
        if length is None:
            self._find_next(body)
            return _Raw(offset, fault="no Content-Length, or one that is no number")
        end = body + int(length[1])
        if end - body > ROW_LIMIT:
            return self._pass_long(offset, body, end)
        self._fill(end + _TAIL_LENGTH)
        if len(self._held) < end:
            self._find_next(body)
            return _Raw(offset, fault=_CUT_OFF)
        if not _RECORD_TAIL.match(self._held, end):
            self._find_next(body)
            return _Raw(offset, fault=_FALSE_LENGTH)
        self._check_member()
        content = bytes(self._held[:end])
        self._drop(end)
        return _Raw(offset, content)

    def _pass_long(self, offset: int, body: int, end: int) -> _Raw:
        """A record too long to be held: only its start is kept, to tell what it was."""
        content = bytes(self._held[: body + _LONGEST_HEADER])
        self._drop(body - 1)
        left = end - body + 1
        while True:
            if found := _RECORD_START.search(self._held, 0, left):
                self._drop(found.end())
                return _Raw(offset, fault=_FALSE_LENGTH)
            if left <= len(self._held):
                self._drop(left)
                return _Raw(offset, content, is_whole=False)
            left -= self._drop(len(self._held) - _LONGEST_START)
            if not self._fill(len(self._held) + 1):
                self._give_up_rest()
                return _Raw(offset, fault=_CUT_OFF)

    def _find_next(self, start: int) -> None:
        """Drop everything before the next start of a record behind so many bytes."""
        self._drop(start - 1)
        while (found := _RECORD_START.search(self._held)) is None:
            # The start may lie across two pieces.
            self._drop(len(self._held) - _LONGEST_START)
            if not self._fill(len(self._held) + 1):
                self._give_up_rest()
                return
        self._drop(found.end())

    def _give_up_rest(self) -> None:
        """Drop all; where it is the archive that broke, that is the fault to tell."""
        self._drop(len(self._held))
        if self._damage is not None:
            raise self._damage

    # ----------------------------------------------------------------------------------
    # Bytes
    # ----------------------------------------------------------------------------------

    def _fill(self, count: int) -> bool:
        """Hold at least so many bytes; False where the stream ends, or breaks, before them."""
        while len(self._held) < count and self._damage is None:
            try:
                piece = self._stream.read(_PIECE)
            except DamagedError as reason:
                self._damage = reason
                break
            if not piece:
                break
            if isinstance(self._stream, GzipStream):
                member = self._stream.member_offset
                if not self._members or self._members[-1][1] != member:
                    self._members.append((self._passed + len(self._held), member))
            self._held += piece
        return len(self._held) >= count

    def _drop(self, count: int) -> int:
        count = max(0, count)
        del self._held[:count]
        self._passed += count
        return count

    def _skip_blanks(self) -> bool:
        while self._fill(1):
            blanks = len(self._held) - len(self._held.lstrip(b"\r\n"))
            if not blanks:
                return True
            self._drop(blanks)
        self._give_up_rest()
        return False

    def _locate(self) -> int:
        """Where the held bytes start in the file: in gzip, where their member does."""
        while len(self._members) > 1 and self._members[1][0] <= self._passed:
            self._members.popleft()
        return self._members[0][1] if self._members else self._passed

    def _check_member(self) -> None:
        """Refuse a record that has a gzip member to itself where that proves to be damaged.

        Its checksum stands behind it, and is only read once the record is.
        """
        if self._damage is not None and isinstance(self._stream, GzipStream):
            alone = self._members[0] == (self._passed, self._stream.member_offset)
            if alone:
                self._give_up_rest()


def _read_record(
    raw: _Raw, source: str, row: int, names: FieldNames
) -> Record | BadInput | Page | None:
    """What the record holds; None where that is neither a page nor a text."""
    if raw.fault is not None:
        raise UnreadableError(raw.fault)
    record = _parse_record(raw.content)
    if record.rec_type not in _KINDS or not _was_found(record):
        return None
    content_type = _find_content_type(record)
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in _HTML | _TEXT | {""}:
        return None
    if not raw.is_whole:
        raise UnreadableError(PAGE_TOO_LONG)
    charset = _CHARSET.search(content_type)
    text, note = decode_page(_read_content(record), charset and charset[1])
    if media_type == "" and not opens_page(text[:_PIECE]):
        return None
    headers = record.rec_headers
    if headers.get_header("WARC-Truncated"):
        note = "; ".join(filter(None, (note, "cut off by who archived it")))
    identity = (headers.get_header("WARC-Record-ID") or "").strip("<> ") or f"{source}:{row}"
    url = headers.get_header("WARC-Target-URI")
    fields = {"captured": headers.get_header("WARC-Date")}
    if media_type not in _TEXT:
        return Page(text, source, names, identity, row, url, note, fields)
    fields = {
        "title": None,
        "date": None,
        "url": url,
        "outlet": urlsplit(url or "").hostname,
        "author": None,
        **fields,
    }
    identity = fields.pop(names.id, None) or identity
    return _make_text(text, fields, identity, source, row, note)


def _parse_record(content: bytes) -> ArcWarcRecord:
    from warcio.archiveiterator import ArchiveIterator

    try:
        return next(ArchiveIterator(io.BytesIO(content), verify_http=True))
    # Malformed headers make the library fail in as many ways as it has lines.
    except Exception as error:
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        raise UnreadableError(f"malformed: {reason}") from error


def _was_found(record: ArcWarcRecord) -> bool:
    """Whether what was fetched is the page itself: no redirect, no error."""
    headers = record.http_headers
    return headers is None or headers.get_statuscode().startswith("2")


def _find_content_type(record: ArcWarcRecord) -> str:
    headers = record.rec_headers if record.http_headers is None else record.http_headers
    given = headers.get_header("Content-Type")
    return given or record.rec_headers.get_header("WARC-Identified-Payload-Type") or ""


def _read_content(record: ArcWarcRecord) -> bytes:
    if record.http_headers is not None:
        coding = (record.http_headers.get_header("Content-Encoding") or "").strip().lower()
        if coding not in _CODINGS:
            raise UnreadableError(f"its Content-Encoding {coding!r} cannot be decoded")
    content = bytearray()
    stream = record.content_stream()
    try:
        while len(content) <= ROW_LIMIT and (piece := stream.read(_PIECE)):
            content += piece
    except zlib.error as error:
        raise UnreadableError(f"its Content-Encoding is broken: {error}") from error
    if len(content) > ROW_LIMIT:
        raise UnreadableError(PAGE_TOO_LONG)
    return bytes(content)


def _make_text(
    text: str, fields: dict[str, Any], identity: str, source: str, row: int, note: str | None
) -> Record | BadInput:
    try:
        return Record(identity, check_text(text), source, row, fields, note)
    except UnreadableError as reason:
        return BadInput(identity, source, row, str(reason), fields)
