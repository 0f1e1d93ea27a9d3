"""``detector drift``: has a stream of scored articles moved?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from detector.cli.logs import log_format_option
from detector.cli.options import (
    CannotRunError,
    figures_format_option,
    refuse_unknown_column,
)
from detector.errors import DetectorError

#: Like ``diff``, but told apart from a failed run (1) and a wrong call (2).
MOVED = 3

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(short_help="Tell whether scored articles have moved.")
@click.option(
    "--baseline", required=True, type=_file, metavar="FILE", help="Articles scored before."
)
@click.option("--current", required=True, type=_file, metavar="FILE", help="Articles scored now.")
@click.option(
    "--baseline-quarantine",
    type=_file,
    metavar="FILE",
    help="What could not be scored before.  [default: BASELINE.quarantine.jsonl, if it is there]",
)
@click.option(
    "--current-quarantine",
    type=_file,
    metavar="FILE",
    help="What could not be scored now.  [default: CURRENT.quarantine.jsonl, if it is there]",
)
@figures_format_option
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw it as well, to a .png or .svg file.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="COLUMN",
    help="Leave out this column, or a share such as 'too short'; may be repeated.",
)
@log_format_option
@click.option("--exit-code", is_flag=True, help="Exit with 3 where the stream has moved.")
@click.pass_context
def drift(
    context: click.Context,
    baseline: Path,
    current: Path,
    baseline_quarantine: Path | None,
    current_quarantine: Path | None,
    form: str,
    plot: Path | None,
    ignore: tuple[str, ...],
    exit_code: bool,
) -> None:
    """Tell whether scored articles have moved: scores, shares flagged, words, languages, reasons.

    Both files are outputs of detector score: Parquet (needs pyarrow), CSV or JSON lines. What its
    runs could not score counts too: their quarantines are read with them. A difference counts where
    it is large enough to matter and beyond chance; the limits are printed. Where another model
    scored the second file, that is said first, and scores are not compared.

    Exits with 0, moved or not, and with 2 when the call is wrong; with --exit-code, 3 says that
    the stream has moved or that the files were not scored alike.
    """
    if plot is not None and plot.suffix.lower() not in (".png", ".svg"):
        raise click.UsageError(f"--plot {plot}: name a .png or .svg file")
    from detector.monitoring.drift import UnknownColumnError, compare_streams
    from detector.presentation.drift_tables import format_drift

    try:
        result = compare_streams(
            baseline, current, ignore, quarantines=(baseline_quarantine, current_quarantine)
        )
        if plot is not None:
            from detector.presentation.plots import plot_drift

            plot_drift(result, plot)
    except UnknownColumnError as error:
        refuse_unknown_column("--ignore", error.name, error.known)
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    click.echo(
        json.dumps(result, ensure_ascii=False, indent=1) if form == "json" else format_drift(result)
    )
    if exit_code and (result["moved"] or not result["comparable"]):
        context.exit(MOVED)
