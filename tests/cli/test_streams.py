"""Standard streams that are closed, or lead to a full disk, cost one line and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")

_FULL = "cannot write: No space left on device"
_NO_OUTPUT = "standard output is closed"
_NO_INPUT = "standard input is closed"


def run(command: str, model: Path) -> tuple[int, list[str]]:
    """Exit code of a shell's command and the lines on standard error."""
    detector = f'"{sys.executable}" -c "from detector.cli import main; main()"'
    done = subprocess.run(
        ["/bin/sh", "-c", command.format(detector=detector, model=f'--model "{model}"')],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        # Where nothing is kept back, a full disk shows earlier than users see it.
        env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
    )
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("{detector} info {model} > /dev/full", _FULL),
        ("{detector} info {model} --format json > /dev/full", _FULL),
        ("{detector} --help > /dev/full", _FULL),
        ("echo one | {detector} score {model} - > /dev/full", _FULL),
        ("{detector} info {model} >&-", _NO_OUTPUT),
        ("echo one | {detector} score {model} - >&-", _NO_OUTPUT),
        ("{detector} score {model} - <&-", _NO_INPUT),
    ],
)
def test_a_stream_that_cannot_be_used_is_one_line(
    tiny_bundle: Path, command: str, problem: str
) -> None:
    code, lines = run(command, tiny_bundle)
    told = [line for line in lines if not line.startswith("error: standard input: too short")]
    assert (code, told) == (2, [f"Error: {problem}"])


@pytest.fixture
def articles(tmp_path: Path, person_article: str, machine_article: str) -> str:
    for name, text in (("a.txt", person_article), ("b.txt", machine_article)):
        (tmp_path / name).write_text(text)
    return f'"{tmp_path}/a.txt" "{tmp_path}/b.txt"'


@pytest.mark.parametrize(
    "verb", ["cluster --quiet", "compare --format json", "compare --format html"]
)
@pytest.mark.parametrize(
    ("into", "code", "told"),
    [("> /dev/full", 2, [f"Error: {_FULL}"]), (">&-", 2, [f"Error: {_NO_OUTPUT}"])],
)
def test_verbs_that_write_files_too_tell_of_streams_alike(
    tiny_bundle: Path, articles: str, verb: str, into: str, code: int, told: list[str]
) -> None:
    assert run(f"{{detector}} {verb} {articles} {into}", tiny_bundle) == (code, told)


@pytest.mark.parametrize("verb", ["cluster --quiet", "compare --format html"])
def test_a_reader_that_leaves_early_is_no_fault_of_verbs_that_write_files(
    tiny_bundle: Path, articles: str, verb: str
) -> None:
    assert run(f"{{detector}} {verb} {articles} | true", tiny_bundle) == (0, [])


def test_a_closed_standard_error_takes_nothing_away(tiny_bundle: Path) -> None:
    assert run("{detector} info {model} > /dev/null 2>&-", tiny_bundle) == (0, [])
    assert run("{detector} info {model} > /dev/full 2>&-", tiny_bundle) == (2, [])
    assert run("{detector} score {model} nothing.txt > /dev/null 2> /dev/full", tiny_bundle)[0] == 2


def test_an_output_that_needs_no_standard_stream_is_written_without(
    tiny_bundle: Path, tmp_path: Path, person_article: str
) -> None:
    (tmp_path / "a.txt").write_text(person_article)
    command = f'{{detector}} score {{model}} "{tmp_path}/a.txt" --output "{tmp_path}/out.jsonl"'
    assert run(f"{command} --quiet <&- >&-", tiny_bundle) == (0, [])
    assert (tmp_path / "out.jsonl").is_file()


def test_a_reader_that_leaves_early_is_no_fault(tiny_bundle: Path) -> None:
    code, lines = run("{detector} info {model} | true", tiny_bundle)
    assert (code, lines) == (0, [])
