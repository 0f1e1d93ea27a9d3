"""Rows become files that other programs read alike, whole or not at all."""

from __future__ import annotations

import csv
import gzip
import json
import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import MissingPackageError
from detector.io.readers import Record, read_records
from detector.io.writers import concatenate, open_writer
from detector.io.writers.formats import FormatError, find_output_format
from detector.io.writers.schema import RESULT_SCHEMA

ROWS: list[dict[str, Any]] = [
    {"id": "a", "probability": 0.25, "flagged": False, "label": "original", "words": 120},
    {"id": "b", "probability": None, "flagged": False, "label": None, "words": 0},
    {"id": "c", "probability": 0.875, "flagged": True, "label": "translated", "words": 90},
]
COLUMNS = ["id", "probability", "flagged", "label", "words"]
TYPES = {"id": "string"} | {name: RESULT_SCHEMA[name] for name in COLUMNS[1:]}
LINE_NAMES = ["out.jsonl", "out.ndjson", "out.json", "out.jsonl.gz", "out.jsonl.zst"]
CSV_NAMES = ["out.csv", "out.tsv", "out.csv.gz", "out.tsv.zst"]


def write(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> Path:
    with open_writer(path, columns) as writer:
        for row in rows:
            writer.write(row)
    return path


def read_bytes(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".zst":
        frame = zstandard.ZstdDecompressor().decompressobj()
        content = frame.decompress(content)
        # Not every reader looks behind the first frame.
        assert frame.eof
        assert not frame.unused_data
    return content


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read_bytes(path).decode().splitlines()]


def read_cells(path: Path) -> list[list[str]]:
    delimiter = "\t" if ".tsv" in path.name else ","
    return list(csv.reader(read_bytes(path).decode().split("\n")[:-1], delimiter=delimiter))


def read_types(path: Path) -> dict[str, str]:
    return {field.name: str(field.type) for field in pq.read_schema(path)}


# --------------------------------------------------------------------------------------
# Formats
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LINE_NAMES)
def test_json_lines_hold_the_rows(tmp_path: Path, name: str) -> None:
    assert read_lines(write(tmp_path / name, ROWS)) == ROWS


@pytest.mark.parametrize("name", CSV_NAMES)
def test_csv_holds_the_columns_in_their_order(tmp_path: Path, name: str) -> None:
    assert read_cells(write(tmp_path / name, ROWS)) == [
        COLUMNS,
        ["a", "0.25", "False", "original", "120"],
        ["b", "", "False", "", "0"],
        ["c", "0.875", "True", "translated", "90"],
    ]


def test_parquet_has_the_types_of_a_result(tmp_path: Path) -> None:
    path = write(tmp_path / "out.parquet", ROWS)
    assert pq.read_table(path).to_pylist() == ROWS
    assert read_types(path) == {"id": "string"} | {
        name: RESULT_SCHEMA[name] for name in COLUMNS[1:]
    }


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet", "out.csv.gz"])
def test_no_rows_still_make_a_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, [])
    if name == "out.parquet":
        assert read_types(path) == {"id": "string"} | {
            name: RESULT_SCHEMA[name] for name in COLUMNS[1:]
        }
        assert pq.read_table(path).num_rows == 0
    else:
        assert read_bytes(path) == (
            b"" if name == "out.jsonl" else f"{','.join(COLUMNS)}\n".encode()
        )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("out.txt", "no known format: end the name in one of .csv, .json"),
        ("out", "no known format"),
        ("out.gz", "no known format"),
        ("out.parquet.gz", "Parquet is compressed inside: leave .gz off the name"),
    ],
)
def test_other_names_are_refused_before_anything_is_written(
    tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(FormatError, match=reason):
        write(tmp_path / name, ROWS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["OUT.JSONL", "a.b.Csv.GZ", "x.parquet", "x.tsv.zst"])
def test_the_name_tells_the_format_in_either_case(name: str) -> None:
    assert find_output_format(Path(name)).name in ("jsonl", "csv", "parquet", "tsv")


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("out.jsonl.gz", "out.csv.zst", "out.parquet"):
        (tmp_path / "again").mkdir(exist_ok=True)
        first, second = (write(folder / name, ROWS) for folder in (tmp_path, tmp_path / "again"))
        assert first.read_bytes() == second.read_bytes()


# --------------------------------------------------------------------------------------
# Values
# --------------------------------------------------------------------------------------

ODD_VALUES: list[tuple[Any, Any]] = [
    (math.nan, None),
    (-math.inf, None),
    (np.float32(0.5), 0.5),
    (np.int64(7), 7),
    (np.bool_(True), True),
    (datetime(2024, 3, 5, 10, tzinfo=UTC), "2024-03-05T10:00:00+00:00"),
    (pd.NaT, None),
    ({"a": [1, math.nan]}, {"a": [1, None]}),
    (10**30, 10**30),
    (Path("x/y"), "x/y"),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.array([0.5, math.nan]), [0.5, None]),
    (np.array([]), []),
    (np.array(7), 7),
    (np.longdouble(2), "2.0"),
    (Decimal("2.5"), 2.5),
    (Decimal("12345678901234567890"), 12345678901234567890),
    (Decimal("1e400"), None),
    (Decimal("-1e400"), None),
    (Decimal("sNaN"), None),
    (timedelta(minutes=1), 60.0),
    (b"x", "b'x'"),
]


