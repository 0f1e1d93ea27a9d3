"""Rows into files: JSON lines, CSV, TSV or Parquet, by extension, whole or not at all.

A file is written under a temporary name in its folder and put in place when all of it has reached
the disk: who looks there finds the old file, the new one or none, never a part of one.
"""

from __future__ import annotations

import csv
import errno
import gzip
import io
import json
import math
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from detector.errors import DetectorError

if TYPE_CHECKING:
    import pyarrow as pa

JSON_LINES, CSV, TSV, PARQUET = OUTPUT_FORMATS = ("jsonl", "csv", "tsv", "parquet")
"""What can be written."""

RESULT_SCHEMA: Mapping[str, str] = {
    "id": "string",
    "probability": "double",
    "label": "string",
    "probability_original": "double",
    "probability_translated": "double",
    "probability_spun": "double",
    "flagged": "bool",
    "threshold": "double",
    "false_positive_rate": "double",
    "reason": "string",
    "error": "string",
    "words": "int32",
    "language": "string",
    "signature": "string",
    "original_id": "string",
    "original_score": "double",
    "original_probability": "double",
    "relation": "string",
    "comparison_probability": "double",
    "comparison_flagged": "bool",
    "coverage": "double",
}
"""Types in Parquet of the columns that a result may have, all of them nullable.

Other columns are truth values or doubles where all their values are; all else is a string, in
which what is no text stands as JSON. Types are plain, so that pandas, DuckDB and Spark agree.
"""

_FORMATS = {
    ".csv": CSV,
    ".json": JSON_LINES,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".parquet": PARQUET,
    ".tsv": TSV,
}
_COMPRESSIONS = frozenset({".gz", ".zst"})
_DELIMITERS = {CSV: ",", TSV: "\t"}

_PIECE = 1 << 20
# No cell of ours is longer; the csv module's own limit is 128 KiB.
_LONGEST_CELL = 1 << 30
_ROW_GROUP_ROWS = 50_000
_ROW_GROUP_BYTES = 64 << 20
_BATCH_ROWS = 1_000
# Whole numbers are exact in a double up to here.
_LARGEST_EXACT = 2**53
_ONLY_NULLS = {b"detector": b"only nulls"}

# What a column's values are, and which of RESULT_SCHEMA's types can hold that.
_TRUTH, _WHOLE, _NUMBER, _OTHER = "truth value", "whole number", "number", "other"
_FITTING = {
    "string": frozenset({_TRUTH, _WHOLE, _NUMBER, _OTHER}),
    "double": frozenset({_WHOLE, _NUMBER}),
    "bool": frozenset({_TRUTH}),
    "int32": frozenset({_WHOLE}),
}


class FormatError(DetectorError):
    """A file's name tells no format that can be written, or the library for it is missing."""


class RowWriter(Protocol):
    """What takes rows, one at a time."""

    def write(self, row: Mapping[str, Any]) -> None:
        """Take the next row."""


def format_of(path: Path) -> str:
    """Which of `OUTPUT_FORMATS` a file's name announces; FormatError where it announces none."""
    suffix, compression = _split_suffix(path)
    form = _FORMATS.get(suffix)
    if form is None:
        known = ", ".join(sorted(_FORMATS))
        raise FormatError(f"{path}: no known format: end the name in one of {known}")
    if form == PARQUET and compression:
        raise FormatError(f"{path}: Parquet is compressed inside: leave {compression} off the name")
    return form


def _split_suffix(path: Path) -> tuple[str, str]:
    last = path.suffix.lower()
    if last not in _COMPRESSIONS:
        return last, ""
    return Path(path.stem).suffix.lower(), last


@contextmanager
def open_writer(path: Path, columns: Sequence[str]) -> Iterator[RowWriter]:
    """A writer of rows to a file, which is put in place when the context ends without an error.

    Args:
        path: what to write; the name ends in .jsonl, .ndjson, .json, .csv or .tsv, each with .gz
            or .zst behind it if it is to be compressed, or in .parquet.
        columns: the columns in their order. A row may lack some; in JSON lines and Parquet it may
            have others, which follow.

    Raises:
        FormatError: the name announces no format, or a library is missing.
        OSError: the file cannot be written, the disk is full say; the old one is untouched.
        ValueError: from `write`, a row of CSV has a column that was not announced.
    """
    make = {JSON_LINES: _JsonWriter, CSV: _CsvWriter, TSV: _CsvWriter, PARQUET: _ParquetWriter}
    writer_type: Callable[..., Any] = make[format_of(path)]
    with _replace_whole(path) as stream:
        writer = writer_type(stream, path, columns)
        try:
            yield writer
            writer.finish()
        finally:
            writer.close()


