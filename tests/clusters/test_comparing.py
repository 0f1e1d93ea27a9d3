"""Blocks of pairs go to workers, which say what this process would."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_detector import FakeDetector

from detector.clusters import grouping
from detector.clusters.comparing import (
    PAIRS_TOGETHER,
    PairComparer,
    compare_in_workers,
    deal_out,
)
from detector.clusters.grouping import group
from detector.comparison.alignment import LinkedTexts
from detector.measured_text import MeasuredText, Scores
from detector.text.document import Document
from detector.text.language import ENGLISH

HARBOUR = """\
The harbour bridge was shut on Friday after engineers found cracks in three of its girders.
Ferries will carry commuters across the estuary until the repairs are paid for and finished.
"""
ORCHARD = """\
Late frost has destroyed most of the apricot blossom in the valleys south of the monastery.
Growers burnt straw between the trees all night, and a helicopter stirred the cold air.
"""
TOPICS = ("harbour", "orchard", "tunnel", "library")


def write_article(topic: str, version: int) -> str:
    own = " ".join(f"{topic}{number}" for number in range(40))
    return f"{own} version{version} " + "rewritten " * (version % 2)


TEXTS = [write_article(topic, version) for topic in TOPICS for version in range(3)]


class Idle(FakeDetector):
    """Does nothing itself, but its workers do."""

    @classmethod
    def load(cls, path: object = None, *, threads: int | None = None) -> FakeDetector:
        return FakeDetector()

    def compare(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError("a pair was compared in this process")


@pytest.fixture
def idle(tmp_path: Path) -> Idle:
    return Idle(bundle=SimpleNamespace(folder=tmp_path))


def test_pairs_that_hang_together_stay_so() -> None:
    couples = [[(2 * n, 2 * n + 1)] for n in range(PAIRS_TOGETHER - 1)]
    family = [(200, 201), (200, 202), (201, 202)]
    crowd = list(itertools.combinations(range(300, 320), 2))
    blocks = list(deal_out([*couples, family, crowd]))
    assert blocks[0] == list(itertools.chain(*couples))
    assert blocks[1] == family
    assert max(map(len, blocks)) == PAIRS_TOGETHER
    assert list(itertools.chain(*blocks)) == [*itertools.chain(*couples), *family, *crowd]


def test_workers_find_the_groups_of_one_process(
    idle: Idle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "_WORTH_WORKERS", 1)
    monkeypatch.setattr("detector.clusters.comparing.PAIRS_TOGETHER", 4)
    crawl = list(enumerate(TEXTS))
    found = group(crawl, idle, workers=2)
    assert found == group(crawl, FakeDetector())
    assert [len(one) for one in found] == [3, 3, 3, 3]


def test_a_block_whose_worker_dies_is_left_and_the_others_are_compared(idle: Idle) -> None:
    texts = [*TEXTS[:3], TEXTS[3] + " die", TEXTS[4]]
    blocks = [[(0, 1), (0, 2)], [(3, 4)], [(1, 2)]]
    first, dead, last = compare_in_workers(blocks, texts.__getitem__, idle, 0.005, 2)
    assert dead is None
    assert first is not None
    assert last is not None
    assert {(link.copy, link.original) for link in first} >= {(0, 1), (0, 2)}
    assert last[0].signature == first[0].signature


class Reader(FakeDetector):
    """Reads texts, and notes which of them had to be measured."""

    def __init__(self) -> None:
        super().__init__()
        self.measured: list[str] = []

    def measure(self, text: str) -> Any:
        return MeasuredText(Document.make(text, (), ENGLISH), self.score_document)

    def score_document(self, document: Document) -> Scores | None:
        self.measured.append(document.text)
        return None

    def compare(self, copy: Any, original: Any, *, linked: LinkedTexts, **options: Any) -> Any:
        assert copy.scores is original.scores is None
        assert linked.copy.document is copy.document
        assert linked.original.document is original.document
        return super().compare(copy.document.text, original.document.text, **options)


def test_strangers_are_told_apart_before_anything_is_measured() -> None:
    texts, detector = [HARBOUR, ORCHARD, HARBOUR.replace("shut", "closed")], Reader()
    comparer = PairComparer(detector, texts.__getitem__, 0.005)
    apart = comparer.look(0, 1)
    assert (apart.outlined, apart.is_related) == (True, False)
    assert detector.measured == []
    assert not comparer.look(2, 0).outlined
    assert detector.measured == [texts[2], texts[0]]
    assert not comparer.compare(0, 1).outlined


def test_no_workers_are_no_number_of_workers() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        group([], FakeDetector(), workers=0)
