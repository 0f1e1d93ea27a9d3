"""Web archives: pages and texts, and records that are broken."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from page_files import make_page, outline
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from detector.io.readers import (
    ROW_LIMIT_BYTES,
    BadInput,
    Record,
    read_records,
    warc,
)

# Patient enough for a laden machine: only what never ends takes longer.


def make_record(
    body: bytes | str = "",
    *,
    kind: str = "response",
    content_type: str | None = "text/html; charset=utf-8",
    status: str = "200 OK",
    headers: tuple[tuple[str, str], ...] = (),
    url: str = "https://coast.example/1",
    compressed: bool = False,
) -> bytes:
    """A record of a web archive, as warcio writes it."""
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=compressed)
    content = body.encode() if isinstance(body, str) else body
    fields = [*headers, *([("Content-Type", content_type)] if content_type else [])]
    record = writer.create_warc_record(
        url,
        kind,
        payload=io.BytesIO(content),
        warc_content_type="" if kind == "response" else content_type or "",
        warc_headers_dict={"WARC-Record-ID": "<urn:uuid:1>", "WARC-Date": "2024-03-05T10:00:00Z"},
        http_headers=StatusAndHeaders(status, fields, protocol="HTTP/1.1")
        if kind == "response"
        else None,
    )
    writer.write_record(record)
    return stream.getvalue()


def make_bodies(count: int) -> list[str]:
    return [f"page {number}" for number in range(count)]


def make_records(bodies: list[str], *, compressed: bool = False) -> list[bytes]:
    return [make_record(make_page(body), compressed=compressed) for body in bodies]


def read_warc(folder: Path, content: bytes, name: str = "a.warc") -> list[Record | BadInput]:
    path = folder / name
    path.write_bytes(content)
    return list(read_records([str(path)]))


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz", "-"])
@pytest.mark.parametrize("whole", [False, True])
def test_each_page_of_an_archive_is_a_document(
    tmp_path: Path, stand_in: None, name: str, whole: bool
) -> None:
    bodies = make_bodies(3)
    compressed = name.endswith(".gz") and not whole
    content = b"".join(make_records(bodies, compressed=compressed))
    if whole and name != "a.warc":
        content = gzip.compress(content)
    if name == "-":
        items = list(read_records(["-"], standard_input=io.BytesIO(content)))
    else:
        items = read_warc(tmp_path, content, name)
    assert outline(items) == bodies
    assert [(item.id, item.row) for item in items] == [("urn:uuid:1", n) for n in (1, 2, 3)]
    fields = items[0].fields
    assert (fields["url"], fields["captured"]) == (
        "https://coast.example/1",
        "2024-03-05T10:00:00Z",
    )


def test_only_pages_and_texts_are_read_of_an_archive(tmp_path: Path, stand_in: None) -> None:
    page = make_page("page")
    items = read_warc(
        tmp_path,
        b"".join(
            [
                make_record("software: x", kind="warcinfo", content_type="application/warc-fields"),
                make_record(page),
                make_record(page, status="404 Not Found"),
                make_record("", status="301 Moved"),
                make_record(b"\x89PNG", content_type="image/png"),
                make_record(
                    "GET / HTTP/1.1\r\n\r\n", kind="request", content_type="application/http"
                ),
                make_record("A text of its own.", content_type="text/plain"),
                make_record("A text drawn out.", kind="conversion", content_type="text/plain"),
                make_record(page, content_type=None),
                make_record("no page", content_type=None),
                make_record(page, content_type="TEXT/HTML"),
            ]
        ),
    )
    assert outline(items) == ["page", "A text of its own.", "A text drawn out.", "page", "page"]
    assert [item.row for item in items] == [2, 7, 8, 9, 11]
    assert items[1].fields == {
        "title": None,
        "date": None,
        "url": "https://coast.example/1",
        "outlet": "coast.example",
        "author": None,
        "captured": "2024-03-05T10:00:00Z",
    }


def test_pages_are_decoded_as_their_headers_say(tmp_path: Path, stand_in: None) -> None:
    page = make_page("Привет café")
    packed = gzip.compress(page.encode())
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page.encode()), page.encode())
    coding = "Content-Encoding"
    items = read_warc(
        tmp_path,
        b"".join(
            [
                make_record(
                    make_page("Привет").encode("cp1251"), content_type="text/html;charset=cp1251"
                ),
                make_record(packed, headers=((coding, "gzip"),)),
                make_record(page, headers=((coding, "gzip"),)),
                make_record(chunked, headers=(("Transfer-Encoding", "chunked"),)),
                make_record(packed, headers=((coding, "strange"),)),
                make_record(packed[:-20], headers=((coding, "gzip"),)),
            ]
        ),
    )
    texts = ["Привет", *["Привет café"] * 3]
    assert outline(items)[:4] == texts
    assert re.fullmatch(
        r"record at byte [\d,]+: its Content-Encoding 'strange' cannot be decoded",
        outline(items)[4],
    )
    assert len(items) == 6


@pytest.mark.parametrize("protocol", ["HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/1.0"])
def test_pages_are_read_whatever_the_version_of_http(
    tmp_path: Path, stand_in: None, protocol: str
) -> None:
    # As long as before, since the record says how long it is.
    first = f"{protocol} 200".ljust(len("HTTP/1.1 200 OK")).encode()
    found = make_record(make_page("page")).replace(b"HTTP/1.1 200 OK", first)
    gone = make_record(make_page("gone"), status="404 Not Found").replace(b"HTTP/1.1", b"HTTP/2.0")
    assert outline(read_warc(tmp_path, found + gone)) == ["page"]


def break_length(record: bytes, change: Callable[[int], bytes]) -> bytes:
    return re.sub(
        rb"Content-Length: (\d+)",
        lambda found: change(int(found[1])),
        record,
        count=1,
        flags=re.IGNORECASE,
    )


BREAKS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "no length": (
        lambda r: break_length(r, lambda n: b"X-Length: %d" % n),
        "no Content-Length, or",
    ),
    "no number": (
        lambda r: break_length(r, lambda n: b"Content-Length: x"),
        "no Content-Length, or",
    ),
    "too small": (
        lambda r: break_length(r, lambda n: b"Content-Length: %d" % (n - 20)),
        "its Content-Length is false",
    ),
    "too large": (
        lambda r: break_length(r, lambda n: b"Content-Length: %d" % (n + 30)),
        "its Content-Length is false",
    ),
    "behind the end": (
        lambda r: break_length(r, lambda n: b"Content-Length: %d" % (n + 100_000)),
        "cut off, or its Content-Length is false",
    ),
    "endless": (
        lambda r: break_length(r, lambda n: b"Content-Length: %d" % 10**15),
        "its Content-Length is false",
    ),
    "no header": (lambda r: b"garbage\n" + r[12:], "no header of a WARC record"),
    "no status line": (lambda r: r.replace(b"HTTP/1.1 200", b"nonsense"), "malformed: "),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_a_broken_record_costs_no_other(tmp_path: Path, stand_in: None, fault: str) -> None:
    bodies = make_bodies(4)
    records = make_records(bodies)
    change, reason = BREAKS[fault]
    offset = len(records[0])
    records[1] = change(records[1])
    items = read_warc(tmp_path, b"".join(records))
    assert outline(items[:1] + items[2:]) == [bodies[0], *bodies[2:]]
    bad = items[1]
    assert isinstance(bad, BadInput)
    assert bad.reason.startswith(f"record at byte {offset:,}: {reason}")
    assert bad.row == 2


def test_a_broken_last_record_is_told(tmp_path: Path, stand_in: None) -> None:
    first, last = make_records(["one", "two"])
    assert outline(read_warc(tmp_path, first + last[:-40])) == [
        "one",
        f"record at byte {len(first):,}: cut off, or its Content-Length is false",
    ]


def corrupt(member: bytes) -> bytes:
    return member[:60] + bytes(byte ^ 0xFF for byte in member[60:90]) + member[90:]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (corrupt, "gzip archive damaged"),
        (lambda member: member[:-8] + b"\0\0\0\1" + member[-4:], "gzip archive damaged"),
        (lambda member: member[:-50], "gzip archive damaged"),
        (lambda member: b"\x1f\x8b\x07" + member[3:], "gzip archive damaged"),
    ],
    ids=["content", "checksum", "end", "start"],
)
def test_a_damaged_gzip_member_costs_no_other(
    tmp_path: Path, stand_in: None, change: Callable[[bytes], bytes], reason: str
) -> None:
    bodies = make_bodies(4)
    members = make_records(bodies, compressed=True)
    offset = len(members[0])
    members[1] = change(members[1])
    items = read_warc(tmp_path, b"".join(members), "a.warc.gz")
    assert outline(items[:1] + items[2:]) == [bodies[0], *bodies[2:]]
    assert isinstance(items[1], BadInput)
    assert items[1].reason.startswith(f"record at byte {offset:,}: {reason}")


def test_an_archive_that_is_cut_off_keeps_the_records_before(
    tmp_path: Path, stand_in: None
) -> None:
    members = make_records(make_bodies(3), compressed=True)
    content = b"".join(members)[:-30]
    offset = len(members[0]) + len(members[1])
    assert outline(read_warc(tmp_path, content, "a.warc.gz")) == [
        "page 0",
        "page 1",
        f"record at byte {offset:,}: gzip archive cut off",
    ]


def test_a_record_too_long_is_told_if_it_is_a_page(tmp_path: Path, stand_in: None) -> None:
    long = b"<html>" + b"x" * (ROW_LIMIT_BYTES + 1)
    content = b"".join(
        [make_record(long, content_type="video/mp4"), make_record(long), *make_records(["one"])]
    )
    bad, good = read_warc(tmp_path, content)
    assert outline([bad])[0].endswith(f"too long for a page: more than {ROW_LIMIT_BYTES:,} bytes")
    assert outline([good]) == ["one"]


def test_a_packed_page_that_unpacks_without_end_is_refused(tmp_path: Path, stand_in: None) -> None:
    bomb = gzip.compress(b"<html>" + b" " * (ROW_LIMIT_BYTES * 4))
    content = make_record(bomb, headers=(("Content-Encoding", "gzip"),))
    items = read_warc(tmp_path, content + make_records(["one"])[0])
    assert outline(items)[0].endswith(f"too long for a page: more than {ROW_LIMIT_BYTES:,} bytes")
    assert outline(items)[1] == "one"


@pytest.mark.parametrize(
    "content", [b"no archive at all", b"WARC/1.0\r\n", b"\r\n\r\n", b"WARC/1.0" * 99]
)
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    (reason,) = outline(read_warc(tmp_path, content))
    assert reason in ("record at byte 0: no header of a WARC record", "empty: no record")


# --------------------------------------------------------------------------------------
# Bodies that are cut off
# --------------------------------------------------------------------------------------

WHOLE = "The ferry stays in harbour until Monday. " * 40


def deflate(content: bytes) -> bytes:
    return zlib.compress(content)


def chunk(content: bytes) -> bytes:
    return b"".join(
        b"%x\r\n%s\r\n" % (len(content[at : at + 500]), content[at : at + 500])
        for at in range(0, len(content), 500)
    ) + (b"0\r\n\r\n")


@pytest.mark.parametrize("name", ["gzip", "deflate", "chunked", "both", "plain"])
@pytest.mark.parametrize("cut", [False, True])
def test_a_body_that_is_cut_off_gets_a_note(
    tmp_path: Path, stand_in: None, name: str, cut: bool
) -> None:
    body = make_page(WHOLE).encode()
    coded = {
        "gzip": gzip.compress(body),
        "deflate": deflate(body),
        "chunked": chunk(body),
        "both": chunk(gzip.compress(body)),
        "plain": body,
    }[name]
    headers = {
        "gzip": (("Content-Encoding", "gzip"),),
        "deflate": (("Content-Encoding", "deflate"),),
        "chunked": (("Transfer-Encoding", "chunked"),),
        "both": (("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")),
        "plain": (("Content-Length", str(len(coded))),),
    }[name]
    (item,) = read_warc(tmp_path, make_record(coded[:-12] if cut else coded, headers=headers))
    assert isinstance(item, Record)
    assert item.text.startswith(WHOLE[:41])
    assert (item.note or "").startswith("cut off") == cut


def test_a_page_whose_headers_are_not_looked_for_is_told(tmp_path: Path, stand_in: None) -> None:
    page, odd = make_page("a page"), "HTTPS://coast.example/1"
    content = make_record(page) + make_record(page).replace(
        b"https://coast.example/1", odd.encode()
    )
    first, second = read_warc(tmp_path, content)
    assert isinstance(first, Record)
    assert isinstance(second, BadInput)
    assert second.reason.endswith(f"its address {odd!r} is none of HTTP")


def test_an_address_that_is_none_has_no_host(tmp_path: Path, stand_in: None) -> None:
    odd = make_record("A text.", content_type="text/plain", url="http://[bad/")
    items = read_warc(tmp_path, odd + make_record("Another.", content_type="text/plain"))
    assert outline(items) == ["A text.", "Another."]
    assert [item.fields["outlet"] for item in items] == [None, "coast.example"]
    assert items[0].fields["url"] == "http://[bad/"


@pytest.mark.parametrize("length", ["9" * 5_000, "x", "-1", ""])
def test_a_length_that_is_none_is_passed_over(tmp_path: Path, stand_in: None, length: str) -> None:
    odd = make_record(make_page("one"), headers=(("Content-Length", length),))
    (first, second) = read_warc(tmp_path, odd + make_record(make_page("two")))
    assert outline([first, second]) == ["one", "two"]
    assert isinstance(first, Record)
    assert first.note is None


def test_a_header_that_no_one_foresaw_costs_no_other_record(
    tmp_path: Path, stand_in: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(record: ArcWarcRecord) -> str:
        if "/odd" in record.rec_headers.get_header("WARC-Target-URI"):
            raise ValueError("odd\nas it is")
        return "text/html"

    monkeypatch.setattr(warc, "_find_content_type", fail)
    odd = make_record(make_page("one"), url="https://coast.example/odd")
    assert outline(read_warc(tmp_path, odd + make_record(make_page("two")))) == [
        "record at byte 0: malformed: odd",
        "two",
    ]


# --------------------------------------------------------------------------------------
# ARC
# --------------------------------------------------------------------------------------


def make_arc_record(body: str, number: int, content_type: str = "text/html") -> bytes:
    """A record of an archive as it was written before there was WARC."""
    content = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n{body}".encode()
    line = f"http://coast.example/{number} 192.0.2.1 20040305100000 {content_type} {len(content)}\n"
    return line.encode() + content + b"\n"


def make_arc(records: list[bytes], *, compressed: bool = False) -> bytes:
    text = b"1 0 InternetArchive\nURL IP-address Archive-date Content-type Archive-length\n"
    first = b"filedesc://a.arc 0.0.0.0 20040305100000 text/plain %d\n%s\n" % (len(text), text)
    members = [first, *records]
    return b"".join(map(gzip.compress, members) if compressed else members)


@pytest.mark.parametrize("name", ["a.arc", "a.arc.gz", "-", "a.dat"])
def test_an_archive_older_than_warc_is_read(tmp_path: Path, stand_in: None, name: str) -> None:
    records = [make_arc_record(make_page(body), n) for n, body in enumerate(make_bodies(3))]
    records.insert(1, make_arc_record("x", 9, "image/png"))
    records.append(make_arc_record("A text of its own.", 4, "text/plain"))
    content = make_arc(records, compressed=name.endswith(".gz"))
    if name == "-":
        items = list(read_records(["-"], standard_input=io.BytesIO(content)))
    else:
        items = read_warc(tmp_path, content, name)
    assert outline(items) == [*make_bodies(3), "A text of its own."]
    assert [item.row for item in items] == [2, 4, 5, 6]
    assert all(item.id == f"{item.source}:{item.row}" for item in items)
    assert items[0].fields["url"] == "http://coast.example/0"
    assert items[0].fields["captured"] == "2004-03-05T10:00:00Z"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: r.replace(b"text/html ", b"text/html 9", 1), "its length is false"),
        (lambda r: r.replace(b" 20040305100000", b"", 1), "no header of an ARC record"),
        (lambda r: r[:-20] + b"\n", "its length is false"),
        (lambda r: r.replace(b"HTTP/1.1 200", b"nonsense !!!"), "malformed: "),
    ],
    ids=["length", "header", "end", "status"],
)
def test_a_broken_arc_record_costs_no_other(
    tmp_path: Path, stand_in: None, change: Callable[[bytes], bytes], reason: str
) -> None:
    bodies = make_bodies(4)
    records = [make_arc_record(make_page(body), n) for n, body in enumerate(bodies)]
    records[1] = change(records[1])
    items = read_warc(tmp_path, make_arc(records), "a.arc")
    assert outline(items[:1] + items[2:]) == [bodies[0], *bodies[2:]]
    assert isinstance(items[1], BadInput)
    assert reason in items[1].reason
