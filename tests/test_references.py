"""The index of originals: what it finds, keeps and survives."""

import json
import math
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from detector.io.readers import BadInput, Record
from detector.references import manifest, merging, search, segment_writing, transaction, vectors
from detector.references.index import MINIMUM_SCORE, Additions, ReferenceIndex
from detector.references.manifest import MANIFEST, ReferenceIndexError

HARBOUR = """\
The harbour opened again on Monday morning, a week after the worst storm in a decade closed it.
Fishermen had waited for days in the small cafe beside the pier, complaining about the forecast.
The council says it will pay for repairs to the sea wall, but has not said when the work starts.
"""
HARBOUR_SPUN = """\
The haven commenced again on Monday morning, a week after the worst tempest in a decade shut it.
Fishermen had waited for days in the little coffee house beside the pier, moaning about the outlook.
The council says it will compensate for fixes to the ocean wall, but has not said when works start.
"""
LIBRARY = """\
The town library will lend tools as well as books from next month, the librarian said on Friday.
Drills, ladders and sewing machines have been given by residents who no longer need them.
A similar scheme in the next valley lent four hundred tools in its first year.
"""
ORCHARD = """\
Frost in late April destroyed two thirds of the apple blossom in the valley, growers reported.
They lit candles between the trees for three nights and lost most of the crop all the same.
An insurer has promised to visit every orchard before the end of June.
"""
ARTICLES = [("harbour", HARBOUR), ("library", LIBRARY), ("orchard", ORCHARD)]


def make_crowd(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Articles of sixty made-up words, some common and some rare."""
    rng = random.Random(seed)
    words = [
        "".join(rng.choices("bdfgklmnprstv", k=2) + rng.choices("aeiou", k=3)) for _ in range(2000)
    ]
    weights = [1 / (i + 5) for i in range(len(words))]
    return [
        (f"crowd-{seed}-{i}", " ".join(rng.choices(words, weights, k=60))) for i in range(count)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> ReferenceIndex:
    index = ReferenceIndex.create(folder)
    index.add([*make_crowd(30), *ARTICLES])
    return index


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.references.segment_writing._SEGMENT_DOCUMENTS", 10)


def segment_files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.bin")}


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
    for module in (vectors, segment_writing, merging, search):
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
    tmp_path: Path, index: ReferenceIndex, small_segments: None
) -> None:
    grown = ReferenceIndex.create(tmp_path / "grown")
    documents = [*make_crowd(30), *ARTICLES]
    for document in documents:
        grown.add([document])
    assert grown.info().segments < 12
    for query in (HARBOUR_SPUN, LIBRARY, make_crowd(1)[0][1]):
        assert rank(grown, query) == pytest.approx(rank(index, query))


def rank(index: ReferenceIndex, query: str) -> dict[Any, float]:
    return {c.id: c.score for c in index.find(query, minimum=0.0)}


def test_deleted_documents_leave_no_trace_once_merged(tmp_path: Path, small_segments: None) -> None:
    documents = make_crowd(60)
    clean = ReferenceIndex.create(tmp_path / "clean")
    clean.add(documents)
    replaced = ReferenceIndex.create(tmp_path / "replaced")
    replaced.add([(identity, f"{text} stale") for identity, text in documents])
    assert replaced.add(documents) == Additions(replaced=60)
    assert replaced.info().deleted == 0
    assert len(replaced) == 60
    query = documents[7][1]
    assert rank(replaced, query) == pytest.approx(rank(clean, query))


def test_a_partly_deleted_segment_is_merged_without_what_was_deleted(
    tmp_path: Path, small_segments: None
) -> None:
    documents = make_crowd(69)
    index = ReferenceIndex.create(tmp_path / "index")
    index.add(documents)
    index.add([(identity, f"{text} fresh") for identity, text in documents[::3]])
    assert index.info().deleted == 13  # ten were gone before the segments were merged
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
    files = segment_files(index.folder)
    assert index.add(ARTICLES) == Additions(unchanged=3)
    assert len(index) == 33
    assert segment_files(index.folder) == files


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


def test_an_id_twice_across_the_segments_of_one_call(folder: Path, small_segments: None) -> None:
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


def test_documents_are_taken_one_at_a_time_and_held_a_segment_at_most(
    folder: Path, small_segments: None
) -> None:
    index = ReferenceIndex.create(folder)
    files_seen = []

    def draw() -> Iterator[tuple[str, str]]:
        for document in make_crowd(40):
            files_seen.append(len(segment_files(folder)))
            yield document

    assert index.add(draw()).added == 40
    assert files_seen == [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10
    assert [index.find(text)[0].id for _, text in make_crowd(40)] == [i for i, _ in make_crowd(40)]


def test_a_reader_sees_additions_and_outlives_merged_segments(
    index: ReferenceIndex, small_segments: None
) -> None:
    reader = ReferenceIndex.open(index.folder)
    before = reader._snapshot
    for i, document in enumerate(make_crowd(40, seed=3)):
        index.add([document])
        assert len(reader) == 34 + i
    assert reader.find(HARBOUR_SPUN)[0].id == "harbour"
    assert reader.find(make_crowd(40, seed=3)[39][1])[0].id == "crowd-3-39"
    assert before.find(HARBOUR_SPUN, 1, 0.0)[0].id == "harbour"


def test_an_index_survives_pickling(index: ReferenceIndex) -> None:
    copy = pickle.loads(pickle.dumps(index))  # noqa: S301 - our own bytes
    assert copy.find(HARBOUR) == index.find(HARBOUR)


def test_info(index: ReferenceIndex) -> None:
    index.add([("harbour", f"{HARBOUR} again")])
    info = index.info()
    assert (info.documents, info.deleted, info.segments) == (33, 1, 2)
    assert info.bytes == sum(
        (index.folder / name).stat().st_size for name in segment_files(index.folder)
    )
    assert json.loads(json.dumps(info.to_dict()))["format_version"] == 1


# --------------------------------------------------------------------------------------
# What can be wrong
# --------------------------------------------------------------------------------------


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

    for module in (manifest, transaction):
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
