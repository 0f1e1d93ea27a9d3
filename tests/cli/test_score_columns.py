"""The columns of rows: all of them, those that were asked for, the text among them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from detector.cli import main
from detector.columns import COLUMNS_VERSION, COMPARED_COLUMNS, JUDGED_COLUMNS

pytestmark = pytest.mark.usefixtures("fake_detector")

TEXT = "The ferry sails again on Saturday"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    rows = [
        {"id": 1, "text": TEXT, "outlet": "a", "label": "mine", "was": TEXT},
        {"id": 2, "text": "foreign", "outlet": "b", "label": "theirs", "was": None},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def score(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["score", *map(str, arguments)])


def parse(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_all_columns_come_in_their_order_whatever_the_format(source: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    own = ["outlet", "was", "input_label"]
    printed = parse(score(source).stdout)
    assert list(printed[0]) == ["id", *JUDGED_COLUMNS, *own]
    assert list(printed[1]) == ["id", *JUDGED_COLUMNS, "error", *own]
    table = csv.DictReader(io.StringIO(score(source, "--format", "csv").stdout))
    assert table.fieldnames == ["id", *JUDGED_COLUMNS, "error"]
    target = tmp_path / "out.parquet"
    score(source, "--output", target, "--reference-column", "was")
    schema = parquet.read_schema(target)
    assert schema.names == ["id", *JUDGED_COLUMNS, *COMPARED_COLUMNS, "outlet", "input_label"]
    kinds = {float: "double", bool: "bool", int: "int64", str: "string"}
    for name, kind in {**JUDGED_COLUMNS, **COMPARED_COLUMNS}.items():
        assert str(schema.field(name).type) == kinds[kind]


def test_columns_are_picked_in_the_order_of_the_call(source: Path, tmp_path: Path) -> None:
    chosen = "outlet,id, flagged,input_label"
    rows = parse(score(source, "--columns", chosen).stdout)
    assert [list(row.values()) for row in rows] == [
        ["a", 1, False, "mine"],
        ["b", 2, False, "theirs"],
    ]
    assert list(rows[0]) == ["outlet", "id", "flagged", "input_label"]
    printed = score(source, "--columns", chosen, "--format", "csv").stdout
    assert printed.splitlines() == ["outlet,id,flagged,input_label", "a,1,False,mine",
                                    "b,2,False,theirs"]  # fmt: skip
    target = tmp_path / "out.csv"
    score(source, "--columns", chosen, "--output", target)
    assert target.read_text().splitlines()[0] == "outlet,id,flagged,input_label"
    assert len(target.read_text().splitlines()) == 2  # the other is in the quarantine


def test_the_text_is_kept_where_that_was_asked_for(source: Path, tmp_path: Path) -> None:
    assert "text" not in parse(score(source).stdout)[0]
    assert [row["text"] for row in parse(score(source, "--keep-text").stdout)] == [TEXT, "foreign"]
    (first, _) = parse(score(source, "--columns", "id,text").stdout)
    assert first == {"id": 1, "text": TEXT}
    article = tmp_path / "article.txt"
    article.write_text(TEXT)
    (row,) = parse(score(article, "--columns", "text,flagged").stdout)
    assert row == {"text": TEXT, "flagged": False}
    renamed = source.with_name("renamed.jsonl")
    renamed.write_text(json.dumps({"reason": TEXT}) + "\n")
    (row,) = parse(score(renamed, "--text-column", "reason", "--keep-text").stdout)
    assert (row["reason"], row["input_reason"]) == (None, TEXT)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("id,probabilty", "--columns probabilty: no such column; did you mean probability? There"),
        ("id,outlets", "--columns outlets: no such column; did you mean outlet? There are id, "),
        ("id,,flagged", "--columns takes names with commas between: id,flagged"),
        ("id,id", "--columns id,id: name each column once"),
    ],
)
def test_columns_that_do_not_exist_are_refused_before_anything_is_written(
    source: Path, columns: str, message: str
) -> None:
    for more in ([], ["--output", source.with_name("out.csv")]):
        result = score(source, "--columns", columns, *more)
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.split())
    assert [path.name for path in source.parent.iterdir()] == ["in.jsonl"]


def test_a_column_may_be_in_some_of_the_rows_only(source: Path) -> None:
    rows = [{"id": 1}, {"id": 2, "text": TEXT}, {"id": 3, "text": TEXT, "outlet": "c"}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    printed = score(source, "--columns", "id,outlet")
    assert parse(printed.stdout) == [
        {"id": 1, "outlet": None}, {"id": 2, "outlet": None}, {"id": 3, "outlet": "c"}
    ]  # fmt: skip
    refused = score(source.with_name("missing.txt"), source, "--columns", "id,town")
    assert refused.exit_code == 2
    assert "--columns town: no such column. There are id, " in " ".join(refused.stderr.split())
    # Where nothing can be read, that is what is wrong.
    assert (
        "missing.txt: no such file"
        in score(source.with_name("missing.txt"), "--columns", "id,town").stderr
    )


def test_a_mistyped_field_of_ids_is_told(source: Path) -> None:
    result = score(source, "--id-field", "outlets", "--columns", "id")
    assert [row["id"] for row in parse(result.stdout)] == [f"{source}:1", f"{source}:2"]
    assert "has no field 'outlets'; did you mean 'outlet'?" in result.stderr.splitlines()[0]


def test_printed_csv_is_that_of_a_file(source: Path) -> None:
    row = {"id": "a\rb", "text": TEXT, "tags": ["x", {"y": None}], "none": None}
    source.write_text(json.dumps(row) + "\n")
    call = [source, "--columns", "id,tags,none,text,flagged"]
    printed = score(*call, "--format", "csv").stdout_bytes.decode()
    assert next(csv.reader(printed.splitlines(keepends=True)[1:])) == [
        "a\rb", '["x", {"y": null}]', "", TEXT, "False"
    ]  # fmt: skip
    score(*call, "--output", source.with_name("out.csv"))
    assert source.with_name("out.csv").read_bytes().decode() == printed


def test_printed_csv_keeps_the_text(source: Path) -> None:
    printed = score(source, "--format", "csv", "--keep-text").stdout
    assert [row["text"] for row in csv.DictReader(io.StringIO(printed))] == [TEXT, "foreign"]
    source.write_text(json.dumps({"reason": TEXT}) + "\n")
    printed = score(source, "--format", "csv", "--keep-text", "--text-column", "reason").stdout
    (row,) = csv.DictReader(io.StringIO(printed))
    assert (row["reason"], row["input_reason"]) == ("", TEXT)


def test_text_has_no_columns(source: Path) -> None:
    for option in (["--columns", "id"], ["--keep-text"]):
        result = score(source, "--format", "text", *option)
        assert result.exit_code == 2
        assert "--columns and --keep-text say what rows hold" in " ".join(result.stderr.split())


def test_another_choice_of_columns_is_another_run(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    summary = tmp_path / "summary.json"
    score(source, "--output", target, "--summary", summary)
    assert json.loads(summary.read_text())["columns_version"] == COLUMNS_VERSION
    kept = target.read_text()
    result = score(source, "--output", target, "--resume", "--columns", "id")
    assert result.exit_code == 2
    assert target.read_text() == kept


@pytest.mark.parametrize("option", [["--columns", "id,outlet"], ["--keep-text"]])
@pytest.mark.parametrize("form", [["--format", "text"], ["--show", "line"], ["--show", "text"]])
def test_text_has_no_columns_to_choose(source: Path, option: list[str], form: list[str]) -> None:
    result = score(source, *form, *option)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--columns and --keep-text say what rows hold" in result.stderr
