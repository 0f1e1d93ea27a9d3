"""Compare texts of a crawl by their numbers: in this process, or blocks of pairs in several."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from detector.batch.judge import Judge, Judgement, Scorer, Settings
from detector.batch.workers import Task, WorkerPool, WorkerRecipe, find_loader
from detector.clusters.links import Comparer, Link, look_both_ways
from detector.comparison.alignment import DescribedText, LinkedTexts
from detector.measured_text import MeasuredText
from detector.text.document import MAXIMUM_CHARACTERS

#: Texts of which what was measured is kept: a megabyte each.
_MEASURED_AT_HAND = 64

#: Pairs of neighbours that one task compares: so many that few texts are measured twice.
PAIRS_TOGETHER = 64

_LINKS = "links"

Pair = tuple[int, int]


class PairComparer:
    """Compares texts by their numbers; what was read and measured of the last ones is at hand.

    Args:
        detector: compares two texts.
        read: a text, by its number.
        rate: share of other pairs that may be flagged by mistake.
    """

    def __init__(self, detector: Comparer, read: Callable[[int], str], rate: float) -> None:
        self._detector = detector
        self._read_text = read
        self._rate = rate
        self._read = lru_cache(_MEASURED_AT_HAND)(self._read_anew)

    def look(self, copy: int, original: int) -> Link:
        """What the one text did to the other; by outline where they share too little.

        To see that takes no encoder, and a tenth of the time.
        """
        linked = self._link(copy, original)
        outline = None if linked is None else Link.outline(copy, original, linked.coverages)
        return outline or self._compare(copy, original, linked)

    def compare(self, copy: int, original: int) -> Link:
        """What the one text did to the other."""
        return self._compare(copy, original, self._link(copy, original))

    def _link(self, copy: int, original: int) -> LinkedTexts | None:
        """Their sentences side by side; None where the detector takes texts as they are."""
        (_, one), (_, other) = self._read(copy), self._read(original)
        return LinkedTexts.link(one, other) if one and other else None

    def _compare(self, copy: int, original: int, linked: LinkedTexts | None) -> Link:
        known = {} if linked is None else {"linked": linked}
        found = self._detector.compare(
            self._read(copy)[0],
            self._read(original)[0],
            false_positive_rate=self._rate,
            artifacts="none",
            **known,
        )
        return Link.make(copy, original, found)

    def _read_anew(self, number: int) -> tuple[Any, DescribedText | None]:
        """What the detector measures of a text, and its words."""
        measured = self._detector.measure(self._read_text(number)[:MAXIMUM_CHARACTERS])
        if not isinstance(measured, MeasuredText):
            return measured, None
        return measured, DescribedText.describe(measured.document)


def deal_out(components: Iterable[Sequence[Pair]]) -> Iterator[list[Pair]]:
    """Blocks of some `PAIRS_TOGETHER` pairs; those that hang together stay so, but for crowds."""
    block: list[Pair] = []
    for component in components:
        if block and len(block) + len(component) > PAIRS_TOGETHER:
            yield block
            block = []
        block += component
        while len(block) > PAIRS_TOGETHER:
            yield block[:PAIRS_TOGETHER]
            block = block[PAIRS_TOGETHER:]
    if block:
        yield block


def compare_in_workers(
    blocks: Iterable[Sequence[Pair]],
    read: Callable[[int], str],
    detector: Scorer,
    rate: float,
    workers: int,
) -> Iterator[list[Link] | None]:
    """The links of each block, in order; None where the process that compared it died.

    Args:
        blocks: of pairs.
        read: a text, by its number.
        detector: of a model folder, from which each worker loads it.
        rate: share of other pairs that may be flagged by mistake.
        workers: processes.

    Raises:
        ValueError: the detector came from no folder.
        WorkerError: workers end whatever they are given.
        DetectorError: a worker cannot load the model.
    """
    recipe = _BlockRecipe(find_loader(detector), Settings(false_positive_rate=rate))
    waiting: deque[Task] = deque()
    with WorkerPool(recipe, workers) as pool:
        for block in blocks:
            waiting.append(pool.submit([(_write_block(block, read), None)]))
            if len(waiting) >= pool.chunks_ahead:
                yield _read_links(waiting.popleft())
        while waiting:
            yield _read_links(waiting.popleft())


def _write_block(block: Sequence[Pair], read: Callable[[int], str]) -> str:
    numbers = sorted({number for pair in block for number in pair})
    return json.dumps({"pairs": block, "texts": [(number, read(number)) for number in numbers]})


def _read_links(task: Task) -> list[Link] | None:
    (judgement,) = task.result()
    if judgement.failure is not None:
        return None
    return [Link.from_json(said) for said in judgement.columns[_LINKS]]


@dataclass(frozen=True)
class _BlockRecipe(WorkerRecipe):
    """How a worker comes by what compares blocks."""

    def make_judge(self) -> Judge:
        return _BlockJudge(self.load(), self.settings)


class _BlockJudge(Judge):
    """Compares, in a worker, the pairs of a block, which comes in the place of a text."""

    def __init__(self, detector: Scorer, settings: Settings) -> None:
        super().__init__(detector, settings)
        self._texts: dict[int, str] = {}
        self._comparer = PairComparer(
            cast(Comparer, detector),  # whoever scores compares, too
            lambda number: self._texts[number],
            settings.false_positive_rate,
        )

    def _judge(self, text: str, reference: str | None) -> Judgement:
        block = json.loads(text)
        self._texts = dict(block["texts"])
        links = [
            link
            for one, other in block["pairs"]
            for link in look_both_ways((one, other), self._comparer.look, self._comparer.compare)
        ]
        return Judgement({_LINKS: [link.to_json() for link in links]})
