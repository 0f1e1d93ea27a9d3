"""Has a stream moved? On streams drawn with a known answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from scipy.stats import ks_2samp

from detector.cli.drift import drift as command
from detector.columns import name_columns
from detector.monitoring.drift import (
    UnknownColumnError,
    _compare_numbers,
    _compare_share,
    compare_streams,
)
from detector.monitoring.statistics import bound_difference, measure_ks, measure_psi
from detector.monitoring.streams import SCORES, DriftError, read_stream
from detector.presentation.drift_tables import format_drift


def draw_stream(
    rows: int,
    seed: int,
    *,
    shift: float = 0.0,
    short: float = 0.05,
    foreign: float = 0.03,
    model: str = "default@12345678",
) -> pd.DataFrame:
    """What ``detector score`` writes of `rows` articles, some of them short and some foreign."""
    rng = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-rng.normal(shift - 2, 1.5, rows)))
    frame = pd.DataFrame(
        {
            "id": np.arange(rows) + 1000 * seed,
            "probability": probability,
            "label": np.where(probability > 0.5, "translated", "original"),
            "flagged": probability > 0.9,
            "threshold": rng.uniform(0.88, 0.92, rows),
            "reason": None,
            "words": rng.lognormal(5.8, 0.6, rows).astype(int),
            "language": "en",
            "url": [f"https://news.example/{seed}/{i}" for i in range(rows)],
        }
    )
    frame["signature"] = [
        f"detector:0.1.0|model:{model}|threshold:{t:.6g}@fpr0.01" for t in frame["threshold"]
    ]
    kind = rng.random(rows)
    frame.loc[kind < short, ["reason", "flagged"]] = ["too short: 9 words, 60 needed", False]
    is_foreign = kind > 1 - foreign
    frame.loc[is_foreign, ["reason", "language"]] = ["not English: it looks like 'de'", "de"]
    frame.loc[is_foreign, ["probability", "label", "flagged"]] = [np.nan, None, False]
    return frame


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_stream(name: str, rows: int, seed: int, **settings: Any) -> Path:
        path = tmp_path / name
        save(draw_stream(rows, seed, **settings), path)
        return path

    return write_stream


def save(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(path)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True)


# --------------------------------------------------------------------------------------
# Measures
# --------------------------------------------------------------------------------------


def test_ks_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=300).round(1), rng.normal(0.4, size=500).round(1)
    distance, by_chance = measure_ks(a, b)
    expected = ks_2samp(a, b)
    assert distance == pytest.approx(expected.statistic)
    assert by_chance == pytest.approx(1.358 * np.sqrt(8 / 1500))


def test_psi_of_a_known_shift() -> None:
    # All of the baseline's lowest tenth moves to its highest: 0.1 and 0.1 become 0 and 0.2.
    baseline = np.arange(10_000.0)
    current = np.where(baseline < 1000, baseline + 9000, baseline)
    index, by_chance = measure_psi(baseline, current)
    share = 0.5 / 10_005
    expected = (share - 0.1) * np.log(share / 0.1) + 0.1 * np.log(2)
    assert index == pytest.approx(expected, rel=0.01)
    assert by_chance == pytest.approx(16.92 * 2 / 10_000, rel=0.01)
    assert measure_psi(baseline, baseline)[0] == pytest.approx(0.0)


def test_psi_by_chance_is_exceeded_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    beyond = 0
    for _ in range(200):
        index, by_chance = measure_psi(rng.normal(size=5000), rng.normal(size=3000))
        beyond += index > by_chance
    assert 1 <= beyond <= 22


def test_the_interval_of_a_difference_is_that_of_newcombe() -> None:
    # Newcombe (1998), table II: 56/70 - 48/80, method 10: 0.0524 to 0.3339.
    low, high = bound_difference(48, 80, 56, 70)
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_like_streams_seldom_raise_an_alarm() -> None:
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(200):
        a, b = rng.lognormal(size=150), rng.lognormal(size=250)
        row = _compare_numbers(a, b)
        assert row is not None
        share = _compare_share(int(rng.binomial(150, 0.02)), 150, int(rng.binomial(250, 0.02)), 250)
        alarms += row["moved"] or share["moved"]
    assert alarms <= 30


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ((1000, 100_000), (1200, 100_000), False),  # surely more, yet too little to matter
        ((1000, 100_000), (2100, 100_000), True),  # doubled
        ((50_000, 100_000), (60_500, 100_000), True),  # Cohen's h of .21
        ((50_000, 100_000), (59_000, 100_000), False),
        ((1, 50), (4, 50), False),  # four times as many, by chance
        ((0, 100_000), (400, 100_000), False),  # under half a point
    ],
)
def test_a_share_moves_where_it_is_far_and_sure(
    before: tuple[int, int], after: tuple[int, int], moved: bool
) -> None:
    assert _compare_share(*before, *after)["moved"] is moved


# --------------------------------------------------------------------------------------
# Streams
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_like_stream_has_not_moved(write: Callable[..., Path], suffix: str) -> None:
    result = compare_streams(write("a.csv", 1500, 1), write(f"b{suffix}", 1200, 2))
    assert result["answer"] == "No movement that matters."
    assert (result["moved"], result["comparable"], result["notes"]) == (False, True, [])
    assert list(result["distributions"]) == ["probability", "words"]
    assert result["current"]["rows"] == 1200
    model = "default@12345678, version 0.1.0, at 1 % false positives"
    assert result["current"]["models"] == {model: result["current"]["judged"]}


def test_the_form_of_the_file_does_not_matter(write: Callable[..., Path]) -> None:
    baseline = write("a.csv", 1000, 1)
    results = [
        compare_streams(baseline, write(name, 1000, 3, shift=0.5))
        for name in ("b.csv", "b.parquet", "b.jsonl")
    ]
    assert results[0]["shares"] == results[1]["shares"] == results[2]["shares"]
    for result in results:
        assert result["distributions"]["probability"]["ks"] == pytest.approx(
            results[0]["distributions"]["probability"]["ks"], abs=1e-3
        )


def test_scores_that_rise_are_a_movement(write: Callable[..., Path]) -> None:
    result = compare_streams(write("a.csv", 2000, 1), write("b.csv", 2000, 2, shift=1.0))
    assert result["moved"]
    assert result["answer"].startswith("The stream has moved: flagged ")
    assert result["distributions"]["probability"]["large"]
    assert not result["distributions"]["words"]["moved"]
    assert not result["shares"]["too short"]["moved"]
    flagged = result["shares"]["flagged"]
    assert 0 < flagged["low"] < flagged["difference"] < flagged["high"]


def test_reasons_are_counted(write: Callable[..., Path]) -> None:
    more = write("b.csv", 1500, 2, short=0.2, foreign=0.1)
    result = compare_streams(write("a.csv", 1500, 1), more)
    moved = {name for name, row in result["shares"].items() if row["moved"]}
    assert {"too short", "not English", "language de"} <= moved
    assert "flagged" not in moved
    assert result["shares"]["failed"]["current"] == 0


def test_rows_that_could_not_be_read_are_failures(tmp_path: Path) -> None:
    frame = draw_stream(1000, 1)
    save(frame, tmp_path / "a.csv")
    broken = ["probability", "label", "signature", "words", "language"]
    frame.loc[:99, broken] = None
    frame.loc[:99, "flagged"] = False
    frame.loc[:99, "reason"] = "malformed JSON: Expecting value"
    save(frame, tmp_path / "b.csv")
    result = compare_streams(tmp_path / "a.csv", tmp_path / "b.csv")
    assert result["shares"]["failed"]["current"] == 0.1
    assert result["shares"]["failed"]["moved"]
    assert result["current"]["models"].keys() == result["baseline"]["models"].keys()


@pytest.mark.parametrize("rate", ["x", "0.01x", "", "0,01"])
def test_a_signature_with_an_odd_rate_is_that_of_no_known_model(tmp_path: Path, rate: str) -> None:
    frame = draw_stream(300, 1)
    save(frame, tmp_path / "a.csv")
    frame["signature"] = f"detector:0.1.0|model:m|threshold:0.9@fpr{rate}"
    save(frame, tmp_path / "b.csv")
    result = compare_streams(tmp_path / "a.csv", tmp_path / "b.csv")
    known = "m, version 0.1.0" if rate == "" else "unknown"
    assert list(result["current"]["models"]) == [known]
    assert not result["comparable"]


def write_quarantine(output: Path, reasons: list[str], language: str | None = None) -> Path:
    """What ``detector score`` lays beside an output for the inputs that it could not score."""
    path = output.with_name(output.name + ".quarantine.jsonl")
    rows = [
        {"id": n, "source": "in.jsonl", "row": n, "reason": reason, "language": language}
        | {"fields": {"body": "x" * 1000}}
        for n, reason in enumerate(reasons, start=1)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def list_moved(result: dict[str, Any]) -> set[str]:
    return {name for name, row in result["shares"].items() if row["moved"]}


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_stream_half_in_german_has_moved(write: Callable[..., Path], suffix: str) -> None:
    before = write(f"a{suffix}", 1000, 1, foreign=0.0)
    now = write(f"b{suffix}", 500, 2, foreign=0.0)
    write_quarantine(now, ["not English: the text looks like 'de'"] * 500, "de")
    result = compare_streams(before, now)
    assert {"not English", "language de", "language en"} <= list_moved(result)
    assert result["shares"]["not English"]["current"] == 0.5
    assert (result["comparable"], result["current"]["rows"]) == (True, 1000)
    assert result["current"]["quarantined"] == 500
    assert "1,000 rows (500 quarantined)" in format_drift(result)
    # Both halves alike are no movement.
    write_quarantine(before, ["not English: the text looks like 'de'"] * 1000, "de")
    assert not list_moved(compare_streams(before, now))


def test_what_cannot_be_read_any_more_is_movement_by_its_reason(write: Callable[..., Path]) -> None:
    before, now = write("a.csv", 1000, 1), write("b.csv", 900, 2)
    write_quarantine(now, ["no field 'text': the row holds 'body'"] * 60 + ["empty: no text"] * 50)
    moved = list_moved(compare_streams(before, now))
    assert {"failed", "reason no field 'text'", "empty"} <= moved


def test_reasons_and_notes_of_scored_articles_are_counted(tmp_path: Path) -> None:
    frame = draw_stream(1000, 1)
    save(frame, tmp_path / "a.csv")
    frame["notes"] = None
    frame.loc[:199, "reason"] = "unlike what thresholds were measured on: few sentence ends"
    frame.loc[:299, "notes"] = "disguised letters: 3 read as Latin; repeated sentences: 2"
    save(frame, tmp_path / "b.csv")
    result = compare_streams(tmp_path / "a.csv", tmp_path / "b.csv")
    expected = {"reason unlike what thresholds were measured on", "note disguised letters"}
    assert expected | {"note repeated sentences"} <= list_moved(result)
    assert result["shares"]["note disguised letters"]["current"] == 0.3
    ignored = compare_streams(tmp_path / "a.csv", tmp_path / "b.csv", ["note", "reason"])
    assert not [name for name in ignored["shares"] if name.startswith(("note ", "reason "))]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_an_output_of_no_rows_has_its_quarantine(write: Callable[..., Path], suffix: str) -> None:
    before, now = write("a.csv", 1000, 1), write(f"b{suffix}", 1, 2)
    save(draw_stream(10, 2).head(0), now)
    with pytest.raises(DriftError, match="has no rows"):
        compare_streams(before, now)
    write_quarantine(now, ["not English: the text looks like 'de'"] * 300, "de")
    result = compare_streams(before, now)
    assert {"not English", "language de"} <= list_moved(result)
    assert result["current"]["judged"] == 0


def test_another_quarantine_may_be_named(write: Callable[..., Path], tmp_path: Path) -> None:
    before, now = write("a.csv", 500, 1), write("b.csv", 500, 2)
    beside = write_quarantine(now, ["empty: no text"] * 500)
    elsewhere = beside.rename(tmp_path / "elsewhere.jsonl")
    call = ["--baseline", before, "--current", now, "--exit-code"]
    assert run(*call).exit_code == 0
    moved = run(*call, "--current-quarantine", elsewhere)
    assert moved.exit_code == 3
    assert "empty" in moved.output


def test_a_file_that_is_no_quarantine_is_a_clear_error(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path, other = write("a.csv", 300, 1), tmp_path / "other.jsonl"
    other.write_text('{"id": 1}\n')
    with pytest.raises(DriftError, match=r"other\.jsonl: row 1: no reason"):
        compare_streams(path, path, quarantines=(None, other))


def test_another_model_is_named_first_and_scores_are_not_compared(
    write: Callable[..., Path],
) -> None:
    other = write("b.csv", 1500, 2, shift=2.0, short=0.2, model="mine@99999999")
    result = compare_streams(write("a.csv", 1500, 1), other)
    assert result["answer"].startswith("Not scored alike (default@12345678, version 0.1.0")
    assert "score both with one model. The stream has moved: " in result["answer"]
    assert "mine@99999999" in result["answer"].split("The stream has moved")[0]
    assert not result["comparable"]
    assert not result["distributions"]["probability"]["moved"]
    assert result["movements"] == [
        sentence for sentence in result["movements"] if sentence.startswith("too short")
    ]
    assert len(result["movements"]) == 1
    table = format_drift(result).splitlines()
    assert next(line for line in table if line.startswith("flagged")).endswith("not comparable")


@pytest.mark.parametrize(
    ("before", "after", "comparable"),
    [
        ((500, 50), (500, 50), True),  # a second model was asked about some
        ((500, 50), (20, 0), True),  # none of few articles reached it, by chance
        ((20, 0), (500, 50), True),
        ((500, 50), (500, 0), False),  # none of many: it was not asked
        ((500, 500), (500, 0), False),
        ((5, 0), (0, 5), False),
    ],
)
def test_two_models_in_one_file_are_two(
    before: tuple[int, int], after: tuple[int, int], comparable: bool, tmp_path: Path
) -> None:
    paths = tmp_path / "a.csv", tmp_path / "b.csv"
    for path, (first, second) in zip(paths, (before, after), strict=True):
        parts = draw_stream(first, 1), draw_stream(second, 2, model="accurate@9")
        save(pd.concat([part for part in parts if len(part)]), path)
    assert compare_streams(*paths)["comparable"] is comparable


def test_a_whole_stream_that_moved_is_told_in_plain_figures(tmp_path: Path) -> None:
    frame = draw_stream(1000, 1, foreign=0.0)
    for name, flagged in (("a", False), ("b", True)):
        save(frame.assign(flagged=flagged), tmp_path / f"{name}.csv")
    answer = compare_streams(tmp_path / "a.csv", tmp_path / "b.csv")["answer"]
    assert "flagged 0 % → 100 % (+99 to +100 points)" in answer


def test_other_numbers_that_both_have_are_compared(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    for name, mean in (("a", 0.0), ("b", 1.0)):
        frame = draw_stream(800, 1).assign(
            language_model=rng.normal(mean, 1, 800), outlet_id=mean, only_here=mean
        )
        save(frame.rename(columns={"only_here": f"only_{name}"}), tmp_path / f"{name}.csv")
    result = compare_streams(tmp_path / "a.csv", tmp_path / "b.csv")
    assert list(result["distributions"]) == ["probability", "words", "language_model"]
    assert [m.split(" ")[0] for m in result["movements"]] == ["language_model"]
    ignored = compare_streams(tmp_path / "a.csv", tmp_path / "b.csv", ["language_model"])
    assert not ignored["moved"]


#: Numbers that `draw_stream` leaves out: those of each label, and those of a comparison.
REST = {
    name
    for name, kind in name_columns(comparing=True).items()
    if kind in (int, float) and name not in ("probability", "threshold", "words")
}


def test_every_number_of_ours_is_of_the_model_or_of_the_article() -> None:
    others = {"original_score", "coverage", "comparison_threshold"}
    assert (REST - others) | {"probability"} == SCORES


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_figures_of_another_model_are_no_movement(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(4)
    for name, mean, model in (("a", 0.3, "default@1"), ("b", 0.6, "mine@9")):
        frame = draw_stream(800, 1, model=model)
        frame = frame.assign(**{column: rng.normal(mean, 0.1, 800) for column in sorted(REST)})
        save(frame.assign(comparison_threshold=mean), tmp_path / f"{name}{suffix}")
    result = compare_streams(tmp_path / f"a{suffix}", tmp_path / f"b{suffix}")
    assert not result["comparable"]
    rows = result["distributions"]
    assert "comparison_threshold" not in rows
    assert {name for name, row in rows.items() if not row["comparable"]} == SCORES
    # What articles are to their originals may be compared all the same.
    assert {name for name, row in rows.items() if row["moved"]} == {"original_score", "coverage"}


def test_a_column_of_the_callers_own_is_no_score(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    for name, mean, model in (("a", 0.3, "default@1"), ("b", 0.6, "mine@9")):
        frame = draw_stream(800, 1, model=model)
        save(frame.assign(rain_probability=rng.normal(mean, 0.1, 800)), tmp_path / f"{name}.csv")
    result = compare_streams(tmp_path / "a.csv", tmp_path / "b.csv")
    assert [m.split(" ")[0] for m in result["movements"]] == ["rain_probability"]


@pytest.mark.parametrize("column", ["failed", "empty"])
def test_a_column_may_be_called_like_a_share(tmp_path: Path, column: str) -> None:
    rng = np.random.default_rng(4)
    a, b = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for path, mean in ((a, 0.0), (b, 2.0)):
        save(draw_stream(800, 1).assign(**{column: rng.normal(mean, 1, 800)}), path)
    result = compare_streams(a, b)
    assert result["distributions"][column]["moved"]
    assert result["shares"]["failed"]["comparable"]
    assert not list_moved(result)
    assert len(result["movements"]) == 1
    assert "differently spread" in result["movements"][0]
    assert run("--baseline", a, "--current", b).output.startswith("The stream has moved: ")


def test_a_share_is_left_out_by_its_name_or_its_column(write: Callable[..., Path]) -> None:
    a, b = write("a.jsonl", 300, 1), write("b.jsonl", 300, 2, short=0.4)
    frame = draw_stream(300, 2).assign(notes="repeated sentences: 2")
    save(frame, b)
    assert "note repeated sentences" in compare_streams(a, b)["shares"]
    ignored = compare_streams(a, b, ["notes", "too short", "empty", "language"])["shares"]
    assert list(ignored)[:3] == ["flagged", "not English", "failed"]
    assert not [name for name in ignored if name.startswith(("note ", "language "))]


def test_a_column_of_later_rows_may_be_left_out(write: Callable[..., Path], tmp_path: Path) -> None:
    a, b = write("a.jsonl", 1300, 1), tmp_path / "b.jsonl"
    rows = draw_stream(1300, 2).to_json(orient="records", lines=True).splitlines()
    rows[-1] = rows[-1].replace("{", '{"outlet_rank": 3, ', 1)
    b.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert compare_streams(a, b, ["outlet_rank"])["moved"] is False


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_column_that_is_in_neither_file_cannot_be_left_out(
    write: Callable[..., Path], tmp_path: Path, suffix: str
) -> None:
    a, b = write(f"a{suffix}", 300, 1), tmp_path / f"b{suffix}"
    save(draw_stream(300, 2).assign(outlet="Coast Gazette"), b)
    assert compare_streams(a, b, ["url", "outlet"])["moved"] is False
    with pytest.raises(UnknownColumnError, match="no column 'outlett' to leave out: there are id"):
        compare_streams(a, b, ["outlett"])
    refused = run("--baseline", a, "--current", b, "--ignore", "outlett")
    assert refused.exit_code == 2
    message = "--ignore outlett: no such column; did you mean outlet? There are id, probability, "
    assert message in " ".join(refused.output.split())


def test_few_rows_are_noted(write: Callable[..., Path]) -> None:
    result = compare_streams(write("a.csv", 400, 1), write("b.csv", 60, 2))
    assert len(result["notes"]) == 1
    assert "b.csv has 60 rows: only large movements show" in result["notes"][0]


def test_a_long_stream_is_sampled_evenly_and_counted_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last tenth is different: a sample of the first rows would not see it.
    frame = pd.concat([draw_stream(9000, 1), draw_stream(1000, 2, shift=8.0)], ignore_index=True)
    save(frame, tmp_path / "a.csv")
    monkeypatch.setattr("detector.monitoring.streams.SAMPLE", 2000)
    samples = []
    for batch in (700, 10_000):
        monkeypatch.setattr("detector.monitoring.streams._BATCH", batch)
        stream = read_stream(tmp_path / "a.csv", ["probability", "words"])
        samples.append(np.sort(stream.numbers["probability"]))
        assert len(stream.numbers["words"]) == 2000
        assert stream.rows == 10_000
        assert stream.counts["flagged"] == int(frame["flagged"].sum())
        late = float(np.mean(stream.numbers["probability"] > 0.95))
        assert late == pytest.approx(float((frame["probability"] > 0.95).mean()), abs=0.025)
    # How the file is cut into batches is no matter.
    assert np.array_equal(*samples, equal_nan=True)


def test_texts_stay_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    save(draw_stream(300, 1).assign(text="word " * 500), path)
    asked: list[list[str]] = []
    plain = parquet.ParquetFile.iter_batches

    def watch(self: Any, *args: Any, **settings: Any) -> Any:
        asked.append(settings["columns"])
        return plain(self, *args, **settings)

    monkeypatch.setattr(parquet.ParquetFile, "iter_batches", watch)
    compare_streams(path, path)
    assert len(asked) == 4
    assert not {"text", "url"} & {name for columns in asked for name in columns}


def test_columns_without_any_value_are_left_out(tmp_path: Path) -> None:
    for name in ("a.csv", "b.parquet"):
        save(draw_stream(300, 1).assign(language_model=np.nan, probability=np.nan), tmp_path / name)
    result = compare_streams(tmp_path / "a.csv", tmp_path / "b.parquet")
    assert list(result["distributions"]) == ["words"]
    assert result["current"]["judged"] == 0


# --------------------------------------------------------------------------------------
# Bad files
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.txt", "x", "b.txt: give an output of detector score as .parquet, .csv or .jsonl"),
        ("b.csv", "", "b.csv: cannot be read"),
        ("b.csv", "probability,flagged\n", "b.csv: has no rows"),
        ("b.csv", "id,text\n1,x\n", "b.csv: has no column 'probability'"),
        ("b.jsonl", '{"probability": 1\n', "b.jsonl: row 1: not JSON"),
        ("b.jsonl", "[1]", "b.jsonl: row 1: not an object"),
        ("b.jsonl", "", "b.jsonl: has no rows"),
        ("b.parquet", "no parquet", "b.parquet: not Parquet"),
    ],
)
def test_a_file_that_is_no_stream_is_a_clear_error(
    write: Callable[..., Path], tmp_path: Path, name: str, content: str, message: str
) -> None:
    baseline = write("a.csv", 100, 1)
    (tmp_path / name).write_text(content)
    with pytest.raises(DriftError, match=message):
        compare_streams(baseline, tmp_path / name)


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.parquet").write_text("x")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DriftError, match=r"pip install 'mt-artifact-detector\["):
        compare_streams(tmp_path / "a.parquet", tmp_path / "a.parquet")


# --------------------------------------------------------------------------------------
# The command
# --------------------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_answers_first(write: Callable[..., Path]) -> None:
    a, b = write("a.csv", 1000, 1), write("b.csv", 1000, 2, shift=1.0)
    same = run("--baseline", a, "--current", a)
    assert (same.exit_code, same.output.splitlines()[0]) == (0, "No movement that matters.")
    assert "PSI from 0.1" in same.output
    moved = run("--baseline", a, "--current", b)
    assert moved.exit_code == 0
    assert moved.output.startswith("The stream has moved: ")


@pytest.mark.parametrize(
    ("settings", "code"), [({}, 0), ({"shift": 1.0}, 3), ({"model": "mine@9"}, 3)]
)
def test_the_exit_code_tells_when_asked(
    write: Callable[..., Path], settings: dict[str, Any], code: int
) -> None:
    a, b = write("a.csv", 1000, 1), write("b.csv", 1000, 2, **settings)
    assert run("--baseline", a, "--current", b, "--exit-code").exit_code == code
    assert run("--baseline", a, "--current", b).exit_code == 0


def test_json_holds_every_figure(write: Callable[..., Path]) -> None:
    a, b = write("a.csv", 500, 1), write("b.jsonl", 500, 2)
    result = json.loads(run("--baseline", a, "--current", b, "--format", "json").output)
    assert result == json.loads(json.dumps(compare_streams(a, b)))
    assert result["thresholds"]["psi"] == 0.1


def test_the_figure_is_drawn_alike_each_time(write: Callable[..., Path], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    a, b = write("a.csv", 500, 1), write("b.csv", 500, 2, shift=1.0)
    for name in ("one.svg", "two.svg", "three.png"):
        done = run("--baseline", a, "--current", b, "--plot", tmp_path / name)
        assert done.exit_code == 0, done.output
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert (tmp_path / "three.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--baseline", "a.csv"], "Missing option '--current'"),
        (["--baseline", "missing.csv", "--current", "a.csv"], "does not exist"),
        (["--baseline", "a.csv", "--current", "a.csv", "--plot", "x.pdf"], ".png or .svg"),
        (["--baseline", "a.csv", "--current", "bad.csv"], "has no column 'probability'"),
    ],
)
def test_wrong_calls_exit_with_2_and_say_why(
    write: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    write("a.csv", 50, 1)
    (tmp_path / "bad.csv").write_text("id\n1\n")
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
