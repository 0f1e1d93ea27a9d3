"""``detector cluster``: a row for each text, with its group and what it is to the original."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli import main
from detector.columns import CLUSTER_COLUMNS

pytestmark = pytest.mark.usefixtures("fake_detector")

FERRY = """\
The ferry to the northern islands will stop running in October because its hull has rusted through.
Islanders were told at a crowded meeting in the school that a replacement is at least a year away.
A fishing boat will carry the post and the milk until then, the harbour master said on Monday.
"""
SPUN = FERRY.replace("stop running", "cease operating") + "It was rewritten.\n"
BAKERY = """\
Two sisters who learnt the trade there have bought an old bakery beside our market square.
They intend to keep its wood oven, striped awning and recipe for rye bread.
"""


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["cluster", *map(str, arguments)], input=stdin)


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    path = tmp_path / "crawl.jsonl"
    rows = [
        {"id": "a", "text": SPUN, "outlet": "blog", "role": "admin"},
        {"id": "b", "text": BAKERY, "outlet": "gazette"},
        {"id": "c", "text": FERRY, "outlet": "courier"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_row_for_each_text_in_the_order_of_the_input(crawl: Path) -> None:
    result = run(crawl)
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert [(row["group"], row["size"]) for row in rows] == [(1, 2), (2, 1), (1, 2)]
    assert {name: value for name, value in rows[1].items() if value is not None} == {
        "id": "b", "group": 2, "size": 1, "role": "alone", "flagged": False, "outlet": "gazette",
    }  # fmt: skip
    assert list(rows[1]) == ["id", *CLUSTER_COLUMNS, "outlet"]
    copy, original = sorted((rows[0], rows[2]), key=lambda row: row["role"])
    assert (copy["role"], original["role"]) == ("copy", "original")
    assert copy["original_id"] == original["id"]
    assert rows[0]["input_role"] == "admin"
    assert "3 texts; groups of two and more: 1" in result.stderr


def test_one_text_is_told_in_the_singular(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(FERRY)
    assert "1 text; groups of two and more: 0" in run(tmp_path / "a.txt").stderr


def test_rows_are_written_to_a_file(crawl: Path, tmp_path: Path) -> None:
    target = tmp_path / "groups.csv"
    assert run(crawl, "--output", target).exit_code == 0
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["outlet"] for row in rows] == ["blog", "gazette", "courier"]
    assert list(rows[0])[:4] == ["id", "group", "size", "role"]


def test_what_cannot_be_read_is_named_and_the_rest_is_grouped(crawl: Path) -> None:
    with crawl.open("a") as file:
        file.write('{"id": "d", "outlet": "x"}\n')
    result = run(crawl)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 3
    assert f"error: {crawl}, row 4: no field 'text'" in result.stderr


def test_what_cannot_be_read_lies_beside_an_output(crawl: Path, tmp_path: Path) -> None:
    with crawl.open("a") as file:
        file.write('{"id": "d", "outlet": "x"}\n')
    target = tmp_path / "groups.jsonl"
    assert run(crawl, "--output", target).exit_code == 1
    (bad,) = map(json.loads, Path(f"{target}.quarantine.jsonl").read_text().splitlines())
    assert (bad["id"], bad["row"], bad["fields"]) == ("d", 4, {"outlet": "x"})
    assert "no field 'text'" in bad["reason"]


def test_the_last_runs_quarantine_goes_with_its_output(crawl: Path, tmp_path: Path) -> None:
    target, lines = tmp_path / "groups.jsonl", crawl.read_text()
    crawl.write_text(lines + '{"id": "d", "outlet": "x"}\n')
    assert run(crawl, "--output", target).exit_code == 1
    crawl.write_text(lines)
    assert run(crawl, "--output", target, "--overwrite").exit_code == 0
    assert not Path(f"{target}.quarantine.jsonl").exists()
    empty = tmp_path / "named.jsonl"
    assert run(crawl, "--output", target, "--overwrite", "--quarantine", empty).exit_code == 0
    assert empty.read_text() == ""


def test_the_report_is_not_written_over_the_quarantine(crawl: Path, tmp_path: Path) -> None:
    target = tmp_path / "groups.jsonl"
    refused = run(crawl, "--output", target, "--report", f"{target}.quarantine.jsonl")
    assert refused.exit_code == 2
    assert "give each a file of its own" in refused.stderr


def test_parquet_has_the_columns_types(crawl: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    target = tmp_path / "groups.parquet"
    assert run(crawl, "--output", target).exit_code == 0
    table = parquet.read_table(target)
    types = {field.name: str(field.type) for field in table.schema}
    assert types["group"] == types["size"] == "int64"
    assert (types["machine"], types["flagged"], types["note"]) == ("double", "bool", "string")
    assert table.column("original_id").to_pylist()[1] is None


def test_the_earlier_of_two_equals_is_the_original(tmp_path: Path) -> None:
    path = tmp_path / "crawl.jsonl"
    rows = [
        {"id": "late", "text": FERRY, "published": "2024-05-09"},
        {"id": "early", "text": FERRY, "published": "2024-05-01"},
        {"id": "undated", "text": FERRY},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = run(path, "--date-column", "published").stdout.splitlines()
    assert [json.loads(line)["original_id"] for line in found] == ["early", None, "early"]
    found = run(path).stdout.splitlines()
    assert [json.loads(line)["role"] for line in found] == ["original", "copy", "copy"]


def test_a_column_of_dates_that_no_text_brings_is_refused(tmp_path: Path) -> None:
    path, target = tmp_path / "crawl.jsonl", tmp_path / "groups.jsonl"
    rows = [{"text": FERRY}, {"text": SPUN, "published": "2024-05-09", "outlet": "courier"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    refused = run(path, "--date-column", "publisched", "--output", target)
    assert refused.exit_code == 2
    assert (
        "--date-column publisched: no such column; did you mean published? "
        "There are published, outlet"
    ) in refused.stderr
    assert list(tmp_path.iterdir()) == [path]
    assert run(path, "--date-column", "date").exit_code == 0  # the usual one may be missing


def test_an_output_that_exists_is_only_replaced_when_told(crawl: Path, tmp_path: Path) -> None:
    target = tmp_path / "groups.jsonl"
    assert run(crawl, "--output", target).exit_code == 0
    before = target.read_text()
    refused = run(crawl, "--output", target)
    assert refused.exit_code == 2
    assert "replace it with --overwrite" in refused.stderr
    assert run(crawl, "--output", target, "--overwrite").exit_code == 0
    assert target.read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crawl.jsonl", "groups.jsonl"]


def test_resuming_needs_an_output_and_the_same_call(crawl: Path, tmp_path: Path) -> None:
    assert run(crawl, "--resume").exit_code == 2
    target = tmp_path / "groups.jsonl"
    break_off(crawl, target, 1)
    assert run(crawl, "--output", target).exit_code == 2
    other = run(crawl, "--output", target, "--resume", "--fpr", "0.05")
    assert other.exit_code == 2
    assert "was begun with another --fpr" in other.stderr


def test_resuming_notices_what_came_since(crawl: Path, tmp_path: Path) -> None:
    folder, target = tmp_path / "crawl", tmp_path / "groups.jsonl"
    folder.mkdir()
    crawl.rename(folder / "old.jsonl")
    break_off(folder, target, 1)
    (folder / "new.jsonl").write_text(json.dumps({"id": "d", "text": BAKERY}) + "\n")
    refused = run(folder, "--output", target, "--resume")
    assert refused.exit_code == 2
    assert "the inputs have changed since (the one at place 1 is another)" in refused.stderr
    assert "start anew with --overwrite" in refused.stderr
    assert not target.exists()


@pytest.mark.parametrize("option", ["--report", "--quarantine"])
def test_resuming_replaces_no_file_of_another_run(crawl: Path, tmp_path: Path, option: str) -> None:
    target, older = tmp_path / "groups.jsonl", tmp_path / "older"
    older.write_text("older")
    call = [crawl, "--output", target, option, older, "--resume"]
    refused = run(*call)
    assert refused.exit_code == 2
    assert f"{option} {older}: exists: name another file" in refused.stderr
    break_off(crawl, target, 1)
    assert run(*call).exit_code == 2  # that run has not written anything yet
    assert older.read_text() == "older"
    assert run(*call, "--overwrite").exit_code == 0
    assert older.read_text() != "older"


def test_resuming_replaces_what_the_run_wrote_itself(
    crawl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off_writing(target: str, *_: object, **options: object) -> None:
        Path(target).write_text("half a page")
        raise KeyboardInterrupt

    target, page = tmp_path / "groups.jsonl", tmp_path / "page.html"
    call = [crawl, "--output", target, "--report", page, "--resume"]  # as a job always says it
    with monkeypatch.context() as patched:
        patched.setattr("detector.presentation.html.write_cluster_report", break_off_writing)
        assert run(*call).exit_code == 130
    assert target.exists()
    other = tmp_path / "mine.html"
    other.write_text("mine")
    refused = run(crawl, "--output", target, "--report", other, "--resume")
    assert refused.exit_code == 2  # the run has not written that one
    assert other.read_text() == "mine"
    assert run(*call).exit_code == 0
    assert "</html>" in page.read_text()


def test_a_run_that_was_broken_off_is_told_before_any_file(crawl: Path, tmp_path: Path) -> None:
    target = tmp_path / "groups.jsonl"
    break_off(crawl, target, 1)
    Path(f"{target}.quarantine.jsonl").write_text("")
    refused = run(crawl, "--output", target)
    assert refused.exit_code == 2
    assert "holds a run that was broken off: go on with --resume" in refused.stderr


def test_a_damaged_run_says_how_to_start_anew(crawl: Path, tmp_path: Path) -> None:
    target = tmp_path / "groups.jsonl"
    break_off(crawl, target, 1)
    (store,) = Path(f"{target}.parts").glob("*.sqlite")
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE texts SET content = x'0000'")
    connection.close()
    refused = run(crawl, "--output", target, "--resume")
    assert refused.exit_code == 2
    assert "crawl.sqlite: cannot be used: " in refused.stderr
    assert "start anew with --overwrite" in refused.stderr
    assert run(crawl, "--output", target, "--overwrite").exit_code == 0


def test_what_the_reader_assumed_is_noted(crawl: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_bytes("The café by the pier has closed for good.".encode("cp1252"))
    result = run(crawl, page)
    assert result.exit_code == 0
    assert f"note: {page}: byte 7 is not UTF-8: read as Windows-1252" in result.stderr


def test_rows_are_answered_with_rows_wherever_they_came_from(crawl: Path, tmp_path: Path) -> None:
    folder, page = tmp_path / "folder", tmp_path / "page.txt"
    folder.mkdir()
    page.write_text(FERRY)
    rows = crawl.read_text()
    crawl.rename(folder / "crawl.jsonl")
    for result in (run("-", stdin=rows), run(folder), run(folder, page)):
        assert [json.loads(line)["id"] for line in result.stdout.splitlines()][:2] == ["a", "b"]
    for result in (run("-", stdin=FERRY), run(page, folder), run(folder, "--format", "text")):
        assert result.stdout.endswith(" alone\n")


def test_no_rows_are_answered_with_none(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("")
    (tmp_path / "none.csv").write_text("id,text\n")
    for name in ("none.jsonl", "none.csv"):
        assert run(tmp_path / name).stdout == ""


def test_a_text_in_another_language_says_so(tmp_path: Path) -> None:
    path = tmp_path / "crawl.jsonl"
    german = "Die Fähre zu den Inseln fährt nicht mehr, weil der Rumpf durchgerostet ist."
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in (german, BAKERY)))
    reasons = [json.loads(line)["reason"] for line in run(path).stdout.splitlines()]
    assert reasons == ["not English: the text looks like 'de'", None]


def test_dates_that_cannot_be_read_are_told_once(tmp_path: Path) -> None:
    path, target = tmp_path / "crawl.jsonl", tmp_path / "groups.jsonl"
    dates = ["2024-05-09", "01/02/2024", "\x1b[2Jsoon", None, ""]
    rows = [{"id": n, "text": f"{BAKERY}{n}", "seen": date} for n, date in enumerate(dates)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    note = "2 of 3 dates in 'seen' could not be read, e.g. '01/02/2024': give ISO 8601"
    for more in ([], ["--output", target, "--quiet"]):
        result = run(path, "--date-column", "seen", *more)
        assert result.exit_code == 0
        assert result.stderr.count(f"note: {note}\n") == 1
    assert "could not be read" not in run(path).stderr  # another column is the usual one


KILLED = """
import os, signal, sys
from fake_detector import FakeDetector
from detector.cli import cluster, main
from detector.clusters import store