def concatenate(parts: Sequence[Path], target: Path, columns: Sequence[str]) -> None:
    """Join files that `open_writer` wrote into one, in their order; whole or not at all.

    Args:
        parts: files of the target's format; their columns may differ.
        target: the file to make; the parts are left where they are.
        columns: all the columns, in their order; one that a part lacks is null there.

    Raises:
        FormatError: a name announces no format, or a part's another than the target's.
        OSError: a part cannot be read, or the target not be written.
    """
    form = format_of(target)
    if other := next((part for part in parts if format_of(part) != form), None):
        raise FormatError(f"{other}: not of the format of {target}")
    join = {JSON_LINES: _join_lines, PARQUET: _join_parquet}.get(form, _join_csv)
    with _replace_whole(target) as stream:
        join(parts, stream, target, columns)


# --------------------------------------------------------------------------------------
# Files
# --------------------------------------------------------------------------------------


@contextmanager
def _replace_whole(path: Path) -> Iterator[IO[bytes]]:
    """A stream to a new file, which takes the path's place if all goes well."""
    # What a link points to is replaced, not the link.
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "not a file that could be replaced", str(path))
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}.fresh")
    try:
        with fresh.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(target)
        _sync_folder(target.parent)
    except BaseException as error:
        fresh.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _sync_folder(folder: Path) -> None:
    """Have the new name reach the disk too; Windows opens no folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _compress(stream: IO[bytes], path: Path) -> io.BufferedIOBase:
    """The stream that compresses into another as the name says; closing it leaves that open."""
    compression = _split_suffix(path)[1]
    if compression == ".gz":
        # Without the time the same rows give the same bytes.
        return gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, filename="")
    if compression == ".zst":
        compressor = _import_zstandard().ZstdCompressor()
        opened: io.BufferedIOBase = compressor.stream_writer(stream, closefd=False)
        return opened
    return _Unclosed(stream)


def _decompress(path: Path) -> IO[bytes]:
    compression = _split_suffix(path)[1]
    if compression == ".gz":
        return cast("IO[bytes]", gzip.open(path))
    if compression == ".zst":
        return cast("IO[bytes]", _import_zstandard().open(path))
    return path.open("rb")


class _Unclosed(io.BufferedIOBase):
    """A stream that stays open when this one is closed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return self._stream.write(content)


def _import_zstandard() -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise FormatError(
            "Zstandard needs zstandard: pip install 'mt-artifact-detector[batch]'"
        ) from error
    return zstandard


def _import_parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise FormatError(
            "Parquet needs pyarrow: pip install 'mt-artifact-detector[batch]'"
        ) from error
    return pyarrow.parquet


# --------------------------------------------------------------------------------------
# Values
# --------------------------------------------------------------------------------------


def _make_plain(value: Any) -> Any:
    """What JSON can hold: numpy's numbers as Python's, dates as ISO 8601, NaN as None."""
    match value:
        case None | bool() | str():
            return value
        case float():
            return float(value) if math.isfinite(value) else None
        case int():
            return int(value)
        case Mapping():
            return {str(key): _make_plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_make_plain(item) for item in value]
        case datetime() | date() | time():
            # pandas' NaT is a date that is not equal to itself.
            return value.isoformat() if value == value else None
        case Decimal():
            return float(value) if value.is_finite() else None
    return _make_plain(value.item()) if hasattr(value, "item") else str(value)


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


# Half a surrogate pair has no UTF-8; written as \ud83d it does no harm, and in JSON it is even
# the right escape.
_ON_SURROGATES = "backslashreplace"


def _clean(text: str) -> str:
    return text.encode("utf-8", _ON_SURROGATES).decode("utf-8")


# --------------------------------------------------------------------------------------
# JSON lines
# --------------------------------------------------------------------------------------