@pytest.mark.parametrize(("value", "expected"), ODD_VALUES, ids=range(len(ODD_VALUES)))
def test_values_become_what_json_can_hold(tmp_path: Path, value: Any, expected: Any) -> None:
    (row,) = read_lines(write(tmp_path / "out.jsonl", [{"v": value}], ["v"]))
    assert row == {"v": expected}
    (row,) = pq.read_table(write(tmp_path / "out.parquet", [{"v": value}], ["v"])).to_pylist()
    structured = isinstance(expected, dict | list) or expected in (10**30, 12345678901234567890)
    assert row == {"v": json.dumps(expected) if structured else expected}


def test_half_a_surrogate_pair_is_escaped_everywhere(tmp_path: Path) -> None:
    row = {"id": "x\ud83d"}
    assert read_lines(write(tmp_path / "out.jsonl", [row], ["id"])) == [row]
    assert read_cells(write(tmp_path / "out.csv", [row], ["id"])) == [["id"], ["x\\ud83d"]]
    table = pq.read_table(write(tmp_path / "out.parquet", [row], ["id"]))
    assert table.to_pylist() == [{"id": "x\\ud83d"}]


def test_parquet_columns_of_the_caller_get_the_type_that_holds_all_values(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"n": 1, "mixed": 1, "truth": True, "list": [1], "none": None, "words": "many", "big": 1},
        {"n": 2.5, "mixed": "x", "truth": None, "list": None, "late": 3, "words": 2, "big": 2**60},
    ]
    path = write(tmp_path / "out.parquet", rows, ["n"])
    assert read_types(path) == {
        "n": "double",
        "mixed": "string",
        "truth": "bool",
        "list": "string",
        "none": "string",
        "words": "string",
        "big": "int64",
        "late": "int64",
    }
    first, second = pq.read_table(path).to_pylist()
    assert (first["mixed"], first["list"], first["late"], first["words"]) == (
        "1",
        "[1]",
        None,
        "many",
    )
    assert (second["n"], second["words"], second["big"]) == (2.5, "2", 2**60)


def test_parquet_names_differ_in_more_than_case(tmp_path: Path) -> None:
    row = {"label": "spun", "Label": "a", "": 1.0}
    assert pq.read_table(write(tmp_path / "out.parquet", [row], [])).to_pylist() == [
        {"label": "spun", "Label_2": "a", "unnamed": 1.0}
    ]


def test_pandas_reads_the_formats_alike(tmp_path: Path) -> None:
    frames = [
        pd.read_parquet(write(tmp_path / "out.parquet", ROWS)),
        pd.read_csv(write(tmp_path / "out.csv", ROWS)),
        pd.read_json(write(tmp_path / "out.jsonl.zst", ROWS), lines=True),
    ]
    for frame in frames:
        assert list(frame.columns) == COLUMNS
        assert frame["flagged"].dtype == bool
        assert frame["probability"].tolist()[::2] == [0.25, 0.875]
        assert frame["label"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("name", ["out.csv", "out.tsv"])
def test_a_zero_byte_is_escaped_in_csv(tmp_path: Path, name: str) -> None:
    path = write(
        tmp_path / name, [{"id": "1", "text": "Words.", "byline": "A\0B"}], ["id", "text", "byline"]
    )
    (item,) = read_records([str(path)])
    assert item.fields == {"byline": "A\\u0000B"}


def test_csv_takes_no_column_that_was_not_announced(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no column 'more': CSV has them announced"):
        write(tmp_path / "out.csv", [{"id": 1, "more": 2}])
    assert list(tmp_path.iterdir()) == []


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=5), st.sampled_from(["csv", "tsv"]))
def test_csv_cells_come_back_whatever_is_in_them(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]], form: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / f"out.{form}"
    write(path, [{"a": a, "text": b} for a, b in cells], ["a", "text"])
    with path.open(encoding="utf-8", newline="") as stream:
        dialect = {"csv": "excel", "tsv": "excel-tab"}[form]
        assert [tuple(row) for row in csv.reader(stream, dialect)] == [("a", "text"), *cells]


