"""Runs that nobody watches: what is refused at once, what is told, and how programs read it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fake_detector import FakeDetector

from detector.cli import main
from detector.cli.logs import set_log_format, tell

pytestmark = pytest.mark.usefixtures("fake_detector")

TEXT = "Somebody wrote this report about the harbour."


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    yield
    set_log_format("text")


def run(*arguments: object, stdin: str = "") -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def write(folder: Path, name: str, *rows: Any) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --------------------------------------------------------------------------------------
# A wrong column
# --------------------------------------------------------------------------------------

TABLE = f"id,Body,outlet\n1,{TEXT},x\n"
LINES = json.dumps({"id": 1, "Body": TEXT}) + "\n"


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("a.csv", TABLE, [], "no column 'text' (columns: 'id', 'Body', 'outlet'): give"),
        ("a.csv", TABLE, ["--text-column", "bodi"], "'outlet'; did you mean 'Body'?): give --text"),
        ("a.csv", TABLE, ["--text-column", "body"], "did you mean 'Body'?"),
        ("a.tsv", TABLE.replace(",", "\t"), ["--text-column", "body"], "did you mean 'Body'?"),
        ("a.csv", TABLE, ["--text-column", "Body", "--id-column", "ids"], "no column 'ids'"),
        ("a.csv", TABLE, ["--text-column", "Body", "--reference-column", "a"], "no column 'a'"),
        ("a.jsonl", LINES * 3, ["--text-column", "body"], "row 1: no field 'body': the row holds"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("piped", [False, True])
def test_a_wrong_column_is_a_wrong_call_and_writes_nothing(
    tmp_path: Path, name: str, content: str, options: list[str], message: str, piped: bool
) -> None:
    target = tmp_path / "out.jsonl"
    (tmp_path / name).write_text(content)
    source = ["-", "--input-format", name[2:]] if piped else [tmp_path / name]
    result = run("score", *source, *options, "--output", target, stdin=content)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list_names(tmp_path) == [name]
    printed = run("score", *source, *options, stdin=content)
    assert (printed.exit_code, printed.stdout) == (2, "")
    assert message in printed.stderr
    # What was wrong does not stand in the way of the right call.
    assert run("score", tmp_path / name, "--text-column", "Body", "--output", target).exit_code == 0


def test_a_file_without_the_column_among_others_is_one_fault(tmp_path: Path) -> None:
    odd, good = tmp_path / "a.csv", write(tmp_path, "b.jsonl", {"id": 1, "text": TEXT})
    odd.write_text(TABLE)
    target = tmp_path / "out.jsonl"
    assert run("score", odd, good, "--output", target).exit_code == 1
    assert len(target.read_text().splitlines()) == 1
    printed = run("score", odd, good)
    assert (printed.exit_code, len(printed.stdout.splitlines())) == (1, 2)


# --------------------------------------------------------------------------------------
# What cannot be scored, and files that exist
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--quiet"]])
def test_the_quarantine_and_the_first_three_reasons_are_told(
    tmp_path: Path, options: list[str]
) -> None:
    source = write(tmp_path, "in.jsonl", *([{"text": ""}] * 5), {"text": TEXT})
    target = tmp_path / "out.jsonl"
    result = run("score", source, "--output", target, *options)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-5:] == [
        f"5 of 6 inputs could not be scored and are in {target}.quarantine.jsonl:",
        f"  {source}, row 1: empty: no text",
        f"  {source}, row 2: empty: no text",
        f"  {source}, row 3: empty: no text",
        "  and 2 more",
    ]


def test_notes_are_told_beside_a_quarantine_too(tmp_path: Path) -> None:
    page, empty = tmp_path / "page.txt", tmp_path / "empty.txt"
    page.write_bytes(f"{TEXT} Its caf\xe9 is open.".encode("latin-1"))
    empty.write_text("")
    quarantine = tmp_path / "bad.jsonl"
    result = run("score", page, empty, "--quarantine", quarantine)
    assert result.exit_code == 1
    plain = run("score", page)
    assert plain.stderr.startswith(f"note: {page}: byte ")
    assert result.stderr.startswith(plain.stderr)
    assert "error: " not in result.stderr, "what failed is in the quarantine"
    (line,) = quarantine.read_text().splitlines()
    assert json.loads(line)["id"] == str(empty)
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize("option", ["--report", "--summary", "--quarantine"])
@pytest.mark.parametrize("into_file", [False, True])
def test_no_file_is_replaced_unasked(tmp_path: Path, option: str, into_file: bool) -> None:
    source, older = write(tmp_path, "in.jsonl", {"text": TEXT}), tmp_path / "older"
    older.write_text("older")
    call = ["score", source, option, older]
    call += ["--output", tmp_path / "out.jsonl"] if into_file else []
    result = run(*call)
    assert result.exit_code == 2
    assert f"{older}: exists: name another file, or replace it with --overwrite" in result.stderr
    assert older.read_text() == "older"
    assert list_names(tmp_path) == ["in.jsonl", "older"]
    assert run(*call, "--overwrite").exit_code == 0
    assert older.read_text() != "older"


def test_resuming_replaces_no_file_where_there_is_nothing_to_resume(tmp_path: Path) -> None:
    source, older = write(tmp_path, "in.jsonl", {"text": TEXT}), tmp_path / "older"
    older.write_text("older")
    call = ["score", source, "--output", tmp_path / "out.jsonl", "--summary", older, "--resume"]
    refused = run(*call)
    assert refused.exit_code == 2
    assert f"--summary {older}: exists" in refused.stderr
    assert older.read_text() == "older"
    older.unlink()
    assert run(*call).exit_code == 0  # as a job does that always says it
    (tmp_path / "out.jsonl").unlink()
    (tmp_path / "out.jsonl.parts").mkdir()
    assert run(*call).exit_code == 0  # the summary may be that of the run that was broken off


@pytest.mark.parametrize("artifacts", [None, "many"])
def test_a_run_with_a_report_that_broke_off_goes_on_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, artifacts: str | None
) -> None:
    source = write(tmp_path, "in.jsonl", *({"id": n, "text": f"{TEXT} {n}"} for n in range(300)))
    target, whole = tmp_path / "out.jsonl", tmp_path / "whole.jsonl"
    call = ["score", source, "--workers", 1, *(["--artifacts", artifacts] if artifacts else [])]
    assert run(*call, "--output", whole).exit_code == 0
    before = FakeDetector.score

    def break_off(self: FakeDetector, text: str, **options: Any) -> Any:
        if text.endswith(" 280"):
            raise KeyboardInterrupt
        return before(self, text, **options)

    with monkeypatch.context() as patched:
        patched.setattr(FakeDetector, "score", break_off)
        broken = run(*call, "--output", target, "--report", tmp_path / "page.html")
    assert broken.exit_code == 130
    way_out = "go on with the same call and --resume, but without --report"
    assert f"inputs are finished; {way_out}\n" in broken.stderr
    refused = run(*call, "--output", target, "--report", tmp_path / "page.html", "--resume")
    assert refused.exit_code == 2
    went_on = run(*call, "--output", target, "--resume")
    assert went_on.exit_code == 0, went_on.stderr
    assert target.read_text() == whole.read_text()


# --------------------------------------------------------------------------------------
# Messages for programs
# --------------------------------------------------------------------------------------


def read_log(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stderr.splitlines()]


def test_messages_may_be_json_lines(tmp_path: Path) -> None:
    source = write(tmp_path, "in.jsonl", {"text": ""}, {"text": TEXT})
    result = run("score", source, "--log-format", "json")
    assert len(result.stdout.splitlines()) == 2
    fault, end = read_log(result)
    assert (fault["level"], fault["source"], fault["row"]) == ("error", str(source), 1)
    assert (fault["reason"], fault["message"]) == (
        "empty: no text",
        f"{source}, row 1: empty: no text",
    )
    assert (end["level"], end["failed"], end["inputs"]) == ("info", 1, 2)
    assert datetime.fromisoformat(fault["time"]).tzinfo is not None


def test_a_run_into_a_file_ends_with_its_summary_and_its_quarantine(tmp_path: Path) -> None:
    source, target = write(tmp_path, "in.jsonl", {"text": ""}, {"text": TEXT}), tmp_path / "o.csv"
    result = run("score", source, "--output", target, "--log-format", "json")
    *_, summary, end = read_log(result)
    assert (summary["summary"]["inputs"], summary["summary"]["scored"]) == (2, 1)
    assert end["quarantine"] == f"{target}.quarantine.jsonl"
    assert end["reasons"] == [f"{source}, row 1: empty: no text"]


@pytest.mark.parametrize(
    "arguments",
    [["score", "--log-format", "json"], ["score", "-", "--resume", "--log-format", "json"]],
)
def test_a_wrong_call_is_a_json_line_too(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    (line,) = read_log(result)
    assert (line["level"], line["exit_code"]) == ("error", 2)


def test_the_environment_may_choose_and_the_next_call_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path, "in.jsonl", {"text": ""})
    monkeypatch.setenv("DETECTOR_LOG_FORMAT", "json")
    assert read_log(run("score", source))[0]["level"] == "error"
    monkeypatch.delenv("DETECTOR_LOG_FORMAT")
    assert run("score", source).stderr.startswith("error: ")
    assert run("score").stderr.startswith("Usage: ")


def test_messages_go_through_the_standard_librarys_logging() -> None:
    caught: list[logging.LogRecord] = []

    class Catcher(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            caught.append(record)

    logger, catcher = logging.getLogger("detector"), Catcher()
    set_log_format("text")
    logger.addHandler(catcher)
    try:
        tell("half a pair", "error", row=1)
    finally:
        logger.removeHandler(catcher)
    (record,) = caught
    assert (record.levelno, record.name) == (logging.ERROR, "detector")
