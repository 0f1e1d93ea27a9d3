"""A row is the same to the command, to data frames and to Spark, whatever it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fake_detector import FakeDetector

from detector.batch import spark
from detector.batch.engine import score_records
from detector.batch.frame import compare_frame, score_frame
from detector.batch.judge import Settings
from detector.columns import COMPARED_COLUMNS, JUDGED_COLUMNS
from detector.io.readers import DOCUMENT_LIMIT, FieldNames, read_records

TEXT = "The ferry navigates again on Saturday rewritten by a machine"
ORIGINAL = "The ferry sails again on Saturday after three weeks in dock"
LONG = "word " * (DOCUMENT_LIMIT // 5 + 1)
WIDE = "ferry é" * (DOCUMENT_LIMIT // 8 + 1)
CONTROL = "The ferry \x01\x02\x03 sails"
TOO_LONG = "too long for an article: more than 1,048,576 bytes of text"
BINARY = "binary, not text (full of control characters)"

NAMES = (*JUDGED_COLUMNS, *COMPARED_COLUMNS)

CASES: list[tuple[str, str | None, str | None, str | None]] = [
    (TEXT, ORIGINAL, None, "machine-rewritten"),
    (TEXT, None, None, None),
    (TEXT, "", None, None),
    (TEXT, "  \n\t", None, None),
    (LONG, None, TOO_LONG, None),
    (WIDE, ORIGINAL, TOO_LONG, None),
    (CONTROL, None, BINARY, None),
    (TEXT, LONG, f"field 'was': {TOO_LONG}", None),
    (TEXT, CONTROL, f"field 'was': {BINARY}", None),
    ("half \ud800 a ferry", "half \udc00 a dock", None, "edited"),
]


def score_with_command(rows: list[dict[str, Any]], folder: Path, *, comparing: bool) -> list[Any]:
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    names = FieldNames(reference="was" if comparing else None)
    items = read_records([str(path)], names)
    settings = Settings(comparing=comparing)
    outcomes = score_records(items, FakeDetector(), settings, workers=1)
    return [
        {name: outcome.get(name) for name in NAMES}
        | {"reason": outcome.reason, "flagged": bool(outcome.get("flagged"))}
        | {"words": outcome.get("words") or 0}
        for outcome in outcomes
    ]


def score_with_pandas(rows: list[dict[str, Any]], *, comparing: bool) -> list[Any]:
    frame = pd.DataFrame(rows, dtype=object)
    if comparing:
        answer = compare_frame(frame, FakeDetector(), reference_column="was")
    else:
        answer = score_frame(frame, FakeDetector())
    plain = answer.astype(object).where(answer.notna(), None)
    return [dict.fromkeys(NAMES) | row for row in plain.to_dict("records")]


def score_with_spark(
    rows: list[dict[str, Any]], patch: pytest.MonkeyPatch, *, comparing: bool
) -> list[Any]:
    pa = pytest.importorskip("pyarrow")
    settings = Settings(comparing=comparing)
    patch.setitem(spark._judges, ("fake", settings), spark.Judge(FakeDetector(), settings))
    judge = spark._JudgeBatches(
        spark.ModelPath("fake"), settings, "c0", "c1" if comparing else None, "was"
    )
    # Spark has texts as UTF-8, in which half a pair has come as what stands for no character.
    texts, originals = (
        [text and text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
         for text in (row[name] for row in rows)]
        for name in ("text", "was")
    )  # fmt: skip
    batch = pa.RecordBatch.from_pydict({"c0": texts, "c1": originals})
    (answer,) = judge(iter([batch]))
    columns = answer.to_pydict()
    return [{name: columns.get(name, [None] * len(rows))[n] for name in NAMES}
            for n in range(len(rows))]  # fmt: skip


@pytest.mark.parametrize("comparing", [False, True])
@pytest.mark.parametrize(
    ("text", "original", "reason", "relation"), CASES, ids=[f"case {n}" for n in range(len(CASES))]
)
def test_all_drivers_say_the_same_of_a_row(
    text: str,
    original: str | None,
    reason: str | None,
    relation: str | None,
    comparing: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not comparing and original in (LONG, CONTROL):
        reason = None
    # The second row has both, for a column without any text is refused by frames.
    rows = [{"text": text, "was": original}, {"text": TEXT, "was": ORIGINAL}]
    told = score_with_command(rows, tmp_path, comparing=comparing)
    assert (told[0]["reason"], told[0]["relation"]) == (reason, relation if comparing else None)
    assert told[0]["comparison_reason"] is None
    assert score_with_pandas(rows, comparing=comparing) == told
    assert score_with_spark(rows, monkeypatch, comparing=comparing) == told


def test_a_blank_text_is_empty_to_all_drivers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"text": " \n", "was": LONG}, {"text": TEXT, "was": ORIGINAL}]
    answers = [
        score_with_command(rows, tmp_path, comparing=True),
        score_with_pandas(rows, comparing=True),
        score_with_spark(rows, monkeypatch, comparing=True),
    ]
    for blank, _ in answers:
        assert blank["reason"] == "empty: no text"
        assert (blank["relation"], blank["comparison_reason"]) == (None, None)
