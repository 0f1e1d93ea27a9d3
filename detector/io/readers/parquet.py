"""Parquet: a document a row, a small batch at a time."""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from detector.io.readers.records import (
    BadInput,
    FieldNames,
    Record,
    UnreadableError,
    check_columns,
    decode,
    make_record,
    name_columns,
)

if TYPE_CHECKING:
    import pyarrow as pa


_BATCH_ROWS = 64

_BUFFER = 1024 * 1024

# A Parquet file is read from its end; what comes as a stream is laid down first.
_LAID_DOWN_LIMIT = 16 * 1024**3


def read_parquet(
    stream: io.BufferedReader, source: str, names: FieldNames
) -> Iterator[Record | BadInput]:
    """A document a row, from 1; a part that cannot be decoded is one `BadInput`.

    Raises:
        UnreadableError: no Parquet, no column of texts, or no pyarrow.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UnreadableError(
            "Parquet files need pyarrow: pip install 'mt-artifact-detector[parquet]'"
        ) from error
    with _make_seekable(stream) as seekable:
        try:
            # Whole column chunks are not held, only pages: row groups may be gigabytes.
            file = pq.ParquetFile(seekable, buffer_size=_BUFFER, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise UnreadableError(f"not a whole Parquet file: {_shorten(error)}") from error
        columns = name_columns(file.schema_arrow.names)
        check_columns(columns, names)
        row = 1
        for group in range(file.num_row_groups):
            behind = row + file.metadata.row_group(group).num_rows
            try:
                for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group], use_threads=False):
                    for fields, note in _list_rows(batch, columns):
                        yield make_record(fields, names, source, row, note)
                        row += 1
            except (pa.ArrowException, OSError) as error:
                reason = f"damaged Parquet: rows {row} to {behind - 1} cannot be read"
                yield BadInput(f"{source}:{row}", source, row, f"{reason}: {_shorten(error)}")
                row = behind


@contextmanager
def _make_seekable(stream: io.BufferedReader) -> Iterator[IO[bytes]]:
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile(prefix="detector-") as laid_down:
        while piece := stream.read(_BUFFER):
            laid_down.write(piece)
            if laid_down.tell() > _LAID_DOWN_LIMIT:
                raise UnreadableError(f"too long: over {_LAID_DOWN_LIMIT:,} bytes of Parquet")
        laid_down.seek(0)
        yield laid_down


def _shorten(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _list_rows(
    batch: pa.RecordBatch, columns: list[str]
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Each row as plain values, and a note on what was left out or had to be guessed."""
    lists = [_list_values(array) for array in batch.columns]
    for values in zip(*lists, strict=True):
        fields: dict[str, Any] = {}
        notes: list[str] = []
        for name, value in zip(columns, values, strict=True):
            try:
                fields[name] = _make_plain(value, notes)
            except UnreadableError:
                notes.append(f"column {name!r} holds bytes that are no text: left out")
        yield fields, "; ".join(dict.fromkeys(notes)) or None


def _list_values(array: pa.Array) -> list[Any]:
    import pyarrow as pa

    try:
        return array.to_pylist()
    except UnicodeDecodeError:
        wide = pa.types.is_large_string(array.type)
        return array.view(pa.large_binary() if wide else pa.binary()).to_pylist()


def _make_plain(value: Any, notes: list[str]) -> Any:
    """What JSON can hold: dates as ISO 8601, numbers that are none as None."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case bytes():
            text, note = decode(value)
            notes += [note] if note else []
            return text
        case Decimal():
            return _make_number(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case dict():
            return {str(key): _make_plain(item, notes) for key, item in value.items()}
        case list() | tuple():
            return [_make_plain(item, notes) for item in value]
    return str(value)


def _make_number(value: Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    return int(value) if value == value.to_integral_value() else float(value)
