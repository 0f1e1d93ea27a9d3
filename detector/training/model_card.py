"""The model card: what a model was trained on and how it did, as Markdown made from its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DASH = "–"


def format_card(
    name: str,
    corpora: Mapping[str, Mapping[str, Any]],
    thresholds: Mapping[str, Any],
    figures: Mapping[str, Any],
    licence: str,
    provenance: str,
) -> str:
    """The whole card; its figures are measured, never written by hand."""
    parts = [
        f"# Model card: {name}",
        "Tells whether an English news article is `original` (people's English, professional "
        "translations included), `translated` (machine translation, round trip) or `spun` "
        "(synonym substitution).",
        "**Intended use**: triage of scraped news in English, of at least 60 words. A flag is a "
        "reason to look, no proof. **Not for** other languages, single sentences, or verdicts on "
        "people.",
        f"Weights: {licence}. {provenance}.",
        "## Thresholds\n\n" + format_thresholds(thresholds),
        format_figures(figures),
        "## Training corpora\n\n"
        + format_table(
            ["file", "rows", "SHA-256"],
            [[k, f"{v['rows']:,}", str(v["sha256"])[:16] + "…"] for k, v in corpora.items()],
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def format_thresholds(thresholds: Mapping[str, Any]) -> str:
    """What each promised false-positive rate rests on."""
    rows = []
    for rate, record in sorted(thresholds.items(), key=lambda item: -float(item[0])):
        if "withheld" in record:
            rows.append([_percent(float(rate)), DASH, DASH, str(record["withheld"])])
        else:
            rows.append(
                [
                    _percent(float(rate)),
                    f"{record['flagged']} of {record['articles']:,}",
                    _percent(record["upper_bound"]),
                    "",
                ]
            )
    return format_table(
        ["promised", "human articles flagged, out of fold", "95 % bound", "note"], rows
    )


def format_figures(figures: Mapping[str, Any]) -> str:
    """The measured tables, as far as they are there."""
    parts = []
    if table := figures.get("documents"):
        rows = [
            [
                name,
                f"{row['documents']:,}",
                _figure(row["auroc"]),
                _figure(row["tpr"]),
            ]
            for name, row in table.items()
        ]
        parts.append(
            "## By document, on the test split\n\n"
            + format_table(
                ["what", "machine documents", "AUROC", "flagged at the 1 % threshold"], rows
            )
        )
    if sentences := figures.get("sentences"):
        parts.append(
            "## One sentence\n\nNews round trip against its original, "
            f"{sentences['pairs']:,} pairs.\n\n"
            + format_table(
                ["evidence", "AUROC", "pair ranked rightly"],
                [
                    [name, _figure(row["auroc"]), _figure(row["pair ranked rightly"])]
                    for name, row in sentences.items()
                    if isinstance(row, dict)
                ],
            )
        )
    for key, title in (
        ("leave one outlet out", "False positives of each outlet, left out of fitting entirely"),
        (
            "false_positives_test",
            "False positives with Wikinews and 2020-22 left out of fitting, "
            "other documents of the test split",
        ),
    ):
        if rows_of := figures.get(key):
            parts.append(f"## {title}\n\n" + _format_false_positives(rows_of))
    if fit := figures.get("out of fold"):
        rows = [[name, f"{row['documents']:,}", f"{row['auroc']:.3f}"] for name, row in fit.items()]
        parts.append(
            "## Out of fold, on the development split\n\n"
            + format_table(["what, against all human articles", "documents", "AUROC"], rows)
        )
    return "\n\n".join(parts)


def _format_false_positives(rows: Sequence[Mapping[str, Any]]) -> str:
    rates = (0.05, 0.01, 0.001)
    table = []
    for row in rows:
        cells = [str(row["outlet"]), f"{row['articles']:,}"]
        for rate in rates:
            share, bound = row.get(f"share at {rate:g}"), row.get(f"bound at {rate:g}")
            cells.append(
                DASH
                if share is None or bound is None
                else f"{_percent(share)} (≤ {_percent(bound)})"
            )
        table.append(cells)
    return format_table(["human texts", "articles", *(f"at {_percent(r)}" for r in rates)], table)


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines
    )


def _figure(value: Mapping[str, float] | None) -> str:
    if value is None:
        return DASH
    return f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def _percent(value: float) -> str:
    return f"{100 * value:.2g} %"
