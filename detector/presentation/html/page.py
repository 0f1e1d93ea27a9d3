"""The page around a report: its limits, its policy, what its guide says was measured."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

from markupsafe import Markup

from detector.io.atomic_files import replace_whole
from detector.presentation.base_rates import (
    BASE_RATES,
    format_rows,
    read_measured_rates,
    say_base_rate,
    work_out,
)
from detector.presentation.html.rendering import render
from detector.version import __version__

SIZE_LIMIT = 5_000_000
"""Bytes that no page exceeds."""

# What a page shows at most, so that none of them exceeds `SIZE_LIMIT` (see the tests).
TEXT_LIMIT = 250_000

SPAN_LIMIT = 1_000

BAR_LIMIT = 1_500


def write_page(
    target: str | os.PathLike[str] | TextIO,
    template: str,
    *,
    signatures: Iterable[str],
    rates: Iterable[float],
    pair_rates: Iterable[float] = (),
    model_card: Mapping[str, Any] | None,
    **values: object,
) -> None:
    """Fill a template that extends ``page.html``, and write the page.

    Args:
        target: a text stream, or a file that is put in place when all of it is written.
        template: the file under ``templates``.
        signatures: of the models whose figures the page shows.
        rates: shares of false positives at which its texts were flagged.
        pair_rates: likewise for copies beside their originals.
        model_card: `Manifest.to_dict()` of the model, for its measured false positives.
        values: what the template names, the title among them.
    """
    style, script = read_asset("report.css"), read_asset("report.js")
    page = render(
        template,
        version=__version__,
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        signatures=[signature for signature in signatures if signature],
        measured=[_find_measured(model_card or {}, rate) for rate in rates],
        measured_pairs=[
            found for rate in pair_rates if (found := _find_measured_pairs(model_card or {}, rate))
        ],
        **values,
    )
    if isinstance(target, str | os.PathLike):
        with replace_whole(Path(target)) as stream:
            stream.write(page.encode())
    else:
        target.write(page)


@dataclass(frozen=True)
class _Outlet:
    """False positives on the articles of one source, which training had left out."""

    name: str
    articles: int
    share: float
    bound: float


@dataclass(frozen=True)
class _Measured:
    """What a model card tells of flags at one rate; None where it tells nothing.

    `right` has a row for each kind of machine text: its name, the share that is flagged, and for
    each of `bases` how many of 100 flags are right.
    """

    rate: float
    articles: int | None
    flagged: int | None
    upper_bound: float | None
    outlets: list[_Outlet]
    bases: list[str]
    right: list[list[str]]


def _find_measured(model_card: Mapping[str, Any], rate: float) -> _Measured:
    record = (model_card.get("thresholds") or {}).get(f"{rate:g}") or {}
    if not {"articles", "flagged", "upper_bound"} <= record.keys():
        record = {}
    known = read_measured_rates(model_card, rate)
    right = work_out(known.found, known.mistaken) if known else []
    outlets = (model_card.get("figures") or {}).get("leave one register out") or ()
    share, bound = f"share at {rate:g}", f"bound at {rate:g}"
    return _Measured(
        rate=rate,
        articles=record.get("articles"),
        flagged=record.get("flagged"),
        upper_bound=record.get("upper_bound"),
        outlets=[
            _Outlet(str(outlet["outlet"]), outlet["articles"], outlet[share], outlet[bound])
            for outlet in outlets
            if outlet.get(share) is not None and outlet.get(bound) is not None
        ],
        bases=[say_base_rate(base) for base in BASE_RATES],
        right=format_rows(right),
    )


@dataclass(frozen=True)
class _MeasuredPairs:
    """What a model card tells of other pairs that were flagged at a rate of comparisons."""

    rate: float
    pairs: int
    flagged: int
    upper_bound: float


def _find_measured_pairs(model_card: Mapping[str, Any], rate: float) -> _MeasuredPairs | None:
    comparison = (model_card.get("figures") or {}).get("comparison") or {}
    needed = {"false_positive_rate", "other_pairs", "flagged", "upper_bound"}
    # Short pairs and long ones have thresholds of their own.
    records = [
        record
        for record in comparison.get("thresholds") or ()
        if needed <= record.keys() and record["false_positive_rate"] == rate
    ]
    if not records:
        return None
    pairs, flagged = (sum(r[name] for r in records) for name in ("other_pairs", "flagged"))
    return _MeasuredPairs(rate, pairs, flagged, max(r["upper_bound"] for r in records))


@cache
def read_asset(name: str) -> str:
    """A file under ``assets``: a style sheet or a script."""
    return files("detector.presentation.html").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
