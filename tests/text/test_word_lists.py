"""Word lists are read as written, and every file of them is sound."""

from pathlib import Path

import pytest

import detector
from detector.text import word_lists
from detector.text.word_lists import read_lines, read_pairs, read_words

PACKAGE = Path(detector.__file__).parent
FILES = [
    path.relative_to(PACKAGE).as_posix() for path in sorted(PACKAGE.glob("*/data/*.t[xs][tv]"))
]
OF_LINES = {
    "comparison/data/word_forms.txt", "comparison/data/word_units.txt",
    "comparison/data/wrong_senses.txt", "text/data/failures.txt", "text/data/irregular_forms.txt",
    "text/data/markers.txt",
}  # fmt: skip


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(word_lists, "_PACKAGE", tmp_path)
    return tmp_path


def test_lists_keep_their_order_and_lose_remarks(package: Path) -> None:
    (package / "a.txt").write_text(
        "# why\n\n[first ones]\nb a\n# more\nc d'é\n\n[none]\n[x]\nin a\n"
    )
    assert read_words("a.txt") == {
        "first ones": ("b", "a", "c", "d'é"),
        "none": (),
        "x": ("in", "a"),
    }
    assert read_lines("a.txt") == {"first ones": ("b a", "c d'é"), "none": (), "x": ("in a",)}


def test_pairs_are_of_two_columns(package: Path) -> None:
    (package / "a.tsv").write_text("# what → what\nin a b\tin c\nd\te f\n")
    assert read_pairs("a.tsv") == {"in a b": "in c", "d": "e f"}


@pytest.mark.parametrize("path", FILES)
def test_no_entry_is_listed_twice(path: str) -> None:
    lines = [line for line in (PACKAGE / path).read_text(encoding="utf-8").splitlines() if line]
    if path.endswith(".tsv"):
        entries = [line for line in lines if not line.startswith("#")]
        assert all(line.count("\t") == 1 and line == line.strip() for line in entries)
        assert len(read_pairs(path)) == len(entries)
        return
    headings = [line for line in lines if line.startswith("[")]
    assert len(set(headings)) == len(headings)
    # Here an entry is a line, elsewhere a word.
    read = read_lines if path in OF_LINES else read_words
    for name, entries in read(path).items():
        assert entries, name
        assert len(set(entries)) == len(entries), name


def test_some_files_were_found() -> None:
    assert "text/data/calendar.txt" in FILES
    assert {path.split("/")[0] for path in FILES} >= {"text", "spans", "comparison"}
