"""Pairs are read from three formats alike, and what cannot be read is named by file and row."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from detector.training.corpora.pairs_files import (
    PairsError,
    drop_repeated,
    name_rows,
    read_pairs,
)

ROWS = [
    {"original": 'He said, "No."', "text": "It rained.\nIt poured.", "article_id": "1"},
    {"original": "Ünï, çödé", "text": "NA", "article_id": "2", "weight": "2.5"},
]


def write_all(folder: Path) -> list[Path]:
    frame = pd.DataFrame(ROWS)
    frame.to_csv(folder / "p.csv", index=False)
    frame.to_parquet(folder / "p.parquet")
    lines = [json.dumps({k: v for k, v in row.items() if v is not None}) for row in ROWS]
    (folder / "p.jsonl").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return [folder / f"p.{form}" for form in ("csv", "parquet", "jsonl")]


def test_formats_read_alike(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    read = [read_pairs([path]).drop(columns=["file", "row"]) for path in write_all(tmp_path)]
    pd.testing.assert_frame_equal(read[0], read[1])
    pd.testing.assert_frame_equal(read[0], read[2])
    assert read[0]["text"].tolist() == ["It rained.\nIt poured.", "NA"]
    assert read[0]["weight"].tolist() == ["", "2.5"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_spreadsheets_write_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    pd.DataFrame(ROWS).to_csv(tmp_path / "p.csv", index=False)
    pd.DataFrame(ROWS).to_csv(tmp_path / "q.csv", index=False, sep=delimiter, encoding=encoding)
    read = [read_pairs([tmp_path / name]).drop(columns="file") for name in ("p.csv", "q.csv")]
    pd.testing.assert_frame_equal(*read)


@pytest.mark.parametrize("name", ["q.tsv", "q.json", "q.csv.gz", "q.jsonl.gz"])
def test_other_tables_are_read_too(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame(ROWS).fillna("")
    if ".json" in name:
        frame.to_json(tmp_path / name, orient="records", lines="jsonl" in name)
    else:
        frame.to_csv(tmp_path / name, index=False, sep="\t" if "tsv" in name else ",")
    frame.to_csv(tmp_path / "p.csv", index=False)
    read = [read_pairs([tmp_path / n]).drop(columns=["file", "row"]) for n in ("p.csv", name)]
    pd.testing.assert_frame_equal(*read)


def test_rows_are_numbered_as_in_their_file(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    rows = {path.suffix: read_pairs([path])["row"].tolist() for path in write_all(tmp_path)}
    assert rows == {".csv": [2, 3], ".parquet": [1, 2], ".jsonl": [1, 3]}


def test_a_file_that_is_given_twice_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pd.DataFrame(ROWS).to_csv(tmp_path / "p.csv", index=False)
    pd.DataFrame(ROWS).to_csv(tmp_path / "q.csv", index=False)
    (tmp_path / "link.csv").symlink_to(tmp_path / "p.csv")
    monkeypatch.chdir(tmp_path)
    paths = [Path("p.csv"), tmp_path / "q.csv", tmp_path / "p.csv", Path("link.csv"), Path("p.csv")]
    assert drop_repeated(paths) == paths[:2]
    assert read_pairs(paths)["file"].value_counts().to_dict() == {
        "p.csv": 2,
        str(tmp_path / "q.csv"): 2,
    }


def test_whole_numbers_lose_their_decimals(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    pd.DataFrame({"text": ["a", "b"], "article_id": [None, 7]}).to_csv(path, index=False)
    assert read_pairs([path])["article_id"].tolist() == ["", "7"]
    (tmp_path / "n.jsonl").write_text('{"text": "a", "article_id": 7}\n')
    assert read_pairs([tmp_path / "n.jsonl"])["article_id"].tolist() == ["7"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.xlsx", "", r"give pairs as \.csv, \.jsonl or \.parquet"),
        ("p.csv", "", "has no rows"),
        ("p.csv", "original,text\n", "has no rows"),
        ("p.csv", "Original,body\na,b\n", "no column 'original' and no column 'text'.*'Original'"),
        ("p.csv", "original,text\na,b,c\n", "row 2: has more fields than the header"),
        ("p.csv", 'original,text\n"a,b\n', "not CSV"),
        ("p.jsonl", '{"text": "a"}\n{"text": \n', "row 2: not JSON"),
        ("p.jsonl", '["a"]\n', "row 1: not an object"),
        ("p.jsonl", '{"text": ["a"]}\n', "row 1: text is list, not text"),
        ("p.jsonl", '{"text": true}\n', "row 1: text is bool, not text"),
        ("p.parquet", "PAR1 but not really", "not Parquet"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(PairsError, match=message) as caught:
        read_pairs([tmp_path / name])
    assert str(caught.value).startswith(str(tmp_path / name))


def test_a_missing_file_and_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match=r"missing\.csv: no such file$"):
        read_pairs([tmp_path / "missing.csv"])
    with pytest.raises(PairsError, match="no file of pairs"):
        read_pairs([])


def test_other_encodings_are_told(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes("original,text\ncafé,b\n".encode("cp1252"))
    with pytest.raises(PairsError, match="not UTF-8"):
        read_pairs([tmp_path / "p.csv"])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_huge_file_stops_before_the_memory_is_full(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"p.{form}"
    frame = pd.DataFrame({"original": ["x" * 1000] * 500, "text": ["y" * 1000] * 500})
    if form == "csv":
        frame.to_csv(path, index=False)
    elif form == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        pytest.importorskip("pyarrow")
        frame.to_parquet(path)  # a dictionary: a few KB on disk
        assert path.stat().st_size < 50_000
    assert len(read_pairs([path], most_bytes=2_000_000)) == 500
    with pytest.raises(PairsError, match="MiB of text in all; give a sample"):
        read_pairs([path], most_bytes=500_000)


def test_the_limit_is_for_all_files_together(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        pd.DataFrame({"text": ["x" * 1000] * 10}).to_csv(tmp_path / name, index=False)
    assert len(read_pairs([tmp_path / "a.csv"], most_bytes=15_000)) == 10
    with pytest.raises(PairsError, match=r"b\.csv"):
        read_pairs([tmp_path / "a.csv", tmp_path / "b.csv"], most_bytes=15_000)


def test_rows_are_named_by_file() -> None:
    frame = pd.DataFrame({"file": ["x/a.csv"] * 6 + ["b.csv"], "row": [2, 3, 4, 5, 6, 7, 2]})
    assert name_rows(frame) == "a.csv row 2, 3, 4, 5, 6 …; b.csv row 2"
