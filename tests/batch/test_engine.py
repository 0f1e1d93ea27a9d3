"""The engine: order, duplicates, workers that die, memory, one judgement per document."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from fake_detector import FakeDetector, loader

from detector.batch import workers as workers_module
from detector.batch.chunks import Outcome
from detector.batch.engine import score_records
from detector.batch.frame import score_frame
from detector.batch.judge import Judge, Settings
from detector.batch.workers import WorkerError
from detector.columns import COMPARED_COLUMNS, JUDGED_COLUMNS
from detector.errors import DetectorError
from detector.io.readers import BadInput, Record

if TYPE_CHECKING:
    from detector.detector import Detector


def document(text: str, number: int = 0, **more: Any) -> Record:
    return Record(number, text, "in.jsonl", number, **more)


def make_items(count: int) -> list[Record | BadInput]:
    """Texts of very different lengths; every seventh input is bad, every fifth seen before."""
    items: list[Record | BadInput] = []
    for n in range(count):
        if n % 7 == 3:
            items.append(BadInput(n, "in.jsonl", n, "blank line: no JSON object"))
        else:
            text = f"number{n - n % 5 if n % 5 == 4 else n} " + "word " * (n * 37 % 400)
            items.append(document(text, n))
    return items


def read_log(path: Path) -> list[str]:
    return path.read_text().split()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers for any input, and little text for each of their errands."""
    monkeypatch.setattr("detector.batch.engine._WORTH_WORKERS", 0)
    monkeypatch.setattr("detector.batch.chunks._CHUNK_CHARACTERS", 2000)


def judge(items: Sequence[Record | BadInput], workers: int = 1, **more: Any) -> list[Outcome]:
    outcomes = score_records(items, FakeDetector(), workers=workers, load=loader(), **more)
    return list(outcomes)


# --------------------------------------------------------------------------------------
# Many documents
# --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_chunks")
def test_outcomes_are_the_same_and_in_order_whatever_the_workers() -> None:
    items = make_items(120)
    alone, together = judge(items), judge(items, workers=2)
    assert [outcome.source for outcome in alone] == items
    assert together == alone
    failures = [o.source.id for o in alone if o.failure]
    assert failures == [n for n in range(120) if n % 7 == 3]


def test_a_text_is_judged_once_however_often_it_comes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    items = [document(text, n) for n, text in enumerate(["a b", "c d", "a b", "e f", "a b"])]
    outcomes = list(score_records(items, FakeDetector(str(log)), workers=1))
    assert read_log(log) == ["a", "c", "e"]
    assert [outcome.duplicate for outcome in outcomes] == [False, False, True, False, True]
    assert outcomes[0].judgement == outcomes[2].judgement == outcomes[4].judgement


@pytest.mark.usefixtures("small_chunks")
def test_what_is_still_being_judged_is_not_asked_for_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    items = [document(f"same{n % 3} " + "word " * 150, n) for n in range(40)]
    outcomes = list(score_records(items, FakeDetector(), workers=2, load=loader(log)))
    assert sorted(read_log(log)) == ["same0", "same1", "same2"]
    assert len({o.get("probability") for o in outcomes}) == 3
    assert sum(o.duplicate for o in outcomes) == 37


def test_only_so_many_texts_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.batch.engine._REMEMBERED", 2)
    monkeypatch.setattr("detector.batch.chunks.CHUNK_DOCUMENTS", 1)
    log = tmp_path / "log"
    items = [document(text) for text in ("a 1", "b 1", "a 1", "c 1", "a 1", "b 1")]
    list(score_records(items, FakeDetector(str(log)), workers=1))
    assert read_log(log) == ["a", "b", "c", "b"]


def test_the_same_text_with_another_original_is_another_case() -> None:
    items = [document("a b", 0, reference="a c"), document("a b", 1, reference="x y")]
    outcomes = judge([*items, document("a b", 2)])
    assert [o.get("relation") for o in outcomes] == ["edited", "independent", None]
    assert not any(o.duplicate for o in outcomes)


def watch(items: Sequence[Record], taken: list[int]) -> Iterator[Record]:
    for n, item in enumerate(items):
        taken.append(n)
        yield item


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_is_read_ahead_than_the_workers_need(workers: int) -> None:
    items = [document(f"number{n} " + "word " * 100, n) for n in range(200)]
    taken: list[int] = []
    ahead = 0
    outcomes = score_records(watch(items, taken), FakeDetector(), workers=workers, load=loader())
    for done, _ in enumerate(outcomes):
        ahead = max(ahead, len(taken) - done)
    per_chunk = 4
    assert ahead <= per_chunk * (1 if workers == 1 else workers_module._CHUNKS_AHEAD * 2)


