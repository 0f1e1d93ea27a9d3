"""How an index of originals grows: build time, size, memory, query time, recall.

    python benchmarks/references.py FOLDER [--sizes 10000 100000 1000000] [--corpora FOLDER]

FOLDER must be new; the index is left there, some 2 kB an article. The crowd is generated from a
seed: articles of about 400 words with Zipf's frequencies, a topic each that many others share, and
names of their own. With --corpora, a folder that holds human_articles.parquet, human_news.parquet
(columns corpus, article_id, text), roundtrip_news.parquet (article_id, position, pivot, system,
original, text), roundtrip_documents.parquet (corpus, original, text) and
language_model_articles.parquet (kind, original, text), its articles stand in the crowd, its words
make the crowd's, and queries are round trips, language models' versions and articles spun with the
sources that training uses (Debian's dictionaries); a tenth of people's articles is left out, to see
what the index answers when it has no original. Without it, queries are generated articles with two
words in five exchanged. Prints a JSON object a size; times are processor seconds of one thread.
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
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.references.index import ReferenceIndex
from detector.text.hashing import hash_widely

if TYPE_CHECKING:
    import pandas as pd

WORDS = 400
TOPICS = 3000
TOPIC_WORDS = 60
NAMES = 12
QUERIES = 300
STRANGERS = 2400
SPUN_RATES = (0.2, 0.5)
MOST_OF_A_CORPUS = 200
BATCH = 1000
ALONE = 20
MOST = 8

#: What the copies of a corpus are; others go by its name.
KINDS = {
    "news": "round trip, news",
    "asap_essays": "round trip, essays",
    "lafand_news": "round trip, research models",
    "detectrl": "round trip, abstracts",
    "ted_talks": "round trip, talks",
    "broken_telephone": "language model, 2 to 8 round trips",
}

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
    """Articles of people, with round trips, spun versions and language models' versions of some."""
    import pandas as pd

    cases = Cases()
    human = pd.concat(
        [pd.read_parquet(corpora / f"{name}.parquet") for name in ("human_articles", "human_news")]
    )
    models = pd.read_parquet(corpora / "language_model_articles.parquet")
    # what language models were given stands in the crowd once
    human = human[~human["article_id"].isin(models["article_id"])]
    human = human.drop_duplicates("text").sample(frac=1.0, random_state=1)
    human_ids = (human["corpus"] + "/" + human["article_id"].astype(str)).tolist()
    articles = list(zip(human_ids, human["text"], strict=True))
    cases.strangers = [("people's article", text) for _, text in articles[:STRANGERS]]
    spun = articles[STRANGERS : STRANGERS + QUERIES]
    cases.articles = spun.copy()
    cases.copies = list(spin(spun))
    documents = pd.read_parquet(corpora / "roundtrip_documents.parquet")
    add_copies(cases, join_sentences(pd.read_parquet(corpora / "roundtrip_news.parquet")))
    add_copies(cases, documents, MOST_OF_A_CORPUS)
    add_copies(cases, models.assign(corpus=[f"language model, {kind}" for kind in models["kind"]]))
    cases.articles += articles[STRANGERS + QUERIES :]
    return cases


