"""HTML and web archives: main texts, and pages or records that are too much or broken."""

from __future__ import annotations

import gzip
import io
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

import detector.io.readers.html as html_reader
from detector.io.readers import (
    DOCUMENT_LIMIT,
    ROW_LIMIT,
    BadInput,
    FieldNames,
    HtmlLimits,
    Record,
    read_records,
)
from detector.io.readers.html import decode_page

PARAGRAPHS = [
    f"The harbour opened again on Monday, {when} after the storm, and the boats went out early."
    for when in ("a day", "two days", "a week", "ten days", "a month")
]
PAGE = f"""<!DOCTYPE html>
<html lang="en"><head><title>Harbour reopens</title>
<meta name="author" content="Anna Lind">
<meta property="og:site_name" content="The Coast Post">
<meta property="article:published_time" content="2024-03-05T10:00:00Z">
<link rel="canonical" href="https://coast.example/harbour">
</head><body><nav><a href="/">Home</a> <a href="/sport">Sport</a></nav>
<article><h1>Harbour reopens</h1>{"".join(f"<p>{p}</p>" for p in PARAGRAPHS)}</article>
<footer>All rights reserved. <a href="/cookies">Cookies</a></footer></body></html>"""
KNOWN = {
    "title": "Harbour reopens",
    "date": "2024-03-05",
    "url": "https://coast.example/harbour",
    "outlet": "The Coast Post",
    "author": "Anna Lind",
}
# Patient enough for a laden machine: only what never ends takes longer.
LIMITS = HtmlLimits(seconds=5, memory=512 * 1024**2)

