"""No command writes over what it reads, or over what it writes."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from detector.cli import main
from detector.cli.options import covers

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
