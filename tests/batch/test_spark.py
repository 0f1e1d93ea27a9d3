"""Spark on this machine: the same figures, other columns untouched, the model sent along."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from fake_detector import FakeDetector

from detector.batch import spark as module
from detector.batch.judge import Settings
from detector.columns import COMPARED_COLUMNS, JUDGED_COLUMNS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from detector.detector import Detector

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def texts(person_article: str, machine_article: str) -> list[str | None]:
    varied = [f"{a}\nThis was reported {n} days ago by the paper of the town." for n in range(6)
              for a in (person_article, machine_article)]  # fmt: skip
    return [*varied, None, "", "Der Hafen bleibt am Montag geschlossen, sagte der Rat am Abend."]


@pytest.fixture(scope="module")
def frame(spark_session: SparkSession, texts: list[str | None]) -> DataFrame:
    rows = [
        (n if n % 3 else None, 2**60 + n, text, [f"tag{n}"], datetime(2024, 5, 1, n % 24), "mine")
        for n, text in enumerate(texts)
    ]
    schema = (
        "gap int, number bigint, body string, tags array<string>, `seen.at` timestamp, label string"
    )
    return spark_session.createDataFrame(rows, schema).repartition(3)


def collect(frame: DataFrame) -> list[dict[str, Any]]:
    rows = [row.asDict() for row in frame.collect()]
    return sorted(rows, key=lambda row: row["number"])


def test_spark_gives_the_figures_of_one_machine_and_keeps_other_columns(
    frame: DataFrame, texts: list[str | None], tiny_detector: Detector, tiny_bundle: Path
) -> None:
    judged = module.score(frame, "body", model=str(tiny_bundle))
    assert dict(judged.dtypes) == {
        "gap": "int",
        "number": "bigint",
        "body": "string",
        "tags": "array<string>",
        "seen.at": "timestamp",
        "input_label": "string",
        "probability": "double",
        "label": "string",
        "probability_original": "double",
        "probability_translated": "double",
        "probability_spun": "double",
        "flagged": "boolean",
        "threshold": "double",
        "reason": "string",
        "words": "bigint",
        "language": "string",
        "notes": "string",
        "signature": "string",
    }
    rows = collect(judged)
    assert [row["number"] for row in rows] == [2**60 + n for n in range(len(texts))]
    for n, (row, text) in enumerate(zip(rows, texts, strict=True)):
        verdict = tiny_detector.score(text or "")
        assert row["probability"] == (
            None if verdict.probability is None else pytest.approx(verdict.probability, abs=1e-6)
        )
        assert (row["label"], row["flagged"]) == (verdict.label, verdict.flagged)
        assert (row["reason"], row["words"]) == (verdict.reason, verdict.words)
        assert (row["gap"], row["tags"]) == (n if n % 3 else None, [f"tag{n}"])
        assert (row["seen.at"], row["input_label"]) == (datetime(2024, 5, 1, n % 24), "mine")
    assert [row["reason"] for row in rows[-3:-1]] == ["empty: there is no text"] * 2


def test_the_model_may_be_sent_along(frame: DataFrame, tiny_bundle: Path, tmp_path: Path) -> None:
    here = tmp_path / "only_here"
    shutil.copytree(tiny_bundle, here)
    judged = module.score(frame, "body", "number", str(here), 0.05, distribute=True)
    assert (judged.columns[1], judged.columns[5]) == ("id", "input_label")
    shutil.rmtree(here)
    signatures = {row["signature"] for row in judged.collect()}
    assert {s.split("|")[1].split("@")[0] for s in signatures} == {"model:tiny"}
    assert all(s.endswith("@fpr0.05") for s in signatures)


def test_columns_that_are_not_there_are_refused(frame: DataFrame) -> None:
    with pytest.raises(ValueError, match="no column 'text'; there is 'gap', 'number', 'body'"):
        module.score(frame)
    with pytest.raises(ValueError, match="column 'tags' holds array<string>, not texts"):
        module.score(frame, "tags")
    with pytest.raises(ValueError, match=r"must be 0.05, 0.01 or 0.001, not 1"):
        module.score(frame, "body", false_positive_rate=1)


@pytest.mark.usefixtures("spark_session")
def test_the_program_reads_judges_writes_and_sums_up(
    texts: list[str | None], tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    source, target = tmp_path / "in.jsonl", tmp_path / "out"
    with source.open("w", encoding="utf-8") as stream:
        for n, text in enumerate(texts):
            stream.write(json.dumps({"key": n, "body": text, "outlet": "x"}) + "\n")
    call = [source, target, "--text-column", "body", "--id-column", "key", "--model", tiny_bundle]
    assert module.main(list(map(str, call))) == 1
    errors = capsys.readouterr().err
    summary = errors[errors.index("15 inputs, 12 scored") :]
    assert summary.startswith("15 inputs, 12 scored, 3 could not be: empty 2, not English 1\n")
    assert "flagged: " in summary
    assert "|model:tiny@" in summary
    written = parquet.read_table(target).to_pydict()
    assert sorted(written) == sorted(["id", "outlet", *JUDGED_COLUMNS])
    assert sorted(written["id"]) == list(range(15))
    assert sum(probability is not None for probability in written["probability"]) == 12
    assert module.main([*map(str, call[:2]), "--text-column", "nothing"]) == 2
    assert "error: no column 'nothing'; there is 'body'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--model", "nowhere"], "error: nowhere: no such model folder"),
        (["--references", "nowhere"], "error: nowhere: no such folder: build an index there first"),
        (["--fpr", "0.02"], "error: --fpr must be 0.05, 0.01 or 0.001, not 0.02"),
        (["--partitions", "0"], "error: --partitions must be at least 1, not 0"),
    ],
)
def test_a_wrong_call_of_the_program_leaves_no_folder_behind(
    wrong: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_text('{"text": "a text"}\n')
    assert module.main(["in.jsonl", "out", *wrong]) == 2
    assert capsys.readouterr().err.startswith(message)
    assert not (tmp_path / "out").exists()


ODD = [
    ' a "quoted", cell ',
    "over\ntwo\r\nlines\rthree",
    'back\\slash \\" and "',
    "",
    None,
    "’a, b",
]


@pytest.mark.usefixtures("spark_session")
@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("scored", [True, False])
def test_the_program_writes_what_it_reads_and_pandas_reads(
    form: str,
    scored: bool,
    person_article: str,
    tiny_bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out"
    with source.open("w", encoding="utf-8") as stream:
        for n, odd in enumerate(ODD):
            # Where all is scored, no row has a reason; where nothing is, none has a label.
            text = f"{person_article}\nNumber {n}." if scored else None
            stream.write(json.dumps({"key": n, "text": text, "nothing": None, "odd": odd}) + "\n")
    call = [source, target, "--id-column", "key", "--model", tiny_bundle, "--output-format", form]
    assert module.main([*map(str, call), "--partitions", "1"]) == (0 if scored else 1)
    errors = capsys.readouterr().err
    assert "error" not in errors
    assert ("6 inputs, 6 scored" if scored else "6 inputs, 0 scored, 6 could not") in errors
    (part,) = target.glob(f"part-*.{form}")
    if form == "csv":
        table = pd.read_csv(part, dtype={"odd": str})
        odd = [cell or None for cell in ODD]  # pandas reads empty cells as missing
    else:
        table, odd = pd.read_json(part, lines=True, dtype={"odd": str}), list(ODD)
    assert sorted(table.columns) == sorted(["id", "nothing", "odd", *JUDGED_COLUMNS])
    table = table.sort_values("id")
    assert [None if cell is None or cell != cell else cell for cell in table["odd"]] == odd
    assert table["probability"].notna().tolist() == [scored] * len(ODD)
    assert table["flagged"].tolist() == [False] * len(ODD)


def test_the_program_may_be_run_as_a_file_from_anywhere(tmp_path: Path) -> None:
    call = [sys.executable, str(module.__file__), "--help"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--distribute" in done.stdout


def test_a_batch_is_judged_against_its_originals() -> None:
    pa = pytest.importorskip("pyarrow")
    settings = Settings(comparing=True)
    module._judges[("fake", settings)] = module.Judge(FakeDetector(), settings)
    try:
        judge = module._JudgeBatches(module.ModelPath("fake"), settings, "text", "was")
        texts, originals = ["rewritten text", "a text", None], ["a text", None, "a text"]
        batch = pa.RecordBatch.from_pydict({"text": texts, "was": originals})
        (answer,) = judge(iter([batch]))
    finally:
        del module._judges[("fake", settings)]
    assert answer.schema.names == ["text", "was", *JUDGED_COLUMNS, *COMPARED_COLUMNS]
    assert answer["relation"].to_pylist() == ["machine-rewritten", None, None]
    assert answer["flagged"].to_pylist()[0] is True
    assert answer["reason"].to_pylist()[2] == "empty: no text"
