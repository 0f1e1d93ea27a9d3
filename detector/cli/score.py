"""``detector score``: verdicts on articles, a few on the screen or millions into a file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detector.cli.logs import log_format_option, tell
from detector.cli.options import (
    INTERRUPTED,
    SOME_FAILED,
    CannotRunError,
    RateChoice,
    color_option,
    model_option,
    open_output,
)
from detector.cli.scoring.among import Batch, group_batch
from detector.cli.scoring.options import ScoreOptions
from detector.cli.scoring.printing import print_answers
from detector.cli.scoring.report import collect_report
from detector.cli.scoring.rows import (
    load_scorer,
    make_quarantine_row,
    make_row,
    read_inputs,
    score_inputs,
)
from detector.errors import DetectorError
from detector.io.readers import INPUT_FORMATS, BadInput, Record
from detector.presentation.progress import show_progress
from detector.version import __version__

if TYPE_CHECKING:
    from detector.batch.journal import Journal
    from detector.batch.judge import Scorer
    from detector.batch.summary import Tally

_SHOWN_REASONS = 3


@click.command(short_help="Flag articles that a machine translated or spun.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    help="How to print.  [default: json if the first FILE holds rows, else text]",
)
@click.option(
    "--fpr",
    type=RateChoice(["0.05", "0.01", "0.001"]),
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
    "--second-model",
    metavar="FOLDER|NAME",
    help="Another model, accurate and slower: it is asked about texts that --model finds likelier "
    "a machine's than not, and about those that --model finds to stem from their originals; these "
    "are answered with what it says.",
)
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
    "--among",
    is_flag=True,
    help="Seek the original of each text among the other texts, as detector cluster does.",
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
@click.option(
    "--overwrite", is_flag=True, help="Replace files that exist: --output and the others."
)
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
@click.option(
    "--show",
    type=click.Choice(["line", "spans", "text"]),
    help="How much is printed as text: a line for each article; the strongest spans below it; the "
    "text with all its spans, too.  [default: line]",
)
@click.option(
    "--columns",
    "named_columns",
    metavar="NAME,...",
    help="Columns of rows, in this order: ours (docs/usage.md) and the row's own.  [default: all]",
)
@click.option("--keep-text", is_flag=True, help="Rows hold the text too, in --text-column.")
@click.option("--report", metavar="FILE", help="Also write an HTML page to read the verdicts on.")
@color_option
@log_format_option
@click.option("--quiet", is_flag=True, help="Show neither progress nor summary.")
@click.pass_context
def score(context: click.Context, /, **values: Any) -> None:
    """Score articles: texts, pages or rows, by extension; - is standard input.

    An article is answered with a line: flagged or not, as what, with which probability, why, and
    which article it is. --show text prints the article too, with what gave the machine away.

    Rows are answered in order, with the columns that docs/usage.md explains: id, probability,
    label and so on, then the other fields of the row; where a row has fields of these names
    itself, they come back as input_probability, input_label and so on. CSV that is printed holds
    no other fields. --columns picks among all of them.

    Printed, an input that cannot be scored keeps its place, and is named on standard error. With
    --output it goes to the quarantine instead, with the reason, and the first are named. A run
    that is broken off, even by a kill, goes on from its finished parts with --resume.

    Exits with 0 when all was scored, 1 when some inputs could not be, 2 when the call is wrong or
    the output cannot be written, 130 when interrupted.
    """
    options = ScoreOptions(**values)
    options.check()
    try:
        detector = load_scorer(options)
        answer = print_answers if options.output is None else _write_files
        tally = answer(detector, options)
    except KeyboardInterrupt:
        context.exit(INTERRUPTED)
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    summary = tally.summarize(detector.model, options.rate)
    if options.summary is not None:
        with open_output(options.summary, "--summary") as stream:
            stream.write(json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    _report(options, tally, summary)
    if tally.failed:
        context.exit(SOME_FAILED)


def _write_files(detector: Scorer, options: ScoreOptions) -> Tally:
    """Score into a file, part by part, so that a run that is broken off can go on."""
    from detector.batch.journal import Journal, WriteError
    from detector.batch.workers import WorkerError

    target = Path(str(options.output))
    # What is wrong with its columns is told before anything is written.
    items = read_inputs(options)
    journal = Journal.begin(
        target,
        Path(options.quarantine_path or ""),
        _identify(detector, options),
        resume=options.resume,
        overwrite=options.overwrite,
    )
    try:
        with journal:
            _fill(journal, detector, options, items)
            journal.finish(options.written_columns, keep_empty=options.quarantine is not None)
    except KeyboardInterrupt:
        tell(f"\ninterrupted: {_say_how_to_resume(journal, options)}", inputs=journal.inputs)
        raise
    except (WorkerError, WriteError) as error:
        raise CannotRunError(f"{error}: {_say_how_to_resume(journal, options)}") from error
    return journal.tally


def _say_how_to_resume(journal: Journal, options: ScoreOptions) -> str:
    if not journal.inputs:
        return "nothing was finished yet"
    # A report shows a whole run, see `ScoreOptions.check`.
    without = "" if options.report is None else ", but without --report"
    finished = "1 input is" if journal.inputs == 1 else f"{journal.inputs:,} inputs are"
    return f"{finished} finished; go on with the same call and --resume{without}"


def _identify(detector: Scorer, options: ScoreOptions) -> dict[str, Any]:
    """What the rows depend on besides the inputs."""
    return {
        "version": __version__,
        "model": detector.model,
        "--fpr": options.fpr,
        "files": list(options.files),
        "--text-column": options.text_column,
        "--id-column": options.id_column,
        "--reference-column": options.reference_column,
        "--input-format": options.input_format,
        "--artifacts": options.artifacts or "none",
        "--columns": options.chosen,
        "--keep-text": options.keep_text,
        "--references": _identify_index(options.references),
        "--among": options.among,
    }


def _identify_index(folder: str | None) -> list[Any] | None:
    """An index by the size and time of its files."""
    if folder is None:
        return None
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    states = [(path, path.stat()) for path in files]
    return [folder, *([str(p.relative_to(folder)), s.st_size, s.st_mtime_ns] for p, s in states)]


def _fill(
    journal: Journal,
    detector: Scorer,
    options: ScoreOptions,
    items: Iterator[Record | BadInput],
) -> None:
    """Score what is left of the inputs into the journal."""
    if journal.complete:
        return
    if journal.inputs and not options.quiet:
        finished = "1 finished input" if journal.inputs == 1 else (
            f"{journal.inputs:,} finished inputs"
        )  # fmt: skip
        tell(f"going on after {finished}", inputs=journal.inputs)
    try:
        with (
            group_batch(detector, options, items) as batch,
            _score_rest(journal, detector, options, batch) as outcomes,
            _show_progress(options, journal.inputs) as step,
        ):
            for outcome in collect_report(outcomes, options, detector):
                if outcome.failure is None:
                    journal.add(outcome, make_row(outcome, options), None)
                else:
                    journal.add(outcome, None, make_quarantine_row(outcome))
                step()
    except KeyboardInterrupt:
        journal.seal()
        raise


def _score_rest(
    journal: Journal, detector: Scorer, options: ScoreOptions, batch: Batch
) -> AbstractContextManager[Any]:
    journal.pass_over(batch.items)
    return score_inputs(detector, options, batch)


def _show_progress(
    options: ScoreOptions, done: int
) -> AbstractContextManager[Callable[[], object]]:
    if options.quiet:
        return nullcontext(lambda: None)
    return show_progress(options.files, options.input_format, done)


def _report(options: ScoreOptions, tally: Tally, summary: Mapping[str, Any]) -> None:
    """Tell what came of the inputs; where those are that could not be scored, however quiet."""
    from detector.batch.summary import format_summary

    if options.output is not None and not options.quiet:
        tell(format_summary(summary), summary=dict(summary))
    if not tally.failed:
        return
    failed = f"{tally.failed:,} of {tally.inputs:,} inputs could not be scored"
    if options.quarantine_path is None:
        tell(failed, failed=tally.failed, inputs=tally.inputs)
        return
    first = _read_reasons(Path(options.quarantine_path))
    lines = [f"{failed} and are in {options.quarantine_path}:", *(f"  {line}" for line in first)]
    if tally.failed > len(first):
        lines.append(f"  and {tally.failed - len(first):,} more")
    tell(
        "\n".join(lines), failed=tally.failed, inputs=tally.inputs,
        quarantine=options.quarantine_path, reasons=first,
    )  # fmt: skip


def _read_reasons(quarantine: Path) -> list[str]:
    """The first reasons in a quarantine, each with its place."""
    with quarantine.open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in itertools.islice(stream, _SHOWN_REASONS)]
    kept = (BadInput(row["id"], row["source"], row["row"], row["reason"]) for row in rows)
    return [f"{bad.place}: {bad.reason}" for bad in kept]
