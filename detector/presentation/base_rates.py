"""How many flags are right: a model's measured rates, worked out for a stream of articles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BASE_RATES = (0.5, 0.1, 0.01, 0.001)
"""Shares of machine-made articles for which the table is worked out unless others are given."""

#: The model card tells what is found of machine documents at this rate alone.
FOUND_AT = 0.01


@dataclass(frozen=True)
class MeasuredRates:
    """What a model card tells about flags at one rate.

    Attributes:
        mistaken: share of human articles that are flagged.
        articles: how many human articles that was measured on.
        upper_bound: 95 % bound on that share.
        found: by kind of machine document, the share that is flagged.
    """

    mistaken: float
    articles: int
    upper_bound: float
    found: Mapping[str, float]


@dataclass(frozen=True)
class RightFlags:
    """One kind of machine document: how many flags are right at each base rate.

    Attributes:
        kind: what was done to the articles.
        found: share of them that is flagged.
        right: by base rate, the share of flags that are right.
    """

    kind: str
    found: float
    right: Mapping[float, float]


def read_measured_rates(model_card: Mapping[str, Any], rate: float) -> MeasuredRates | None:
    """The rates that a card holds; None where it holds no threshold at this rate.

    Args:
        model_card: `Manifest.to_dict()` of the model.
        rate: share of human articles that may be flagged by mistake.
    """
    record = (model_card.get("thresholds") or {}).get(f"{rate:g}") or {}
    if not record.get("articles") or not {"flagged", "upper_bound"} <= record.keys():
        return None
    return MeasuredRates(
        record["flagged"] / record["articles"],
        record["articles"],
        record["upper_bound"],
        dict(_find_shares(model_card)) if rate == FOUND_AT else {},
    )


def _find_shares(model_card: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """What is found of each kind; rows that are a part of the row above are left out."""
    documents = (model_card.get("figures") or {}).get("documents") or {}
    for kind, row in documents.items():
        if row.get("tpr") and not kind.startswith("–"):
            yield kind, row["tpr"]["value"]


def find_share_right(base_rate: float, found: float, mistaken: float) -> float:
    """The share of flags that are right (Bayes' theorem); 0 where nothing is flagged.

    Args:
        base_rate: share of articles that are machine-made.
        found: share of these that are flagged.
        mistaken: share of the others that are flagged.

    Raises:
        ValueError: one of them is no share.
    """
    for name, share in (("base_rate", base_rate), ("found", found), ("mistaken", mistaken)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {share}")
    rightly = base_rate * found
    flagged = rightly + (1 - base_rate) * mistaken
    return rightly / flagged if flagged else 0.0


def work_out(
    found: Mapping[str, float], mistaken: float, base_rates: Iterable[float] = BASE_RATES
) -> list[RightFlags]:
    """For each kind of machine document, how many flags are right at each base rate.

    Args:
        found: by kind, the share that is flagged.
        mistaken: share of human articles that are flagged.
        base_rates: shares of articles that are machine-made.
    """
    rates = list(base_rates)
    return [
        RightFlags(kind, share, {r: find_share_right(r, share, mistaken) for r in rates})
        for kind, share in found.items()
    ]


def say_base_rate(rate: float) -> str:
    """A share as "1 in so many", where it is about that."""
    if not 0 < rate <= 1:
        return f"{rate:g}"
    many = 1 / rate
    is_about_that = abs(many - round(many)) < 0.005 * many and (round(many) > 1 or rate == 1)
    return f"1 in {many:,.0f}" if is_about_that else f"{100 * rate:g} %"


def say_right(share: float) -> str:
    """A share of flags, of a hundred; never all, and never none of some."""
    if share in (0, 1):
        return f"{100 * share:.0f}"
    return f"{min(max(100 * share, 1), 99):.0f}" if share >= 0.005 else "under 1"


def format_rows(rows: Sequence[RightFlags]) -> list[list[str]]:
    """The rows as text: kind, share found, and of a hundred flags those right at each base rate."""
    from detector.presentation.wording import format_percent

    return [
        [row.kind, format_percent(row.found), *(say_right(share) for share in row.right.values())]
        for row in rows
    ]
