"""Options that verbs share, and what these name: a model to load, a file to write."""

from __future__ import annotations

import io
import itertools
import math
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from detector.errors import DetectorError
from detector.io.atomic_files import replace_whole_text
from detector.io.faults import Fault
from detector.io.readers import STANDARD_INPUT, BadInput, Record
from detector.io.readers.sources import explain_address

if TYPE_CHECKING:
    from detector.detector import Detector

    _StringChoice = click.Choice[str]
else:
    _StringChoice = click.Choice  # before 8.2 it takes no type

SOME_FAILED = 1
"""What a verb exits with where some of its inputs could not be used."""

INTERRUPTED = 130
"""What a verb exits with after Ctrl-C: 128 and the signal's number, as shells have it."""

_WRONG_CALL = 2

#: So many rows in succession without the field that was named lack it for good.
ENOUGH_WITHOUT_COLUMN = 1_000

# Half a surrogate pair, from a row's field or a file's name, has no UTF-8; written as \udc80 it
# does no harm, and in JSON it is even the right escape.
_ON_SURROGATES = "backslashreplace"


class CannotRunError(click.ClickException):
    """A fault of the call, not of one input: a model that cannot be used, say."""

    exit_code = _WRONG_CALL


class RateChoice(_StringChoice):
    """A choice among rates, however one is written: 0.01, .01 or 1%."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The choice that is as large as what was written."""
        plain = str(value).strip()
        try:
            percent = plain.endswith("%")
            rate = float(plain.removesuffix("%")) / (100 if percent else 1)
        except ValueError:
            return super().convert(value, param, ctx)
        same = [known for known in self.choices if math.isclose(float(known), rate)]
        return super().convert(same[0] if same else value, param, ctx)


model_option = click.option(
    "--model",
    metavar="FOLDER|NAME",
    help="Model folder, or accurate, if it is installed.  [default: $DETECTOR_MODEL, or the one "
    "shipped]",
)

comparison_rate_option = click.option(
    "--fpr",
    type=RateChoice(["0.05", "0.01", "0.005"]),
    default="0.005",
    show_default=True,
    help="Share of other pairs (people's edits, other articles) that may be flagged by mistake.",
)

color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour what is printed as text; auto: where it goes to a terminal.",
)

overwrite_option = click.option("--overwrite", is_flag=True, help="Replace files that exist.")

figures_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print the figures.",
)


def load_detector(model: str | None) -> Detector:
    """The model that a call names, or the shipped one.

    Raises:
        CannotRunError: it cannot be loaded.
    """
    from detector.detector import Detector

    try:
        return Detector.load(model)
    except DetectorError as error:
        raise CannotRunError(str(error)) from error


def refuse_addresses(sources: Iterable[str]) -> None:
    """Refuse addresses of the web where files are meant.

    Raises:
        click.UsageError: one of them is an address; the message says how to get at its text.
    """
    for source in sources:
        if address := explain_address(source):
            raise click.UsageError(f"{source} is {address}")


def covers(source: str, path: Path) -> bool:
    """Whether writing to `path` would change what `source`, file, folder or pattern, holds."""
    if source == STANDARD_INPUT:
        return False
    target, read = path.resolve(), Path(source)
    if read.is_dir():
        return target.is_relative_to(read.resolve())
    if read.exists():
        return read.resolve() == target
    # A run's parts lie in a folder named after its output.
    pattern, place = os.path.abspath(source), os.path.normpath(path.absolute())  # noqa: PTH100
    return fnmatch(place, pattern) or fnmatch(f"{place}.parts", pattern)


def refuse_overwriting(sources: Iterable[str], written: Mapping[str, str | None]) -> None:
    """Refuse a call that would write over what it reads, or two things to one file.

    Args:
        sources: files, folders or patterns that are read.
        written: by the option that names it, a file to write; None where the option was left out.

    Raises:
        click.UsageError: one of the files is among what is read, or two are the same.
    """
    names: dict[Path, str] = {}
    for name, path in written.items():
        if path is None:
            continue
        for source in sources:
            if covers(source, Path(path)):
                raise click.UsageError(f"{name} {path}: lies among what is read: {source}")
        first = names.setdefault(Path(path).resolve(), name)
        if first != name:
            raise click.UsageError(f"{first}, {name} {path}: give each a file of its own")


def refuse_missing_columns(
    items: Iterator[Record | BadInput],
) -> Iterator[Record | BadInput]:
    """The inputs, unless none of the first lies in a column of the name that was given.

    Args:
        items: what the files hold.

    Raises:
        click.UsageError: the columns that were named are in none of the files.
    """
    held: list[Record | BadInput] = []
    for item in items:
        held.append(item)
        if not isinstance(item, BadInput) or item.fault is not Fault.MISSING_COLUMN:
            return itertools.chain(held, items)
        if len(held) == ENOUGH_WITHOUT_COLUMN:
            break
    if held and isinstance(held[0], BadInput):
        raise click.UsageError(f"{held[0].place}: {held[0].reason}")
    return iter(held)


