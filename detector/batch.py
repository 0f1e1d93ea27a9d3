"""Stream documents through a `Detector`: workers, duplicates once, order kept, memory bounded.

A document is judged by itself, never in an array with others: its figures are the same to the
last digit whatever the number of workers and however documents are dealt out to them. (What the
encoder makes of a sentence depends on its batch, and batches never span two documents either: so
nothing is gained by sorting documents by length, and chunks are merely kept to like amounts of
text.)
"""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
import threading
import time
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from detector.errors import DetectorError
from detector.readers import BadInput, Document
from detector.verdict import DEFAULT_COMPARISON_RATE, INDEPENDENT, LABELS

if TYPE_CHECKING:
    import pandas as pd
    from joblib.externals.loky import ProcessPoolExecutor

    from detector.detector import Detector
    from detector.references import ReferenceIndex
    from detector.verdict import Comparison, Verdict

JUDGED_COLUMNS: Mapping[str, type] = {
    "probability": float,
    "label": str,
    **{f"probability_{label}": float for label in LABELS},
    "flagged": bool,
    "threshold": float,
    "reason": str,
    "words": int,
    "language": str,
    "signature": str,
}
"""What is said of each document that was looked at, and of what type; null where unknown."""
COMPARED_COLUMNS: Mapping[str, type] = {
    "original_id": str,
    "original_score": float,
    "relation": str,
    "comparison_probability": float,
    "comparison_flagged": bool,
    "coverage": float,
}
"""What is said besides where documents are compared with originals; null where there is none."""

# A chunk goes to a worker and back: about a second's work, and little beside a model's memory.
_CHUNK_CHARACTERS = 50_000
_CHUNK_DOCUMENTS = 256
_CHUNK_HELD = 1 << 20
#: Chunks that wait or are worked on, per worker: one of the longest documents, which takes as long
#: as four chunks, leaves the other workers with work.
_CHUNKS_AHEAD = 4
#: Under so much text it takes longer to start workers than to do without.
_WORTH_WORKERS = 100_000
#: Results by text, for duplicates: some 15 MB.
_REMEMBERED = 20_000
# Whole verdicts take some 50 KiB each.
_REMEMBERED_WHOLE = 500
_MOST_DEATHS = 5
_SHOWN_ERROR = 200


class WorkerError(DetectorError):
    """Workers end whatever they are given: the fault is not one document's."""


