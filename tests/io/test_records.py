"""Files and standard input become records; bad ones are named with their place."""

import io
import json
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.io.readers import (
    DOCUMENT_LIMIT,
    ROW_LIMIT_BYTES,
    BadInput,
    Record,
    read_records,
)

TEXT = "The council met on Tuesday. It closed the café.\n"


def write(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read_one(source: str) -> Record | BadInput:
    (item,) = read_records([source])
    return item


def read_standard_input(content: bytes) -> list[Record | BadInput]:
    return list(read_records(["-"], standard_input=io.BytesIO(content)))


def rows(*values: Any) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


# --------------------------------------------------------------------------------------
# Text files
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["article.txt", "article", "article.2024"])
def test_a_text_file_is_one_document(tmp_path: Path, name: str) -> None:
    source = write(tmp_path, name, TEXT)
    assert read_one(source) == Record(source, TEXT, source)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_marked_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    mark = "" if encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32") else "\ufeff"
    item = read_one(write(tmp_path, "article.txt", (mark + TEXT).encode(encoding)))
    assert isinstance(item, Record)
    assert item.text == TEXT
    assert item.note is None


def test_old_western_pages_are_read_with_a_note(tmp_path: Path) -> None:
    item = read_one(write(tmp_path, "article.txt", TEXT.encode("cp1252")))
    assert isinstance(item, Record)
    assert item.text == TEXT
    assert item.note == "byte 45 is not UTF-8: read as Windows-1252"


def test_text_that_opens_with_a_brace_needs_only_its_name(tmp_path: Path) -> None:
    item = read_one(write(tmp_path, "article.txt", "{Update} " + TEXT))
    assert isinstance(item, Record)
    assert item.row is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"", "empty: no text"),
        ("a", b"", "empty: no text"),
        ("a.txt", b" \n\t\r\n", "empty: no text"),
        ("a.txt", b"\xef\xbb\xbf", "empty: no text"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary, not text (holds a zero byte)"),
        ("a", b"{\0\0\0", "malformed JSON"),
        ("a.txt", bytes(range(1, 9)) * 20, "binary, not text (full of control characters)"),
        ("a.txt", b"fine so far \x81\x8d", "not text in a known encoding: byte 12 is not UTF-8"),
        ("a.txt", b"\xff\xfe\x00\xd8", "not text in a known encoding: byte"),
        ("a.txt", "word ".encode("utf-16-le"), "binary, not text (holds a zero byte)"),
        ("a.txt", b"x" * (DOCUMENT_LIMIT + 1), "too long for an article: more than 1,048,576"),
        ("a.xml", b"<p>Hello</p>", ".xml files are not read: give text, html, jsonl, csv"),
        ("a.XML.gz", b"<p>Hello</p>", ".xml files are not read"),
        ("a.mhtml", b"MIME-Version: 1.0\r\n\r\n<p>Hello=20</p>", "mails, and pages that a browser"),
        ("a.eml", b"Subject: Hello\n\nHello", "mails, and pages that a browser saved as one"),
        ("a.txt.bz2", b"BZh91AY&SY", "such archives are not read: unpack them"),
        ("a.tar.gz", b"\x1f\x8b\x08", "such archives are not read: unpack them"),
        ("a", b"PK\x03\x04\0", "such archives are not read: unpack them"),
    ],
)
def test_files_without_a_text_are_refused_with_the_reason(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    source = write(tmp_path, name, content)
    item = read_one(source)
    assert isinstance(item, BadInput)
    assert item.reason.startswith(reason)
    assert item.place.startswith(source)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    item = read_one(str(tmp_path / "missing.txt"))
    assert isinstance(item, BadInput)
    assert item.reason == "no such file"


def test_a_stray_control_character_does_not_make_a_text_binary(tmp_path: Path) -> None:
    item = read_one(write(tmp_path, "a.txt", TEXT * 5 + "\x07"))
    assert isinstance(item, Record)


def test_the_rest_is_read_after_a_bad_file(tmp_path: Path) -> None:
    good, empty = write(tmp_path, "good.txt", TEXT), write(tmp_path, "empty.txt", "")
    items = list(read_records([empty, good, "missing", good]))
    assert [type(item) for item in items] == [BadInput, Record, BadInput, Record]


# --------------------------------------------------------------------------------------
# Streams
# --------------------------------------------------------------------------------------


def test_standard_input_may_be_a_text_or_rows() -> None:
    assert read_standard_input(TEXT.encode()) == [Record("-", TEXT, "-")]
    items = read_standard_input(f"\n {rows({'text': TEXT})}".encode())
    assert [(type(item), item.row) for item in items] == [(BadInput, 1), (Record, 2)]
    assert items[0].place == "standard input, row 1"


def test_rows_are_read_one_at_a_time() -> None:
    class Endless(io.RawIOBase):
        """Rows without end: whoever wants them all never returns."""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            line = rows({"text": "x"}).encode()
            buffer[: len(line)] = line
            return len(line)

    stream: Iterator[Record | BadInput] = read_records(
        ["-"], standard_input=io.BufferedReader(Endless())
    )
    assert [next(stream).row for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.data"])
def test_a_huge_line_is_refused_in_bounded_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.write(b'{"text": "')
        for _ in range(80):
            stream.write(b"word " * 200_000)
    tracemalloc.start()
    item = read_one(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(item, BadInput)
    assert "too long" in item.reason
    assert peak < 3 * ROW_LIMIT_BYTES


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a Unix thing")
def test_a_pipe_can_be_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Opened for both, a pipe blocks neither side.
    with open(os.open(pipe, os.O_RDWR), "wb", buffering=0) as writer:  # noqa: PTH123
        writer.write(rows({"text": TEXT}).encode())
        (item,) = (next(iter(read_records([str(pipe)]))),)
    assert isinstance(item, Record)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.sampled_from(["", "{", '{"text": "x"}\n', "\ufeff"]))
def test_no_bytes_make_the_reader_fail(content: bytes, start: str) -> None:
    for item in read_standard_input(start.encode() + content):
        if isinstance(item, Record):
            assert item.text.strip()
            item.text.encode()
        else:
            assert item.reason