def spin(articles: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Each article spun at two rates, with the sources that training uses."""
    from detector.training.generation.synonym_lists import SynonymLists
    from detector.training.recipes.shipped_settings import TUNING_SPINNERS

    lists = SynonymLists()
    for i, (identity, text) in enumerate(articles):
        for rate in SPUN_RATES:
            names = TUNING_SPINNERS[i % len(TUNING_SPINNERS)]
            spun = lists.make_spinner(names, rate, seed=i).spin(text).text
            yield f"spun, {100 * rate:.0f} %", identity, spun


def join_sentences(frame: pd.DataFrame) -> pd.DataFrame:
    """Articles of rows that are a sentence each; of each article the version of one system."""
    keys = ["article_id", "pivot", "system"]
    frame = frame.sort_values("position").drop_duplicates([*keys, "position"])
    originals = frame.drop_duplicates(["article_id", "position"]).groupby("article_id")["original"]
    versions = frame.groupby(keys)["text"].agg("\n".join).reset_index()
    versions["original"] = versions["article_id"].map(originals.agg("\n".join))
    drawn = versions.sample(frac=1.0, random_state=1).drop_duplicates("article_id")
    return drawn.assign(corpus="news")


def add_copies(cases: Cases, frame: pd.DataFrame, most: int | None = None) -> None:
    """Take originals and copies of them; with `most`, a copy each of so many of a corpus."""
    if most is not None:
        frame = frame.sample(frac=1.0, random_state=1).drop_duplicates("article_id")
        frame = frame.groupby("corpus").head(most)
    known = dict.fromkeys(frame["original"])
    ids = {text: f"original/{hash_widely(text.encode())}" for text in known}
    cases.articles += [(identity, text) for text, identity in ids.items()]
    for row in frame.itertuples():
        kind = KINDS.get(row.corpus, row.corpus)
        cases.copies.append((kind, ids[row.original], row.text))


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


def ask(index: type[Any], folder: Path, cases: Cases) -> dict[str, object]:
    """Open the index in a fresh process and ask it everything."""
    # spawn: a forked process would count the parent's memory as its own
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure_queries, (index, folder, cases))


def measure_queries(index: type[Any], folder: Path, cases: Cases) -> dict[str, object]:
    """Opening, query time, memory, recall and scores."""
    started = time.process_time()
    references = index.open(folder)
    references.find(cases.copies[0][2], k=MOST, minimum=0.0)
    opening = time.process_time() - started
    times: list[float] = []
    ranks: dict[str, list[int]] = {}
    scores: dict[str, list[float]] = {}
    for kind, identity, text in cases.copies:
        started = time.process_time()
        candidates = references.find(text, k=MOST, minimum=0.0)
        times.append(time.process_time() - started)
        found = [c.id for c in candidates]
        rank = found.index(identity) if identity in found else MOST
        ranks.setdefault(kind, []).append(rank)
        own = [c.score for c in candidates if c.id == identity]
        scores.setdefault(f"copy: {kind}", []).append(own[0] if own else 0.0)
    for kind, text in cases.strangers[:QUERIES]:
        candidates = references.find(text, k=1, minimum=0.0)
        scores.setdefault(f"no original: {kind}", []).append(
            candidates[0].score if candidates else 0.0
        )
    ranks["all"] = [rank for found in ranks.values() for rank in found]
    return {
        "opening and first query, seconds": round(opening, 3),
        "query, milliseconds, mean": round(1000 * float(np.mean(times)), 1),
        "query, milliseconds, 95 %": round(1000 * float(np.quantile(times, 0.95)), 1),
        "reader, MiB, private and mapped": read_memory(),
        "recall@1, @8, copies": {
            kind: [*(round(float(np.mean(np.array(found) < k)), 4) for k in (1, MOST)), len(found)]
            for kind, found in ranks.items()
        },
        f"scores, quantiles {QUANTILES}": {
            kind: np.quantile(values, QUANTILES).round(3).tolist()
            for kind, values in scores.items()
        },
    }


def read_memory() -> list[int]:
    """Resident memory of this process, MiB: its own, and pages of mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = {line.split()[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    return [int(sizes[name]) // 1024 for name in ("RssAnon:", "RssFile:")]


def measure_changes(references: Any, articles: list[tuple[str, str]]) -> dict[str, object]:
    """Milliseconds to add one article by itself, and of each that is replaced among a thousand."""
    started = time.process_time()
    for number in range(ALONE):
        references.add([(f"alone {number}", f"{articles[number][1]} alone {number}")])
    alone = (time.process_time() - started) / ALONE
    replaced = [(identity, f"{text} replaced") for identity, text in articles[-BATCH:]]
    started = time.process_time()
    counts = references.add(replaced)
    each = (time.process_time() - started) / max(1, counts.replaced)
    references.add(articles[-BATCH:])
    return {
        "adding one article, milliseconds": round(1000 * alone, 1),
        "replacing one of a thousand, milliseconds": round(1000 * each, 1),
    }


def measure_disk(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())


def measure_index(
    index: type[Any], folder: Path, sizes: list[int], corpora: Path | None
) -> Iterator[dict[str, object]]:
    """Build an index and measure it at each size.

    Args:
        index: `ReferenceIndex`, or a class with its `create`, `open`, `add` and `find`.
        folder: where the index is made.
        sizes: articles, in rising order.
        corpora: see the module's text.
    """
    if corpora:
        cases = load_cases(corpora)
        crowd = Crowd(count_words(text.lower() for _, text in cases.articles))
    else:
        rng = np.random.default_rng(2)
        names = make_names(rng, 40_000)
        crowd = Crowd(Counter({name: 40_000 // (i + 1) + 1 for i, name in enumerate(names)}))
        cases = generate_cases(crowd)
    references = index.create(folder)
    articles = chain(cases.articles, ((f"crowd-{i}", text) for i, text in enumerate(crowd)))
    building, held = 0.0, 0
    making = 0.0

    def draw(wanted: int) -> Iterator[tuple[str, str]]:
        nonlocal making
        for _ in range(wanted):
            started = time.process_time()
            article = next(articles)
            making += time.process_time() - started
            yield article

    for size in sizes:
        making, started = 0.0, time.process_time()
        held += references.add(draw(size - held)).added
        building += time.process_time() - started - making
        yield {
            "index": index.__name__,
            "documents": held,
            "seconds to generate them": round(making, 1),
            "seconds to build all": round(building, 1),
            "size, MB": round(measure_disk(folder) / 1e6),
            "writer's peak, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            **ask(index, folder, cases),
            **measure_changes(references, cases.articles[:size]),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--corpora", type=Path)
    arguments = parser.parse_args()
    figures = measure_index(ReferenceIndex, arguments.folder, arguments.sizes, arguments.corpora)
    for one in figures:
        print(json.dumps(one, indent=1), flush=True)


if __name__ == "__main__":
    main()
