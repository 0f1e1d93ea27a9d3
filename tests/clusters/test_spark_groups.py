"""Spark on this machine: the groups that one machine finds, and every row answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from detector.clusters.grouping import group
from detector.clusters.spark import group_frame
from detector.clusters.spark_candidates import connect
from detector.columns import CLUSTER_COLUMNS
from detector.detector import Detector

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent.parent.parent / "data"

#: Nobody else's: shares nothing with the other articles.
LONELY = """\
Beekeepers in the upper valley have counted more colonies this spring than in any year since their
society began to keep a book. Mild weeks in February let the willows blossom early, and hardly a
hive was lost to frost. "We have run out of boxes," said Jorun Aske, who teaches beginners in a
barn behind the dairy. The society has ordered sixty from a joiner and will lend them out until
the heather is over. Farmers who let their clover stand may have a hive at the edge of the field
for nothing, and a jar of honey for each week that it stays.
"""


#: Nobody else's, and in another language.
GERMAN = """\
Die Imker im oberen Tal haben in diesem Frühjahr mehr Völker gezählt als je zuvor. Milde Wochen im
Februar haben die Weiden früh blühen lassen, und kaum ein Stock ist erfroren. Der Verein hat bei
einem Tischler sechzig Kästen bestellt und verleiht sie, bis die Heide verblüht ist.
"""


@pytest.fixture(scope="module")
def crawl() -> list[tuple[str, str]]:
    paths = sorted([*DATA.glob("example_articles/*.txt"), *DATA.glob("example_crawl/*.txt")])
    texts = [(f"{path.parent.name}/{path.name}", path.read_text("utf-8")) for path in paths]
    original = dict(texts)["example_articles/original.txt"]
    paragraphs = original.split("\n\n")
    texts += [
        ("repost", original),
        ("cut", "\n\n".join(paragraphs[: len(paragraphs) // 2])),
        ("lonely", LONELY),
        ("german", GERMAN),
    ]
    return texts[::-1]


@pytest.fixture(scope="module")
def frame(spark_session: SparkSession, crawl: list[tuple[str, str]]) -> DataFrame:
    rows: list[tuple[str, str | None]] = [*crawl, ("blank", " \n\xa0\u2003\x1f"), ("missing", None)]
    schema = "number int, id string, body string, role string, input_role string"
    numbered = [(number, *row, "mine", "too") for number, row in enumerate(rows)]
    return spark_session.createDataFrame(numbered, schema).repartition(3)


@pytest.fixture(scope="module")
def rows(frame: DataFrame) -> list[dict[str, Any]]:
    found = group_frame(frame, "body", order_column="number")
    own = ["number", "id", "body", "input_input_role", "input_role"]
    assert found.columns == [*own, *CLUSTER_COLUMNS]
    return sorted((row.asDict() for row in found.collect()), key=lambda row: row["number"])


def test_spark_finds_the_groups_of_one_machine(
    rows: list[dict[str, Any]], crawl: list[tuple[str, str]]
) -> None:
    expected = {}
    for number, one in enumerate(group(crawl, Detector.load(threads=1)), start=1):
        for member in one.members:
            original = None if member is one.original else one.original.id
            expected[member.id] = (
                number, len(one), member.role, original, member.relation, member.flagged,
                member.copied_from, member.note, member.reason, member.signature,
            )  # fmt: skip
    names = (
        "group", "size", "role", "original_id", "relation", "flagged", "copied_from", "note",
        "reason", "signature",
    )  # fmt: skip
    with_text = rows[: len(crawl)]
    assert {row["id"]: tuple(row[name] for name in names) for row in with_text} == expected
    assert max(row["size"] for row in with_text) >= 5
    alone = {row["id"]: row["reason"] for row in with_text if row["role"] == "alone"}
    assert alone["lonely"] is None
    assert alone["german"] == "not English: the text looks like 'de'"


def test_rows_without_text_stand_alone_and_say_why(rows: list[dict[str, Any]]) -> None:
    for row in rows[-2:]:
        assert (row["size"], row["role"], row["flagged"]) == (1, "alone", False)
        assert row["reason"] == "empty: there is no text"
    assert len({row["group"] for row in rows[-2:]}) == 2
    assert {(row["input_input_role"], row["input_role"]) for row in rows} == {("mine", "too")}


@pytest.mark.parametrize(
    ("pairs", "components"),
    [
        ([(1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7)], dict.fromkeys(range(1, 8), 1)),
        ([(7, 9), (8, 9), (1, 3)], {7: 7, 8: 7, 9: 7, 1: 1, 3: 1}),
        ([(1, 10), (2, 10), (2, 20), (3, 20), (3, 30)], dict.fromkeys((1, 2, 3, 10, 20, 30), 1)),
    ],
    ids=["a chain", "two", "zigzag"],
)
def test_what_hangs_together_is_called_by_its_least(
    spark_session: SparkSession, pairs: list[tuple[int, int]], components: dict[int, int]
) -> None:
    found = connect(spark_session.createDataFrame(pairs, "one long, other long")).collect()
    assert {row["number"]: row["component"] for row in found} == components
    assert len(found) == len(components)


def test_a_wrong_column_is_named(frame: DataFrame) -> None:
    with pytest.raises(ValueError, match="no column 'text'"):
        group_frame(frame)
    with pytest.raises(ValueError, match="holds int, not texts"):
        group_frame(frame, "number")
    with pytest.raises(ValueError, match="false_positive_rate"):
        group_frame(frame, "body", false_positive_rate=0.3)
    with pytest.raises(ValueError, match="candidates must be at least 1, not 0"):
        group_frame(frame, "body", candidates=0)
