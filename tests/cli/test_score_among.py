"""``detector score --among``: a batch's own texts are one another's originals."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fake_detector import FakeDetector, replace_detector

from detector.cli import main
from detector.clusters import grouping
from detector.results import MACHINE_REWRITTEN, Comparison

FERRY = """\
The ferry to the northern islands will stop running in October because its hull has rusted through.
Islanders were told at a crowded meeting in the school that a replacement is at least a year away.
"""
SPUN = FERRY.replace("stop running", "cease operating") + "It was rewritten.\n"
BAKERY = "Two sisters have bought an old bakery beside the market square and will keep its oven.\n"


class Directed(FakeDetector):
    """Knows that who was rewritten is the copy."""

    def compare(self, text: str, reference: str, **rates: Any) -> Comparison:
        found = super().compare(text, reference, **rates)
        return replace(found, direction=0.99 if found.relation == MACHINE_REWRITTEN else None)


@pytest.fixture(autouse=True)
def fake_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_detector(monkeypatch, Directed)


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    path = tmp_path / "batch.jsonl"
    rows = [("spun", SPUN), ("bakery", BAKERY), ("ferry", FERRY)]
    lines = [json.dumps({"id": name, "text": text, "outlet": "x"}) for name, text in rows]
    path.write_text("".join(line + "\n" for line in lines))
    return path


def run(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["score", "--among", *map(str, arguments)], input=text)


def read(target: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in target.read_text().splitlines()]


def test_a_copy_is_judged_by_comparison_and_says_so(batch: Path) -> None:
    rows = [json.loads(line) for line in run(batch).stdout.splitlines()]
    assert [row["id"] for row in rows] == ["spun", "bakery", "ferry"]
    assert [row["judged_by"] for row in rows] == ["comparison", "text", "text"]
    assert [row["original_id"] for row in rows] == ["ferry", None, None]
    assert rows[0]["flagged"] is rows[0]["comparison_flagged"] is True
    assert {row["outlet"] for row in rows} == {"x"}


def test_standard_input_is_read_once(batch: Path) -> None:
    printed = run("-", text=batch.read_text()).stdout
    assert [json.loads(line)["judged_by"] for line in printed.splitlines()] == [
        "comparison", "text", "text",
    ]  # fmt: skip


def test_a_file_may_have_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    names = [str(tmp_path / os.fsdecode(name)) for name in (b"\xe9-ferry.txt", b"\xe9-spun.txt")]
    for name, text in zip(names, (FERRY, SPUN), strict=True):
        Path(name).write_text(text)
    rows = [json.loads(line) for line in run(*names, "--format", "json").stdout.splitlines()]
    assert [(row["id"], row["original_id"]) for row in rows] == [
        (names[0], None),
        (names[1], names[0]),
    ]


def test_a_file_holds_the_same_and_nothing_is_left_beside_it(batch: Path, tmp_path: Path) -> None:
    target = tmp_path / "scored.jsonl"
    assert run(batch, "--output", target).exit_code == 0
    assert [row["original_id"] for row in read(target)] == ["ferry", None, None]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["batch.jsonl", "scored.jsonl"]


def test_a_run_that_broke_off_notices_other_input(
    batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(self: Directed, text: str, **options: Any) -> Any:
        raise KeyboardInterrupt

    target = tmp_path / "scored.jsonl"
    call = "-", "--input-format", "jsonl", "--output", target
    with monkeypatch.context() as patched:
        patched.setattr(Directed, "score", break_off)
        assert run(*call, text=batch.read_text()).exit_code == 130
    other = batch.read_text().replace("Two sisters", "Three sisters")
    refused = run(*call, "--resume", text=other)
    assert refused.exit_code == 2
    assert "the inputs have changed since (the one at place 2 is another)" in refused.stderr


def test_a_run_that_broke_off_goes_on(
    batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, target = tmp_path / "whole.jsonl", tmp_path / "scored.jsonl"
    run(batch, "--output", whole)
    before = Directed.score

    def break_off(self: Directed, text: str, **options: Any) -> Any:
        if text == BAKERY:
            raise KeyboardInterrupt
        return before(self, text, **options)

    monkeypatch.setattr(Directed, "score", break_off)
    assert run(batch, "--output", target).exit_code == 130
    monkeypatch.setattr(Directed, "score", before)
    asked: list[str] = []
    monkeypatch.setattr(grouping, "settle", lambda pairs, evidence: asked.append("again") or {})
    assert run(batch, "--output", target, "--resume").exit_code == 0
    assert asked == []  # what was grouped stays
    assert target.read_text() == whole.read_text()


def test_dates_that_cannot_be_read_are_told_once(tmp_path: Path) -> None:
    path, target = tmp_path / "batch.jsonl", tmp_path / "scored.jsonl"
    dates = ["2024-05-09", "01/02/2024", None]
    rows = [{"id": n, "text": f"{BAKERY}{n}", "date": date} for n, date in enumerate(dates)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    note = "1 of 2 dates in 'date' could not be read, e.g. '01/02/2024': give ISO 8601"
    for more in ([], ["--output", target, "--quiet"]):
        result = run(path, *more)
        assert result.exit_code == 0
        assert result.stderr.count(f"note: {note}\n") == 1
