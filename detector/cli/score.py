"""``detector score``: verdicts on articles, a few on the screen or millions into a file."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from detector import __version__
from detector.cli.common import (
    SOME_FAILED,
    CannotRunError,
    color_option,
    load_detector,
    model_option,
    open_output,
    refuse_overwriting,
)
from detector.errors import DetectorError
from detector.readers import (
    INPUT_FORMATS,
    BadInput,
    Document,
    FieldNames,
    holds_rows,
    read_documents,
)

if TYPE_CHECKING:
    from detector.batch import Outcome
    from detector.detector import Detector
    from detector.journal import Journal
    from detector.summary import Tally

INTERRUPTED = 130

_COLUMNS = ("id", "probability", "label", "flagged", "reason", "error", "signature")
_COMPARED = (
    "original_id",
    "original_score",
    "relation",
    "comparison_probability",
    "comparison_flagged",
    "coverage",
)


@dataclass(frozen=True)
class _Call:
    """What was asked for on the command line."""

    files: tuple[str, ...]
    form: str | None
    fpr: str
    output: str | None
    model: str | None
    text_column: str
    id_column: str
    reference_column: str | None
    references: str | None
    input_format: str | None
    workers: int | None
    resume: bool
    overwrite: bool
    quarantine: str | None
    summary: str | None
    quiet: bool
    artifacts: str | None
    report: str | None
    color: str

    @property
    def comparing(self) -> bool:
        return self.references is not None or self.reference_column is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of every row, before the row's own."""
        compared = _COMPARED if self.comparing else ()
        shown = ("artifacts",) if self.artifacts not in (None, "none") else ()
        return (*_COLUMNS, *compared, *shown)

    def choose_artifacts(self, form: str) -> str:
        """Spans are looked for where they are shown; in rows, where they are asked for."""
        return self.artifacts or ("few" if form == "text" or self.report else "none")

    @property
    def rate(self) -> float:
        return float(self.fpr)

    def check(self) -> None:
        """Refuse what does not go together, before any model is loaded."""
        if self.output is None and (self.resume or self.overwrite):
            raise click.UsageError("--resume and --overwrite speak of an --output: name one")
        if self.report is not None and self.comparing:
            raise click.UsageError(
                "--report shows texts by themselves, and with originals rows are flagged by "
                "comparison: leave one out, or use detector compare --report for a pair"
            )
        if self.report is not None and self.resume:
            raise click.UsageError("--report shows a whole run, and --resume scores only the rest")
        if self.output is not None and self.form is not None:
            raise click.UsageError(
                "--format says how to print; the format of --output is told by its extension"
            )
        self._check_paths()
        if self.output is not None:
            from detector.writers import FormatError, format_of

            try:
                format_of(Path(self.output))
            except FormatError as error:
                raise click.UsageError(f"--output {error}") from error

    def _check_paths(self) -> None:
        named = {
            "--output": self.output,
            "--quarantine": self.quarantine,
            "--summary": self.summary,
            "--report": self.report,
        }
        paths = {name: Path(path) for name, path in named.items() if path is not None}
        for name, path in paths.items():
            if not _can_be_file(path):
                raise click.UsageError(f"{name} {path}: not a file in an existing folder")
        refuse_overwriting(self.files, named)
        if len({path.absolute() for path in paths.values()}) < len(paths):
            raise click.UsageError(f"{', '.join(paths)}: give each a file of its own")


