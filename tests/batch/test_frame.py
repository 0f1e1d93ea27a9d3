"""Data frames: the columns of every table, the index of the input, every row answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from fake_detector import FakeDetector

from detector.batch.frame import compare_frame, score_frame
from detector.columns import COMPARED_COLUMNS, JUDGED_COLUMNS

if TYPE_CHECKING:
    from detector.detector import Detector

ORIGINAL = "The ferry sails again on Saturday after three weeks in dock"
REWRITTEN = "The ferry navigates again on Saturday rewritten by a machine"


def test_a_frame_has_the_columns_types_and_index_that_are_promised(
    tiny_detector: Detector, person_article: str
) -> None:
    frame = pd.DataFrame({"body": [person_article, None, float("nan"), ""]}, index=list("dcba"))
    answer = score_frame(frame, tiny_detector, text_column="body", false_positive_rate=0.05)
    pd.testing.assert_frame_equal(
        answer,
        tiny_detector.score_frame(frame, text_column="body", false_positive_rate=0.05),
        check_exact=False,
        rtol=1e-9,
    )
    assert answer.index.tolist() == list("dcba")
    assert answer["reason"].tolist()[1:] == ["empty: there is no text"] * 3
    empty = score_frame(frame.head(0), tiny_detector, text_column="body")
    kinds = {float: "float64", bool: "bool", int: "int64", str: "string"}
    for table in (answer, empty):
        shown = {name: str(kind) for name, kind in table.dtypes.items()}
        assert shown == {name: kinds[kind] for name, kind in JUDGED_COLUMNS.items()}
        assert list(table.columns) == list(JUDGED_COLUMNS)


def test_texts_are_compared_with_the_originals_of_their_rows() -> None:
    frame = pd.DataFrame(
        {"text": [REWRITTEN, REWRITTEN, "", None], "original": [ORIGINAL, None, ORIGINAL, None]},
        index=[7, 7, 8, 9],
    )
    answer = compare_frame(frame, FakeDetector())
    assert list(answer.columns) == [*JUDGED_COLUMNS, *COMPARED_COLUMNS]
    assert answer.index.tolist() == [7, 7, 8, 9]
    assert answer["relation"].fillna("–").tolist() == ["machine-rewritten", "–", "–", "–"]
    assert answer["comparison_flagged"].tolist()[:2] == [True, pd.NA]
    assert answer["flagged"].tolist()[0] is True
    assert answer["reason"].tolist()[2:] == ["empty: no text"] * 2


def test_one_odd_row_is_answered_with_what_it_is() -> None:
    frame = pd.DataFrame({"text": ["a text", 3, b"bytes"], "original": ["a text", "a text", None]})
    answer = score_frame(frame, FakeDetector())
    assert answer["probability"].isna().tolist() == [False, True, True]
    assert answer["reason"].tolist()[1:] == [
        "no string: the text is int (3)",
        "no string: the text is bytes (b'bytes')",
    ]
    assert answer["flagged"].tolist()[1:] == [False, False]
    frame["original"] = ["a text", "a text", 1.5]
    odd = compare_frame(frame.iloc[[0, 2]].assign(text="a text"), FakeDetector())
    assert odd["reason"].tolist()[1] == "no string: the original is float (1.5)"


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        ([1, 2], TypeError, r"column 'text' holds int64 \(int\d*\), not texts"),
        ([["a"], ["b"]], TypeError, r"column 'text' holds object \(list\), not texts"),
        ([1.5, np.nan], TypeError, r"column 'text' holds float64 \(float\d*\), not texts"),
    ],
)
def test_a_column_without_texts_is_refused(
    column: list[Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        score_frame(pd.DataFrame({"text": column}), FakeDetector())


def test_what_is_no_frame_or_no_column_is_refused_by_its_name() -> None:
    frame = pd.DataFrame([["a", "b"]], columns=["text", "text"])
    with pytest.raises(ValueError, match="2 columns are called 'text'"):
        score_frame(frame, FakeDetector())
    with pytest.raises(KeyError, match="no column 'body'; the frame has 'text'"):
        score_frame(frame, FakeDetector(), text_column="body")
    with pytest.raises(KeyError, match="no column 'original'"):
        compare_frame(pd.DataFrame({"text": ["a"]}), FakeDetector())
    for given in (["a text"], pd.Series(["a text"]), None, {"text": ["a"]}):
        with pytest.raises(TypeError, match=f"frame is {type(given).__name__}; give a pandas"):
            score_frame(given, FakeDetector())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"must be 0.05, 0.01 or 0.001, not 0.02"):
        score_frame(pd.DataFrame({"text": ["a"]}), FakeDetector(), false_positive_rate=0.02)
