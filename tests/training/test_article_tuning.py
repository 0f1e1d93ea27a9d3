"""Runs of articles are drawn, ranked and learnt from, and an interrupted run goes on."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from detector.evidence import SENTENCE_CLASSES  # noqa: E402
from detector.training.article_tuning import (  # noqa: E402
    QUESTIONS,
    ArticleTuningConfig,
    ArticleVersion,
    _draw,
    _prepare,
    rank_runs,
    tune_on_articles,
)
from detector.training.pairs import label_pair  # noqa: E402

NATIVE, TRANSLATED, SPUN, TRANSLATOR = range(4)
PLACES = ("harbour", "market", "school", "station", "chapel", "library")
COMMON = frozenset(
    "the men of closed haven did commence and a was waited for council in monday at noon old elderly "
    "harbour market school station chapel library".split()
)
CONFIG = ArticleTuningConfig(
    corpora={"news": 2.0, "translators": 1.0},
    people_corpora={"news": 1.0},
    steps=120,
    learning_rate=2e-2,
    layers=2,
    run=3,
    runs=4,
    people=2,
    average=0.5,
    chunks=2,
    checkpoint_every=8,
    validate_every=30,
)


def silent(line: str) -> None:
    """Progress that nobody reads."""


def make_version(corpus: str, number: int, kind: str) -> ArticleVersion:
    place = PLACES[number % len(PLACES)]
    people = [
        f"The old men of the {place} waited.",
        f"At noon the {place} was closed.",
        f"The council waited for the {place}.",
        f"The men closed the {place}.",
    ]
    machine = [
        s.replace("waited", "did commence").replace("old", "elderly").replace("closed", "haven")
        for s in people
    ]
    pairs = [
        label_pair(p, m, kind, COMMON, is_translation=corpus == "translators")
        for p, m in zip(people, machine, strict=True)
    ]
    return ArticleVersion(corpus, f"{corpus} {number}", pairs)


VERSIONS = [make_version("news", n, ("translated", "spun")[n % 2]) for n in range(6)] + [
    make_version("translators", n, "translated") for n in range(6)
]


# --------------------------------------------------------------------------------------
# What is asked
# --------------------------------------------------------------------------------------


def test_classes_are_those_of_sentences() -> None:
    assert (
        SENTENCE_CLASSES[NATIVE],
        SENTENCE_CLASSES[TRANSLATED],
        SENTENCE_CLASSES[SPUN],
        SENTENCE_CLASSES[TRANSLATOR],
    ) == ("native", "translated", "spun", "human_translation")


def column(question: str, values: list[float]) -> Any:
    scores = torch.zeros(len(values), len(QUESTIONS))
    scores[:, QUESTIONS.index(question)] = torch.tensor(values)
    return scores


def softplus(value: float) -> float:
    return float(torch.nn.functional.softplus(torch.tensor(value)))


def test_lean_is_weighed_against_how_people_differ() -> None:
    # one original at 1, its version at 3, another person's run at 4
    labels = [NATIVE, TRANSLATED, NATIVE]
    loss = rank_runs(column("translated", [1.0, 3.0, 4.0]), labels, paired=1)
    lean, apart = 2.0, 3.0
    expected = (2 * softplus(-lean) + softplus(-lean - apart) + softplus(-lean + apart)) / 4
    assert float(loss) == pytest.approx(expected)


def test_telling_outlets_apart_gains_nothing() -> None:
    labels = [NATIVE, TRANSLATED, NATIVE, NATIVE]
    together = rank_runs(column("translated", [0.0, 1.0, 0.1, -0.1]), labels, paired=1)
    below = rank_runs(column("translated", [0.0, 1.0, -8.0, -8.2]), labels, paired=1)
    above = rank_runs(column("translated", [0.0, 1.0, 8.0, 7.8]), labels, paired=1)
    assert together < below
    assert together < above


@pytest.mark.parametrize(
    ("question", "labels"),
    [
        ("translated", [NATIVE, TRANSLATED]),
        ("spun", [NATIVE, SPUN]),
        ("spun", [TRANSLATOR, SPUN]),
        ("machine", [TRANSLATOR, TRANSLATED]),
    ],
)
def test_each_kind_of_run_answers_its_own_question(question: str, labels: list[int]) -> None:
    nothing = float(rank_runs(column(question, [0.0, 0.0]), labels, paired=1))
    assert nothing == pytest.approx(softplus(0.0))
    assert rank_runs(column(question, [0.0, 5.0]), labels, paired=1) < 0.1 * nothing
    for other in set(QUESTIONS) - {question}:
        unmoved = rank_runs(column(other, [0.0, 5.0]), labels, paired=1)
        assert float(unmoved) == pytest.approx(nothing)


# --------------------------------------------------------------------------------------
# What is drawn
# --------------------------------------------------------------------------------------


def test_batch_holds_originals_their_versions_and_other_people(tiny_base: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tiny_base))
    articles = _prepare(VERSIONS, tokenizer, CONFIG)
    assert {name: len(found) for name, found in articles.items()} == {"news": 6, "translators": 6}
    batch = _draw(articles, CONFIG, random.Random(1))
    assert len(batch.run_labels) == 2 * CONFIG.runs + CONFIG.people
    assert set(batch.run_labels[: CONFIG.runs]) <= {NATIVE, TRANSLATOR}
    assert set(batch.run_labels[CONFIG.runs : 2 * CONFIG.runs]) <= {TRANSLATED, SPUN}
    assert batch.run_labels[2 * CONFIG.runs :] == [NATIVE] * CONFIG.people
    # runs of three sentences, each of one article, in order
    assert batch.run_of == [run for run in range(len(batch.run_labels)) for _ in range(CONFIG.run)]
    assert batch.paired == CONFIG.runs * CONFIG.run
    again = _draw(articles, CONFIG, random.Random(1))
    assert [s.ids.tolist() for s in again.sides] == [s.ids.tolist() for s in batch.sides]


def test_short_article_is_one_run(tiny_base: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tiny_base))
    short = [dataclasses.replace(v, pairs=v.pairs[:2]) for v in VERSIONS]
    batch = _draw(_prepare(short, tokenizer, CONFIG), CONFIG, random.Random(1))
    assert batch.run_of == [run for run in range(len(batch.run_labels)) for _ in range(2)]


# --------------------------------------------------------------------------------------
# Tuning
# --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tuned(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """An encoder tuned without interruption, and the folder of its run."""
    output = tmp_path_factory.mktemp("articles")
    return tune_on_articles(tiny_base, VERSIONS, output, CONFIG, report=silent), output


def test_runs_are_told_apart_better_and_better(tuned: tuple[Any, Path]) -> None:
    records = [json.loads(line) for line in (tuned[1] / "articles.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [30, 60, 90, 120]
    assert records[-1]["run"] < 0.7 * records[0]["run"]
    assert json.loads((tuned[1] / "articles.json").read_text())["run"] == 3


def test_word_embeddings_stay(tuned: tuple[Any, Path], tiny_base: Path) -> None:
    base = transformers.AutoModel.from_pretrained(str(tiny_base))
    words = tuned[0].transformer.embeddings.word_embeddings.weight
    assert torch.equal(words, base.embeddings.word_embeddings.weight)


class SwitchedOffError(Exception):
    """Stands for a machine that was switched off."""


def test_resumed_run_ends_where_an_uninterrupted_one_does(
    tuned: tuple[Any, Path], tiny_base: Path, tmp_path: Path
) -> None:
    def interrupt(encoder: Any, head: Any, tokenizer: Any) -> dict[str, float]:
        if len(list(tmp_path.glob("articles.pt"))):
            raise SwitchedOffError
        return {}

    with pytest.raises(SwitchedOffError):
        tune_on_articles(tiny_base, VERSIONS, tmp_path, CONFIG, validate=interrupt, report=silent)
    assert torch.load(tmp_path / "articles.pt", weights_only=True)["step"] == 24
    resumed = tune_on_articles(tiny_base, VERSIONS, tmp_path, CONFIG, resume=True, report=silent)
    for name, values in resumed.state_dict().items():
        torch.testing.assert_close(values, tuned[0].state_dict()[name], rtol=0, atol=1e-6)


def test_checkpoint_of_another_run_is_refused(tuned: tuple[Any, Path], tiny_base: Path) -> None:
    other = dataclasses.replace(CONFIG, learning_rate=1e-3)
    with pytest.raises(ValueError, match="another configuration"):
        tune_on_articles(tiny_base, VERSIONS, tuned[1], other, resume=True, report=silent)


def test_tuning_goes_on_from_given_weights(tuned: tuple[Any, Path], tiny_base: Path) -> None:
    still = dataclasses.replace(CONFIG, steps=1, learning_rate=0.0, average=0.0)
    start = tuned[0].state_dict()
    output = tuned[1] / "further"
    again = tune_on_articles(tiny_base, VERSIONS, output, still, start=start, report=silent)
    for name, values in again.state_dict().items():
        torch.testing.assert_close(values, start[name])
