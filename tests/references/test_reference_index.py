"""The index of originals: what it finds, and what it takes in."""

import json
import math
import multiprocessing
import os
import pickle
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from articles import ARTICLES, HARBOUR, HARBOUR_SPUN, LIBRARY, ORCHARD, make_crowd

from detector.io.readers import BadInput, Record
from detector.references import search, vectors, writing
from detector.references.database import DATABASE, ReferenceIndexError
from detector.references.index import MINIMUM_SCORE, Additions, ReferenceIndex


def read_postings(folder: Path) -> list[tuple[int, bytes]]:
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        return connection.execute("SELECT key, documents FROM postings ORDER BY key").fetchall()


# --------------------------------------------------------------------------------------
# Finding
# --------------------------------------------------------------------------------------


def test_finds_the_original_of_a_spun_text(index: ReferenceIndex) -> None:
    best = index.find(HARBOUR_SPUN)[0]
    assert best.id == "harbour"
    assert best.text == HARBOUR
    assert MINIMUM_SCORE < best.score < 0.95


def test_a_copy_scores_one_and_case_accents_and_entities_do_not_count(
    index: ReferenceIndex,
) -> None:
    for copy in (HARBOUR, HARBOUR.upper(), HARBOUR.replace("e", "e\u0301"), f"{HARBOUR} &amp;"):
        best = index.find(copy)[0]
        assert best.id == "harbour"
        assert 1.0 - 1e-6 < best.score <= 1.0


def test_part_of_a_text_finds_it(index: ReferenceIndex) -> None:
    assert index.find(ORCHARD.splitlines()[0])[0].id == "orchard"


def test_a_text_without_an_original_finds_nothing(index: ReferenceIndex) -> None:
    assert index.find("A choir from the coast won the national contest with three songs.") == []
    assert index.find("Der Chor gewann den Wettbewerb.") == []
    assert index.find("the and of it") == []
    assert index.find("?!") == []


def test_an_empty_index_finds_nothing(folder: Path) -> None:
    index = ReferenceIndex.create(folder)
    assert len(index) == 0
    assert index.find(HARBOUR) == []


def test_k_and_the_minimum_bound_the_candidates(index: ReferenceIndex) -> None:
    query = " ".join(text for _, text in make_crowd(20))
    many = index.find(query, k=20, minimum=0.0)
    assert len(many) == 20
    scores = [candidate.score for candidate in many]
    assert scores == sorted(scores, reverse=True)
    assert len(index.find(query, k=3, minimum=0.0)) == 3
    assert index.find(query, k=20, minimum=scores[4]) == many[:5]
    assert index.find(HARBOUR, minimum=1.01) == []


