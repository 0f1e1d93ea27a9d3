"""The journal of a run: its parts, and which inputs they are about."""

from __future__ import annotations

import errno
import json
import os
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from detector.batch import journal
from detector.batch.chunks import Outcome
from detector.batch.journal import Journal, RunError, WriteError, name_folder
from detector.io.readers import BadInput, Record


def write_rows(path: Path, count: int, text: str = "number{n} of the paper") -> Path:
    """Rows of which every sixth has no text, and every seventh is not English."""
    with path.open("w", encoding="utf-8") as stream:
        for n in range(count):
            row: dict[str, Any] = {"id": n, "outlet": f"o{n % 3}"}
            if n % 6 != 4:
                row["text"] = text.format(n=n) + (" foreign" if n % 7 == 5 else "")
            stream.write(json.dumps(row) + "\n")
    return path


def count_lines(path: Path) -> int:
    return len(path.read_bytes().splitlines()) if path.exists() else 0


def fail_for_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def add(to: Journal, *numbers: int, source: str = "-") -> None:
    for n in numbers:
        outcome = Outcome(BadInput(n, source, n, "blank line: no JSON object"))
        to.add(outcome, {"id": str(n)} if n % 2 else None, None if n % 2 else {"id": n})


def make_items(*numbers: int, source: str = "-") -> list[Record | BadInput]:
    return [BadInput(n, source, n, "blank line: no JSON object") for n in numbers]


@pytest.fixture
def broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The output of a run that was broken off after two parts of three inputs."""
    monkeypatch.setattr(journal, "_PART_INPUTS", 3)
    target = tmp_path / "out.jsonl"
    with begin(target) as run_:
        add(run_, *range(8))
    return target


def begin(target: Path, model: str = "a", **options: bool) -> Journal:
    quarantine = Path(f"{target}.quarantine.jsonl")
    return Journal.begin(target, quarantine, {"model": model, "fpr": 0.01}, **options)


def test_finished_parts_are_passed_over_and_counted(broken_off: Path) -> None:
    with begin(broken_off, resume=True) as run_:
        assert (run_.inputs, run_.tally.inputs) == (6, 6)
        items = iter(make_items(*range(9)))
        run_.pass_over(items)
        assert [item.id for item in items] == [6, 7, 8]
        add(run_, 6, 7, 8)
        run_.finish(["id"])
    assert [json.loads(line)["id"] for line in broken_off.open()] == ["1", "3", "5", "7"]
    quarantine = Path(f"{broken_off}.quarantine.jsonl")
    assert [json.loads(line)["id"] for line in quarantine.open()] == [0, 2, 4, 6, 8]
    assert not name_folder(broken_off).exists()
    assert run_.tally.failures == {"blank line": 9}


@pytest.mark.parametrize("items", [range(5), [0, 1, 2, 3, 5, 4], [0, 1, 2, 3, 4, 6, 7]])
def test_other_inputs_are_refused(broken_off: Path, items: list[int]) -> None:
    with (
        begin(broken_off, resume=True) as run_,
        pytest.raises(RunError, match="inputs have changed since: 4 to 6 are not those"),
    ):
        run_.pass_over(iter(make_items(*items)))
    assert name_folder(broken_off).exists()


def test_a_file_that_was_written_to_is_another_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_PART_INPUTS", 3)
    source, target = str(write_rows(tmp_path / "in.jsonl", 3)), tmp_path / "out.jsonl"
    with begin(target) as run_:
        add(run_, 0, 1, 2, source=source)
    with begin(target, resume=True) as run_:
        run_.pass_over(iter(make_items(0, 1, 2, source=source)))
    with Path(source).open("a") as stream:
        stream.write("{}\n")
    with begin(target, resume=True) as run_, pytest.raises(RunError, match="have changed since"):
        run_.pass_over(iter(make_items(0, 1, 2, source=source)))


def test_another_model_is_refused(broken_off: Path) -> None:
    with pytest.raises(RunError, match='was begun with model "a", now "b": call as then'):
        begin(broken_off, "b", resume=True)
    begin(broken_off, resume=True).__exit__(None, None, None)


def test_a_run_that_was_broken_off_is_not_thrown_away_unasked(broken_off: Path) -> None:
    with pytest.raises(RunError, match="broken off: go on with --resume, or start anew with"):
        begin(broken_off)
    with begin(broken_off, overwrite=True) as run_:
        assert run_.inputs == 0
    assert not name_folder(broken_off).exists()


def test_a_line_that_a_kill_cut_short_does_not_count(broken_off: Path) -> None:
    record = name_folder(broken_off) / "journal.jsonl"
    whole = record.read_bytes()
    record.write_bytes(whole[:-20])
    with begin(broken_off, resume=True) as run_:
        assert run_.inputs == 3
        run_.pass_over(iter(make_items(0, 1, 2)))
        add(run_, 3, 4, 5)
        run_.finish(["id"])
    assert count_lines(broken_off) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_two_runs_do_not_write_to_one_output(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    with begin(target), pytest.raises(RunError, match="another run is writing there"):
        begin(target, overwrite=True)
    with begin(target):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_appeared_meanwhile_is_kept(broken_off: Path) -> None:
    broken_off.write_text("somebody else's")
    with pytest.raises(RunError, match="exists: name another file"):
        begin(broken_off, resume=True)
    assert broken_off.read_text() == "somebody else's"
    with begin(broken_off, resume=True, overwrite=True) as run_:
        assert run_.inputs == 6


def test_a_run_that_may_overwrite_may_do_so_when_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_PART_INPUTS", 1)
    target = tmp_path / "out.jsonl"
    target.write_text("older")
    with begin(target, overwrite=True) as run_:
        add(run_, 1)
    with begin(target, resume=True) as run_:
        run_.finish(["id"])
    assert json.loads(target.read_text())["id"] == "1"


def test_half_a_folder_of_a_run_that_is_over_is_no_run(
    broken_off: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill leaves it that comes while the parts are removed."""
    with monkeypatch.context() as killed, begin(broken_off, resume=True) as run_:
        killed.setattr(journal.shutil, "rmtree", fail_for_space)
        with pytest.raises(WriteError):
            run_.finish(["id"])
        killed.undo()
        whole = broken_off.read_text()
        assert name_folder(broken_off).exists()
    with pytest.raises(RunError, match="exists: name another file"):
        begin(broken_off, resume=True)
    assert broken_off.read_text() == whole


