"""``detector score``: verdicts on articles, a few on the screen or millions into a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from detector.cli.common import (
    SOME_FAILED,
    CannotRunError,
    color_option,
    load_detector,
    model_option,
    open_output,
)
from detector.cli.score_call import ScoreCall
from detector.cli.score_files import write_files
from detector.cli.score_printing import print_answers
from detector.errors import DetectorError
from detector.io.readers import INPUT_FORMATS

if TYPE_CHECKING:
    from detector.batch.summary import Tally


INTERRUPTED = 130


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
    call = ScoreCall(**options)
    call.check()
    try:
        detector = load_detector(call.model)
        tally = (
            print_answers(detector, call) if call.output is None else write_files(detector, call)
        )
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


def _report(call: ScoreCall, tally: Tally, summary: Mapping[str, Any]) -> None:
    from detector.batch.summary import format_summary

    if call.output is not None and not call.quiet:
        click.echo(format_summary(summary), err=True)
    elif call.output is None and tally.failed:
        click.echo(f"{tally.failed} of {tally.inputs} inputs could not be scored", err=True)
