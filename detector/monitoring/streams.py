"""Sample and count a file of scored articles, and what its run could not score."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from detector.batch.summary import name_kind
from detector.columns import name_columns
from detector.errors import DetectorError
from detector.io.tables import (
    Columns,
    TableFormat,
    UnreadableError,
    find_table_format,
    iterate_whole_rows,
)
from detector.monitoring.statistics import Floats

#: Rows of which distributions are measured: with so many D is certain to within .006.
SAMPLE = 100_000

#: The reason codes of `Verdict.reason` that are no failure.
REASONS = ("too short", "not English", "empty")

#: What ``detector score`` calls the file of the inputs that it could not score, beside its output.
QUARANTINE = ".quarantine.jsonl"

_BATCH = 50_000

# Rows by which it is known which columns are numeric.
_FIRST = 1_000

_SEED = 7

_TEXT = ("label", "relation", "language", "reason", "error", "signature", "notes")

_NEEDED = ("probability", "flagged")

_CATEGORIES = ("label", "relation", "language")

_OURS = name_columns(comparing=True)

# An id says nothing, and a threshold nothing that the model and the words do not.
_NO_MEASURE = ("id", "row", *(name for name in _OURS if name.endswith("threshold")))

_NO_NUMBERS = (*_TEXT, *(name for name, kind in _OURS.items() if kind not in (int, float)))

# Numbers that tell of the article itself, whichever model reads it.
_OF_ARTICLES = ("words", "original_score", "coverage")

#: Columns that hold what a model says: another one says something else of the same articles.
SCORES = frozenset(_OURS).difference(_NO_MEASURE, _NO_NUMBERS, _OF_ARTICLES)

_NO_MODEL = "unknown"


class DriftError(DetectorError):
    """Scored articles that cannot be compared; the message names the file."""


@dataclass
class Stream:
    """What is known of one file of scored articles.

    Attributes:
        name: the file.
        quarantine: the file of what could not be scored, if there is one.
        rows: all of its rows, and those of the quarantine.
        quarantined: those of the quarantine.
        counts: how many rows have each property, such as ``flagged`` or ``label spun``.
        judged: rows with a probability.
        models: how many rows each model and setting scored.
        numbers: column → values of the sampled rows, NaN where there is none.
    """

    name: str
    quarantine: str | None = None
    rows: int = 0
    quarantined: int = 0
    judged: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, Floats] = field(default_factory=dict)


def find_quarantine(path: Path) -> Path | None:
    """The quarantine that lies beside an output, if one does."""
    beside = path.with_name(path.name + QUARANTINE)
    return beside if beside.is_file() else None


def read_stream(path: Path, numbers: Sequence[str], quarantine: Path | None = None) -> Stream:
    """Read scored articles, a row at a time.

    Args:
        path: a table as ``detector score`` writes it, compressed perhaps.
        numbers: the numeric columns to sample.
        quarantine: JSON lines of the inputs of the same run that could not be scored.

    Raises:
        DriftError: a file cannot be read, there are no rows, or it is no output of
            ``detector score``.
    """
    used = {*numbers, *_TEXT, *_NEEDED}
    stream = Stream(str(path), None if quarantine is None else str(quarantine))
    sample = _Sample(len(numbers))
    kinds: Counter[_Kind] = Counter()
    for fields in _iterate_fields(path, lambda name, kind: name in used):
        kinds[_describe_row(fields)] += 1
        sample.add([_to_number(fields.get(name)) for name in numbers])
    if quarantine is not None:
        for fields in _iterate_quarantine(quarantine):
            kinds[_describe_row({**fields, "probability": None, "flagged": False})] += 1
            stream.quarantined += 1
    for kind, rows in kinds.items():
        _count_rows(kind, rows, stream)
    if not stream.rows:
        raise DriftError(f"{path}: has no rows")
    stream.numbers = dict(zip(numbers, sample.draw().T, strict=True))
    return stream


class _Sample:
    """At most `SAMPLE` rows, drawn evenly from all of a stream with a fixed seed.

    The rows with the smallest of random keys are a sample of all rows, however they come.
    """

    def __init__(self, columns: int) -> None:
        self._rng = np.random.default_rng(_SEED)
        self._keys = np.empty(0)
        self._kept = np.empty((0, columns))
        self._waiting: list[list[float]] = []

    def add(self, values: list[float]) -> None:
        """Take the next row."""
        self._waiting.append(values)
        if len(self._waiting) >= _BATCH:
            self._choose()

    def draw(self) -> Floats:
        """The rows that were drawn: (n, columns)."""
        self._choose()
        return self._kept

    def _choose(self) -> None:
        fresh = np.array(self._waiting).reshape(len(self._waiting), self._kept.shape[1])
        self._keys = np.concatenate([self._keys, self._rng.random(len(fresh))])
        self._kept = np.concatenate([self._kept, fresh])
        self._waiting = []
        if len(self._keys) > SAMPLE:
            chosen = np.argpartition(self._keys, SAMPLE)[:SAMPLE]
            self._keys, self._kept = self._keys[chosen], self._kept[chosen]


def _to_number(value: Any) -> float:
    """A value as a number, NaN where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


class _Kind(NamedTuple):
    """What is counted of a row; millions of rows are of a few hundred kinds."""

    judged: bool
    flagged: bool
    reason: str
    categories: tuple[Any, ...]
    notes: tuple[str, ...]
    model: str | None