def _can_be_file(path: Path) -> bool:
    return not path.is_dir() and path.absolute().parent.is_dir()


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    help="How to print.  [default: json if the first FILE holds rows, else text]",
)
@click.option(
    "--fpr",
    type=click.Choice(["0.05", "0.01", "0.001"]),
    default="0.01",
    show_default=True,
    help="Share of people's articles that may be flagged by mistake.",
)
@click.option(
    "--output",
    metavar="FILE",
    help="Write here, all or nothing, instead of printing; the extension tells the format.",
)
@model_option
@click.option(
    "--text-column",
    "--text-field",
    default="text",
    show_default=True,
    help="Column or JSON field with the text.",
)
@click.option(
    "--id-column",
    "--id-field",
    default="id",
    show_default=True,
    help="Column or JSON field with the id.",
)
@click.option(
    "--reference-column",
    help="Column or JSON field with the original, of which the text may be a copy.",
)
@click.option(
    "--references",
    metavar="INDEX",
    help="Index of originals, in which that of each text is sought.",
)
@click.option(
    "--input-format",
    type=click.Choice(INPUT_FORMATS),
    help="What the files hold.  [default: by extension]",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that score.  [default: as many as cores]",
)
@click.option("--resume", is_flag=True, help="Go on with a run to --output that was broken off.")
@click.option("--overwrite", is_flag=True, help="Replace an --output that exists.")
@click.option(
    "--quarantine",
    metavar="FILE",
    help="JSON lines of the inputs that could not be scored.  [default: OUTPUT.quarantine.jsonl]",
)
@click.option("--summary", metavar="FILE", help="Write the summary here too, as JSON.")
@click.option(
    "--artifacts",
    type=click.Choice(["few", "many", "all", "none"]),
    help="Spans that gave the machine away; in rows, a column of that name.  [default: few in text "
    "and reports, none in rows]",
)
@click.option("--report", metavar="FILE", help="Also write an HTML page to read the verdicts on.")
@color_option
@click.option("--quiet", is_flag=True, help="Show neither progress nor summary.")
@click.pass_context
def score(context: click.Context, /, **options: Any) -> None:
    """Score articles: texts, pages or rows, by extension; - is standard input.

    Rows are answered in order: id, probability, label, flagged, reason and signature, then the
    other fields of the row; where a row has fields of these names itself, they come back as
    input_probability, input_label and so on. CSV that is printed holds no other fields.

    Printed, an input that cannot be scored keeps its place, and is named on standard error. With
    --output it goes to the quarantine instead, with the reason; a run that is broken off, even by
    a kill, goes on from its finished parts with --resume.

    Exits with 0 when all was scored, 1 when some inputs could not be, 2 when the call is wrong or
    the output cannot be written, 130 when interrupted.
    """
    call = _Call(**options)
    call.check()
    try:
        detector = load_detector(call.model)
        tally = _print(detector, call) if call.output is None else _write(detector, call)
    except KeyboardInterrupt:
        context.exit(INTERRUPTED)
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    summary = tally.summarize(detector.model, call.rate)
    if call.summary is not None:
        with open_output(call.summary) as stream:
            stream.write(json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    _report(call, tally, summary)
    if tally.failed:
        context.exit(SOME_FAILED)


def _report(call: _Call, tally: Tally, summary: Mapping[str, Any]) -> None:
    from detector.summary import format_summary

    if call.output is not None and not call.quiet:
        click.echo(format_summary(summary), err=True)
    elif call.output is None and tally.failed:
        click.echo(f"{tally.failed} of {tally.inputs} inputs could not be scored", err=True)


def _read(call: _Call) -> Iterator[Document | BadInput]:
    names = FieldNames(call.text_column, call.id_column, call.reference_column)
    return iter(read_documents(call.files, names, input_format=call.input_format))


def _judge(
    detector: Detector,
    call: _Call,
    items: Iterable[Document | BadInput],
    *,
    form: str = "rows",
) -> closing[Any]:
    """Outcomes in order; leaving the context ends the workers."""
    from detector.batch import Settings, judge_documents

    settings = Settings(
        call.rate,
        call.references,
        call.comparing,
        call.choose_artifacts(form),
        whole=form == "text" or call.report is not None,
    )
    return closing(judge_documents(items, detector, settings, workers=call.workers))


# --------------------------------------------------------------------------------------
# Into a file
# --------------------------------------------------------------------------------------


def _write(detector: Detector, call: _Call) -> Tally:
    from detector.batch import WorkerError
    from detector.journal import Journal, WriteError

    target = Path(str(call.output))
    journal = Journal.begin(
        target,
        Path(call.quarantine or f"{target}.quarantine.jsonl"),
        _identify(detector, call),
        resume=call.resume,
        overwrite=call.overwrite,
    )
    try:
        with journal:
            _fill(journal, detector, call)
            columns = [name for name in call.columns if name != "error"]
            journal.finish(columns, keep_empty=call.quarantine is not None)
    except KeyboardInterrupt:
        click.echo(f"\ninterrupted: {_say_how_to_resume(journal)}", err=True)
        raise
    except (WorkerError, WriteError) as error:
        raise CannotRunError(f"{error}: {_say_how_to_resume(journal)}") from error
    return journal.tally


def _say_how_to_resume(journal: Journal) -> str:
    if not journal.inputs:
        return "nothing was finished yet"
    return f"{journal.inputs:,} inputs are finished; go on with the same call and --resume"


def _identify(detector: Detector, call: _Call) -> dict[str, Any]:
    """What the rows depend on besides the inputs."""
    return {
        "version": __version__,
        "model": detector.model,
        "--fpr": call.fpr,
        "files": list(call.files),
        "--text-column": call.text_column,
        "--id-column": call.id_column,
        "--reference-column": call.reference_column,
        "--input-format": call.input_format,
        "--artifacts": call.choose_artifacts("rows"),
        "--references": _identify_index(call.references),
    }


def _identify_index(folder: str | None) -> list[Any] | None:
    """An index by the size and time of its files."""
    if folder is None:
        return None
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    states = [(path, path.stat()) for path in files]
    return [folder, *([str(p.relative_to(folder)), s.st_size, s.st_mtime_ns] for p, s in states)]


def _fill(journal: Journal, detector: Detector, call: _Call) -> None:
    """Score what is left of the inputs into the journal."""
    if journal.complete:
        return
    items = _read(call)
    if journal.inputs and not call.quiet:
        click.echo(f"going on after {journal.inputs:,} finished inputs", err=True)
    journal.pass_over(items)
    try:
        with _judge(detector, call, items) as outcomes, _show_progress(call, journal) as step:
            for outcome in _collect(outcomes, call, detector):
                if outcome.failure is None:
                    journal.add(outcome, _make_row(outcome, call.columns), None)
                else:
                    journal.add(outcome, None, _make_quarantine_row(outcome))
                step()
    except KeyboardInterrupt:
        journal.seal()
        raise


def _make_quarantine_row(outcome: Outcome) -> dict[str, Any]:
    source = outcome.source
    return {
        "id": source.id,
        "source": source.source,
        "row": source.row,
        "reason": outcome.failure,
        "fields": source.fields,
    }


class _Bar:
    """Documents a second and time left, on a terminal."""

    def __init__(self, call: _Call, done: int) -> None:
        self._bar: Any = None
        if call.quiet or not sys.stderr.isatty():
            return
        from tqdm import tqdm

        self._bar = tqdm(
            total=_count_inputs(call.files, call.input_format),
            initial=done,
            unit=" documents",
            unit_scale=False,
            dynamic_ncols=True,
            smoothing=0.05,
            file=sys.stderr,
        )

    def __enter__(self) -> Callable[[], object]:
        return (lambda: None) if self._bar is None else self._bar.update

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _show_progress(call: _Call, journal: Journal) -> _Bar:
    return _Bar(call, journal.inputs)


def _count_inputs(files: Sequence[str], input_format: str | None) -> int | None:
    """How many inputs there are, where that can be told without reading them all."""
    counts = [None if input_format else _count_rows(Path(name)) for name in files]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _count_rows(path: Path) -> int | None:
    suffix = path.suffix.lower()
    if not path.is_file():
        return None
    if suffix in (".txt", ".htm", ".html"):
        return 1
    if suffix in (".jsonl", ".ndjson"):
        with path.open("rb") as stream:
            return sum(piece.count(b"\n") for piece in iter(lambda: stream.read(1 << 20), b""))
    if suffix == ".parquet":
        # What is wrong with the file, or missing to read it, the reader will say.
        with suppress(ImportError, OSError, ValueError):
            from pyarrow.parquet import read_metadata

            return int(read_metadata(path).num_rows)
    return None


# --------------------------------------------------------------------------------------
# On the screen
# --------------------------------------------------------------------------------------


def _print(detector: Detector, call: _Call) -> Tally:
    from detector.summary import Tally

    items = _read(call)
    first = next(items, None)
    items = itertools.chain([] if first is None else [first], items)
    form = call.form or ("json" if first is not None and _came_in_rows(first) else "text")
    tally = Tally()
    started = time.monotonic()
    try:
        with (
            _judge(detector, call, items, form=form) as outcomes,
            _open_quarantine(call.quarantine) as quarantine,
            open_output(None) as stream,
        ):
            collected = _collect(outcomes, call, detector)
            if quarantine is None:
                told = _tell(collected, tally)
            else:
                told = _divert(collected, tally, quarantine)
            if form == "text":
                _print_text(stream, told, call.color)
            else:
                _PRINTERS[form](stream, told, call.columns)
    except KeyboardInterrupt:
        click.echo("\ninterrupted", err=True)
        raise
    tally.seconds = time.monotonic() - started
    return tally


def _came_in_rows(item: Document | BadInput) -> bool:
    return item.row is not None or holds_rows(item.source)


def _open_quarantine(name: str | None) -> Any:
    from contextlib import nullcontext

    return nullcontext() if name is None else open_output(name)


def _tell(outcomes: Iterable[Outcome], tally: Tally) -> Iterator[Outcome]:
    """Count what passes, and say on standard error what was wrong with which input."""
    for outcome in outcomes:
        tally.add(outcome)
        if isinstance(outcome.source, Document) and outcome.source.note:
            click.echo(f"note: {outcome.source.place}: {outcome.source.note}", err=True)
        if outcome.failure is not None:
            click.echo(f"error: {outcome.source.place}: {outcome.failure}", err=True)
        yield outcome


def _divert(outcomes: Iterable[Outcome], tally: Tally, quarantine: TextIO) -> Iterator[Outcome]:
    """Count what passes, and send to the quarantine what could not be scored."""
    for outcome in outcomes:
        tally.add(outcome)
        if outcome.failure is None:
            yield outcome
        else:
            quarantine.write(json.dumps(_make_quarantine_row(outcome), ensure_ascii=False) + "\n")


def _print_text(stream: TextIO, outcomes: Iterable[Outcome], color: str) -> None:
    """What was found; where the terminal has colours, in the text itself."""
    from detector.terminal import clean, format_comparison, format_verdict, wants_colour

    colour = wants_colour(stream, color)
    width = shutil.get_terminal_size().columns
    for outcome in outcomes:
        judgement, source = outcome.judgement, outcome.source
        verdict = judgement.verdict if judgement else None
        if judgement is None or verdict is None or isinstance(source, BadInput):
            body = f"not judged · {outcome.reason}"
        elif not colour:
            body = "\n".join(map(str, filter(None, (verdict, judgement.comparison))))
        elif judgement.comparison is not None and judgement.original is not None:
            body = format_comparison(
                source.text, judgement.original, judgement.comparison, colour=True, width=width
            )
        else:
            body = format_verdict(source.text, verdict, colour=True, width=width)
        stream.write(f"{clean(str(source.id))}: {body}\n")


def _collect(outcomes: Iterable[Outcome], call: _Call, detector: Detector) -> Iterator[Outcome]:
    """Pass the outcomes on; once the last is through, write the report that was asked for."""
    if call.report is None:
        yield from outcomes
        return
    from detector.report import BatchReport, ReportRow, write_article_report

    card = detector.bundle.manifest.to_dict() if detector.bundle is not None else None
    report = BatchReport(model_card=card)
    for outcome in outcomes:
        source = outcome.source
        verdict = outcome.judgement.verdict if outcome.judgement else None
        text = "" if isinstance(source, BadInput) else source.text
        url = source.fields.get("url")
        row = ReportRow(
            str(source.id), verdict, text, outcome.failure, url if isinstance(url, str) else None
        )
        report.add(row)
        yield outcome
    if len(report) == 1 and row.verdict is not None:
        write_article_report(call.report, row.text, row.verdict, url=row.url, model_card=card)
    else:
        report.write(call.report)


def _print_json(stream: TextIO, outcomes: Iterable[Outcome], columns: Sequence[str]) -> None:
    for outcome in outcomes:
        row = _make_row(outcome, columns)
        stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def _print_csv(stream: TextIO, outcomes: Iterable[Outcome], columns: Sequence[str]) -> None:
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_name_columns(outcome, columns) for outcome in outcomes)


