"""The benchmark of crawls counts what was found, and plants what it says."""

from __future__ import annotations

import importlib
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

SPUN = "spun, 20% of words"

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def crawl(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("crawl")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("planted_families")


def make_row(name: str, truth: tuple[Any, ...], said: tuple[Any, ...]) -> dict[str, Any]:
    family, kind, copied, machine, original = truth
    group, size, role, flagged = said
    return {
        "id": name, "family": family, "kind": kind, "copied_kind": copied,
        "made_by_machine": machine, "true_original": original, "group": group, "size": size,
        "role": role, "flagged": flagged, "relation": None, "coverage": None, "original_id": None,
        "text": f"The words of {name} alone.",
    }  # fmt: skip


@pytest.fixture
def frame() -> pd.DataFrame:
    """Two families and three others: one copy missed, one stranger joined, one wrong original."""
    return pd.DataFrame(
        [
            make_row("a", (0, "original", "original", False, "a"), (1, 4, "original", False)),
            make_row("b", (0, "round trip", "original", True, "a"), (1, 4, "copy", True)),
            make_row("c", (0, "cut", "round trip", True, "a"), (1, 4, "copy", False)),
            make_row("d", (0, "repost", "original", False, "a"), (2, 1, "alone", False)),
            make_row("e", (1, "original", "original", False, "e"), (3, 2, "copy", True)),
            make_row("f", (1, SPUN, "original", True, "e"), (3, 2, "original", False)),
            make_row("g", (None, "alone", None, False, None), (1, 4, "copy", False)),
            make_row("h", (None, "alone", None, False, None), (4, 2, "original", False)),
            make_row("i", (None, "alone", None, False, None), (4, 2, "copy", False)),
        ]
    ).astype({"family": "Int64"})  # fmt: skip


def test_shares_of_a_crawl(crawl: ModuleType, frame: pd.DataFrame) -> None:
    shares = {name: (count, total) for name, count, total in crawl.list_shares(frame)}
    assert shares["pairs found: machines', spun from 20 %"] == (2, 2)
    assert shares["pairs found: repost"] == (0, 1)
    assert shares["pairs found: copy of a copy"] == (1, 1)
    assert shares["documents joined wrongly"] == (3, 9)
    assert shares["original named right"] == (1, 2)
    assert shares["flagged: machine-made members"] == (1, 3)
    assert shares["flagged: others"] == (1, 6)
    assert shares["flagged: people's copies"] == (0, 1)


def test_documents_joined_wrongly_are_the_strangers_in_a_group(
    crawl: ModuleType, frame: pd.DataFrame
) -> None:
    assert crawl.find_joined_wrongly(frame)["id"].tolist() == ["g", "h", "i"]


def test_a_repost_is_as_good_an_original_as_the_original(
    crawl: ModuleType, frame: pd.DataFrame
) -> None:
    frame.loc[frame["id"] == "d", ["group", "size", "role"]] = [1, 5, "original"]
    frame.loc[frame["id"] == "a", "role"] = "copy"
    assert crawl.judge_originals(frame) == (1, 2)


def test_a_missing_row_is_no_result(crawl: ModuleType, frame: pd.DataFrame) -> None:
    truth = ["id", "family", "kind", "copied_kind", "made_by_machine", "true_original"]
    said = frame.drop(columns=truth[1:]).assign(machine=None)
    assert len(crawl.join_truth(frame[truth], said)) == 9
    with pytest.raises(SystemExit, match="1 documents of the crawl have no row"):
        crawl.join_truth(frame[truth], said[1:])


def test_articles_that_share_more_than_a_quotation_are_left_out(planted: ModuleType) -> None:
    def make(start: int, count: int) -> str:
        return " ".join(f"word{number}" for number in range(start, start + count))

    texts = [make(0, 100), make(500, 100), make(0, 60) + " " + make(900, 40), make(590, 100)]
    assert planted.find_repeated(texts) == {2}
    assert planted.find_repeated([*texts, make(900, 40)], fixed=3) == {4}


def test_what_is_spared_is_left_out_with_all_that_repeats_it(planted: ModuleType) -> None:
    def make(topic: str) -> str:
        return " ".join(f"{topic}{number}" for number in range(100))

    def seed(topic: str) -> Any:
        return planted.Seed(make(topic))

    people = pd.DataFrame({"text": [make("ferry") + " Ends.", make("bakery"), make("museum")]})
    ready, traps, kept = planted.leave_out_repeated(
        [seed("museum"), seed("harbour")],
        [seed("harbour"), seed("orchard"), seed("library")],
        people,
        frozenset({make("ferry"), make("orchard")}),
    )
    assert ready == [seed("museum"), seed("harbour")]
    assert traps == [seed("library")]
    assert kept["text"].tolist() == [make("bakery")]


def test_the_generated_crowd_shares_no_names(planted: ModuleType) -> None:
    sentences = [
        f"On the {day}th of the month, Mayor Kohl met the {trade} in the old customs house."
        for day in range(10, 99)
        for trade in ("bakers", "glaziers", "tanners", "weavers")
    ]
    made = planted.recombine([" ".join(sentences)], 20, random.Random(1))
    assert len(made) == 20
    lines = [set(text.split("\n")) for text in made]
    assert not any(one & other for i, one in enumerate(lines) for other in lines[i + 1 :])
    again = planted.recombine([" ".join(sentences)], 20, random.Random(1))
    assert made == again
