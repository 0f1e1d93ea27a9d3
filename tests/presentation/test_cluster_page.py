"""The page and the lines of a crawl that was grouped."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_detector import FakeDetector

from detector.clusters.grouping import Grouping
from detector.clusters.rows import list_rows
from detector.clusters.store import CrawlStore
from detector.io.readers import Record
from detector.presentation.groups import format_groups
from detector.presentation.html import cluster_page, write_cluster_report

FERRY = """\
The ferry to the northern islands will stop running in October because its hull has rusted through.
Islanders were told at a crowded meeting in the school that a replacement is at least a year away.
"""
SPUN = FERRY.replace("stop running", "cease operating") + "It was rewritten.\n"
BAKERY = "Two sisters have bought an old bakery beside the market square and will keep its oven.\n"
CRAWL = [
    ("<b>spun</b>", SPUN, {"title": "A <script>ferry</script>"}),
    ("bakery", BAKERY, {}),
    ("ferry", FERRY, {"url": "https://example.org/ferry"}),
    ("repost", FERRY, {}),
]


@pytest.fixture
def crawl(tmp_path: Path) -> Iterator[CrawlStore]:
    with CrawlStore(tmp_path / "crawl.sqlite", {}) as store:
        store.read(
            Record(identity, text, "x", place, fields)
            for place, (identity, text, fields) in enumerate(CRAWL)
        )
        Grouping(store, FakeDetector()).run()
        yield store


def write(store: CrawlStore, **options: Any) -> str:
    page = io.StringIO()
    write_cluster_report(page, store, FakeDetector(), rate=0.005, **options)
    return page.getvalue()


def test_a_group_lists_its_copies_and_opens_them_beside_the_original(crawl: CrawlStore) -> None:
    page = write(crawl)
    assert "2 of 4 texts are copies of another of them, in 1 group; 1 of them is flagged" in page
    assert "it reads like the original rewritten by a machine" in page
    assert "<b>3 texts</b>" in page
    assert page.count('class="pair"') == 1
    assert "bakery" not in page
    assert page.count("Copies in a crawl") == 2


def test_what_others_wrote_is_never_markup(crawl: CrawlStore) -> None:
    page = write(crawl, title="<i>a crawl</i>")
    assert "<b>spun" not in page
    assert "<script>ferry" not in page
    assert "<i>a crawl" not in page
    assert "&lt;b&gt;spun&lt;/b&gt;" in page


def test_without_groups_the_page_says_so(tmp_path: Path) -> None:
    with CrawlStore(tmp_path / "crawl.sqlite", {}) as store:
        store.read([Record("bakery", BAKERY, "x")])
        Grouping(store, FakeDetector()).run()
        assert "There is one text alone." in write(store)
        assert list(format_groups(list_rows(store))) == ["1 text stands alone"]


def test_a_group_without_a_flag_is_said_to_have_none(tmp_path: Path) -> None:
    with CrawlStore(tmp_path / "crawl.sqlite", {}) as store:
        store.read([Record("a", FERRY, "x", 1), Record("b", FERRY, "x", 2)])
        Grouping(store, FakeDetector()).run()
        page = write(store)
    assert "in 1 group; none of them is flagged." in page
    assert "the text of 1 copy." in page


def test_what_there_is_no_room_for_is_said(
    crawl: CrawlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_page, "MEMBER_LIMIT", 1)
    monkeypatch.setattr(cluster_page, "SIZE_LIMIT", cluster_page._FRAME_BYTES)
    page = write(crawl)
    assert "1 more is left out" in page
    assert "1 copy of large groups" in page
    assert 'class="pair"' not in page


def test_lines_name_the_original_first_and_flags_on_top(crawl: CrawlStore) -> None:
    lines = list(format_groups(list_rows(crawl)))
    assert lines[0].endswith(": 2 copies")
    assert lines[-1] == "1 text stands alone"
    assert lines[1].startswith("  flagged  machine-rewritten")
    assert not any("\x1b" in line for line in lines)
