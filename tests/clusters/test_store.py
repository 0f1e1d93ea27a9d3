"""A crawl on disk: what was finished stays, and the same run goes on, no other."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.clusters.links import Link
from detector.clusters.store import ClusterError, CrawlStore
from detector.io.readers import BadInput, Record

ITEMS = [
    Record("a", "One text.", "x.jsonl", 1, {"date": "2024-02-01", "views": 3}, note="a guess"),
    BadInput("b", "x.jsonl", 2, "empty: no text", {"outlet": "y"}),
    Record(7, "Another text, with half a character: \ud83d.", "x.jsonl", 3, {"url": None}),
    Record("c", "One text.", "x.jsonl", 4, {"date": "2024-01-01"}, reference="its original"),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CrawlStore]:
    with CrawlStore(tmp_path / "crawl.sqlite", {"model": "m"}) as opened:
        yield opened


def test_what_was_read_comes_back(store: CrawlStore) -> None:
    store.read(iter(ITEMS), "date")
    assert list(store.items()) == ITEMS
    assert list(store.bad_inputs()) == [ITEMS[1]]
    assert store.count_texts() == 2
    assert [identity for identity, _ in store.rows()] == ["a", 7, "c"]
    assert store.list_fields() == ["date", "views", "url"]


def test_a_name_that_is_not_utf8_comes_back(store: CrawlStore, tmp_path: Path) -> None:
    name = str(tmp_path / os.fsdecode(b"caf\xe9.txt"))
    items = [
        Record(name, "One text.", name, note=f"{name}: a guess"),
        BadInput(name, name, None, f"{name}: empty"),
    ]
    store.read(iter(items))
    assert list(store.items()) == items
    assert list(store.bad_inputs()) == items[1:]
    store.read(iter(items))  # the names are looked up again
    Path(name).write_text("Another.")
    with pytest.raises(ClusterError, match=r"caf.*\.txt is another"):
        store.read(iter(()))


def test_a_text_knows_its_first_row_by_date(store: CrawlStore) -> None:
    store.read(iter(ITEMS), "date")
    number = store.find_text("One text.")
    assert number is not None
    assert store.get_id(store.find_first(number)) == "c"
    assert store.find_text("Unknown.") is None


def test_a_run_that_was_broken_off_while_reading_goes_on(tmp_path: Path) -> None:
    def break_off() -> Iterator[Record | BadInput]:
        yield from ITEMS[:2]
        raise KeyboardInterrupt

    path = tmp_path / "crawl.sqlite"
    with CrawlStore(path, {}) as store, pytest.raises(KeyboardInterrupt):
        store.read(break_off())
    with CrawlStore(path, {}) as store:
        store.read(iter(ITEMS))
        assert list(store.items()) == ITEMS
        store.read(iter(ITEMS))  # all was read, and nothing is added
        assert list(store.items()) == ITEMS


@pytest.mark.parametrize(
    "others", [[ITEMS[0], ITEMS[2]], [Record("a", "A changed text.", "x.jsonl", 1)], []]
)
def test_other_inputs_are_refused(others: list[Record | BadInput], tmp_path: Path) -> None:
    def break_off() -> Iterator[Record | BadInput]:
        yield from ITEMS[:3]
        raise KeyboardInterrupt

    path = tmp_path / "crawl.sqlite"
    with CrawlStore(path, {}) as store, pytest.raises(KeyboardInterrupt):
        store.read(break_off())
    with CrawlStore(path, {}) as store, pytest.raises(ClusterError, match="inputs have changed"):
        store.read(iter(others))


@pytest.mark.parametrize(
    ("others", "what"),
    [
        ([*ITEMS, Record("d", "A new text.", "x.jsonl", 5)], "there were 4, and there are more"),
        ([*ITEMS[:3], Record("c", "A changed text.", "x.jsonl", 4)], "at place 4 is another"),
        ([*ITEMS[:3], BadInput("c", "x.jsonl", 4, "empty: no text")], "at place 4 is another"),
        (ITEMS[:3], "there were 4, and there are 3"),
    ],
)
def test_other_inputs_are_refused_after_all_was_read(
    others: list[Record | BadInput], what: str, store: CrawlStore
) -> None:
    store.read(iter(ITEMS))
    with pytest.raises(ClusterError, match=f"inputs have changed since .*{what}"):
        store.read(iter(others))
    assert list(store.items()) == ITEMS


def test_a_file_that_changed_since_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("One text.")
    path = tmp_path / "crawl.sqlite"
    with CrawlStore(path, {}) as store:
        store.read([Record("a", "One text.", str(file))])
        file.write_text("Two texts.")
        with pytest.raises(ClusterError, match=r"a\.txt is another"):
            store.read([])


def test_another_run_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "crawl.sqlite"
    CrawlStore(path, {"model": "m", "--fpr": "0.01"}).close()
    with pytest.raises(ClusterError, match="another model"):
        CrawlStore(path, {"model": "n", "--fpr": "0.01"})


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "crawl.sqlite"
    path.write_bytes(b"no database at all, but long enough to look like a file of one" * 50)
    with pytest.raises(ClusterError, match=r"crawl\.sqlite: cannot be used: .*start anew with"):
        CrawlStore(path, {})


def test_a_database_of_others_is_named(tmp_path: Path) -> None:
    path = tmp_path / "crawl.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE visits (url TEXT)")
    connection.close()
    with pytest.raises(ClusterError, match="no such table: facts: start anew with --overwrite"):
        CrawlStore(path, {})


def ask_everything(path: Path, items: list[Record]) -> None:
    """All that is asked of a store, until something is raised."""
    with CrawlStore(path, {}) as store:
        store.read(items)
        assert len(list(store.items())) == len(list(store.rows())) == len(list(store.numbers()))
        for place, item in enumerate(items):
            assert (store.get_id(place), store.get_row(place)[1]) == (item.id, item.fields)
        for number in range(store.count_texts()):
            store.read_text(number), store.find_first(number), store.find_date(number)
            store.find_standing(number), store.find_link(number, 0)
        assert not [*store.words(), *store.pairs(), *store.standings()]


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_ends_with_a_message(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "crawl.sqlite"
    items = [Record(n, f"Text {n} of many." * 50, "x", n) for n in range(300)]
    with CrawlStore(path, {}) as store:
        store.read(items)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(ClusterError, match=r"cannot be used: .*: start anew with --overwrite"):
        ask_everything(path, items)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE texts SET content = x'0000'", "a text cannot be read"),
        ("UPDATE items SET fields = '{'", "a row cannot be read"),
        ("UPDATE links SET said = '{}'", "a comparison cannot be read"),
        ("DELETE FROM texts WHERE number = 1", "a row is missing"),
        ("DROP TABLE standings", "no such table: standings"),
    ],
)
def test_spoilt_rows_are_told_as_damage(tmp_path: Path, damage: str, what: str) -> None:
    path = tmp_path / "crawl.sqlite"
    items = [Record(n, f"Text {n}.", "x", n) for n in range(3)]
    with CrawlStore(path, {}) as store:
        store.read(items)
        with store.change():
            said = None, None, False, None, 0.1, 0.1, None, None, ""
            store.add_link(Link(0, 0, *said))
            store._execute(damage)
    with pytest.raises(ClusterError, match=f"cannot be used: {what}: start anew with --overwrite"):
        ask_everything(path, items)


def test_an_answer_that_nobody_reads_to_its_end_is_no_fault(store: CrawlStore) -> None:
    store.read(iter(ITEMS))
    numbers = store.numbers()
    next(numbers)
    store.close()
    numbers.close()  # type: ignore[attr-defined]


def test_dates_that_could_not_be_read_are_listed(store: CrawlStore) -> None:
    dates = ["2024-01-01", "01/02/2024", "", None, 7, "soon"]
    store.read([Record(n, f"Text {n}.", "x", n, {"date": d}) for n, d in enumerate(dates)], "date")
    assert list(store.list_unread_dates("date")) == ["01/02/2024", 7, "soon"]
    assert store.count_dates() == 1
    assert list(store.list_unread_dates("published")) == []


def test_a_text_knows_that_it_is_not_english(store: CrawlStore) -> None:
    german = "Die Fähre zu den Inseln fährt nicht mehr, weil der Rumpf durchgerostet ist."
    english = "The ferry to the islands has stopped running because its hull has rusted through."
    texts = [german, english, " ", f"<html><body><p>{english}</p></body></html>", "\x00\x01" * 99]
    store.read([Record(n, text, "x", n) for n, text in enumerate(texts)])
    languages = list(map(store.find_other_language, range(len(texts))))
    assert languages == ["de", None, None, None, "unknown"]


def test_a_full_disk_is_told_and_what_was_there_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "crawl.sqlite"
    with CrawlStore(path, {}) as store:
        pages = store._execute("PRAGMA page_count").fetchone()[0]
        store._execute(f"PRAGMA max_page_count = {pages + 4}")
        items = [Record("a", "One text.", "x", 1, {"page": "much of it " * 10_000})]
        with pytest.raises(ClusterError, match=r"cannot be used: database or disk is full$"):
            store.read(items)
    with CrawlStore(path, {}) as store:  # where there is room again
        store.read(items)
        assert list(store.items()) == items


KILLED = """
import os, signal, sys
from pathlib import Path
from detector.clusters import store as module
from detector.io.readers import Record

module._COMMIT_SECONDS = 0.0
def items():
    for number in range(10):
        if number == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        yield Record(number, f"Text {number}.", "x", number)
module.CrawlStore(Path(sys.argv[1]), {}).read(items())
"""


def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "crawl.sqlite"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL
    with CrawlStore(path, {}) as store:
        assert store.count_texts() == 6
        store.read(Record(number, f"Text {number}.", "x", number) for number in range(10))
        assert store.count_texts() == 10