# --------------------------------------------------------------------------------------
# One document
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """What a judgement depends on besides the model and the document.

    Attributes:
        false_positive_rate: see `Detector.score`.
        references: folder of a `ReferenceIndex` in which each document's original is sought.
        comparing: every row gets `COMPARED_COLUMNS`, be there an original or not.
        artifacts: which spans are looked for, see `Detector.score`; unless "none", rows get them
            in a column of that name.
        whole: judgements keep the verdict and the comparison that their columns are taken from.
    """

    false_positive_rate: float = 0.01
    references: str | None = None
    comparing: bool = False
    artifacts: str = "none"
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one document.

    Attributes:
        columns: `JUDGED_COLUMNS`, and `COMPARED_COLUMNS` where there is an original.
        failure: why there is no figure at all; None where there is one.
        verdict: what the columns were taken from, where that was asked for.
        comparison: likewise, where there is an original.
        original: likewise, the original.
    """

    columns: Mapping[str, Any]
    failure: str | None = None
    verdict: Verdict | None = None
    comparison: Comparison | None = None
    original: str | None = None


class Judge:
    """Turns a text into the columns of its row: by itself, or against its original.

    Args:
        detector: scores and compares.
        settings: the rest.

    Raises:
        DetectorError: the index of references cannot be opened.
    """

    def __init__(self, detector: Detector, settings: Settings = Settings()) -> None:
        self.detector = detector
        self.settings = settings
        self._references = _open_references(settings.references)

    def judge(self, text: str, reference: str | None = None) -> Judgement:
        """Judge a text; one whose judging breaks is answered with the failure, never raised.

        A text is flagged as its comparison says (at the rate of comparisons, see
        `Detector.compare`), unless the comparison finds that it does not stem from that original,
        or cannot tell: then its own words decide.

        Args:
            text: the document.
            reference: its original, where the caller has it; otherwise it is sought in the index.

        Raises:
            DetectorError: the fault is the model's or the index's, and would be every text's.
            MemoryError: no memory is left, so that nothing can be said of this text in particular.
        """
        try:
            return self._judge(text, reference)
        except (DetectorError, MemoryError):
            raise
        except Exception as error:  # one document in a million must not end the run
            return _fail(f"cannot be scored: {_shorten(f'{type(error).__name__}: {error}')}")

    def _judge(self, text: str, reference: str | None) -> Judgement:
        rate = self.settings.false_positive_rate
        found: dict[str, Any] = {}
        if reference is None and self._references is not None and text.strip():
            candidate = next(iter(self._references.find(text, 1)), None)
            if candidate is not None:
                reference = candidate.text
                found = {"original_id": str(candidate.id), "original_score": candidate.score}
        if reference is None:
            verdict = self._score(text)
            columns = _name_verdict(verdict)
            if self.settings.comparing:
                columns |= dict.fromkeys(COMPARED_COLUMNS)
            return self._finish(columns, verdict)
        # No mistake is accepted that the caller does not accept.
        comparison = self.detector.compare(
            text, reference, false_positive_rate=min(rate, DEFAULT_COMPARISON_RATE)
        )
        verdict = comparison.verdict
        if verdict.false_positive_rate != rate or self.settings.artifacts != "none":
            verdict = self._score(text)
        columns = dict.fromkeys(COMPARED_COLUMNS) | found | _name_comparison(comparison)
        columns = _name_verdict(verdict) | columns
        if comparison.relation not in (None, INDEPENDENT):
            columns |= {"flagged": comparison.flagged, "reason": comparison.reason}
        return self._finish(columns, verdict, comparison, reference)

    def _score(self, text: str) -> Verdict:
        return self.detector.score(
            text,
            false_positive_rate=self.settings.false_positive_rate,
            artifacts=self.settings.artifacts,
        )

    def _finish(
        self,
        columns: dict[str, Any],
        verdict: Verdict,
        comparison: Comparison | None = None,
        original: str | None = None,
    ) -> Judgement:
        if self.settings.artifacts != "none":
            columns["artifacts"] = [artifact.to_dict() for artifact in verdict.artifacts]
        known = columns["probability"], columns.get("comparison_probability")
        failure = verdict.reason if known == (None, None) else None
        if not self.settings.whole:
            return Judgement(columns, failure)
        return Judgement(columns, failure, verdict, comparison, original)


def _open_references(folder: str | None) -> ReferenceIndex | None:
    if folder is None:
        return None
    from detector.references import ReferenceIndex

    return ReferenceIndex.open(folder)


def _name_verdict(verdict: Verdict) -> dict[str, Any]:
    shares = verdict.class_probabilities
    return {
        "probability": verdict.probability,
        "label": verdict.label,
        **{f"probability_{label}": shares.get(label) for label in LABELS},
        "flagged": verdict.flagged,
        "threshold": verdict.threshold,
        "reason": verdict.reason,
        "words": verdict.words,
        "language": verdict.language,
        "signature": verdict.signature,
    }


def _name_comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "relation": comparison.relation,
        "comparison_probability": comparison.probability,
        "comparison_flagged": comparison.flagged,
        "coverage": comparison.coverage,
    }


def _fail(reason: str) -> Judgement:
    columns = dict.fromkeys(JUDGED_COLUMNS) | {"flagged": False, "words": 0, "reason": reason}
    return Judgement(columns, reason)


def _shorten(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= _SHOWN_ERROR else line[: _SHOWN_ERROR - 1] + "…"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One input and what became of it.

    Attributes:
        source: the input.
        judgement: None where there was nothing to judge.
        duplicate: the same text came before, and was judged then.
    """

    source: Document | BadInput
    judgement: Judgement | None = None
    duplicate: bool = False

    @property
    def reason(self) -> str | None:
        """Why it was not scored, or could not be flagged."""
        if isinstance(self.source, BadInput):
            return self.source.reason
        return self.judgement.columns["reason"] if self.judgement else None

    @property
    def failure(self) -> str | None:
        """Why there is no figure for this input; None where there is one."""
        if isinstance(self.source, BadInput):
            return self.source.reason
        return self.judgement.failure if self.judgement else None

    def get(self, column: str) -> Any:
        """A column of the judgement; None where there is none."""
        return self.judgement.columns.get(column) if self.judgement else None


