"""What Spark's workers do with the pairs and rows of a component, without Spark."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from test_grouping import BRIDGE, CRAWL, CUT, SPUN, WordComparer

from detector.batch.spark import ModelPath
from detector.clusters import spark as module
from detector.clusters.grouping import group
from detector.columns import CLUSTER_COLUMNS


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> module._Judge:
    monkeypatch.setitem(module._detectors, None, WordComparer())
    return module._Judge(ModelPath(None), 0.005)


def tell(judge: module._Judge, texts: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """What is said of texts that are one component, every two of them candidates."""
    first: dict[str, int] = {}
    numbers = [first.setdefault(text, place) for place, (_, text) in enumerate(texts)]
    pairs = pd.DataFrame(combinations(sorted(set(numbers)), 2), columns=["one", "other"])
    ordered = module._order_pairs(pairs.assign(component=0))
    known = dict(zip(numbers, (text for _, text in texts), strict=True))
    sides = ordered.assign(
        text=ordered["copy"].map(known), reference=ordered["original"].map(known)
    )
    links = pd.concat(judge.compare(iter([sides[:2], sides[2:]])))
    rows = pd.DataFrame(
        {"place": range(len(texts)), "number": numbers, "id": [name for name, _ in texts],
         "date": float("nan"), "text": [text for _, text in texts], "component": 0}
    )  # fmt: skip
    told = judge.settle(links, rows)
    assert list(told.columns) == ["place", *CLUSTER_COLUMNS]
    return told.astype(object).where(told.notna(), None).to_dict("records")


def test_workers_say_what_one_machine_says(judge: module._Judge) -> None:
    texts = [(name, text) for name, text in CRAWL if text.strip()]
    expected = {}
    for one in group(texts, WordComparer()):
        for member in one.members:
            original = None if member is one.original else one.original.id
            expected[member.id] = (
                len(one), member.role, original, member.relation, member.machine, member.flagged,
                member.coverage, member.copied_from, member.note,
            )  # fmt: skip
    names = (
        "size", "role", "original_id", "relation", "machine", "flagged", "coverage", "copied_from",
        "note",
    )  # fmt: skip
    said = tell(judge, texts)
    assert {texts[row["place"]][0]: tuple(row[n] for n in names) for row in said} == expected


def test_the_same_text_twice_needs_no_comparison(judge: module._Judge) -> None:
    links = pd.DataFrame(columns=["component", "place", "again", "said"])
    rows = pd.DataFrame(
        {"place": [3, 8], "number": [3, 3], "id": ["first", "second"],
         "date": [2e9, 1e9], "text": [BRIDGE, BRIDGE], "component": [3, 3]}
    )  # fmt: skip
    told = judge.settle(links, rows)
    assert told["role"].tolist() == ["copy", "original"]  # the earlier by date
    assert told["group"].tolist() == [3, 3]
    assert told["original_id"].tolist()[0] == "second"


def test_pairs_are_compared_both_ways_where_one_does_not_tell_all(judge: module._Judge) -> None:
    sides = pd.DataFrame(
        [(0, 0, 1, 0, SPUN, BRIDGE), (0, 1, 2, 0, CUT, BRIDGE)],
        columns=["component", "place", "copy", "original", "text", "reference"],
    )
    (links,) = judge.compare(iter([sides]))
    assert links["again"].tolist().count(False) == 2
    assert links["place"].tolist()[0] == 0
    assert set(links["component"]) == {0}


@pytest.mark.parametrize(
    ("role", "text", "reason"),
    [
        ("alone", BRIDGE, None),
        ("alone", "Die Brücke bleibt gesperrt, weil der Rost tiefer sitzt als gedacht.",
         "not English: the text looks like 'de'"),
        ("alone", "\x00\x01" * 99, "not English: the language could not be told"),
        ("alone", " \n\xa0", "empty: there is no text"),
        ("alone", None, "empty: there is no text"),
        ("original", "Die Brücke bleibt gesperrt, weil der Rost tiefer sitzt als gedacht.", None),
        ("copy", None, None),
    ],
)  # fmt: skip
def test_only_who_stands_alone_says_why(role: str, text: str | None, reason: str | None) -> None:
    assert module._explain_alone(role, text) == reason