def _describe_row(fields: Mapping[str, Any]) -> _Kind:
    judged = not math.isnan(_to_number(fields.get("probability")))
    return _Kind(
        judged,
        str(fields.get("flagged")).lower() in ("true", "1", "1.0"),
        name_kind(str(fields.get("reason") or "")),
        tuple(str(fields.get(name) or "") for name in _CATEGORIES),
        tuple(sorted({name_kind(note) for note in str(fields.get("notes") or "").split("; ")})),
        _name_model(str(fields["signature"] or "")) if judged and "signature" in fields else None,
    )


def _count_rows(kind: _Kind, rows: int, stream: Stream) -> None:
    stream.rows += rows
    stream.judged += rows * kind.judged
    stream.counts["flagged"] += rows * kind.flagged
    if kind.reason in REASONS:
        stream.counts[kind.reason] += rows
    elif not kind.judged:
        stream.counts["failed"] += rows
    if kind.reason and kind.reason not in REASONS:
        stream.counts[f"reason {kind.reason}"] += rows
    for note in filter(None, kind.notes):
        stream.counts[f"note {note}"] += rows
    for name, value in zip(_CATEGORIES, kind.categories, strict=True):
        if value:
            stream.counts[f"{name} {value}"] += rows
    if kind.model is not None:
        stream.models[kind.model] += rows


def _name_model(signature: str) -> str:
    """A signature without the threshold, which differs from text to text."""
    start, _, rest = signature.partition("|threshold:")
    return _describe_model(start, rest.partition("@")[2])


@lru_cache
def _describe_model(start: str, rate: str) -> str:
    parts = dict(part.split(":", 1) for part in start.split("|") if ":" in part)
    if "model" not in parts:
        return _NO_MODEL
    rate = rate.partition("|")[0].removeprefix("fpr")
    try:
        at = f", at {format_share(float(rate))} false positives" if rate else ""
    except ValueError:  # no signature of ours, or one that was cut
        return _NO_MODEL
    return f"{parts['model']}, version {parts.get('detector', '?')}{at}"


class FileColumns(NamedTuple):
    """The columns of a file of scored articles.

    Attributes:
        names: all that its header or first rows have; none where there is neither.
        numbers: the numeric ones, which may be measured.
        may_have_more: later rows may have others.
    """

    names: tuple[str, ...]
    numbers: tuple[str, ...]
    may_have_more: bool = False


def read_columns(path: Path) -> FileColumns:
    """The columns of a file, told by its header and its first rows.

    Args:
        path: a table as ``detector score`` writes it.

    Raises:
        DriftError: the file cannot be read, or is no output of ``detector score``.
    """
    form = _find_format(path)
    header: list[str] = []
    numeric: dict[str, bool] = {}
    rows = 0
    for fields in islice(_iterate_fields(path, _is_small, header.extend), _FIRST):
        rows += 1
        for name, value in fields.items():
            numeric[name] = numeric.get(name, True) and _may_be_number(value, form)
    names = tuple(dict.fromkeys([*header, *numeric]))
    if not rows:
        return FileColumns(names, ())
    _check_columns(path, list(numeric))
    left_out = {*_NO_MEASURE, *_NO_NUMBERS}
    numbers = (
        name
        for name, is_number in numeric.items()
        if name not in left_out
        and not name.endswith("_id")
        and (is_number or name in ("probability", "words"))
    )
    return FileColumns(names, tuple(numbers), not header and rows == _FIRST)


def _is_small(name: str, kind: type | None) -> bool:
    """Whether a column may be numeric: texts that articles carry along stay on the disk."""
    return kind in (None, bool, int, float, type(None))


def _may_be_number(value: Any, form: TableFormat) -> bool:
    """Whether a value is a number or missing, or spells one where all values are text."""
    if value is None or value == "":
        return True
    if isinstance(value, str):
        return not form.typed and not math.isnan(_to_number(value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _find_format(path: Path) -> TableFormat:
    form = find_table_format(path.name)
    if form is None:
        raise DriftError(f"{path}: give an output of detector score as .parquet, .csv or .jsonl")
    return form


def _pass_over(header: Sequence[str]) -> None:
    """A header that nobody asked for."""


def _iterate_fields(
    path: Path,
    wants: Callable[[str, type | None], bool],
    tell_header: Callable[[Sequence[str]], object] = _pass_over,
) -> Iterator[Mapping[str, Any]]:
    """The rows of a file, only the wanted columns of each; its header is told, if it has one."""
    form = _find_format(path)
    headers: list[Sequence[str]] = []

    def check(header: Sequence[str]) -> None:
        headers.append(header)
        tell_header(header)
        _check_columns(path, header)

    try:
        for row in iterate_whole_rows(path, Columns(_NEEDED, check, wants)):
            yield row.fields
    except UnreadableError as reason:
        raise DriftError(f"{path}: {reason}") from reason
    except OSError as error:
        raise DriftError(f"{path}: cannot be read: {error}") from error
    if not headers and not form.typed:
        raise DriftError(f"{path}: cannot be read: empty, without a header")


def _iterate_quarantine(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a quarantine; what the inputs held besides stays on the disk."""
    try:
        for row in iterate_whole_rows(path, Columns(wants=lambda name, kind: name != "fields")):
            if "reason" not in row.fields:
                raise DriftError(f"{path}: row {row.number}: no reason: give a quarantine of score")
            yield row.fields
    except UnreadableError as reason:
        raise DriftError(f"{path}: {reason}") from reason
    except OSError as error:
        raise DriftError(f"{path}: cannot be read: {error}") from error


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    for name in _NEEDED:
        if name not in columns:
            raise DriftError(
                f"{path}: has no column {name!r}: give an output of detector score; it has "
                f"{', '.join(map(repr, columns[:12]))}"
            )


def format_share(share: float) -> str:
    """A share as a percentage of three digits at most: 0.01234 is "1.23 %"."""
    return f"{float(f'{100 * share:.3g}'):g} %"
