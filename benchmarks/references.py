"""How an index of originals grows: build time, size, memory, query time, recall.

    python benchmarks/references.py FOLDER [--sizes 10000 100000 1000000] [--corpora FOLDER]

FOLDER must be new; the index is left there, some 2 kB an article. The crowd is generated from a
seed: articles of about 400 words with Zipf's frequencies, a topic each that many others share, and
names of their own. With --corpora, a folder that holds human_news.parquet (columns corpus,
article_id, text) and roundtrip_news.parquet (article_id, position, pivot, system, original, text),
its articles stand in the crowd, its words make the crowd's, and queries are round trips and
articles spun with the sources that training uses (Debian's dictionaries); a tenth of the articles
is left out, to see what the index answers when it has no original. Without it, queries are
generated articles with two words in five exchanged. Prints a JSON object a size; times are
processor seconds of one thread.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from detector.references.index import ReferenceIndex

WORDS = 400
TOPICS = 3000
TOPIC_WORDS = 60
NAMES = 12
QUERIES = 300
BATCH = 1000
QUANTILES = (0.005, 0.01, 0.05, 0.5, 0.95, 0.99)


@dataclass
class Cases:
    """Real articles for the crowd, and what is asked.

    `copies` are (kind, id of the original in the index, text), `strangers` (kind, text) of which
    the index holds no original.
    """

    articles: list[tuple[str, str]] = field(default_factory=list)
    copies: list[tuple[str, str, str]] = field(default_factory=list)
    strangers: list[tuple[str, str]] = field(default_factory=list)


class Crowd:
    """Generates articles, the same ones from the same seed and vocabulary."""

    def __init__(self, words: Counter[str], seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        names = make_names(self.rng, 300_000)
        ranked = [word for word, _ in words.most_common()]
        self.words = np.array(ranked + names, dtype=object)
        self.own = len(ranked)
        counts = np.array([words[word] for word in ranked], dtype=np.float64)
        self.cumulated = np.cumsum(counts / counts.sum())
        tail = 1.0 / np.arange(1, len(names) + 1) ** 0.8
        self.names = np.cumsum(tail / tail.sum())
        middle = np.arange(min(150, self.own // 10), min(20_000, self.own))
        self.topics = self.rng.choice(middle, (TOPICS, TOPIC_WORDS))

    def __iter__(self) -> Iterator[str]:
        while True:
            yield from self.make_batch()

    def make_batch(self) -> Iterator[str]:
        """`BATCH` articles; sizes vary by a third."""
        rng = self.rng
        general = np.searchsorted(self.cumulated, rng.random((BATCH, WORDS)))
        topics = self.topics[rng.integers(TOPICS, size=BATCH)]
        topical = np.take_along_axis(topics, rng.integers(TOPIC_WORDS, size=(BATCH, WORDS)), 1)
        names = self.own + np.searchsorted(self.names, rng.random((BATCH, NAMES)))
        named = np.take_along_axis(names, rng.integers(NAMES, size=(BATCH, WORDS)), 1)
        source = rng.random((BATCH, WORDS))
        chosen = np.where(source < 0.62, general, np.where(source < 0.9, topical, named))
        chosen = np.minimum(chosen, len(self.words) - 1)
        sizes = rng.integers(WORDS * 2 // 3, WORDS * 4 // 3, size=BATCH)
        doubled = np.hstack([chosen, chosen[:, ::-1]])
        for row, size in zip(self.words[doubled], sizes, strict=True):
            yield " ".join(row[:size].tolist())


def make_names(rng: np.random.Generator, count: int) -> list[str]:
    """Words that are none, of two to four syllables."""
    syllables = [c + v + e for c in "bdfgklmnprstvz" for v in "aeiou" for e in ("", "n", "r", "s")]
    drawn = np.array(syllables, dtype=object)[rng.integers(len(syllables), size=(count, 4))]
    sizes = rng.integers(2, 5, size=count)
    return ["".join(row[:size]) for row, size in zip(drawn.tolist(), sizes, strict=True)]


def load_cases(corpora: Path) -> Cases:
    """Articles of two corpora, their round trips and spun versions."""
    import pandas as pd

    from detector.training.generation.synonym_lists import SynonymLists
    from detector.training.recipes.shipped_settings import TUNING_SPINNERS

    cases = Cases()
    human = pd.read_parquet(corpora / "human_news.parquet").drop_duplicates("text")
    human = human.sample(frac=1.0, random_state=1)
    held_out = len(human) // 10
    cases.strangers = [(row.corpus, row.text) for row in human.head(held_out).itertuples()]
    human = human.iloc[held_out:]
    human_ids = (human["corpus"] + "/" + human["article_id"].astype(str)).tolist()
    cases.articles = list(zip(human_ids, human["text"], strict=True))
    lists, rates = SynonymLists(), (0.2, 0.3, 0.5, 0.7)
    for i, (identity, text) in enumerate(cases.articles[:QUERIES]):
        names = TUNING_SPINNERS[i % len(TUNING_SPINNERS)]
        spinner = lists.make_spinner(names, rates[i % len(rates)], seed=i)
        cases.copies.append(("spun", identity, spinner.spin(text).text))
    frame = pd.read_parquet(corpora / "roundtrip_news.parquet").sort_values("position")
    keys = ["article_id", "pivot", "system"]
    originals = frame.drop_duplicates(["article_id", "position"]).groupby("article_id")["original"]
    texts = originals.agg("\n".join)
    left_out = set(texts.sample(frac=0.1, random_state=1).index)
    cases.articles += [(str(i), text) for i, text in texts.items() if i not in left_out]
    versions = frame.drop_duplicates([*keys, "position"]).groupby(keys)["text"].agg("\n".join)
    drawn = versions.sample(frac=1.0, random_state=1)
    drawn = drawn.groupby("article_id").head(2)
    for (identity, _, _), text in drawn.items():
        if identity in left_out:
            cases.strangers.append(("round trip", text))
        else:
            cases.copies.append(("round trip", str(identity), text))
    return cases


def generate_cases(crowd: Crowd, count: int = QUERIES) -> Cases:
    """Generated articles, and copies with two words in five exchanged."""
    texts = list(islice(crowd, 2 * count))
    cases = Cases([(f"original-{i}", text) for i, text in enumerate(texts[:count])])
    for i, text in enumerate(texts[:count]):
        words, others = text.split(), texts[count + i].split()
        swapped = crowd.rng.random(len(words)) < 0.4
        mixed = [b if swap else a for a, b, swap in zip(words, others, swapped, strict=False)]
        cases.copies.append(("exchanged words", f"original-{i}", " ".join(mixed)))
    cases.strangers = [("generated", text) for text in texts[count:]]
    return cases


def count_words(texts: Iterator[str]) -> Counter[str]:
    """How often each word stands in the texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text.split())
    return counts


