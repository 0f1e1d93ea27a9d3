"""A table gives the same rows whatever its format, delimiter, encoding and compression."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from detector.io.tables import (
    Columns,
    Fault,
    UnreadableError,
    find_table_format,
    iterate_rows,
    iterate_whole_rows,
)

ROWS = [
    {"id": "1", "text": 'He said, "No; never."', "more": "x"},
    {"id": "2", "text": "It rained\nin the café.", "more": ""},
]
COLUMNS = list(ROWS[0])


def write(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """The rows in the format that the name says."""
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    plain = path.with_name(name)
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(ROWS), plain)
    elif name.endswith(".json"):
        plain.write_text(json.dumps(ROWS, indent=1, ensure_ascii=False), encoding)
    elif name.endswith((".jsonl", ".ndjson")):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS]
        plain.write_text("".join(lines), encoding)
    else:
        with plain.open("w", encoding=encoding, newline="") as stream:
            writer = csv.DictWriter(
                stream, COLUMNS, delimiter="\t" if name.endswith(".tsv") else delimiter
            )
            writer.writeheader()
            writer.writerows(ROWS)
    if path != plain:
        pack = gzip.compress if path.suffix == ".gz" else zstandard.compress
        path.write_bytes(pack(plain.read_bytes()))
    return path


def read(path: Path, **wanted: Any) -> list[dict[str, Any]]:
    return [row.fields for row in iterate_whole_rows(path, Columns(known={"text"}, **wanted))]


@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.ndjson", "a.json", "a.parquet"])
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str, packed: str) -> None:
    assert read(write(tmp_path / (name + packed))) == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_marked_encodings_are_found(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    assert read(write(tmp_path / "a.csv", encoding, delimiter)) == ROWS


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_only_the_wanted_columns_are_in_the_rows(tmp_path: Path, name: str) -> None:
    kinds = {}

    def wants(column: str, kind: type | None) -> bool:
        kinds[column] = kind
        return column == "id"

    rows = read(write(tmp_path / name), wants=wants)
    assert rows == [{"id": "1"}, {"id": "2"}]
    assert kinds == dict.fromkeys(COLUMNS, str if name == "a.parquet" else None)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet"])
def test_the_header_is_checked_by_the_caller(tmp_path: Path, name: str) -> None:
    headers: list[Any] = []
    read(write(tmp_path / name), check=headers.append)
    assert headers == [COLUMNS]


def test_a_bad_row_has_its_fault_and_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text\n\n1,a,b\n2\n3,"a" b\n4,good\n')
    rows = list(iterate_rows(path))
    assert [row.number for row in rows] == [2, 3, 4, 5, 6]
    assert [row.error and row.error.fault for row in rows] == [
        Fault.BLANK,
        Fault.TOO_MANY_CELLS,
        Fault.TOO_FEW_CELLS,
        Fault.MALFORMED,
        None,
    ]
    assert [row.fields for row in rows] == [{}, {}, {"id": "2"}, {}, {"id": "4", "text": "good"}]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"text\na,b\n", "row 2: has more fields than the header: 2 cells"),
        ("a.csv", b'text\n"a\n', "row 2: not CSV: malformed CSV: a quote"),
        ("a.jsonl", b'{"a": 1}\n{"a"\n', "row 2: not JSON: malformed JSON"),
        ("a.jsonl", b"[1]\n", "row 1: not an object with named fields"),
        ("a.csv", b"text\ncaf\xe9\n", "row 2: not UTF-8 (byte 3 is not UTF-8: read as"),
        ("a.csv", b"text\n\x81\n", "row 2: not text in a known encoding"),
        ("a.parquet", b"PAR1 but not really", "not Parquet that can be read: not a whole"),
        (
            "a.csv.gz",
            gzip.compress(b"text\na\n", mtime=0)[:-4],
            "not CSV that can be read: gzip archive",
        ),
        ("a.csv.gz", b"text\na\n", "not CSV that can be read: no gzip archive"),
        ("a.txt", b"text\na\n", "a.txt: not the name of a table"),
    ],
)
def test_a_table_that_must_be_whole_names_its_row(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableError) as caught:
        read(tmp_path / name)
    assert str(caught.value).startswith(reason)


def test_blank_and_short_rows_of_a_whole_table_are_taken(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n\n1\n2,b\n")
    assert read(tmp_path / "a.csv") == [{"id": "1"}, {"id": "2", "text": "b"}]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.csv.gz"])
def test_an_empty_file_has_no_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert read(tmp_path / name) == []


def test_a_name_tells_the_format() -> None:
    names = {"a.CSV": "csv", "a.json.GZ": "jsonl", "a.b.tsv.zst": "tsv", "a.html": None}
    for name, expected in names.items():
        form = find_table_format(name)
        assert (form and form.name) == expected
