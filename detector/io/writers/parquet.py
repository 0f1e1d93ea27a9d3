"""Write Parquet, and join finished parts."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from detector.errors import MissingPackageError
from detector.io.plain_values import make_plain
from detector.io.writers.cells import ON_SURROGATES, clean_text, spell_value, to_json
from detector.io.writers.schema import RESULT_SCHEMA

if TYPE_CHECKING:
    import pyarrow as pa


_ROW_GROUP_ROWS = 50_000

_ROW_GROUP_BYTES = 64 << 20

_BATCH_ROWS = 1_000

# Whole numbers are exact in a double up to here.
_LARGEST_EXACT = 2**53

_LARGEST_LONG = 2**63 - 1

# What a part's column was made of, where its type does not tell.
_MARK, _ONLY_NULLS, _HOLDS_LONG = b"detector", b"only nulls", b"holds long numbers"

# What a column of a file is called in the rows, where that is something else.
_NAME = b"column"

# What a column's values are, and which types can hold that.
_TRUTH, _WHOLE, _NUMBER, _OTHER = "truth value", "whole number", "number", "other"

# A whole number that no double holds.
_LONG = "long number"

_FITTING = {
    "string": frozenset({_TRUTH, _WHOLE, _LONG, _NUMBER, _OTHER}),
    "double": frozenset({_WHOLE, _NUMBER}),
    "bool": frozenset({_TRUTH}),
    "int64": frozenset({_WHOLE, _LONG}),
}


def _import_parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingPackageError("Parquet", "pyarrow", "parquet") from error
    return pyarrow.parquet


class ParquetWriter:
    """Lays the rows down first, as JSON: only the last one tells what a column's type must be."""

    def __init__(self, stream: IO[bytes], path: Path, columns: Sequence[str]) -> None:
        self._parquet = _import_parquet()
        self._stream = stream
        self._kinds: dict[str, set[str]] = {name: set() for name in columns}
        self._rows = tempfile.TemporaryFile(  # noqa: SIM115 - closed by `close`
            "w+", encoding="utf-8", errors=ON_SURROGATES, dir=path.absolute().parent
        )

    def write(self, row: Mapping[str, Any]) -> None:
        """Lay the next row down."""
        plain = {name: make_plain(value) for name, value in row.items()}
        for name, value in plain.items():
            kinds = self._kinds.setdefault(name, set())
            if value is not None:
                kinds.add(_find_kind(value))
        self._rows.write(to_json(plain) + "\n")

    def finish(self) -> None:
        """Find the columns' types, and write all rows."""
        types = {name: _choose_type(name, kinds) for name, kinds in self._kinds.items()}
        marks = {name: _mark_kinds(types[name], kinds) for name, kinds in self._kinds.items()}
        schema = _make_schema(types, marks)
        self._rows.seek(0)
        with self._parquet.ParquetWriter(self._stream, schema, compression="snappy") as writer:
            for table in _gather(_make_batches(self._rows, types, schema), schema):
                writer.write_table(table)

    def close(self) -> None:
        """Free the rows that were laid down."""
        self._rows.close()


def _find_kind(value: Any) -> str:
    match value:
        case bool():
            return _TRUTH
        case int():
            if abs(value) <= _LARGEST_EXACT:
                return _WHOLE
            return _LONG if abs(value) <= _LARGEST_LONG else _OTHER
        case float():
            return _NUMBER
    return _OTHER


def _choose_type(name: str, kinds: set[str]) -> str:
    """The type that a result's column has, unless the caller's own is called like it."""
    fixed = RESULT_SCHEMA.get(name)
    if fixed is not None and kinds <= _FITTING[fixed]:
        return fixed
    for form in ("bool", "int64", "double"):
        if kinds and kinds <= _FITTING[form]:
            return form
    return "string"


def _mark_kinds(form: str, kinds: set[str]) -> bytes | None:
    """What `join_parquet` has to know of a column besides its type."""
    if not kinds:
        return _ONLY_NULLS
    return _HOLDS_LONG if form == "int64" and _LONG in kinds else None


def _make_schema(types: Mapping[str, str], marks: Mapping[str, bytes | None]) -> pa.Schema:
    import pyarrow as pa

    makers = {
        "bool": pa.bool_(),
        "double": pa.float64(),
        "int64": pa.int64(),
        "string": pa.string(),
    }
    return pa.schema(
        pa.field(unique, makers[types[name]], metadata=_describe(name, unique, marks[name]))
        for name, unique in zip(types, _tell_apart(types), strict=True)
    )


def _describe(name: str, unique: str, mark: bytes | None) -> dict[bytes, bytes]:
    """What a part's column says of itself, besides its name in the file and its type."""
    described = {} if mark is None else {_MARK: mark}
    if unique != name:
        described[_NAME] = name.encode("utf-8", "surrogatepass")
    return described


def _find_mark(field: pa.Field) -> bytes | None:
    return (field.metadata or {}).get(_MARK)


def _find_name(field: pa.Field) -> str:
    name = (field.metadata or {}).get(_NAME)
    return field.name if name is None else name.decode("utf-8", "surrogatepass")


def _tell_apart(names: Mapping[str, str]) -> list[str]:
    """Names that differ in more than case, which Spark and DuckDB do not look at."""
    taken: set[str] = set()
    apart: list[str] = []
    for name in names:
        base = clean_text(name) or "unnamed"
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
    if value is None or kind in ("bool", "int64"):
        return value
    if kind == "double":
        return float(value)
    return clean_text(value if isinstance(value, str) else to_json(value))


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


def join_parquet(
    parts: Sequence[Path], stream: IO[bytes], target: Path, columns: Sequence[str]
) -> None:
    """Write the rows of finished files into one; see `OutputFormat.join`."""
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
    fields: dict[str, list[pa.Field]] = {name: [] for name in columns}
    for schema in schemas:
        for field in schema:
            fields.setdefault(_find_name(field), []).append(field)
    types: dict[str, str] = {}
    marks: dict[str, bytes | None] = {}
    for name, found in fields.items():
        known = [field for field in found if _find_mark(field) != _ONLY_NULLS]
        types[name] = _unify_types(name, known)
        long = _HOLDS_LONG in map(_find_mark, known)
        marks[name] = _HOLDS_LONG if long else None if known else _ONLY_NULLS
    return _make_schema(types, marks)


def _unify_types(name: str, fields: Sequence[pa.Field]) -> str:
    kinds = {str(field.type) for field in fields}
    if not kinds:
        return RESULT_SCHEMA.get(name, "string")
    if len(kinds) == 1:
        return kinds.pop()
    if kinds == {"int64", "double"} and _HOLDS_LONG not in map(_find_mark, fields):
        return "double"
    return "string"


def _recast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    arrays = []
    # In parts of other columns, one of the same name may be called otherwise.
    held = {_find_name(field): n for n, field in enumerate(batch.schema)}
    for field in schema:
        name = _find_name(field)
        if name not in held:
            arrays.append(pa.nulls(batch.num_rows, field.type))
            continue
        array = batch.column(held[name])
        if array.null_count == len(array):
            array = pa.nulls(len(array), field.type)
        elif field.type == pa.string() and array.type != pa.string():
            array = pa.array([spell_value(value) for value in array.to_pylist()], pa.string())
        arrays.append(array.cast(field.type))
    return pa.record_batch(arrays, schema=schema)
