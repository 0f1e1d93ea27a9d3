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

Files are read in batches. Counts are of all rows; distributions are of at most `SAMPLE` rows, drawn
evenly with a fixed seed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.errors import DetectorError

Floats = npt.NDArray[np.float64]

#: Rows of which distributions are measured: with so many D is certain to within .006.
SAMPLE = 100_000
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
#: The reason codes of `Verdict.reason` that are no failure.
REASONS = ("too short", "not English", "empty")

_BATCH = 50_000
# Rows by which columns are known: here the texts that articles carry along are read too.
_FIRST = 1_000
_BINS = 10
_SHOWN_BINS = 20
_SEED = 7
_TEXT = ("label", "relation", "language", "reason", "error", "signature")
_CATEGORIES = ("label", "relation", "language")
# An id says nothing, and a threshold nothing that the words do not.
_NO_MEASURE = ("id", "row", "threshold")
# Figures of a model: what another model says of the same articles is no movement.
_SCORES = ("flagged", "label", "relation")
#: A share under this in both streams gets no row of its own (languages, mostly).
_RARE = 0.01
_NO_MODEL = "unknown"


class DriftError(DetectorError):
    """Scored articles that cannot be compared; the message names the file."""


# --------------------------------------------------------------------------------------
# Reading
# --------------------------------------------------------------------------------------


@dataclass
class Stream:
    """What is known of one file of scored articles.

    Attributes:
        name: the file.
        rows: all of its rows.
        counts: how many rows have each property, such as ``flagged`` or ``label spun``.
        judged: rows with a probability.
        models: how many rows each model and setting scored.
        numbers: column → values of the sampled rows, NaN where there is none.
    """

    name: str
    rows: int = 0
    judged: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, Floats] = field(default_factory=dict)


def read_stream(path: Path, numbers: Collection[str]) -> Stream:
    """Read scored articles, a batch at a time.

    Args:
        path: .parquet, .csv, .jsonl or .ndjson, as ``detector score`` writes it.
        numbers: the numeric columns to sample.

    Raises:
        DriftError: the file cannot be read, has no rows, or is no output of ``detector score``.
    """
    stream = Stream(str(path))
    rng = np.random.default_rng(_SEED)
    keys = np.empty(0)
    kept = pd.DataFrame(columns=list(numbers), dtype=np.float64)
    for batch in _iterate_batches(path, numbers):
        _count_batch(batch, stream)
        # The rows with the smallest of random keys are a sample of all rows, however they come.
        keys = np.concatenate([keys, rng.random(len(batch))])
        own = pd.DataFrame({name: _to_numbers(batch, name) for name in numbers}, index=batch.index)
        kept = pd.concat([kept, own], ignore_index=True) if len(kept) else own
        if len(keys) > SAMPLE:
            chosen = np.argpartition(keys, SAMPLE)[:SAMPLE]
            keys, kept = keys[chosen], kept.iloc[chosen]
    if not stream.rows:
        raise DriftError(f"{path}: has no rows")
    stream.numbers = {name: kept[name].to_numpy(dtype=np.float64) for name in numbers}
    return stream