def test_a_row_full_of_other_fields_fills_a_chunk() -> None:
    items = [document(f"t{n} x", n, fields={"page": "p" * (1 << 19)}) for n in range(8)]
    taken: list[int] = []
    next(score_records(watch(items, taken), FakeDetector(), workers=1))
    assert len(taken) == 2


def test_little_text_starts_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a worker was started")

    monkeypatch.setattr("detector.batch.workers._start_executor", fail)
    assert len(judge(make_items(20), workers=4)) == 20
    with pytest.raises(AssertionError, match="a worker was started"):
        judge([document(f"number{n} " + "word " * 10_000, n) for n in range(4)], workers=4)


def test_impossible_calls_say_why() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        judge([], workers=0)
    with pytest.raises(ValueError, match="came from no folder"):
        score_records([], FakeDetector(), workers=2)


# --------------------------------------------------------------------------------------
# What goes wrong
# --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_text_that_breaks_the_detector_fails_alone(workers: int) -> None:
    items = [document(f"number{n} " + ("break" if n == 5 else "word " * 99), n) for n in range(20)]
    outcomes = judge(items, workers)
    assert [o.source.id for o in outcomes if o.failure] == [5]
    assert outcomes[5].failure == "cannot be scored: RuntimeError: broken by a test"
    assert (outcomes[5].get("probability"), outcomes[5].get("flagged")) == (None, False)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_of_the_model_is_no_texts_fault(workers: int) -> None:
    items = [document(f"number{n} misconfigured", n) for n in range(20)]
    with pytest.raises(DetectorError, match="model folder is gone"):
        judge(items, workers)


@pytest.mark.usefixtures("small_chunks")
def test_a_worker_that_dies_takes_only_its_culprit_along() -> None:
    items = [document(f"number{n} " + "word " * 100, n) for n in range(40)]
    items[11] = document("number11 die " + "word " * 100, 11)
    items[29] = document("number29 exhaust " + "word " * 100, 29)
    outcomes = judge(items, workers=2)
    assert [o.source for o in outcomes] == items
    assert [o.source.id for o in outcomes if o.failure] == [11, 29]
    assert "the process that scored it died" in str(outcomes[11].failure)
    rest = [item for n, item in enumerate(items) if n not in (11, 29)]
    assert [o for o in outcomes if not o.failure] == judge(rest)


@pytest.mark.usefixtures("small_chunks")
def test_workers_that_die_of_whatever_they_get_end_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detector.batch.workers._MOST_DEATHS", 2)
    with pytest.raises(WorkerError, match="2 documents in succession"):
        judge([document(f"number{n} die", n) for n in range(9)], workers=2)


