"""A long run of the command survives kills, interrupts and full disks, and loses no input."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fake_detector import FakeDetector
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.batch import journal
from detector.batch.journal import name_folder
from detector.cli import main

PROGRAM = f"""
import os, sys
from types import ModuleType

sys.path.insert(0, {str(Path(__file__).parents[1])!r})
import detector.batch.engine, detector.batch.journal

detector.batch.chunks.CHUNK_DOCUMENTS = 4
detector.batch.engine._WORTH_WORKERS = 0
detector.batch.journal._PART_INPUTS = 5
if "FAKE_LOG" in os.environ:
    from fake_detector import FakeDetector

    module = ModuleType("detector.detector")
    module.Detector = FakeDetector
    sys.modules["detector.detector"] = module
if "LARGEST_FILE" in os.environ:
    import resource

    size = int(os.environ["LARGEST_FILE"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
from detector.cli import main

main()
"""
PART = 5


def write_rows(path: Path, count: int, text: str = "number{n} of the paper") -> Path:
    """Rows of which every sixth has no text, and every seventh is not English."""
    with path.open("w", encoding="utf-8") as stream:
        for n in range(count):
            row: dict[str, Any] = {"id": n, "outlet": f"o{n % 3}"}
            if n % 6 != 4:
                row["text"] = text.format(n=n) + (" foreign" if n % 7 == 5 else "")
            stream.write(json.dumps(row) + "\n")
    return path


def start(*arguments: object, **environment: object) -> subprocess.Popen[str]:
    """The command with a fake detector, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "score", *map(str, arguments)],
        env=os.environ | {name: str(value) for name, value in environment.items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Until something holds, or the process has ended, or a minute is over."""
    for _ in range(6000):
        if true() or process.poll() is not None:
            return
        time.sleep(0.01)
    process.kill()
    raise AssertionError("waited for a minute in vain")


def count_lines(path: Path) -> int:
    return len(path.read_bytes().splitlines()) if path.exists() else 0


def read_both(target: Path) -> tuple[bytes, bytes]:
    return target.read_bytes(), Path(f"{target}.quarantine.jsonl").read_bytes()


def finish(*arguments: object, **environment: object) -> tuple[int, str]:
    process = start(*arguments, **environment)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


# --------------------------------------------------------------------------------------
# Killed and interrupted
# --------------------------------------------------------------------------------------


def test_a_run_killed_ten_times_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", 150)
    whole, target, log = tmp_path / "whole.jsonl", tmp_path / "out.jsonl", tmp_path / "log"
    assert finish(source, "--output", whole, FAKE_LOG=tmp_path / "whole.log")[0] == 1
    texts = count_lines(tmp_path / "whole.log")
    moments = random.Random(6)
    kills = 0
    for _ in range(10):
        goal = count_lines(log) + moments.randint(1, 2 * PART + 4)
        process = start(source, "--output", target, "--resume", FAKE_LOG=log, FAKE_SECONDS=0.002)
        wait_until(lambda goal=goal: count_lines(log) >= goal, process)  # type: ignore[misc]
        kills += process.poll() is None
        process.kill()
        process.communicate()
    assert kills == 10
    assert not target.exists()
    assert finish(source, "--output", target, "--resume", FAKE_LOG=log)[0] == 1
    assert read_both(target) == read_both(whole)
    assert not name_folder(target).exists()
    # A kill costs a part and what was being scored at most; nothing finished was scored again.
    assert texts < count_lines(log) <= texts + kills * (PART + 2 * 4)


def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", 60)
    target, log = tmp_path / "out.csv", tmp_path / "log"
    process = start(source, "--output", target, FAKE_LOG=log, FAKE_SECONDS=0.02)
    wait_until(lambda: count_lines(log) >= 20, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: " in errors
    assert "inputs are finished; go on with the same call and --resume" in errors
    assert "Traceback" not in errors
    assert not target.exists()
    code, errors = finish(source, "--output", target, FAKE_LOG=log)
    assert code == 2
    assert "holds a run that was broken off: go on with --resume, or start anew" in errors
    code, errors = finish(source, "--output", target, "--resume", FAKE_LOG=log)
    assert code == 1
    assert "going on after" in errors
    whole = tmp_path / "whole.csv"
    finish(source, "--output", whole, FAKE_LOG=log)
    assert read_both(target) == read_both(whole)


def list_session(leader: int) -> list[str]:
    """Living processes of a session, but for loky's own housekeeper, which ends by itself."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z" and "resource_tracker" not in command:
            found.append(command)
    return found


def wait_for_end(leader: int) -> list[str]:
    """What still lives of a session after ten seconds: a process takes a moment to be gone."""
    for _ in range(200):
        if not (living := list_session(leader)):
            return []
        time.sleep(0.05)
    return living


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_end_with_their_parent_and_the_run_goes_on(
    tiny_bundle: Path, person_article: str, tmp_path: Path
) -> None:
    source = write_rows(tmp_path / "in.jsonl", 200, "Number {n}. " + person_article)
    target, whole = tmp_path / "out.jsonl", tmp_path / "whole.jsonl"
    call = [source, "--model", tiny_bundle, "--quiet", "--output"]
    record = name_folder(target) / "journal.jsonl"

    killed = start(*call, target, "--workers", 2, TMPDIR=tmp_path)
    wait_until(lambda: count_lines(record) >= 2, killed)
    assert any("popen_loky" in command for command in list_session(killed.pid))
    killed.kill()
    killed.communicate()
    assert wait_for_end(killed.pid) == []

    interrupted = start(*call, target, "--workers", 2, "--resume")
    before = count_lines(record)
    wait_until(lambda: count_lines(record) >= before + 2, interrupted)
    os.killpg(interrupted.pid, signal.SIGINT)
    _, errors = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130
    assert "Traceback" not in errors
    assert wait_for_end(interrupted.pid) == []

    assert finish(*call, target, "--workers", 2, "--resume")[0] == 1
    assert finish(*call, whole, "--workers", 1)[0] == 1
    assert read_both(target) == read_both(whole)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    import pty
    import termios

    source = write_rows(tmp_path / "in.jsonl", 30)
    shown, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    call = ["score", source, "--output", tmp_path / "out.jsonl"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, call)],
        env=os.environ | {"FAKE_LOG": str(tmp_path / "log"), "FAKE_SECONDS": "0.02"},
        stderr=terminal,
    )
    os.close(terminal)
    text = b""
    with contextlib.suppress(OSError):  # that is how Linux says that a terminal has ended
        while piece := os.read(shown, 4096):
            text += piece
    os.close(shown)
    assert done.returncode == 1
    assert "30/30" in text.decode()
    assert "documents/s" in text.decode()
    assert "30 inputs, " in text.decode()


