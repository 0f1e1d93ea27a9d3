"""Score a stream of records, in order, with any number of workers."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial

from detector.batch.chunks import CHUNK_DOCUMENTS, Chunk, Memory, Outcome
from detector.batch.judge import Judge, LoadDetector, Scorer, Settings
from detector.batch.workers import (
    SingleProcess,
    Task,
    WorkerPool,
    WorkerRecipe,
    count_workers,
    find_loader,
)
from detector.io.readers import BadInput, Record

#: Under so much text it takes longer to start workers than to do without.
_WORTH_WORKERS = 100_000

#: Results by text, for duplicates: some 15 MB.
_REMEMBERED = 20_000

# Whole verdicts take some 50 KiB each.
_REMEMBERED_WHOLE = 500


_USUAL_SETTINGS = Settings()


def score_records(
    items: Iterable[Record | BadInput],
    detector: Scorer,
    settings: Settings = _USUAL_SETTINGS,
    *,
    workers: int | None = None,
    load: LoadDetector | None = None,
) -> Generator[Outcome, None, None]:
    """Outcomes in the order of the inputs; memory does not grow with their number.

    The same text is judged once, unless 20,000 others lie between (500 where verdicts or spans
    are kept). A text that ends its worker (by taking all memory, say) is told apart from those
    that were dealt out with it, and has the failure as its outcome. Close the iterator
    (`contextlib.closing`) to end the workers before the inputs end.

    Args:
        items: as `detector.io.readers.read_records` gives them.
        detector: judges here, where one worker, or little text, is enough.
        settings: what else a judgement depends on.
        workers: processes; unless told, as many as cores if joblib is installed and they can load
            the detector. With 1, all happens in this process, by as many threads as the detector
            was loaded with; others load the model once and use a thread each.
        load: how a worker comes by its detector; from the folder of `detector` unless told.

    Raises:
        ValueError: `workers` is below 1, or above 1 for a detector that came from no folder.
        MissingPackageError: several workers are asked for, and joblib is not installed.
        WorkerError: workers end whatever they are given.
        DetectorError: a worker cannot load the model, or the references.
    """
    workers = count_workers(workers, loadable=load is not None or detector.bundle is not None)
    large = settings.whole or settings.artifacts != "none"
    remembered = _REMEMBERED_WHOLE if large else _REMEMBERED
    items = iter(items)
    if workers > 1:
        recipe = WorkerRecipe(load or find_loader(detector), settings)
        opening, complete = _take_opening(items)
        items = itertools.chain(opening, items)
        if not complete:
            return _keep_order(items, partial(WorkerPool, recipe, workers), remembered)
    return _keep_order(items, partial(SingleProcess, Judge(detector, settings)), remembered)


def _take_opening(
    items: Iterator[Record | BadInput],
) -> tuple[list[Record | BadInput], bool]:
    """The first inputs, and whether they are all: too little text for workers."""
    opening: list[Record | BadInput] = []
    characters = 0
    for item in items:
        opening.append(item)
        characters += len(item.text) if isinstance(item, Record) else 0
        if characters > _WORTH_WORKERS or len(opening) > CHUNK_DOCUMENTS:
            return opening, False
    return opening, True


def _keep_order(
    items: Iterator[Record | BadInput],
    make_crew: Callable[[], SingleProcess | WorkerPool],
    remembered: int,
) -> Generator[Outcome, None, None]:
    memory = Memory(remembered)
    waiting: deque[tuple[Chunk, Task]] = deque()
    with make_crew() as crew:
        for chunk in _take_chunks(items, memory):
            waiting.append((chunk, crew.submit(chunk.requests)))
            if len(waiting) >= crew.chunks_ahead:
                yield from _collect(*waiting.popleft(), memory)
        while waiting:
            yield from _collect(*waiting.popleft(), memory)


def _take_chunks(items: Iterator[Record | BadInput], memory: Memory) -> Iterator[Chunk]:
    chunk = Chunk()
    for item in items:
        chunk.add(memory.place(item))
        if chunk.full:
            yield chunk
            chunk = Chunk()
    if chunk.slots:
        yield chunk


def _collect(chunk: Chunk, task: Task, memory: Memory) -> Iterator[Outcome]:
    asked = (slot for slot in chunk.slots if slot.asked)
    for slot, judgement in zip(asked, task.result(), strict=True):
        memory.learn(slot, judgement)
    for slot in chunk.slots:
        yield slot.to_outcome()
