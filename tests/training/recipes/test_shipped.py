"""The whole recipe of the shipped model, small: from invented corpora to a model that loads."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from invented_corpora import translate, write_sentences, write_synonym_lists
from invented_documents import write_document_corpora

pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("onnx")

from detector.cli.train import train
from detector.comparison.pair_features import PAIR_COLUMNS
from detector.detector import Detector
from detector.errors import DetectorError
from detector.features.encoder import SentenceEncoder
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.model.linear import LinearScorer
from detector.model.parts import TRAINING_LOG
from detector.training.fitting.comparison import EXCERPT_LABELS
from detector.training.fitting.directions import fill_matrix
from detector.training.fitting.feature_table import FOLDS, assign_folds
from detector.training.recipes.broad.settings import BroadMix
from detector.training.recipes.fold_models import FoldModels
from detector.training.recipes.shipped import list_steps, train_shipped_model, write_model
from detector.training.recipes.shipped_settings import (
    LICENCE,
    PERMISSIVE_LICENCE,
    PERMISSIVE_PROVENANCE,
    Amounts,
    ShippedSettings,
)
from detector.training.recipes.work_files import load_detector, read_arrays, read_pair_features
from detector.training.retraining.replay_data import load_replay_data

pytestmark = pytest.mark.slow

AMOUNTS = Amounts(
    layers=2,
    tuning={"exits": {1: 0.3, 2: 1.0}, "checkpoint_every": 20, "validate_every": 40},
    human_documents=30,
    machine_documents=10,
    spun_documents=6,
    evaluated_documents=6,
    pairs={"dev": 7, "test": 7},
    marked_documents={"dev": 12, "test": 6},
    spun_for_words=1,
    experts_share=0.6,
)  # fmt: skip

ORIGINAL = "\n".join(write_sentences("an article that is in no corpus", 12))
COPY = "\n".join(translate(sentence, "de", "opus") for sentence in ORIGINAL.split("\n"))


class Made(NamedTuple):
    """A model that the recipe made, the recipe's settings, and its work folder."""

    bundle: Bundle
    settings: ShippedSettings
    work: Path