# --------------------------------------------------------------------------------------
# A full disk
# --------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no RLIMIT_FSIZE")
def test_what_is_finished_survives_a_full_disk(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", 90)
    whole, target, log = tmp_path / "whole.jsonl", tmp_path / "out.jsonl", tmp_path / "log"
    finish(source, "--output", whole, FAKE_LOG=tmp_path / "whole.log")
    # The journal is the first to grow beyond this.
    code, errors = finish(source, "--output", target, FAKE_LOG=log, LARGEST_FILE=4000)
    assert code == 2
    assert f"{target}: cannot be written: File too large: " in errors
    assert "go on with the same call and --resume" in errors
    assert not target.exists()
    assert finish(source, "--output", target, "--resume", FAKE_LOG=log)[0] == 1
    assert read_both(target) == read_both(whole)


@pytest.fixture
def small_parts(fake_detector: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_PART_INPUTS", PART)
    monkeypatch.setattr("detector.batch.chunks.CHUNK_DOCUMENTS", 4)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["score", *map(str, arguments)])


def fail_for_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.usefixtures("small_parts")
def test_a_disk_that_is_full_when_parts_are_joined_costs_no_scoring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write_rows(tmp_path / "in.jsonl", 30), tmp_path / "out.jsonl"
    with monkeypatch.context() as full:
        full.setattr(journal, "concatenate", fail_for_space)
        result = run(source, "--output", target)
    assert result.exit_code == 2
    assert "cannot be written: No space left on device: 30 inputs are finished" in result.stderr
    source.write_text("")  # no input is needed any more
    assert run(source, "--output", target, "--resume").exit_code == 1
    assert count_lines(target) + count_lines(Path(f"{target}.quarantine.jsonl")) == 30


@pytest.mark.usefixtures("small_parts")
def test_a_disk_that_takes_nothing_is_noticed_before_scoring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "open_writer", fail_for_space)
    monkeypatch.setattr(FakeDetector, "score", fail_for_space)
    target = tmp_path / "out.jsonl"
    result = run(write_rows(tmp_path / "in.jsonl", 3), "--output", target)
    assert result.exit_code == 2
    assert f"{target}: cannot be written: No space left on device" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


# --------------------------------------------------------------------------------------
# Every input in one place
# --------------------------------------------------------------------------------------


ROWS = st.one_of(
    st.sampled_from(
        [
            b"",
            b"   ",
            b"[1, 2]",
            b'{"id": 2',
            b"\xff\xfe\x00",
            b'{"text": null}',
            b'{"text": " "}',
            b'{"text": "one"}',
            b'{"text": "a foreign word"}',
            b'{"text": "please break now"}',
            b'{"text": "a b", "label": "mine", "n": {"deep": [1]}}',
        ]
    ),
    st.text(max_size=20).map(lambda text: json.dumps({"text": "t " + text}).encode()),
    st.text(max_size=20).map(
        lambda text: json.dumps({"text": "t " + text}, ensure_ascii=False).encode("utf-16-le")
    ),
)


@pytest.mark.usefixtures("small_parts")
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(ROWS, min_size=1, max_size=25), st.sampled_from(["jsonl", "csv", "parquet"]))
def test_every_row_is_in_the_output_or_in_the_quarantine(rows: list[bytes], form: str) -> None:
    rows = [row.replace(b"\n", b"").replace(b"\r", b"") for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.jsonl"), Path(folder, f"out.{form}")
        source.write_bytes(b'{"text": "first"}\n' + b"\n".join(rows) + b"\n")
        result = run(source, "--output", target, "--quiet")
        assert result.exit_code in (0, 1), result.output
        scored = sorted(Path(folder).glob("out.*"))
        again = run(*scored, "--text-column", "label", "--format", "json")
        places = [json.loads(line)["id"] for line in again.stdout.splitlines()]
    while rows and not rows[-1].strip():
        rows.pop()  # blank lines at a file's end are no rows
    assert sorted(places) == sorted(f"{source}:{n + 1}" for n in range(len(rows) + 1))
