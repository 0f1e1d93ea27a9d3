"""``detector score``: verdicts on articles."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import click

from detector.cli.common import SOME_FAILED, load_detector, model_option, open_output
from detector.readers import BadInput, Document, FieldNames, holds_rows, read_documents

if TYPE_CHECKING:
    from detector.detector import Detector
    from detector.verdict import Verdict

# A batch ends at either; the second bounds memory where documents are long.
_BATCH_DOCUMENTS = 64
_BATCH_CHARACTERS = 2_000_000

_COLUMNS = ("id", "probability", "label", "flagged", "reason", "error", "signature")


@dataclass(frozen=True)
class _Outcome:
    """One input and what became of it."""

    source: Document | BadInput
    verdict: Verdict | None

    @property
    def reason(self) -> str | None:
        """Why it was not scored, or could not be flagged."""
        if isinstance(self.source, BadInput):
            return self.source.reason
        return self.verdict.reason if self.verdict else None

    @property
    def error(self) -> str | None:
        """Place and reason of an input without a probability; None for the others."""
        if self.verdict is not None and self.verdict.probability is not None:
            return None
        return f"{self.source.place}: {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """The columns that every row has; those of a verdict are null where there is none."""
        verdict = self.verdict
        return {
            "id": self.source.id,
            "probability": verdict.probability if verdict else None,
            "label": verdict.label if verdict else None,
            "flagged": verdict.flagged if verdict else False,
            "reason": self.reason,
            "error": self.error,
            "signature": verdict.signature if verdict else None,
        }


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    help="How to print.  [default: json if the first FILE holds JSON lines, else text]",
)
@click.option(
    "--fpr",
    type=click.Choice(["0.05", "0.01", "0.001"]),
    default="0.01",
    show_default=True,
    help="Share of people's articles that may be flagged by mistake.",
)
@click.option("--output", metavar="FILE", help="Write here, all or nothing, instead of printing.")
@model_option
@click.option("--text-field", default="text", show_default=True, help="JSON field with the text.")
@click.option("--id-field", default="id", show_default=True, help="JSON field with the id.")
@click.pass_context
def score(
    context: click.Context,
    files: tuple[str, ...],
    form: str | None,
    fpr: str,
    output: str | None,
    model: str | None,
    text_field: str,
    id_field: str,
) -> None:
    """Score articles: text files, or JSON lines with a text and an id; - is standard input.

    JSON lines give one line an input line, in order: id, probability, label, flagged, reason and
    signature, then the other fields of the row; where a row has fields of these names itself,
    they come back as input_probability, input_label and so on. CSV holds no other fields.

    Exits with 0 when all was scored, 1 when some inputs could not be, 2 when the call is wrong.
    """
    detector = load_detector(model)
    documents = read_documents(files, FieldNames(text_field, id_field))
    outcomes = _score_all(detector, documents, float(fpr))
    write = _WRITERS[form or "as the input"]
    tally = _Tally()
    with open_output(output) as stream:
        write(stream, tally.watch(outcomes))
    if tally.failed:
        click.echo(f"{tally.failed} of {tally.seen} inputs could not be scored", err=True)
        context.exit(SOME_FAILED)


def _score_all(
    detector: Detector, documents: Iterable[Document | BadInput], rate: float
) -> Iterator[_Outcome]:
    """Verdicts in the order of the documents, scored a batch at a time."""
    for batch in _take_batches(documents):
        texts = [item.text for item in batch if isinstance(item, Document)]
        verdicts = iter(detector.score(texts, false_positive_rate=rate) if texts else ())
        for item in batch:
            yield _Outcome(item, next(verdicts) if isinstance(item, Document) else None)


def _take_batches(
    documents: Iterable[Document | BadInput],
) -> Iterator[list[Document | BadInput]]:
    batch: list[Document | BadInput] = []
    characters = 0
    for item in documents:
        batch.append(item)
        characters += len(item.text) if isinstance(item, Document) else 0
        if len(batch) == _BATCH_DOCUMENTS or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


@dataclass
class _Tally:
    """Counts what passes, and says on standard error what was wrong with which input."""

    seen: int = 0
    failed: int = 0

    def watch(self, outcomes: Iterable[_Outcome]) -> Iterator[_Outcome]:
        """Pass the outcomes on, each once it is counted."""
        for outcome in outcomes:
            self.seen += 1
            if isinstance(outcome.source, Document) and outcome.source.note:
                click.echo(f"note: {outcome.source.place}: {outcome.source.note}", err=True)
            if outcome.error is not None:
                self.failed += 1
                click.echo(f"error: {outcome.error}", err=True)
            yield outcome


# --------------------------------------------------------------------------------------
# Printing verdicts
# --------------------------------------------------------------------------------------


def _write_text(stream: TextIO, outcomes: Iterable[_Outcome]) -> None:
    for outcome in outcomes:
        body = str(outcome.verdict) if outcome.verdict else f"not judged · {outcome.reason}"
        stream.write(f"{outcome.source.id}: {body}\n")


def _write_json(stream: TextIO, outcomes: Iterable[_Outcome]) -> None:
    for outcome in outcomes:
        row = outcome.to_dict()
        if row["error"] is None:
            del row["error"]
        row |= _rename_clashes(outcome.source.fields)
        stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def _rename_clashes(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A row's own fields; one named like a column of ours gets "input_" put before its name."""
    renamed = {name: value for name, value in fields.items() if name not in _COLUMNS}
    for name in _COLUMNS:
        if name in fields:
            free = f"input_{name}"
            while free in renamed:
                free = f"input_{free}"
            renamed[free] = fields[name]
    return renamed


def _write_csv(stream: TextIO, outcomes: Iterable[_Outcome]) -> None:
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(outcome.to_dict() for outcome in outcomes)


def _write_alike(stream: TextIO, outcomes: Iterable[_Outcome]) -> None:
    """Answer rows with JSON lines and texts with text; the first input decides for all."""
    rest = iter(outcomes)
    first = next(rest, None)
    if first is None:
        return
    came_in_rows = first.source.row is not None or holds_rows(first.source.source)
    write = _write_json if came_in_rows else _write_text
    write(stream, itertools.chain([first], rest))


_WRITERS: Mapping[str, Callable[[TextIO, Iterable[_Outcome]], None]] = {
    "as the input": _write_alike,
    "csv": _write_csv,
    "json": _write_json,
    "text": _write_text,
}
