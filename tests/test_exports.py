"""What `import detector` offers: every name, its type, and nothing loaded before it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from typing import get_args

import pytest

import detector
from detector.choices import ARTIFACT_SETTINGS, COMPARISON_RATES, VERDICT_RATES
from detector.training.fitting.comparison import PAIR_FALSE_POSITIVE_RATES


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_every_public_name_is_there_and_in_dir() -> None:
    for name in detector.__all__:
        assert getattr(detector, name) is not None
    assert {n for n in dir(detector) if not n.startswith("_")} == {*detector.__all__} - {
        "__version__"
    }
    assert "__version__" in dir(detector)
    assert len(set(detector.__all__)) == len(detector.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'detect'"):
        detector.detect  # noqa: B018


def test_public_classes_and_functions_have_docstrings() -> None:
    for name in detector.__all__:
        value = getattr(detector, name)
        if isinstance(value, type):
            assert value.__doc__, name


def test_names_are_imported_when_they_are_used() -> None:
    code = "import detector, sys; print(any('numpy' in m or 'results' in m for m in sys.modules))"
    assert run_python(code) == "False"


def test_dir_leaves_out_what_cannot_be_imported() -> None:
    code = (
        "import importlib.util, detector; importlib.util.find_spec = lambda name: None\n"
        "detector.find_spec = importlib.util.find_spec\n"
        "print('DetectorClassifier' in dir(detector), 'Detector' in dir(detector))"
    )
    assert run_python(code) == "False True"


def test_the_package_is_typed() -> None:
    assert files("detector").joinpath("py.typed").is_file()
    assert get_args(detector.Label) == detector.LABELS
    assert get_args(detector.Relation) == detector.RELATIONS
    assert ARTIFACT_SETTINGS == ("few", "many", "all", "none")


def test_rates_that_may_be_asked_for_are_those_that_thresholds_are_sought_for() -> None:
    assert {*COMPARISON_RATES} == {*PAIR_FALSE_POSITIVE_RATES, *VERDICT_RATES}
