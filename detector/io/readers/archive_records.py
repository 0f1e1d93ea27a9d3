"""Tell the records of a web archive apart, WARC or ARC, and go on beyond those that are broken."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from detector.io.compression import DamagedArchiveError, GzipStream
from detector.io.faults import ROW_LIMIT_BYTES, UnreadableError

PIECE = 64 * 1024
"""So many bytes are read at once."""

_LONGEST_HEADER = 64 * 1024

_TAIL_LENGTH = 16


@dataclass(frozen=True)
class Layout:
    """How the records of an archive follow one another.

    Attributes:
        name: what such archives are called.
        record: what their records are called.
        opens: the start of a record.
        header_ends: where its header ends.
        length: the header's length of what follows it, as group 1.
        length_name: what that is called in messages.
        next_start: an end of line before a record.
        longest_start: of `next_start`, in bytes.
        tail: what may stand behind a record.
    """

    name: str
    record: str
    opens: re.Pattern[bytes]
    header_ends: re.Pattern[bytes]
    length: re.Pattern[bytes]
    length_name: str
    next_start: re.Pattern[bytes]
    longest_start: int
    tail: re.Pattern[bytes]


WARC = Layout(
    name="WARC",
    record="a WARC record",
    opens=re.compile(rb"WARC/"),
    header_ends=re.compile(rb"\r?\n\r?\n"),
    length=re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?$", re.I | re.M),
    length_name="Content-Length",
    next_start=re.compile(rb"\n(?=WARC/\d)"),
    longest_start=8,
    # Two ends of line, whatever follows, or any blanks before the next.
    tail=re.compile(rb"\r\n\r\n|\s*(?:\Z|WARC/\d)"),
)

# "http://coast.example/ 192.0.2.1 20040305100000 text/html 2739"
_ARC_LINE = (
    rb"[a-z][a-z+.-]{1,10}:\S{1,2000} [\w.:-]{1,45} \d{8,14} (?:\S{1,200} ){1,6}\d{1,18}[ \t]*\r?\n"
)

ARC = Layout(
    name="ARC",
    record="an ARC record",
    opens=re.compile(_ARC_LINE),
    header_ends=re.compile(rb"\n"),
    length=re.compile(rb" (\d{1,18})[ \t]*\r?$", re.M),
    length_name="length",
    next_start=re.compile(rb"\n(?=" + _ARC_LINE + rb")"),
    longest_start=2600,
    tail=re.compile(rb"\s*(?:\Z|[a-z][a-z+.-]{1,10}:)"),
)
"""The Internet Archive's files before there was WARC, version 1."""


@dataclass(frozen=True)
class RawRecord:
    """A record's bytes, not yet looked into, or what is wrong with them.

    Attributes:
        offset: where it starts in the file; in gzip, where its member does.
        content: header and all.
        fault: why it could not be told apart; None where it could.
        is_whole: `content` is all of it, and not the start of what is too long.
    """

    offset: int
    content: bytes = b""
    fault: str | None = None
    is_whole: bool = True

    @property
    def has_identity(self) -> bool:
        """Whether its header may hold an identity, which those of ARC do not."""
        return self.content.startswith(b"WARC/")


class Records:
    """Tells the records of an archive apart, and finds the next one behind a broken one.

    A length is believed only where a record or the end follows it, so that a false one costs
    one record: neither is half a page taken for a whole one, nor are those behind it swallowed.

    Args:
        stream: the archive; of a gzip file, whose members are told apart, a `GzipStream`.
        layout: of the archive.

    Attributes:
        failure: why the archive ended early; None where it did not.
    """

    def __init__(self, stream: BinaryIO | GzipStream, layout: Layout) -> None:
        self._stream = stream
        self._layout = layout
        self._held = bytearray()
        self._passed = 0  # bytes before those held
        # Where the bytes of each gzip member start, and where that member is in the file.
        self._members: deque[tuple[int, int]] = deque()
        self._damage: DamagedArchiveError | None = None
        self._false_length = f"its {layout.length_name} is false"
        self.failure: UnreadableError | None = None

    def __iter__(self) -> Iterator[RawRecord]:
        while True:
            try:
                if not self._skip_blanks():
                    return
                yield self._take_record()
            except DamagedArchiveError as reason:
                if not isinstance(self._stream, GzipStream):
                    self.failure = reason
                    return
                yield RawRecord(self._stream.member_offset, fault=str(reason).partition(":")[0])
                if not self._resume(self._stream):
                    return

    def _resume(self, stream: GzipStream) -> bool:
        self._drop(len(self._held))
        self._members.clear()
        self._damage = None
        return stream.resume()

    def _take_record(self) -> RawRecord:
        offset = self._locate()
        self._fill(_LONGEST_HEADER)
        header = self._layout.header_ends.search(self._held, 0, _LONGEST_HEADER)
        if not self._layout.opens.match(self._held) or header is None:
            self._find_next(1)
            return RawRecord(offset, fault=f"no header of {self._layout.record}")
        body = header.end()
        length = self._layout.length.search(self._held, 0, body)
        if length is None:
            self._find_next(body)
            return RawRecord(
                offset, fault=f"no {self._layout.length_name}, or one that is no number"
            )
        end = body + int(length[1])
        if end - body > ROW_LIMIT_BYTES:
            return self._pass_long(offset, body, end)
        self._fill(end + _TAIL_LENGTH)
        if len(self._held) < end:
            self._find_next(body)
            return RawRecord(offset, fault=f"cut off, or {self._false_length}")
        if not self._layout.tail.match(self._held, end):
            self._find_next(body)
            return RawRecord(offset, fault=self._false_length)
        self._check_member()
        content = bytes(self._held[:end])
        self._drop(end)
        return RawRecord(offset, content)

    def _pass_long(self, offset: int, body: int, end: int) -> RawRecord:
        """A record too long to be held: only its start is kept, to tell what it was."""
        content = bytes(self._held[: body + _LONGEST_HEADER])
        self._drop(body - 1)
        left = end - body + 1
        while True:
            if found := self._layout.next_start.search(self._held, 0, left):
                self._drop(found.end())
                return RawRecord(offset, fault=self._false_length)
            if left <= len(self._held):
                self._drop(left)
                return RawRecord(offset, content, is_whole=False)
            left -= self._drop(len(self._held) - self._layout.longest_start)
            if not self._fill(len(self._held) + 1):
                self._give_up_rest()
                return RawRecord(offset, fault=f"cut off, or {self._false_length}")

    def _find_next(self, start: int) -> None:
        """Drop everything before the next start of a record behind so many bytes."""
        self._drop(start - 1)
        while (found := self._layout.next_start.search(self._held)) is None:
            # The start may lie across two pieces.
            self._drop(len(self._held) - self._layout.longest_start)
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
                piece = self._stream.read(PIECE)
            except DamagedArchiveError as reason:
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
