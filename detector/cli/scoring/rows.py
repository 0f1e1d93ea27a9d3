"""Inputs to outcomes, and outcomes to rows: what printing and writing into a file share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from detector.cli.logs import tell
from detector.cli.options import (
    ENOUGH_WITHOUT_COLUMN,
    load_detector,
    refuse_missing_columns,
    refuse_unknown_column,
)
from detector.cli.scoring.options import ScoreOptions
from detector.io.readers import BadInput, FieldNames, Record, read_records

if TYPE_CHECKING:
    from detector.batch.chunks import Outcome
    from detector.batch.judge import Scorer
    from detector.cli.scoring.among import Batch


def read_inputs(options: ScoreOptions) -> Iterator[Record | BadInput]:
    """What the files hold, in order.

    Raises:
        click.UsageError: a column was asked for that neither is ours nor stands in the first rows,
            or the columns of texts are in none of the files.
    """
    names = FieldNames(options.text_column, options.id_column, options.reference_column)
    items = iter(read_records(options.files, names, input_format=options.input_format))
    known = _refuse_unknown_columns(refuse_missing_columns(items), options)
    return known if options.reference_column is None else _tell_of_no_original(known, options)


def _tell_of_no_original(
    items: Iterator[Record | BadInput], options: ScoreOptions
) -> Iterator[Record | BadInput]:
    """Pass inputs on; at their end tell if none brought an original, since plain texts cannot."""
    texts = originals = 0
    for item in items:
        if isinstance(item, Record):
            texts += 1
            originals += bool(item.reference and item.reference.strip())
        yield item
    if texts and not originals:
        tell(
            f"--reference-column {options.reference_column}: no input has an original in such a "
            "column, so none was compared with one of its own; for two files there is "
            "detector compare",
            "note",
        )


def _refuse_unknown_columns(
    items: Iterator[Record | BadInput], options: ScoreOptions
) -> Iterator[Record | BadInput]:
    """The inputs, unless a column that was asked for is in none of the first.

    No more are looked through than it takes: a column may be in some of the rows only. Where no
    text can be read at all, that is told instead.
    """
    known = dict.fromkeys(options.columns)
    missing = [name for name in options.chosen or () if name not in known]
    held: list[Record | BadInput] = []
    for item in itertools.islice(items, ENOUGH_WITHOUT_COLUMN if missing else 0):
        held.append(item)
        known |= dict.fromkeys(_take_fields(item, options))
        missing = [name for name in missing if name not in known]
        if not missing:
            break
    if missing and any(isinstance(item, Record) for item in held):
        refuse_unknown_column("--columns", missing[0], known)
    return itertools.chain(held, items)


def load_scorer(options: ScoreOptions) -> Scorer:
    """The model that a call names, or both of them.

    Raises:
        CannotRunError: one of them cannot be loaded.
    """
    detector = load_detector(options.model)
    if options.second_model is None:
        return detector
    from detector.batch.cascade import Cascade

    return Cascade(detector, load_detector(options.second_model))


def score_inputs(
    detector: Scorer,
    options: ScoreOptions,
    batch: Batch,
    *,
    form: str = "rows",
) -> closing[Any]:
    """A context of the outcomes in order; leaving it ends the workers."""
    from detector.batch.engine import score_records
    from detector.batch.judge import Settings

    settings = Settings(
        options.rate,
        options.references,
        options.comparing,
        options.choose_artifacts(form),
        whole=form == "text" or options.report is not None,
        among=batch.siblings,
    )
    return closing(score_records(batch.items, detector, settings, workers=options.workers))


def make_quarantine_row(outcome: Outcome) -> dict[str, Any]:
    """What is kept of an input that could not be scored: where it stood, why, and its fields."""
    source = outcome.source
    return {
        "id": source.id,
        "source": source.source,
        "row": source.row,
        "reason": outcome.failure,
        "language": outcome.get("language"),
        "fields": source.fields,
    }


def make_row(outcome: Outcome, options: ScoreOptions) -> dict[str, Any]:
    """The columns that were asked for; else ours, then the row's own fields.

    What went well has no error to name, unless that column was asked for.
    """
    row = fill_columns(outcome, options.columns) | _take_fields(outcome.source, options)
    if options.chosen is not None:
        return {name: row.get(name) for name in options.chosen}
    if row["error"] is None:
        del row["error"]
    return row


def fill_columns(outcome: Outcome, columns: Sequence[str]) -> dict[str, Any]:
    """Our columns with their values, in order; those of a judgement are null without one."""
    failure = outcome.failure
    special = {
        "id": outcome.source.id,
        "flagged": bool(outcome.get("flagged")),
        "reason": outcome.reason,
        "words": outcome.get("words") or 0,
        "error": None if failure is None else f"{outcome.source.place}: {failure}",
    }
    return {name: special[name] if name in special else outcome.get(name) for name in columns}


def name_text(options: ScoreOptions) -> tuple[str, ...]:
    """The column, if any, in which a row gets the text that was scored."""
    if not options.keeps_text:
        return ()
    own = options.text_column in options.columns
    return (f"input_{options.text_column}" if own else options.text_column,)


def _take_fields(source: Record | BadInput, options: ScoreOptions) -> dict[str, Any]:
    """A row's own fields; one named like a column of ours gets "input_" put before its name."""
    fields = dict(source.fields)
    if options.keeps_text and isinstance(source, Record):
        fields = {options.text_column: source.text} | fields
    renamed = {name: value for name, value in fields.items() if name not in options.columns}
    for name in options.columns:
        if name in fields:
            free = f"input_{name}"
            while free in renamed:
                free = f"input_{free}"
            renamed[free] = fields[name]
    return renamed
