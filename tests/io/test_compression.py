"""Archives are read up to where they break."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.io.readers import BadInput, Record, read_records

TEXT = "The council met on Tuesday. It closed the café."


def write(path: Path, content: str | bytes = TEXT) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read(*sources: str | Path) -> list[Record | BadInput]:
    return list(read_records([str(source) for source in sources]))


def make_rows(count: int) -> bytes:
    return b"".join(
        json.dumps({"id": n, "text": f"{TEXT} {n * 7919 % 10007}"}).encode() + b"\n"
        for n in range(count)
    )


ARCHIVES: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
}


@pytest.mark.parametrize("suffix", ARCHIVES)
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a"])
def test_archives_are_read_as_what_is_in_them(tmp_path: Path, name: str, suffix: str) -> None:
    content = {"a.jsonl": make_rows(1), "a.csv": f"id,text\n0,{TEXT} 0".encode()}
    packed = ARCHIVES[suffix](content.get(name, f"{TEXT} 0".encode()))
    source = write(tmp_path / (name + suffix.upper()), packed)
    (item,) = read(source)
    assert isinstance(item, Record)
    assert item.text == f"{TEXT} 0"


@pytest.mark.parametrize("suffix", ARCHIVES)
def test_archives_without_a_name_are_recognised(suffix: str) -> None:
    packed = ARCHIVES[suffix](make_rows(3))
    items = list(read_records(["-"], standard_input=io.BytesIO(packed)))
    assert [item.id for item in items] == [0, 1, 2]


@pytest.mark.parametrize("suffix", ARCHIVES)
def test_archives_that_follow_one_another_are_joined(tmp_path: Path, suffix: str) -> None:
    content = make_rows(200)
    halves = (content[:5_000], b"", content[5_000:])
    packed = b"".join(ARCHIVES[suffix](half) for half in halves)
    padded = packed + b"\0" * 512 if suffix == ".gz" else packed
    items = read(write(tmp_path / f"a.jsonl{suffix}", padded))
    assert [item.id for item in items] == list(range(200))


@pytest.mark.parametrize("suffix", ARCHIVES)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_rows_before_the_end_of_a_cut_archive_are_kept(
    tmp_path: Path, suffix: str, share: float
) -> None:
    packed = ARCHIVES[suffix](make_rows(20_000))
    source = write(tmp_path / f"a.jsonl{suffix}", packed[: int(len(packed) * share)])
    *good, bad = read(source)
    assert isinstance(bad, BadInput)
    kind = {".gz": "gzip", ".zst": "zstd"}[suffix]
    assert bad.reason == f"{kind} archive cut off: what stood behind the break is lost"
    assert (bad.id, bad.row) == (source, None)
    assert [item.id for item in good] == list(range(len(good)))
    # A compressed block at most is lost.
    assert len(good) > 20_000 * share - 3_000


@pytest.mark.parametrize("suffix", ARCHIVES)
def test_rows_before_the_damage_of_an_archive_are_kept(tmp_path: Path, suffix: str) -> None:
    packed = bytearray(ARCHIVES[suffix](make_rows(20_000)))
    middle = len(packed) // 2
    packed[middle : middle + 100] = b"\xff" * 100
    *good, bad = read(write(tmp_path / f"a.jsonl{suffix}", bytes(packed)))
    assert isinstance(bad, BadInput)
    assert " archive damaged (" in bad.reason
    assert len(good) > 4_000
    assert [item.id for item in good[:4_000]] == list(range(4_000))


def test_the_objects_of_an_array_before_a_break_are_kept(tmp_path: Path) -> None:
    articles = [json.loads(line) for line in make_rows(20_000).splitlines()]
    packed = gzip.compress(json.dumps(articles, indent=1).encode())
    *good, bad = read(write(tmp_path / "a.json.gz", packed[: len(packed) // 2]))
    assert isinstance(bad, BadInput)
    assert bad.reason == "gzip archive cut off: what stood behind the break is lost"
    assert [item.id for item in good] == list(range(len(good)))
    assert len(good) > 7_000


@pytest.mark.parametrize("name", ["a.txt.gz", "a.jsonl.zst"])
def test_what_is_no_archive_is_told(tmp_path: Path, name: str) -> None:
    (item,) = read(write(tmp_path / name, make_rows(1)))
    assert isinstance(item, BadInput)
    assert item.reason.endswith("archive, although its name says so")


@pytest.mark.parametrize("suffix", ARCHIVES)
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv"])
def test_a_bomb_is_refused_in_bounded_memory(tmp_path: Path, suffix: str, name: str) -> None:
    path = tmp_path / (name + suffix)
    block = b"word " * 200_000
    start = b"text\n" if name == "a.csv" else b""
    # 200 MB; compressed once and repeated, for members and frames are joined.
    path.write_bytes(ARCHIVES[suffix](start + block) + ARCHIVES[suffix](block) * 200)
    tracemalloc.start()
    (item,) = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(item, BadInput)
    assert item.reason.startswith("too long")
    assert peak < 100 * 1024 * 1024


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.data())
def test_an_archive_cut_anywhere_gives_rows_then_one_bad_input(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(ARCHIVES)))
    packed = ARCHIVES[kind](make_rows(5)) * 2
    size = len(packed)
    cut = data.draw(st.integers(8, size - 1).filter(lambda n: n != size // 2))
    items = list(read_records(["-"], standard_input=io.BytesIO(packed[:cut])))
    *good, bad = items
    assert [item.id for item in good] == ([0, 1, 2, 3, 4] * 2)[: len(good)]
    assert isinstance(bad, BadInput)
    assert "archive cut off" in bad.reason


def test_gzip_of_other_levels_and_headers_is_read(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(make_rows(50)) + packer.flush()
    assert len(read(write(tmp_path / "a.jsonl.gz", packed))) == 50
