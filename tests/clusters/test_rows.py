"""Columns that rows bring keep out of the way of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_grouping import ORCHARD, WordComparer

from detector.clusters.grouping import Grouping
from detector.clusters.rows import COLUMNS, list_columns, list_rows
from detector.clusters.store import CrawlStore
from detector.columns import rename_clashes
from detector.io.readers import Record


@pytest.mark.parametrize(
    ("names", "renamed"),
    [
        (["outlet", "label"], ["outlet", "input_label"]),
        (["label", "input_label"], ["input_input_label", "input_label"]),
        (["input_label", "label"], ["input_label", "input_input_label"]),
        (["input_label", "outlet"], ["input_label", "outlet"]),
        (["label", "input_label", "input_input_label"],
         ["input_input_input_label", "input_label", "input_input_label"]),
        ([], []),
    ],
)  # fmt: skip
def test_a_column_named_like_ours_gets_a_name_that_nobody_has(
    names: list[str], renamed: list[str]
) -> None:
    assert rename_clashes(names, {"label", "flagged"}) == dict(zip(names, renamed, strict=True))


def test_no_name_of_ours_is_given_away() -> None:
    assert rename_clashes(["x"], ["x", "input_x"]) == {"x": "input_input_x"}


def test_a_rows_own_fields_follow_ours(tmp_path: Path) -> None:
    fields = {"group": "mine", "input_group": "too", "outlet": "x"}
    with CrawlStore(tmp_path / "crawl.sqlite", {}) as store:
        store.read([Record("a", ORCHARD, "x", 1, fields)])
        Grouping(store, WordComparer()).run()
        (row,) = list_rows(store)
        assert list(row) == list_columns(store)
    assert list(row) == [*COLUMNS, "input_input_group", "input_group", "outlet"]
    assert list(row.values())[-3:] == list(fields.values())
    assert (row["id"], row["group"], row["role"]) == ("a", 1, "alone")
