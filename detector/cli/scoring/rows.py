"""Inputs to outcomes, and outcomes to rows: what printing and writing into a file share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from detector.cli.scoring.options import ScoreOptions
from detector.io.readers import BadInput, FieldNames, Record, read_records

if TYPE_CHECKING:
    from detector.batch.chunks import Outcome
    from detector.detector import Detector


def read_inputs(options: ScoreOptions) -> Iterator[Record | BadInput]:
    """What the files hold, in order."""
    names = FieldNames(options.text_column, options.id_column, options.reference_column)
    return iter(read_records(options.files, names, input_format=options.input_format))


def score_inputs(
    detector: Detector,
    options: ScoreOptions,
    items: Iterable[Record | BadInput],
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
    )
    return closing(score_records(items, detector, settings, workers=options.workers))


def make_quarantine_row(outcome: Outcome) -> dict[str, Any]:
    """What is kept of an input that could not be scored: where it stood, why, and its fields."""
    source = outcome.source
    return {
        "id": source.id,
        "source": source.source,
        "row": source.row,
        "reason": outcome.failure,
        "fields": source.fields,
    }


def make_row(outcome: Outcome, columns: Sequence[str]) -> dict[str, Any]:
    """Our columns, then the row's own fields; what went well has no error to name."""
    row = name_columns(outcome, columns)
    if row["error"] is None:
        del row["error"]
    return row | _rename_clashes(outcome.source.fields, columns)


def name_columns(outcome: Outcome, columns: Sequence[str]) -> dict[str, Any]:
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
