"""HTML: main texts, and pages that are too much."""

from __future__ import annotations

import gzip
import io
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_files import outline, write_pages

import detector.io.readers.html as html_reader
from detector.io.faults import Fault
from detector.io.readers import (
    DOCUMENT_LIMIT,
    ROW_LIMIT_BYTES,
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
DATE = '<meta property="article:published_time" content="2024-03-05T10:00:00Z">'
PAGE = f"""<!DOCTYPE html>
<html lang="en"><head><title>Harbour reopens</title>
<meta name="author" content="Anna Lind">
<meta property="og:site_name" content="The Coast Post">
{DATE}
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
    assert outline(items[5:6]) == ["no main text found in the page"]
    assert outline(items[6:])[0].startswith("nested too deeply: ")


def test_a_date_is_one_that_the_page_states(tmp_path: Path) -> None:
    footer = "<footer>Copyright 2009-2020, The Coast Post. Last storm: 14 March 2011"
    stated = PAGE.replace("<footer>", footer)
    for page, date in (
        (stated, "2024-03-05"),
        (stated.replace(DATE, "").replace("<h1>", "<time datetime='2024-03-06'></time><h1>"),
         "2024-03-06"),
        (stated.replace(DATE, ""), None),
    ):  # fmt: skip
        record = read_page(tmp_path, page)
        assert isinstance(record, Record)
        assert record.fields["date"] == date


def read_page(folder: Path, page: str) -> Record | BadInput:
    (folder / "page.html").write_text(page)
    (item,) = read_records([str(folder / "page.html")])
    return item


@pytest.mark.parametrize("depth", [10, 240, 260, 1_000, 2_000])
def test_a_page_is_read_however_deeply_it_is_nested(tmp_path: Path, depth: int) -> None:
    article = "".join(f"<p>{p}</p>" for p in PARAGRAPHS)
    page = f"<html><body>{'<div>' * depth}{article}{'</div>' * depth}</body></html>"
    item = read_page(tmp_path, page)
    assert isinstance(item, Record)
    assert item.text.split("\n") == PARAGRAPHS


@pytest.mark.parametrize(
    "around",
    [
        '<aside class="content">{}</aside>',
        '<div class="wrap"><aside><div><div>{}</div></div></aside></div>',
        '<form action="/x"><div class="text">{}</div></form>',
        "<noscript>{}</noscript>",
    ],
)
def test_an_article_is_found_in_an_unusual_place(tmp_path: Path, around: str) -> None:
    article = "".join(f"<p>{p}</p>" for p in PARAGRAPHS)
    assert "<article>" in PAGE
    page = re.sub("<article>.*</article>", lambda _: around.format(article), PAGE)
    item = read_page(tmp_path, page)
    assert isinstance(item, Record)
    assert item.text.split("\n")[-5:] == PARAGRAPHS
    assert "Sport" not in item.text
    assert item.fields["title"] == "Harbour reopens"


@pytest.mark.parametrize("name", ["comments", "cookie-banner", "related-stories", "newsletter"])
def test_what_is_named_as_no_article_is_none(tmp_path: Path, name: str) -> None:
    text = "".join(f"<p>{p}</p>" for p in PARAGRAPHS)
    page = re.sub("<article>.*</article>", f'<aside class="{name}">{text}</aside>', PAGE)
    item = read_page(tmp_path, page)
    assert isinstance(item, BadInput) or len(item.text.split()) < 60


@pytest.mark.parametrize(
    ("title", "address", "reason"),
    [
        ("404 Not Found", "https://coast.example/x", "is titled '404 Not Found'"),
        ("Page not found | The Coast Post", "https://coast.example/x", "is titled"),
        ("This page could not be found", "https://coast.example/x", "is titled"),
        ("Just a moment...", "https://coast.example/x", "is titled"),
        ("Just a moment… | The Coast Post", "https://coast.example/x", "is titled"),
        ("Under maintenance - The Coast Post", "https://coast.example/x", "is titled"),
        ("404: This page could not be found", "https://coast.example/x", "is titled"),
        ("HTTP Status 500 – Internal Server Error", "https://coast.example/x", "is titled"),
        ("503 Service Temporarily Unavailable", "https://coast.example/x", "is titled"),
        ("Access denied", "https://coast.example/x", "is titled"),
        ("Home | The Coast Post", "https://coast.example/", "front page"),
        ("The Coast Post - Home", "https://coast.example/en", "front page"),
    ],
)
def test_a_page_without_an_article_is_told(
    tmp_path: Path, title: str, address: str, reason: str
) -> None:
    page = PAGE.replace(DATE, "").replace("<title>Harbour reopens", f"<title>{title}")
    page = page.replace("https://coast.example/harbour", address).replace("<h1>Harbour", "<h1>")
    item = read_page(tmp_path, page)
    assert isinstance(item, BadInput)
    assert item.reason.startswith("not an article: ")
    assert reason in item.reason


@pytest.mark.parametrize(
    ("title", "address"),
    [
        ("404 people lost their jobs", "https://coast.example/x"),
        ("400 homes evacuated after river bursts its banks", "https://coast.example/x"),
        ("500 service members leave the island", "https://coast.example/x"),
        ("400-year-old oak felled", "https://coast.example/x"),
        ("Just a moment of madness cost him his job", "https://coast.example/x"),
        ("Security check delays hit the harbour", "https://coast.example/x"),
        ("Under maintenance: the bridge nobody crosses", "https://coast.example/x"),
        ("Not found: the ring that Anna Lind lost", "https://coast.example/x"),
        ("Home at last", "https://coast.example/en/home-at-last"),
        ("Coming home to Scarrow", "https://coast.example/"),
        ("The page that could not be found in any book", "https://coast.example/x"),
        ("Error 500 forced ferry ticket site offline, says county", "https://coast.example/x"),
        ("Bad gateway: the jetty nobody liked", "https://coast.example/x"),
        ("500: a ferry story", "https://coast.example/x"),
    ],
)
def test_an_article_may_be_titled_like_one(tmp_path: Path, title: str, address: str) -> None:
    page = PAGE.replace("Harbour reopens", title).replace("https://coast.example/harbour", address)
    assert isinstance(read_page(tmp_path, page), Record)


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


@pytest.mark.parametrize("name", ["utf-16", "UTF-16LE", "utf_32"])
@pytest.mark.parametrize(
    "declaration", ["<meta charset='{}'>", "<?xml version='1.0' encoding='{}'?>"]
)
def test_a_declaration_that_is_read_byte_by_byte_announces_no_wide_characters(
    declaration: str, name: str
) -> None:
    page = declaration.format(name) + "café"
    for length in range(4):
        content = page + "x" * length
        assert decode_page(content.encode()) == (content, None)
        assert decode_page(content.encode("cp1252"))[0] == content
        assert decode_page(content.encode("utf-16")) == (content, None)


@pytest.mark.parametrize("size", [ROW_LIMIT_BYTES, DOCUMENT_LIMIT])
def test_a_page_or_a_text_too_long_is_refused(tmp_path: Path, stand_in: None, size: int) -> None:
    (source,) = write_pages(tmp_path, ["x" * (size + 1)])
    (item,) = read_records([source])
    assert isinstance(item, BadInput)
    assert item.reason.startswith(
        "too long for a" + ("n article" if size < ROW_LIMIT_BYTES else " page")
    )


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
        "HTML pages need trafilatura: pip install 'mt-artifact-detector[batch]'"
    ] * 2
    assert len(started) == 1
    assert [item.fault for item in items if isinstance(item, BadInput)] == [
        Fault.MISSING_LIBRARY
    ] * 2


@pytest.mark.parametrize("options", [{"seconds": 0}, {"memory": 0}, {"processes": 0}])
def test_impossible_limits_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        HtmlLimits(**options)