class _JsonWriter:
    def __init__(self, stream: IO[bytes], path: Path, columns: Sequence[str]) -> None:
        self._stream = _compress(stream, path)

    def write(self, row: Mapping[str, Any]) -> None:
        line = _to_json({name: _make_plain(value) for name, value in row.items()}) + "\n"
        self._stream.write(line.encode("utf-8", _ON_SURROGATES))

    def finish(self) -> None:
        self._stream.close()

    def close(self) -> None:
        # On a full disk the end of a compressed stream has no place either.
        with suppress(OSError):
            self._stream.close()


def _join_lines(
    parts: Sequence[Path], stream: IO[bytes], target: Path, columns: Sequence[str]
) -> None:
    # One frame, not the parts' frames as they are: not every reader looks behind the first.
    with _compress(stream, target) as joined:
        for part in parts:
            with _decompress(part) as content:
                shutil.copyfileobj(content, joined, _PIECE)


# --------------------------------------------------------------------------------------
# CSV
# --------------------------------------------------------------------------------------


class _CsvWriter:
    def __init__(self, stream: IO[bytes], path: Path, columns: Sequence[str]) -> None:
        self._columns = list(columns)
        self._known = frozenset(columns)
        self._stream = _compress(stream, path)
        # With this end of line the module quotes cells that hold either half of it.
        self._rows = csv.writer(
            _Lines(self._stream), delimiter=_DELIMITERS[format_of(path)], lineterminator="\r\n"
        )
        self._rows.writerow(self._columns)

    def write(self, row: Mapping[str, Any]) -> None:
        if unknown := [name for name in row if name not in self._known]:
            raise ValueError(f"no column {', '.join(map(repr, unknown))}: CSV has them announced")
        self._rows.writerow([_to_cell(row.get(name)) for name in self._columns])

    def finish(self) -> None:
        self._stream.close()

    def close(self) -> None:
        # On a full disk the end of a compressed stream has no place either.
        with suppress(OSError):
            self._stream.close()


class _Lines:
    """Takes the csv module's lines, and ends them as text files do."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        self._stream.write((line[:-2] + "\n").encode("utf-8", _ON_SURROGATES))


def _to_cell(value: Any) -> Any:
    plain = _make_plain(value)
    return _to_json(plain) if isinstance(plain, dict | list) else plain


def _join_csv(
    parts: Sequence[Path], stream: IO[bytes], target: Path, columns: Sequence[str]
) -> None:
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    writer = _CsvWriter(stream, target, columns)
    for part in parts:
        with io.TextIOWrapper(_decompress(part), encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text, delimiter=_DELIMITERS[format_of(target)]):
                writer.write(row)
    writer.finish()


# --------------------------------------------------------------------------------------
# Parquet
# --------------------------------------------------------------------------------------


class _ParquetWriter:
    """Lays the rows down first, as JSON: only the last one tells what a column's type must be."""

    def __init__(self, stream: IO[bytes], path: Path, columns: Sequence[str]) -> None:
        self._parquet = _import_parquet()
        self._stream = stream
        self._kinds: dict[str, set[str]] = {name: set() for name in columns}
        self._rows = tempfile.TemporaryFile(  # noqa: SIM115 - closed by `close`
            "w+", encoding="utf-8", errors=_ON_SURROGATES, dir=path.absolute().parent
        )

    def write(self, row: Mapping[str, Any]) -> None:
        plain = {name: _make_plain(value) for name, value in row.items()}
        for name, value in plain.items():
            kinds = self._kinds.setdefault(name, set())
            if value is not None:
                kinds.add(_find_kind(value))
        self._rows.write(_to_json(plain) + "\n")

    def finish(self) -> None:
        types = {name: _choose_type(name, kinds) for name, kinds in self._kinds.items()}
        only_nulls = {name for name, kinds in self._kinds.items() if not kinds}
        schema = _make_schema(types, only_nulls)
        self._rows.seek(0)
        with self._parquet.ParquetWriter(self._stream, schema, compression="snappy") as writer:
            for table in _gather(_make_batches(self._rows, types, schema), schema):
                writer.write_table(table)

    def close(self) -> None:
        self._rows.close()


def _find_kind(value: Any) -> str:
    match value:
        case bool():
            return _TRUTH
        case int():
            return _WHOLE if abs(value) <= _LARGEST_EXACT else _OTHER
        case float():
            return _NUMBER
    return _OTHER


