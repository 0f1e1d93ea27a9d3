"""Score in this process, or in worker processes."""

from __future__ import annotations

import importlib.util
import os
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from detector.batch.cascade import Cascade, load_cascade
from detector.batch.chunks import Request
from detector.batch.judge import (
    FolderScorer,
    Judge,
    Judgement,
    LoadDetector,
    Scorer,
    Settings,
    make_failure,
)
from detector.choices import check_count
from detector.cores import count_cores
from detector.errors import DetectorError, MissingPackageError

if TYPE_CHECKING:
    from joblib.externals.loky import ProcessPoolExecutor


#: Chunks that wait or are worked on, per worker: one of the longest documents, which takes as long
#: as four chunks, leaves the other workers with work.
_CHUNKS_AHEAD = 4

_MOST_DEATHS = 5


class WorkerError(DetectorError):
    """Workers end whatever they are given: the fault is not one document's."""


def can_start_workers() -> bool:
    """Whether joblib is installed, which starts them."""
    return importlib.util.find_spec("joblib") is not None


def count_workers(asked: int | None, *, loadable: bool) -> int:
    """How many processes to use.

    Args:
        asked: so many; None for as many as cores, if they can be started.
        loadable: whether workers can load the detector.

    Raises:
        TypeError: `asked` is no whole number.
        ValueError: it is below 1.
        MissingPackageError: several are asked for, and joblib is not installed.
    """
    if asked is None:
        return count_cores() if loadable and can_start_workers() else 1
    asked = check_count("workers", asked)
    if asked > 1 and not can_start_workers():
        raise MissingPackageError("several processes", "joblib", "batch")
    return asked


def find_loader(detector: Scorer) -> LoadDetector:
    """How a worker loads the same model, or both of a cascade: from its folder, with one thread.

    Raises:
        ValueError: the detector came from no folder.
    """
    if isinstance(detector, Cascade):
        both = find_loader(detector.quick), find_loader(detector.accurate)
        return partial(load_cascade, *both)
    if detector.bundle is None or not isinstance(detector, FolderScorer):
        raise ValueError("a detector that came from no folder cannot be loaded by workers: use 1")
    return partial(type(detector).load, str(detector.bundle.folder), threads=1)


class Task(Protocol):
    """A chunk that was handed over to be judged."""

    def result(self) -> Sequence[Judgement]:
        """The judgements of its requests, in their order, once they are there."""


@dataclass
class _Done:
    judgements: Sequence[Judgement]

    def result(self) -> Sequence[Judgement]:
        return self.judgements


class SingleProcess:
    """This process, which judges as soon as it is asked."""

    chunks_ahead = 1

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def __enter__(self) -> SingleProcess:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, requests: Sequence[Request]) -> Task:
        """Judge a chunk."""
        return _Done([self._judge.judge(*request) for request in requests])


@dataclass(frozen=True)
class WorkerRecipe:
    """How a worker comes by its judge, and the file whose absence tells it to stop."""

    load: LoadDetector
    settings: Settings
    sign: str = ""

    def make_judge(self) -> Judge:
        """What a worker asks about each of its requests."""
        return Judge(self.load(), self.settings)


class WorkerPool:
    """Worker processes (joblib's loky), and what is done when one of them dies."""

    def __init__(self, recipe: WorkerRecipe, workers: int) -> None:
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None
        self._single: ProcessPoolExecutor | None = None
        self._deaths = 0
        self.chunks_ahead = _CHUNKS_AHEAD * workers
        handle, self._sign = tempfile.mkstemp(prefix="detector-running-")
        os.close(handle)
        self._recipe = replace(recipe, sign=self._sign)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        # Chunks that are still on their way are not worth waiting for: workers leave them undone.
        # (loky can kill its workers, but trips over those that it was about to give work.)
        Path(self._sign).unlink(missing_ok=True)
        for executor in (self._executor, self._single):
            if executor is not None:
                executor.shutdown(wait=True)

    def submit(self, requests: Sequence[Request]) -> Task:
        """Hand a chunk to a worker."""
        if not requests:
            return _Done([])
        from joblib.externals.loky import BrokenProcessPool

        if self._executor is None:
            self._executor = _start_executor(self._recipe, self._workers)
        try:
            return _Sent(self, requests, _submit(self._executor, requests))
        except BrokenProcessPool:
            # Its chunks say so themselves when their turn comes; this one goes to fresh workers.
            self._executor = _start_executor(self._recipe, self._workers)
            return _Sent(self, requests, _submit(self._executor, requests))

    def judge_singly(self, requests: Sequence[Request]) -> list[Judgement]:
        """Judge a chunk whose worker died, one document at a time in a process of its own."""
        return [self._judge_or_bury(request) for request in requests]

    def _judge_or_bury(self, request: Request) -> Judgement:
        from joblib.externals.loky import BrokenProcessPool

        if self._single is None:
            self._single = _start_executor(self._recipe, 1)
        try:
            (judgement,) = _submit(self._single, [request]).result()
        except (BrokenProcessPool, MemoryError):
            self._single.shutdown(wait=True)
            self._single = None
            self._deaths += 1
            if self._deaths >= _MOST_DEATHS:
                raise WorkerError(
                    f"{self._deaths} documents in succession ended the process that scored them: "
                    "there may be too little memory for a model"
                ) from None
            return make_failure(
                "cannot be scored: the process that scored it died, of too little memory perhaps"
            )
        self._deaths = 0
        return judgement


@dataclass
class _Sent:
    """A chunk on its way to a worker and back."""

    crew: WorkerPool
    requests: Sequence[Request]
    future: Future[list[Judgement]]

    def result(self) -> Sequence[Judgement]:
        from joblib.externals.loky import BrokenProcessPool

        try:
            return self.future.result()
        except (BrokenProcessPool, MemoryError):
            return self.crew.judge_singly(self.requests)


def _start_executor(recipe: WorkerRecipe, workers: int) -> ProcessPoolExecutor:
    from joblib.externals.loky import ProcessPoolExecutor

    # Where there is no pgrep, loky says at length that it could look for no grandchildren.
    warnings.filterwarnings("ignore", "Failed to kill subprocesses")
    return ProcessPoolExecutor(
        workers,
        initializer=_prepare_worker,
        initargs=(recipe, os.getpid()),
        # What numpy calls upon must not start a thread per core in each worker.
        env={f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")},
    )


def _submit(executor: ProcessPoolExecutor, requests: Sequence[Request]) -> Future[list[Judgement]]:
    # Workers are started here. They inherit what is blocked: Ctrl-C, which a terminal sends to
    # all, is for the parent alone, which then ends them.
    with _blocked_interrupts():
        return executor.submit(_judge_in_worker, list(requests))


@contextmanager
def _blocked_interrupts() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_recipe: WorkerRecipe | None = None

_judge: Judge | None = None


def _prepare_worker(recipe: WorkerRecipe, parent: int) -> None:
    global _recipe
    _recipe = recipe
    # For workers that loky's own threads start, where nothing is blocked.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()


def _leave_with(parent: int) -> None:
    """End this process once its parent is gone, killed perhaps, so that none is orphaned."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _judge_in_worker(requests: Sequence[Request]) -> list[Judgement]:
    global _judge
    if _recipe is None:
        raise RuntimeError("this process was not prepared as a worker")
    judgements: list[Judgement] = []
    for request in requests:
        if not Path(_recipe.sign).exists():
            break  # nobody waits for these any more
        if _judge is None:
            _judge = _recipe.make_judge()
        judgements.append(_judge.judge(*request))
    return judgements