STAND_IN = """
import os, time

def extract(page, url):
    if "hang" in page:
        time.sleep(3600)
    if "spin" in page:
        while True: pass
    if "devour" in page:
        held = bytearray(10**12)
    if "die" in page:
        os._exit(3)
    if "fail" in page:
        raise ValueError("no good")
    if "print" in page:
        print("between the answers")
    text = page.split("<body>")[-1].split("</body>")[0]
    return {"text": text, "title": str(os.getpid()), "url": url}
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An extractor that does what a page tells it to, and needs no library."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "stand_in.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(html_reader, "_EXTRACTOR", "stand_in:extract")


def make_page(body: str) -> str:
    return f"<html><body>{body}</body></html>"


def write_pages(folder: Path, bodies: list[str]) -> list[str]:
    paths = [folder / f"{number}.html" for number in range(len(bodies))]
    for path, body in zip(paths, bodies, strict=True):
        path.write_text(make_page(body))
    return [str(path) for path in paths]


def outline(items: list[Record | BadInput]) -> list[str]:
    return [item.text if isinstance(item, Record) else item.reason for item in items]


# --------------------------------------------------------------------------------------
# Main texts
# --------------------------------------------------------------------------------------


def test_pages_are_read_to_their_main_text(tmp_path: Path) -> None:
    names = ["a.html", "b.HTM", "c.txt", "d", "e.html.gz", "f.html", "g.html"]
    for name in names[:4]:
        (tmp_path / name).write_text(PAGE)
    (tmp_path / "e.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (tmp_path / "f.html").write_text("<html><body><script>x()</script></body></html>")
    depth = 100_000
    (tmp_path / "g.html").write_text(
        f"<html><body>{'<div>' * depth}x{'</div>' * depth}</body></html>"
    )
    sources = [str(tmp_path / name) for name in names]
    items = list(read_records(sources))
    assert [item.source for item in items] == sources
    for item in items[:5]:
        assert isinstance(item, Record)
        assert item.text.split("\n")[-5:] == PARAGRAPHS
        assert "Cookies" not in item.text
        assert (item.id, item.row, item.fields) == (item.source, None, KNOWN)
    # Whatever a page without an article does to a parser, it does to its own process.
    for item in items[5:]:
        assert isinstance(item, BadInput)
        assert item.reason.startswith(("no main text found in the page", "HTML"))


def test_a_page_on_standard_input_is_read_as_one(stand_in: None) -> None:
    for start in (
        " <!DOCTYPE HTML><html>",
        "<HTML>",
        "<?xml version='1.0'?>\n<!doctype html>",
        "<!-- x --><html>",
    ):
        content = f"{start}<body>{PARAGRAPHS[0]}</body></html>"
        items = list(read_records(["-"], standard_input=io.BytesIO(content.encode())))
        assert outline(items) == [PARAGRAPHS[0]]
    as_text = read_records(["-"], standard_input=io.BytesIO(b"<html>x"), input_format="text")
    assert outline(list(as_text)) == ["<html>x"]


def test_the_id_may_be_a_field_of_the_page(tmp_path: Path, stand_in: None) -> None:
    (source,) = write_pages(tmp_path, ["x"])
    (item,) = read_records([source], FieldNames(id="title"))
    assert item.id.isdigit()
    assert "title" not in item.fields


@pytest.mark.parametrize(
    ("content", "declared", "text", "note"),
    [
        ("café".encode(), None, "café", None),
        ("café".encode(), "iso-8859-1", "café", None),
        ("café".encode("utf-16"), None, "café", None),
        ("café “x”".encode("cp1252"), "ISO-8859-1", "café “x”", None),
        ("Привет".encode("cp1251"), "windows-1251", "Привет", None),
        (b"<meta charset='windows-1251'>" + "Привет".encode("cp1251"), None, None, None),
        (b'<?xml encoding="koi8-r"?>' + "Привет".encode("koi8-r"), None, None, None),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本", None),
        ("café".encode("cp1252"), None, "café", None),
        ("café".encode("cp1252"), "no-such-code", "café", None),
        (b"x \x81\x8d", "zlib", "x \ufffd\ufffd", "not all of it is UTF-8"),
        (b"x\xff", "shift_jis", "xÿ", "byte 1 is not UTF-8: read as Windows-1252"),
    ],
    ids=range(12),
)
def test_a_page_is_decoded_as_it_declares_or_as_it_is(
    content: bytes, declared: str | None, text: str | None, note: str | None
) -> None:
    decoded, said = decode_page(content, declared)
    assert decoded == text if text is not None else decoded.endswith("Привет")
    assert said == note


@pytest.mark.parametrize("size", [ROW_LIMIT, DOCUMENT_LIMIT])
def test_a_page_or_a_text_too_long_is_refused(tmp_path: Path, stand_in: None, size: int) -> None:
    (source,) = write_pages(tmp_path, ["x" * (size + 1)])
    (item,) = read_records([source])
    assert isinstance(item, BadInput)
    assert item.reason.startswith("too long for a" + ("n article" if size < ROW_LIMIT else " page"))


# --------------------------------------------------------------------------------------
# Pages that are too much
# --------------------------------------------------------------------------------------


def test_a_page_that_is_too_much_costs_no_other(tmp_path: Path, stand_in: None) -> None:
    bodies = ["one", "hang", "two", "devour", "three", "die", "four", "fail", "print", "five", ""]
    items = list(read_records(write_pages(tmp_path, bodies), html_limits=LIMITS))
    assert outline(items) == [
        "one",
        "HTML took longer than 5 s",
        "two",
        "HTML needed more than 536,870,912 bytes of memory",
        "three",
        "HTML that cannot be read: its process ended with 3",
        "four",
        "HTML that cannot be read: ValueError: no good",
        "print",
        "five",
        "no main text found in the page",
    ]
    # A process that did nothing wrong goes on; one that was killed is followed by another.
    processes = [item.fields.get("title") for item in items]
    assert processes[6] == processes[8] == processes[9]
    assert len({processes[0], processes[2], processes[4], processes[6]}) == 4


def test_a_page_that_keeps_a_core_busy_is_killed(tmp_path: Path, stand_in: None) -> None:
    sources = write_pages(tmp_path, ["spin", "one"])
    assert outline(list(read_records(sources, html_limits=HtmlLimits(seconds=2)))) == [
        "HTML took longer than 2 s",
        "one",
    ]


def test_order_is_kept_whatever_the_number_of_processes(tmp_path: Path, stand_in: None) -> None:
    bodies = [f"page {number}" for number in range(12)]
    sources = write_pages(tmp_path, bodies)
    text = tmp_path / "a.txt"
    text.write_text("A text between.")
    sources[5:5] = [str(text), "missing"]
    items = list(read_records(sources, html_limits=HtmlLimits(processes=3)))
    assert outline(items) == [*bodies[:5], "A text between.", "no such file", *bodies[5:]]
    assert len({item.fields.get("title") for item in items} - {None}) > 1


def test_processes_are_renewed(
    tmp_path: Path, stand_in: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_reader, "_PAGES_A_PROCESS", 2)
    items = list(read_records(write_pages(tmp_path, ["x"] * 5)))
    a, b, c, d, e = (item.fields["title"] for item in items)
    assert a == b
    assert c == d
    assert len({a, c, e}) == 3


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_no_process_outlives_the_reading(tmp_path: Path, stand_in: None) -> None:
    items = read_records(write_pages(tmp_path, ["one", "hang", "two"]))
    process = int(next(items).fields["title"])
    assert is_running(process)
    started = time.monotonic()
    assert isinstance(items, Iterator)
    items.close()  # type: ignore[attr-defined]
    assert not is_running(process)
    # The page that hangs was not waited for: that would have taken 20 s.
    assert time.monotonic() - started < 19


def test_a_missing_library_is_named_for_each_page_and_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_reader, "_EXTRACTOR", "no_such_module:extract")
    started: list[Any] = []
    start = html_reader._Process._start
    monkeypatch.setattr(
        html_reader._Process, "_start", lambda self: started.append(self) or start(self)
    )
    items = list(read_records(write_pages(tmp_path, ["one", "two"])))
    assert [re.sub(r" \(.*\)", "", reason) for reason in outline(items)] == [
        "HTML needs trafilatura: pip install 'mt-artifact-detector[batch]'"
    ] * 2
    assert len(started) == 1


@pytest.mark.parametrize("options", [{"seconds": 0}, {"memory": 0}, {"processes": 0}])
def test_impossible_limits_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        HtmlLimits(**options)


# --------------------------------------------------------------------------------------
# Web archives
# --------------------------------------------------------------------------------------


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
    long = b"<html>" + b"x" * (ROW_LIMIT + 1)
    content = b"".join(
        [make_record(long, content_type="video/mp4"), make_record(long), *make_records(["one"])]
    )
    bad, good = read_warc(tmp_path, content)
    assert outline([bad])[0].endswith(f"too long for a page: more than {ROW_LIMIT:,} bytes")
    assert outline([good]) == ["one"]


def test_a_packed_page_that_unpacks_without_end_is_refused(tmp_path: Path, stand_in: None) -> None:
    bomb = gzip.compress(b"<html>" + b" " * (ROW_LIMIT * 4))
    content = make_record(bomb, headers=(("Content-Encoding", "gzip"),))
    items = read_warc(tmp_path, content + make_records(["one"])[0])
    assert outline(items)[0].endswith(f"too long for a page: more than {ROW_LIMIT:,} bytes")
    assert outline(items)[1] == "one"


@pytest.mark.parametrize(
    "content", [b"no archive at all", b"WARC/1.0\r\n", b"\r\n\r\n", b"WARC/1.0" * 99]
)
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    (reason,) = outline(read_warc(tmp_path, content))
    assert reason in ("record at byte 0: no header of a WARC record", "empty: no record")
