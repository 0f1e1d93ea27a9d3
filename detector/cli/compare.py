"""``detector compare``: a copy against its original."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from detector.cli.options import (
    CannotRunError,
    choose_form,
    color_option,
    comparison_rate_option,
    load_detector,
    model_option,
    open_output,
    overwrite_option,
    refuse_addresses,
    refuse_existing,
    refuse_overwriting,
)
from detector.errors import DetectorError
from detector.io.readers import STANDARD_INPUT, BadInput, Record, read_records

if TYPE_CHECKING:
    from detector.detector import Detector
    from detector.results import Comparison


#: How files are called that are written in each form.
_ENDINGS = {".json": "json", ".html": "html", ".htm": "html"}


@click.command(short_help="Say what COPY did to ORIGINAL.")
@click.argument("copy")
@click.argument("original")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    help="How to print: html is a page of its own, with both texts side by side.  "
    "[default: text, or as the name of --output ends]",
)
@comparison_rate_option
@click.option("--output", metavar="FILE", help="Write here, all or nothing, instead of printing.")
@click.option("--report", metavar="FILE", help="Also write the page of --format html here.")
@overwrite_option
@color_option
@model_option
def compare(
    copy: str,
    original: str,
    form: str | None,
    fpr: str,
    output: str | None,
    report: str | None,
    overwrite: bool,
    color: str,
    model: str | None,
) -> None:
    """Say what COPY did to ORIGINAL: the relation, and every substitution.

    Both are files with one article each, of any kind that `detector score` reads; one of them may
    be -, standard input.

    Exits with 0 when the two were compared, 2 when they could not be.
    """
    if copy == original or (_is_file(copy) and _is_file(original) and _are_one(copy, original)):
        raise click.UsageError(f"COPY and ORIGINAL are the same file, {copy}: name two")
    refuse_addresses((copy, original))
    written = {"--output": output, "--report": report}
    refuse_overwriting((copy, original), written)
    refuse_existing(written, overwrite=overwrite)
    form = choose_form(form, output, _ENDINGS)
    records = (_read_one(copy), _read_one(original))
    detector = load_detector(model)
    texts = (records[0].text, records[1].text)
    try:
        comparison = detector.compare(*texts, false_positive_rate=float(fpr))
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    if comparison.probability is None:
        raise CannotRunError(f"{copy} against {original}: {comparison.reason}")
    with open_output(output) as stream:
        _write(stream, form, comparison, records, detector, color)
    if report is not None:
        _write_page(report, comparison, records, detector)


def _is_file(source: str) -> bool:
    return source != STANDARD_INPUT and Path(source).is_file()


def _are_one(copy: str, original: str) -> bool:
    return Path(copy).samefile(original)


def _read_one(source: str) -> Record:
    """The one article of a file.

    Raises:
        CannotRunError: it holds none, or several.
    """
    records = list(read_records([source]))
    for record in records:
        if isinstance(record, BadInput):
            raise CannotRunError(f"{record.place}: {record.reason}")
    if len(records) != 1:
        raise CannotRunError(
            f"{source}: holds {len(records)} articles where one is meant; to compare many, "
            "score a file whose rows bring their originals: detector score --reference-column"
        )
    (record,) = records
    assert not isinstance(record, BadInput)  # told apart above
    return record


def _write(
    stream: TextIO,
    form: str,
    comparison: Comparison,
    records: tuple[Record, Record],
    detector: Detector,
    color: str,
) -> None:
    if form == "json":
        stream.write(comparison.to_json() + "\n")
    elif form == "html":
        _write_page(stream, comparison, records, detector)
    else:
        from detector.presentation.terminal import format_comparison, wants_colour

        width = shutil.get_terminal_size().columns
        shown = format_comparison(
            records[0].text,
            records[1].text,
            comparison,
            colour=wants_colour(stream, color),
            width=width,
        )
        stream.write(f"{shown}\n")


def _write_page(
    target: str | TextIO,
    comparison: Comparison,
    records: tuple[Record, Record],
    detector: Detector,
) -> None:
    from detector.presentation.html import describe_source, write_comparison_report

    card = detector.bundle.manifest.to_dict() if detector.bundle is not None else None
    copy, original = records
    sources = (
        describe_source(str(copy.id), copy.fields, copy.text, comparison.verdict),
        describe_source(
            str(original.id), original.fields, original.text, comparison.original_verdict
        ),
    )
    write_comparison_report(
        target, copy.text, original.text, comparison, sources=sources, model_card=card
    )