# --------------------------------------------------------------------------------------
# Joining
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*LINE_NAMES, *CSV_NAMES, "out.parquet"])
def test_joined_parts_are_the_file_that_would_have_been_written_at_once(
    tmp_path: Path, name: str
) -> None:
    suffix = name.removeprefix("out")
    parts = [write(tmp_path / f"part-{n}{suffix}", ROWS[n:][:1]) for n in range(3)]
    concatenate(parts, tmp_path / name, COLUMNS)
    whole = write(tmp_path / f"whole{suffix}", ROWS)
    if suffix == ".parquet":
        assert pq.read_table(tmp_path / name).equals(pq.read_table(whole))
        assert read_types(tmp_path / name) == read_types(whole)
    else:
        assert read_bytes(tmp_path / name) == read_bytes(whole)


def test_parts_may_have_different_columns(tmp_path: Path) -> None:
    first, second = {"id": "a", "x": 1}, {"y": "two\r\nlines", "id": "b"}
    for suffix in (".csv", ".parquet", ".jsonl"):
        parts = [
            write(tmp_path / f"{n}{suffix}", [row], list(row))
            for n, row in enumerate([first, second])
        ]
        concatenate(parts, tmp_path / f"out{suffix}", ["id", "x", "y"])
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [["id", "x", "y"], ["a", "1", ""], ["b", "", "two\r\nlines"]]
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [
        {"id": "a", "x": 1, "y": None},
        {"id": "b", "x": None, "y": "two\r\nlines"},
    ]
    assert read_lines(tmp_path / "out.jsonl") == [first, second]


def test_parts_may_have_columns_that_differ_only_in_case(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "Title": "a"},
        {"id": 2, "title": "b"},
        {"id": 3, "title": "c", "Title": "d"},
        {"id": 4, "title_2": "e", "": "f"},
    ]
    parts = [write(tmp_path / f"{n}.parquet", [row], []) for n, row in enumerate(rows)]
    names = {"id": "id", "Title": "Title", "title": "title_2", "title_2": "title_2_2"}
    expected = [
        {unique: row.get(name) for name, unique in (names | {"": "unnamed"}).items()}
        for row in rows
    ]
    whole, half = tmp_path / "whole.parquet", tmp_path / "half.parquet"
    concatenate(parts, whole, ["id"])
    assert pq.read_table(whole).to_pylist() == expected
    # What was joined knows what its columns were called, too.
    concatenate(parts[:3], half, ["id"])
    concatenate([half, parts[3]], whole, ["id"])
    assert pq.read_table(whole).to_pylist() == expected


def test_parts_of_different_types_are_joined_as_text(tmp_path: Path) -> None:
    values: list[Any] = [None, 3, "x", 2.5, True, None]
    parts = [
        write(tmp_path / f"{n}.parquet", [{"v": value, "words": 1 if n else None}], [])
        for n, value in enumerate(values)
    ]
    target = tmp_path / "out.parquet"
    concatenate(parts, target, [])
    rows = pq.read_table(target).to_pylist()
    assert [row["v"] for row in rows] == [None, "3", "x", "2.5", "true", None]
    assert read_types(target) == {"v": "string", "words": "int64"}
    concatenate(parts[:2], target, [])
    assert [row["v"] for row in pq.read_table(target).to_pylist()] == [None, 3]
    assert read_types(target)["v"] == "int64"


@pytest.mark.parametrize(
    ("parts", "form", "values"),
    [
        ([[1, 2], [3]], "int64", [1, 2, 3]),
        ([[1], [2.5]], "double", [1.0, 2.5]),
        ([[1], [2**62]], "int64", [1, 2**62]),
        ([[2**62], [2.5]], "string", [str(2**62), "2.5"]),
        ([[2**62, 2.5]], "string", [str(2**62), "2.5"]),
        ([[1], [2**70]], "string", ["1", str(2**70)]),
        ([[-7, None], [None], [8]], "int64", [-7, None, None, 8]),
    ],
)
def test_numbers_keep_their_type(
    tmp_path: Path, parts: list[list[Any]], form: str, values: list[Any]
) -> None:
    paths = [
        write(tmp_path / f"{n}.parquet", [{"id": value, "n": value} for value in part], ["id"])
        for n, part in enumerate(parts)
    ]
    target = tmp_path / "out.parquet"
    concatenate(paths, target, ["id"])
    assert read_types(target) == {"id": form, "n": form}
    rows = pq.read_table(target).to_pylist()
    assert [row["id"] for row in rows] == [row["n"] for row in rows] == values


