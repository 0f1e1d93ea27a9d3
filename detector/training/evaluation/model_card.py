"""The model card: what a model was trained on and how it did, as Markdown made from its figures."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from detector.choices import VERDICT_RATES
from detector.presentation.tables import DASH, format_table

TASK = (
    "Tells whether an English news article is `original` (people's English, professional "
    "translations included), `translated` (machine translation, round trip) or `spun` "
    "(synonym substitution)."
)

INTENDED_USE = (
    "triage of scraped news in English, of at least 60 words. A flag is a reason to look, no proof."
)

NOT_FOR = "other languages, single sentences, or verdicts on people"

#: What holds for every model that was retrained.
LIMITS = (
    "What is promised of false positives holds for articles like those it was measured on; a new "
    "outlet should be checked on some hundred of its own human articles.",
    "Figures on few articles are rough: read the intervals, not the values.",
    "A machine that was met in few pairs is recognised by what it shares with others, not by its "
    "own words.",
)

_SPAN_FIGURES = ("precision", "recall", "f1")

_FITTED_BY = ("numpy", "pandas", "scikit-learn", "onnxruntime", "tokenizers", "torch")


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
        TASK,
        f"**Intended use**: {INTENDED_USE} **Not for** {NOT_FOR}.",
        f"Weights: {licence}. {provenance}.",
        "## Thresholds\n\n" + format_thresholds(thresholds),
        format_figures(figures),
        *_format_retraining(figures),
        "## Training corpora\n\n" + _format_corpora(corpora),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def make_card(
    name: str,
    corpora: Mapping[str, Mapping[str, Any]],
    thresholds: Mapping[str, Any],
    figures: Mapping[str, Any],
    licence: str,
    provenance: str,
    seed: int,
) -> dict[str, Any]:
    """The same card for machines: what `format_card` says, as JSON values."""
    return {
        "name": name,
        "task": TASK,
        "intended_use": INTENDED_USE,
        "not_for": NOT_FOR,
        "limits": list(LIMITS),
        "licence": licence,
        "provenance": provenance,
        "seed": seed,
        "versions": list_versions(),
        "data": {k: dict(v) for k, v in corpora.items()},
        "thresholds": dict(thresholds),
        "figures": dict(figures),
    }


def list_versions() -> dict[str, str]:
    """Of Python, this package, and the libraries that decide what comes out of a fit."""
    versions = {"python": platform.python_version()}
    for library in ("mt-artifact-detector", *_FITTED_BY):
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            versions[library] = "not installed"
    return versions


def _format_corpora(corpora: Mapping[str, Mapping[str, Any]]) -> str:
    """Files with their checksums, and the licence where one of them states it."""
    header = ["file", "rows", "SHA-256"]
    rows = [[k, f"{v['rows']:,}", str(v["sha256"])[:16] + "…"] for k, v in corpora.items()]
    if any("licence" in described for described in corpora.values()):
        header.append("licence")
        for row, described in zip(rows, corpora.values(), strict=True):
            row.append(str(described.get("licence", "see above")))
    return format_table(header, rows)


def _format_retraining(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a retrained model's card says beside the rest; nothing for another model."""
    run = figures.get("retraining")
    if run is None:
        return
    from detector.training.evaluation.metric_tables import format_measurement
    from detector.training.evaluation.regression_check import format_side_by_side

    yield "## Retraining\n\n" + format_table(
        ["what", ""],
        [
            ["command", f"`{run['command']}`" if run["command"] else DASH],
            ["depth", run["depth"]],
            ["base", run["base"]],
            ["seed", str(run["seed"])],
            ["versions", ", ".join(f"{k} {v}" for k, v in list_versions().items())],
            *([name, f"{count:,}"] for name, count in run["validation"]["counts"].items()),
            *([f"augmented by {name}", f"{n:,}"] for name, n in run["augmented"].items()),
        ],
    )
    if findings := run["validation"]["findings"]:
        yield "## Warnings of the validation\n\n" + "\n".join(
            f"- {f['problem']} ({f['rows']:,}{': ' + f['where'] if f['where'] else ''}); "
            f"{f['advice']}"
            if f["rows"]
            else f"- {f['problem']}; {f['advice']}"
            for f in findings
        )
    if run["regression accepted"]:
        yield "## Worse than its base\n\nThis model was written although:\n\n" + "\n".join(
            f"- {fault}" for fault in run["comparison"]["faults"]
        )
    if price := run["comparison"]["price"]:
        yield "## Price of the new thresholds\n\n" + "\n".join(f"- {line}" for line in price)
    for name, compared in run["comparison"]["figures"].items():
        yield (
            f"## Against {run['base']}: {name}\n\nIts base → this model, and in brackets the 95 % "
            "interval of the change (bootstrap by article).\n\n" + format_side_by_side(compared)
        )
    if own := figures.get("your documents"):
        yield f"## By group: {own['set']}\n\n" + format_measurement(own)
    yield "## Limits\n\n" + "\n".join(f"- {limit}" for limit in LIMITS)


def format_thresholds(thresholds: Mapping[str, Any]) -> str:
    """What each guaranteed false-positive rate rests on."""
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
    formats: Mapping[str, Callable[[Any], str]] = {
        "documents": _format_documents,
        "sentences": _format_sentences,
        "labels": _format_labels,
        "leave one register out": partial(
            _format_false_positives,
            "False positives of each register, it and its machine versions left out of fitting",
        ),
        "false_positives_test": partial(
            _format_false_positives,
            "False positives on the test split: outlets and registers that nothing was fitted on",
        ),
        "comparison": _format_comparison,
        "artifacts": _format_artifacts,
        "out of fold": _format_fit,
    }
    return "\n\n".join(form(figures[name]) for name, form in formats.items() if figures.get(name))


