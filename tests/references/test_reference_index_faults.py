"""The index of originals: what it survives."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from articles import ARTICLES, HARBOUR, HARBOUR_SPUN, LIBRARY, ORCHARD, make_crowd

from detector.references.database import DATABASE, LOG, ReferenceIndexError
from detector.references.index import Additions, ReferenceIndex


@contextmanager
def refused(message: str) -> Iterator[None]:
    with pytest.raises(ReferenceIndexError, match=message):
        yield


def test_questions_that_cannot_be_answered(index: ReferenceIndex) -> None:
    with refused("empty text"):
        index.find(" \n")
    with pytest.raises(ValueError, match="at least 1"):
        index.find(HARBOUR, k=0)
    with pytest.raises(TypeError, match="text is int; give a string"):
        index.find(5)  # type: ignore[arg-type]
    with refused("no document with the id 'nobody'"):
        index.text("nobody")
    with refused("no document with the id None"):
        index.text(None)  # type: ignore[arg-type]


def test_what_is_no_pair_is_refused_and_nothing_added(index: ReferenceIndex) -> None:
    before = len(index)
    with pytest.raises(TypeError, match="document 1 is str; give pairs of id and text"):
        index.add([("new", HARBOUR), HARBOUR])  # type: ignore[list-item]
    assert len(index) == before


def test_a_folder_that_is_no_index(tmp_path: Path) -> None:
    with refused("no such folder"):
        ReferenceIndex.open(tmp_path / "missing")
    with refused("not an index of originals"):
        ReferenceIndex.open(tmp_path)
    (tmp_path / "file").write_text("text")
    with refused("a file where the folder of an index is meant"):
        ReferenceIndex.open(tmp_path / "file")
    for content in ("{}" * 500, ""):
        (tmp_path / DATABASE).write_text(content)
        with refused("damaged|not an index of originals"):
            ReferenceIndex.open(tmp_path)
    (tmp_path / DATABASE).unlink()
    with closing(sqlite3.connect(tmp_path / DATABASE)) as foreign:
        foreign.execute("CREATE TABLE documents (number)")
    with refused("not an index of originals"):
        ReferenceIndex.open(tmp_path)


def test_create_touches_nothing_that_is_there(index: ReferenceIndex, tmp_path: Path) -> None:
    with refused("holds an index already"):
        ReferenceIndex.create(index.folder)
    assert len(index) == 33
    with refused("not empty"):
        ReferenceIndex.create(tmp_path)
    (tmp_path / "file").write_text("text")
    with refused("cannot be written"):
        ReferenceIndex.create(tmp_path / "file")


def test_what_a_killed_create_left_is_filled(folder: Path) -> None:
    folder.mkdir()
    (folder / DATABASE).touch()
    assert ReferenceIndex.create(folder).add(ARTICLES).added == 3


def test_another_version(index: ReferenceIndex) -> None:
    index.close()
    change(index, "PRAGMA user_version = 3")
    with refused("an index of format 3, where this package reads format 2: build it anew"):
        ReferenceIndex.open(index.folder)
    with refused("format 3"):
        index.find(HARBOUR)
    with refused("format 3"):
        index.add(ARTICLES)


def change(index: ReferenceIndex, statement: str) -> None:
    with closing(sqlite3.connect(index.folder / DATABASE)) as connection, connection:
        connection.execute(statement)


def test_an_index_of_the_first_format_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"format": "mt-artifact-detector-references"}')
    (tmp_path / "segment-0.bin").write_bytes(b"1")
    for use in (ReferenceIndex.open, ReferenceIndex.create):
        with refused("an index of format 1, .* build it anew in another folder"):
            use(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", "segment-0.bin"}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.999])
def test_a_file_cut_short_under_a_reader_is_an_error(index: ReferenceIndex, share: float) -> None:
    script = textwrap.dedent(
        f"""
        import os
        from pathlib import Path
        from detector.references.index import ReferenceIndex, ReferenceIndexError
        from detector.references.database import DATABASE

        index = ReferenceIndex.open({str(index.folder)!r})
        assert index.find({HARBOUR!r})[0].id == "harbour"
        path = index.folder / DATABASE
        os.truncate(path, int({share} * path.stat().st_size))
        for use in (lambda: index.find({LIBRARY!r}), lambda: index.text("orchard"), index.info):
            try:
                print(use())
            except ReferenceIndexError as error:
                print("refused:", error)
        """
    )
    index.close()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    answers = done.stdout.splitlines()
    assert len(answers) == 3
    assert all(a.startswith("refused: ") and "build" in a for a in answers), answers
    for use in (ReferenceIndex.open, lambda folder: index.add(ARTICLES)):
        with refused("build"):
            use(index.folder)


@pytest.mark.parametrize("table", ["documents", "state"])
def test_tables_that_contradict_themselves_are_an_error(index: ReferenceIndex, table: str) -> None:
    index.close()
    change(index, f"DELETE FROM {table}")
    with refused("the index is damaged"):
        index.find(HARBOUR)


def test_altered_bytes_are_an_error_not_a_wrong_text(index: ReferenceIndex) -> None:
    index.close()
    change(index, "UPDATE documents SET text = zeroblob(length(text))")
    with refused("the index is damaged"):
        index.find(HARBOUR)
    with refused("the index is damaged"):
        index.text("harbour")


def test_deleted_while_in_use(index: ReferenceIndex) -> None:
    for path in index.folder.iterdir():
        path.unlink()
    index.folder.rmdir()
    for use in (lambda: index.find(HARBOUR), lambda: index.add(ARTICLES), lambda: len(index)):
        with refused("deleted or moved while it was in use"):
            use()
    assert not index.folder.exists()


def test_a_folder_that_cannot_be_written_is_read(
    index: ReferenceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.close()
    writable = ReferenceIndex(index.folder)
    with monkeypatch.context() as patched:
        patched.setattr("detector.references.database._is_writable", lambda folder: False)
        reader = ReferenceIndex.open(index.folder)
        assert reader.find(HARBOUR_SPUN)[0].id == "harbour"
        assert os.listdir(index.folder) == [DATABASE]  # noqa: PTH208 - names are enough
        writable.add([("new", LIBRARY)])
        assert [c.id for c in reader.find(LIBRARY)] == ["library", "new"]


def test_built_anew_while_in_use(index: ReferenceIndex) -> None:
    for path in index.folder.iterdir():
        path.unlink()
    ReferenceIndex.create(index.folder).add([("new", LIBRARY)])
    assert [c.id for c in index.find(LIBRARY)] == ["new"]
    assert index.find(HARBOUR) == []


def test_a_second_writer_waits_and_then_says_so(index: ReferenceIndex) -> None:
    def draw() -> Iterator[tuple[str, str]]:
        with refused("another process is writing"):
            ReferenceIndex.open(index.folder).add(ARTICLES, timeout=0.01)
        yield "new", LIBRARY

    assert index.add(draw()).added == 1
    assert index.add([("newer", LIBRARY)]).added == 1


def state(folder: Path) -> list[list[tuple[Any, ...]]]:
    """All that stands in the database."""
    tables = ("documents", "postings", "scales", "counts", "state")
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        return [connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]


def test_documents_that_break_off_change_nothing(
    index: ReferenceIndex, often_written: None
) -> None:
    before = state(index.folder)

    def break_off() -> Iterator[tuple[str, str]]:
        yield "harbour", LIBRARY
        yield from make_crowd(35, seed=5)
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        index.add(break_off())
    assert state(index.folder) == before
    assert index.text("harbour") == HARBOUR


@pytest.mark.skipif(sys.platform == "win32", reason="limits on file sizes are POSIX")
def test_a_full_disk_changes_nothing(index: ReferenceIndex, often_written: None) -> None:
    import resource

    before = state(index.folder)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    long = " ".join(text for _, text in make_crowd(200, seed=6))
    try:
        size = (index.folder / DATABASE).stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))
        with refused("cannot add .*; the index is as it was before"):
            index.add([*make_crowd(400, seed=5), ("long", long)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert state(index.folder) == before
    assert index.add([("long", long)]).added == 1


def test_a_log_that_cannot_be_moved_is_no_failure(
    index: ReferenceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = sqlite3.connect(index.folder / DATABASE)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM state").fetchall()  # keeps the old state from being overwritten
    assert index.add([("harbour", f"{HARBOUR} again")], timeout=0.1).replaced == 1
    assert (index.folder / LOG).stat().st_size > 0
    assert ReferenceIndex.open(index.folder).text("harbour") == f"{HARBOUR} again"
    reader.close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("documents", [0, 7, 60])
def test_a_killed_writer_leaves_the_index_as_it_was(index: ReferenceIndex, documents: int) -> None:
    index.close()
    before = state(index.folder)
    script = textwrap.dedent(
        f"""
        import os, signal
        from detector.references import database, index, writing
        writing._HELD_POSTINGS = 50
        database._WRITER_CACHE_KIB = 16  # pages go to the log before all is written

        def documents():
            yield "harbour", {LIBRARY!r}
            for i in range({documents}):
                yield i, {ORCHARD!r} + str(i) * 3
            os.kill(os.getpid(), signal.SIGKILL)

        index.ReferenceIndex.open({str(index.folder)!r}).add(documents())
        """
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (index.folder / LOG).stat().st_size > 0
    reader = ReferenceIndex.open(index.folder)
    assert len(reader) == 33
    assert reader.text("harbour") == HARBOUR
    assert index.add(ARTICLES) == Additions(unchanged=3)
    assert state(index.folder) == before
    assert index.add([("new", LIBRARY)]).added == 1


def _keep_finding(folder: str, started: Any, rounds: int) -> tuple[int, int]:
    """How often the harbour's article was found, and how many documents were seen at last."""
    index = ReferenceIndex.open(folder)
    started.wait()
    found = sum(index.find(HARBOUR_SPUN, k=1)[0].id == "harbour" for _ in range(rounds))
    return found, len(index)


def test_two_processes_read_while_one_adds(index: ReferenceIndex, often_written: None) -> None:
    rounds, batches = 60, 20
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(2) as pool:
        started = manager.Event()
        readers = [
            pool.apply_async(_keep_finding, (str(index.folder), started, rounds)) for _ in range(2)
        ]
        started.set()
        for batch in range(batches):
            index.add(make_crowd(3, seed=100 + batch))
            index.add([("harbour", HARBOUR + " " * batch), ("library", LIBRARY + " " * batch)])
        results = [reader.get(timeout=120) for reader in readers]
    assert [found for found, _ in results] == [rounds, rounds]
    assert all(33 <= seen <= 33 + 3 * batches for _, seen in results)
    assert len(index) == 33 + 3 * batches
    assert index.text("harbour") == HARBOUR + " " * (batches - 1)