@pytest.fixture(scope="module")
def made(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("recipe")
    settings = ShippedSettings(
        write_document_corpora(folder / "corpora"),
        folder / "models" / "default",
        str(tiny_base),
        amounts=AMOUNTS,
        lists=write_synonym_lists(folder / "lists"),
        mix=BroadMix(sentences=1500),
    )
    bundle = train_shipped_model(settings, folder / "work", report=lambda line: None)
    assert bundle is not None
    return Made(bundle, settings, folder / "work")


def list_files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --------------------------------------------------------------------------------------
# What is made
# --------------------------------------------------------------------------------------


def test_the_model_scores_compares_and_points(made: Made) -> None:
    detector = Detector.load(made.bundle.folder, threads=1)
    human, machine = detector.score([ORIGINAL, COPY], false_positive_rate=0.05, artifacts="all")
    assert human.probability is not None
    assert machine.probability is not None
    assert human.probability < machine.probability
    assert not human.flagged
    assert machine.flagged
    assert machine.artifacts
    comparison = detector.compare(COPY, ORIGINAL)
    assert comparison.relation == "machine-rewritten"
    assert comparison.substitutions


def test_card_and_manifest_say_what_was_measured(made: Made) -> None:
    manifest = made.bundle.manifest
    assert set(manifest.figures) == {
        "out of fold", "documents", "labels", "sentences", "false_positives_test",
        "leave one register out", "comparison", "artifacts",
    }  # fmt: skip
    assert manifest.corpora["human_news.parquet"]["rows"] == 135
    assert "score" in manifest.thresholds["0.05"]
    assert manifest.thresholds["0.001"]["withheld"]
    card = (made.bundle.folder / "model_card.md").read_text(encoding="utf-8")
    for title in ("Thresholds", "By document", "A copy against its original", "Spans"):
        assert f"## {title}" in card
    assert f"| excerpts of | {' | '.join(EXCERPT_LABELS)} |" in card
    excerpts = manifest.figures["comparison"]["test"]["excerpts"]
    (trips,) = (row for row in excerpts if row["kind"] == "news round trips")
    shares = [f"{n} of {of}" if of else "–" for of, n in (trips[name] for name in EXCERPT_LABELS)]
    assert f"| news round trips | {' | '.join(shares)} |" in card
    assert any(row[name][0] for row in excerpts for name in EXCERPT_LABELS)


def test_pairs_are_scored_by_what_saw_nothing_of_their_articles(made: Made) -> None:
    detector = load_detector(made.work, threads=1)
    documents = pd.read_parquet(made.work / "development_documents.parquet")
    pairs = read_pair_features(made.work / "comparison_features")
    scores = pairs.columns[:, PAIR_COLUMNS.index("original_log_odds")]
    is_fitted = pairs.frame["original_article_id"].isin(documents["article_id"])
    unknown = ~is_fitted & ~pairs.frame["original"].isin(documents["text"])
    checked = 0
    for row in pairs.frame[is_fitted].drop_duplicates("original").itertuples():
        features = detector.extractor.extract(detector.extractor.read(row.original))
        (fold,) = assign_folds(pd.Series([row.original_article_id]), FOLDS)
        arrays = read_arrays(made.work / "fold_models" / f"{fold}.safetensors")
        directions = LinearScorer.from_arrays(arrays, "directions")
        classifier = DocumentClassifier.from_arrays(arrays)
        matrix = fill_matrix(features.matrix, features.embeddings, directions)
        summary = replace(features, matrix=matrix).summary
        expected = classifier.score(summary[None], np.array([features.words]))[0][0]
        assert scores[row.Index] == pytest.approx(expected, abs=1e-4)
        assert scores[row.Index] != pytest.approx(detector.measure_log_odds(features), abs=1e-4)
        checked += 1
    assert checked > 2
    for row in pairs.frame[unknown].drop_duplicates("original").itertuples():
        features = detector.extractor.extract(detector.extractor.read(row.original))
        assert scores[row.Index] == pytest.approx(detector.measure_log_odds(features), abs=1e-4)
        checked += 100
    assert checked > 100


def test_a_text_is_of_the_article_that_it_was_fitted_on_as(made: Made) -> None:
    documents = pd.read_parquet(made.work / "development_documents.parquet")
    models = FoldModels.read(made.work / "fold_models", made.work / "development_documents.parquet")
    known, other = documents["text"].iloc[0], documents["text"].iloc[-1]
    ids = models.articles[known], models.articles[other]
    assert ids[0] != ids[1]
    rows = [
        ("edited", known, "a", "a"), (other, known, "a", "b"), (known, "new", "a", "a"),
        (known, "new", "a", "b"),
    ]  # fmt: skip
    pairs = pd.DataFrame(rows, columns=["copy", "original", "article_id", "original_article_id"])
    pairs = pairs.assign(pair=[5, 6, 7, 8], is_excerpt=False)
    excerpt = pairs.iloc[[1]].assign(copy=other[:50], original=known[:50], is_excerpt=True)
    named = models.name_articles(pd.concat([pairs, excerpt], ignore_index=True))
    assert named["article_id"].tolist() == [ids[0], ids[1], "a", ids[0], ids[1]]
    assert named["original_article_id"].tolist() == [ids[0], ids[0], "a", "b", ids[0]]


def test_a_model_of_permissive_corpora_says_so(made: Made, tmp_path: Path) -> None:
    assert made.bundle.manifest.licence == LICENCE
    settings = replace(
        made.settings,
        output=tmp_path / "models" / "default",
        mix=replace(made.settings.mix, permissive=True),
    )
    write_model(settings, [], made.work, tmp_path)
    manifest = Bundle.open(settings.output).manifest
    assert manifest.licence == PERMISSIVE_LICENCE
    assert manifest.provenance.endswith(PERMISSIVE_PROVENANCE)
    licence = manifest.corpora["paraphrased_documents.parquet"]["licence"]
    assert licence == "none stated, research use; not trained on"
    card = (settings.output / "model_card.md").read_text(encoding="utf-8")
    assert PERMISSIVE_LICENCE in card
    assert licence in card


def test_the_log_of_the_run_goes_into_the_model(made: Made) -> None:
    log = made.bundle.read_json(TRAINING_LOG)
    names = [step.name for step in list_steps(made.settings)]
    assert [record["step"] for record in log] == names[:-1]
    for record in log:
        assert record["seconds"] >= 0
        assert record["versions"]["numpy"]
        assert all(len(checksum) == 64 for checksum in record["outputs"].values())
    assert str(made.work.parent) not in json.dumps(log)


def test_replay_data_lies_beside_the_model(made: Made) -> None:
    replay = load_replay_data(made.bundle)
    assert set(replay.frame["label"]) == {"original", "translated", "spun"}
    assert replay.fingerprints is not None


# --------------------------------------------------------------------------------------
# Resuming
# --------------------------------------------------------------------------------------


class SwitchedOffError(BaseException):
    """Stands for a machine that was switched off."""


def test_a_killed_run_ends_where_an_uninterrupted_one_does(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    shutil.copytree(made.work, work)
    settings = replace(made.settings, output=tmp_path / "models" / "default")
    steps = [step.name for step in list_steps(settings)]
    killed = steps.index("comparison")
    for step in list_steps(settings)[killed:]:
        (work / "steps" / f"{step.name}.json").unlink()
        for name in step.outputs:
            if (work / name).is_file():
                (work / name).unlink()
            elif (work / name).is_dir() and work in (work / name).parents:
                shutil.rmtree(work / name)

    def write_half(path: Path, value: object) -> None:
        path.write_text("{")
        raise SwitchedOffError

    said: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("detector.training.recipes.work_files.write_json", write_half)
        with pytest.raises(SwitchedOffError):
            train_shipped_model(settings, work, report=said.append)
    assert said == [*(f"{name}: done before" for name in steps[:killed]), "comparison …"]
    assert not (work / "comparison.json").exists()
    assert not (work / "comparison.safetensors").exists()

    resumed = train_shipped_model(settings, work, report=said.append)
    assert resumed is not None
    for ours, theirs in ((work, made.work), (resumed.folder, made.bundle.folder)):
        one, other = list_files(ours), list_files(theirs)
        assert set(one) == set(other)
        # Times differ, and so does whatever tells them.
        told = {n for n in one if n.startswith("steps/")} | {TRAINING_LOG, "manifest.json"}
        assert [name for name in one if name not in told and one[name] != other[name]] == []


def test_nothing_is_made_twice(made: Made) -> None:
    said: list[str] = []
    again = train_shipped_model(made.settings, made.work, report=said.append)
    assert again is not None
    assert again.identifier == made.bundle.identifier
    assert all(line.endswith(": done before") for line in said)


def test_another_setting_runs_what_depends_on_it(made: Made, tmp_path: Path) -> None:
    fewer = replace(AMOUNTS, evaluated_documents=5)
    steps = list_steps(replace(made.settings, amounts=fewer))
    assert [s.name for s in steps if not s.is_done(made.work)] == ["evaluation_documents"]
    other = list_steps(replace(made.settings, output=tmp_path / "elsewhere"))
    assert [s.name for s in other if not s.is_done(made.work)] == ["bundle"]


# --------------------------------------------------------------------------------------
# What is refused
# --------------------------------------------------------------------------------------


def test_a_missing_list_is_named_before_anything_runs(made: Made, tmp_path: Path) -> None:
    lists = replace(made.settings.lists, aiksaurus=tmp_path / "none", apertium="no-such-command")
    with pytest.raises(DetectorError) as caught:
        train_shipped_model(replace(made.settings, lists=lists), tmp_path / "work")
    assert str(caught.value).endswith(
        "install them with: apt-get install apertium-eng-cat apertium-eng-spa libaiksaurus-1.2-data"
    )
    assert not (tmp_path / "work").exists()


def test_without_a_base_there_must_be_a_tuned_encoder(made: Made, tmp_path: Path) -> None:
    given = replace(made.settings, encoder_base=None)
    assert "encoder" not in [step.name for step in list_steps(given)]
    with pytest.raises(DetectorError, match="holds no tuned encoder"):
        train_shipped_model(given, tmp_path / "work")


# --------------------------------------------------------------------------------------
# The command
# --------------------------------------------------------------------------------------


def test_the_command_runs_the_steps_that_are_asked_for(made: Made, tmp_path: Path) -> None:
    asked = ["--corpora", str(made.settings.corpora), "--work", str(tmp_path / "work")]
    result = CliRunner().invoke(train, [*asked, "--until", "broad_mix", "--sentences", "1500"])
    assert result.exit_code == 0, result.output
    assert [p.name for p in (tmp_path / "work").glob("*.json")] == ["common_words.json"]
    listed = CliRunner().invoke(train, [*asked, "--list-steps"]).output.splitlines()
    assert len(listed) == len(list_steps(made.settings))
    assert listed[0].split()[:2] == ["broad_mix", "to"]
    assert [line.split()[1:3] for line in listed[1:]] == [["to", "do"]] * (len(listed) - 1)


def test_a_models_encoder_is_put_beside_the_tuned_one(made: Made, tmp_path: Path) -> None:
    settings = replace(
        made.settings,
        output=tmp_path / "accurate",
        name="accurate",
        beside=made.bundle.folder,
        amounts=replace(AMOUNTS, likelier_people=True),
    )
    names = [step.name for step in list_steps(settings)]
    assert names[1:3] == ["encoder", "joint_encoder"]
    work = shutil.copytree(made.work, tmp_path / "work")
    without = replace(settings, encoder_base=None)
    with pytest.raises(DetectorError, match=r"\(tuned_heads.safetensors is missing"):
        train_shipped_model(without, work, only="joint_encoder")
    (work / "encoder").rename(work / "tuned_encoder")
    (work / "heads.safetensors").rename(work / "tuned_heads.safetensors")
    bundle = train_shipped_model(without, work, report=lambda line: None)
    assert bundle is not None
    assert f"beside it that of {made.bundle.identifier}" in bundle.manifest.provenance
    detector = Detector.load(bundle.folder, threads=1)
    assert detector.classifier.likelier_people
    assert detector.compare(COPY, ORIGINAL).relation == "machine-rewritten"
    alone = SentenceEncoder(made.work / "encoder", threads=1).embed([ORIGINAL])
    joint = SentenceEncoder(work / "encoder", threads=1).embed([ORIGINAL])
    np.testing.assert_allclose(joint, np.hstack([alone, alone]), atol=1e-6)
    heads = [read_arrays(folder / "heads.safetensors") for folder in (made.work, work)]
    one, both = (heads[i]["class_weights"].T @ states[0] for i, states in enumerate([alone, joint]))
    np.testing.assert_allclose(one, both, atol=1e-4)


def test_steps_are_listed_without_corpora() -> None:
    result = CliRunner().invoke(train, ["--list-steps"])
    assert result.exit_code == 0
    assert "bundle" in result.output
