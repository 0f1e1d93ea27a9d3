"""The index of originals: what it survives."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from articles import ARTICLES, HARBOUR, HARBOUR_SPUN, LIBRARY, ORCHARD, make_crowd
from filelock import FileLock

from detector.io import atomic_files
from detector.references import search, transaction
from detector.references.index import Additions, ReferenceIndex
from detector.references.manifest import MANIFEST, ReferenceIndexError


def segment_files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.bin")}


@contextmanager
def refused(message: str) -> Iterator[None]:
    with pytest.raises(ReferenceIndexError, match=message):
        yield


def test_questions_that_cannot_be_answered(index: ReferenceIndex) -> None:
    with refused("empty text"):
        index.find(" \n")
    with pytest.raises(ValueError, match="at least 1"):
        index.find(HARBOUR, k=0)
    with refused("no document with the id 'nobody'"):
        index.text("nobody")
    with refused("no document with the id None"):
        index.text(None)  # type: ignore[arg-type]


def test_a_folder_that_is_no_index(tmp_path: Path) -> None:
    with refused("no such folder"):
        ReferenceIndex.open(tmp_path / "missing")
    with refused("not an index of originals"):
        ReferenceIndex.open(tmp_path)
    (tmp_path / "file").write_text("text")
    with refused("a file where the folder of an index is meant"):
        ReferenceIndex.open(tmp_path / "file")
    (tmp_path / MANIFEST).write_text('{"format": "something else"}')
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


def test_another_version(index: ReferenceIndex) -> None:
    path = index.folder / MANIFEST
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    with refused("an index of format 2, where this package reads format 1"):
        ReferenceIndex.open(index.folder)
    with refused("format 2"):
        index.find(HARBOUR)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"documents": 33', '"documents": 34', "checksum does not hold"),
        ("}", "", "damaged or half written"),
    ],
)
def test_a_damaged_manifest(index: ReferenceIndex, old: str, new: str, message: str) -> None:
    path = index.folder / MANIFEST
    path.write_text(path.read_text().replace(old, new))
    with refused(message):
        ReferenceIndex.open(index.folder)
    with refused(message):
        index.add(ARTICLES)


def test_a_half_written_segment(index: ReferenceIndex) -> None:
    (name,) = segment_files(index.folder)
    content = (index.folder / name).read_bytes()
    (index.folder / name).write_bytes(content[:-8])
    with refused(f"{name}: damaged or half written"):
        ReferenceIndex.open(index.folder)


def test_a_missing_segment(index: ReferenceIndex) -> None:
    (name,) = segment_files(index.folder)
    (index.folder / name).unlink()
    with refused(f"{name}: missing"):
        ReferenceIndex.open(index.folder)


def test_altered_bytes_are_an_error_not_a_wrong_text(index: ReferenceIndex) -> None:
    (name,) = segment_files(index.folder)
    content = bytearray((index.folder / name).read_bytes())
    start, size = index._snapshot.segments[0].entry.arrays["texts"][1:]
    content[start : start + size] = bytes(size)
    (index.folder / name).write_bytes(content)
    damaged = ReferenceIndex.open(index.folder)
    with refused("the index is damaged"):
        damaged.find(HARBOUR)
    with refused("the index is damaged"):
        damaged.text("harbour")


def test_deleted_while_in_use(index: ReferenceIndex) -> None:
    for path in index.folder.iterdir():
        path.unlink()
    index.folder.rmdir()
    for use in (lambda: index.find(HARBOUR), lambda: index.add(ARTICLES), lambda: len(index)):
        with refused("deleted or moved while it was in use"):
            use()
    assert not index.folder.exists()


def test_built_anew_while_in_use(index: ReferenceIndex) -> None:
    for path in index.folder.iterdir():
        path.unlink()
    ReferenceIndex.create(index.folder).add([("new", LIBRARY)])
    assert [c.id for c in index.find(LIBRARY)] == ["new"]
    assert index.find(HARBOUR) == []


def test_a_manifest_replaced_while_it_is_opened(
    index: ReferenceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_segments = search._open_segments
    interrupted: list[bool] = []

    def interrupt(*arguments: Any) -> Any:
        if not interrupted:
            interrupted.append(True)
            # More than half is replaced, so the segment is rewritten and its file goes.
            index.add([(identity, f"{text} later") for identity, text in make_crowd(30)])
        return open_segments(*arguments)

    monkeypatch.setattr("detector.references.search._open_segments", interrupt)
    assert len(ReferenceIndex.open(index.folder)) == 33
    assert interrupted


def test_a_second_writer_waits_and_then_says_so(index: ReferenceIndex) -> None:
    with FileLock(index.folder / "write.lock"), refused("another process is writing"):
        index.add(ARTICLES, timeout=0.01)
    assert index.add([("new", LIBRARY)]).added == 1


def state(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "write.lock"}


def test_documents_that_break_off_change_nothing(
    index: ReferenceIndex, small_segments: None
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
def test_a_full_disk_changes_nothing(index: ReferenceIndex, small_segments: None) -> None:
    import resource

    before = state(index.folder)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    long = " ".join(text for _, text in make_crowd(200, seed=6))
    try:
        # ten short documents fit a file of this size, the long one does not
        resource.setrlimit(resource.RLIMIT_FSIZE, (32_000, limits[1]))
        with refused(r"cannot add \(File too large\); the index is as it was before"):
            index.add([*make_crowd(10, seed=5), ("long", long)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert state(index.folder) == before
    assert index.add([("long", long)]).added == 1


def test_a_failure_after_the_manifest_is_in_place_deletes_nothing_it_names(
    index: ReferenceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fail_the_second_time(folder: Path) -> None:
        calls.append(folder)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")

    for module in (atomic_files, transaction):
        monkeypatch.setattr(module, "flush_folder", fail_the_second_time)
    with refused("Input/output error"):
        index.add([("harbour", f"{HARBOUR} again")])
    assert ReferenceIndex.open(index.folder).text("harbour") == f"{HARBOUR} again"
    assert index.find(HARBOUR)[0].id == "harbour"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_killed_writer_leaves_the_index_as_it_was(index: ReferenceIndex) -> None:
    before = state(index.folder)
    script = textwrap.dedent(
        f"""
        import os, signal
        from detector.references import index, segment_writing
        segment_writing._SEGMENT_DOCUMENTS = 4

        def documents():
            yield "harbour", {LIBRARY!r}
            for i in range(10):
                yield i, {ORCHARD!r}
            os.kill(os.getpid(), signal.SIGKILL)

        index.ReferenceIndex.open({str(index.folder)!r}).add(documents())
        """
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(segment_files(index.folder)) > 1  # what the killed writer had written so far
    (index.folder / "manifest.json.new").write_text("{half")
    reader = ReferenceIndex.open(index.folder)
    assert len(reader) == 33
    assert reader.text("harbour") == HARBOUR
    assert index.add(ARTICLES) == Additions(unchanged=3)
    assert {k: v for k, v in state(index.folder).items() if k != "manifest.json.new"} == before
    index.add([("new", LIBRARY)])
    assert "manifest.json.new" not in state(index.folder)


def _keep_finding(folder: str, started: Any, rounds: int) -> tuple[int, int]:
    """How often the harbour's article was found, and how many documents were seen at last."""
    index = ReferenceIndex.open(folder)
    started.wait()
    found = sum(index.find(HARBOUR_SPUN, k=1)[0].id == "harbour" for _ in range(rounds))
    return found, len(index)


def test_two_processes_read_while_one_adds(index: ReferenceIndex, small_segments: None) -> None:
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
    live = {MANIFEST, "write.lock", *index._snapshot.manifest.names}
    assert set(os.listdir(index.folder)) == live  # noqa: PTH208 - names are enough
