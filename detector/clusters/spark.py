"""Group the texts of a Spark DataFrame that stem from one another, as one machine does.

    from detector.clusters.spark import group_frame
    groups = group_frame(spark.read.parquet("crawl.parquet"))

For crawls that outgrow one machine. Candidates are found by joins, compared in workers, and joined
to groups by connected components; what a text is in its group is told by the same code as on one
machine. Nothing but how rare each word is goes through the driver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detector.batch.spark import ModelPath, SentModel, send_model
from detector.choices import (
    COMPARISON_RATES,
    DEFAULT_COMPARISON_RATE,
    check_count,
    check_rate,
)
from detector.clusters.comparing import PAIRS_TOGETHER, PairComparer
from detector.clusters.grouping import (
    ALONE_ROLE,
    CANDIDATES,
    explain_alone,
    list_components,
    make_place,
)
from detector.clusters.links import Link, look_both_ways
from detector.clusters.rows import make_row
from detector.clusters.settling import Evidence, Standing, settle
from detector.clusters.spark_candidates import connect, find_candidates, keep
from detector.columns import CLUSTER_COLUMNS, rename_clashes
from detector.io.dates import read_date
from detector.text.document import find_other_language

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import Column, DataFrame

    from detector.detector import Detector

#: All that `str.strip` strips: what one machine takes for blank. Spark's ``\s`` is ASCII only.
_SPACES = "".join(filter(str.isspace, map(chr, range(0x10000))))

_TYPES = {bool: "boolean", float: "double", int: "long", str: "string"}

# One detector for a model in each Python worker of Spark, which serves many tasks.
_detectors: dict[str | None, Detector] = {}


def group_frame(
    df: DataFrame,
    text_column: str = "text",
    id_column: str = "id",
    *,
    date_column: str | None = None,
    order_column: str | None = None,
    model: str | None = None,
    false_positive_rate: float = DEFAULT_COMPARISON_RATE,
    candidates: int = CANDIDATES,
    distribute: bool = False,
) -> DataFrame:
    """Group texts that stem from one another, and name the likeliest original of each group.

    Every row is answered; one that stands alone and is empty or not in English gives that as its
    reason. The frame is computed while this runs, since later steps depend on how large earlier
    ones came out.

    Args:
        df: holds the texts.
        text_column: where they are.
        id_column: what rows are called by in ``original_id``, ``copied_from`` and ``note``.
        date_column: dates of publication, if there are any: they help to name the original.
        order_column: which of equal texts is the first; the order of the frame's partitions
            unless told, which is that of the rows in a single file.
        model: a model folder, at this path on every machine; the shipped one unless told.
        false_positive_rate: see `Detector.compare`.
        candidates: how many likely relatives of a text are compared with it, at most.
        distribute: the model folder is on this machine only, and is sent to the others.

    Returns:
        The columns of `df`, one that is named like one of ours with "input_" before its name, and
        then `detector.columns.CLUSTER_COLUMNS`; in no order.

    Raises:
        ImportError: pyspark, pandas or pyarrow is not installed.
        ValueError: there is no such column, the texts are no strings, the rate is none of
            `detector.choices.COMPARISON_RATES`, or `candidates` is below 1.
        BundleError: the model that is to be sent is missing, incomplete or altered.
    """
    check_rate("false_positive_rate", false_positive_rate, COMPARISON_RATES)
    check_count("candidates", candidates)
    _check_columns(df, text_column, [id_column, *filter(None, (date_column, order_column))])
    find_model = send_model(df, model) if distribute else ModelPath(model)
    judge = _Judge(find_model, false_positive_rate)
    numbered = _number_rows(df, order_column)
    rows = _name_texts(numbered, text_column, id_column, date_column)
    texts = rows.where("place = number").select("number", "text")
    told = _tell(rows, texts, find_candidates(texts, candidates), judge)
    return _answer(df, text_column, numbered, told)


def _check_columns(df: DataFrame, text: str, others: list[str]) -> None:
    types = dict(df.dtypes)
    for name in (text, *others):
        if name not in types:
            raise ValueError(f"no column {name!r}; there is {', '.join(map(repr, types))}")
    if types[text] != "string":
        raise ValueError(f"column {text!r} holds {types[text]}, not texts")


def _number_rows(df: DataFrame, order: str | None) -> DataFrame:
    """The rows with their ``place``; numbers rise, with gaps."""
    from pyspark.sql import functions as f

    ordered = df if order is None else df.orderBy(_quote(order))
    place = f.monotonically_increasing_id().alias("place")
    return keep(ordered.select(place, f.struct(*map(_quote, df.columns)).alias("row")))


def _quote(name: str) -> Column:
    from pyspark.sql import functions as f

    return f.col("`" + name.replace("`", "``") + "`")


def _name_texts(numbered: DataFrame, text: str, identity: str, date: str | None) -> DataFrame:
    """``place, id, date, text, number`` of each row that has a text.

    The same texts have one number, the place of the first of them.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    row = f.col("row")
    told = f.lit(None).cast("string") if date is None else row[date].cast("string")
    rows = numbered.select(
        "place",
        row[identity].cast("string").alias("id"),
        f.udf(read_date, "double", useArrow=False)(told).alias("date"),
        row[text].alias("text"),
    ).where(f.col("text").rlike(f"[^{_SPACES}]"))
    same = Window.partitionBy(f.sha2("text", 256))
    return keep(rows.withColumn("number", f.min("place").over(same)))