def _to_numbers(batch: pd.DataFrame, name: str) -> Floats:
    if name not in batch.columns:
        return np.full(len(batch), np.nan)
    return pd.to_numeric(batch[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _count_batch(batch: pd.DataFrame, stream: Stream) -> None:
    probability = pd.Series(_to_numbers(batch, "probability"))
    judged = probability.notna()
    stream.rows += len(batch)
    stream.judged += int(judged.sum())
    codes = _read_codes(batch)
    flagged = batch["flagged"].astype("string").str.lower().isin(["true", "1", "1.0"])
    stream.counts["flagged"] += int(flagged.sum())
    for code in REASONS:
        stream.counts[code] += int((codes == code).sum())
    stream.counts["failed"] += int((~judged & ~codes.isin(REASONS)).sum())
    for name in _CATEGORIES:
        if name in batch.columns:
            for value, count in batch[name].dropna().astype(str).value_counts().items():
                stream.counts[f"{name} {value}"] += int(count)
    if "signature" in batch.columns:
        signatures = batch["signature"][judged.to_numpy()].fillna("").astype(str)
        for signature, count in signatures.value_counts().items():
            stream.models[_name_model(str(signature))] += int(count)


def _read_codes(batch: pd.DataFrame) -> pd.Series:
    """The part of each row's reason that programs compare, "" where there is none."""
    if "reason" not in batch.columns:
        return pd.Series("", index=range(len(batch)))
    reasons = batch["reason"].fillna("").astype(str).str.split(":", n=1).str[0]
    return reasons.reset_index(drop=True)


def _name_model(signature: str) -> str:
    """A signature without the threshold, which differs from text to text."""
    parts = dict(part.split(":", 1) for part in signature.split("|") if ":" in part)
    if "model" not in parts:
        return _NO_MODEL
    rate = parts.get("threshold", "").partition("@")[2].removeprefix("fpr")
    return f"{parts['model']}, version {parts.get('detector', '?')}" + (
        f", at {_percent(float(rate))} false positives" if rate else ""
    )


def list_numbers(path: Path, ignore: Collection[str] = ()) -> list[str]:
    """The numeric columns of a file that may be measured.

    Raises:
        DriftError: the file cannot be read, or is no output of ``detector score``.
    """
    first = next(iter(_iterate_batches(path, None)), None)
    if first is None or not len(first):
        raise DriftError(f"{path}: has no rows")
    left_out = {*_NO_MEASURE, *_TEXT, "flagged", *ignore}
    return [
        name
        for name in first.columns
        if name not in left_out
        and not name.endswith("_id")
        and not pd.api.types.is_bool_dtype(first[name])
        and (pd.api.types.is_numeric_dtype(first[name]) or name in ("probability", "words"))
    ]


def _iterate_batches(path: Path, numbers: Collection[str] | None) -> Iterator[pd.DataFrame]:
    """The rows in batches: columns that are used, or all of them where `numbers` is None."""
    readers = {
        ".parquet": _iterate_parquet,
        ".csv": _iterate_csv,
        ".jsonl": _iterate_json_lines,
        ".ndjson": _iterate_json_lines,
    }
    read = readers.get(path.suffix.lower())
    if read is None:
        raise DriftError(f"{path}: give an output of detector score as .parquet, .csv or .jsonl")
    used = None if numbers is None else {*numbers, *_TEXT, "probability", "flagged"}
    try:
        for batch in read(path, used):
            for name in ("probability", "flagged"):
                if name not in batch.columns:
                    raise DriftError(
                        f"{path}: has no column {name!r}: give an output of detector score; it "
                        f"has {', '.join(map(repr, batch.columns[:12]))}"
                    )
            yield batch
    except (OSError, ValueError) as error:
        raise DriftError(f"{path}: cannot be read: {error}") from error


def _iterate_parquet(path: Path, used: set[str] | None) -> Iterator[pd.DataFrame]:
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise DriftError(
            f"{path}: reading Parquet needs pyarrow: pip install 'mt-artifact-detector[batch]'"
        ) from error
    with path.open("rb") as file:
        try:
            source = ParquetFile(file)
            present = source.schema_arrow
            # Texts that scored articles may carry along stay on the disk.
            chosen = [
                name
                for name in present.names
                if (name in used if used is not None else _is_small(present.field(name).type))
            ]
            rows = _FIRST if used is None else _BATCH
            for batch in source.iter_batches(rows, columns=chosen):
                yield batch.to_pandas()
        except pyarrow.ArrowException as error:
            raise DriftError(f"{path}: not Parquet that can be read: {error}") from error


def _is_small(kind: Any) -> bool:
    from pyarrow import types

    numeric = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    return bool(numeric or types.is_null(kind))


def _iterate_csv(path: Path, used: set[str] | None) -> Iterator[pd.DataFrame]:
    columns = None if used is None else used.__contains__
    with pd.read_csv(
        path,
        usecols=columns,
        chunksize=_FIRST if used is None else _BATCH,
        low_memory=False,
        encoding="utf-8",
    ) as reader:
        yield from reader


def _iterate_json_lines(path: Path, used: set[str] | None) -> Iterator[pd.DataFrame]:
    most = _FIRST if used is None else _BATCH
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DriftError(f"{path}: row {number}: not JSON: {error}") from error
            if not isinstance(row, dict):
                raise DriftError(f"{path}: row {number}: not an object with named fields")
            rows.append({k: v for k, v in row.items() if used is None or k in used})
            if len(rows) == most:
                yield pd.DataFrame(rows)
                rows = []
    if rows:
        yield pd.DataFrame(rows)


# --------------------------------------------------------------------------------------
# Measuring
# --------------------------------------------------------------------------------------


def measure_psi(baseline: Floats, current: Floats) -> tuple[float, float]:
    """Population stability index over tenths of the baseline, and what chance alone may give.

    Args:
        baseline: values without NaN.
        current: the same of the other stream.

    Returns:
        The index, and the 95 % quantile of its distribution where nothing moved.
    """
    from scipy.stats import chi2

    edges = np.unique(np.quantile(baseline, np.linspace(0, 1, _BINS + 1)[1:-1]))
    shares = []
    for values in (baseline, current):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        # Half a row in each bin, since an empty one would make the index infinite.
        shares.append((counts + 0.5) / (len(values) + 0.5 * len(counts)))
    index = float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
    scale = 1 / len(baseline) + 1 / len(current)
    return index, float(chi2.ppf(0.95, max(1, len(edges))) * scale)


def measure_ks(baseline: Floats, current: Floats) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance, 0 to 1, and what chance alone may give (95 %)."""
    both = np.sort(np.concatenate([baseline, current]))
    below = [np.searchsorted(np.sort(v), both, side="right") / len(v) for v in (baseline, current)]
    critical = 1.358 * np.sqrt(1 / len(baseline) + 1 / len(current))
    return float(np.abs(below[1] - below[0]).max()), float(critical)


def bound_difference(
    first: int, first_rows: int, second: int, second_rows: int
) -> tuple[float, float]:
    """95 % interval of the second share less the first (Newcombe 1998, method 10)."""
    from scipy.stats import binomtest

    p, q = first / first_rows, second / second_rows
    a, b = (
        binomtest(count, rows).proportion_ci(0.95, method="wilson")
        for count, rows in ((first, first_rows), (second, second_rows))
    )
    difference = q - p
    low = difference - float(np.hypot(q - b.low, a.high - p))
    high = difference + float(np.hypot(b.high - q, p - a.low))
    return low, high


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


# --------------------------------------------------------------------------------------
# Comparing
# --------------------------------------------------------------------------------------


def compare_streams(baseline: Path, current: Path, ignore: Collection[str] = ()) -> dict[str, Any]:
    """Whether the articles in `current` are scored otherwise than those in `baseline`.

    Args:
        baseline: an output of ``detector score``: .parquet, .csv, .jsonl or .ndjson.
        current: a later one.
        ignore: columns to leave out.

    Returns:
        ``answer`` in words, ``moved``, ``movements`` and ``notes`` (sentences), ``comparable``
        (whether one model scored both), ``baseline`` and ``current`` (file, rows, models),
        ``distributions`` by column, ``shares`` by property, and ``thresholds``. Ready for JSON.

    Raises:
        DriftError: a file cannot be read or is no output of ``detector score``.
    """
    known = set(list_numbers(current, ignore))
    numbers = [name for name in list_numbers(baseline, ignore) if name in known]
    a, b = read_stream(baseline, numbers), read_stream(current, numbers)
    comparable = len(a.models) == len(b.models) <= 1 and set(a.models) == set(b.models)
    distributions = {
        name: row
        for name in numbers
        if (row := _compare_numbers(a.numbers[name], b.numbers[name])) is not None
    }
    shares = _compare_shares(a, b, ignore)
    measured = {**shares, **distributions}
    for name, row in measured.items():
        row["comparable"] = comparable or not _is_score(name)
        row["moved"] = row["moved"] and row["comparable"]
    movements = [_describe(name, row) for name, row in measured.items() if row["moved"]]
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


def _is_score(name: str) -> bool:
    """Whether a column or share is what a model says, not what the article is."""
    return "probability" in name or name.split(" ")[0] in _SCORES


def _compare_shares(a: Stream, b: Stream, ignore: Collection[str]) -> dict[str, dict[str, Any]]:
    fixed = ["flagged", *REASONS, "failed"]
    others = sorted((set(a.counts) | set(b.counts)) - set(fixed))
    rows = {}
    for name in [*fixed, *others]:
        # A label is a share of what was judged; all else of all rows.
        whole = (a.judged, b.judged) if name.startswith("label ") else (a.rows, b.rows)
        common = max(a.counts[name] / max(1, whole[0]), b.counts[name] / max(1, whole[1])) >= _RARE
        if min(whole) and name.split(" ")[0] not in ignore and (name in fixed or common):
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
        f"{name} {_percent(row['baseline'])} → {_percent(row['current'])} "
        f"({100 * row['low']:+.2g} to {100 * row['high']:+.2g} points)"
    )


def _answer(a: Stream, b: Stream, comparable: bool, movements: Sequence[str]) -> str:
    first = ""
    if not comparable:
        first = (
            f"Not scored alike ({_name_models(a)} against {_name_models(b)}): their scores cannot "
            "be compared; score both with one model. As for the articles: "
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
        if not stream.models:
            yield f"{stream.name} does not say which model scored it"


def _describe_stream(stream: Stream) -> dict[str, Any]:
    return {
        "file": stream.name,
        "rows": stream.rows,
        "judged": stream.judged,
        "models": dict(stream.models.most_common()),
    }


# --------------------------------------------------------------------------------------
# As text
# --------------------------------------------------------------------------------------


def format_drift(result: Mapping[str, Any]) -> str:
    """What `compare_streams` returned, for people: the answer first, then the figures."""
    lines = [result["answer"], ""]
    lines += [f"note: {note}" for note in result["notes"]]
    for side in ("baseline", "current"):
        stream = result[side]
        models = ", ".join(stream["models"]) or "no model named"
        lines.append(f"{side}: {stream['file']}, {stream['rows']:,} rows, {models}")
    lines += ["", *_align(_tabulate_shares(result["shares"]))]
    lines += ["", *_align(_tabulate_distributions(result["distributions"]))]
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
            _percent(row["baseline"]),
            _percent(row["current"]),
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


def _align(table: Iterator[Sequence[str]]) -> Iterator[str]:
    rows = list(table)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _percent(share: float) -> str:
    return f"{float(f'{100 * share:.3g}'):g} %"
