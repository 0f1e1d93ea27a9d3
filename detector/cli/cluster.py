"""``detector cluster``: which texts of a crawl are copies of one another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detector.cli.options import (
    SOME_FAILED,
    CannotRunError,
    comparison_rate_option,
    load_detector,
    model_option,
    open_output,
    refuse_overwriting,
)
from detector.errors import DetectorError
from detector.io.readers import INPUT_FORMATS, BadInput, FieldNames, Record, read_records

if TYPE_CHECKING:
    from detector.clusters.grouping import Group

_COLUMNS = (
    "id", "group", "size", "role", "relation", "machine", "flagged", "coverage", "original_id",
)  # fmt: skip


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--output",
    metavar="FILE",
    help="Write here, all or nothing, instead of printing JSON lines; the extension tells the "
    "format.",
)
@comparison_rate_option
@model_option
@click.option("--text-column", default="text", show_default=True, help="Column with the text.")
@click.option("--id-column", default="id", show_default=True, help="Column with the id.")
@click.option(
    "--input-format",
    type=click.Choice(INPUT_FORMATS),
    help="What the files hold.  [default: by extension]",
)
@click.pass_context
def cluster(
    context: click.Context,
    files: tuple[str, ...],
    output: str | None,
    fpr: str,
    model: str | None,
    text_column: str,
    id_column: str,
    input_format: str | None,
) -> None:
    """Group the texts of FILE... that stem from one another, and name the original of each group.

    A row for each text: its group and the group's size; its role (original, copy or alone); and of
    a copy its relation to the original, the probability that a machine made it of that, and whether
    this is flagged. The other columns of a row pass through.

    Exits with 0 when all could be read, 1 when some inputs could not be, 2 when the call is wrong.
    """
    from detector.clusters.grouping import count_relations, group

    refuse_overwriting(files, {"--output": output})
    faults: list[BadInput] = []
    records: list[Record] = []
    names = FieldNames(text_column, id_column)

    def read() -> Iterator[tuple[int, str]]:
        for item in read_records(files, names, input_format=input_format):
            if isinstance(item, BadInput):
                faults.append(item)
                continue
            # The text is in the index by now; the rest is small.
            records.append(Record(item.id, "", item.source, item.row, item.fields))
            yield len(records) - 1, item.text

    detector = load_detector(model)
    try:
        groups = group(read(), detector, false_positive_rate=float(fpr))
        _write(output, list(_make_rows(groups, records)))
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    for fault in faults:
        click.echo(f"error: {fault.place}: {fault.reason}", err=True)
    several = [one for one in groups if len(one) > 1]
    counts = ", ".join(f"{name} {count:,}" for name, count in count_relations(groups).items())
    click.echo(
        f"{len(records):,} texts; groups of two and more: {len(several):,}"
        + (f"; copies: {counts}" if counts else ""),
        err=True,
    )
    if faults:
        context.exit(SOME_FAILED)


def _make_rows(groups: Sequence[Group], records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """A row for each text, in the order of the input."""
    rows: dict[int, dict[str, Any]] = {}
    for number, one in enumerate(groups, start=1):
        for member in one.members:
            place = int(str(member.id))
            original = None if member is one.original else records[int(str(one.original.id))].id
            said = (
                records[place].id, number, len(one), member.role, member.relation, member.machine,
                member.flagged, member.coverage, original,
            )  # fmt: skip
            rows[place] = dict(zip(_COLUMNS, said, strict=True))
    for place, record in enumerate(records):
        yield rows[place] | {
            (f"input_{name}" if name in _COLUMNS else name): value
            for name, value in record.fields.items()
        }


def _write(output: str | None, rows: Sequence[dict[str, Any]]) -> None:
    if output is None:
        with open_output(None) as stream:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return
    from detector.io.writers import open_writer

    columns = list(dict.fromkeys([*_COLUMNS, *(name for row in rows for name in row)]))
    with open_writer(Path(output), columns) as writer:
        for row in rows:
            writer.write(row)
