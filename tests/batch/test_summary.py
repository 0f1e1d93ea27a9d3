"""Counts of a run, their interval, and how they are worded."""

import json

import pytest
from fake_detector import FakeDetector
from scipy.stats import binomtest

from detector.batch.chunks import Outcome
from detector.batch.judge import Judge
from detector.batch.summary import Tally, format_summary, name_kind
from detector.intervals import wilson_interval
from detector.io.readers import BadInput, Record


@pytest.mark.parametrize(("count", "total"), [(0, 1), (0, 40), (3, 40), (40, 40), (17, 100_000)])
def test_the_interval_is_wilsons(count: int, total: int) -> None:
    expected = binomtest(count, total).proportion_ci(method="wilson")
    assert wilson_interval(count, total) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_has_no_interval() -> None:
    assert wilson_interval(0, 0) is None
    summary = Tally().summarize("m@1", 0.01)
    assert (summary["flagged_share"], summary["flagged_share_interval"]) == (None, None)
    assert format_summary(summary).splitlines()[0] == "0 inputs, 0 scored"


def test_one_input_is_no_plural() -> None:
    tally = Tally()
    tally.add(make_outcomes()[0])
    assert format_summary(tally.summarize("m@1", 0.01)).splitlines()[0] == "1 input, 1 scored"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("too short: 12 words, 60 needed", "too short"),
        ("no field 'text': the row holds 'k'", "no field 'text'"),
        ("binary, not text (holds a zero byte)", "binary, not text"),
        ("no such file", "no such file"),
    ],
)
def test_reasons_are_counted_without_their_particulars(reason: str, kind: str) -> None:
    assert name_kind(reason) == kind


def make_outcomes() -> list[Outcome]:
    judge = Judge(FakeDetector())
    texts = ["some words", "one", "foreign words", "more words here", "some words"]
    outcomes = [
        Outcome(Record(n, text, "-", n, note="byte 5 is not UTF-8: read as Windows-1252"),
                judge.judge(text), n == 4)
        for n, text in enumerate(texts)
    ]  # fmt: skip
    compared = judge.judge("a rewritten text", "a text")
    return [*outcomes, Outcome(BadInput(9, "-", 9, "no such file")), Outcome(
        Record(10, "a rewritten text", "-", reference="a text"), compared)]  # fmt: skip


def test_a_tally_counts_what_became_of_inputs() -> None:
    tally = Tally()
    for outcome in make_outcomes():
        tally.add(outcome)
    assert (tally.inputs, tally.scored, tally.failed, tally.duplicates) == (7, 5, 2, 1)
    assert tally.failures == {"not English": 1, "no such file": 1}
    assert tally.withheld == {"too short": 1}
    assert tally.relations == {"machine-rewritten": 1}
    assert tally.notes == {"read as Windows-1252": 5}
    assert sum(tally.labels.values()) == 5
    tally.seconds = 2.0
    lines = format_summary(tally.summarize("m@1", 0.01)).splitlines()
    assert lines[0] == "7 inputs, 5 scored, 2 could not be: no such file 1, not English 1"
    assert lines[1] == "  1 had a text that came before"
    assert "  with their originals: machine-rewritten 1" in lines
    assert "  2.0 s, 3.5 inputs a second" in lines
    assert lines[-1].endswith("|model:m@1|fpr0.01")


def test_a_tally_survives_json() -> None:
    tally = Tally()
    for outcome in make_outcomes():
        tally.add(outcome)
    again = Tally.from_dict(json.loads(json.dumps(tally.to_dict())))
    assert again == tally
    again.add(make_outcomes()[0])
    assert again.notes == {"read as Windows-1252": 6}


def test_a_million_odd_reasons_make_few_kinds() -> None:
    tally = Tally()
    for n in range(300):
        tally.count(f"odd {n}", label=None, flagged=False, reason=f"odd {n}")
    assert len(tally.failures) == 101
    assert tally.failures["other reasons"] == 200
    assert tally.failed == 300
