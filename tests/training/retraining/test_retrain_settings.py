"""A model's place, and that of a tuned encoder, are checked before any work is done."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from detector.errors import BundleError, DetectorError
from detector.training.retraining.encoder import _check_work
from detector.training.retraining.settings import check_output


def list_all(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_place_that_is_free_stays_as_it_is(tmp_path: Path) -> None:
    check_output(tmp_path / "some" / "models" / "mine")
    assert list_all(tmp_path) == []


def test_something_else_where_replay_data_goes_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine-replay").mkdir()
    (tmp_path / "mine-replay" / "chapter.txt").write_text("dear")
    with pytest.raises(BundleError, match=r"mine-replay: holds something other than a model's rep"):
        check_output(tmp_path / "mine")
    check_output(tmp_path / "other")


def test_a_model_where_replay_data_goes_is_told(tiny_base_bundle: Path, tmp_path: Path) -> None:
    check_output(tiny_base_bundle)
    (tmp_path / "replay").mkdir()
    for path in tiny_base_bundle.glob("*.*"):
        (tmp_path / "replay" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(BundleError, match="holds something other than a model's replay data"):
        check_output(tmp_path / "default")


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a list")
    with pytest.raises(BundleError, match=r"mine: nothing can be written in .*models \(.*another"):
        check_output(tmp_path / "models" / "mine")


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*, dir: Path) -> Any:
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(BundleError, match=r"nothing can be written in .* \(Permission denied\)"):
        check_output(tmp_path / "models" / "mine")


def test_a_tuned_encoder_replaces_nothing_else(tmp_path: Path) -> None:
    _check_work(tmp_path / "new")
    (tmp_path / "encoder").mkdir()
    _check_work(tmp_path)
    (tmp_path / "encoder" / "chapter.txt").write_text("dear")
    with pytest.raises(DetectorError, match=r"encoder: .*would replace something else.*--work"):
        _check_work(tmp_path)
    (tmp_path / "encoder" / "modules.json").write_text("[]")
    _check_work(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")  # a model's encoder
    with pytest.raises(DetectorError, match="would replace something else"):
        _check_work(tmp_path)