# --------------------------------------------------------------------------------------
# Many documents
# --------------------------------------------------------------------------------------

LoadDetector = Callable[[], "Detector"]


def judge_documents(
    items: Iterable[Document | BadInput],
    detector: Detector,
    settings: Settings = Settings(),
    *,
    workers: int | None = None,
    load: LoadDetector | None = None,
) -> Generator[Outcome, None, None]:
    """Outcomes in the order of the inputs; memory does not grow with their number.

    The same text is judged once, unless 20,000 others lie between (500 where verdicts or spans
    are kept). A document that ends its
    worker (by taking all memory, say) is told apart from those that were dealt out with it, and
    has the failure as its outcome. Close the iterator (`contextlib.closing`) to end the workers
    before the inputs end.

    Args:
        items: as `detector.readers.read_documents` gives them.
        detector: judges here, where one worker, or little text, is enough.
        settings: what else a judgement depends on.
        workers: processes; unless told, as many as cores if they can load the detector. With 1,
            all happens in this process, by as many threads as the detector was loaded with;
            others load the model once and use a thread each.
        load: how a worker comes by its detector; from the folder of `detector` unless told.

    Raises:
        ValueError: `workers` is below 1, or above 1 for a detector that came from no folder.
        WorkerError: workers end whatever they are given.
        DetectorError: a worker cannot load the model, or the references.
    """
    if workers is None:
        loadable = load is not None or detector.bundle is not None
        workers = count_cores() if loadable else 1
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    large = settings.whole or settings.artifacts != "none"
    remembered = _REMEMBERED_WHOLE if large else _REMEMBERED
    items = iter(items)
    if workers > 1:
        recipe = _Recipe(load or _find_loader(detector), settings)
        opening, complete = _take_opening(items)
        items = itertools.chain(opening, items)
        if not complete:
            return _keep_order(items, partial(_Crew, recipe, workers), remembered)
    return _keep_order(items, partial(_Alone, Judge(detector, settings)), remembered)


def count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _find_loader(detector: Detector) -> LoadDetector:
    if detector.bundle is None:
        raise ValueError("a detector that came from no folder cannot be loaded by workers: use 1")
    return partial(_load_detector, str(detector.bundle.folder))


def _load_detector(folder: str) -> Detector:
    from detector.detector import Detector

    return Detector.load(folder, threads=1)


def _take_opening(
    items: Iterator[Document | BadInput],
) -> tuple[list[Document | BadInput], bool]:
    """The first inputs, and whether they are all: too little text for workers."""
    opening: list[Document | BadInput] = []
    characters = 0
    for item in items:
        opening.append(item)
        characters += len(item.text) if isinstance(item, Document) else 0
        if characters > _WORTH_WORKERS or len(opening) > _CHUNK_DOCUMENTS:
            return opening, False
    return opening, True


_Request = tuple[str, str | None]


@dataclass(slots=True)
class _Slot:
    """The place of one input; `twin` is an earlier place with the same text, not yet judged."""

    item: Document | BadInput
    key: bytes = b""
    judgement: Judgement | None = None
    twin: _Slot | None = None
    asked: bool = False

    def to_outcome(self) -> Outcome:
        judgement = self.twin.judgement if self.twin is not None else self.judgement
        duplicate = isinstance(self.item, Document) and not self.asked
        return Outcome(self.item, judgement, duplicate)


@dataclass(slots=True)
class _Chunk:
    """Neighbouring inputs: what is asked of a worker, and what needs no asking."""

    slots: list[_Slot] = field(default_factory=list)
    requests: list[_Request] = field(default_factory=list)
    asked_characters: int = 0
    held_characters: int = 0

    @property
    def full(self) -> bool:
        return (
            self.asked_characters >= _CHUNK_CHARACTERS
            or len(self.slots) >= _CHUNK_DOCUMENTS
            or self.held_characters >= _CHUNK_HELD
        )

    def add(self, slot: _Slot) -> None:
        self.slots.append(slot)
        self.held_characters += weigh_input(slot.item)
        if slot.asked and isinstance(slot.item, Document):
            self.requests.append((slot.item.text, slot.item.reference))
            self.asked_characters += len(slot.item.text) + len(slot.item.reference or "")


