"""Has a stream of scored articles moved? Two outputs of ``detector score`` against each other.

With millions of rows every difference is significant, and with a hundred none is certain. So a
difference counts where it is both large enough to matter and beyond what chance gives. What is
large enough:

- Distributions: a population stability index (PSI) of 0.1, and large from 0.25, as is usual
  (Siddiqi 2006, Credit Risk Scorecards), over ten bins that hold a tenth of the baseline each; or
  a Kolmogorov-Smirnov distance of 0.1: a tenth of the articles lies on the other side of some
  value (this package's choice).
- Shares: Cohen's h of 0.2, a small effect (Cohen 1988, Statistical Power Analysis), or a share
  that doubled or halved, by at least half a percentage point (this package's choice).

What is beyond chance, at 95 %: PSI above the quantile of its null distribution (Yurdakul and
Naranjo 2020, Statistical properties of the population stability index), D above its critical value
(Smirnov 1948), and an interval of the shares' difference without 0 (Newcombe 1998, method 10).

Files are read a row at a time. Counts are of all rows; distributions are of at most `SAMPLE` rows,
drawn evenly with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detector.monitoring.statistics import Floats, bound_difference, measure_ks, measure_psi
from detector.monitoring.streams import (
    REASONS,
    SAMPLE,
    SCORES,
    DriftError,
    FileColumns,
    Stream,
    find_quarantine,
    format_share,
    read_columns,
    read_stream,
)

#: Fewer rows than this seldom tell anything; the answer says so.
FEW_ROWS = 200

PSI_MOVED, PSI_LARGE = 0.1, 0.25

KS_MOVED = 0.1

EFFECT_MOVED = 0.2

RATIO_MOVED, DIFFERENCE_MOVED = 2.0, 0.005

THRESHOLDS = {
    "psi": PSI_MOVED,
    "psi_large": PSI_LARGE,
    "ks": KS_MOVED,
    "cohens_h": EFFECT_MOVED,
    "ratio": RATIO_MOVED,
    "ratio_least_difference": DIFFERENCE_MOVED,
    "confidence": 0.95,
}

_SHOWN_BINS = 20

# Shares that are told of every stream; the others are named by their kind first: "label spun".
_FIXED_SHARES = ("flagged", *REASONS, "failed")

# Kinds of shares that a model decides, as it does the columns `SCORES`.
_SCORED_SHARES = ("flagged", "label", "relation")

#: A share under this in both streams gets no row of its own (languages, mostly).
_RARE = 0.01


class UnknownColumnError(DriftError):
    """A column that is to be left out is in neither file.

    Attributes:
        name: what was given.
        known: the columns that there are.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no column {name!r} to leave out: there are {', '.join(known)}")
        self.name = name
        self.known = known