def test_half_a_folder_of_a_run_that_was_given_up_is_no_run(
    broken_off: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill leaves it that comes while --overwrite makes room."""
    (name_folder(broken_off) / "complete").touch()
    with monkeypatch.context() as killed:
        killed.setattr(journal.shutil, "rmtree", lambda *_, **__: None)
        killed.setattr(Path, "iterdir", fail_for_space)
        with pytest.raises(WriteError):
            begin(broken_off, overwrite=True)
    assert (name_folder(broken_off) / "complete").exists()
    with begin(broken_off, resume=True) as run_:
        assert (run_.inputs, run_.complete) == (0, False)


def test_an_old_quarantine_does_not_outlive_its_output(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    quarantine = Path(f"{target}.quarantine.jsonl")
    quarantine.write_text("older")
    with pytest.raises(RunError, match=r"quarantine\.jsonl: exists"):
        begin(target)
    with begin(target, overwrite=True) as run_:
        add(run_, 1)
        run_.finish(["id"])
    assert not quarantine.exists()


def test_nothing_at_all_makes_an_empty_output(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with begin(target) as run_:
        run_.finish(["id", "label"])
    assert target.read_text() == "id,label\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_an_interrupt_amid_an_input_seals_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.jsonl"
    with begin(target) as run_:
        add(run_, 1)
        run_.seal()
        with monkeypatch.context() as interrupted:

            def interrupt(*_: object) -> None:
                raise KeyboardInterrupt

            interrupted.setattr(journal._Growing, "add", interrupt)
            with pytest.raises(KeyboardInterrupt):
                add(run_, 2)
        run_.seal()
        assert run_.inputs == 1


def test_a_line_of_a_quarantine_takes_whatever_a_row_holds() -> None:
    row = {"id": "half \udc80", "fields": {"day": date(2024, 5, 1), "price": Decimal("1.50")}}
    line = journal.to_json_line(row)
    assert line.encode("utf-8").decode("utf-8") == line
    assert json.loads(line) == {
        "id": "half \udc80", "fields": {"day": "2024-05-01", "price": "1.50"},
    }  # fmt: skip


def test_a_quarantine_that_cannot_be_written_is_named_itself(tmp_path: Path) -> None:
    target, quarantine = tmp_path / "out.jsonl", tmp_path / "bad.jsonl"
    with Journal.begin(target, quarantine, {"model": "a"}) as run_:
        add(run_, 1)
        quarantine.mkdir()
        with pytest.raises(WriteError, match=r"bad\.jsonl: cannot be written: "):
            run_.finish(["id"], keep_empty=True)
        quarantine.rmdir()
        run_.finish(["id"])
    assert count_lines(target) == 1