store._COMMIT_SECONDS = 0.0
last = int(sys.argv.pop(1))
class Killed(FakeDetector):
    asked = 0
    def compare(self, *arguments, **options):
        Killed.asked += 1
        if Killed.asked == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().compare(*arguments, **options)
cluster.load_detector = lambda model: Killed()
main()
"""


def break_off(crawl: Path, target: Path, last: int) -> None:
    """A run that is killed while it makes this comparison."""
    call = [sys.executable, "-c", KILLED, str(last), "cluster", str(crawl), "--output", str(target)]
    path = os.pathsep.join([*sys.path, str(Path(__file__).parents[1])])
    ended = subprocess.run(call, env={**os.environ, "PYTHONPATH": path})
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize("last", [1, 2, 4])
def test_a_run_that_was_killed_ends_as_if_it_had_not_been(
    last: int, crawl: Path, tmp_path: Path
) -> None:
    with crawl.open("a") as file:
        texts = [FERRY + "It was rewritten.", BAKERY, SPUN + "Twice.", BAKERY + "Of rye."]
        rows = [{"id": number, "text": text} for number, text in enumerate(texts)]
        file.writelines(json.dumps(row) + "\n" for row in rows)
    whole, target = tmp_path / "whole.csv", tmp_path / "groups.csv"
    assert run(crawl, "--output", whole).exit_code == 0
    break_off(crawl, target, last)
    assert not target.exists()
    assert run(crawl, "--output", target, "--resume").exit_code == 0
    assert target.read_bytes() == whole.read_bytes()
    assert not Path(f"{target}.parts").exists()


def test_columns_of_our_names_keep_apart(tmp_path: Path) -> None:
    path = tmp_path / "crawl.jsonl"
    row = {"id": "a", "text": FERRY, "role": "admin", "input_role": "editor", "size": 7}
    path.write_text(json.dumps(row) + "\n")
    (found,) = map(json.loads, run(path).stdout.splitlines())
    assert (found["role"], found["size"]) == ("alone", 1)
    assert (found["input_input_role"], found["input_role"]) == ("admin", "editor")
    assert found["input_size"] == 7


def test_a_wrong_column_leaves_nothing_behind(crawl: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("id,body\n1,some words\n")
    refused = run(table, "--output", tmp_path / "groups.csv")
    assert refused.exit_code == 2
    assert "no column 'text'" in refused.stderr
    assert not (tmp_path / "groups.csv.parts").exists()


def test_the_input_is_not_written_over(crawl: Path) -> None:
    result = run(crawl, "--output", crawl)
    assert result.exit_code == 2
    assert "lies among what is read" in result.stderr
