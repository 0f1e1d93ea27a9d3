"""The command line: one verb, one function."""

from __future__ import annotations

import csv
import io
import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from detector import __version__
from detector.errors import DetectorError
from detector.readers import BadInput, Document, FieldNames, holds_rows, read_documents

if TYPE_CHECKING:
    from detector.bundle import Manifest
    from detector.detector import Detector
    from detector.verdict import Verdict

_SOME_FAILED = 1
_USAGE = 2

# A batch ends at either; the second bounds memory where documents are long.
_BATCH_DOCUMENTS = 64
_BATCH_CHARACTERS = 2_000_000

# Half a surrogate pair, from a row's field or a file's name, has no UTF-8; written as \udc80 it
# does no harm, and in JSON it is even the right escape.
_ON_SURROGATES = "backslashreplace"

_COLUMNS = ("id", "probability", "label", "flagged", "reason", "error", "signature")


class _CannotRunError(click.ClickException):
    """A fault of the call, not of one input: a model that cannot be used, say."""

    exit_code = _USAGE


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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="detector")
def main() -> None:
    """Tell whether English news articles were machine-translated, round-tripped or spun."""


_model_option = click.option(
    "--model",
    metavar="FOLDER",
    help="Model folder.  [default: $DETECTOR_MODEL, or the one shipped]",
)

_figures_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print the figures.",
)


# --------------------------------------------------------------------------------------
# detector score
# --------------------------------------------------------------------------------------


@main.command()
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
@_model_option
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
    detector = _load_detector(model)
    documents = read_documents(files, FieldNames(text_field, id_field))
    outcomes = _score_all(detector, documents, float(fpr))
    write = _WRITERS[form or "as the input"]
    tally = _Tally()
    with _open_output(output) as stream:
        write(stream, tally.watch(outcomes))
    if tally.failed:
        click.echo(f"{tally.failed} of {tally.seen} inputs could not be scored", err=True)
        context.exit(_SOME_FAILED)


def _load_detector(model: str | None) -> Detector:
    from detector.detector import Detector

    try:
        return Detector.load(model)
    except DetectorError as error:
        raise _CannotRunError(str(error)) from error


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


@contextmanager
def _open_output(output: str | None) -> Iterator[TextIO]:
    """Standard output, or a file that is put in place only when all of it is written."""
    if output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors=_ON_SURROGATES)
        yield sys.stdout
        return
    target = Path(output)
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise click.UsageError(f"--output {output}: not a file in an existing folder")
    with tempfile.TemporaryDirectory(prefix=".detector-", dir=target.absolute().parent) as work:
        fresh = Path(work) / target.name
        with fresh.open("w", encoding="utf-8", errors=_ON_SURROGATES, newline="") as stream:
            yield stream
        fresh.replace(target)


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


# --------------------------------------------------------------------------------------
# detector evaluate
# --------------------------------------------------------------------------------------


@main.command()
@click.option(
    "--corpora",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where the training corpora lie.",
)
@_figures_format_option
@_model_option
def evaluate(corpora: Path, form: str, model: str | None) -> None:
    """Measure a model on the test split of the corpora, which training never saw.

    Takes minutes, and needs the extra: pip install 'mt-artifact-detector[train]', and Debian's
    libaiksaurus-1.2-data, dict-freedict-eng-fra and dict-freedict-fra-eng for the synonyms.
    """
    from detector.bundle import Bundle

    detector = _load_detector(model)
    try:
        from detector.training.evaluation import evaluate_corpora
        from detector.training.model_card import format_figures
        from detector.training.retrain import unpack_evidence
    except ImportError as error:
        raise _CannotRunError(
            f"{error.name} is missing: pip install 'mt-artifact-detector[train]'"
        ) from error
    bundle = Bundle.open(model)
    try:
        development = unpack_evidence(bundle.read_arrays("training_evidence.safetensors"), bundle)
        figures = evaluate_corpora(
            corpora, detector.gatherer, development, detector.sentence_scorer
        )
    except (DetectorError, FileNotFoundError) as error:
        raise _CannotRunError(str(error)) from error
    click.echo(
        json.dumps(figures, ensure_ascii=False, indent=1)
        if form == "json"
        else format_figures(figures)
    )


# --------------------------------------------------------------------------------------
# detector info
# --------------------------------------------------------------------------------------


@main.command()
@_figures_format_option
@_model_option
def info(form: str, model: str | None) -> None:
    """Print the model's card: what it was trained on, its thresholds and measured figures."""
    from detector.bundle import Bundle

    try:
        bundle = Bundle.open(model)
    except DetectorError as error:
        raise _CannotRunError(str(error)) from error
    card = {"model": bundle.identifier, "folder": str(bundle.folder)} | _pick_figures(
        bundle.manifest
    )
    if form == "json":
        click.echo(json.dumps(card, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(_format_card(card)))


def _pick_figures(manifest: Manifest) -> dict[str, Any]:
    """The manifest less its list of files, and less what says nothing."""
    left_out = ("format", "format_version", "name", "files")
    return {
        name: value
        for name, value in manifest.to_dict().items()
        if name not in left_out and value not in ("", {}, [])
    }


def _format_card(value: Any, depth: int = 0) -> Iterator[str]:
    """Nested figures as indented lines; a list of records becomes a table."""
    margin = "  " * depth
    if isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(item, (Mapping, list)) and item:
                yield f"{margin}{name}:"
                yield from _format_card(item, depth + 1)
            else:
                yield f"{margin}{name}: {_format_figure(item)}"
    elif all(isinstance(item, Mapping) for item in value):
        yield from (margin + line for line in _format_table(value))
    else:
        yield margin + ", ".join(map(_format_figure, value))


def _format_table(records: list[Mapping[str, Any]]) -> Iterator[str]:
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = [names, *([_format_figure(record.get(name)) for name in names] for record in records)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _format_figure(value: Any) -> str:
    """One figure; what was not measured or not promised is a dash."""
    if value is None or value in ({}, []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (Mapping, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