def _tell(rows: DataFrame, texts: DataFrame, pairs: DataFrame, judge: _Judge) -> DataFrame:
    """What is said of each row that does not surely stand alone: ``place`` and our columns."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    members = connect(pairs)
    links = _compare(texts, pairs, members, judge)
    rows = rows.join(members, "number", "left").withColumn(
        "component", f.coalesce("component", "number")
    )
    together = f.count("*").over(Window.partitionBy("component"))
    several = rows.withColumn("together", together).where("together > 1").drop("together")
    return keep(
        links.groupBy("component")
        .cogroup(several.groupBy("component"))
        # Spark counts a method's own object among its arguments, and a key with them.
        .applyInPandas(
            lambda links, rows: judge.settle(links, rows), f"place long, {_list_types()}"
        )
    )


def _list_types() -> str:
    return ", ".join(f"`{name}` {_TYPES[kind]}" for name, kind in CLUSTER_COLUMNS.items())


def _compare(texts: DataFrame, pairs: DataFrame, members: DataFrame, judge: _Judge) -> DataFrame:
    """Links of all pairs, in the order in which one machine compares them.

    Returns:
        ``component, place, again, said``: the place in that order, whether it is the second look
        at a pair, and the link.
    """
    of_pairs = pairs.join(members, pairs["one"] == members["number"]).drop("number")
    ordered = of_pairs.groupBy("component").applyInPandas(
        _order_pairs, "component long, place long, copy long, original long"
    )
    sides = ordered.join(texts.toDF("copy", "text"), "copy")
    sides = sides.join(texts.toDF("original", "reference"), "original")
    together = (sides["place"] / PAIRS_TOGETHER).cast("long")
    dealt = sides.repartition("component", together).sortWithinPartitions("component", "place")
    return keep(
        dealt.mapInPandas(judge.compare, "component long, place long, again boolean, said string")
    )


def _order_pairs(component: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    pairs = sorted(zip(component["one"].tolist(), component["other"].tolist(), strict=True))
    (ordered,) = list_components(pairs)
    copies, originals = zip(*ordered, strict=True)
    return pd.DataFrame(
        {"component": component["component"].iloc[0], "place": range(len(ordered)),
         "copy": copies, "original": originals}
    )  # fmt: skip


@dataclass(frozen=True)
class _Judge:
    """What workers do with pairs and components.

    Attributes:
        model: where the model is.
        rate: see `group_frame`.
    """

    model: ModelPath | SentModel
    rate: float

    def compare(self, batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Compare pairs; both ways where the one does not tell all."""
        texts: dict[int, str] = {}
        comparer = PairComparer(self._load(), lambda number: texts[number], self.rate)
        for batch in batches:
            texts.clear()
            rows: list[tuple[int, int, bool, str]] = []
            for row in batch.itertuples():
                texts |= {row.copy: row.text, row.original: row.reference}
                pair = row.copy, row.original
                looks = look_both_ways(pair, comparer.look, comparer.compare)
                rows += [
                    (row.component, row.place, again > 0, link.to_json())
                    for again, link in enumerate(looks)
                ]
            yield type(batch)(rows, columns=["component", "place", "again", "said"])

    def _load(self) -> Detector:
        from detector.detector import Detector

        path = self.model.find()
        if path not in _detectors:
            _detectors[path] = Detector.load(path, threads=1)
        return _detectors[path]

    def settle(self, links: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
        """Our columns of the rows of a component."""
        ordered = links.sort_values(["place", "again"])
        made = [Link.from_json(said) for said in ordered["said"]]
        known = {(link.copy, link.original): link for link in made}
        texts = dict(zip(rows["number"].tolist(), rows["text"], strict=True))
        dates = rows.groupby("number")["date"].min().dropna().to_dict()
        comparer = PairComparer(self._load(), texts.__getitem__, self.rate) if known else None

        def find(copy: int, original: int) -> Link:
            link = known.get((copy, original))
            if link is None or link.outlined:
                assert comparer is not None  # only texts with links are asked about
                link = known[copy, original] = comparer.compare(copy, original)
            return link

        def look(copy: int, original: int) -> Link:
            return known[copy, original]

        looks = zip(made, ordered["again"].tolist(), strict=True)
        pairs = [(link.copy, link.original) for link, again in looks if not again]
        standings = settle(pairs, Evidence(look, find, texts.__getitem__, dates.get))
        return _place_rows(rows, standings)


def _place_rows(rows: pd.DataFrame, standings: Mapping[int, Standing]) -> pd.DataFrame:
    """Our columns of rows, by what their texts are; a group is called by its first row's place."""
    by_date = rows.sort_values(["date", "place"], na_position="last")
    firsts = by_date.drop_duplicates("number").set_index("number")["place"].to_dict()
    ids = dict(zip(rows["place"].tolist(), rows["id"], strict=True))
    numbers = rows["number"].tolist()
    keys = [standings[n].original if n in standings else n for n in numbers]
    groups = rows.groupby(keys)["place"]
    first, size = groups.transform("min").tolist(), groups.transform("size").tolist()
    said = []
    for at, (place, number) in enumerate(zip(rows["place"].tolist(), numbers, strict=True)):
        standing = standings.get(number, Standing(number))
        where = number, first[at], size[at]
        columns = make_row(ids[place], make_place(place, standing, where, firsts, ids.get))
        said.append({"place": place} | {name: columns[name] for name in CLUSTER_COLUMNS})
    return type(rows)(said)


def _answer(df: DataFrame, text: str, numbered: DataFrame, told: DataFrame) -> DataFrame:
    """All rows with their own columns and ours; groups are counted from 1, by their first rows."""
    from pyspark.sql import functions as f

    frame = numbered.join(told, "place", "left")
    explain = f.udf(_explain_alone, "string", useArrow=False)
    alone = {
        "group": f.col("place"), "size": f.lit(1), "role": f.lit(ALONE_ROLE),
        "flagged": f.lit(False), "reason": explain(f.col("role"), f.col("row")[text]),
    }  # fmt: skip
    for name, value in alone.items():
        frame = frame.withColumn(name, f.coalesce(f.col(name), value))
    firsts = frame.select("group").distinct().orderBy("group")
    counted = firsts.rdd.map(lambda row: row["group"]).zipWithIndex()
    ranks = counted.toDF("group long, rank long").withColumn("rank", f.col("rank") + 1)
    frame = frame.join(ranks, "group").drop("group").withColumnRenamed("rank", "group")
    names = rename_clashes(df.columns, CLUSTER_COLUMNS)
    own = [f.col("row")[name].alias(names[name]) for name in df.columns]
    return frame.select(*own, *map(f.col, CLUSTER_COLUMNS))


def _explain_alone(role: str, text: str | None) -> str | None:
    """Why a row that stands alone could not be flagged; None where it could, and of all others."""
    if role != ALONE_ROLE:  # Spark asks of these, too, whatever condition stands before
        return None
    text = text or ""
    blank = not text.strip()
    return explain_alone(None if blank else find_other_language(text), blank=blank)