def _format_documents(figures: Mapping[str, Any]) -> str:
    rows = [
        [
            name,
            f"{row['documents']:,}",
            _figure(row["auroc"]),
            _figure(row.get("pair")),
            _figure(row["tpr"]),
            _figure(row.get("found")),
        ]
        for name, row in figures.items()
    ]
    header = [
        "what",
        "machine documents",
        "AUROC",
        "above its own original",
        "flagged at the 1 % threshold",
        "found where 1 % of those people's are flagged",
    ]
    return "## By document, on the test split\n\n" + format_table(header, rows)


def _format_labels(figures: Mapping[str, Mapping[str, int]]) -> str:
    """What translated and spun documents are called."""
    columns = [name for name in next(iter(figures.values())) if name != "documents"]
    rows = [
        [kind, f"{row['documents']:,}", *(f"{row[name]:,}" for name in columns)]
        for kind, row in figures.items()
    ]
    title = "## Labels of machine documents, on the test split"
    return f"{title}\n\n" + format_table(["what", "documents", *columns], rows)


def _format_sentences(figures: Mapping[str, Any]) -> str:
    rows = [
        [name, _figure(row["auroc"]), _figure(row["pair ranked rightly"])]
        for name, row in figures.items()
        if isinstance(row, dict)
    ]
    title = f"## One sentence\n\nNews round trip against its original, {figures['pairs']:,} pairs."
    return f"{title}\n\n" + format_table(["evidence", "AUROC", "pair ranked rightly"], rows)


def _format_fit(figures: Mapping[str, Any]) -> str:
    rows = [[name, f"{row['documents']:,}", f"{row['auroc']:.3f}"] for name, row in figures.items()]
    header = ["what, against all human articles", "documents", "AUROC"]
    return "## Out of fold, on the development split\n\n" + format_table(header, rows)


def _format_comparison(figures: Mapping[str, Any]) -> str:
    """A copy against its original, on the test split."""
    test = figures["test"]
    parts = {
        "all others": test,
        "all but other people's translations": test["without other people's translations"],
    }
    lines = []
    for name, part in parts.items():
        auroc = part["auroc"] and {
            "value": part["auroc"], "low": part["auroc_interval"][0],
            "high": part["auroc_interval"][1],
        }  # fmt: skip
        lines.append(
            f"Machine-rewritten against {name}: AUROC {_figure(auroc, 4)}; "
            f"flagged {_percent(part['machine_flagged'])} of {part['machine']:,} rewritten pairs "
            f"and {_percent(part['others_flagged'])} of {part['others']:,} others."
        )
    return "\n\n".join(
        [
            "## A copy against its original, on the test split",
            *lines,
            _format_relations(test["by_group"]),
            *_format_excerpts(test.get("excerpts", ())),
        ]
    )


def _format_excerpts(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How many excerpts of pairs are flagged, by the words that are compared."""
    if rows:
        lengths = [name for name in rows[0] if name != "kind"]
        yield "Both texts cut to the same sentences: flagged at 0.5 %, by words that are compared."
        counts = [[row["kind"], *(_say_share(*row[name]) for name in lengths)] for row in rows]
        yield format_table(["excerpts of", *lengths], counts)


def _say_share(pairs: int, flagged: int) -> str:
    return f"{flagged:,} of {pairs:,}" if pairs else DASH


def _format_relations(groups: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            name,
            f"{row['pairs']:,}",
            _percent(row["flagged"]),
            _percent(row["said right"]),
            DASH if row["direction right"] is None else _percent(row["direction right"]),
        ]
        for name, row in groups.items()
    ]
    header = [
        "relation / made from", "pairs", "flagged at 0.5 %", "relation said right",
        "direction right",
    ]  # fmt: skip
    return format_table(header, rows)


def _format_artifacts(figures: Mapping[str, Any]) -> str:
    """Spans shown without the original, on the test split."""
    rows = []
    experts = {f"experts' marks, {k}": v for k, v in figures.get("experts", {}).items()}
    shown = {k: v for k, v in figures.items() if k != "experts"}
    for name, row in {**shown, **experts}.items():
        if "f1" in row:
            cells = [DASH if row[k] is None else f"{row[k]:.2f}" for k in _SPAN_FIGURES]
        else:
            cells = [f"{row['spans per 500 words']:.2f} spans in 500 words", DASH, DASH]
        rows.append([name, f"{row['documents']:,}", *cells])
    return "## Spans, without the original, by characters, on the test split\n\n" + format_table(
        ["documents, setting", "documents", "precision", "recall", "F1"], rows
    )


def _format_false_positives(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    table = []
    for row in rows:
        cells = [str(row["outlet"]), f"{row['articles']:,}"]
        for rate in VERDICT_RATES:
            share, bound = row.get(f"share at {rate:g}"), row.get(f"bound at {rate:g}")
            cells.append(
                DASH
                if share is None or bound is None
                else f"{_percent(share)} (≤ {_percent(bound)})"
            )
        table.append(cells)
    header = ["human texts", "articles", *(f"at {_percent(r)}" for r in VERDICT_RATES)]
    return f"## {title}\n\n" + format_table(header, table)


def _figure(value: Mapping[str, float] | None, places: int = 3) -> str:
    if value is None:
        return DASH
    middle, low, high = (f"{value[name]:.{places}f}" for name in ("value", "low", "high"))
    return f"{middle} [{low}, {high}]"


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{float(f'{100 * value:.2g}'):g} %"
