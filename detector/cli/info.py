"""``detector info``: a model's card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from detector.cli.options import CannotRunError, figures_format_option, model_option
from detector.errors import DetectorError

if TYPE_CHECKING:
    from detector.model.manifest import Manifest


@click.command(short_help="Print the model's card.")
@click.option(
    "--verify",
    is_flag=True,
    help="Verify the SHA-256 of every file; otherwise a file is verified when it is read.",
)
@figures_format_option
@model_option
def info(verify: bool, form: str, model: str | None) -> None:
    """Print the model's card: what it was trained on, its thresholds and measured figures.

    --model may also name the folder of a model's replay data.
    """
    from detector.model.bundle import Bundle

    try:
        bundle = Bundle.open(model)
        if verify:
            bundle.verify()
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    card: dict[str, Any] = {"model": bundle.identifier, "folder": str(bundle.folder)}
    if verify:
        card["verified files"] = len(bundle.manifest.files)
    card |= _pick_figures(bundle.manifest)
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
    from detector.presentation.tables import align_columns

    names = list(dict.fromkeys(name for record in records for name in record))
    return align_columns(
        [names, *([_format_figure(record.get(name)) for name in names] for record in records)]
    )


def _format_figure(value: Any) -> str:
    """One figure; what was not measured or not guaranteed is a dash."""
    if value is None or value in ({}, []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (Mapping, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
