"""How often humans write what: counts by hash, words beside their neighbours."""

import numpy as np
import pytest

from detector.spans.co_occurrence import (
    COOCCURRENCE_BUCKETS,
    COOCCURRENCE_COLUMNS,
    CooccurrenceCounts,
)

SENTENCE = "the boats came back into the harbour".split()
#: A logarithm stored in steps of 1/16 is off by half a step at most.
HALF_STEP = 1 / 32


@pytest.fixture(scope="module")
def counts() -> CooccurrenceCounts:
    return CooccurrenceCounts.count([SENTENCE] * 4 + [["the", "men", "came", "home"]])


def name_columns(counts: CooccurrenceCounts, *sentences: str) -> list[dict[str, float]]:
    columns = counts.measure([sentence.split() for sentence in sentences])
    return [dict(zip(COOCCURRENCE_COLUMNS, row, strict=True)) for row in columns]


@pytest.mark.parametrize(
    ("column", "word", "count"),
    [
        ("count", 2, 5),  # came
        ("count_before", 2, 4),  # boats
        ("count_after", 2, 4),  # back
        ("pair_before", 1, 4),  # the boats
        ("pair_after", 1, 4),  # boats came
        ("pair_before", 0, 5),  # a sentence that begins with "the"
        ("triple_around", 2, 4),  # boats came back
        ("triple_before", 2, 4),  # the boats came
        ("triple_after", 2, 4),  # came back into
        ("skip_before", 2, 5),  # the _ came
        ("skip_after", 2, 4),  # came _ into
        ("skip_around", 2, 4),  # boats _ back
    ],
)
def test_counts_are_kept(counts: CooccurrenceCounts, column: str, word: int, count: int) -> None:
    named = name_columns(counts, " ".join(SENTENCE))
    assert named[word][column] == pytest.approx(np.log1p(count), abs=HALF_STEP)


def test_what_nobody_wrote_has_no_count(counts: CooccurrenceCounts) -> None:
    known, _, strange = name_columns(counts, "the boats vanished")
    assert known["count"] > 0
    assert strange["count"] == strange["pair_before"] == strange["triple_before"] == 0.0


def test_a_tie_is_above_chance_or_below(counts: CooccurrenceCounts) -> None:
    usual = name_columns(counts, "the boats came back")[2]
    odd = name_columns(counts, "into came the")[1]
    assert usual["tie_before"] > 1.0
    assert odd["tie_before"] < 0.0


def test_sentences_are_measured_as_if_alone(counts: CooccurrenceCounts) -> None:
    together = counts.measure([SENTENCE, ["the", "men", "left"], []])
    apart = [counts.measure([SENTENCE]), counts.measure([["the", "men", "left"]])]
    assert np.array_equal(together, np.vstack(apart))


def test_of_two_keys_in_a_bucket_the_commoner_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.spans.co_occurrence.COOCCURRENCE_BUCKETS", 1 << 10)
    common = ["boats", "came", "back"]
    counts = CooccurrenceCounts.count([*([common] * 50), *([f"rare{n}"] for n in range(500))])
    assert len(counts.table) == 1 << 10
    (_, came, _) = name_columns(counts, " ".join(common))
    for column in ("count", "pair_before", "triple_around"):
        assert came[column] == pytest.approx(np.log1p(50), abs=HALF_STEP)


def test_a_table_without_counts_knows_nothing() -> None:
    counts = CooccurrenceCounts.nothing()
    assert len(counts.table) == COOCCURRENCE_BUCKETS
    assert not counts.measure([SENTENCE]).any()
