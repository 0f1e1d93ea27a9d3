"""Retraining, from the user's file to a model that loads and scores, or to a clear refusal."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bundles import write_bundle
from click.testing import CliRunner

from detector import Detector
from detector.cli.train import _name_command, train
from detector.errors import BundleError, DetectorError
from detector.features.extractor import FeatureExtractor
from detector.features.ngrams import hash_words
from detector.model import parts
from detector.model.adapter import MachineFingerprint
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.training.corpora.pairs_files import PairsError
from detector.training.evaluation.regression_check import SetComparison
from detector.training.fitting.feature_table import FOLDS, assign_folds
from detector.training.fitting.fingerprints import DocumentFingerprints
from detector.training.generation.apertium import ApertiumError
from detector.training.retraining import retrain as retrain_module
from detector.training.retraining.replay_data import (
    FINGERPRINTS_FILE,
    ReplayDataError,
    load_replay_data,
    locate_replay_data,
)
from detector.training.retraining.retrain import WorseModelError, retrain
from detector.training.retraining.settings import RetrainSettings, check_output
from detector.training.retraining.user_features import _check_folds, prepare_documents
from detector.training.retraining.writing import write_retrained

ROOT = Path(__file__).parents[3]
PAIRS = ROOT / "data" / "pairs.csv"
MakePairs = Callable[..., pd.DataFrame]
#: The invented pairs move the tiny model's figures as no real pairs would.
ACCEPTED = RetrainSettings(accept_regression=True, command="train.py --pairs pairs.csv")


def write(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path


def retrain_quietly(
    paths: list[Path], base: Path, output: Path, settings: RetrainSettings = ACCEPTED
) -> tuple[Bundle, str]:
    said: list[str] = []
    check_output(output)
    bundle = write_retrained(retrain(paths, base, settings, said.append), output, said.append)
    return bundle, "\n".join(said)


def copy_with_replay_data(model: Path, folder: Path) -> Path:
    for source in (model, locate_replay_data(model)):
        shutil.copytree(source, folder / source.name)
    return folder / model.name


def add_to_replay_data(model: Path, fresh: dict[str, Any]) -> None:
    replay = Bundle.open(locate_replay_data(model))
    kept: dict[str, Any] = {name: replay.path(name) for name in replay.manifest.files}
    write_bundle(
        replay.folder, kept | fresh, name="replay", seed=3, figures=replay.manifest.figures
    )


def list_files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def retrained(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Bundle, str, Path]:
    """A model at the depth of the classifier, what was said, and the folder of its pairs."""
    folder = tmp_path_factory.mktemp("retrained")
    path = write(make_pairs(20).assign(outlet="the gazette"), folder / "pairs.csv")
    bundle, said = retrain_quietly([path], tiny_base_bundle, folder / "mine")
    return bundle, said, folder


# --------------------------------------------------------------------------------------
# What is written
# --------------------------------------------------------------------------------------


def test_retrained_model_scores(retrained: tuple[Bundle, str, Path], machine_article: str) -> None:
    bundle, _, _ = retrained
    verdict = Detector.load(bundle.folder, threads=1).score(machine_article)
    assert verdict.probability is not None
    assert "mine@" in verdict.signature


def test_evidence_is_kept_and_added_to(
    retrained: tuple[Bundle, str, Path], tiny_base_bundle: Path
) -> None:
    bundle, _, _ = retrained
    kept, old = (load_replay_data(b) for b in (bundle, Bundle.open(tiny_base_bundle)))
    frame = kept.frame
    assert len(frame) == len(old.frame) + 40
    assert frame["added"].sum() == 40
    assert set(frame.loc[frame["added"], "group"]) == {"the gazette"}
    for before, after in zip(old.matrices, kept.matrices, strict=False):
        np.testing.assert_array_equal(before, after)
    # neither text nor the user's file names go into a model
    assert not {"text", "file", "row"} & set(frame.columns)


def test_what_was_done_is_in_the_card(retrained: tuple[Bundle, str, Path]) -> None:
    bundle, said, _ = retrained
    assert "20 original documents" in said
    assert "old model → new, your articles, out of fold" in said
    card = (bundle.folder / "model_card.md").read_text(encoding="utf-8")
    for expected in (
        "`train.py --pairs pairs.csv`", "## Limits", "| pairs.csv | 20 |", "not stated",
        "## Against base@", "## By group", "–", "too few to guarantee it",
    ):  # fmt: skip
        assert expected in card
    content = json.loads((bundle.folder / "model_card.json").read_text(encoding="utf-8"))
    assert content["seed"] == ACCEPTED.seed
    assert content["data"]["pairs.csv"]["sha256"] == bundle.manifest.corpora["pairs.csv"]["sha256"]
    assert content["versions"]["python"]
    assert content["figures"]["retraining"]["validation"]["counts"]["rows"] == 20
    assert "the replay data of the old model, out of fold" in str(content["figures"]["retraining"])


def test_same_pairs_give_the_same_model(
    retrained: tuple[Bundle, str, Path], tiny_base_bundle: Path
) -> None:
    bundle, _, folder = retrained
    (folder / "again").mkdir(exist_ok=True)
    again, _ = retrain_quietly([folder / "pairs.csv"], tiny_base_bundle, folder / "again" / "mine")
    first, second = list_files(bundle.folder), list_files(again.folder)
    manifests = [json.loads(files.pop("manifest.json")) for files in (first, second)]
    assert first == second
    for manifest in manifests:
        del manifest["created"]
    assert manifests[0] == manifests[1]


def test_an_article_that_is_brought_again_replaces_itself(
    retrained: tuple[Bundle, str, Path], tmp_path: Path
) -> None:
    bundle, _, folder = retrained
    again, _ = retrain_quietly([folder / "pairs.csv"], bundle.folder, tmp_path / "twice")
    assert len(load_replay_data(again).frame) == len(load_replay_data(bundle).frame)
    assert again.manifest.figures["retraining"]["documents of the base replaced"] == 40


def test_held_out_articles_are_measured_and_not_learnt(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    frame = make_pairs(24).assign(split=["train"] * 12 + ["test"] * 12)
    bundle, said = retrain_quietly(
        [write(frame, tmp_path / "pairs.csv")], tiny_base_bundle, tmp_path / "mine"
    )
    assert "old model → new, your held-out articles" in said
    assert load_replay_data(bundle).frame["added"].sum() == 24
    measured = bundle.manifest.figures["your documents"]
    assert measured["overall"]["human"] == 12


def test_a_file_that_is_given_twice_is_described_once(
    tiny_base_bundle: Path,
    make_pairs: MakePairs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(make_pairs(12), tmp_path / "pairs.csv")
    monkeypatch.chdir(tmp_path)
    bundle, said = retrain_quietly([path, Path("pairs.csv")], tiny_base_bundle, tmp_path / "mine")
    assert "warning: a file was given more than once; it is read once" in said
    assert "same row again" not in said
    assert {name: c["rows"] for name, c in bundle.manifest.corpora.items()} == {"pairs.csv": 12}
    assert "refitted on pairs.csv, on top of" in bundle.manifest.provenance


def test_ways_to_augment_that_fail_are_told(
    make_pairs: MakePairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from detector.training.generation import augmentation

    def fail(seed: int) -> augmentation.Maker:
        raise ApertiumError("apertium eng-spa failed: out of memory")

    monkeypatch.setattr(augmentation, "METHODS", {"apertium-spa": fail})
    path, said = write(make_pairs(12), tmp_path / "pairs.csv"), list[str]()
    prepare_documents([path], RetrainSettings(augment=("all",)), said.append)
    assert said[-1] == "not used: apertium-spa: apertium eng-spa failed: out of memory"


def test_augmented_rows_are_reported(
    tiny_base_bundle: Path,
    make_pairs: MakePairs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from detector.training.generation import augmentation

    def shout(texts: list[str], articles: list[str]) -> list[str]:
        return [text.replace("the council", "the aqueous council") for text in texts]

    maker = augmentation.Maker("shouter", "spun", "", shout)
    monkeypatch.setattr(augmentation, "METHODS", {"shouter": lambda seed: maker})
    settings = RetrainSettings(accept_regression=True, augment=("shouter",))
    path = write(make_pairs(12), tmp_path / "pairs.csv")
    bundle, said = retrain_quietly([path], tiny_base_bundle, tmp_path / "mine", settings)
    made = bundle.manifest.figures["retraining"]["augmented"]["shouter"]
    assert 0 < made <= 12
    assert f"augmented by shouter: {made} documents" in said
    systems = load_replay_data(bundle).frame["system"]
    assert (systems == "augmented: shouter").sum() == made


# --------------------------------------------------------------------------------------
# Thresholds alone
# --------------------------------------------------------------------------------------


def test_thresholds_of_a_new_outlet_leave_the_scorer(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    """Articles whose every text looks like a machine's stand for an outlet that is over-flagged."""
    frame = make_pairs(100)
    human = pd.DataFrame({"original": frame["text"], "outlet": "the elderly haven"})
    settings = RetrainSettings(depth="thresholds", accept_regression=True)
    bundle, _ = retrain_quietly(
        [write(human, tmp_path / "human.csv")], tiny_base_bundle, tmp_path / "mine", settings
    )
    base = Bundle.open(tiny_base_bundle)
    before, after = (b.read_arrays("classifier.safetensors") for b in (base, bundle))
    for name in ("center", "scale", "document_weights", "document_bias"):
        np.testing.assert_array_equal(before[name], after[name])
    old, new = (
        Detector.load(folder, threads=1).score(human["original"].tolist(), false_positive_rate=0.05)
        for folder in (tiny_base_bundle, bundle.folder)
    )
    assert sum(verdict.flagged for verdict in old) > 10
    assert sum(verdict.flagged for verdict in new) <= 5
    kept = load_replay_data(bundle).frame
    added = kept[kept["added"]]
    assert not added["fitted"].any()
    assert added["guaranteed"].all()


