"""Which texts of a crawl may stem from one another, by Spark's own joins.

As `candidates` does on one machine: each text asks the posting lists of its rarest words, and those
that share most of them are compared by the cosine of their words and by the words' order. The
posting lists are a table here, and asking is a join.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.clusters.candidates import (
    LEAST_COSINE,
    LEAST_ORDER,
    LEAST_WORDS,
    POSTINGS_READ,
    ROUGHLY_CHOSEN,
    choose_rare_words,
)
from detector.clusters.words import (
    Floats,
    Integers,
    Words,
    count_each_word,
    encode_words,
    measure_order,
    measure_rarity,
    weigh_words,
)
from detector.references.vectors import WORD_BUCKETS

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame


def keep(frame: DataFrame) -> DataFrame:
    """A frame computed once; what it was computed from is forgotten.

    Where the session has a folder for checkpoints it outlives a lost executor.
    """
    reliable = frame.sparkSession.sparkContext.getCheckpointDir() is not None
    return frame.checkpoint() if reliable else frame.localCheckpoint()


def find_candidates(texts: DataFrame, count: int) -> DataFrame:
    """Pairs of texts that are to be compared.

    Args:
        texts: columns ``number`` and ``text``.
        count: how many likely relatives of a text are compared with it, at most.

    Returns:
        ``one`` and ``other``, the lesser number first, each pair once.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    words = keep(texts.mapInPandas(_encode_texts, "number long, words binary"))
    weights = _Weights(words)
    rough = _choose_roughly(words, weights, ROUGHLY_CHOSEN * count)
    left = words.withColumnRenamed("words", "own")
    right = words.selectExpr("number AS other", "words AS others")
    near = rough.join(left, "number").join(right, "other")
    near = near.mapInPandas(weights.compare, "number long, other long, likeness double")
    ranked = Window.partitionBy("number").orderBy(f.desc("likeness"), "other")
    best = near.withColumn("rank", f.row_number().over(ranked)).where(f.col("rank") <= count)
    pairs = best.select(
        f.least("number", "other").alias("one"), f.greatest("number", "other").alias("other")
    )
    return keep(pairs.distinct())