def weigh_input(item: Document | BadInput) -> int:
    """About how many characters an input holds in memory, its other fields included."""
    texts = [*item.fields.values()]
    if isinstance(item, Document):
        texts += [item.text, item.reference]
    return sum(len(value) if isinstance(value, str) else 16 for value in texts)


class _Memory:
    """Judgements by text: those lately used, and those still to come."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[bytes, Judgement] = OrderedDict()
        self._asked: dict[bytes, _Slot] = {}

    def place(self, item: Document | BadInput) -> _Slot:
        """The input's place, with its judgement, or that which will have it, if it was seen."""
        if isinstance(item, BadInput):
            return _Slot(item)
        key = _digest(item.text, item.reference)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return _Slot(item, key, known)
        if (twin := self._asked.get(key)) is not None:
            return _Slot(item, key, twin=twin)
        slot = self._asked[key] = _Slot(item, key, asked=True)
        return slot

    def learn(self, slot: _Slot, judgement: Judgement) -> None:
        """Keep what was asked for."""
        slot.judgement = judgement
        del self._asked[slot.key]
        self._known[slot.key] = judgement
        if len(self._known) > self._size:
            self._known.popitem(last=False)


def _digest(text: str, reference: str | None) -> bytes:
    # Lone surrogates are in no encoding, yet in some texts.
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)
    if reference is not None:
        digest.update(b"\xff" + reference.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _keep_order(
    items: Iterator[Document | BadInput],
    make_crew: Callable[[], _Alone | _Crew],
    remembered: int,
) -> Generator[Outcome, None, None]:
    memory = _Memory(remembered)
    waiting: deque[tuple[_Chunk, _Task]] = deque()
    with make_crew() as crew:
        for chunk in _take_chunks(items, memory):
            waiting.append((chunk, crew.submit(chunk.requests)))
            if len(waiting) >= crew.chunks_ahead:
                yield from _collect(*waiting.popleft(), memory)
        while waiting:
            yield from _collect(*waiting.popleft(), memory)


def _take_chunks(items: Iterator[Document | BadInput], memory: _Memory) -> Iterator[_Chunk]:
    chunk = _Chunk()
    for item in items:
        chunk.add(memory.place(item))
        if chunk.full:
            yield chunk
            chunk = _Chunk()
    if chunk.slots:
        yield chunk


def _collect(chunk: _Chunk, task: _Task, memory: _Memory) -> Iterator[Outcome]:
    asked = (slot for slot in chunk.slots if slot.asked)
    for slot, judgement in zip(asked, task.result(), strict=True):
        memory.learn(slot, judgement)
    for slot in chunk.slots:
        yield slot.to_outcome()


# --------------------------------------------------------------------------------------
# Who judges: this process, or workers
# --------------------------------------------------------------------------------------


class _Task(Protocol):
    def result(self) -> Sequence[Judgement]: ...


@dataclass
class _Done:
    judgements: Sequence[Judgement]

    def result(self) -> Sequence[Judgement]:
        return self.judgements


class _Alone:
    """This process, which judges as soon as it is asked."""

    chunks_ahead = 1

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def __enter__(self) -> _Alone:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, requests: Sequence[_Request]) -> _Task:
        return _Done([self._judge.judge(*request) for request in requests])


@dataclass(frozen=True)
class _Recipe:
    """How a worker comes by its judge, and the file whose absence tells it to stop."""

    load: LoadDetector
    settings: Settings
    sign: str = ""


