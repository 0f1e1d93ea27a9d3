"""Write answers into a file, resumable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detector.cli.common import CannotRunError
from detector.cli.progress import show_progress
from detector.cli.score_call import ScoreCall
from detector.io.readers import BadInput, FieldNames, Record, read_records
from detector.version import __version__

if TYPE_CHECKING:
    from detector.batch.chunks import Outcome
    from detector.batch.journal import Journal
    from detector.batch.summary import Tally
    from detector.detector import Detector


def read_inputs(call: ScoreCall) -> Iterator[Record | BadInput]:
    names = FieldNames(call.text_column, call.id_column, call.reference_column)
    return iter(read_records(call.files, names, input_format=call.input_format))


def judge_records(
    detector: Detector,
    call: ScoreCall,
    items: Iterable[Record | BadInput],
    *,
    form: str = "rows",
) -> closing[Any]:
    """Outcomes in order; leaving the context ends the workers."""
    from detector.batch.engine import score_records
    from detector.batch.judge import Settings

    settings = Settings(
        call.rate,
        call.references,
        call.comparing,
        call.choose_artifacts(form),
        whole=form == "text" or call.report is not None,
    )
    return closing(score_records(items, detector, settings, workers=call.workers))


def write_files(detector: Detector, call: ScoreCall) -> Tally:
    from detector.batch.journal import Journal, WriteError
    from detector.batch.workers import WorkerError

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


def _identify(detector: Detector, call: ScoreCall) -> dict[str, Any]:
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


def _fill(journal: Journal, detector: Detector, call: ScoreCall) -> None:
    """Score what is left of the inputs into the journal."""
    if journal.complete:
        return
    items = read_inputs(call)
    if journal.inputs and not call.quiet:
        click.echo(f"going on after {journal.inputs:,} finished inputs", err=True)
    journal.pass_over(items)
    try:
        with judge_records(detector, call, items) as outcomes, show_progress(call, journal) as step:
            for outcome in collect_fields(outcomes, call, detector):
                if outcome.failure is None:
                    journal.add(outcome, make_row(outcome, call.columns), None)
                else:
                    journal.add(outcome, None, make_quarantine_row(outcome))
                step()
    except KeyboardInterrupt:
        journal.seal()
        raise


def make_quarantine_row(outcome: Outcome) -> dict[str, Any]:
    source = outcome.source
    return {
        "id": source.id,
        "source": source.source,
        "row": source.row,
        "reason": outcome.failure,
        "fields": source.fields,
    }


def collect_fields(
    outcomes: Iterable[Outcome], call: ScoreCall, detector: Detector
) -> Iterator[Outcome]:
    """Pass the outcomes on; once the last is through, write the report that was asked for."""
    if call.report is None:
        yield from outcomes
        return
    from detector.presentation.html import BatchReport, ReportRow, write_article_report

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