def test_scores_are_the_cosine_of_plainly_counted_features(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Features are hashed, and now and then two of them are counted as one: seldom with so many.
    for module in (vectors, writing, search):
        monkeypatch.setattr(module, "GRAM_BUCKETS", 1 << 24, raising=False)
        monkeypatch.setattr(module, "BUCKETS", vectors.WORD_BUCKETS + (1 << 24), raising=False)
    monkeypatch.setattr(vectors, "_hash_word", vectors._hash_word.__wrapped__)
    index = ReferenceIndex.create(folder)
    index.add([*make_crowd(30), *ARTICLES])
    documents = dict([*make_crowd(30), *ARTICLES])
    counted = {identity: count_features(document) for identity, document in documents.items()}
    frequency = Counter(feature for vector in counted.values() for feature in vector)
    text = HARBOUR_SPUN + LIBRARY[:150] + ORCHARD[:40]
    query = count_features(text)

    def weigh(vector: Counter[str]) -> dict[str, float]:
        return {
            feature: (1 + math.log(n))
            * math.log((len(documents) + 1000) / (frequency[feature] + 1))
            for feature, n in vector.items()
        }

    def cosine(one: dict[str, float], other: dict[str, float]) -> float:
        product = sum(one[feature] * other.get(feature, 0.0) for feature in one)
        return product / math.hypot(*one.values()) / math.hypot(*other.values())

    expected = {i: cosine(weigh(query), weigh(vector)) for i, vector in counted.items()}
    found = index.find(text, k=3, minimum=0.0)
    assert {c.id for c in found} == {"harbour", "library", "orchard"}
    assert [c.id for c in found] == sorted(expected, key=lambda i: -expected[i])[:3]
    for candidate in found:
        assert candidate.score == pytest.approx(expected[str(candidate.id)], abs=1e-6)


def count_features(text: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for word in "".join(c if c.isalnum() else " " for c in text.lower()).split():
        if word.encode() in vectors._STOP_WORDS or len(word) == 1:
            continue
        counts[f"word {vectors._stem(word.encode()).decode()}"] += 1
        padded = f" {word} "
        counts.update(f"gram {padded[i : i + 4]}" for i in range(len(padded) - 3))
    return counts


def test_an_index_grown_by_bits_answers_as_one_built_at_once(
    tmp_path: Path, index: ReferenceIndex
) -> None:
    grown = ReferenceIndex.create(tmp_path / "grown")
    for document in [*make_crowd(30), *ARTICLES]:
        grown.add([document])
    for query in (HARBOUR_SPUN, LIBRARY, make_crowd(1)[0][1]):
        assert rank(grown, query) == pytest.approx(rank(index, query))
    assert read_postings(grown.folder) == read_postings(index.folder)


def test_an_index_of_many_blocks_answers_as_one_of_one(
    tmp_path: Path, index: ReferenceIndex, request: pytest.FixtureRequest
) -> None:
    queries = [HARBOUR_SPUN, LIBRARY, *(text for _, text in make_crowd(30)[14:18])]
    expected = [rank(index, query) for query in queries]
    request.getfixturevalue("small_blocks")
    blocks = ReferenceIndex.create(tmp_path / "blocks")
    blocks.add([*make_crowd(30), *ARTICLES])
    for query, answer in zip(queries, expected, strict=True):
        assert rank(blocks, query) == pytest.approx(answer)
    keys = [key for key, _ in read_postings(blocks.folder)]
    assert {key // vectors.WORD_BUCKETS for key in keys} == {0, 1, 2}


def rank(index: ReferenceIndex, query: str) -> dict[Any, float]:
    return {c.id: c.score for c in index.find(query, minimum=0.0)}


def test_replaced_texts_leave_no_trace(
    tmp_path: Path, small_blocks: None, often_written: None
) -> None:
    documents = make_crowd(60)
    index = ReferenceIndex.create(tmp_path / "index")
    index.add([(identity, f"{text} stale {identity}") for identity, text in documents])
    assert index.find("stale", minimum=0.0)
    assert index.add(documents) == Additions(replaced=60)
    assert index.find("stale", minimum=0.0) == []
    assert len(index) == 60
    clean = ReferenceIndex.create(tmp_path / "clean")
    clean.add(documents)
    assert rank(index, documents[7][1]) == pytest.approx(rank(clean, documents[7][1]))
    assert count_postings(index.folder) == count_postings(clean.folder)


def count_postings(folder: Path) -> int:
    return sum(len(documents) for _, documents in read_postings(folder))


def test_each_text_is_found_after_some_were_replaced(
    tmp_path: Path, small_blocks: None, often_written: None
) -> None:
    documents = make_crowd(69)
    index = ReferenceIndex.create(tmp_path / "index")
    index.add(documents)
    index.add([(identity, f"{text} fresh") for identity, text in documents[::3]])
    for i, (identity, text) in enumerate(documents):
        expected = f"{text} fresh" if i % 3 == 0 else text
        assert index.text(identity) == expected
        assert index.find(expected)[0].id == identity
    assert len(index) == 69


def test_a_word_without_end_and_hidden_characters_are_searchable(folder: Path) -> None:
    index = ReferenceIndex.create(folder)
    endless = "x" * 300_000
    index.add([("endless", endless), ("surrogate", f"{LIBRARY} \ud800"), ("soft", ORCHARD)])
    assert index.find(endless)[0].id == "endless"
    assert index.find(LIBRARY)[0].text == f"{LIBRARY} \ud800"
    assert index.find(ORCHARD.replace("orchard", "or\u00adchard"))[0].score > 0.999


# --------------------------------------------------------------------------------------
# Adding
# --------------------------------------------------------------------------------------


def test_documents_keep_their_place(folder: Path) -> None:
    index = ReferenceIndex.create(folder)
    index.add([Record("a", HARBOUR, "news.jsonl", 3), Record("b", LIBRARY, "b.txt")])
    assert index.find(HARBOUR)[0].place == "news.jsonl, row 3"
    assert index.find(LIBRARY)[0].place == "b.txt"


def test_the_same_id_with_the_same_text_changes_nothing(index: ReferenceIndex) -> None:
    before = (index.folder / DATABASE).read_bytes()
    assert index.add(ARTICLES) == Additions(unchanged=3)
    assert len(index) == 33
    assert (index.folder / DATABASE).read_bytes() == before


def test_the_same_id_with_another_text_replaces_the_old_one(index: ReferenceIndex) -> None:
    assert index.add([("harbour", ORCHARD)]) == Additions(replaced=1)
    assert index.text("harbour") == ORCHARD
    assert index.find(HARBOUR) == []
    assert len(index) == 33
    assert index.add([("harbour", HARBOUR)]) == Additions(replaced=1)
    assert [c.id for c in index.find(HARBOUR)] == ["harbour"]
    assert [c.id for c in ReferenceIndex.open(index.folder).find(ORCHARD)] == ["orchard"]


def test_an_id_twice_in_one_call(folder: Path) -> None:
    index = ReferenceIndex.create(folder)
    counts = index.add([("a", HARBOUR), ("a", HARBOUR), ("a", LIBRARY), ("b", HARBOUR)])
    assert counts == Additions(added=2, replaced=1, unchanged=1)
    assert len(index) == 2
    assert index.text("a") == LIBRARY
    assert [c.id for c in index.find(HARBOUR)] == ["b"]


def test_an_id_twice_across_the_blocks_of_one_call(folder: Path, often_written: None) -> None:
    index = ReferenceIndex.create(folder)
    crowd = make_crowd(25)
    counts = index.add([("a", HARBOUR), *crowd, ("a", LIBRARY), *make_crowd(25, seed=2)])
    assert counts == Additions(added=51, replaced=1)
    assert index.text("a") == LIBRARY
    assert index.find(HARBOUR) == []
    assert len(index) == 51


def test_numbers_and_text_are_different_ids(folder: Path) -> None:
    index = ReferenceIndex.create(folder)
    index.add([(7, HARBOUR), ("7", LIBRARY), (7.5, ORCHARD)])
    assert [index.find(text)[0].id for text in (HARBOUR, LIBRARY, ORCHARD)] == [7, "7", 7.5]
    assert index.text(7) == HARBOUR
    assert index.text("7") == LIBRARY


def test_what_cannot_be_added_is_counted_and_reported(folder: Path) -> None:
    index = ReferenceIndex.create(folder)
    reported: list[BadInput] = []
    unread = BadInput("rows.jsonl:2", "rows.jsonl", 2, "blank line: no JSON object")
    inputs: list[Any] = [
        ("a", HARBOUR),
        unread,
        Record([1], LIBRARY, "rows.jsonl", 3),
        Record("empty", " . ", "rows.jsonl", 4),
        (math.nan, LIBRARY),
        ("b", None),
    ]
    assert index.add(inputs, reported.append) == Additions(added=1, refused=5)
    assert reported[0] is unread
    assert [(bad.place, bad.reason) for bad in reported[1:]] == [
        ("rows.jsonl, row 3", "the id is a list, neither text nor a number"),
        ("rows.jsonl, row 4", "empty: no words to find it by"),
        ("id nan", "the id nan is no number"),
        ("id 'b'", "a NoneType where text is meant"),
    ]
    assert index.add([unread]) == Additions(refused=1)


def test_documents_are_taken_one_at_a_time_and_few_are_held(
    folder: Path, often_written: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = ReferenceIndex.create(folder)
    written: list[int] = []
    seen = []
    flush = writing.Writer._flush

    def count_flushes(writer: writing.Writer) -> None:
        written.append(len(writer._fresh))
        flush(writer)

    monkeypatch.setattr(writing.Writer, "_flush", count_flushes)

    def draw() -> Iterator[tuple[str, str]]:
        for document in make_crowd(40):
            seen.append(sum(written))
            yield document

    assert index.add(draw()).added == 40
    assert all(0 <= taken - flushed < 10 for taken, flushed in enumerate(seen))
    assert sum(written) == 40
    assert [index.find(text)[0].id for _, text in make_crowd(40)] == [i for i, _ in make_crowd(40)]


def test_a_reader_sees_additions(index: ReferenceIndex, often_written: None) -> None:
    reader = ReferenceIndex.open(index.folder)
    for i, document in enumerate(make_crowd(40, seed=3)):
        index.add([document])
        assert len(reader) == 34 + i
    assert reader.find(HARBOUR_SPUN)[0].id == "harbour"
    assert reader.find(make_crowd(40, seed=3)[39][1])[0].id == "crowd-3-39"


def test_a_reader_sees_no_half_of_an_addition(index: ReferenceIndex, often_written: None) -> None:
    reader = ReferenceIndex.open(index.folder)
    answers = []

    def draw() -> Iterator[tuple[str, str]]:
        yield "harbour", ORCHARD
        for document in make_crowd(40, seed=3):
            answers.append(([c.id for c in reader.find(HARBOUR_SPUN)], len(reader)))
            yield document

    index.add(draw())
    assert answers == [(["harbour"], 33)] * 40
    assert reader.find(HARBOUR_SPUN) == []
    assert len(reader) == 73


def test_several_threads_may_ask(index: ReferenceIndex) -> None:
    texts = dict(ARTICLES)
    asked = list(texts) * 20
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda name: index.find(texts[name])[0].id, asked))
    assert found == asked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_opens_the_index_for_itself(index: ReferenceIndex) -> None:
    index.find(HARBOUR)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_find_in_place, (0,)) is None  # the process has no index yet
    _INHERITED.append(index)
    try:
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(_find_in_place, [0] * 6) == ["harbour"] * 6
    finally:
        _INHERITED.clear()
    assert index.find(HARBOUR)[0].id == "harbour"
    assert index.add([("harbour", LIBRARY)]).replaced == 1


_INHERITED: list[ReferenceIndex] = []


def _find_in_place(number: int) -> Any:
    return _INHERITED[number].find(HARBOUR)[0].id if _INHERITED else None


def test_a_closed_index_opens_again(index: ReferenceIndex) -> None:
    index.close()
    index.close()
    assert os.listdir(index.folder) == [DATABASE]  # noqa: PTH208 - names are enough
    assert index.find(HARBOUR)[0].id == "harbour"


def test_an_index_is_found_after_the_process_went_elsewhere(
    index: ReferenceIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(index.folder.parent)
    with pytest.raises(ReferenceIndexError, match=r"^missing: no such folder"):
        ReferenceIndex.open("missing")
    opened = ReferenceIndex.open(index.folder.name)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for one in (opened, pickle.loads(pickle.dumps(opened))):  # noqa: S301 - our own bytes
        one.close()
        assert one.find(HARBOUR)[0].id == "harbour"
        assert one.add([("orchard", ORCHARD)]).unchanged == 1
        assert one.info().bytes > 0
    assert str(opened.info().folder) == index.folder.name  # as it was named


def test_an_index_survives_pickling(index: ReferenceIndex) -> None:
    copy = pickle.loads(pickle.dumps(index))  # noqa: S301 - our own bytes
    assert copy.find(HARBOUR) == index.find(HARBOUR)


def test_info(index: ReferenceIndex) -> None:
    info = index.info()
    assert info.documents == 33
    assert info.bytes == (index.folder / DATABASE).stat().st_size
    assert json.loads(json.dumps(info.to_dict()))["format_version"] == 2