def _compare_numbers(baseline: Floats, current: Floats) -> dict[str, Any] | None:
    """One column of both streams; None where one of them has too few values."""
    a, b = (values[np.isfinite(values)] for values in (baseline, current))
    if min(len(a), len(b)) < 2:
        return None
    psi, psi_noise = measure_psi(a, b)
    ks, ks_noise = measure_ks(a, b)
    moved = (psi >= PSI_MOVED and psi > psi_noise) or (ks >= KS_MOVED and ks > ks_noise)
    low, high = np.quantile(np.concatenate([a, b]), [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, _SHOWN_BINS + 1)
    shares = [(np.histogram(np.clip(v, low, high), edges)[0] / len(v)).round(5) for v in (a, b)]
    return {
        "rows": [len(a), len(b)],
        "psi": round(psi, 4),
        "psi_by_chance": round(psi_noise, 4),
        "ks": round(ks, 4),
        "ks_by_chance": round(ks_noise, 4),
        "medians": [round(float(np.median(v)), 4) for v in (a, b)],
        "means": [round(float(np.mean(v)), 4) for v in (a, b)],
        "moved": moved,
        "large": psi >= PSI_LARGE and psi > psi_noise,
        "histogram": {
            "edges": edges.round(5).tolist(),
            "baseline": shares[0].tolist(),
            "current": shares[1].tolist(),
        },
    }


def _compare_share(first: int, first_rows: int, second: int, second_rows: int) -> dict[str, Any]:
    p, q = first / first_rows, second / second_rows
    low, high = bound_difference(first, first_rows, second, second_rows)
    effect = 2 * (np.arcsin(np.sqrt(q)) - np.arcsin(np.sqrt(p)))
    difference = q - p
    far = abs(difference) >= DIFFERENCE_MOVED and max(p, q) >= RATIO_MOVED * min(p, q)
    return {
        "baseline": round(p, 5),
        "current": round(q, 5),
        "difference": round(difference, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "cohens_h": round(float(effect), 4),
        "moved": bool((abs(effect) >= EFFECT_MOVED or far) and (low > 0 or high < 0)),
    }


def compare_streams(
    baseline: Path,
    current: Path,
    ignore: Collection[str] = (),
    *,
    quarantines: tuple[Path | None, Path | None] = (None, None),
) -> dict[str, Any]:
    """Whether the articles in `current` are scored otherwise than those in `baseline`.

    Args:
        baseline: an output of ``detector score``: .parquet, .csv, .jsonl or another table.
        current: a later one.
        ignore: columns to leave out, or shares: "too short", "not English", "empty", "failed" and,
            for all of them, "note".
        quarantines: the inputs of either run that could not be scored; the file beside the output
            unless told, which `detector score` writes where there are such inputs.

    Returns:
        ``answer`` in words, ``moved``, ``movements`` and ``notes`` (sentences), ``comparable``
        (whether the same models scored both), ``baseline`` and ``current`` (file, rows, quarantine,
        models), ``distributions`` by column, ``shares`` by property, and ``thresholds``. Ready for
        JSON.

    Raises:
        DriftError: a file cannot be read or is no output of ``detector score``.
        UnknownColumnError: neither file has a column that is to be left out.
    """
    columns = read_columns(baseline), read_columns(current)
    _refuse_unknown(ignore, columns)
    known = set(columns[1].numbers).difference(ignore)
    numbers = [name for name in columns[0].numbers if name in known]
    a, b = (
        read_stream(path, numbers, quarantine or find_quarantine(path))
        for path, quarantine in zip((baseline, current), quarantines, strict=True)
    )
    comparable = _are_scored_alike(a, b)
    distributions = {
        name: row
        for name in numbers
        if (row := _compare_numbers(a.numbers[name], b.numbers[name])) is not None
    }
    shares = _compare_shares(a, b, ignore)
    for name, row in shares.items():
        _withhold(row, comparable or _find_kind(name) not in _SCORED_SHARES)
    for name, row in distributions.items():
        _withhold(row, comparable or name not in SCORES)
    # A column may be called like a share ("failed"): either is told.
    measured = [*shares.items(), *distributions.items()]
    movements = [_describe(name, row) for name, row in measured if row["moved"]]
    return {
        "answer": _answer(a, b, comparable, movements),
        "moved": bool(movements),
        "comparable": comparable,
        "movements": movements,
        "notes": list(_iterate_notes(a, b)),
        "baseline": _describe_stream(a),
        "current": _describe_stream(b),
        "distributions": distributions,
        "shares": shares,
        "thresholds": dict(THRESHOLDS),
    }


def _refuse_unknown(ignore: Collection[str], columns: Sequence[FileColumns]) -> None:
    """Refuse what is the name of no column and no share; of empty files no column is known."""
    known = list(dict.fromkeys(name for file in columns for name in file.names))
    if not known or any(file.may_have_more for file in columns):
        return
    for name in ignore:
        if name not in {*known, *_FIXED_SHARES, "note", "notes"}:
            raise UnknownColumnError(name, known)


def _are_scored_alike(a: Stream, b: Stream) -> bool:
    """Whether the same models scored both, as far as anything was scored.

    A second model is asked about few articles: that one of the streams lacks it may be chance.
    """
    if not (a.judged and b.judged) or a.models.keys() == b.models.keys():
        return True
    return bool(a.models.keys() & b.models.keys()) and all(
        _may_lack(name, a, b) for name in a.models.keys() ^ b.models.keys()
    )


def _may_lack(model: str, a: Stream, b: Stream) -> bool:
    """Whether it may be chance that a model scored some of one stream and none of the other."""
    low, high = bound_difference(a.models[model], a.judged, b.models[model], b.judged)
    return low <= 0 <= high


def _withhold(row: dict[str, Any], comparable: bool) -> None:
    """Say whether a row's two figures can be compared; if not, nothing moved."""
    row["comparable"] = comparable
    row["moved"] = row["moved"] and comparable


def _find_kind(share: str) -> str:
    """What a share is one of: "label spun" of the kind "label"; "too short" is a kind by itself."""
    return share if share in _FIXED_SHARES else share.split(" ")[0]


def _is_ignored(share: str, ignore: Collection[str]) -> bool:
    kind = _find_kind(share)
    return kind in ignore or (kind == "note" and "notes" in ignore)  # so the column is called


def _compare_shares(a: Stream, b: Stream, ignore: Collection[str]) -> dict[str, dict[str, Any]]:
    others = sorted((set(a.counts) | set(b.counts)).difference(_FIXED_SHARES))
    rows = {}
    for name in [*_FIXED_SHARES, *others]:
        # A label is a share of what was judged; all else of all rows.
        whole = (a.judged, b.judged) if name.startswith("label ") else (a.rows, b.rows)
        common = max(a.counts[name] / max(1, whole[0]), b.counts[name] / max(1, whole[1])) >= _RARE
        is_shown = name in _FIXED_SHARES or common
        if min(whole) and is_shown and not _is_ignored(name, ignore):
            rows[name] = _compare_share(a.counts[name], whole[0], b.counts[name], whole[1])
    return rows


def _describe(name: str, row: Mapping[str, Any]) -> str:
    if "psi" in row:
        way = "much " if row["large"] else ""
        before, after = row["medians"]
        return (
            f"{name} is {way}differently spread (median {before:.3g} → {after:.3g}; "
            f"PSI {row['psi']:.2f}, D {row['ks']:.2f})"
        )
    return (
        f"{name} {format_share(row['baseline'])} → {format_share(row['current'])} "
        f"({_format_points(row['low'])} to {_format_points(row['high'])} points)"
    )


def _format_points(difference: float) -> str:
    """A difference of shares in percentage points, of two digits; 100 is not "1e+02"."""
    return f"{float(f'{100 * difference:.2g}'):+g}"


def _answer(a: Stream, b: Stream, comparable: bool, movements: Sequence[str]) -> str:
    first = ""
    if not comparable:
        first = (
            f"Not scored alike ({_name_models(a)} against {_name_models(b)}): their scores cannot "
            "be compared; score both with one model. "
        )
    if movements:
        moved = f"The stream has moved: {'; '.join(movements)}."
    else:
        moved = "No movement that matters."
    return first + moved


def _name_models(stream: Stream) -> str:
    return " and ".join(sorted(stream.models)) or "no model named"


def _iterate_notes(a: Stream, b: Stream) -> Iterator[str]:
    for stream in (a, b):
        if stream.rows < FEW_ROWS:
            yield (
                f"{stream.name} has {stream.rows:,} rows: only large movements show; "
                f"give at least {FEW_ROWS}"
            )
        if stream.rows > SAMPLE:
            yield (
                f"{stream.name} has {stream.rows:,} rows: distributions are of {SAMPLE:,} of them, "
                "drawn evenly; shares of all"
            )
        if stream.judged and not stream.models:
            yield f"{stream.name} does not say which model scored it"


def _describe_stream(stream: Stream) -> dict[str, Any]:
    return {
        "file": stream.name,
        "rows": stream.rows,
        "quarantine": stream.quarantine,
        "quarantined": stream.quarantined,
        "judged": stream.judged,
        "models": dict(stream.models.most_common()),
    }
