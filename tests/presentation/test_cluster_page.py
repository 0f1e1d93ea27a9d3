"""The page and the lines of a crawl that was grouped."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fake_detector import FakeDetector

from detector.clusters.grouping import Grouping
from detector.clusters.links import Link
from detector.clusters.rows import list_rows
from detector.clusters.settling import Standing
from detector.clusters.store import CrawlStore
from detector.io.readers import Record
from detector.presentation.groups import format_groups
from detector.presentation.html import cluster_page, write_cluster_report
from detector.results import EDITED, MACHINE_REWRITTEN

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


@contextmanager
def settle(
    path: Path, records: Sequence[Record], standings: Sequence[Standing]
) -> Iterator[CrawlStore]:
    """A crawl of one group, as if it had been found to stand so."""
    with CrawlStore(path, {}) as store:
        store.read(records)
        with store.change():
            store.settle(0, {n: standing.to_dict() for n, standing in enumerate(standings)})
        yield store


def make_link(copy: int, original: int, probability: float = 0.1) -> Link:
    flagged = probability > 0.5
    relation = MACHINE_REWRITTEN if flagged else EDITED
    return Link(
        copy, original, relation, probability, flagged, 0.5, 0.9, 0.9, None, None, "detector:0"
    )


def find_summaries(page: str) -> list[str]:
    return re.findall("<summary>(.*?)</summary>", page)


@pytest.mark.parametrize("size_limit", [cluster_page.SIZE_LIMIT, cluster_page._FRAME_BYTES])
def test_the_heading_is_the_groups_original_whatever_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size_limit: int
) -> None:
    monkeypatch.setattr(cluster_page, "SIZE_LIMIT", size_limit)
    records = [
        Record(name, f"{FERRY}This is {name}.", "x", place, {"title": f"Title of {name}"})
        for place, name in enumerate(("first", "copy", "copy of the copy"))
    ]
    standings = [Standing(0), Standing(0, make_link(1, 0, 0.9)), Standing(0, make_link(2, 1))]
    with settle(tmp_path / "crawl.sqlite", records, standings) as store:
        heading, *opened = find_summaries(write(store))
    assert heading == "<b>3 texts</b>, 1 flagged: <bdi>Title of first</bdi>"
    assert opened in (
        [],
        [
            "<bdi>copy</bdi> beside the original",
            "<bdi>copy of the copy</bdi> beside <bdi>copy</bdi>",
        ],
    )


def test_the_strongest_copies_are_listed_and_all_flags_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_page, "MEMBER_LIMIT", 2)
    chances = [0.1, 0.2, 0.3, 0.6, 0.9, 0.7, 0.9]
    records = [Record("o", FERRY, "x", 0)]
    records += [Record(f"c{n}", f"{FERRY}{n}", "x", n) for n, _ in enumerate(chances, 1)]
    links = [make_link(n, 0, chance) for n, chance in enumerate(chances, 1)]
    standings = [Standing(0), *(Standing(0, link) for link in links)]
    with settle(tmp_path / "crawl.sqlite", records, standings) as store:
        page = write(store)
    heading, *opened = find_summaries(page)
    assert heading.startswith("<b>8 texts</b>, 4 flagged: ")
    assert opened == [f"<bdi>{name}</bdi> beside the original" for name in ("c5", "c7")]
    assert "5 more are left out" in page


def test_an_original_has_one_title_wherever_it_is_named(tmp_path: Path) -> None:
    texts = [
        "Ferry to the islands stops\n\n" + FERRY,
        "Old ferry that served the northern islands ceases\n\n" + SPUN,
        "Islands lose it\n\n" + FERRY + "More was not known.\n",
    ]
    records = [Record(f"{n}.txt", text, "x", n) for n, text in enumerate(texts)]
    standings = [Standing(0), *(Standing(0, make_link(n, 0)) for n in (1, 2))]
    with settle(tmp_path / "crawl.sqlite", records, standings) as store:
        page = write(store)
    named = "<bdi>Ferry to the islands stops</bdi>"
    assert find_summaries(page)[0] == f"<b>3 texts</b>: {named}"
    assert page.count(f"<b>Original</b> {named}") == 2
    assert "<b>Copy</b> <bdi>Islands lose it</bdi>" in page


def test_rows_count_for_the_size_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 450_000
    monkeypatch.setattr(cluster_page, "SIZE_LIMIT", limit)
    records = [
        Record(f"{'&' * 1000}{group}/{n}", f"{FERRY}{group}", "x", n)
        for group in range(20)
        for n in range(40)
    ]
    with CrawlStore(tmp_path / "crawl.sqlite", {}) as store:
        store.read(records)
        with store.change():
            store.set_fact("paired", True)
        Grouping(store, FakeDetector()).run()
        page = write(store)
    assert len(page.encode()) <= limit
    assert re.search(r"\d+ of 20 groups, the smallest", page)


def test_notes_are_cut(tmp_path: Path) -> None:
    records = [Record("o", FERRY, "x", 0), Record("c" * 5000, SPUN, "x", 1)]
    records.append(Record("again", SPUN, "x", 2))
    with settle(
        tmp_path / "crawl.sqlite", records, [Standing(0), Standing(0, make_link(1, 0))]
    ) as store:
        page = write(store)
    assert "same text: the same, letter by letter" in page
    assert "c" * 400 not in page


def test_how_many_of_the_closed_copies_are_verbatim_is_said(tmp_path: Path) -> None:
    records = [Record(n, FERRY, "x", n) for n in range(3)]
    with CrawlStore(tmp_path / "crawl.sqlite", {}) as store:
        store.read(records)
        Grouping(store, FakeDetector()).run()
        assert "the texts of 2 copies, 2 of them verbatim." in write(store)


def test_closed_copies_that_are_not_verbatim_are_not_called_so(
    crawl: CrawlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_page, "SIZE_LIMIT", cluster_page._FRAME_BYTES)
    assert "the texts of 2 copies, 1 of them verbatim." in write(crawl)


def test_lines_of_groups_cannot_steer_a_terminal_or_forge_a_line(tmp_path: Path) -> None:
    odd = "copy\x1b[2J\nforged: 99 copies"
    records = [
        Record("first\x1b[31m\nforged.txt: 7 copies", FERRY, "x", 0),
        Record(odd, SPUN, "x", 1),
        Record("again", SPUN, "x", 2),
    ]
    standings = [Standing(0), Standing(0, make_link(1, 0))]
    with settle(tmp_path / "crawl.sqlite", records, standings) as store:
        lines = list(format_groups(list_rows(store)))
    assert len(lines) == 5
    assert lines[0].endswith("forged.txt: 7 copies: 2 copies")
    assert sum("forged: 99 copies" in line for line in lines) == 2  # the id, and a note of it
    assert not any({"\x1b", "\n"} & {*line} for line in lines)
