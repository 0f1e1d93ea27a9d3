"""Parquet: rows of plain values, a small batch at a time."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from detector.io.encodings import decode
from detector.io.faults import Fault, UnreadableError, explain_missing
from detector.io.plain_values import make_plain
from detector.io.tables.rows import Columns, Row, name_columns

if TYPE_CHECKING:
    import pyarrow as pa


_BATCH_ROWS = 64

_BUFFER = 1024 * 1024

# A Parquet file is read from its end; what comes as a stream is laid down first.
_LAID_DOWN_LIMIT = 16 * 1024**3


# Dates beyond the year 9999, unknown time zones, text that is not UTF-8, fields of one name.
_NO_VALUE_OF_PYTHON = (KeyError, OverflowError, ValueError)


def read_parquet(stream: io.BufferedReader, columns: Columns) -> Iterator[Row]:
    """The rows, from 1; a row group that cannot be decoded is one `Row` with an error.

    Args:
        stream: what to read.
        columns: which columns are wanted; the others stay on the disk.

    Raises:
        UnreadableError: no Parquet, or no pyarrow.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise explain_missing("Parquet files", "pyarrow", "parquet") from error
    with _make_seekable(stream) as seekable:
        try:
            # Whole column chunks are not held, only pages: row groups may be gigabytes.
            file = pq.ParquetFile(seekable, buffer_size=_BUFFER, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            reason = f"not a whole Parquet file: {_shorten(error)}"
            raise UnreadableError(reason, Fault.DAMAGED) from error
        header = name_columns(file.schema_arrow.names)
        columns.check(header)
        chosen = _choose_columns(file.schema_arrow, header, columns)
        number = 1
        for group in range(file.num_row_groups):
            behind = number + file.metadata.row_group(group).num_rows
            try:
                for row in _read_group(file, group, chosen, number):
                    yield row
                    number += 1
            except (pa.ArrowException, OSError) as error:
                reason = f"damaged Parquet: rows {number} to {behind - 1} cannot be read"
                fault = UnreadableError(f"{reason}: {_shorten(error)}", Fault.DAMAGED)
                yield Row(number, error=fault)
                number = behind


@contextmanager
def _make_seekable(stream: io.BufferedReader) -> Iterator[IO[bytes]]:
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile(prefix="detector-") as laid_down:
        while piece := stream.read(_BUFFER):
            laid_down.write(piece)
            if laid_down.tell() > _LAID_DOWN_LIMIT:
                reason = f"too long: over {_LAID_DOWN_LIMIT:,} bytes of Parquet"
                raise UnreadableError(reason, Fault.TOO_LONG)
        laid_down.seek(0)
        yield laid_down


def _shorten(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _choose_columns(
    schema: pa.Schema, header: Sequence[str], columns: Columns
) -> list[tuple[str, str]]:
    """The wanted columns, each by its name in the file and in the rows."""
    return [
        (field.name, name)
        for field, name in zip(schema, header, strict=True)
        if columns.wants(name, _find_python_type(field.type))
    ]


def _find_python_type(kind: pa.DataType) -> type:
    """What a column's values are in Python: `object` for dates, lists and the like."""
    from pyarrow import types

    for python, tests in (
        (bool, (types.is_boolean,)),
        (int, (types.is_integer,)),
        (float, (types.is_floating,)),
        (str, (types.is_string, types.is_large_string)),
        (type(None), (types.is_null,)),
    ):
        if any(test(kind) for test in tests):
            return python
    return object


def _read_group(file: Any, group: int, chosen: list[tuple[str, str]], first: int) -> Iterator[Row]:
    """The rows of a row group; `first` is the number of its first row."""
    # All columns are asked for without their names, of which two may be the same.
    asked = [name for name, _ in chosen] if len(chosen) < len(file.schema_arrow) else None
    names = [name for _, name in chosen]
    number = first
    for batch in file.iter_batches(
        _BATCH_ROWS, row_groups=[group], columns=asked, use_threads=False
    ):
        arrays = batch.columns if asked is None else [batch.column(name) for name in asked]
        lists = [_list_values(array) for array in arrays]
        for values in zip(*lists, strict=True) if lists else [()] * batch.num_rows:
            yield _make_row(number, names, values)
            number += 1


def _list_values(array: pa.Array) -> list[Any]:
    try:
        return array.to_pylist()
    except _NO_VALUE_OF_PYTHON:
        return [_read_value(scalar) for scalar in array]


def _read_value(scalar: pa.Scalar) -> Any:
    """A value of Python's: bytes for what is not UTF-8, its number as text for an odd date."""
    import pyarrow as pa

    try:
        return scalar.as_py()
    except _NO_VALUE_OF_PYTHON:
        pass
    match scalar:
        case pa.ListScalar():
            return _list_values(scalar.values)
        case pa.StructScalar():
            names = name_columns(field.name for field in scalar.type)
            return {name: _read_value(scalar[n]) for n, name in enumerate(names)}
        case pa.DictionaryScalar():
            return _read_value(scalar.value)
        case pa.StringScalar():
            return scalar.as_buffer().to_pybytes()
    return str(scalar.value)


def _make_row(number: int, names: Sequence[str], values: Sequence[Any]) -> Row:
    fields: dict[str, Any] = {}
    guesses: list[str] = []
    left_out: list[str] = []
    for name, value in zip(names, values, strict=True):
        try:
            fields[name] = make_plain(value, partial(_decode, guesses=guesses))
        except UnreadableError:
            left_out.append(f"column {name!r} holds bytes that are no text: left out")
    note = "; ".join(dict.fromkeys(guesses + left_out)) or None
    return Row(number, fields, note, guessed=bool(guesses))


def _decode(content: bytes, guesses: list[str]) -> str:
    text, note = decode(content)
    guesses += [note] if note else []
    return text
