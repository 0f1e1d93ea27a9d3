"""A comparison of two streams of scored articles as text: the answer, and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from detector.monitoring.streams import format_share
from detector.presentation.tables import align_columns


def format_drift(result: Mapping[str, Any]) -> str:
    """What `compare_streams` returned, for people: the answer first, then the figures."""
    lines = [result["answer"], ""]
    lines += [f"note: {note}" for note in result["notes"]]
    for side in ("baseline", "current"):
        stream = result[side]
        models = ", ".join(stream["models"]) or "no model named"
        apart = f" ({stream['quarantined']:,} quarantined)" if stream["quarantined"] else ""
        lines.append(f"{side}: {stream['file']}, {stream['rows']:,} rows{apart}, {models}")
    lines += ["", *align_columns(_tabulate_shares(result["shares"]))]
    lines += ["", *align_columns(_tabulate_distributions(result["distributions"]))]
    limits = result["thresholds"]
    lines += [
        "",
        f"Counted as movement, where beyond chance (95 %): PSI from {limits['psi']:g} (large: "
        f"{limits['psi_large']:g}) or D from {limits['ks']:g}; a share by Cohen's h from "
        f"{limits['cohens_h']:g}, or that is {limits['ratio']:g} times as large or small and "
        f"{100 * limits['ratio_least_difference']:g} points off.",
    ]
    return "\n".join(lines)


def _tabulate_shares(shares: Mapping[str, Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    yield ["share", "baseline", "current", "difference in points, 95 %", "h", ""]
    for name, row in shares.items():
        yield [
            name,
            format_share(row["baseline"]),
            format_share(row["current"]),
            f"{100 * row['difference']:+.2f} [{100 * row['low']:+.2f}, {100 * row['high']:+.2f}]",
            f"{row['cohens_h']:+.2f}",
            _name_state(row),
        ]


def _tabulate_distributions(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    yield ["column", "median before", "after", "PSI (by chance)", "D (by chance)", ""]
    for name, row in rows.items():
        before, after = row["medians"]
        yield [
            name,
            f"{before:.4g}",
            f"{after:.4g}",
            f"{row['psi']:.3f} ({row['psi_by_chance']:.3f})",
            f"{row['ks']:.3f} ({row['ks_by_chance']:.3f})",
            _name_state(row),
        ]


def _name_state(row: Mapping[str, Any]) -> str:
    if not row["comparable"]:
        return "not comparable"
    return ("moved much" if row.get("large") else "moved") if row["moved"] else ""
