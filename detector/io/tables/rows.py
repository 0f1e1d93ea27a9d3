"""A row of a table, whatever the table's format, and which columns a caller wants of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from detector.io.faults import Fault, UnreadableError


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes:
        number: its place in the file, from 1: the line where it starts in JSON lines and CSV, the
            how-manieth it is in the others.
        fields: its values by column, plain ones that JSON can hold; in CSV and TSV all are text.
            A row with too few cells has those that there are, any other with an error has none.
        note: what was assumed to read it, such as an encoding.
        guessed: the encoding was one of the assumptions.
        error: why it cannot be read; None where it was.
    """

    number: int
    fields: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
    guessed: bool = False
    error: UnreadableError | None = None


def _accept(columns: Sequence[str]) -> None:
    """Any header will do."""


def _take_all(name: str, kind: type | None) -> bool:
    return True


@dataclass(frozen=True)
class Columns:
    """Which columns a caller wants of a table.

    Attributes:
        known: names that the caller looks for; a header is split by the delimiter that makes it
            name one of them.
        check: called with the columns of a header, where the format has one; may raise.
        wants: whether a column is to be read, told by its name and, where the format declares it
            (Parquet), its Python type; the others are left out of the rows, and on the disk.
    """

    known: Collection[str] = ()
    check: Callable[[Sequence[str]], None] = _accept
    wants: Callable[[str, type | None], bool] = _take_all


def name_columns(header: Iterable[str]) -> list[str]:
    """Column names without blanks around them, each of its own.

    >>> name_columns(["", " x", "x"])
    ['column_1', 'x', 'x_2']
    """
    named: list[str] = []
    taken: set[str] = set()
    for number, cell in enumerate(header, start=1):
        base = cell.strip() or f"column_{number}"
        name, copy = base, 1
        while name in taken:
            copy += 1
            name = f"{base}_{copy}"
        taken.add(name)
        named.append(name)
    return named


def leave_blank_end(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows without the blank lines behind the last of them."""
    blank: list[Row] = []
    for row in rows:
        if row.error is not None and row.error.fault is Fault.BLANK:
            blank.append(row)
            continue
        yield from blank
        blank.clear()
        yield row
