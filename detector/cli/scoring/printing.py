"""Print answers on standard output: as text, JSON lines or CSV."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from detector.cli.options import open_output
from detector.cli.scoring.options import ScoreOptions
from detector.cli.scoring.rows import (
    collect_report,
    make_quarantine_row,
    make_row,
    name_columns,
    read_inputs,
    score_inputs,
)
from detector.io.readers import BadInput, Record, holds_rows

if TYPE_CHECKING:
    from detector.batch.chunks import Outcome
    from detector.batch.summary import Tally
    from detector.detector import Detector


def print_answers(detector: Detector, options: ScoreOptions) -> Tally:
    """Score and print, each answer as soon as it is known; what came of the inputs, counted."""
    from detector.batch.summary import Tally

    items = read_inputs(options)
    first = next(items, None)
    items = itertools.chain([] if first is None else [first], items)
    form = options.form or ("json" if first is not None and _came_in_rows(first) else "text")
    tally = Tally()
    started = time.monotonic()
    try:
        with (
            score_inputs(detector, options, items, form=form) as outcomes,
            _open_quarantine(options.quarantine) as quarantine,
            open_output(None) as stream,
        ):
            collected = collect_report(outcomes, options, detector)
            if quarantine is None:
                told = _tell(collected, tally)
            else:
                told = _divert(collected, tally, quarantine)
            if form == "text":
                _print_text(stream, told, options.color)
            else:
                _PRINTERS[form](stream, told, options.columns)
    except KeyboardInterrupt:
        click.echo("\ninterrupted", err=True)
        raise
    tally.seconds = time.monotonic() - started
    return tally


def _came_in_rows(item: Record | BadInput) -> bool:
    return item.row is not None or holds_rows(item.source)


def _open_quarantine(name: str | None) -> Any:
    from contextlib import nullcontext

    return nullcontext() if name is None else open_output(name)


def _tell(outcomes: Iterable[Outcome], tally: Tally) -> Iterator[Outcome]:
    """Count what passes, and say on standard error what was wrong with which input."""
    for outcome in outcomes:
        tally.add(outcome)
        if isinstance(outcome.source, Record) and outcome.source.note:
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
            quarantine.write(json.dumps(make_quarantine_row(outcome), ensure_ascii=False) + "\n")


def _print_text(stream: TextIO, outcomes: Iterable[Outcome], color: str) -> None:
    """What was found; where the terminal has colours, in the text itself."""
    from detector.presentation.terminal import (
        clean,
        format_comparison,
        format_verdict,
        wants_colour,
    )

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


def _print_json(stream: TextIO, outcomes: Iterable[Outcome], columns: Sequence[str]) -> None:
    for outcome in outcomes:
        row = make_row(outcome, columns)
        stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def _print_csv(stream: TextIO, outcomes: Iterable[Outcome], columns: Sequence[str]) -> None:
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(name_columns(outcome, columns) for outcome in outcomes)


_PRINTERS: Mapping[str, Callable[[TextIO, Iterable[Outcome], Sequence[str]], None]] = {
    "csv": _print_csv,
    "json": _print_json,
}
