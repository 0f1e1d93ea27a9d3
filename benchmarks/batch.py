"""What the engine costs beside the bare scorer, what a second worker brings, and memory over time.

    python benchmarks/batch.py [--documents 400] [--rounds 3] [--model FOLDER]
    python benchmarks/batch.py --curve 100000 [--words 60] [--workers 2]

Documents are made by shuffling the sentences of this project's own example articles; no two are
alike. The first call prints documents a second of `Detector.score`, a text at a time on one
thread, and of the engine with one worker (one thread) and with two, each the median of rounds
that take turns, start-up left out. The second prints the resident memory of the process with its
workers as the number of documents grows. Both print one JSON object, recorded by hand in
benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from detector import Detector
from detector.batch.engine import score_records
from detector.io.readers import Record
from detector.text.sentences import split_sentences
from detector.text.words import count_words

ROOT = Path(__file__).parent.parent
#: Documents before and after those that are timed, per worker: more than it is ahead.
AROUND = 96
SAMPLES = 40


def generate_documents(words: int, seed: int) -> Iterator[Record]:
    """Documents of about so many words, without end."""
    sentences = [
        s.text
        for path in sorted((ROOT / "data" / "example_articles").glob("*.txt"))
        for s in split_sentences(path.read_text(encoding="utf-8"))
        if s.kind == "sentence"
    ]
    lengths = [count_words(sentence) for sentence in sentences]
    rng = random.Random(seed)
    number = 0
    while True:
        chosen: list[str] = []
        total = 0
        while total < words:
            place = rng.randrange(len(sentences))
            chosen.append(sentences[place])
            total += lengths[place]
        yield Record(number, "\n".join(chosen), "generated", number)
        number += 1


# --------------------------------------------------------------------------------------
# Speed
# --------------------------------------------------------------------------------------


def time_bare(detector: Detector, documents: list[Record]) -> float:
    """Documents a second of the bare scorer."""
    for document in documents[:8]:
        detector.score(document.text, artifacts="none")
    started = time.perf_counter()
    for document in documents:
        detector.score(document.text, artifacts="none")
    return len(documents) / (time.perf_counter() - started)


def time_engine(detector: Detector, documents: list[Record], workers: int) -> float:
    """Documents a second of the engine while it runs: others come before, and others after.

    So workers have loaded their models when the clock starts, and are as far ahead of what is
    handed out when it stops as they were then.
    """
    others = list(islice(generate_documents(500, 99), 2 * AROUND * workers))
    before, after = others[: AROUND * workers], others[AROUND * workers :]
    outcomes = score_records([*before, *documents, *after], detector, workers=workers)
    for _ in islice(outcomes, len(before)):
        pass
    started = time.perf_counter()
    done = sum(outcome.failure is None for outcome in islice(outcomes, len(documents)))
    seconds = time.perf_counter() - started
    outcomes.close()
    if done != len(documents):
        raise SystemExit(f"{len(documents) - done} documents could not be scored")
    return done / seconds


def measure_speed(detector: Detector, count: int, rounds: int) -> dict[str, object]:
    """Medians over rounds, and the two ratios that matter."""
    documents = list(islice(generate_documents(500, 1), count))
    runs: dict[str, Callable[[], float]] = {
        "bare": lambda: time_bare(detector, documents),
        "1 worker": lambda: time_engine(detector, documents, 1),
        "2 workers": lambda: time_engine(detector, documents, 2),
    }
    figures: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            figures[name].append(run())
    medians = {name: statistics.median(values) for name, values in figures.items()}
    return {
        "documents": count,
        "documents a second": {name: round(value, 2) for name, value in medians.items()},
        "rounds": {name: [round(v, 2) for v in values] for name, values in figures.items()},
        "1 worker against bare": round(medians["1 worker"] / medians["bare"], 3),
        "2 workers against 1": round(medians["2 workers"] / medians["1 worker"], 3),
    }


# --------------------------------------------------------------------------------------
# Memory
# --------------------------------------------------------------------------------------


def measure_memory() -> tuple[float, float]:
    """MiB resident: this process, and its descendants together."""
    page = os.sysconf("SC_PAGE_SIZE") / 2**20
    parents: dict[int, int] = {}
    resident: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        process = int(folder.name)
        parents[process] = int(fields[1])
        resident[process] = int(fields[21]) * page
    own = os.getpid()
    return resident[own], sum(m for p, m in resident.items() if descends(p, own, parents))


def descends(process: int, ancestor: int, parents: dict[int, int]) -> bool:
    """Whether a process is a child of another, or a child's child."""
    while (process := parents.get(process, 0)) > 0:
        if process == ancestor:
            return True
    return False


def draw_curve(detector: Detector, count: int, words: int, workers: int) -> dict[str, object]:
    """Memory after growing numbers of documents."""
    documents = islice(generate_documents(words, 2), count)
    step = max(1, count // SAMPLES)
    curve = []
    started = time.perf_counter()
    for done, _ in enumerate(score_records(documents, detector, workers=workers), start=1):
        if done % step == 0:
            own, others = measure_memory()
            curve.append(f"{done:,}: {own:.0f} + {others:.0f}")
    seconds = time.perf_counter() - started
    return {
        "documents": count,
        "words each": words,
        "workers": workers,
        "documents a second": round(count / seconds, 2),
        "documents: MiB of the process + MiB of its workers": curve,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--curve", type=int, metavar="DOCUMENTS")
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model")
    arguments = parser.parse_args()
    detector = Detector.load(arguments.model, threads=1)
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    if arguments.curve:
        figures = draw_curve(detector, arguments.curve, arguments.words, arguments.workers)
    else:
        figures = measure_speed(detector, arguments.documents, arguments.rounds)
    print(json.dumps({"machine": machine, "python": platform.python_version()} | figures, indent=1))


if __name__ == "__main__":
    main()
