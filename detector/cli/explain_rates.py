"""``detector explain-rates``: how many flags are right, by the model's measured rates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from detector.cli.options import (
    CannotRunError,
    RateChoice,
    figures_format_option,
    model_option,
)
from detector.errors import DetectorError

if TYPE_CHECKING:
    from detector.presentation.base_rates import MeasuredRates, RightFlags

    _ShareType = click.ParamType[float]
else:
    _ShareType = click.ParamType  # before 8.2 it takes no type


class _Share(_ShareType):
    """A share, however it is written: 0.01, 1% or 1/100."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        plain = str(value).strip()
        try:
            above, _, below = plain.removesuffix("%").partition("/")
            share = float(above) / float(below or 1) / (100 if plain.endswith("%") else 1)
        except (ValueError, ZeroDivisionError):
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{plain!r} is no share: give 0.01, 1% or 1/100", param, ctx)
        return share


@click.command("explain-rates", short_help="Work out how many flags are right.")
@click.option(
    "--base-rate",
    "base_rates",
    type=_Share(),
    multiple=True,
    help="Share of your articles that are machine-made; may be given several times.  "
    "[default: 1/2, 1/10, 1/100, 1/1000]",
)
@click.option(
    "--fpr",
    type=RateChoice(["0.05", "0.01", "0.001"]),
    default="0.01",
    show_default=True,
    help="The rate at which you flag.",
)
@click.option(
    "--found",
    type=_Share(),
    help="Share of machine-made articles that are flagged, as you measured it.  "
    "[default: those of the model card]",
)
@click.option(
    "--mistaken",
    type=_Share(),
    help="Share of people's articles that are flagged, as you measured it.  "
    "[default: that of the model card]",
)
@figures_format_option
@model_option
def explain_rates(
    base_rates: tuple[float, ...],
    fpr: str,
    found: float | None,
    mistaken: float | None,
    form: str,
    model: str | None,
) -> None:
    """Work out how many flags are right: that depends on how many articles are machine-made.

    By the rates that were measured of the model, or by your own. docs/desk.md says what to do with
    a flag.
    """
    from detector.model.bundle import Bundle
    from detector.presentation.base_rates import BASE_RATES, read_measured_rates, work_out

    try:
        bundle = Bundle.open(model)
    except DetectorError as error:
        raise CannotRunError(str(error)) from error
    measured = read_measured_rates(bundle.manifest.to_dict(), float(fpr))
    if mistaken is None and measured is None:
        raise CannotRunError(f"{bundle.identifier} promises no threshold at {fpr}: give --mistaken")
    shares = {"as you measured it": found} if found is not None else dict(_take_found(measured))
    if not shares:
        raise CannotRunError(
            f"{bundle.identifier} says nothing of what is found at {fpr}: give --found"
        )
    used = measured.mistaken if mistaken is None and measured is not None else mistaken
    assert used is not None  # told apart above
    rows = work_out(shares, used, base_rates or BASE_RATES)
    if form == "json":
        click.echo(json.dumps(_to_figures(rows, used), ensure_ascii=False, indent=1))
    else:
        told = measured if mistaken is None else None
        click.echo("\n".join(_format(rows, used, told, float(fpr))))


def _take_found(measured: MeasuredRates | None) -> Mapping[str, float]:
    return measured.found if measured is not None else {}


def _to_figures(rows: Sequence[RightFlags], mistaken: float) -> dict[str, Any]:
    return {
        "mistaken": mistaken,
        "kinds": [
            {
                "kind": row.kind,
                "found": row.found,
                "right": {f"{rate:g}": share for rate, share in row.right.items()},
            }
            for row in rows
        ],
    }


def _format(
    rows: Sequence[RightFlags], mistaken: float, measured: MeasuredRates | None, rate: float
) -> Iterator[str]:
    """The rates in a sentence, and a table of the flags that are right."""
    from detector.presentation.base_rates import format_rows, say_base_rate
    from detector.presentation.tables import fit_cells, join_cells, measure_columns
    from detector.presentation.wording import format_percent

    yield f"Of people's articles {format_percent(mistaken)} are flagged by mistake" + (
        f" at --fpr {rate:g}: measured on {measured.articles:,}, at most "
        f"{format_percent(measured.upper_bound)}."
        if measured is not None
        else ", as you measured it."
    )
    bases = [say_base_rate(base) for base in rows[0].right]
    yield "Of 100 flags so many are right, where this share of all articles is machine-made:"
    yield ""
    table = [["machine-made by", "found", *bases], *format_rows(rows)]
    widths = measure_columns(table)
    numbers = range(1, len(widths))
    yield from (join_cells(fit_cells(row, widths, to_the_right=numbers)) for row in table)
    yield ""
    yield (
        "People who write English as a second language, translators and teachers' rewritings are\n"
        "flagged more often, so that fewer of their flags are right: measure your own articles,\n"
        "and give --mistaken."
    )