class _Crew:
    """Worker processes (joblib's loky), and what is done when one of them dies."""

    def __init__(self, recipe: _Recipe, workers: int) -> None:
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None
        self._single: ProcessPoolExecutor | None = None
        self._deaths = 0
        self.chunks_ahead = _CHUNKS_AHEAD * workers
        handle, self._sign = tempfile.mkstemp(prefix="detector-running-")
        os.close(handle)
        self._recipe = replace(recipe, sign=self._sign)

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *_: object) -> None:
        # Chunks that are still on their way are not worth waiting for: workers leave them undone.
        # (loky can kill its workers, but trips over those that it was about to give work.)
        Path(self._sign).unlink(missing_ok=True)
        for executor in (self._executor, self._single):
            if executor is not None:
                executor.shutdown(wait=True)

    def submit(self, requests: Sequence[_Request]) -> _Task:
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

    def judge_singly(self, requests: Sequence[_Request]) -> list[Judgement]:
        """Judge a chunk whose worker died, one document at a time in a process of its own."""
        return [self._judge_or_bury(request) for request in requests]

    def _judge_or_bury(self, request: _Request) -> Judgement:
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
            return _fail(
                "cannot be scored: the process that scored it died, of too little memory perhaps"
            )
        self._deaths = 0
        return judgement


@dataclass
class _Sent:
    """A chunk on its way to a worker and back."""

    crew: _Crew
    requests: Sequence[_Request]
    future: Future[list[Judgement]]

    def result(self) -> Sequence[Judgement]:
        from joblib.externals.loky import BrokenProcessPool

        try:
            return self.future.result()
        except (BrokenProcessPool, MemoryError):
            return self.crew.judge_singly(self.requests)


def _start_executor(recipe: _Recipe, workers: int) -> ProcessPoolExecutor:
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


def _submit(executor: ProcessPoolExecutor, requests: Sequence[_Request]) -> Future[list[Judgement]]:
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


_recipe: _Recipe | None = None
_judge: Judge | None = None


def _prepare_worker(recipe: _Recipe, parent: int) -> None:
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


def _judge_in_worker(requests: Sequence[_Request]) -> list[Judgement]:
    global _judge
    if _recipe is None:
        raise RuntimeError("this process was not prepared as a worker")
    judgements: list[Judgement] = []
    for request in requests:
        if not Path(_recipe.sign).exists():
            break  # nobody waits for these any more
        if _judge is None:
            _judge = Judge(_recipe.load(), _recipe.settings)
        judgements.append(_judge.judge(*request))
    return judgements


# --------------------------------------------------------------------------------------
# DataFrames
# --------------------------------------------------------------------------------------


def score_frame(
    frame: pd.DataFrame,
    detector: Detector,
    *,
    text_column: str = "text",
    false_positive_rate: float = 0.01,
    workers: int | None = 1,
) -> pd.DataFrame:
    """Judge a column of texts; the answer has the same index, one row per text.

    Args:
        frame: holds the texts; a missing one (None, NaN) is answered as an empty one is.
        detector: scores them.
        text_column: where they are.
        false_positive_rate: see `Detector.score`.
        workers: see `judge_documents`.

    Returns:
        The columns `JUDGED_COLUMNS`.

    Raises:
        KeyError: there is no such column.
        TypeError: an item is neither a string nor missing.
        ValueError: `false_positive_rate` does not lie between 0 and 1.
    """
    import pandas as pd

    if text_column not in frame.columns:
        raise KeyError(
            f"no column {text_column!r}; the frame has {', '.join(map(repr, frame.columns))}"
        )
    if not 0 < false_positive_rate < 1:
        raise ValueError(f"false_positive_rate must lie between 0 and 1, not {false_positive_rate}")
    texts = frame[text_column]
    missing = texts.isna()
    documents = (
        Document(i, "" if absent else _expect_text(text, i), source="frame", row=i)
        for i, (text, absent) in enumerate(zip(texts, missing, strict=True))
    )
    settings = Settings(false_positive_rate)
    with closing(judge_documents(documents, detector, settings, workers=workers)) as outcomes:
        rows = [outcome.judgement.columns for outcome in outcomes if outcome.judgement]
    answer = pd.DataFrame(rows, columns=list(JUDGED_COLUMNS), index=frame.index)
    kinds = {float: "float64", bool: "bool", int: "int64"}
    return answer.astype({c: kinds[t] for c, t in JUDGED_COLUMNS.items() if t in kinds})


def _expect_text(item: Any, position: int) -> str:
    if isinstance(item, str):
        return item
    raise TypeError(f"text {position} is {type(item).__name__}; give strings")
