"""A model folder comes back as it was written, and is refused when anything about it is off."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import write_bundle

from detector import __version__
from detector.errors import BundleError
from detector.model.bundle import Bundle, locate_model
from detector.model.bundle_writing import NewBundle, write_bundles
from detector.model.manifest import FORMAT_VERSION, MANIFEST
from detector.model.parts import CLASSIFIER, TRAINING_LOG

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ARRAYS = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "transposed": np.arange(6, dtype=np.int64).reshape(2, 3).T,
}


def write_small(folder: Path, **parts: Any) -> Bundle:
    """A bundle of two parts, enough to break in every way."""
    return write_bundle(
        folder,
        {"settings.json": {"least_words": 60}, "arrays.safetensors": ARRAYS} | parts,
        name="small",
        seed=7,
        corpora={"pairs": {"sha256": "0" * 64, "rows": 12}},
        thresholds={"0.01": {"threshold": 0.97, "articles": 900}},
        figures={"auroc": 0.9},
        licence="Apache-2.0",
        provenance="written for this test",
        created=CREATED,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small(tmp_path / "small").folder


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / MANIFEST
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


# --------------------------------------------------------------------------------------
# What was written comes back
# --------------------------------------------------------------------------------------


def test_json_and_arrays_come_back_as_they_were(folder: Path) -> None:
    bundle = Bundle.open(folder)
    assert bundle.read_json("settings.json") == {"least_words": 60}
    arrays = bundle.read_arrays("arrays.safetensors")
    assert arrays.keys() == ARRAYS.keys()
    for name, expected in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], expected)
        assert arrays[name].dtype == expected.dtype


def test_files_and_folders_are_copied_as_they_are(tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    (encoder / "onnx").mkdir(parents=True)
    (encoder / "modules.json").write_text("[]")
    (encoder / "onnx" / "model.onnx").write_bytes(b"\x08\x07")
    bundle = write_small(
        tmp_path / "model", **{"encoder": encoder, "card.md": b"# Card\n", "LICENSE": b"Apache"}
    )
    assert bundle.path("encoder") == bundle.folder / "encoder"
    assert bundle.path("encoder/onnx/model.onnx").read_bytes() == b"\x08\x07"
    assert bundle.path("card.md").read_bytes() == b"# Card\n"


def test_the_manifest_says_what_the_model_is(folder: Path) -> None:
    manifest = Bundle.open(folder).manifest
    assert (manifest.name, manifest.seed, manifest.created) == (
        "small",
        7,
        "2026-01-02T03:04:05+00:00",
    )
    assert manifest.versions["mt-artifact-detector"] == __version__
    assert manifest.versions["scikit-learn"] != "not installed"
    assert manifest.corpora["pairs"]["rows"] == 12
    assert set(manifest.files) == {"settings.json", "arrays.safetensors"}


def test_the_identifier_changes_with_the_content(tmp_path: Path) -> None:
    one = write_small(tmp_path / "one")
    same = write_small(tmp_path / "same")
    other = write_small(tmp_path / "other", **{"settings.json": {"least_words": 61}})
    assert one.identifier == same.identifier
    assert one.identifier.startswith("small@")
    assert other.identifier != one.identifier


def test_the_identifier_does_not_depend_on_the_clock(tmp_path: Path) -> None:
    one = write_small(tmp_path / "one", **{TRAINING_LOG: [{"seconds": 1.0}]})
    later = write_small(tmp_path / "later", **{TRAINING_LOG: [{"seconds": 2.5}]})
    assert later.identifier == one.identifier


def test_an_unknown_part_is_named_with_those_there_are(folder: Path) -> None:
    bundle = Bundle.open(folder)
    for name in ("weights.json", "setting", "../small/settings.json", MANIFEST):
        with pytest.raises(BundleError, match=r"no part .*arrays.safetensors, settings.json"):
            bundle.path(name)


# --------------------------------------------------------------------------------------
# What is refused
# --------------------------------------------------------------------------------------


def truncate(folder: Path) -> None:
    path = folder / "arrays.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def tamper(folder: Path) -> None:
    path = folder / "settings.json"
    path.write_text(path.read_text().replace("60", "10"))


def truncate_manifest(folder: Path) -> None:
    path = folder / MANIFEST
    path.write_text(path.read_text()[:-40])


def list_file(name: str) -> Callable[[Path], None]:
    record = {"sha256": "0" * 64, "bytes": 1}
    return lambda folder: edit_manifest(folder, lambda m: m["files"].update({name: record}))


def link_out(folder: Path) -> None:
    (folder / "settings.json").unlink()
    (folder.parent / "elsewhere.json").write_text("{}")
    (folder / "settings.json").symlink_to(folder.parent / "elsewhere.json")


BREAKAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda f: (f / MANIFEST).unlink(), r"not a model .* no manifest\.json"),
    "truncated manifest": (truncate_manifest, r"manifest\.json: damaged .*fetch"),
    "a manifest that is a list": (lambda f: (f / MANIFEST).write_text("[1]"), "not the manifest"),
    "a manifest nested without end": (
        lambda f: (f / MANIFEST).write_text("[" * 100_000),
        "damaged",
    ),
    "another format": (
        lambda f: edit_manifest(f, lambda m: m.update(format="somebody-else")),
        "not the manifest of a model of this package",
    ),
    "a newer format": (
        lambda f: edit_manifest(f, lambda m: m.update(format_version=FORMAT_VERSION + 1)),
        rf"written in format {FORMAT_VERSION + 1}.*update mt-artifact-detector",
    ),
    "an older format": (
        lambda f: edit_manifest(f, lambda m: m.update(format_version=FORMAT_VERSION - 1)),
        rf"written in format {FORMAT_VERSION - 1}.*train the model anew",
    ),
    "no format number": (
        lambda f: edit_manifest(f, lambda m: m.pop("format_version")),
        "damaged .format_version None",
    ),
    "no seed": (lambda f: edit_manifest(f, lambda m: m.pop("seed")), "damaged .*'seed'"),
    "files as a list": (lambda f: edit_manifest(f, lambda m: m.update(files=[])), "damaged"),
    "a record without checksum": (
        lambda f: edit_manifest(f, lambda m: m["files"]["settings.json"].pop("sha256")),
        "damaged .*sha256",
    ),
    "a size as text": (
        lambda f: edit_manifest(f, lambda m: m["files"]["settings.json"].update(bytes="12")),
        "damaged .*'bytes', which is str, not int",
    ),
    "a size of nothing": (
        lambda f: edit_manifest(f, lambda m: m["files"]["settings.json"].update(bytes=None)),
        "damaged .*'bytes', which is NoneType",
    ),
    "a record that is a number": (
        lambda f: edit_manifest(f, lambda m: m["files"].update({"settings.json": 12})),
        "damaged .*what holds 'sha256'",
    ),
    "figures as text": (
        lambda f: edit_manifest(f, lambda m: m.update(figures="good")),
        "damaged .*'figures', which is str, not dict",
    ),
    "a missing file": (
        lambda f: (f / "settings.json").unlink(),
        r"settings\.json: missing; fetch the model again",
    ),
    "a truncated file": (truncate, r"arrays\.safetensors: [\d,]+ bytes where .*truncated"),
    "an unlisted pickle": (
        lambda f: (f / "classifier.pkl").write_bytes(pickle.dumps({})),
        r"does not list: classifier\.pkl; remove",
    ),
    "an unlisted note": (lambda f: (f / "note.txt").write_text("hi"), r"does not list: note\.txt"),
    "a listed pickle": (list_file("classifier.pkl"), r"lists 'classifier\.pkl'.*no file of that"),
    "a listed script": (list_file("encoder/modeling.py"), "no file of that kind"),
    "a listed estimator": (list_file("classifier.skops"), "no file of that kind"),
    "a listed torch archive": (list_file("pytorch_model.bin"), "no file of that kind"),
    "itself listed": (list_file(MANIFEST), "no file of that kind"),
    "a path upwards": (list_file("../outside.json"), "leads out of the folder"),
    "a path from the root": (list_file("/etc/outside.json"), "leads out of the folder"),
    "a Windows path": (list_file("C:\\outside.json"), "leads out of the folder"),
    "a doubled slash": (list_file("encoder//config.json"), "leads out of the folder"),
    "a link": (link_out, r"settings\.json: a link"),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_model_is_refused_by_name(folder: Path, breakage: str) -> None:
    break_it, message = BREAKAGES[breakage]
    break_it(folder)
    with pytest.raises(BundleError, match=message) as caught:
        Bundle.open(folder)
    assert str(folder) in str(caught.value)


def test_a_file_where_a_folder_is_meant_is_refused(folder: Path) -> None:
    with pytest.raises(BundleError, match="a file; name the folder"):
        Bundle.open(folder / MANIFEST)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such model folder"):
        Bundle.open(tmp_path / "nothing")


def test_parts_of_another_kind_than_their_name_are_refused(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "model", **{"not.json": b"{", "not.safetensors": b"{"})
    with pytest.raises(BundleError, match=r"not\.json: not JSON"):
        bundle.read_json("not.json")
    with pytest.raises(BundleError, match=r"not\.safetensors: not safetensors"):
        bundle.read_arrays("not.safetensors")


def test_an_altered_file_is_refused_when_it_is_read_and_only_then(folder: Path) -> None:
    tamper(folder)
    bundle = Bundle.open(folder)
    assert bundle.read_arrays("arrays.safetensors").keys() == ARRAYS.keys()
    for read in (bundle.read_json, bundle.path):
        with pytest.raises(BundleError, match=r"settings\.json: altered"):
            read("settings.json")
    with pytest.raises(BundleError, match=r"settings\.json: altered"):
        bundle.verify()


def test_an_altered_file_of_a_folder_is_refused_with_the_folder(tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    (encoder / "modules.json").write_text("[1]")
    bundle = write_small(tmp_path / "model", encoder=encoder)
    assert bundle.path("encoder").is_dir()
    (bundle.folder / "encoder" / "modules.json").write_text("[2]")
    with pytest.raises(BundleError, match=r"encoder/modules\.json: altered"):
        Bundle.open(bundle.folder).path("encoder")


# --------------------------------------------------------------------------------------
# Writing
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "part", "message"),
    [
        ("x.json", {"x": float("nan")}, "cannot be stored as JSON"),
        ("x.json", {"x": {1, 2}}, "cannot be stored as JSON"),
        ("x.safetensors", {"x": [1, 2]}, "not an array of numbers"),
        ("x.safetensors", {"x": np.array([None])}, "not an array of numbers"),
        ("x.onnx", {"x": 1}, "give bytes or a path"),
        ("x.pkl", b"", "no file of that kind"),
        ("../x.json", {}, "leads out of the folder"),
        (MANIFEST, {}, "no file of that kind"),
    ],
)
def test_what_cannot_be_stored_leaves_the_old_model_untouched(
    folder: Path, name: str, part: Any, message: str
) -> None:
    before = Bundle.open(folder).identifier
    with pytest.raises(BundleError, match=message):
        write_small(folder, **{name: part})
    assert Bundle.open(folder).identifier == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_folder_with_a_pickle_in_it_is_not_copied(tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    (encoder / "training_args.bin").write_bytes(b"x")
    with pytest.raises(BundleError, match=r"encoder/training_args\.bin"):
        write_small(tmp_path / "model", encoder=encoder)


def test_a_model_replaces_the_one_before_it_whole(folder: Path) -> None:
    write_bundle(folder, {"other.json": 1}, name="second", seed=8, created=CREATED)
    bundle = Bundle.open(folder)
    assert bundle.manifest.name == "second"
    assert {path.name for path in folder.iterdir()} == {MANIFEST, "other.json"}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_folders_that_belong_together_are_written_all_or_none(tmp_path: Path) -> None:
    good = NewBundle(tmp_path / "one", {"settings.json": 1}, name="one", seed=1)
    bad = replace(good, folder=tmp_path / "two", parts={"settings.json": {1, 2}})
    with pytest.raises(BundleError, match="cannot be stored"):
        write_bundles([good, bad])
    assert list(tmp_path.iterdir()) == []
    both = write_bundles([good, replace(bad, parts={"settings.json": 2})])
    assert [bundle.read_json("settings.json") for bundle in both] == [1, 2]


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="left as it is"):
        write_small(tmp_path)
    with pytest.raises(BundleError, match="not a folder"):
        write_small(tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_models_and_their_replay_data_do_not_replace_each_other(folder: Path) -> None:
    model = NewBundle(folder.parent / "mine", {CLASSIFIER: ARRAYS}, name="mine", seed=1)
    with pytest.raises(BundleError, match="other than a model; it is left as it is"):
        write_bundles([replace(model, folder=folder)])
    write_bundles([model])
    with pytest.raises(BundleError, match="other than a model's replay data"):
        write_small(model.folder)
    assert Bundle.open(folder).manifest.name == "small"
    assert write_bundles([model])[0].manifest.name == "mine"


def test_a_swap_that_fails_puts_the_old_model_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Bundle.open(folder).identifier
    rename = Path.rename

    def fail_on_fresh(self: Path, target: Path) -> Path:
        if self.name == "fresh":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_on_fresh)
    with pytest.raises(OSError, match="No space left"):
        write_small(folder)
    assert Bundle.open(folder).identifier == before


# --------------------------------------------------------------------------------------
# Finding
# --------------------------------------------------------------------------------------


def test_a_model_is_read_on_after_the_process_went_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    with pytest.raises(BundleError, match=r"^missing: no such model folder"):
        Bundle.open("missing")
    bundle = Bundle.open(folder.name)
    copy = pickle.loads(pickle.dumps(bundle))  # noqa: S301 - our own bytes
    (folder.parent / "elsewhere").mkdir()
    monkeypatch.chdir(folder.parent / "elsewhere")
    assert bundle.folder == folder
    for one in (bundle, copy):
        assert one.read_json("settings.json") == {"least_words": 60}


def test_the_argument_comes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECTOR_MODEL", str(tmp_path / "environment"))
    assert locate_model(tmp_path / "argument") == tmp_path / "argument"
    assert locate_model() == tmp_path / "environment"


@pytest.mark.parametrize("place", ["site/detector/models/default", "site/models/default"])
def test_the_shipped_model_is_found_in_a_package_and_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.delenv("DETECTOR_MODEL", raising=False)
    monkeypatch.setattr(
        "detector.model.bundle.__file__", str(tmp_path / "site/detector/model/bundle.py")
    )
    with pytest.raises(BundleError, match=r"default model is not installed .*DETECTOR_MODEL"):
        locate_model()
    write_small(tmp_path / place)
    assert locate_model() == tmp_path / place
    assert locate_model("default") == tmp_path / place
    with pytest.raises(BundleError, match="repository has models/accurate"):
        locate_model("accurate")


def test_a_folder_comes_before_a_model_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "accurate").mkdir()
    assert locate_model("accurate") == Path("accurate")
    assert locate_model("mine") == Path("mine")
