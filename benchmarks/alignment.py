"""How fast a copy is aligned with its original: pairs of sentences, of documents, of long texts.

    python benchmarks/alignment.py [--documents 100] [--megabytes 0.2]

Documents are of about 500 words, made by shuffling the sentences of this project's own example
articles; their copies have words exchanged, dropped and moved. Long texts are of invented words,
and of 200,000 characters at most: what lies beyond them is not read.
Times are of the processor, on one thread. Prints one JSON object; recorded by hand in
benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import time
from collections.abc import Callable, Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

from detector.text.document import Document
from detector.text.language import ENGLISH

ROOT = Path(__file__).parent.parent
WORDS = 500


def read_sentences() -> list[list[str]]:
    """The words of the example articles' sentences."""
    from detector.text.sentences import split_sentences

    return [
        sentence.text.split()
        for path in sorted((ROOT / "data" / "example_articles").glob("*.txt"))
        for sentence in split_sentences(path.read_text(encoding="utf-8"))
        if sentence.kind == "sentence"
    ]


def rewrite(words: list[str], vocabulary: list[str], rng: random.Random) -> list[str]:
    """The words with one in six exchanged, one in thirty dropped, and sometimes two swapped."""
    rewritten = []
    for word in words:
        draw = rng.random()
        if draw < 1 / 6:
            rewritten.append(rng.choice(vocabulary))
        elif draw < 1 / 5:
            continue
        else:
            rewritten.append(word)
    if len(rewritten) > 6 and rng.random() < 0.3:
        at = rng.randrange(len(rewritten) - 4)
        rewritten[at : at + 4] = rewritten[at + 2 : at + 4] + rewritten[at : at + 2]
    return rewritten


def make_pairs(count: int, seed: int = 1) -> list[tuple[list[list[str]], list[list[str]]]]:
    """Sentences of `count` copies and of their originals."""
    sentences = read_sentences()
    vocabulary = [word for sentence in sentences for word in sentence if word.islower()]
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        original: list[list[str]] = []
        while sum(map(len, original)) < WORDS:
            original.append(rng.choice(sentences))
        pairs.append(([rewrite(s, vocabulary, rng) for s in original], original))
    return pairs


def join(sentences: list[list[str]]) -> str:
    return "\n".join(" ".join(sentence) for sentence in sentences)


def make_long_pair(megabytes: float, seed: int = 1) -> tuple[str, str]:
    """A text of invented words, a few of them common, and its copy, each of that size."""
    rng = random.Random(seed)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(30_000)]
    weights = list(accumulate(1 / (rank + 2) for rank in range(len(words))))
    size = 0
    original = []
    while size < megabytes * 1e6:
        sentence = rng.choices(words, cum_weights=weights, k=20)
        original.append([sentence[0].capitalize(), *sentence[1:-1], sentence[-1] + "."])
        size += sum(map(len, sentence)) + 21
    return join([[*rewrite(s, words, rng)[:-1], s[-1]] for s in original]), join(original)


def read_all(pairs: Iterable[tuple[str, str]]) -> list[tuple[Document, Document]]:
    """Both texts of each pair as documents."""
    return [
        (Document.make(copy, (), ENGLISH), Document.make(original, (), ENGLISH))
        for copy, original in pairs
    ]


def time_best(work: Callable[[], Any], repeats: int) -> float:
    """Least processor time of `work`, in seconds: what else the machine does makes it no less."""
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def main() -> None:
    from detector.comparison.alignment import align, find_substitutions
    from detector.comparison.alignment_features import measure_alignment
    from detector.comparison.word_alignment import align_words

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--megabytes", type=float, default=0.2)
    arguments = parser.parse_args()
    pairs = make_pairs(arguments.documents)
    sentences = [both for copy, original in pairs for both in zip(copy, original, strict=True)]
    strings = read_all((" ".join(copy), " ".join(original)) for copy, original in sentences)
    documents = read_all((join(copy), join(original)) for copy, original in pairs)
    alignments = [align(*both) for both in documents]
    long_pair = read_all([make_long_pair(arguments.megabytes)])[0]
    words = time_best(lambda: [align_words(*both) for both in sentences], 5)
    named = time_best(lambda: [find_substitutions(*both) for both in strings], 5)
    aligned = time_best(lambda: [align(*both) for both in documents], 5)
    measures = time_best(lambda: [measure_alignment(a) for a in alignments], 5)
    figures = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "sentence pairs": len(sentences),
        "sentence pairs a second, words linked": round(len(sentences) / words),
        "sentence pairs a second, substitutions named": round(len(sentences) / named),
        "milliseconds a document pair, align": round(1000 * aligned / len(documents), 2),
        "milliseconds a document pair, measured": round(1000 * measures / len(documents), 2),
        "megabytes of a long text": arguments.megabytes,
        "seconds a pair of long texts": round(time_best(lambda: align(*long_pair), 1), 1),
        "peak memory, MiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
