"""Score a column of a DataFrame."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from detector.batch.engine import score_records
from detector.batch.judge import JUDGED_COLUMNS, Scorer, Settings
from detector.errors import MissingPackageError
from detector.io.readers import Record

if TYPE_CHECKING:
    import pandas as pd


def score_frame(
    frame: pd.DataFrame,
    detector: Scorer,
    *,
    text_column: str = "text",
    false_positive_rate: float = 0.01,
    workers: int | None = 1,
) -> pd.DataFrame:
    """Score a column of texts; the answer has the same index, one row per text.

    Args:
        frame: holds the texts; a missing one (None, NaN) is answered as an empty one is.
        detector: scores them.
        text_column: where they are.
        false_positive_rate: see `Detector.score`.
        workers: see `score_records`.

    Returns:
        The columns `JUDGED_COLUMNS`.

    Raises:
        KeyError: there is no such column.
        TypeError: an item is neither a string nor missing.
        ValueError: `false_positive_rate` does not lie between 0 and 1.
        MissingPackageError: pandas, or for several workers joblib, is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingPackageError("a DataFrame", "pandas", "batch") from error
    if text_column not in frame.columns:
        raise KeyError(
            f"no column {text_column!r}; the frame has {', '.join(map(repr, frame.columns))}"
        )
    if not 0 < false_positive_rate < 1:
        raise ValueError(f"false_positive_rate must lie between 0 and 1, not {false_positive_rate}")
    texts = frame[text_column]
    missing = texts.isna()
    records = (
        Record(i, "" if absent else _expect_text(text, i), source="frame", row=i)
        for i, (text, absent) in enumerate(zip(texts, missing, strict=True))
    )
    settings = Settings(false_positive_rate)
    with closing(score_records(records, detector, settings, workers=workers)) as outcomes:
        rows = [outcome.judgement.columns for outcome in outcomes if outcome.judgement]
    answer = pd.DataFrame(rows, columns=list(JUDGED_COLUMNS), index=frame.index)
    kinds = {float: "float64", bool: "bool", int: "int64"}
    return answer.astype({c: kinds[t] for c, t in JUDGED_COLUMNS.items() if t in kinds})


def _expect_text(item: Any, position: int) -> str:
    if isinstance(item, str):
        return item
    raise TypeError(f"text {position} is {type(item).__name__}; give strings")