def _choose_type(name: str, kinds: set[str]) -> str:
    """The type that a result's column has, unless the caller's own is called like it."""
    fixed = RESULT_SCHEMA.get(name)
    if fixed is not None and kinds <= _FITTING[fixed]:
        return fixed
    for form in ("bool", "double"):
        if kinds and kinds <= _FITTING[form]:
            return form
    return "string"


def _make_schema(types: Mapping[str, str], only_nulls: set[str]) -> pa.Schema:
    import pyarrow as pa

    makers = {
        "bool": pa.bool_(),
        "double": pa.float64(),
        "int32": pa.int32(),
        "string": pa.string(),
    }
    return pa.schema(
        pa.field(unique, makers[types[name]], metadata=_ONLY_NULLS if name in only_nulls else None)
        for name, unique in zip(types, _tell_apart(types), strict=True)
    )


def _tell_apart(names: Sequence[str] | Mapping[str, str]) -> list[str]:
    """Names that differ in more than case, which Spark and DuckDB do not look at."""
    taken: set[str] = set()
    apart: list[str] = []
    for name in names:
        base = _clean(name) or "unnamed"
        unique, copy = base, 1
        while unique.lower() in taken:
            copy += 1
            unique = f"{base}_{copy}"
        taken.add(unique.lower())
        apart.append(unique)
    return apart


def _make_batches(
    lines: IO[str], types: Mapping[str, str], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rows: list[dict[str, Any]] = []

    def make_batch() -> pa.RecordBatch:
        arrays = [
            pa.array([_fit(row.get(name), types[name]) for row in rows], field.type)
            for name, field in zip(types, schema, strict=True)
        ]
        return pa.record_batch(arrays, schema=schema)

    for line in lines:
        rows.append(json.loads(line))
        if len(rows) == _BATCH_ROWS:
            yield make_batch()
            rows = []
    if rows:
        yield make_batch()


def _fit(value: Any, kind: str) -> Any:
    if value is None or kind in ("bool", "int32"):
        return value
    if kind == "double":
        return float(value)
    return _clean(value if isinstance(value, str) else _to_json(value))


def _gather(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Tables of a size that readers like: many small row groups are slow."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= _ROW_GROUP_ROWS or size >= _ROW_GROUP_BYTES:
            yield pa.Table.from_batches(held, schema)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held, schema)


def _join_parquet(
    parts: Sequence[Path], stream: IO[bytes], target: Path, columns: Sequence[str]
) -> None:
    parquet = _import_parquet()
    schema = _unify([parquet.read_schema(part) for part in parts], columns)
    batches = (
        _recast(batch, schema)
        for part in parts
        for batch in parquet.ParquetFile(part).iter_batches(_BATCH_ROWS)
    )
    with parquet.ParquetWriter(stream, schema, compression="snappy") as writer:
        for table in _gather(batches, schema):
            writer.write_table(table)


def _unify(schemas: Sequence[pa.Schema], columns: Sequence[str]) -> pa.Schema:
    """The schema that holds them all: a column that is numbers here and text there is text."""
    fields: dict[str, list[pa.Field]] = {name: [] for name in _tell_apart(columns)}
    for schema in schemas:
        for field in schema:
            fields.setdefault(field.name, []).append(field)
    types: dict[str, str] = {}
    only_nulls: set[str] = set()
    for name, found in fields.items():
        kinds = {str(field.type) for field in found if (field.metadata or {}) != _ONLY_NULLS}
        if not kinds:
            only_nulls.add(name)
            types[name] = RESULT_SCHEMA.get(name, "string")
        elif len(kinds) == 1:
            types[name] = kinds.pop()
        else:
            types[name] = "double" if kinds == {"int32", "double"} else "string"
    return _make_schema(types, only_nulls)


def _recast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    arrays = []
    for field in schema:
        place = batch.schema.get_field_index(field.name)
        if place < 0:
            arrays.append(pa.nulls(batch.num_rows, field.type))
            continue
        array = batch.column(place)
        if array.null_count == len(array):
            array = pa.nulls(len(array), field.type)
        elif field.type == pa.string() and array.type != pa.string():
            array = pa.array([_word(value) for value in array.to_pylist()], pa.string())
        arrays.append(array.cast(field.type))
    return pa.record_batch(arrays, schema=schema)


def _word(value: Any) -> str | None:
    """A number or truth value as JSON; a whole number that was made a double is whole again."""
    if value is None:
        return None
    return _to_json(int(value) if isinstance(value, float) and value.is_integer() else value)