def ask(folder: Path, cases: Cases) -> dict[str, object]:
    """Open the index in a fresh process and ask it everything."""
    # spawn: a forked process would count the parent's memory as its own
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure_queries, (folder, cases))


def measure_queries(folder: Path, cases: Cases) -> dict[str, object]:
    """Opening, query time, memory, recall and scores."""
    started = time.process_time()
    index = ReferenceIndex.open(folder)
    opening = time.process_time() - started
    index.find(cases.copies[0][2], minimum=0.0)
    times: list[float] = []
    found: dict[str, list[bool]] = {}
    scores: dict[str, list[float]] = {}
    for kind, identity, text in cases.copies:
        started = time.process_time()
        candidates = index.find(text, k=5, minimum=0.0)
        times.append(time.process_time() - started)
        found.setdefault(kind, []).append(bool(candidates) and candidates[0].id == identity)
        own = [c.score for c in candidates if c.id == identity]
        scores.setdefault(f"copy: {kind}", []).append(own[0] if own else 0.0)
    for kind, text in cases.strangers:
        candidates = index.find(text, k=1, minimum=0.0)
        scores.setdefault(f"no original: {kind}", []).append(
            candidates[0].score if candidates else 0.0
        )
    return {
        "opening, seconds": round(opening, 3),
        "query, milliseconds, mean": round(1000 * float(np.mean(times)), 1),
        "query, milliseconds, 95 %": round(1000 * float(np.quantile(times, 0.95)), 1),
        "reader, MiB, private and mapped": read_memory(),
        "recall@1": {kind: round(float(np.mean(hits)), 4) for kind, hits in found.items()},
        f"scores, quantiles {QUANTILES}": {
            f"{kind} ({len(values)})": np.quantile(values, QUANTILES).round(3).tolist()
            for kind, values in scores.items()
        },
    }


def read_memory() -> list[int]:
    """Resident memory of this process, MiB: its own, and pages of mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = {line.split()[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    return [int(sizes[name]) // 1024 for name in ("RssAnon:", "RssFile:")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--corpora", type=Path)
    arguments = parser.parse_args()
    if arguments.corpora:
        cases = load_cases(arguments.corpora)
        crowd = Crowd(count_words(text.lower() for _, text in cases.articles))
    else:
        rng = np.random.default_rng(2)
        names = make_names(rng, 40_000)
        crowd = Crowd(Counter({name: 40_000 // (i + 1) + 1 for i, name in enumerate(names)}))
        cases = generate_cases(crowd)
    index = ReferenceIndex.create(arguments.folder)
    index.add(cases.articles)
    articles = ((f"crowd-{i}", text) for i, text in enumerate(crowd))
    building = generating = 0.0
    for size in arguments.sizes:
        before, count, spent = len(index), 0, time.process_time()
        making = 0.0

        def draw(wanted: int) -> Iterator[tuple[str, str]]:
            nonlocal making
            for _ in range(wanted):
                started = time.process_time()
                article = next(articles)
                making += time.process_time() - started
                yield article

        count = index.add(draw(max(0, size - before))).added
        spent = time.process_time() - spent - making
        building, generating = building + spent, generating + making
        info = index.info()
        figures = {
            "documents": info.documents,
            "added": count,
            "seconds to add them": round(spent, 1),
            "seconds to generate them": round(making, 1),
            "documents a second": round(count / spent) if count else None,
            "seconds to build all": round(building, 1),
            "size, MB": round(info.bytes / 1e6),
            "segments": info.segments,
            "writer's peak, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        } | ask(arguments.folder, cases)
        print(json.dumps(figures, indent=1), flush=True)


if __name__ == "__main__":
    main()
