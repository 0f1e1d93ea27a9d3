"""What a caller names becomes files: folders and patterns."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from detector.io.readers import BadInput, Record, read_records

TEXT = "The council met on Tuesday. It closed the café."


def write(path: Path, content: str | bytes = TEXT) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read(*sources: str | Path) -> list[Record | BadInput]:
    return list(read_records([str(source) for source in sources]))


def names(items: list[Record | BadInput], folder: Path) -> list[str]:
    return [Path(item.source).relative_to(folder).as_posix() for item in items]


def make_rows(count: int) -> bytes:
    return b"".join(
        json.dumps({"id": n, "text": f"{TEXT} {n * 7919 % 10007}"}).encode() + b"\n"
        for n in range(count)
    )


def test_a_folder_is_read_to_the_bottom_in_the_order_of_names(tmp_path: Path) -> None:
    for name in (
        "b.txt",
        "a/z.txt",
        "a/b/c.jsonl",
        "c/d",
        ".hidden.txt",
        ".git/x",
        "_SUCCESS",
        "a/.e",
    ):
        write(tmp_path / name, make_rows(1) if name.endswith("jsonl") else TEXT)
    items = read(tmp_path)
    assert names(items, tmp_path) == ["a/b/c.jsonl", "a/z.txt", "b.txt", "c/d"]
    assert all(isinstance(item, Record) for item in items)


def test_files_of_a_folder_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    write(tmp_path / "a.png", b"\x89PNG\r\n\x1a\n\0\0")
    write(tmp_path / "b.txt")
    os.mkfifo(tmp_path / "c.txt")
    (tmp_path / "d.txt").symlink_to(tmp_path / "missing")
    items = read(tmp_path)
    assert names(items, tmp_path) == ["a.png", "b.txt", "c.txt", "d.txt"]
    assert [getattr(item, "reason", "")[:20] for item in items] == [
        "binary, not text (ho",
        "",
        "neither a file nor a",
        "neither a file nor a",
    ]


def test_links_that_lead_back_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b.txt")
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    (tmp_path / "c.txt").symlink_to(tmp_path / "a" / "b.txt")
    assert names(read(tmp_path), tmp_path) == ["a/b.txt", "c.txt"]


def test_a_folder_without_files_is_one_bad_input(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    write(tmp_path / ".hidden")
    (item,) = read(tmp_path)
    assert isinstance(item, BadInput)
    assert (item.reason, item.row) == ("a folder without a file to read", None)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["a.txt", "b.txt"]),
        ("**/*.txt", ["a.txt", "b.txt", "c/d.txt"]),
        ("**", ["a.txt", "b.txt", "c/d.txt", "c/e"]),
        ("c*", ["c/d.txt", "c/e"]),
        ("[ab].txt", ["a.txt", "b.txt"]),
        ("?.txt", ["a.txt", "b.txt"]),
    ],
)
def test_a_pattern_stands_for_the_files_that_match(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    for name in ("b.txt", "a.txt", "c/d.txt", "c/e", ".f.txt"):
        write(tmp_path / name)
    assert names(read(tmp_path / pattern), tmp_path) == expected


def test_a_pattern_without_a_match_is_one_bad_input(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "*.txt")
    assert isinstance(item, BadInput)
    assert item.reason == "no file matches the pattern"


def test_a_file_called_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    source = write(tmp_path / "[a].txt", "Another text.")
    (item,) = read(source)
    assert isinstance(item, Record)
    assert item.text == "Another text."


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("n" * 300, "cannot be read: File name too long"),
        (f"{TEXT} " * 20, "cannot be read: File name too long; a text itself is read from"),
        (f"{TEXT} Why? " * 20, "cannot be read: File name too long; a text itself is read from"),
        (f"https://coast.example/{'x' * 5_000}", "an address, and nothing is fetched"),
    ],
)
def test_a_name_that_is_too_long_is_told_and_ends_nothing(
    tmp_path: Path, source: str, reason: str
) -> None:
    bad, good = read(source, write(tmp_path / "a.txt"))
    assert isinstance(bad, BadInput)
    assert bad.reason.startswith(reason)
    assert (bad.id, bad.row) == (source, None)
    assert isinstance(good, Record)


@pytest.mark.parametrize("pattern", ["", "*"])
def test_a_file_that_cannot_be_looked_up_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "missing")
    write(tmp_path / "b.txt")
    find_state = Path.stat

    def refuse(path: Path, **options: bool) -> os.stat_result:
        if path.name == "a.txt":
            # As in a folder whose names may be listed, and no more.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return find_state(path, **options)

    monkeypatch.setattr(Path, "stat", refuse)
    bad, good = read(tmp_path / pattern)
    assert isinstance(bad, BadInput)
    assert bad.reason == "no such file"
    assert isinstance(good, Record)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    source = write(tmp_path / "a.txt")
    os.chmod(source, 0)  # noqa: PTH101
    (item,) = read(source)
    assert isinstance(item, BadInput)
    assert item.reason == "cannot be read: Permission denied"