def test_thresholds_need_enough_human_articles(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    path = write(make_pairs(20)[["original"]], tmp_path / "human.csv")
    with pytest.raises(PairsError, match="20 human articles guarantee no false-positive rate"):
        retrain_quietly(
            [path], tiny_base_bundle, tmp_path / "mine", RetrainSettings(depth="thresholds")
        )
    assert not (tmp_path / "mine").exists()


# --------------------------------------------------------------------------------------
# What is refused
# --------------------------------------------------------------------------------------


def test_a_worse_model_is_not_written(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        retrain_module, "compare_sets", lambda *_: SetComparison({}, ["overall: AUROC .9 → .5"])
    )
    path = write(make_pairs(12), tmp_path / "pairs.csv")
    with pytest.raises(WorseModelError, match=r"AUROC \.9 → \.5\n.*--accept-regression"):
        retrain_quietly([path], tiny_base_bundle, tmp_path / "mine", RetrainSettings())
    assert not (tmp_path / "mine").exists()
    bundle, _ = retrain_quietly([path], tiny_base_bundle, tmp_path / "mine")
    card = (bundle.folder / "model_card.md").read_text(encoding="utf-8")
    assert "## Worse than its base\n\nThis model was written although:\n\n- overall" in card
    assert bundle.manifest.figures["retraining"]["regression accepted"]


def test_a_full_disk_leaves_what_was_there(
    retrained: tuple[Bundle, str, Path],
    tiny_base_bundle: Path,
    make_pairs: MakePairs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for folder in (retrained[0].folder, locate_replay_data(retrained[0].folder)):
        shutil.copytree(folder, tmp_path / folder.name)
    before = list_files(tmp_path)
    write_bytes = Path.write_bytes

    def fill(path: Path, data: bytes) -> int:
        if path.name == "features.safetensors":
            write_bytes(path, data[:100])
            raise OSError(28, "No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", fill)
    path = write(make_pairs(12), tmp_path / "pairs.csv")
    with pytest.raises(DetectorError, match=r"could not be written.*No space left"):
        retrain_quietly([path], tiny_base_bundle, tmp_path / "mine")
    # no half of a model, no picture of one
    path.unlink()
    assert list_files(tmp_path) == before


def test_a_newer_base_is_refused(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    newer = shutil.copytree(tiny_base_bundle, tmp_path / "newer")
    manifest = json.loads((newer / "manifest.json").read_text())
    (newer / "manifest.json").write_text(json.dumps(manifest | {"format_version": 99}))
    path = write(make_pairs(12), tmp_path / "pairs.csv")
    with pytest.raises(BundleError, match=r"written in format 99.*update"):
        retrain_quietly([path], newer, tmp_path / "mine")


def test_a_base_without_replay_data_is_refused(
    tiny_bundle: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    path = write(make_pairs(12), tmp_path / "pairs.csv")
    with pytest.raises(ReplayDataError, match=r"tiny-replay: no replay data.*--replay"):
        retrain_quietly([path], tiny_bundle, tmp_path / "mine")


def test_a_folder_of_something_else_is_left_alone(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("dear")
    path = write(make_pairs(12), tmp_path / "pairs.csv")
    with pytest.raises(DetectorError, match="something other than a model"):
        retrain_quietly([path], tiny_base_bundle, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "dear"


def test_replay_data_and_links_are_no_place_for_a_model(
    tiny_base_bundle: Path, tmp_path: Path
) -> None:
    check_output(tiny_base_bundle)
    with pytest.raises(DetectorError, match="something other than a model"):
        check_output(locate_replay_data(tiny_base_bundle))
    (tmp_path / "link").symlink_to(tiny_base_bundle)
    with pytest.raises(DetectorError, match="not a folder"):
        check_output(tmp_path / "link")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(text="Accept all cookies to go on."), "text is the same in every row"),
        (lambda f: f.assign(kind="sp un"), "kind is none of"),
        (lambda f: f.assign(text=f["original"]), "articles are too few|no document"),
        (lambda f: f.head(3), "3 articles are too few"),
        (lambda f: f[["original"]], "no text of a machine's.*--depth thresholds"),
        (lambda f: f.rename(columns={"original": "a", "text": "b"}), "has no column 'original'"),
    ],
)
def test_poisoned_pairs_stop_before_anything_is_written(
    tiny_base_bundle: Path,
    make_pairs: MakePairs,
    tmp_path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    message: str,
) -> None:
    path = write(change(make_pairs(12)), tmp_path / "pairs.csv")
    with pytest.raises(PairsError, match=message):
        retrain_quietly([path], tiny_base_bundle, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_swapped_labels_are_told(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    frame = make_pairs(60)
    swapped = [7, 21, 50]  # 5 %
    sides = ["original", "text"]
    frame.loc[swapped, sides] = frame.loc[swapped, sides[::-1]].to_numpy()
    bundle, said = retrain_quietly(
        [write(frame, tmp_path / "pairs.csv")], tiny_base_bundle, tmp_path / "mine"
    )
    [line] = [line for line in said.splitlines() if "more human than its original" in line]
    assert all(f"row {number + 2}" in line for number in swapped)
    assert "more human than its original" in (bundle.folder / "model_card.md").read_text()


# --------------------------------------------------------------------------------------
# The encoder
# --------------------------------------------------------------------------------------


def test_the_encoder_needs_something_to_start_from(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match=r"needs --encoder-base.*int8 ONNX"):
        retrain([PAIRS], None, RetrainSettings(depth="encoder"))


def test_an_encoder_that_nothing_can_vouch_for_is_refused_at_once(tmp_path: Path) -> None:
    settings = RetrainSettings(depth="encoder", encoder_base="x")
    with pytest.raises(DetectorError, match=r"needs --accept-regression: .*cannot be checked"):
        retrain([tmp_path / "missing.csv"], None, settings)


def test_too_few_machine_articles_for_a_new_encoder_are_told(
    tiny_base_bundle: Path, tiny_base: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    frame = make_pairs(14)
    frame.loc[3:, ["text", "kind"]] = ""
    settings = replace(
        ACCEPTED, depth="encoder", encoder_base=str(tiny_base), work=tmp_path / "work"
    )
    with pytest.raises(PairsError, match=r"1 of machines.*--depth classifier"):
        retrain_quietly(
            [write(frame, tmp_path / "pairs.csv")], tiny_base_bundle, tmp_path / "mine", settings
        )


def test_every_fold_leaves_two_human_articles_to_fit_directions_on() -> None:
    ids = pd.Series([str(n) for n in range(60)])
    fold_of = assign_folds(ids, FOLDS)
    [first, second, *_] = ids[fold_of == 0]
    [other, *_], [third, *_] = ids[fold_of == 1], ids[fold_of == 2]

    def check(human: list[str]) -> None:
        documents = pd.DataFrame(
            {
                "label": ["original"] * len(human) + ["spun"] * 60,
                "article_id": [*human, *ids],
                "held_out": False,
            }
        )
        _check_folds(documents)

    for too_few in ([first, second], [first, other], [first, second, other], [first, first, other]):
        with pytest.raises(PairsError, match=r"fewer than two human ones.*--depth classifier"):
            check(too_few)
    check([first, other, third])


def test_encoder_is_tuned_and_resumed(
    tiny_base_bundle: Path, tiny_base: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    path = write(make_pairs(40), tmp_path / "pairs.csv")
    settings = RetrainSettings(
        depth="encoder", encoder_base=str(tiny_base), work=tmp_path / "work", accept_regression=True
    )
    bundle, _ = retrain_quietly([path], tiny_base_bundle, tmp_path / "mine", settings)
    run = bundle.manifest.figures["retraining"]
    assert run["sentence pairs of the encoder"] >= 50
    assert any("what the new model forgot is not known" in f for f in run["comparison"]["faults"])
    # the classifier learns from articles that the encoder has not seen, and from no others
    assert 40 <= len(load_replay_data(bundle).frame) < 80
    base = Bundle.open(tiny_base_bundle).manifest.files
    name = "encoder/onnx/model_quantized.onnx"
    assert bundle.manifest.files[name].sha256 != base[name].sha256
    assert Detector.load(bundle.folder, threads=1).score(make_pairs(1)["text"][0]).words > 60

    resumed, _ = retrain_quietly(
        [path], tiny_base_bundle, tmp_path / "other", replace(settings, resume=True)
    )
    weights = "classifier.safetensors"
    assert resumed.manifest.files[weights].sha256 == bundle.manifest.files[weights].sha256


def test_too_few_sentences_for_an_encoder(
    tiny_base_bundle: Path, tiny_base: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    path = write(make_pairs(9), tmp_path / "pairs.csv")
    settings = replace(
        ACCEPTED, depth="encoder", encoder_base=str(tiny_base), work=tmp_path / "work"
    )
    with pytest.raises(DetectorError, match="too few to tune an encoder on"):
        retrain_quietly([path], tiny_base_bundle, tmp_path / "mine", settings)


# --------------------------------------------------------------------------------------
# The command
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --pairs or --corpora"),
        (["--pairs", "p.csv", "--corpora", "."], "give either --pairs or --corpora"),
        (["--corpora", ".", "--seed", "3"], "--seed has no effect with --corpora"),
        (["--corpora", ".", "--depth", "encoder"], "--depth has no effect with --corpora"),
        (["--corpora", ".", "--resume"], "--resume has no effect without --encoder-base"),
        (["--pairs", "p.csv", "--until", "spans"], "--until has no effect without --corpora"),
        (["--pairs", "p.csv", "--recipe", "accurate"], "--recipe has no effect without --corpora"),
        (["--list-steps", "--only", "spans"], "--only has no effect with --list-steps"),
        (["--corpora", ".", "--beside", "x"], "--beside has no effect without --recipe accurate"),
        (
            ["--corpora", ".", "--recipe", "accurate", "--licences", "permissive"],
            "train one with --licences permissive first, and name its folder with --beside",
        ),
        (["--pairs", "p.csv", "--resume"], "--resume has no effect without --depth encoder"),
        (["--pairs", "p.csv", "--encoder-base", "x"], "--encoder-base has no effect without"),
        (["--pairs", "p.csv", "--translator", "x"], "--translator has no effect without"),
    ],
)  # fmt: skip
def test_options_without_effect_are_errors(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(train, arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_faults_are_one_line_and_no_traceback(tmp_path: Path) -> None:
    arguments = ["--pairs", str(tmp_path / "missing.csv"), "--output", str(tmp_path / "mine")]
    result = CliRunner().invoke(train, arguments)
    assert result.exit_code == 2
    assert "missing.csv: no such file" in result.output
    assert "Traceback" not in result.output


def test_command_retrains(tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path: Path) -> None:
    path = write(make_pairs(12), tmp_path / "pairs.csv")
    arguments = [
        "--pairs", str(path), "--base", str(tiny_base_bundle), "--output", str(tmp_path / "mine"),
        "--accept-regression", "--seed", "5", "--data-licence", "CC0-1.0",
    ]  # fmt: skip
    result = CliRunner().invoke(train, arguments)
    assert result.exit_code == 0, result.output
    assert f"wrote {tmp_path / 'mine'} (mine@" in result.output
    assert "5.0% false positives: " in result.output
    manifest: Any = Bundle.open(tmp_path / "mine").manifest
    assert manifest.seed == 5
    assert manifest.corpora["pairs.csv"]["licence"] == "CC0-1.0"


@pytest.mark.parametrize("output", [["--output", "a/mine"], ["--output=b/mine"], []])
def test_card_does_not_say_where_the_model_lies(output: list[str]) -> None:
    said = _name_command(["/usr/bin/train.py", *output, "--pairs", "my pairs.csv", "--seed", "3"])
    assert said == "train.py --pairs 'my pairs.csv' --seed 3"


def test_models_are_drawn_if_matplotlib_is_there(
    retrained: tuple[Bundle, str, Path],
) -> None:
    _, said, folder = retrained
    drawn = sorted(path.name for path in (folder / "mine-plots").glob("*.png"))
    if importlib.util.find_spec("matplotlib") is None:
        assert "no plots: plots need matplotlib" in said
    else:
        assert "roc.png" in drawn
        assert "plots in" in said


def test_script_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    script = importlib.import_module("train")
    assert script.train is train


# --------------------------------------------------------------------------------------
# A machine of the user's own
# --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def base_with_traces(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """`tiny_base_bundle` with traces: of its documents, words of people's invented articles."""
    folder = copy_with_replay_data(tiny_base_bundle, tmp_path_factory.mktemp("traces"))
    bundle = Bundle.open(folder)
    count = len(load_replay_data(bundle).frame)
    extractor = FeatureExtractor.from_bundle(bundle, threads=1)
    texts = make_pairs(40, first=900)["original"]
    human = [extractor.extract(extractor.read(text)) for text in texts]
    words = [hash_words(e.document.masked_sentences) for e in human]
    noise = np.random.default_rng(5).normal(0.0, 0.1, (count, extractor.encoder.width))
    embeddings = np.stack([human[i % 40].embedding for i in range(count)]) + noise
    fingerprints = DocumentFingerprints(
        embeddings.astype(np.float32), [words[i % 40] for i in range(count)]
    )
    add_to_replay_data(folder, {FINGERPRINTS_FILE: fingerprints.to_arrays()})
    return folder


@pytest.fixture(scope="module")
def adapted(
    base_with_traces: Path, make_pairs: MakePairs, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Bundle, str, Path]:
    folder = tmp_path_factory.mktemp("adapted")
    pairs = make_pairs(30, known=False).assign(outlet="the gazette")
    path = write(pairs, folder / "pairs.csv")
    bundle, said = retrain_quietly([path], base_with_traces, folder / "mine")
    return bundle, said, path


def test_a_new_machine_is_learnt_and_found(
    adapted: tuple[Bundle, str, Path], base_with_traces: Path, make_pairs: MakePairs
) -> None:
    bundle, said, _ = adapted
    assert "learnt your machine from 30 articles" in said
    figures = bundle.manifest.figures["retraining"]["a machine of its own"]
    assert figures["found with it"] > figures["found without it"]
    fresh = make_pairs(20, first=500, known=False)
    old, new = (Detector.load(folder, threads=1) for folder in (base_with_traces, bundle.folder))
    copies, originals = fresh["text"].tolist(), fresh["original"].tolist()
    before = sum(v.flagged for v in old.score(copies))
    assert sum(v.flagged for v in new.score(copies)) == len(copies) > before + 3
    assert sum(v.flagged for v in new.score(originals)) <= 1
    # the classifier itself is the base's
    classifiers = [DocumentClassifier.from_arrays(b.read_arrays("classifier.safetensors"))
             for b in (Bundle.open(base_with_traces), bundle)]  # fmt: skip
    old_one, new_one = classifiers
    np.testing.assert_array_equal(old_one.scorer.weights, new_one.scorer.weights)


def test_what_is_learnt_is_written_alike_twice(
    adapted: tuple[Bundle, str, Path], base_with_traces: Path, tmp_path: Path
) -> None:
    bundle, _, path = adapted
    again, _ = retrain_quietly([path], base_with_traces, tmp_path / "mine")
    first, second = list_files(bundle.folder), list_files(again.folder)
    assert first.pop("manifest.json")
    assert second.pop("manifest.json")
    assert first == second


def test_new_thresholds_keep_what_was_learnt(
    adapted: tuple[Bundle, str, Path], make_pairs: MakePairs, tmp_path: Path
) -> None:
    bundle, _, _ = adapted
    human = make_pairs(80, first=700)[["original", "article_id"]].assign(outlet="the courier")
    settings = replace(ACCEPTED, depth="thresholds")
    path = write(human, tmp_path / "people.csv")
    new, _ = retrain_quietly([path], bundle.folder, tmp_path / "new", settings)
    old, kept = (
        MachineFingerprint.from_arrays(b.read_arrays(parts.FINGERPRINT)) for b in (bundle, new)
    )
    np.testing.assert_array_equal(old.words, kept.words)
    copies = make_pairs(20, first=500, known=False)["text"].tolist()
    assert sum(v.flagged for v in Detector.load(new.folder, threads=1).score(copies)) >= 18


def test_a_taught_model_is_retrained_on_its_own_articles(
    adapted: tuple[Bundle, str, Path], make_pairs: MakePairs, tmp_path: Path
) -> None:
    bundle, _, path = adapted
    again, _ = retrain_quietly([path], bundle.folder, tmp_path / "again")
    assert again.manifest.figures["retraining"]["documents of the base replaced"] == 60
    few = write(make_pairs(12, known=False).assign(outlet="the gazette"), tmp_path / "few.csv")
    fewer, said = retrain_quietly([few], bundle.folder, tmp_path / "fewer")
    assert "learnt your machine from 30 articles" in said
    assert len(load_replay_data(fewer).frame) == len(load_replay_data(bundle).frame)
    human = make_pairs(60)[["original", "article_id"]].assign(outlet="the gazette")
    settings = replace(ACCEPTED, depth="thresholds")
    alone = write(human, tmp_path / "people.csv")
    kept, _ = retrain_quietly([alone], bundle.folder, tmp_path / "kept", settings)
    # people's articles do not drive out the copies that were made of them
    copies = load_replay_data(kept).frame["adapted"].sum()
    assert copies == load_replay_data(bundle).frame["adapted"].sum() == 30


def test_damaged_traces_are_refused(
    base_with_traces: Path, make_pairs: MakePairs, tmp_path: Path
) -> None:
    folder = copy_with_replay_data(base_with_traces, tmp_path)
    arrays = Bundle.open(locate_replay_data(folder)).read_arrays(FINGERPRINTS_FILE)
    add_to_replay_data(folder, {FINGERPRINTS_FILE: arrays | {"sizes": arrays["sizes"][:-1]}})
    path = write(make_pairs(12), tmp_path / "pairs.csv")
    with pytest.raises(ReplayDataError, match="parts do not fit together"):
        retrain_quietly([path], folder, tmp_path / "mine")


@pytest.mark.slow
def test_shipped_model_is_retrained(tmp_path: Path) -> None:
    bundle, said = retrain_quietly([PAIRS], ROOT / "models" / "default", tmp_path / "mine")
    assert bundle.manifest.corpora["pairs.csv"]["rows"] == 48
    assert "12 original documents" in said
    verdict = Detector.load(tmp_path / "mine").score(pd.read_csv(PAIRS)["text"][0])
    assert verdict.probability is not None
