"""The page that ``detector score --report`` writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from detector.cli.scoring.options import ScoreOptions
from detector.io.readers import BadInput
from detector.results import Comparison

if TYPE_CHECKING:
    from detector.batch.chunks import Outcome
    from detector.batch.judge import Scorer
    from detector.presentation.html import ReportRow


def collect_report(
    outcomes: Iterable[Outcome], options: ScoreOptions, detector: Scorer
) -> Iterator[Outcome]:
    """Pass the outcomes on; once the last is through, write the report that was asked for."""
    if options.report is None:
        yield from outcomes
        return
    from detector.presentation.html import BatchReport

    card = detector.bundle.manifest.to_dict() if detector.bundle is not None else None
    report = BatchReport(model_card=card)
    for outcome in outcomes:
        row = _make_report_row(outcome)
        report.add(row)
        yield outcome
    if len(report) == 1 and row.verdict is not None:
        _write_single(options.report, row, card)
    else:
        report.write(options.report)


def _make_report_row(outcome: Outcome) -> ReportRow:
    from detector.presentation.html import ReportRow

    source, judgement = outcome.source, outcome.judgement
    original_id = outcome.get("original_id")
    return ReportRow(
        str(source.id),
        judgement.verdict if judgement else None,
        "" if isinstance(source, BadInput) else source.text,
        outcome.failure,
        fields=source.fields,
        comparison=judgement.comparison if judgement else None,
        original=judgement.original if judgement else None,
        original_id=None if original_id is None else str(original_id),
    )


def _write_single(target: str, row: ReportRow, card: Mapping[str, Any] | None) -> None:
    """One article's page: with its original beside it, where it stems from one."""
    from detector.presentation.html import (
        describe_source,
        write_article_report,
        write_comparison_report,
    )

    assert row.verdict is not None  # one that could not be read gets a table
    if isinstance(row.result, Comparison) and row.original is not None:
        original = describe_source(
            row.original_id or "", {}, row.original, row.result.original_verdict
        )
        write_comparison_report(
            target,
            row.text,
            row.original,
            row.result,
            sources=(row.source, original),
            model_card=card,
        )
    else:
        write_article_report(target, row.text, row.verdict, source=row.source, model_card=card)
