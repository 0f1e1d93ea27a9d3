"""``detector cluster``: which texts of a crawl are copies of one another."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detector.cli.logs import (
    log_format_option,
    tell,
    tell_notes,
    tell_of_input,
    tell_unread_dates,
)
from detector.cli.options import (
    INTERRUPTED,
    SOME_FAILED,
    CannotRunError,
    check_output,
    comparison_rate_option,
    load_detector,
    model_option,
    name_quarantine,
    open_output,
    refuse_addresses,
    refuse_existing,
    refuse_missing_columns,
    refuse_no_files,
    refuse_overwriting,
    refuse_unknown_column,
)
from detector.errors import DetectorError, MissingPackageError
from detector.io.readers import INPUT_FORMATS, FieldNames, holds_rows, read_records
from detector.version import __version__

if TYPE_CHECKING:
    from detector.clusters.store import CrawlStore
    from detector.detector import Detector

_USUAL_DATE_COLUMN = "date"


@dataclass(frozen=True)
class _Options:
    """The options of a call by their names; see ``detector cluster --help``."""

    files: tuple[str, ...]
    output: str | None
    form: str | None
    report: str | None
    fpr: str
    model: str | None
    text_column: str
    id_column: str
    date_column: str
    input_format: str | None
    workers: int | None
    resume: bool
    overwrite: bool
    quarantine: str | None
    quiet: bool

    @property
    def quarantine_path(self) -> str | None:
        """Where inputs go that could not be read; None where they are only named."""
        return name_quarantine(self.quarantine, self.output)

    @property
    def written(self) -> dict[str, str | None]:
        """What is written, by the option that names it."""
        return {
            "--output": self.output,
            "--report": self.report,
            "--quarantine": self.quarantine_path,
        }

    @property
    def parts(self) -> Path | None:
        """Where the work of a run to the output lies; None where there is no output."""
        from detector.batch.journal import name_folder

        return None if self.output is None else name_folder(Path(self.output))

    def check(self) -> None:
        """Refuse what does not go together, before any model is loaded.

        Raises:
            click.UsageError: two options contradict each other, or a file cannot be written.
            CannotRunError: a run lies there that was broken off, and nothing is said of it.
        """
        refuse_addresses(self.files)
        check_output(self.output, form=self.form, resume=self.resume)
        refuse_no_files(self.written)
        refuse_overwriting(self.files, self.written)
        begun = self.parts is not None and self.parts.is_dir()
        if begun and not (self.resume or self.overwrite):
            raise CannotRunError(
                f"{self.parts}: holds a run that was broken off: go on with --resume, or start "
                "anew with --overwrite"
            )
        # Of a run that goes on, what lies there may be its own: see `_open_store`.
        refuse_existing(self.written, overwrite=self.overwrite or begun)

    def identify(self, detector: Detector) -> dict[str, Any]:
        """What the result depends on besides the inputs."""
        return {
            "version": __version__,
            "model": detector.model,
            "--fpr": self.fpr,
            "files": list(self.files),
            "--text-column": self.text_column,
            "--id-column": self.id_column,
            "--date-column": self.date_column,
            "--input-format": self.input_format,
        }


@click.command(short_help="Group the texts that stem from one another; name the originals.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--output",
    metavar="FILE",
    help="Write here, all or nothing, instead of printing; the extension tells the format.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    help="How to print.  [default: json if the first FILE holds rows, else text]",
)
@click.option("--report", metavar="FILE", help="Also write an HTML page to read the groups on.")
@comparison_rate_option
@model_option
@click.option("--text-column", default="text", show_default=True, help="Column with the text.")
@click.option("--id-column", default="id", show_default=True, help="Column with the id.")
@click.option(
    "--date-column",
    default=_USUAL_DATE_COLUMN,
    show_default=True,
    help="Column with the date of publication, if rows bring one: it helps to name the original.",
)
@click.option(
    "--input-format",
    type=click.Choice(INPUT_FORMATS),
    help="What the files hold.  [default: by extension]",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that compare.  [default: as many as cores]",
)
@click.option("--resume", is_flag=True, help="Go on with a run to --output that was broken off.")
@click.option(
    "--overwrite", is_flag=True, help="Replace files that exist: --output and the others."
)
@click.option(
    "--quarantine",
    metavar="FILE",
    help="JSON lines of the inputs that could not be read.  [default: OUTPUT.quarantine.jsonl]",
)
@log_format_option
@click.option("--quiet", is_flag=True, help="Show neither progress nor summary.")
@click.pass_context
def cluster(context: click.Context, /, **values: Any) -> None:
    """Group the texts of FILE... that stem from one another, and name the original of each group.

    A row for each text: its group and the group's size; its role (original, copy or alone); and of
    a copy its relation to the original, the probability that a machine made it of that, whether
    this is flagged, and what was put in place of what. The other columns of a row pass through.

    A run with --output that is broken off, even by a kill, goes on with --resume.

    Exits with 0 when all could be read, 1 when some inputs could not be, 2 when the call is wrong
    or the output cannot be written, 130 when interrupted.
    """
    options = _Options(**values)
    options.check()
    detector = load_detector(options.model)
    try:
        with _open_store(options, options.identify(detector)) as store:
            _find_groups(store, detector, options)
            failed = _write_results(store, detector, options)
    except KeyboardInterrupt:
        if options.output is not None:
            tell("\ninterrupted: go on with the same call and --resume")
        context.exit(INTERRUPTED)
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    if failed:
        context.exit(SOME_FAILED)


@contextmanager
def _open_store(options: _Options, identity: Mapping[str, Any]) -> Iterator[CrawlStore]:
    """Where texts are kept while the run lasts: beside the output, so that it can be resumed."""
    from detector.clusters.store import CrawlStore

    place = options.parts
    if place is None:
        with (
            tempfile.TemporaryDirectory(prefix="detector-") as folder,
            CrawlStore(Path(folder) / "crawl.sqlite", identity) as store,
        ):
            yield store
        return
    begun = place.is_dir()
    if begun and not options.resume:
        shutil.rmtree(place)
    place.mkdir(exist_ok=True)
    try:
        with CrawlStore(place / "crawl.sqlite", identity) as store:
            # Once rows are written, what lies there may be this run's own.
            own = store.get_fact("written") or []
            others = {n: p for n, p in options.written.items() if _name_place(p) not in own}
            refuse_existing(others, overwrite=options.overwrite)
            yield store
    except (click.UsageError, MissingPackageError):
        if not begun:  # nothing was done that could be gone on with
            shutil.rmtree(place)
        raise
    shutil.rmtree(place)


def _name_place(path: str | None) -> str | None:
    return None if path is None else str(Path(path).absolute())


def _find_groups(store: CrawlStore, detector: Detector, options: _Options) -> None:
    from detector.clusters.grouping import Grouping

    names = FieldNames(options.text_column, options.id_column)
    items = read_records(options.files, names, input_format=options.input_format)
    grouping = Grouping(store, detector, float(options.fpr), workers=options.workers)
    store.read(tell_notes(refuse_missing_columns(items)), options.date_column)
    # Rows may do without the usual column of dates, but not all without one that was named.
    if options.date_column != _USUAL_DATE_COLUMN and store.count_texts():
        known = store.list_fields()
        if options.date_column not in known:
            refuse_unknown_column("--date-column", options.date_column, known)
    with _show_progress(options) as report:
        grouping.run(report)


@contextmanager
def _show_progress(options: _Options) -> Iterator[Callable[[int, int], object]]:
    if options.quiet or not sys.stderr.isatty():
        yield lambda done, texts: None
        return
    from tqdm import tqdm

    with tqdm(unit=" texts", dynamic_ncols=True, file=sys.stderr) as bar:

        def report(done: int, texts: int) -> None:
            bar.total = texts
            bar.update(done - bar.n)

        yield report


def _write_results(store: CrawlStore, detector: Detector, options: _Options) -> int:
    """Write rows, quarantine and page; how many inputs could not be read."""
    from detector.clusters.rows import Summary, list_columns, list_rows

    store.keep_fact("written", [_name_place(path) for path in options.written.values()])
    summary = Summary()
    rows = summary.count(list_rows(store))
    try:
        if options.output is None:
            _print_rows(rows, options.form or _choose_form(store, options))
        else:
            from detector.io.writers import open_writer

            with open_writer(Path(options.output), list_columns(store)) as writer:
                for row in rows:
                    writer.write(row)
        failed = _write_quarantine(store, options)
        if options.report is not None:
            from detector.presentation.html import write_cluster_report

            write_cluster_report(options.report, store, detector, rate=float(options.fpr))
    except OSError as error:
        if error.filename is None:  # standard output, see `guard_streams`
            raise
        raise CannotRunError(f"{error.filename}: {error.strerror}") from error
    tell_unread_dates(store, options.date_column)
    if not options.quiet:
        tell(str(summary), texts=summary.texts, groups=summary.groups, flagged=summary.flagged)
    return failed


def _choose_form(store: CrawlStore, options: _Options) -> str:
    """Rows are answered with rows, wherever they came from."""
    first = next(store.items(), None)
    source = options.files[0] if first is None else first.source
    rows = (first is not None and first.row is not None) or holds_rows(source)
    return "json" if rows else "text"


def _print_rows(rows: Iterator[dict[str, Any]], form: str) -> None:
    from detector.presentation.groups import format_groups

    with open_output(None) as stream:
        if form == "text":
            stream.writelines(f"{line}\n" for line in format_groups(rows))
        else:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_quarantine(store: CrawlStore, options: _Options) -> int:
    """Name what could not be read: on standard error, and beside an output in a file."""
    from detector.batch.chunks import Outcome
    from detector.batch.journal import to_json_line
    from detector.cli.scoring.rows import make_quarantine_row

    faults = list(store.bad_inputs())
    for fault in faults:
        tell_of_input("error", fault, fault.reason)
    path = options.quarantine_path
    if path is None:
        return len(faults)
    if not faults and options.quarantine is None:
        Path(path).unlink(missing_ok=True)  # that of the run whose output was replaced
        return 0
    with open_output(path, "--quarantine") as stream:
        for fault in faults:
            stream.write(to_json_line(make_quarantine_row(Outcome(fault))) + "\n")
    return len(faults)
