"""Sample and count a file of scored articles."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.errors import DetectorError, MissingPackageError

try:
    import pandas as pd
except ImportError as error:
    raise MissingPackageError("comparing scored articles", "pandas", "batch") from error

Floats = npt.NDArray[np.float64]

#: Rows of which distributions are measured: with so many D is certain to within .006.
SAMPLE = 100_000

#: The reason codes of `Verdict.reason` that are no failure.
REASONS = ("too short", "not English", "empty")

_BATCH = 50_000

# Rows by which columns are known: here the texts that articles carry along are read too.
_FIRST = 1_000

_SEED = 7

_TEXT = ("label", "relation", "language", "reason", "error", "signature")

_CATEGORIES = ("label", "relation", "language")

# An id says nothing, and a threshold nothing that the words do not.
_NO_MEASURE = ("id", "row", "threshold")

_NO_MODEL = "unknown"


class DriftError(DetectorError):
    """Scored articles that cannot be compared; the message names the file."""


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
        f", at {format_share(float(rate))} false positives" if rate else ""
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
            f"{path}: reading Parquet needs pyarrow: pip install 'mt-artifact-detector[parquet]'"
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


def format_share(share: float) -> str:
    return f"{float(f'{100 * share:.3g}'):g} %"
