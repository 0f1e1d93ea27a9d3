"""Parquet: each row a record, or one bad input that costs no other."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detector.io.readers import BadInput, FieldNames, Record, read_records

TEXT = "The council met on Tuesday. It closed the café."


def outline(items: list[Record | BadInput]) -> list[Any]:
    """Texts, and the rows of what is bad."""
    return [item.text if isinstance(item, Record) else item.row for item in items]


def reasons(items: list[Record | BadInput]) -> list[str]:
    return [item.reason for item in items if isinstance(item, BadInput)]


def write_parquet(path: Path, columns: dict[str, Any], **options: Any) -> str:
    pq.write_table(pa.table(columns), path, **options)
    return str(path)


def test_each_parquet_row_is_a_document(tmp_path: Path) -> None:
    source = write_parquet(
        tmp_path / "a.parquet",
        {"id": [7, None], "text": [TEXT, TEXT * 2], "more": ["x", None], "source": ["a", None]},
    )
    assert list(read_records([source], FieldNames(reference="source"))) == [
        Record(7, TEXT, source, 1, {"more": "x"}, reference="a"),
        Record(f"{source}:2", TEXT * 2, source, 2, {"more": None}),
    ]


def test_parquet_values_become_what_json_can_hold(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 3, 5, 10, 30, tzinfo=dt.UTC)
    source = write_parquet(
        tmp_path / "a.parquet",
        {
            "text": [TEXT],
            "nan": [float("nan")],
            "day": [moment.date()],
            "moment": pa.array([moment], pa.timestamp("ns", tz="UTC")),
            "price": pa.array([Decimal("1.50")]),
            "count": pa.array([Decimal("12345678901234567890")], pa.decimal128(20, 0)),
            "list": [[1.5, float("inf")]],
            "nested": [{"a": {"b": b"caf\xc3\xa9"}}],
            "bytes": [b"\x81\x8d"],
            "kind": pa.array(["x"]).dictionary_encode(),
        },
    )
    (item,) = read_records([source])
    assert isinstance(item, Record)
    assert item.fields == {
        "nan": None,
        "day": "2024-03-05",
        "moment": "2024-03-05T10:30:00+00:00",
        "price": 1.5,
        "count": 12345678901234567890,
        "list": [1.5, None],
        "nested": {"a": {"b": "café"}},
        "kind": "x",
    }
    assert item.note == "column 'bytes' holds bytes that are no text: left out"


def test_dates_that_python_has_not_cost_no_row(tmp_path: Path) -> None:
    day, far = dt.datetime(1970, 1, 2), 10**17
    milliseconds = pa.timestamp("ms")
    source = write_parquet(
        tmp_path / "a.parquet",
        {
            "text": [TEXT, TEXT],
            "when": pa.array([far, day], milliseconds),
            "day": pa.array([10**7, 1], pa.date32()),
            "zone": pa.array([7, None], pa.timestamp("ms", tz="Europe/Nowhere")),
            "list": pa.array([[far, day], None], pa.list_(milliseconds)),
            "nested": pa.array(
                [{"a": far, "b": "x"}, {}], pa.struct({"a": milliseconds, "b": "string"})
            ),
            "kind": pa.array([far, None], milliseconds).dictionary_encode(),
        },
    )
    first, second = read_records([source])
    iso = "1970-01-02T00:00:00"
    assert first == Record(f"{source}:1", TEXT, source, 1, {
        "when": str(far), "day": str(10**7), "zone": "7", "list": [str(far), iso],
        "nested": {"a": str(far), "b": "x"}, "kind": str(far),
    })  # fmt: skip
    assert second == Record(f"{source}:2", TEXT, source, 2, {
        "when": iso, "day": "1970-01-02", "zone": None, "list": None,
        "nested": {"a": None, "b": None}, "kind": None,
    })  # fmt: skip


def test_texts_stored_as_bytes_are_read(tmp_path: Path) -> None:
    values = [TEXT.encode(), TEXT.encode("cp1252"), b"\x81\x8d", None]
    binary = pa.array(values, pa.binary())
    mislabelled = binary.view(pa.string())
    for column in (binary, mislabelled):
        source = write_parquet(tmp_path / "a.parquet", {"text": column})
        good, guessed, bad, empty = read_records([source])
        assert outline([good, guessed]) == [TEXT, TEXT]
        assert getattr(guessed, "note", "") == "byte 45 is not UTF-8: read as Windows-1252"
        assert reasons([bad, empty]) == [
            "no field 'text': the row holds nothing else",
            "field 'text' holds a null, not text",
        ]


def test_a_parquet_file_without_its_column_is_one_bad_input(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "a.parquet", {"id": [1, 2], "body": ["x", "y"]})
    (item,) = read_records([source])
    assert reasons([item]) == ["no column 'text' (columns: 'id', 'body'): give --text-column"]


@pytest.mark.parametrize("keep", [4, 100, -1])
def test_a_cut_parquet_file_is_one_bad_input(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, {"text": [TEXT] * 100})
    path.write_bytes(path.read_bytes()[:keep])
    (item,) = read_records([str(path)])
    assert isinstance(item, BadInput)
    assert item.reason.startswith("not a whole Parquet file: ")


def test_a_damaged_row_group_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(
        path,
        {"text": [f"{TEXT} {n}" for n in range(300)]},
        row_group_size=100,
        use_dictionary=False,
    )
    group = pq.ParquetFile(path).metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    start = group.data_page_offset
    content[start : start + 200] = b"\xff" * 200
    path.write_bytes(content)
    items = list(read_records([str(path)]))
    assert len(items) == 201
    bad = items[100]
    assert isinstance(bad, BadInput)
    assert bad.reason.startswith("damaged Parquet: rows 101 to 200 cannot be read: ")
    assert [item.row for item in items[99:103]] == [100, 101, 201, 202]


def test_parquet_is_read_from_standard_input_and_archives(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    content = Path(write_parquet(path, {"text": [TEXT]})).read_bytes()
    (item,) = read_records(["-"], standard_input=io.BytesIO(content))
    assert outline([item]) == [TEXT]
    archive = tmp_path / "b.parquet.gz"
    archive.write_bytes(gzip.compress(content))
    (item,) = read_records([str(archive)])
    assert outline([item]) == [TEXT]


def test_a_large_row_group_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    text = "word " * 4_000
    schema = pa.schema([("text", pa.string())])
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        batch = pa.record_batch([[f"{n} {text}" for n in range(3_000)]], schema=schema)
        writer.write_table(pa.Table.from_batches([batch]), row_group_size=3_000)
    del batch
    before = pa.total_allocated_bytes()
    peak = 0
    count = 0
    for item in read_records([str(path)]):
        count += isinstance(item, Record)
        peak = max(peak, pa.total_allocated_bytes() - before)
    assert count == 3_000
    # The texts are 60 MB.
    assert peak < 30_000_000