def list_workers() -> list[str]:
    """Living loky workers of this process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
            command = (folder / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if int(parent) == os.getpid() and "popen_loky" in command:
            found.append(command)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.usefixtures("small_chunks")
def test_closing_early_ends_the_workers() -> None:
    items = (document(f"number{n} " + "word " * 100, n) for n in range(10**9))
    others = set(list_workers())
    outcomes = score_records(items, FakeDetector(), workers=2, load=loader(seconds=0.01))
    assert next(outcomes).source.id == 0
    assert len(set(list_workers()) - others) == 2
    started = time.monotonic()
    outcomes.close()
    assert not set(list_workers()) - others
    assert time.monotonic() - started < 30


# --------------------------------------------------------------------------------------
# One document
# --------------------------------------------------------------------------------------


class FakeIndex:
    """Finds, for a text with "copy" in it, the original "orig"."""

    @classmethod
    def open(cls, folder: str) -> FakeIndex:
        assert Path(folder) == Path.cwd() / "index"
        return cls()

    def find(self, text: str, k: int) -> list[Any]:
        assert k == 3
        assert text.strip()
        return [SimpleNamespace(id=7, score=0.5, text="orig copy")] if "copy" in text else []


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("detector.references.index")
    module.ReferenceIndex = FakeIndex  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "detector.references.index", module)
    return "index"


def test_a_judgement_holds_the_columns_of_the_verdict() -> None:
    judgement = Judge(FakeDetector()).judge("some words here")
    assert list(judgement.columns) == list(JUDGED_COLUMNS)
    verdict = FakeDetector().score("some words here")
    assert judgement.columns["probability"] == verdict.probability
    assert judgement.columns["probability_spun"] == verdict.class_probabilities["spun"]
    assert (judgement.failure, judgement.verdict) == (None, None)
    assert Judge(FakeDetector(), Settings(whole=True)).judge("some words here").verdict == verdict


def test_a_text_with_its_own_original_is_compared() -> None:
    columns = Judge(FakeDetector()).judge("rewritten one", "rewritten two").columns
    assert list(columns) == [*JUDGED_COLUMNS, *COMPARED_COLUMNS]
    assert (columns["relation"], columns["comparison_probability"]) == ("machine-rewritten", 1.0)
    assert (columns["flagged"], columns["comparison_flagged"]) == (True, True)
    assert (columns["original_id"], columns["coverage"]) == (None, 0.5)


def find_flagged(start: str) -> str:
    """A text that is flagged by its own words."""
    texts = (f"{start} number{n}" for n in range(1000))
    return next(t for t in texts if FakeDetector().score(t).flagged)


def test_the_comparison_decides_unless_the_texts_have_nothing_in_common() -> None:
    flagged = find_flagged("text")
    judge = Judge(FakeDetector())
    assert judge.judge(flagged).columns["flagged"]
    edited = judge.judge(flagged, "text of a person").columns
    assert (edited["relation"], edited["flagged"]) == ("edited", False)
    independent = judge.judge(flagged, "something else").columns
    assert (independent["relation"], independent["flagged"]) == ("independent", True)
    assert not independent["comparison_flagged"]


def test_an_original_is_sought_in_the_index(index: str) -> None:
    judge = Judge(FakeDetector(), Settings(references=index, comparing=True))
    found = judge.judge("rewritten copy").columns
    assert (found["original_id"], found["original_score"]) == ("7", 0.5)
    assert (found["relation"], found["flagged"]) == ("machine-rewritten", True)
    missed = judge.judge("another text").columns
    assert list(missed) == list(found)
    assert {name: missed[name] for name in COMPARED_COLUMNS} == {
        **dict.fromkeys(COMPARED_COLUMNS), "judged_by": "text",
    }  # fmt: skip
    empty = judge.judge(" ").columns
    assert empty["original_id"] is None
    own = judge.judge("another copy", "another text").columns
    assert (own["original_id"], own["relation"]) == (None, "edited")


def test_the_rate_is_the_callers_with_an_original_too() -> None:
    class Strict(FakeDetector):
        def score(
            self, text: str, *, false_positive_rate: float = 0.01, artifacts: str = "few"
        ) -> Any:
            verdict = super().score(text, false_positive_rate=false_positive_rate)
            object.__setattr__(verdict, "threshold", false_positive_rate)
            return verdict

    columns = Judge(Strict(), Settings(0.05)).judge("one two", "one three").columns
    assert columns["threshold"] == 0.05


def test_a_pair_that_cannot_be_judged_fails() -> None:
    judgement = Judge(FakeDetector()).judge("foreign words", "foreign text")
    assert judgement.failure == "not English: the text looks like 'de'"


# --------------------------------------------------------------------------------------
# With a real, tiny model
# --------------------------------------------------------------------------------------


def vary(articles: Sequence[str], count: int) -> list[str]:
    """Articles that differ in the order of their sentences."""
    texts = []
    for n in range(count):
        sentences = articles[n % len(articles)].replace("\n", " ").split(". ")
        turn = n % len(sentences)
        texts.append(". ".join(sentences[turn:] + sentences[:turn]))
    return texts


@pytest.mark.usefixtures("small_chunks")
def test_workers_give_the_figures_of_the_detector_to_the_last_digit(
    tiny_detector: Detector, person_article: str, machine_article: str
) -> None:
    texts = vary([person_article, machine_article], 14)
    expected = [tiny_detector.score(text) for text in texts]
    frame = pd.DataFrame({"text": texts}, index=range(100, 114))
    for workers in (1, 2):
        answer = score_frame(frame, tiny_detector, workers=workers)
        assert answer["probability"].tolist() == [v.probability for v in expected]
        assert answer["signature"].tolist() == [v.signature for v in expected]
        assert answer.index.tolist() == frame.index.tolist()
