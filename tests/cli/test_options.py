"""No command writes over what it reads, or over what it writes."""

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from detector.cli import main
from detector.cli.options import covers, open_output

TEXT = "The harbour board met on Monday and closed the old ferry line for good."


def write(path: Path) -> str:
    path.write_text(TEXT)
    return str(path)


@pytest.mark.parametrize(
    "call",
    [
        ["score", "./in.txt", "--report", "in.txt"],
        ["score", "./in.txt", "--summary", "in.txt"],
        ["score", "a[1].txt", "--report", "a[1].txt"],
        ["score", "./in.jsonl", "--output", "in.jsonl", "--overwrite"],
        ["score", "*.jsonl", "--output", "in.jsonl", "--overwrite"],
        ["score", ".", "--output", "out.jsonl"],
        ["compare", "in.txt", "a[1].txt", "--output", "./in.txt"],
        ["compare", "in.txt", "a[1].txt", "--report", "a[1].txt"],
        ["index", "find", "o.index", "in.txt", "--output", "./in.txt"],
    ],
)
def test_inputs_are_left_alone(
    call: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("in.txt", "a[1].txt", "in.jsonl")
    for name in names:
        write(tmp_path / name)
    result = CliRunner().invoke(main, call)
    assert result.exit_code == 2, result.output
    assert "lies among what is read" in result.stderr
    assert all((tmp_path / name).read_text() == TEXT for name in names)


@pytest.mark.parametrize("verb", [["compare", "in.txt", "a[1].txt"], ["cluster", "in.jsonl"]])
@pytest.mark.parametrize("other", ["out.jsonl", "./out.jsonl", "folder/../out.jsonl", "link"])
def test_each_output_has_a_file_of_its_own(
    verb: list[str], other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("out.jsonl")
    for name in ("in.txt", "a[1].txt", "in.jsonl"):
        write(tmp_path / name)
    result = CliRunner().invoke(main, [*verb, "--output", "out.jsonl", "--report", other])
    assert result.exit_code == 2, result.output
    assert f"--output, --report {other}: give each a file of its own" in result.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_other_files_may_be_written(tmp_path: Path) -> None:
    source = write(tmp_path / "in.txt")
    assert not covers(source, tmp_path / "out.txt")
    assert not covers("-", tmp_path / "in.txt")
    assert not covers(str(tmp_path / "*.jsonl"), tmp_path / "out.csv")
    assert covers(str(tmp_path / "*.jsonl"), tmp_path / "out.jsonl")


@pytest.mark.usefixtures("fake_detector")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (["o.jsonl.quarantine.jsonl", "--overwrite"], "lies among what is read"),
        (["in.txt", "--summary", "o.jsonl.quarantine.jsonl"], "give each a file of its own"),
        (["in.txt", "--report", "o.jsonl.quarantine.jsonl"], "give each a file of its own"),
    ],
)
@pytest.mark.parametrize("verb", ["score", "cluster"])
def test_the_quarantine_that_nobody_named_is_a_file_too(
    verb: str, call: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if verb == "cluster" and "--summary" in call:
        pytest.skip("cluster has no --summary")
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.txt")
    beside = Path("o.jsonl.quarantine.jsonl")
    if call[0] == str(beside):
        beside.write_text(json.dumps({"text": TEXT}) + "\n")
    result = CliRunner().invoke(main, [verb, *call, "--output", "o.jsonl"])
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert beside.exists() == (call[0] == str(beside))
    assert not Path("o.jsonl").exists()


@pytest.mark.usefixtures("fake_detector")
@pytest.mark.parametrize(
    ("verb", "option", "place"),
    [
        ("score", "--output", "there.jsonl"),
        ("score", "--summary", "there"),
        ("score", "--summary", "gone/summary.json"),
        ("score", "--report", "there"),
        ("score", "--quarantine", "there"),
        ("score", "--quarantine", "/dev/null"),
        ("score", "--quarantine", None),
        ("cluster", "--report", "there"),
        ("cluster", "--quarantine", None),
    ],
)
def test_what_cannot_be_a_file_is_refused_by_its_option(
    verb: str, option: str, place: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.txt")
    for name in ("there", "there.jsonl", "o.jsonl.quarantine.jsonl"):
        (tmp_path / name).mkdir()
    named = {"--output": "o.jsonl", option: place} if place is None else {option: place}
    call = [item for name, value in named.items() if value is not None for item in (name, value)]
    result = CliRunner().invoke(main, [verb, "in.txt", *call, "--overwrite"])
    assert result.exit_code == 2, result.output
    where = place or "o.jsonl.quarantine.jsonl"
    assert f"{option} {where}: not a file in an existing folder" in result.stderr
    assert not (tmp_path / "o.jsonl").exists()


def test_what_is_no_file_is_told_by_the_option_that_named_it(tmp_path: Path) -> None:
    message = f"--summary {tmp_path}: not a file in an existing folder"
    with pytest.raises(click.UsageError, match=re.escape(message)):
        open_output(str(tmp_path), "--summary").__enter__()
