"""One row of a batch: what it says by itself and beside its original never contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_detector import FakeDetector

from detector.batch.judge import Judge, Settings
from detector.clusters.grouping import Grouping
from detector.clusters.siblings import Siblings
from detector.clusters.store import ClusterError, CrawlStore
from detector.columns import BY_COMPARISON, BY_TEXT, COMPARED_COLUMNS
from detector.io.readers import Record
from detector.references.index import ReferenceIndex
from detector.results import EDITED, INDEPENDENT, MACHINE_REWRITTEN, VERBATIM, Comparison

FERRY = """\
The ferry to the northern islands will stop running in October because its hull has rusted through.
Islanders were told at a crowded meeting in the school that a replacement is at least a year away.
"""
SPUN = FERRY.replace("stop running", "cease operating") + "It was rewritten.\n"
BAKERY = "Two sisters have bought an old bakery beside the market square and will keep its oven."


def is_consistent(columns: dict[str, Any]) -> bool:
    """Whether a row's flags follow from the figures that stand beside them."""
    by_text = reaches(columns["probability"], columns["threshold"], columns["verdict_reason"])
    by_comparison = reaches(
        columns["comparison_probability"],
        columns["comparison_threshold"],
        columns["comparison_reason"],
    )
    judged = columns["judged_by"]
    flagged = by_comparison if judged == BY_COMPARISON else by_text
    related = columns["relation"] not in (None, INDEPENDENT)
    decides = related and (by_comparison or columns["coverage"] >= 0.5)
    return (
        columns["flagged"] == flagged
        and bool(columns["comparison_flagged"]) == by_comparison
        and (judged == BY_COMPARISON) == decides
    )


def reaches(probability: float | None, threshold: float | None, reason: str | None) -> bool:
    known = probability is not None and threshold is not None and reason is None
    return known and probability >= threshold  # type: ignore[operator]


class SetDetector(FakeDetector):
    """Says of every pair what it was told to say."""

    said: dict[str, Any]

    def compare(self, *texts: str, **rates: Any) -> Comparison:
        return replace(super().compare(*texts, **rates), **self.said)


@pytest.mark.parametrize("relation", [VERBATIM, EDITED, MACHINE_REWRITTEN, INDEPENDENT])
@pytest.mark.parametrize("coverage", [0.4, 0.5])
@pytest.mark.parametrize("probability", [0.1, 0.95])
@pytest.mark.parametrize("reason", [None, "too short: 12 words, 30 needed"])
@pytest.mark.parametrize("text", [FERRY, SPUN, BAKERY, "Short."])
def test_a_row_never_contradicts_itself(
    text: str, reason: str | None, probability: float, coverage: float, relation: str
) -> None:
    detector = SetDetector()
    flagged = reason is None and probability >= 0.9
    detector.said = {
        "relation": relation, "probability": probability, "reason": reason, "threshold": 0.9,
        "flagged": flagged, "signature": "model:x", "coverage": coverage,
    }  # fmt: skip
    columns = dict(Judge(detector, Settings(comparing=True)).judge(text, FERRY).columns)
    alone = detector.score(text)
    assert (columns["probability"], columns["threshold"]) == (alone.probability, alone.threshold)
    assert columns["signature"] == alone.signature
    assert columns["comparison_signature"] == "model:x"
    expected = reason if columns["judged_by"] == BY_COMPARISON else alone.reason
    assert columns["reason"] == expected
    assert is_consistent(columns | {"verdict_reason": alone.reason})


