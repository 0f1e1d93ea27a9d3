"""``detector evaluate --pairs`` with a detector that goes by one word."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from bundles import write_bundle
from click.testing import CliRunner, Result

from detector.cli.evaluate import evaluate
from detector.model.manifest import compute_checksum
from detector.results import Verdict
from detector.training.evaluation.pair_documents import (
    flag_at_rates,
    read_pair_documents,
    score_pair_documents,
)
from detector.training.evaluation.scored_documents import score_documents

WORDS = """
harbour council morning repair market window letter garden engine driver school bridge office
teacher winter kitchen station river doctor village evening player summer village ticket museum
farmer minister candle journey pocket silver carpet basket dinner blanket hammer mirror bottle
""".split()
THRESHOLDS = {0.05: 0.6, 0.01: 0.8, 0.001: 0.99}


class FakeClassifier:
    def find_threshold(self, rate: float, words: Any) -> npt.NDArray[np.float64]:
        return np.full(len(words), THRESHOLDS[rate])


class FakeDetector:
    """The more often a text says "haven", the surer it is that a machine wrote it."""

    def __init__(self, model: str = "fake@1", slope: float = 0.2) -> None:
        self.model = model
        self.slope = slope
        self.classifier = FakeClassifier()
        self.false_positive_rates = tuple(sorted(THRESHOLDS))
        self.asked: list[str] = []

    def score(self, texts: Sequence[str], *, false_positive_rate: float = 0.01) -> list[Verdict]:
        self.asked += texts
        return [self.judge(text, false_positive_rate) for text in texts]

    def judge(self, text: str, rate: float) -> Verdict:
        if "fremd" in text:
            return Verdict(None, None, {}, False, None, rate, "not English: it looks like 'de'")
        noise = (sum(map(ord, text)) % 100) / 500
        probability = min(0.98, 0.05 + noise + self.slope * text.count("haven"))
        short = "too short: few words, 60 needed" if len(text.split()) < 60 else None
        threshold = THRESHOLDS[rate]
        return Verdict(
            probability,
            "translated" if probability > 0.5 else "original",
            {},
            short is None and probability >= threshold,
            threshold,
            rate,
            short,
            words=len(text.split()),
            language="en",
        )


@pytest.fixture
def detectors(monkeypatch: pytest.MonkeyPatch) -> dict[str | None, FakeDetector]:
    known: dict[str | None, FakeDetector] = {
        None: FakeDetector(), "blind": FakeDetector("blind@2", slope=0.0),
    }  # fmt: skip
    # The package's attribute of this name is the command, not the module.
    module = sys.modules[evaluate.callback.__module__]  # type: ignore[union-attr]
    monkeypatch.setattr(module, "load_detector", known.__getitem__)
    return known


def make_article(seed: int, words: int = 90) -> str:
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) for _ in range(words)) + "."


def make_pairs(articles: int) -> pd.DataFrame:
    """Each article with a translation and a spun version, both with more havens in them."""
    rows = []
    for i in range(articles):
        original = make_article(i)
        for kind, pivot, system, havens in (
            ("translated", "de", "engine", i % 5),
            ("spun", "", "x", 4),
        ):
            rows.append(
                {
                    "original": original,
                    "text": original.replace("harbour", "dock") + " haven" * havens + f" {kind}.",
                    "kind": kind,
                    "pivot": pivot,
                    "system": system,
                    "article_id": i,
                    "outlet": "gazette" if i % 2 else "courier",
                    "split": "test" if i % 3 else "train",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    make_pairs(30).to_csv(path, index=False)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(evaluate, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    figures: dict[str, Any] = json.loads(result.stdout)
    return figures


def test_pairs_are_measured_and_originals_scored_once(
    pairs: Path, detectors: dict[str | None, FakeDetector]
) -> None:
    result = run_json("--pairs", pairs)
    overall = result["figures"]["overall"]
    assert (overall["human"], overall["machine"], overall["human_articles"]) == (30, 60, 30)
    assert overall["auroc"]["value"] > 0.8
    assert len(detectors[None].asked) == len(set(detectors[None].asked)) == 90
    assert result["figures"]["by"]["kind"]["spun"]["auroc"]["value"] == 1.0
    assert set(result["figures"]["by"]) == {"pivot", "system", "kind", "outlet"}
    assert (result["model"], result["false_positive_rate"]) == ("fake@1", 0.01)
    assert result["files"].keys() == {str(pairs)}


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_other_forms_of_pairs_give_the_same(
    pairs: Path, suffix: str, detectors: dict[str | None, FakeDetector]
) -> None:
    other = pairs.with_suffix(suffix)
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
        make_pairs(30).to_parquet(other)
    else:
        make_pairs(30).to_json(other, orient="records", lines=True)
    assert run_json("--pairs", other)["figures"] == run_json("--pairs", pairs)["figures"]


def test_rows_of_one_side_are_human_text_or_unpaired_positives(
    pairs: Path, tmp_path: Path, detectors: dict[str | None, FakeDetector]
) -> None:
    more = tmp_path / "more.jsonl"
    rows = [{"original": make_article(100 + i)} for i in range(12)]
    rows += [{"text": make_article(200 + i) + " haven", "kind": "spun"} for i in range(5)]
    more.write_text("".join(json.dumps(row) + "\n" for row in rows))
    overall = run_json("--pairs", pairs, "--pairs", more)["figures"]["overall"]
    assert (overall["human"], overall["machine"]) == (42, 65)


def test_held_out_rows_alone_can_be_measured(
    pairs: Path, detectors: dict[str | None, FakeDetector]
) -> None:
    assert run_json("--pairs", pairs, "--held-out")["figures"]["overall"]["human"] == 20


def test_the_rate_is_the_callers(pairs: Path, detectors: dict[str | None, FakeDetector]) -> None:
    shares = [
        run_json("--pairs", pairs, "--fpr", rate)["figures"]["overall"]["true_positive_rate"]
        for rate in ("0.05", "0.01", "0.001")
    ]
    assert shares[0]["value"] > shares[1]["value"] > shares[2]["value"] == 0


def test_another_model_is_compared_figure_by_figure(
    pairs: Path, detectors: dict[str | None, FakeDetector]
) -> None:
    result = run_json("--pairs", pairs, "--compare", "blind")
    assert result["compared_model"] == "blind@2"
    cell = result["comparison"]["overall"]["auroc"]
    assert cell["verdict"] == "worse beyond noise"
    assert cell["difference"]["high"] < 0
    text = run("--pairs", pairs, "--compare", "blind").stdout
    assert "blind@2 (B) against fake@1 (A)" in text
    assert "| overall | AUROC |" in text


def test_what_is_not_english_is_counted(
    pairs: Path, detectors: dict[str | None, FakeDetector]
) -> None:
    frame = make_pairs(30)
    frame.loc[3, "text"] += " fremd"
    frame.to_csv(pairs, index=False)
    result = run("--pairs", pairs)
    assert "1 documents were not judged and are left out." in result.stdout


def test_doubtful_rows_are_named_on_standard_error(
    pairs: Path, detectors: dict[str | None, FakeDetector]
) -> None:
    frame = make_pairs(30)
    frame.loc[4, "text"] = frame.loc[4, "original"]
    frame.to_csv(pairs, index=False)
    result = run("--pairs", pairs, "--format", "json")
    assert result.exit_code == 0
    assert "pairs.csv row 6: original and text are the same" in result.stderr
    assert json.loads(result.stdout)["figures"]["overall"]["machine"] == 59


def test_plots_are_drawn_and_named(
    pairs: Path, tmp_path: Path, detectors: dict[str | None, FakeDetector]
) -> None:
    pytest.importorskip("matplotlib")
    result = run("--pairs", pairs, "--plots", tmp_path / "plots")
    assert result.exit_code == 0, result.output
    names = ("accuracy_by_length", "reliability", "roc", "scores")
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == [
        f"{name}{suffix}" for name in names for suffix in (".png", ".svg")
    ]
    assert f"wrote {tmp_path / 'plots' / 'roc.svg'}" in result.stderr


def test_without_matplotlib_nothing_is_scored_in_vain(
    pairs: Path,
    tmp_path: Path,
    detectors: dict[str | None, FakeDetector],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = run("--pairs", pairs, "--plots", tmp_path / "plots")
    assert result.exit_code == 2
    assert "pip install 'mt-artifact-detector[plots]'" in result.stderr
    assert detectors[None].asked == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --pairs FILE to measure on pairs of your own, or --corpora FOLDER"),
        (["--pairs", "pairs.csv", "--corpora", "."], "one of the two"),
        (["--corpora", ".", "--compare", "blind"], "--compare and --held-out go with --pairs"),
        (["--pairs", "pairs.csv", "--check"], "--check goes with --corpora"),
        (["--pairs", "missing.csv"], "does not exist"),
        (["--pairs", "bad.csv"], "bad.csv: has no column 'original' and no column 'text'"),
        (["--pairs", "late.csv", "--held-out"], "nothing to measure: no row has the split test"),
        (["--pairs", "pairs.csv", "--fpr", "0.2"], "'0.2' is not one of"),
    ],
)
def test_wrong_calls_exit_with_2_and_say_why(
    pairs: Path,
    detectors: dict[str | None, FakeDetector],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(pairs.parent)
    Path("bad.csv").write_text("id\n1\n")
    make_pairs(3).assign(split="train").to_csv("late.csv", index=False)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_corpora_are_compared_with_those_of_the_model(tmp_path: Path) -> None:
    known = tmp_path / "corpora" / "human_news.parquet"
    known.parent.mkdir()
    known.write_bytes(b"articles")
    (known.parent / "roundtrip_news.parquet").write_bytes(b"another year's")
    record = {"sha256": compute_checksum(known), "rows": 12}
    other = {"sha256": "0" * 64, "rows": 34}
    corpora = {"human_news.parquet": record, "roundtrip_news.parquet": other, "mine.csv": other}
    model = tmp_path / "model"
    write_bundle(model, {"settings.json": {}}, name="small", seed=1, corpora=corpora)
    result = run("--corpora", known.parent, "--model", model, "--check")
    assert result.exit_code == 1
    assert "docs/corpora.md says what each file holds" in result.stderr
    said = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert said["human_news.parquet"] == "the same"
    assert said["roundtrip_news.parquet"] == "another file: 34 rows were trained on"
    assert said["translated_news.parquet"] == "missing"
    assert "mine.csv" not in said
    result = run("--corpora", known.parent, "--model", model)
    assert result.exit_code == 2
    assert "translated_news.parquet" in result.stderr
    told = " ".join(result.stderr.split())
    assert "lacks 9 of the 11 files of the training corpora: edited_articles.parquet, " in told
    assert "the folder holds human_news.parquet, roundtrip_news.parquet. docs/corpora.md" in told


def test_documents_are_flagged_at_every_promised_rate(pairs: Path) -> None:
    documents, report = read_pair_documents([pairs])
    assert report.findings == []
    short = documents.iloc[:1].assign(text="haven " * 50)
    judged = score_pair_documents(FakeDetector(), pd.concat([documents, short]))  # type: ignore[arg-type]
    flagged = flag_at_rates(FakeDetector(), judged)  # type: ignore[arg-type]
    assert list(flagged) == sorted(THRESHOLDS)
    assert (flagged[0.01] == judged["flagged"].to_numpy()).all()
    assert judged["flagged"].any()
    assert flagged[0.05].sum() > flagged[0.01].sum() > flagged[0.001].sum()
    # Under sixty words nothing is flagged, however sure, nor where there is another reason.
    assert judged["probability"].iloc[-1] == 0.98
    assert not flagged[0.05][-1]
    held = judged.assign(reason="misspelt: 9 of 80 longer words")
    assert not any(of_rate.any() for of_rate in flag_at_rates(FakeDetector(), held).values())  # type: ignore[arg-type]
    # A model that promises nothing at one rate may promise something at another.
    other = judged.assign(reason="no threshold: this model guarantees none at 0.1")
    assert flag_at_rates(FakeDetector(), other)[0.05][:-1].any()  # type: ignore[arg-type]


def test_scored_documents_of_the_corpora_can_be_drawn(
    draw_documents: Any, synthetic_classifier: Any
) -> None:
    documents = draw_documents(60, 30, seed=9)
    scored = score_documents(documents, synthetic_classifier)
    frame = scored.to_frame(0.05)
    assert (frame["flagged"] == (frame["score"] >= 0)).all()
    assert (frame["flagged"] == scored.flagged[0.05]).all()
    assert frame["probability"].between(0, 1).all()
    assert set(frame["outlet"]) == {"gazette", "courier"}
    assert frame.loc[frame["label"] != "original", "flagged"].mean() > 0.5
    documents.frame["stopped"] = True
    assert not score_documents(documents, synthetic_classifier).to_frame(0.05)["flagged"].any()
