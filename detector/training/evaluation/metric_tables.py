"""Measurements as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from detector.presentation.tables import DASH, format_table
from detector.training.evaluation.metrics import FEWEST_HUMANS_AT_ONE_PERCENT, FIGURES, iterate_rows
from detector.training.evaluation.model_comparison import UNDECIDED
from detector.training.evaluation.statistics import FEWEST_ARTICLES


def format_measurement(result: Mapping[str, Any]) -> str:
    """What `measure_documents` returned, as a Markdown table; a dash where there is too little."""
    rows = [
        [where, f"{row['human']:,}", f"{row['machine']:,}"]
        + [_format_figure(row[name]) for name in FIGURES]
        for where, row in iterate_rows(result)
    ]
    titles = [title for _, title in FIGURES.values()]
    lines = [format_table(["documents", "human", "machine", *titles], rows), ""]
    lines.append("In brackets 95 % bootstrap intervals by article.")
    if bound := (result["overall"]["false_positive_rate"] or {}).get("upper_bound"):
        lines.append(
            "The overall rate of false positives is at most "
            f"{float(f'{100 * bound:.2g}'):g} % with 95 % confidence."
        )
    return "\n".join([*lines, *_format_notes(result)])


def format_model_comparison(result: Mapping[str, Any], name_a: str = "A", name_b: str = "B") -> str:
    """What `compare_models` returned: a Markdown table of what is overall and of what differs.

    Of groups only what is better or worse beyond noise gets a row; the rest is counted.
    """
    rows = [
        [
            where,
            title,
            _format_figure(cell["a"]),
            _format_figure(cell["b"]),
            _format_difference(cell["difference"]),
            cell["verdict"],
        ]
        for where, row in iterate_rows(result)
        for name, (_, title) in FIGURES.items()
        if (cell := row[name]) is not None and (where == "overall" or cell["verdict"] != UNDECIDED)
    ]
    lines = [format_table(["documents", "figure", name_a, name_b, "difference", "verdict"], rows)]
    better, worse, compared = len(result["better"]), len(result["worse"]), result["compared"]
    lines += [
        "",
        f"{name_b} against {name_a}: of {compared} figures {better} better, {worse} worse beyond "
        "noise, of the rest no difference can be told. To be expected by chance alone: "
        f"{compared / 40:.0f} better and as many worse.",
    ]
    return "\n".join([*lines, *_format_notes(result)])


def _format_notes(result: Mapping[str, Any]) -> Iterator[str]:
    if result["not_judged"]:
        yield f"{result['not_judged']:,} documents were not judged and are left out."
    for name, reason in result["overall"]["too_few"].items():
        yield f"{DASH} {FIGURES[name][1]}: {reason}."
    if any(row["too_few"] for where, row in iterate_rows(result) if where != "overall"):
        yield (
            f"A dash: fewer than {FEWEST_ARTICLES} articles on a side that the figure needs, or "
            f"than {FEWEST_HUMANS_AT_ONE_PERCENT} human ones for 1 %."
        )


def _format_figure(figure: Mapping[str, float] | None) -> str:
    return (
        DASH
        if figure is None
        else f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
    )


def _format_difference(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:+.3f} [{figure['low']:+.3f}, {figure['high']:+.3f}]"
