"""``detector compare``: two files in, one answer out, and what is wrong with the call."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli import main
from detector.results import Comparison

pytestmark = pytest.mark.usefixtures("fake_detector")

COPY = "A machine rewritten report about the harbour and its ferries."
ORIGINAL = "A report about the harbour and the ferries that sail from it."


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    copy, original = tmp_path / "copy.txt", tmp_path / "original.txt"
    copy.write_text(COPY)
    original.write_text(ORIGINAL)
    return str(copy), str(original)


def run(*arguments: object, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, arguments)], input=stdin)


def test_the_relation_is_printed(files: tuple[str, str]) -> None:
    result = run(*files)
    assert result.exit_code == 0
    assert "machine-rewritten" in result.stdout
    assert result.stdout.endswith("\n")


def test_json_holds_the_whole_comparison(files: tuple[str, str]) -> None:
    result = run(*files, "--format", "json")
    assert Comparison.from_json(result.stdout).relation == "machine-rewritten"


def test_a_page_is_printed_or_written(files: tuple[str, str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run(*files, "--report", page).exit_code == 0
    printed = run(*files, "--format", "html").stdout
    assert printed.startswith("<!DOCTYPE html>")
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_one_side_may_come_from_standard_input(files: tuple[str, str]) -> None:
    assert json.loads(run("-", files[1], "--format", "json", stdin=COPY).stdout)["flagged"] is True


def test_the_output_is_written_whole(files: tuple[str, str], tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    assert run(*files, "--format", "json", "--output", output).stdout == ""
    assert json.loads(output.read_text())["relation"] == "machine-rewritten"


@pytest.mark.parametrize(
    ("name", "options", "start"),
    [
        ("out.json", (), '{"relation": '),
        ("out.HTML", (), "<!DOCTYPE html>"),
        ("out.txt", (), "A machine"),
        ("out", (), "A machine"),
        ("out.html", ("--format", "json"), '{"relation": '),
        ("out.csv", ("--format", "text"), "A machine"),
    ],
)
def test_the_outputs_name_tells_its_form_unless_told(
    files: tuple[str, str], tmp_path: Path, name: str, options: tuple[str, ...], start: str
) -> None:
    assert run(*files, "--output", tmp_path / name, *options).exit_code == 0
    assert (tmp_path / name).read_text().replace("[[", "").startswith(start)


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_no_table_is_promised(files: tuple[str, str], tmp_path: Path, ending: str) -> None:
    result = run(*files, "--output", tmp_path / f"out{ending}")
    assert result.exit_code == 2
    refusal = f"nothing is written as {ending} here: end the name in .txt, .json, .html"
    assert refusal in result.stderr
    assert not (tmp_path / f"out{ending}").exists()


@pytest.mark.parametrize("option", ["--output", "--report"])
def test_no_file_is_replaced_unasked(files: tuple[str, str], tmp_path: Path, option: str) -> None:
    older = tmp_path / "older"
    older.write_text("older")
    result = run(*files, option, older)
    assert result.exit_code == 2
    assert f"{option} {older}: exists: name another file" in result.stderr
    assert older.read_text() == "older"
    assert run(*files, option, older, "--overwrite").exit_code == 0
    assert older.read_text() != "older"


def test_the_same_file_twice_is_refused(files: tuple[str, str], tmp_path: Path) -> None:
    link = tmp_path / "link.txt"
    link.symlink_to(files[0])
    for other in (files[0], link):
        result = run(files[0], other)
        assert result.exit_code == 2
        assert "same file" in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("", "empty: no text"),
        ("foreign words only", "not English"),
    ],
)
def test_what_cannot_be_compared_is_an_error(
    files: tuple[str, str], tmp_path: Path, content: str | None, message: str
) -> None:
    bad = tmp_path / "bad.txt"
    if content is not None:
        bad.write_text(content)
    result = run(bad, files[1])
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_a_file_of_many_articles_is_refused_with_the_way_out(
    files: tuple[str, str], tmp_path: Path
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "one report"}\n{"text": "another report"}\n')
    result = run(rows, files[1])
    assert result.exit_code == 2
    assert "holds 2 articles" in result.stderr
    assert "--reference-column" in result.stderr
