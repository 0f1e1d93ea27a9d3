"""``detector index``: build and search an index of originals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detector.cli.logs import log_format_option, tell, tell_notes, tell_of_input
from detector.cli.options import (
    SOME_FAILED,
    CannotRunError,
    choose_form,
    figures_format_option,
    open_output,
    overwrite_option,
    refuse_addresses,
    refuse_existing,
    refuse_missing_columns,
    refuse_overwriting,
)
from detector.errors import DetectorError
from detector.io.readers import INPUT_FORMATS, BadInput, FieldNames, Record, read_records

if TYPE_CHECKING:
    from detector.references.index import ReferenceIndex
    from detector.references.search import Candidate


@click.group()
def index() -> None:
    """Which of a million originals is this text a copy of?"""


def _reader_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of ``detector score`` that say what the files hold."""
    command = click.option(
        "--input-format",
        type=click.Choice(INPUT_FORMATS),
        help="What the files hold.  [default: by extension]",
    )(command)
    for name in ("id", "text"):
        command = click.option(
            f"--{name}-column",
            f"--{name}-field",
            default=name,
            show_default=True,
            help=f"Column or JSON field with the {name}.",
        )(command)
    return command


def _read(
    files: tuple[str, ...], text_column: str, id_column: str, input_format: str | None
) -> Iterator[Record | BadInput]:
    """What the files hold; what the reader had to assume of an input is told.

    Raises:
        click.UsageError: none of them has the columns that were named.
    """
    refuse_addresses(files)
    names = FieldNames(text_column, id_column)
    items = iter(read_records(files, names, input_format=input_format))
    return tell_notes(refuse_missing_columns(items))


_files_argument = click.argument("files", nargs=-1, required=True, metavar="FILE...")
_folder_argument = click.argument("folder", metavar="FOLDER")


@contextmanager
def _faults_of_the_call() -> Iterator[None]:
    """Let an index that cannot be used end the call with its message."""
    try:
        yield
    except DetectorError as error:
        raise CannotRunError(str(error)) from error


@index.command()
@_folder_argument
@_files_argument
@_reader_options
@log_format_option
@click.pass_context
def build(context: click.Context, /, folder: str, files: tuple[str, ...], **reading: Any) -> None:
    """Build an index of the documents of FILE... in a new FOLDER.

    Exits with 0 when all was added, 1 when some inputs could not be, 2 when the call is wrong.
    """
    from detector.references.database import DATABASE
    from detector.references.index import ReferenceIndex

    # A wrong column is told before a folder is made.
    items = _read(files, **reading)
    with _faults_of_the_call():
        if Path(folder).is_file():
            raise CannotRunError(
                f"{folder}: a file where the folder of a new index is meant: name that first, and "
                "then what it is to hold"
            )
        if (Path(folder) / DATABASE).exists():
            # One that a mistyped file left empty may be built all the same.
            references = ReferenceIndex.open(folder)
            if len(references):
                raise CannotRunError(
                    f"{folder}: holds an index already: add to it with 'detector index add', or "
                    "name another folder"
                )
        else:
            references = ReferenceIndex.create(folder)
    _add_items(context, references, items)


@index.command()
@_folder_argument
@_files_argument
@_reader_options
@log_format_option
@click.pass_context
def add(context: click.Context, /, folder: str, files: tuple[str, ...], **reading: Any) -> None:
    """Add the documents of FILE... to the index in FOLDER.

    An id that the index holds already is left as it is if the text is the same, and replaced if
    it is another. Either all documents are added or, where the call fails, none.

    Exits with 0 when all was added, 1 when some inputs could not be, 2 when the call is wrong.
    """
    references = _open_index(folder)
    _add_items(context, references, _read(files, **reading))


def _open_index(folder: str) -> ReferenceIndex:
    from detector.references.index import ReferenceIndex

    with _faults_of_the_call():
        return ReferenceIndex.open(folder)


