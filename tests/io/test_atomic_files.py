"""A file or a folder is there whole, as the old one, or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from detector.io.atomic_files import replace_folder_whole, replace_whole, replace_whole_text


def list_names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def write_bytes(path: Path) -> None:
    with replace_whole(path) as stream:
        stream.write(b"new")


def write_text(path: Path) -> None:
    with replace_whole_text(path) as stream:
        stream.write("new")


@pytest.mark.parametrize("write", [write_bytes, write_text])
def test_a_file_is_made_or_replaced_and_nothing_else_is_left(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "a.txt"
    for _ in range(2):
        write(path)
        assert path.read_text() == "new"
        assert list_names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("replace", [replace_whole, replace_whole_text])
def test_a_failure_leaves_the_old_file(
    tmp_path: Path, replace: Callable[[Path], AbstractContextManager[Any]]
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="No space left") as caught, replace(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(path)
    with pytest.raises(KeyboardInterrupt), replace(path):
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list_names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("replace", [replace_whole, replace_whole_text])
def test_a_fault_of_another_file_keeps_its_name(
    tmp_path: Path, replace: Callable[[Path], AbstractContextManager[Any]]
) -> None:
    with pytest.raises(FileNotFoundError) as caught, replace(tmp_path / "a.txt"):
        (tmp_path / "missing").read_bytes()
    assert caught.value.filename == str(tmp_path / "missing")
    assert list_names(tmp_path) == []


def test_a_place_below_a_file_is_an_error_that_names_the_path(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(NotADirectoryError) as caught:
        write_bytes(tmp_path / "a" / "b")
    assert caught.value.filename == str(tmp_path / "a" / "b")


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "\N{GRINNING FACE}" * 63])
def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path, name: str) -> None:
    write_bytes(tmp_path / name)
    write_text(tmp_path / name)
    assert list_names(tmp_path) == [name]
    with replace_folder_whole(tmp_path / "far" / name) as fresh:
        (fresh / "a").touch()
    assert list_names(tmp_path / "far") == [name]


def test_what_a_link_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "a.txt").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "far" / "a.txt")
    write_bytes(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "a.txt").read_text() == "new"


@pytest.mark.parametrize("name", ["/dev/null", "."])
def test_what_is_no_file_is_not_replaced(name: str) -> None:
    with pytest.raises(OSError, match="not a file that could be replaced"):
        write_bytes(Path(name))


def test_half_a_character_is_written_as_told(tmp_path: Path) -> None:
    with replace_whole_text(tmp_path / "a", errors="backslashreplace") as stream:
        stream.write("\ud83d\n")
    assert (tmp_path / "a").read_bytes() == b"\\ud83d\n"


def test_a_folder_is_replaced_with_all_that_it_holds(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with replace_folder_whole(tmp_path / "model") as fresh:
            (fresh / name).write_text(name)
        assert list_names(tmp_path / "model") == [name]
    with pytest.raises(ValueError, match="no good"), replace_folder_whole(tmp_path / "model"):
        raise ValueError("no good")
    assert list_names(tmp_path / "model") == ["new"]
    assert list_names(tmp_path) == ["model"]


@pytest.mark.skipif(os.name != "posix", reason="Windows opens no folders")
def test_all_of_a_folder_reaches_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[int, bool]] = []

    def flush(descriptor: int) -> None:
        flushed.append((os.fstat(descriptor).st_ino, (tmp_path / "model").exists()))

    monkeypatch.setattr(os, "fsync", flush)
    with replace_folder_whole(tmp_path / "model") as fresh:
        (fresh / "part").mkdir()
        for name in ("a", "part/b"):
            (fresh / name).write_text("new")
    model = tmp_path / "model"
    held = {(path.stat().st_ino, False) for path in (model, *model.rglob("*"))}
    assert set(flushed) == held | {(tmp_path.stat().st_ino, True)}
    assert len(flushed) == 5
