"""A file is read in the format that its name or its content announces."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest
import zstandard

from detector.io.readers import (
    INPUT_FORMATS,
    BadInput,
    FieldNames,
    Record,
    holds_rows,
    read_records,
)

TEXT = "The council met on Tuesday. It closed the café."


def write(path: Path, content: str | bytes = TEXT) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read(*sources: str | Path) -> list[Record | BadInput]:
    return list(read_records([str(source) for source in sources]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jsonl", True),
        ("a.CSV", True),
        ("a.tsv.gz", True),
        ("a.parquet", True),
        ("a.json.zst", True),
        ("a.txt", False),
        ("a.html", False),
        ("a.xml", False),
        ("a", False),
        ("-", False),
    ],
)
def test_a_name_tells_whether_a_file_holds_rows(name: str, expected: bool) -> None:
    assert holds_rows(name) is expected


def test_the_format_may_be_given(tmp_path: Path) -> None:
    source = write(tmp_path / "a.txt", f"id,text\n1,{TEXT}\n")
    (item,) = read_records([source], input_format="csv")
    assert item == Record("1", TEXT, source, 2)
    source = write(tmp_path / "a.xml", TEXT)
    (item,) = read_records([source], input_format="text")
    assert item == Record(source, TEXT, source)


def test_an_unknown_format_is_refused_at_once() -> None:
    # Each character of a single name would be one, and "/" the whole disk.
    with pytest.raises(TypeError, match=r"sources is str; give a list of names: \['/a\.csv'\]"):
        read_records("/a.csv")
    with pytest.raises(ValueError, match=r"must be one of text, html, .*, not 'pdf'"):
        read_records(["a.pdf"], input_format="pdf")


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("jsonl", b""),
        ("csv", b""),
        ("tsv", b""),
        ("csv", b"id,text\n"),
        ("tsv", b"id\ttext\r\n\r\n"),
        ("jsonl", b"\n \n"),
        ("json", b"[]"),
    ],
)
def test_a_file_without_rows_is_named_unless_its_folder_was_given(
    tmp_path: Path, form: str, content: bytes
) -> None:
    empty = write(tmp_path / f"a.{form}", content)
    archive = write(tmp_path / f"a.{form}.gz", gzip.compress(content))
    for source in (empty, archive):
        (item,) = read_records([source])
        assert isinstance(item, BadInput)
        assert (item.id, item.reason) == (source, "empty: no rows")
    # Spark leaves empty parts in its folders.
    assert list(read_records([str(tmp_path), f"{tmp_path}/*"])) == []


@pytest.mark.parametrize("start", ["", "\ufeff", "\n "])
def test_rows_named_as_text_are_rows(tmp_path: Path, start: str) -> None:
    row = json.dumps({"id": 7, "text": TEXT * 100}) + "\n"
    for content in (row * 2, "[" + row + "," + row + "]"):
        source = write(tmp_path / "a.txt", start + content)
        items = [item for item in read_records([source]) if isinstance(item, Record)]
        assert [(item.id, item.text) for item in items] == [(7, TEXT * 100)] * 2


@pytest.mark.parametrize("text", ["{Update} It rained.", '{"Never"} she said.', "[{1}] It rained."])
def test_text_that_opens_like_json_is_text(tmp_path: Path, text: str) -> None:
    (item,) = read_records([write(tmp_path / "a.txt", text)])
    assert isinstance(item, Record)
    assert item.text == text


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    "content",
    [
        "id,text,outlet\n7,{},x\n",
        "id;text\r\n7;{}\r\n",
        "text|id\n{}|7\n",
        "id\ttext\n7\t{}\n",
        '"text","id"\n"{}","7"\n',
        ",text,id\n0,{},7\n",
        "Unnamed: 0,text,id\n0,{},7\n",
    ],
)
def test_csv_under_another_name_is_told_by_its_header(
    tmp_path: Path, content: str, mark: str
) -> None:
    encoded = (mark + content.replace("{}", TEXT)).encode()
    names = {"a.txt": encoded, "a.dat": encoded, "a": encoded, "a.gz": gzip.compress(encoded)}
    for item in read(*(write(tmp_path / name, held) for name, held in names.items())):
        assert isinstance(item, Record)
        assert (item.id, item.text, item.row) == ("7", TEXT, 2)


def test_the_header_names_the_column_of_the_call(tmp_path: Path) -> None:
    source = write(tmp_path / "a", f"id,main text\n7,{TEXT}\n")
    (item,) = read_records([source], FieldNames(text="main text"))
    assert (item.id, item.row) == ("7", 2)
    (item,) = read(source)
    assert (item.id, item.row) == (source, None)


@pytest.mark.parametrize(
    "text",
    [
        "text, and more\nOf this, that and the other",
        "text\n\nIt rained, and the harbour closed.",
        "Photo,text\nby Anna",
        "Photo,text\n\nIt rained, and the harbour closed.",
        "The council said,text\nIt rained, and the harbour closed.",
        "text,text\nIt rained, and rained.",
        "Text;Layout\nAnna; Bo",
    ],
)
def test_prose_is_no_csv(tmp_path: Path, text: str) -> None:
    for name in ("a.txt", "a.dat", "a"):
        source = write(tmp_path / name, text)
        assert read(source) == [Record(source, text, source)]


@pytest.mark.parametrize("form", sorted({*INPUT_FORMATS} - {"jsonl", "csv", "tsv"}))
def test_an_empty_file_is_one_bad_input_in_every_other_format(tmp_path: Path, form: str) -> None:
    empty = write(tmp_path / f"a.{form}", b"")
    archive = write(tmp_path / "a.gz", gzip.compress(b""))
    for source in (empty, archive):
        (item,) = read_records([source], input_format=form)
        assert isinstance(item, BadInput)
        assert item.reason in ("empty: no text", "empty: no record")


@pytest.mark.parametrize(
    ("library", "name", "content"),
    [
        ("pyarrow", "a.parquet", b"PAR1"),
        ("warcio", "a.warc", b"WARC/1.0"),
        ("zstandard", "a.txt.zst", zstandard.compress(b"x")),
    ],
)
def test_a_missing_library_is_one_bad_input_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, name: str, content: bytes
) -> None:
    for module in [m for m in sys.modules if m.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    (item,) = read(write(tmp_path / name, content))
    assert isinstance(item, BadInput)
    extra = "parquet" if library == "pyarrow" else "batch"
    assert f"need {library}: pip install 'mt-artifact-detector[{extra}]'" in item.reason
