"""Score a column of a DataFrame, or compare it with a column of originals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from detector.batch.engine import score_records
from detector.batch.given_texts import take_given
from detector.batch.judge import Scorer, Settings, make_failure
from detector.choices import DEFAULT_FALSE_POSITIVE_RATE, check_rate
from detector.columns import name_columns
from detector.errors import MissingPackageError
from detector.io.readers import BadInput, Record

if TYPE_CHECKING:
    import pandas as pd

# pandas has a type with and one without missing values; only a verdict always has a value.
_KINDS = {float: "float64", bool: "boolean", int: "int64", str: "string"}

_ALWAYS_THERE = {"flagged": "bool"}


def score_frame(
    frame: pd.DataFrame,
    detector: Scorer,
    *,
    text_column: str = "text",
    false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
    workers: int | None = 1,
) -> pd.DataFrame:
    """Score a column of texts; the answer has the same index, one row per text.

    Args:
        frame: holds the texts; a missing one (None, NaN) is answered as an empty one is, and one
            that is no string, binary or too long for an article with the reason.
        detector: scores them.
        text_column: where they are.
        false_positive_rate: see `Detector.score`.
        workers: see `score_records`.

    Returns:
        The columns `detector.columns.JUDGED_COLUMNS`.

    Raises:
        KeyError: there is no such column.
        TypeError: `frame` is no DataFrame, or no item of the column is a string.
        ValueError: there is no such rate, or two columns have the name.
        MissingPackageError: pandas, or for several workers joblib, is not installed.
    """
    return _judge_frame(frame, detector, text_column, None, false_positive_rate, workers)


def compare_frame(
    frame: pd.DataFrame,
    detector: Scorer,
    *,
    text_column: str = "text",
    reference_column: str = "original",
    false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
    workers: int | None = 1,
) -> pd.DataFrame:
    """Compare a column of texts with a column of originals; the answer has the same index.

    Args:
        frame: see `score_frame`; a text without an original, or with a blank one, is judged by
            itself.
        detector: scores and compares them.
        text_column: where the texts are.
        reference_column: where their originals are.
        false_positive_rate: of the verdicts, see `detector.batch.judge.Judge.judge`.
        workers: see `score_records`.

    Returns:
        The columns `detector.columns.JUDGED_COLUMNS` and `COMPARED_COLUMNS`.

    Raises:
        KeyError: there is no such column.
        TypeError: `frame` is no DataFrame, or no item of a column is a string.
        ValueError: there is no such rate, or two columns have the name.
        MissingPackageError: pandas, or for several workers joblib, is not installed.
    """
    return _judge_frame(
        frame, detector, text_column, reference_column, false_positive_rate, workers
    )


def _judge_frame(
    frame: pd.DataFrame,
    detector: Scorer,
    text_column: str,
    reference_column: str | None,
    rate: float,
    workers: int | None,
) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingPackageError("a DataFrame", "pandas", "batch") from error
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            f"frame is {type(frame).__name__}; give a pandas DataFrame, or texts to Detector.score"
        )
    rate = check_rate("false_positive_rate", rate)
    texts = _take_texts(frame, text_column)
    originals = None if reference_column is None else _take_texts(frame, reference_column)
    comparing = originals is not None
    settings = Settings(rate, comparing=comparing)
    items = _make_records(texts, originals, reference_column or "")
    with closing(score_records(items, detector, settings, workers=workers)) as outcomes:
        rows = [
            outcome.judgement.columns
            if outcome.judgement
            else make_failure(outcome.reason or "").columns
            for outcome in outcomes
        ]
    types = name_columns(comparing=comparing)
    answer = pd.DataFrame(rows, columns=list(types), index=frame.index)
    return answer.astype({c: _KINDS[t] for c, t in types.items()} | _ALWAYS_THERE)


def _take_texts(frame: pd.DataFrame, column: str) -> list[Any]:
    """What a column holds, missing texts as empty ones."""
    if column not in frame.columns:
        raise KeyError(f"no column {column!r}; the frame has {', '.join(map(repr, frame.columns))}")
    series = frame[column]
    if series.ndim > 1:
        raise ValueError(f"{series.shape[1]} columns are called {column!r}; rename all but one")
    present = series.notna()
    if present.any() and not any(isinstance(item, str) for item in series[present]):
        kind = type(series[present].iloc[0]).__name__
        raise TypeError(f"column {column!r} holds {series.dtype} ({kind}), not texts")
    return [item if there else "" for item, there in zip(series, present, strict=True)]


def _make_records(
    texts: list[Any], originals: list[Any] | None, original_name: str
) -> Iterator[Record | BadInput]:
    """Each row as what the detector reads, or why it cannot be read."""
    for row, text in enumerate(texts):
        original = originals[row] if originals is not None else None
        for name, item in (("text", text), ("original", original)):
            if item is not None and not isinstance(item, str):
                reason = f"no string: the {name} is {type(item).__name__} ({item!r:.40})"
                yield BadInput(row, "frame", row, reason)
                break
        else:
            yield take_given(text, original, original_name, source="frame", row=row)