def _choose_roughly(words: DataFrame, weights: _Weights, depth: int) -> DataFrame:
    """The texts that share most of the rarest words with one, by the words' rarity."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    asked = words.mapInPandas(weights.ask, "word long, number long, weight double")
    held = words.mapInPandas(weights.post, "word long, other long, length double")
    shared = asked.join(held, "word").where("number != other").groupBy("number", "other")
    scores = shared.agg((f.sum("weight") / f.first("length")).alias("score"))
    ranked = Window.partitionBy("number").orderBy(f.desc("score"), "other")
    chosen = scores.withColumn("rank", f.row_number().over(ranked)).where(f.col("rank") <= depth)
    return chosen.select("number", "other")


def _encode_texts(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for batch in batches:
        yield batch[["number"]].assign(words=[encode_words(text) for text in batch["text"]])


class _Weights:
    """How rare words are in the crawl: sent to every worker, at a size that does not grow with it.

    Args:
        words: of each text, as `encode_words` has them.
    """

    def __init__(self, words: DataFrame) -> None:
        counted = words.mapInPandas(_count_texts, "word long, texts long")
        table: pd.DataFrame = counted.groupBy("word").sum("texts").toPandas()
        frequencies = np.zeros(WORD_BUCKETS, np.int64)
        frequencies[table["word"]] = table["sum(texts)"]
        self._count = words.count()
        self._sent = words.sparkSession.sparkContext.broadcast(frequencies)
        self._rarity: Floats | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_rarity": None}

    @property
    def frequencies(self) -> Integers:
        """In how many texts each word stands."""
        frequencies: Integers = self._sent.value
        return frequencies

    @property
    def rarity(self) -> Floats:
        """Inverse document frequency of each word."""
        if self._rarity is None:
            self._rarity = measure_rarity(self.frequencies, self._count)
        return self._rarity

    def ask(self, batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The rarest words of each text, with what sharing them counts for."""
        for batch in batches:
            texts = [count_each_word(_read(content))[0] for content in batch["words"]]
            chosen = [
                choose_rare_words(own, self.frequencies, POSTINGS_READ)
                if len(own) >= LEAST_WORDS
                else own[:0]
                for own in texts
            ]
            listed = _list_words(batch, chosen, "number")
            yield listed.assign(weight=self.rarity[listed["word"]] ** 2)

    def post(self, batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The words of each text that others have too, with the length of its vector."""
        for batch in batches:
            counted = [count_each_word(_read(content)) for content in batch["words"]]
            lengths = [np.linalg.norm(weigh_words(*one, self.rarity)) for one in counted]
            shared = [own[self.frequencies[own] > 1] for own, _ in counted]
            sizes = list(map(len, shared))
            listed = _list_words(batch, shared, "other")
            yield listed.assign(length=np.maximum(np.repeat(lengths, sizes), 1e-9))

    def compare(self, batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Of pairs with their words those that are near, with how alike their order is."""
        for batch in batches:
            kept = [
                (number, other, likeness)
                for number, other, own, others in zip(
                    batch["number"], batch["other"], batch["own"], batch["others"], strict=True
                )
                if (likeness := self._measure_likeness(_read(own), _read(others))) is not None
            ]
            yield type(batch)(kept, columns=["number", "other", "likeness"])

    def _measure_likeness(self, one: Words, other: Words) -> float | None:
        """How much of the shorter one has the other's order; None where they are far apart."""
        (own, counts), (others, others_counts) = count_each_word(one), count_each_word(other)
        weights = weigh_words(own, counts, self.rarity)
        others_weights = weigh_words(others, others_counts, self.rarity)
        _, left, right = np.intersect1d(own, others, assume_unique=True, return_indices=True)
        lengths = float(np.linalg.norm(weights) * np.linalg.norm(others_weights))
        if weights[left] @ others_weights[right] < LEAST_COSINE * max(lengths, 1e-9):
            return None
        order = measure_order(one, other, self.rarity)
        return order if order >= LEAST_ORDER else None


def _list_words(batch: pd.DataFrame, lists: list[Words], name: str) -> pd.DataFrame:
    """A row for each word of each text, with the text's number under a name."""
    import pandas as pd

    words = np.concatenate(lists).astype(np.int64) if lists else np.empty(0, np.int64)
    numbers = np.repeat(batch["number"].to_numpy(), list(map(len, lists)))
    return pd.DataFrame({"word": words, name: numbers})


def _count_texts(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    import pandas as pd

    for batch in batches:
        lists = [count_each_word(_read(content))[0] for content in batch["words"]]
        words, texts = np.unique(np.concatenate(lists), return_counts=True)
        yield pd.DataFrame({"word": words.astype(np.int64), "texts": texts})


def _read(content: bytes) -> Words:
    return np.frombuffer(content, np.uint32)


def connect(pairs: DataFrame) -> DataFrame:
    """What hangs together: the least number that each can be reached from.

    Alternates large-star and small-star (Kiveris et al., "Connected components in MapReduce and
    beyond", 2014), which end after some logarithm of the longest chain.

    Args:
        pairs: ``one`` and ``other``.

    Returns:
        ``number`` and ``component``; the least number of each component has a row, too.
    """
    from pyspark.sql import functions as f

    edges = pairs.select("one", "other").where("one != other").distinct()
    before = None
    while True:
        edges = keep(_star(_star(edges, larger=True), larger=False))
        state = edges.agg(f.count("*"), f.sum(f.hash("one", "other").cast("long"))).first()
        if state == before:
            break
        before = state
    return edges.selectExpr("other AS number", "one AS component").union(
        edges.selectExpr("one AS number", "one AS component").distinct()
    )


def _star(edges: DataFrame, *, larger: bool) -> DataFrame:
    """Tie the neighbours of each number to the least of them: the larger ones, or the lesser.

    Args:
        edges: ``one`` and ``other``, the lesser first.
        larger: tie neighbours larger than the number; else those less, and the number itself.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    ends = edges.selectExpr("other AS center", "one AS near")
    if larger:
        ends = ends.union(edges.selectExpr("one AS center", "other AS near"))
    least = f.least("center", f.min("near").over(Window.partitionBy("center")))
    tied = ends.withColumn("least", least)
    far = tied.where("near > center") if larger else tied.withColumn(
        "near", f.explode(f.array("near", "center"))
    )  # fmt: skip
    return far.where("near != least").select(
        f.col("least").alias("one"), f.col("near").alias("other")
    ).distinct()  # fmt: skip