def refuse_unknown_column(option: str, name: str, known: Collection[str]) -> NoReturn:
    """Refuse a column that there is not: the message names those that there are.

    Args:
        option: that named the column.
        name: the column.
        known: the columns that there are.

    Raises:
        click.UsageError: always.
    """
    near = get_close_matches(name, known, 1)
    raise click.UsageError(
        f"{option} {name}: no such column"
        + (f"; did you mean {near[0]}?" if near else ".")
        + f" There are {', '.join(known) or 'none'}"
    )


def name_quarantine(named: str | None, output: str | None) -> str | None:
    """Where inputs go that could not be read or scored; None where they are only told of.

    Args:
        named: the file that ``--quarantine`` names, if any.
        output: the file that ``--output`` names, if any.
    """
    return named or (None if output is None else f"{output}.quarantine.jsonl")


def refuse_existing(written: Mapping[str, str | None], *, overwrite: bool) -> None:
    """Refuse a call that would replace a file unasked.

    Args:
        written: see `refuse_overwriting`.
        overwrite: it was asked for.

    Raises:
        click.UsageError: one of the files exists.
    """
    for name, path in written.items():
        if path is not None and Path(path).exists() and not overwrite:
            raise click.UsageError(
                f"{name} {path}: exists: name another file, or replace it with --overwrite"
            )


def refuse_no_files(written: Mapping[str, str | None]) -> None:
    """Refuse a call that would write where no file can be put in place, such as over a folder.

    Args:
        written: see `refuse_overwriting`.

    Raises:
        click.UsageError: one of the paths is neither a file nor the name of one in an existing
            folder.
    """
    for name, path in written.items():
        if path is not None and not _can_be_file(Path(path)):
            raise click.UsageError(f"{name} {path}: not a file in an existing folder")


def _can_be_file(path: Path) -> bool:
    return (path.is_file() or not path.exists()) and path.absolute().parent.is_dir()


def check_output(output: str | None, *, form: str | None, resume: bool) -> None:
    """Refuse options of rows that do not go together.

    Args:
        output: the file that ``--output`` names, if any.
        form: what ``--format`` names, if anything.
        resume: ``--resume`` was given.

    Raises:
        click.UsageError: there is no output to resume, or one that ``--format`` cannot speak of,
            that cannot be a file, or whose extension tells no format.
    """
    if output is None:
        if resume:
            raise click.UsageError("--resume speaks of an --output: name one")
        return
    if form is not None:
        raise click.UsageError(
            "--format says how to print; the format of --output is told by its extension"
        )
    refuse_no_files({"--output": output})
    from detector.io.writers.formats import FormatError, find_output_format

    try:
        find_output_format(Path(output))
    except FormatError as error:
        raise click.UsageError(f"--output {error}") from error


#: Besides those of rows, endings of files that no text for people is in.
_ENDINGS_OF_FORMS = frozenset({".gz", ".zst", ".html", ".htm", ".xlsx"})


def choose_form(form: str | None, output: str | None, endings: Mapping[str, str]) -> str:
    """How to write: as ``--format`` tells, else as the name of ``--output`` ends, else as text.

    Args:
        form: what ``--format`` names, if anything.
        output: the file that ``--output`` names, if any.
        endings: the form by the ending of the file's name, such as ".json".

    Raises:
        click.UsageError: the name ends as a file's that holds neither.
    """
    from detector.io.writers.formats import OUTPUT_FORMATS

    if form is not None or output is None:
        return form or "text"
    ending = Path(output).suffix.lower()
    if ending in endings:
        return endings[ending]
    if ending in _ENDINGS_OF_FORMS or any(ending in known.endings for known in OUTPUT_FORMATS):
        raise click.UsageError(
            f"--output {output}: nothing is written as {ending} here: end the name in "
            f"{', '.join(('.txt', *endings))}"
        )
    return "text"


@contextmanager
def open_output(output: str | None, option: str = "--output") -> Iterator[TextIO]:
    """Standard output, or a file that is put in place only when all of it is written.

    Args:
        output: the file; None is standard output.
        option: that names it, for the message.

    Raises:
        click.UsageError: it is neither a file nor the name of one in an existing folder.
    """
    if output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors=_ON_SURROGATES)
        yield sys.stdout
        # A full disk shows here, before anything is said of what was written.
        sys.stdout.flush()
        return
    refuse_no_files({option: output})
    with replace_whole_text(Path(output), errors=_ON_SURROGATES) as text:
        yield text
