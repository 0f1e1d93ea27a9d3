"""``detector cluster``: a row for each text, with its group and what it is to the original."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_detector import FakeDetector

from detector.cli import cluster as verb
from detector.cli import main

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


@pytest.fixture(autouse=True)
def fake_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "load_detector", lambda model: FakeDetector())


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["cluster", *map(str, arguments)])


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
    assert rows[1] == {
        "id": "b", "group": 2, "size": 1, "role": "alone", "relation": None, "machine": None,
        "flagged": False, "coverage": None, "original_id": None, "outlet": "gazette",
    }  # fmt: skip
    copy, original = sorted((rows[0], rows[2]), key=lambda row: row["role"])
    assert (copy["role"], original["role"]) == ("copy", "original")
    assert copy["original_id"] == original["id"]
    assert rows[0]["input_role"] == "admin"
    assert "3 texts; groups of two and more: 1" in result.stderr


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


def test_the_input_is_not_written_over(crawl: Path) -> None:
    result = run(crawl, "--output", crawl)
    assert result.exit_code == 2
    assert "lies among what is read" in result.stderr