def _add_items(
    context: click.Context, references: ReferenceIndex, items: Iterator[Record | BadInput]
) -> None:
    with _faults_of_the_call():
        counts = references.add(items, _report)
    kinds = ("added", "replaced", "unchanged")
    told = [f"{getattr(counts, kind):,} {kind}" for kind in kinds if getattr(counts, kind)]
    click.echo(
        f"{', '.join(told) or 'nothing added'}; {references.folder} holds {len(references):,}"
    )
    if counts.refused:
        seen = counts.added + counts.replaced + counts.unchanged + counts.refused
        tell(f"{counts.refused} of {seen} inputs could not be added", failed=counts.refused)
        context.exit(SOME_FAILED)


def _report(bad: BadInput) -> None:
    tell_of_input("error", bad, bad.reason)


@index.command(short_help="Find the originals of the documents of FILE...")
@_folder_argument
@_files_argument
@click.option(
    "-k", "most", type=click.IntRange(1, 1000), default=5, show_default=True,
    help="How many candidates at most.",
)  # fmt: skip
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    help="How to print: for people, or a JSON line an input.  [default: text, or as the name of "
    "--output ends]",
)
@click.option("--output", metavar="FILE", help="Write here, all or nothing, instead of printing.")
@overwrite_option
@_reader_options
@log_format_option
@click.pass_context
def find(
    context: click.Context,
    /,
    folder: str,
    files: tuple[str, ...],
    most: int,
    form: str | None,
    output: str | None,
    overwrite: bool,
    **reading: Any,
) -> None:
    """Find the originals of the documents of FILE... in the index in FOLDER.

    Exits with 0 when all was looked for, 1 when some inputs could not be, 2 when the call is wrong.
    """
    refuse_overwriting(files, {"--output": output})
    refuse_existing({"--output": output}, overwrite=overwrite)
    form = choose_form(form, output, {".jsonl": "json", ".ndjson": "json", ".json": "json"})
    references = _open_index(folder)
    items = _read(files, **reading)
    seen = failed = 0
    format_answer = _format_json if form == "json" else _format_text
    with _faults_of_the_call(), open_output(output) as stream:
        for item in items:
            seen += 1
            if isinstance(item, BadInput):
                failed += 1
                _report(item)
                candidates = []
            else:
                candidates = references.find(item.text, most)
            stream.write(format_answer(item, candidates))
    if failed:
        tell(f"{failed} of {seen} inputs could not be looked for", failed=failed)
        context.exit(SOME_FAILED)


def _format_text(item: Record | BadInput, candidates: list[Candidate]) -> str:
    from detector.presentation.terminal import name_on_a_line

    name = name_on_a_line(str(item.id))
    if isinstance(item, BadInput):
        return f"{name}: not looked for · {name_on_a_line(item.reason)}\n"
    if not candidates:
        return f"{name}: no original found\n"
    lines = [f"{name}:"]
    for found in candidates:
        place = f"  ({name_on_a_line(found.place)})" if found.place else ""
        lines.append(f"  {found.score:.3f}  {name_on_a_line(str(found.id))}{place}")
    return "\n".join(lines) + "\n"


def _format_json(item: Record | BadInput, candidates: list[Candidate]) -> str:
    row: dict[str, Any] = {
        "id": item.id,
        "candidates": [
            {"id": c.id, "score": round(c.score, 4), "place": c.place} for c in candidates
        ],
    }
    if isinstance(item, BadInput):
        row["error"] = f"{item.place}: {item.reason}"
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


@index.command(short_help="Print how many documents an index holds, and its size.")
@_folder_argument
@figures_format_option
def info(folder: str, form: str) -> None:
    """Print how many documents the index in FOLDER holds, and its size on disk."""
    with _faults_of_the_call():
        figures = _open_index(folder).info().to_dict()
    if form == "json":
        click.echo(json.dumps(figures, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(f"{name.replace('_', ' ')}: {n}" for name, n in figures.items()))
