"""Print answers on standard output: as text, JSON lines or CSV."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from detector.cli.logs import tell, tell_of_input
from detector.cli.options import open_output
from detector.cli.scoring.among import group_batch
from detector.cli.scoring.options import ScoreOptions
from detector.cli.scoring.report import collect_report
from detector.cli.scoring.rows import (
    make_quarantine_row,
    make_row,
    name_text,
    read_inputs,
    score_inputs,
)
from detector.io.readers import BadInput, Record, holds_rows
from detector.results import Comparison, Verdict

if TYPE_CHECKING:
    from detector.batch.chunks import Outcome
    from detector.batch.judge import Scorer
    from detector.batch.summary import Tally


def print_answers(detector: Scorer, options: ScoreOptions) -> Tally:
    """Score and print, each answer as soon as it is known; what came of the inputs, counted."""
    from detector.batch.summary import Tally

    items = read_inputs(options)
    first = next(items, None)
    items = itertools.chain([] if first is None else [first], items)
    form = _choose_form(options, first)
    tally = Tally()
    started = time.monotonic()
    try:
        with (
            group_batch(detector, options, items) as batch,
            score_inputs(detector, options, batch, form=form) as outcomes,
            _open_quarantine(options.quarantine) as quarantine,
            open_output(None) as stream,
        ):
            collected = collect_report(outcomes, options, detector)
            named = quarantine is None and (form != "text" or not _is_one_terminal())
            told = _tell(collected, tally, failures=named)
            if quarantine is not None:
                told = _divert(told, quarantine)
            if form == "text":
                _print_text(stream, told, options)
            else:
                _PRINTERS[form](stream, told, options)
    except KeyboardInterrupt:
        tell("\ninterrupted")
        raise
    tally.seconds = time.monotonic() - started
    return tally


def _choose_form(options: ScoreOptions, first: Record | BadInput | None) -> str:
    if options.form is not None:
        return options.form
    rows = options.keep_text or options.chosen or (first is not None and _came_in_rows(first))
    return "json" if rows and options.show is None else "text"


def _is_one_terminal() -> bool:
    """Whether answers and errors are read in one place, where nothing need be said twice."""
    return sys.stdout.isatty() and sys.stderr.isatty()


def _came_in_rows(item: Record | BadInput) -> bool:
    return item.row is not None or holds_rows(item.source)


def _open_quarantine(name: str | None) -> Any:
    from contextlib import nullcontext

    return nullcontext() if name is None else open_output(name, "--quarantine")


def _tell(outcomes: Iterable[Outcome], tally: Tally, *, failures: bool) -> Iterator[Outcome]:
    """Count what passes, and say on standard error what was wrong with which input.

    Args:
        outcomes: what passes.
        tally: what counts it.
        failures: name inputs that failed here too, not only where the answers are printed.
    """
    for outcome in outcomes:
        tally.add(outcome)
        if isinstance(outcome.source, Record) and outcome.source.note:
            tell_of_input("note", outcome.source, outcome.source.note)
        if failures and outcome.failure is not None:
            tell_of_input("error", outcome.source, outcome.failure)
        yield outcome


def _divert(outcomes: Iterable[Outcome], quarantine: TextIO) -> Iterator[Outcome]:
    """Pass on what could be scored, and send the rest to the quarantine."""
    from detector.batch.journal import to_json_line

    for outcome in outcomes:
        if outcome.failure is None:
            yield outcome
        else:
            quarantine.write(to_json_line(make_quarantine_row(outcome)) + "\n")


def _print_text(stream: TextIO, outcomes: Iterable[Outcome], options: ScoreOptions) -> None:
    """A line for each article; below it, where that was asked for, its spans or its text."""
    from detector.presentation.terminal import format_line, format_refusal, wants_colour
    from detector.presentation.wording import pick_result

    colour = wants_colour(stream, options.color)
    width = shutil.get_terminal_size().columns
    for outcome in outcomes:
        judgement, name = outcome.judgement, str(outcome.source.id)
        if judgement is None or judgement.verdict is None:
            line = format_refusal(str(outcome.reason), name, colour=colour)
            stream.write(f"{line}\n")
            continue
        result = pick_result(judgement.verdict, judgement.comparison)
        if isinstance(result, Comparison) and outcome.get("original_id") is not None:
            name = f"{name}, of {outcome.get('original_id')}"
        if options.show in (None, "line") or result.probability is None:
            stream.write(f"{format_line(result, name, colour=colour)}\n")
            continue
        head = format_line(result, name, colour=colour, why=False)
        more = _show_more(outcome, result, options.show, colour=colour, width=width)
        stream.write(f"{head}\n\n{more}\n\n")


def _show_more(outcome: Outcome, result: Verdict | Comparison, show: str, **shown: Any) -> str:
    """What stands below an article's line.

    Args:
        outcome: the article and what was judged of it.
        result: what decides of that.
        show: "spans" or "text".
        shown: whether in colours and how wide, as `detector.presentation.terminal` takes them.
    """
    from detector.presentation import terminal

    text = outcome.source.text if isinstance(outcome.source, Record) and show == "text" else None
    if isinstance(result, Verdict):
        if text is not None:
            return terminal.format_verdict(text, result, **shown)
        return terminal.format_spans(result, **shown)
    original = outcome.judgement.original if outcome.judgement else None
    if text is not None and original is not None:
        return terminal.format_comparison(text, original, result, **shown)
    return terminal.format_substitutions(result, **shown)


def _print_json(stream: TextIO, outcomes: Iterable[Outcome], options: ScoreOptions) -> None:
    for outcome in outcomes:
        row = make_row(outcome, options)
        stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def _print_csv(stream: TextIO, outcomes: Iterable[Outcome], options: ScoreOptions) -> None:
    from detector.io.writers.csv_table import CsvLines

    columns = options.chosen or (*options.columns, *name_text(options))
    lines = CsvLines(stream.write, columns)
    for outcome in outcomes:
        lines.write(make_row(outcome, options))


_PRINTERS: Mapping[str, Callable[[TextIO, Iterable[Outcome], ScoreOptions], None]] = {
    "csv": _print_csv,
    "json": _print_json,
}