def test_parts_of_another_format_are_refused(tmp_path: Path) -> None:
    part = write(tmp_path / "part.csv", ROWS)
    with pytest.raises(FormatError, match=r"not of the format of .*out\.jsonl"):
        concatenate([part], tmp_path / "out.jsonl", COLUMNS)


def test_long_cells_are_joined(tmp_path: Path) -> None:
    part = write(tmp_path / "part.csv", [{"id": "x" * 300_000}], ["id"])
    concatenate([part], tmp_path / "out.csv", ["id"])
    assert (tmp_path / "out.csv").read_bytes() == part.read_bytes()


def test_small_parts_become_one_row_group(tmp_path: Path) -> None:
    parts = [write(tmp_path / f"{n}.parquet", ROWS) for n in range(5)]
    concatenate(parts, tmp_path / "out.parquet", COLUMNS)
    assert pq.ParquetFile(tmp_path / "out.parquet").num_row_groups == 1


# --------------------------------------------------------------------------------------
# Whole or not at all
# --------------------------------------------------------------------------------------

ALL_NAMES = ["out.jsonl", "out.jsonl.gz", "out.csv.zst", "out.parquet"]


@pytest.mark.parametrize("name", ALL_NAMES)
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("older")

    def fail() -> None:
        with open_writer(path, COLUMNS) as writer:
            writer.write(ROWS[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "older"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Have the system write no file beyond a size, as it would on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_full_disk_is_an_error_that_names_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = [{"id": os.urandom(500).hex()} for _ in range(500)]
    with full_disk(50_000), pytest.raises(OSError, match="too large") as caught:
        write(path, rows, ["id"])
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []
    part = write(tmp_path / f"part{name.removeprefix('out')}", rows, ["id"])
    with full_disk(50_000), pytest.raises(OSError, match="too large"):
        concatenate([part], path, ["id"])
    assert list(tmp_path.iterdir()) == [part]


def test_a_missing_folder_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "none" / "out.jsonl"
    with pytest.raises(FileNotFoundError) as caught:
        write(path, ROWS)
    assert caught.value.filename == str(path)


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path / "folder.jsonl"):
        if path != pipe:
            path.mkdir()
        with pytest.raises(OSError, match="not a file that could be replaced"):
            write(path, ROWS)
    assert pipe.is_fifo()


def test_what_a_link_points_to_is_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    real.write_text("older")
    link.symlink_to(real)
    write(link, ROWS)
    assert link.is_symlink()
    assert read_lines(real) == ROWS


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("older")
    code = (
        "import os, sys, pathlib\n"
        "from detector.io.writers import open_writer\n"
        "with open_writer(pathlib.Path(sys.argv[1]), ['id']) as writer:\n"
        "    for number in range(100_000): writer.write({'id': number})\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_text() == "older"
    # What is left of it is hidden, so that readers of the folder pass it over.
    assert [entry.id for entry in read_records([str(tmp_path)])] == [f"{path}:1"]


@pytest.mark.parametrize(
    ("library", "name"), [("pyarrow", "out.parquet"), ("zstandard", "out.csv.zst")]
)
def test_a_missing_library_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, name: str
) -> None:
    for module in [m for m in sys.modules if m.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    extra = "parquet" if library == "pyarrow" else "batch"
    with pytest.raises(MissingPackageError, match=rf"needs {library}: pip install .*\[{extra}\]"):
        write(tmp_path / name, ROWS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out.jsonl.gz", "out.csv", "out.tsv.zst", "out.parquet"])
def test_what_is_written_can_be_read_again(tmp_path: Path, name: str) -> None:
    rows = [{"id": "1", "text": 'He said: "No,\nnever."', "outlet": "x"}]
    (item,) = read_records([str(write(tmp_path / name, rows, list(rows[0])))])
    assert isinstance(item, Record)
    assert (item.id, item.text, item.fields) == ("1", rows[0]["text"], {"outlet": "x"})
