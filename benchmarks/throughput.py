"""How fast and how large scoring is: documents a second, by stage, cold start, peak memory.

    python benchmarks/throughput.py [--documents 200] [--model FOLDER]

Documents are of about 500 words, made by shuffling the sentences of this project's own example
articles, so nothing but the checkout is needed. Prints one JSON object; recorded by hand in
benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORDS = 500


def make_documents(count: int, seed: int = 1) -> list[str]:
    """`count` documents of about `WORDS` words."""
    from detector.text.sentences import split_sentences
    from detector.text.words import count_words

    sentences = [
        s.text
        for path in sorted((ROOT / "data" / "example_articles").glob("*.txt"))
        for s in split_sentences(path.read_text(encoding="utf-8"))
        if s.kind == "sentence"
    ]
    rng = random.Random(seed)
    documents = []
    for _ in range(count):
        chosen: list[str] = []
        words = 0
        while words < WORDS:
            chosen.append(rng.choice(sentences))
            words += count_words(chosen[-1])
        documents.append("\n".join(chosen))
    return documents


def measure_throughput(texts: list[str], model: str | None, threads: int) -> float:
    """Documents a second of `Detector.score`, artifacts included."""
    from detector import Detector

    detector = Detector.load(model, threads=threads)
    detector.score(texts[:8])
    started = time.perf_counter()
    detector.score(texts)
    return len(texts) / (time.perf_counter() - started)


def measure_stages(texts: list[str], model: str | None) -> dict[str, float]:
    """Milliseconds a document of each stage, one thread."""
    from detector import Detector
    from detector.features.ngrams import score_ngrams
    from detector.text.language import guess_language
    from detector.text.masking import mask_sentence
    from detector.text.sentences import split_sentences

    extractor = Detector.load(model, threads=1).extractor
    stages: dict[str, float] = {}

    def timed(name, work):  # type: ignore[no-untyped-def]
        started = time.perf_counter()
        result = work()
        stages[name] = round(1000 * (time.perf_counter() - started) / len(texts), 2)
        return result

    timed("language", lambda: [guess_language(t) for t in texts])
    cut = timed("sentences", lambda: [split_sentences(t) for t in texts])
    documents = timed(
        "masked sentences",
        lambda: [[mask_sentence(s.text, extractor.common_words) for s in d] for d in cut],
    )
    head = extractor.heads["token_weights"]

    def encode() -> None:
        for document in documents:
            extractor.encoder.encode([masked.words for masked in document], head, 0.0)

    timed("encoder", encode)
    masked_sentences = [masked for document in documents for masked in document]
    timed("n-grams", lambda: score_ngrams(masked_sentences, extractor.lexical))
    timed("style and n-gram language model", lambda: extractor.measure_style(masked_sentences))
    return stages


def measure_cold_start(model: str | None) -> float:
    """Seconds from process start to a printed verdict on one article; best of three."""
    article = ROOT / "data" / "example_articles" / "translated.txt"
    call = [sys.executable, "-c", "from detector.cli import main; main()", "score", str(article)]
    call += ["--model", model] if model else []
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run(call, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        best = min(best, time.perf_counter() - started)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--model")
    arguments = parser.parse_args()
    texts = make_documents(arguments.documents)
    figures = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "documents": len(texts),
        "documents a second, 1 thread": round(measure_throughput(texts, arguments.model, 1), 1),
        "documents a second, 2 threads": round(measure_throughput(texts, arguments.model, 2), 1),
        "milliseconds a document, by stage, 1 thread": measure_stages(texts, arguments.model),
        "cold start, seconds": round(measure_cold_start(arguments.model), 2),
        "peak memory, MiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
