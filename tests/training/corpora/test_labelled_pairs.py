"""Pairs stay together, articles on one side of a split, and every word gets its mark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from detector.training.corpora.labelled_pairs import (
    OWN,
    SHARED,
    UNLABELLED,
    choose_pairs,
    collect_common_words,
    label_pair,
)
from detector.training.corpora.loading import (
    _parse_marks,
    load_error_spans,
    load_human_news,
    load_roundtrip_flores,
    load_roundtrip_news,
    load_translated_news,
)
from detector.training.corpora.splits import (
    HELD_OUT_PIVOTS,
    HELD_OUT_SYSTEMS,
    hash_fraction,
    split_by_article,
)

COMMON = frozenset("the old boats left harbour at night quickly men waited".split())


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    pytest.importorskip("pyarrow")
    pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")


# --------------------------------------------------------------------------------------
# Splits
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("", 0.8931675160897388),
        ("a", 0.25379361057584854),
        ("harbour-1", 0.16379615560991032),
        ("bbc-2004/17", 0.01569096822422548),
    ],
)
def test_fractions_of_keys_never_change(key: str, expected: float) -> None:
    assert hash_fraction(key) == expected


def test_fractions_are_spread_evenly() -> None:
    fractions = [hash_fraction(f"article {i}") for i in range(4000)]
    assert all(0 <= f < 1 for f in fractions)
    for tenth in range(10):
        share = sum(tenth / 10 <= f < (tenth + 1) / 10 for f in fractions) / len(fractions)
        assert share == pytest.approx(0.1, abs=0.02)


def test_splits_follow_the_fraction() -> None:
    assert split_by_article("harbour-1") == "test"
    assert split_by_article("a") == "dev"
    assert split_by_article("") == "train"
    assert split_by_article("a", test=0.3) == "test"
    assert split_by_article("a", test=0.1, dev=0.1) == "train"


# --------------------------------------------------------------------------------------
# Corpora
# --------------------------------------------------------------------------------------


def news_rows(articles: int = 60) -> list[dict[str, Any]]:
    return [
        {
            "article_id": f"article-{a}",
            "position": p,
            "original": f"Boat number {a} left at {p}.",
            "text": f"The ship {a} went away {p} in {pivot}.",
            "pivot": pivot,
            "system": system,
        }
        for a in range(articles)
        for p in range(3)
        for pivot, system in (("de", "opus"), ("es", "opus"), ("de", "nllb"))
    ]


def test_news_articles_lie_on_one_side(tmp_path: Path) -> None:
    write(tmp_path, "roundtrip_news", news_rows())
    frame = load_roundtrip_news(tmp_path)
    assert len(frame) == 60 * 9
    assert (frame.groupby("article_id")["split"].nunique() == 1).all()
    assert (frame.groupby("original")["split"].nunique() == 1).all()
    assert set(frame["split"]) == {"train", "dev", "test"}


def test_held_out_pivots_and_systems_are_named(tmp_path: Path) -> None:
    write(tmp_path, "roundtrip_news", news_rows(4))
    frame = load_roundtrip_news(tmp_path)
    assert "es" in HELD_OUT_PIVOTS
    assert "nllb" in HELD_OUT_SYSTEMS
    expected = (frame["pivot"] == "es") | (frame["system"] == "nllb")
    assert frame["held_out"].tolist() == expected.tolist()
    assert 0 < expected.sum() < len(frame)


def test_both_sides_are_normalised_and_empty_rows_go(tmp_path: Path) -> None:
    row = {"article_id": "a", "position": 0, "pivot": "de", "system": "opus"}
    sides = [("“Boats”\u00a0sail .", " The  ships ’s "), ("", "Something."), ("Words.", " \u200b ")]
    write(tmp_path, "roundtrip_news", [row | {"original": o, "text": t} for o, t in sides])
    frame = load_roundtrip_news(tmp_path)
    assert frame[["original", "text"]].to_numpy().tolist() == [['"Boats" sail.', "The ships 's"]]
    assert frame["kind"].tolist() == ["translated"]


def test_neighbouring_flores_sentences_share_a_split(tmp_path: Path) -> None:
    rows = [
        {
            "position": p,
            "original": f"Boat number {p}.",
            "text": f"Ship {p} in {pivot}.",
            "pivot": pivot,
            "system": "opus",
        }
        for p in range(997)
        for pivot in ("de", "fr")
    ]
    write(tmp_path, "roundtrip_flores_dev", rows)
    frame = load_roundtrip_flores(tmp_path)
    assert (frame.groupby("original")["split"].nunique() == 1).all()
    by_position = frame.drop_duplicates("position").sort_values("position")["split"]
    # three runs: no sentence stands between two of another split
    assert (by_position != by_position.shift()).sum() == 3
    assert by_position.value_counts().to_dict() == {"train": 597, "dev": 200, "test": 200}


def test_translated_news_is_split_by_year(tmp_path: Path) -> None:
    years = ("wmt09", "wmt10", "wmt14", "wmt15", "wmt16")
    rows = [
        {
            "test_set": year,
            "position": p,
            "human": f"Boat {year} {p}.",
            "text": f"Ship {year} {p}.",
            "language": "cs",
            "system": "online",
        }
        for year in years
        for p in range(25)
    ]
    write(tmp_path, "translated_news", rows)
    frame = load_translated_news(tmp_path)
    splits = frame.drop_duplicates("test_set").set_index("test_set")["split"].to_dict()
    assert splits == dict(zip(years, ("train", "dev", "train", "dev", "test"), strict=True))
    assert (frame.groupby("article_id")["split"].nunique() == 1).all()
    assert frame["pivot"].unique().tolist() == ["cs"]
    assert frame["original"].str.startswith("Boat").all()


def test_only_two_outlets_are_trained_on(tmp_path: Path) -> None:
    outlets = ("bbc-2004", "reuters-1987", "gazette", "wikinews-2019", "wmt20-en-sources")
    rows = [
        {"corpus": outlet, "article_id": str(i), "text": "Boats sail."}
        for outlet in outlets
        for i in range(200)
    ]
    write(tmp_path, "human_news", rows)
    frame = load_human_news(tmp_path)
    shares = (frame["split"] == "train").groupby(frame["outlet"]).mean()
    assert shares["bbc-2004"] == pytest.approx(0.4, abs=0.1)
    assert shares["reuters-1987"] == pytest.approx(0.3, abs=0.1)
    assert (shares.drop(["bbc-2004", "reuters-1987"]) == 0).all()
    assert frame["article_id"].is_unique


# --------------------------------------------------------------------------------------
# Experts' marks
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("No error here.", []),
        ("The <v>haven</v> opened.", ["haven"]),
        ("<v>The haven</v> opened <v>anew</v>.", ["The haven", "anew"]),
        ("  The <v>haven</v> opened.", ["haven"]),
        ("<v>  The</v> haven opened. ", ["The"]),
        (" <v> The</v> haven", ["The"]),
        ("An end </v> without a start, a start <v> without an end", []),
        ("The <v></v> gap", [""]),
    ],
)
def test_marks_are_places_in_the_stripped_text(marked: str, words: list[str]) -> None:
    plain = marked.replace("<v>", "").replace("</v>", "").strip()
    assert [plain[start:end] for start, end in _parse_marks(marked)] == words


def test_error_spans_join_raters_and_leave_people_out(tmp_path: Path) -> None:
    base = {"test_set": "newstest2020", "doc": "d1"}
    rows: list[dict[str, Any]] = [
        base | {"system": system, "segment": segment, "severity": severity, "marked_text": text}
        for system, segment, severity, text in (
            ("Human-A.0", 1, "No-error", "The harbour opened again."),
            ("engine", 1, "Major", "The <v>haven</v> opened anew."),
            ("engine", 1, "Minor", "The haven opened <v>anew</v>."),
            ("engine", 1, "Neutral", "<v>The</v> haven opened anew."),
            ("engine", 2, "Major", "No person <v>translated</v> this."),
        )
    ]
    rows.append(rows[1] | {"test_set": "newstest2021", "doc": "d2"})
    write(tmp_path, "error_spans_zh_en", rows)
    frame = load_error_spans(tmp_path)
    assert len(frame) == 1
    row = frame.iloc[0]
    assert (row["original"], row["text"]) == ("The harbour opened again.", "The haven opened anew.")
    assert [row["text"][a:b] for a, b in row["marks"]] == ["haven", "anew"]
    assert (row["split"], row["article_id"]) == ("train", "newstest2020-d1")


# --------------------------------------------------------------------------------------
# Word labels
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "original", "text", "words", "marks"),
    [
        ("same", "the old boats left", "the old boats left", "the old boats left", "0000"),
        ("moved", "at night the boats left", "the boats left at night", None, "00000"),
        ("new", "the old boats left", "the elderly boats left", "the elderly boats left", "0100"),
        ("twice", "the boats left", "the the boats left", "the the boats left", "0100"),
        ("points", "the boats left!", "the boats, left.", "the boats , left .", "00-0-"),
        ("capital", "the boats left", "The boats left", "the boats left", "000"),
        ("spelling", "the harbour", "the harbor", "the harbor", "00"),
        ("name", "Anna left", "Bertha left", "xx left", "00"),
        ("number", "left at 7", "left at 12", "left at 0", "000"),
        ("nothing shared", "men waited", "boats left", "boats left", "11"),
    ],
)
def test_words_of_the_machine_are_marked(
    name: str, original: str, text: str, words: str | None, marks: str
) -> None:
    pair = label_pair(original, text, "spun", COMMON)
    if words is not None:
        assert " ".join(pair.text.words) == words
    symbols = {SHARED: "0", OWN: "1", UNLABELLED: "-"}
    assert "".join(symbols[m] for m in pair.text_words) == marks, name


def test_both_sides_are_marked_alike() -> None:
    pair = label_pair(
        "the old boats left, quickly", "elderly boats left the harbour", "spun", COMMON
    )
    assert len(pair.original_words) == len(pair.original.words)
    marked = dict(zip(pair.original.words, pair.original_words, strict=True))
    assert marked == {
        "the": SHARED,
        "old": OWN,
        "boats": SHARED,
        "left": SHARED,
        ",": UNLABELLED,
        "quickly": OWN,
    }
    assert (pair.kind, pair.is_translation) == ("spun", False)


def test_experts_marks_take_the_place_of_comparison() -> None:
    text = "the haven, opened at night"
    start = text.index("haven")
    pair = label_pair("the harbour left", text, "translated", COMMON, [(start, start + 6)], True)
    marked = dict(zip(pair.text.words, pair.text_words, strict=True))
    assert marked == {
        "the": SHARED,
        "haven": OWN,
        ",": UNLABELLED,
        "opened": SHARED,
        "at": SHARED,
        "night": SHARED,
    }
    assert pair.original_words == (SHARED, OWN, OWN)
    assert pair.is_translation


def test_no_expert_mark_means_no_word_of_the_machines() -> None:
    pair = label_pair("the harbour", "the haven opened", "translated", COMMON, [])
    assert pair.text_words == (SHARED, SHARED, SHARED)


# --------------------------------------------------------------------------------------
# Choosing
# --------------------------------------------------------------------------------------


def test_originals_appear_at_most_so_often() -> None:
    frame = pd.DataFrame(
        {"original": ["a"] * 30 + ["b"] * 2 + ["c"], "text": [f"t{i}" for i in range(33)]}
    )
    chosen = choose_pairs(frame, 4, seed=1)
    assert chosen["original"].value_counts().to_dict() == {"a": 4, "b": 2, "c": 1}
    assert chosen.index.is_monotonic_increasing
    assert chosen.equals(choose_pairs(frame, 4, seed=1))
    assert not chosen.equals(choose_pairs(frame, 4, seed=2))
    assert frame.loc[chosen.index, "text"].tolist() == chosen["text"].tolist()


def test_common_words_are_those_usually_written_small() -> None:
    texts = [
        "The president spoke in May.",
        "President Lind said the president may leave.",
        "President Lind may stay.",
        "In May the mayor and Mayor Lind met Mayor Berg.",
        "Rarely.",
    ]
    words = collect_common_words(texts)
    assert {"the", "president", "may"} <= words
    # "Mayor" is more often a title here, "spoke" stands but once, "rarely" never small
    assert not words & {"mayor", "lind", "berg", "rarely", "spoke"}
    assert "spoke" in collect_common_words(texts, minimum=1)