class Recorder(FakeDetector):
    """Says of a pair what it was told of its original, and keeps the originals."""

    def __init__(self, said: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self.said = said
        self.compared: list[str] = []

    def compare(self, text: str, reference: str, **rates: Any) -> Comparison:
        self.compared.append(reference)
        return replace(super().compare(text, reference, **rates), **self.said.get(reference, {}))


FLAGGED = {"relation": MACHINE_REWRITTEN, "probability": 1.0, "flagged": True, "coverage": 0.4}
MIXED = FERRY + BAKERY.replace("keep its oven", "retain its oven")


@pytest.fixture
def references(tmp_path: Path) -> str:
    index = ReferenceIndex.create(tmp_path / "index")
    orchard = "Frost destroyed the apple blossom of the valley in April, growers reported."
    index.add([("orchard", orchard), ("bakery", BAKERY), ("ferry", FERRY)])
    assert [found.id for found in index.find(MIXED)] == ["ferry", "bakery"]
    return str(index.folder)


def test_an_index_is_found_wherever_the_process_goes(
    references: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(references).parent)
    settings = Settings(references=Path(references).name, among="crawl.sqlite")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert settings.among == str(Path(references).parent / "crawl.sqlite")
    judge = Judge(Directed(), replace(settings, among=None))
    assert judge.judge(MIXED).columns["original_id"] is not None


def test_the_original_beside_which_a_text_is_flagged_decides(references: str) -> None:
    detector = Recorder({BAKERY: FLAGGED})
    judgement = Judge(detector, Settings(references=references, whole=True)).judge(MIXED)
    columns = judgement.columns
    assert detector.compared == [FERRY, BAKERY]
    assert (columns["original_id"], judgement.original) == ("bakery", BAKERY)
    assert columns["original_score"] == ReferenceIndex.open(references).find(MIXED)[1].score
    assert (columns["flagged"], columns["judged_by"]) == (True, BY_COMPARISON)
    assert (columns["relation"], columns["coverage"]) == (MACHINE_REWRITTEN, 0.4)


@pytest.mark.parametrize("other", [{}, FLAGGED | {"relation": INDEPENDENT}])
def test_the_likest_original_decides_where_none_flags(
    references: str, other: dict[str, Any]
) -> None:
    detector = Recorder({BAKERY: other})
    columns = Judge(detector, Settings(references=references)).judge(MIXED).columns
    assert detector.compared == [FERRY, BAKERY]
    assert (columns["original_id"], columns["relation"]) == ("ferry", EDITED)
    assert columns["flagged"] is False


REVERSED = {
    "relation": MACHINE_REWRITTEN, "probability": 1.0, "flagged": False, "direction": 0.1,
    "reason": "the other way round: the original seems made of the copy (90 %)", "coverage": 1.0,
}  # fmt: skip


@pytest.mark.parametrize(("direction", "judged_by"), [(0.1, BY_TEXT), (0.3, BY_COMPARISON)])
def test_what_was_made_of_a_text_clears_it_not(direction: float, judged_by: str) -> None:
    detector = Recorder({FERRY: REVERSED | {"direction": direction}})
    text = next(text for n in range(99) if detector.score(text := f"{FERRY}Line {n}.").flagged)
    columns = Judge(detector, Settings(comparing=True)).judge(text, FERRY).columns
    assert columns["judged_by"] == judged_by
    assert columns["flagged"] is (judged_by == BY_TEXT)
    assert columns["reason"] == (None if judged_by == BY_TEXT else REVERSED["reason"])
    assert columns["comparison_reason"] == REVERSED["reason"]


def test_behind_a_copy_of_a_text_its_original_is_sought(references: str) -> None:
    detector = Recorder({FERRY: REVERSED, BAKERY: FLAGGED})
    columns = Judge(detector, Settings(references=references)).judge(MIXED).columns
    assert detector.compared == [FERRY, BAKERY]
    assert (columns["original_id"], columns["flagged"]) == ("bakery", True)


@pytest.mark.parametrize(("coverage", "flagged"), [(0.49, True), (0.5, False)])
def test_a_quotation_clears_no_text_of_which_most_is_anothers(
    coverage: float, flagged: bool
) -> None:
    detector = Recorder({FERRY: {"relation": EDITED, "flagged": False, "coverage": coverage}})
    text = next(text for n in range(99) if detector.score(text := f"{FERRY}Line {n}.").flagged)
    columns = Judge(detector, Settings(comparing=True)).judge(text, FERRY).columns
    assert columns["flagged"] is flagged
    assert columns["judged_by"] == (BY_TEXT if flagged else BY_COMPARISON)
    assert columns["relation"] == EDITED


@pytest.mark.parametrize(
    ("text", "said"),
    [(MIXED, FLAGGED), (MIXED, {"coverage": 0.85}), (f"{MIXED} foreign", {}), (FERRY, {})],
)
def test_most_texts_are_compared_once(references: str, text: str, said: dict[str, Any]) -> None:
    detector = Recorder({FERRY: said, BAKERY: FLAGGED})
    columns = Judge(detector, Settings(references=references)).judge(text).columns
    assert detector.compared == [FERRY]
    assert columns["original_id"] == "ferry"


@pytest.fixture
def crawl(tmp_path: Path) -> Iterator[CrawlStore]:
    rows = [("spun", SPUN), ("bakery", BAKERY), ("ferry", FERRY), ("again", FERRY)]
    with CrawlStore(tmp_path / "crawl.sqlite", {}) as store:
        store.read(Record(identity, text, "x", n) for n, (identity, text) in enumerate(rows))
        yield store


class Directed(FakeDetector):
    """Knows that who was rewritten is the copy."""

    def compare(self, text: str, reference: str, **rates: Any) -> Comparison:
        found = super().compare(text, reference, **rates)
        return replace(found, direction=0.99 if found.relation == MACHINE_REWRITTEN else None)


def test_a_text_is_judged_beside_its_original_in_the_batch(crawl: CrawlStore) -> None:
    Grouping(crawl, Directed()).run()
    judge = Judge(Directed(), Settings(comparing=True, among=str(crawl.path)))
    spun = judge.judge(SPUN).columns
    assert (spun["original_id"], spun["judged_by"]) == ("ferry", BY_COMPARISON)
    assert (spun["relation"], spun["flagged"]) == (MACHINE_REWRITTEN, True)
    assert spun["original_score"] is None
    for text in (FERRY, BAKERY, "A text that the batch does not hold."):
        columns = judge.judge(text).columns
        assert columns["judged_by"] == BY_TEXT
        assert {columns[name] for name in COMPARED_COLUMNS if name != "judged_by"} == {None}


def test_a_rows_own_original_comes_before_its_siblings(crawl: CrawlStore) -> None:
    Grouping(crawl, Directed()).run()
    judge = Judge(Directed(), Settings(comparing=True, among=str(crawl.path)))
    columns = judge.judge(SPUN, BAKERY).columns
    assert (columns["original_id"], columns["judged_by"]) == (None, BY_COMPARISON)


def test_a_crawl_that_was_not_grouped_to_the_end_is_refused(crawl: CrawlStore) -> None:
    with pytest.raises(ClusterError, match="was not grouped to the end"):
        Siblings(str(crawl.path))
    with pytest.raises(ClusterError, match="cannot be used"):
        Siblings(str(crawl.path) + ".absent")