_PRINTERS: Mapping[str, Callable[[TextIO, Iterable[Outcome], Sequence[str]], None]] = {
    "csv": _print_csv,
    "json": _print_json,
}


def _make_row(outcome: Outcome, columns: Sequence[str]) -> dict[str, Any]:
    """Our columns, then the row's own fields; what went well has no error to name."""
    row = _name_columns(outcome, columns)
    if row["error"] is None:
        del row["error"]
    return row | _rename_clashes(outcome.source.fields, columns)


def _name_columns(outcome: Outcome, columns: Sequence[str]) -> dict[str, Any]:
    """Our columns, in their order; those of a judgement are null where there is none."""
    failure = outcome.failure
    special = {
        "id": outcome.source.id,
        "flagged": bool(outcome.get("flagged")),
        "reason": outcome.reason,
        "error": None if failure is None else f"{outcome.source.place}: {failure}",
    }
    return {name: special[name] if name in special else outcome.get(name) for name in columns}


def _rename_clashes(fields: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """A row's own fields; one named like a column of ours gets "input_" put before its name."""
    renamed = {name: value for name, value in fields.items() if name not in columns}
    for name in columns:
        if name in fields:
            free = f"input_{name}"
            while free in renamed:
                free = f"input_{free}"
            renamed[free] = fields[name]
    return renamed
