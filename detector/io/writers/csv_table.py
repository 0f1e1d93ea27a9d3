"""Write CSV and TSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from detector.io.plain_values import make_plain
from detector.io.writers.cells import ON_SURROGATES, to_json
from detector.io.writers.compression import open_compressed, open_part

# No cell of ours is longer; the csv module's own limit is 128 KiB.
_LONGEST_CELL = 1 << 30


class CsvWriter:
    """Writes a header and a line a row, with a comma or a tab between cells.

    Args:
        delimiter: what stands between cells.
        stream: where to write.
        path: the file; its name tells the compression.
        columns: all the columns.
    """

    def __init__(
        self, delimiter: str, stream: IO[bytes], path: Path, columns: Sequence[str]
    ) -> None:
        self._known = frozenset(columns)
        self._stream = open_compressed(stream, path)
        self._rows = CsvLines(self._write_line, columns, delimiter)

    def write(self, row: Mapping[str, Any]) -> None:
        """Take the next row; a value that is a list or an object is written as JSON."""
        if unknown := [name for name in row if name not in self._known]:
            raise ValueError(f"no column {', '.join(map(repr, unknown))}: CSV has them announced")
        self._rows.write(row)

    def _write_line(self, line: str) -> None:
        self._stream.write(line.encode("utf-8", ON_SURROGATES))

    def finish(self) -> None:
        """Write what is still held: no row follows."""
        self._stream.close()

    def close(self) -> None:
        """Free the stream, be the rows written or not."""
        # On a full disk the end of a compressed stream has no place either.
        with suppress(OSError):
            self._stream.close()


class CsvLines:
    """Makes a header and a line a row, which end as those of text files do.

    Args:
        take: called with each line.
        columns: all the columns; what a row has besides is left out.
        delimiter: what stands between cells.
    """

    def __init__(
        self, take: Callable[[str], object], columns: Sequence[str], delimiter: str = ","
    ) -> None:
        self._columns = list(columns)
        # With this end of line the module quotes cells that hold either half of it.
        self._rows = csv.writer(_LineEnds(take), delimiter=delimiter, lineterminator="\r\n")
        self._rows.writerow(self._columns)

    def write(self, row: Mapping[str, Any]) -> None:
        """Take the next row; a value that is a list or an object is written as JSON."""
        self._rows.writerow([_to_cell(row.get(name)) for name in self._columns])


class _LineEnds:
    """Takes the csv module's lines, and passes them on with another end."""

    def __init__(self, take: Callable[[str], object]) -> None:
        self._take = take

    def write(self, line: str) -> None:
        # Readers take a file with a zero byte for binary; JSON has this escape for it.
        self._take(line[:-2].replace("\0", "\\u0000") + "\n")


def _to_cell(value: Any) -> Any:
    plain = make_plain(value)
    return to_json(plain) if isinstance(plain, dict | list) else plain


def join_csv(
    delimiter: str, parts: Sequence[Path], stream: IO[bytes], target: Path, columns: Sequence[str]
) -> None:
    """Write the rows of finished files into one; see `OutputFormat.join`."""
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    writer = CsvWriter(delimiter, stream, target, columns)
    for part in parts:
        with open_part(part) as content:
            text = io.TextIOWrapper(content, encoding="utf-8", newline="")
            for row in csv.DictReader(text, delimiter=delimiter):
                writer.write(row)
    writer.finish()
